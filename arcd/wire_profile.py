"""An account of the site base → how its frames are read and its connection is kept.

One rule: the account's own values stand as they were resolved at the import; of its dialect only what no account may
set for itself is looked up here.
"""

from __future__ import annotations

from arcd.core.site import Account
from protocols.codec import WireProfile
from protocols.dc09.dialects import dialect_of
from protocols.secrets import WireKey


def profile_of(
    account: Account, *, key: WireKey | None, previous_key: WireKey | None, offered_key: WireKey | None = None
) -> WireProfile:
    dialect = dialect_of(account.dialect)
    return WireProfile(
        key=key,
        previous_key=previous_key,
        offered_key=offered_key,
        window_past_s=account.window_past_s,
        window_future_s=account.window_future_s,
        ignore_crc=account.ignore_crc,
        encoding=account.encoding,
        month_from_zero=dialect.month_from_zero,
        expected_remarks=dialect.expected,
        connection=account.connection,
        idle_limit_s=account.idle_limit_s,
        is_configured=True,
    )
