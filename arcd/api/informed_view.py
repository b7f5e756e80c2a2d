"""Who was told of a case, and that it is over, as the API shows it.

One rule: it copies. Whether somebody still has to be told is the core's to say.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.core.case.model import Informed


class InformedView(View):
    party: str
    name: str
    how: str
    at: str
    by: str
    reference: str
    over_at: str | None
    over_how: str
    over_by: str


def informed_view(each: Informed) -> InformedView:
    return InformedView(
        party=each.party,
        name=each.name,
        how=each.how,
        at=rfc3339(each.at),
        by=each.by,
        reference=each.reference,
        over_at=maybe_rfc3339(each.over_at),
        over_how=each.over_how,
        over_by=each.over_by,
    )
