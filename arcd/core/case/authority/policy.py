"""How this installation reaches the authority: decided in the settings, carried into the journal by `Started`.

One rule: built in is the telephone and the status Exercise. Anything more has to be asked for.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Connector(StrEnum):
    MANUAL_PHONE = "manual_phone"
    CAP_HTTP = "cap_http"
    CAP_FILE = "cap_file"


class EscalationPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    connector: Connector = Connector.MANUAL_PHONE
    sender: str = "arcd.invalid"  # CAP 1.2 3.2.1 sender: who we are to the authority's machine
    addressee: str = "psap"  # CAP 1.2 3.2.1 addresses: who it is
    # Both, and the site's own consent (`Site.erc_actual`), or messages are exercises.
    actual: bool = False
    actual_sites: tuple[str, ...] = ()
    # requirements 3.2: one resend after the first, "call by phone now" after the second, both from the first sending.
    response_timeout_s: float = 30.0
    phone_after_s: float = 60.0
    age_max_s: float = 300.0  # an older alarm is not sent before an operator has confirmed it

    @property
    def is_machine(self) -> bool:
        return self.connector is not Connector.MANUAL_PHONE
