from __future__ import annotations

from msgspec.structs import replace

from arcd.api.job_view import dispatch_view
from arcd.core.facts import Actor, GuardAnswer, GuardAnswered
from tests.arcd.api.desk import FakeDesk


async def test_a_job_shows_who_was_asked_and_who_goes(desk: FakeDesk) -> None:
    case_id = await desk.alarm("BA")
    actor = Actor(id="guard:g1")
    accept = GuardAnswered(at=desk.now(), offer_id=f"{case_id}-1", answer=GuardAnswer.ACCEPT, actor=actor, eta_s=600)
    await desk.take(accept)
    view = dispatch_view(desk.state, desk.state.cases[case_id].dispatches[0], "Europe/Helsinki", desk.now())
    assert (view.guard_name, view.guard_company, view.guard_phone) == (
        "Yksikkö 12",
        "Esimerkki-Vartiointi",
        "+358 40 555 0190",
    )
    assert (view.eta, view.eta_local) == ("2026-01-01T00:10:00Z", "01.01.2026 02:10:00")
    assert view.sla_due == "2026-01-01T00:30:00Z"
    assert [(offer.guard_name, offer.status.value) for offer in view.offers] == [("Yksikkö 12", "accepted")]


async def test_nobody_has_taken_it_yet(desk: FakeDesk) -> None:
    case_id = await desk.alarm("BA")
    dispatch = replace(desk.state.cases[case_id].dispatches[0], sla_s=None)
    view = dispatch_view(desk.state, dispatch, "Europe/Helsinki", desk.now())
    assert (view.guard_id, view.guard_name, view.guard_phone, view.sla_due, view.eta) == ("", "", None, None, None)
