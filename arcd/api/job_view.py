"""A guard job as operators see it: who was asked, who goes, when they will be there.

One rule: for operators only. What a guard may see of a job is `arcd.api.guard_job`.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.core.case import sla
from arcd.core.case.model import Dispatch, DispatchStatus, OfferStatus
from arcd.core.case.texts import local_clock
from arcd.core.state import State


class OfferView(View):
    id: str
    guard_id: str
    guard_name: str
    at: str
    at_local: str
    status: OfferStatus
    answered_at: str | None


class DispatchView(View):
    step_id: str
    status: DispatchStatus
    decided_at: str
    decided_at_local: str
    guard_id: str
    guard_name: str
    guard_company: str
    guard_phone: str | None
    accepted_at: str | None
    on_site_at: str | None
    eta: str | None
    eta_local: str | None
    sla_due: str | None
    sla_paused: str  # why its clock stands still; empty when it runs
    sla_breached: bool
    offers: list[OfferView]
    report: dict[str, str]


def dispatch_view(state: State, dispatch: Dispatch, timezone: str, now: int) -> DispatchView:
    centre = state.centre.get("centre")
    guard = centre.guard(dispatch.guard_id) if centre is not None else None
    names = {each.id: each.name for each in centre.guards} if centre is not None else {}
    return DispatchView(
        step_id=dispatch.step_id,
        status=dispatch.status,
        decided_at=rfc3339(dispatch.decided_at),
        decided_at_local=local_clock(dispatch.decided_at, timezone),
        guard_id=dispatch.guard_id,
        guard_name=guard.name if guard is not None else "",
        guard_company=guard.company if guard is not None else "",
        guard_phone=guard.phone if guard is not None else None,
        accepted_at=maybe_rfc3339(dispatch.accepted_at),
        on_site_at=maybe_rfc3339(dispatch.on_site_at),
        eta=maybe_rfc3339(dispatch.eta),
        eta_local=local_clock(dispatch.eta, timezone) if dispatch.eta is not None else None,
        sla_due=maybe_rfc3339(sla.due_at(dispatch, 1.0, now)),
        sla_paused=dispatch.sla_pauses[-1].reason if sla.is_paused(dispatch) else "",
        sla_breached=dispatch.sla_breached,
        offers=[
            OfferView(
                id=offer.id,
                guard_id=offer.guard_id,
                guard_name=names.get(offer.guard_id, ""),
                at=rfc3339(offer.at),
                at_local=local_clock(offer.at, timezone),
                status=offer.status,
                answered_at=maybe_rfc3339(offer.answered_at),
            )
            for offer in dispatch.offers
        ],
        report=dispatch.report,
    )
