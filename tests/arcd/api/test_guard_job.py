from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.api.guard_job import CONCERNED, HAPPENED_MAX, Standing, job_of
from arcd.core.case.dispatch import ANSWERS, REPORT_FIELDS
from arcd.core.case.model import DispatchStatus, OfferStatus
from arcd.core.facts import Actor, GuardAnswer, GuardAnswered
from tests.arcd.api.desk import FakeDesk


async def offered(desk: FakeDesk) -> str:
    return f"{await desk.alarm('BA')}-1"


def put(desk: FakeDesk, offer_id: str, status: DispatchStatus, offer_status: OfferStatus, guard_id: str) -> None:
    case = desk.state.cases[offer_id.partition("-")[0]]
    dispatch = case.dispatches[0]
    offer = replace(dispatch.offers[0], status=offer_status)
    dispatch = replace(dispatch, status=status, offers=(offer,), guard_id=guard_id)
    desk.state.cases.put(case.id, replace(case, dispatches=(dispatch,)))


D, O, A = DispatchStatus, OfferStatus, GuardAnswer  # noqa: E741 – the table below reads better


@pytest.mark.parametrize(
    ("status", "offer", "guard_id", "standing", "answers"),
    [
        (D.OFFERED, O.OPEN, "", Standing.OFFERED, {A.ACCEPT, A.DECLINE}),
        (D.OFFERED, O.TIMED_OUT, "", Standing.LATE, {A.ACCEPT}),
        (D.EXHAUSTED, O.UNDELIVERED, "", Standing.LATE, {A.ACCEPT}),
        (D.OFFERED, O.DECLINED, "", Standing.DECLINED, {A.ACCEPT}),
        (D.ACCEPTED, O.ACCEPTED, "g1", Standing.YOURS, {A.EN_ROUTE, A.ON_SITE, A.DECLINE}),
        (D.ACCEPTED, O.TIMED_OUT, "g2", Standing.TAKEN, set()),
        (D.ON_SITE, O.WITHDRAWN, "g2", Standing.TAKEN, set()),
        (D.OFFERED, O.WITHDRAWN, "", Standing.TAKEN, set()),
        (D.SECURED, O.ACCEPTED, "g1", Standing.YOURS, {A.REPORT, A.CHECK_IN}),
        (D.REPORTED, O.ACCEPTED, "g1", Standing.REPORTED, set()),
        (D.CANCELLED, O.WITHDRAWN, "", Standing.CANCELLED, set()),
        (D.CANCELLED, O.WITHDRAWN, "g1", Standing.CANCELLED, set()),
    ],
)
async def test_where_an_offer_stands_and_what_may_be_said(
    desk: FakeDesk,
    status: DispatchStatus,
    offer: OfferStatus,
    guard_id: str,
    standing: Standing,
    answers: set[GuardAnswer],
) -> None:
    offer_id = await offered(desk)
    put(desk, offer_id, status, offer, guard_id)
    job = job_of(desk.state, offer_id)
    assert (job.standing, set(job.answers)) == (standing, answers)
    assert (job.place is not None) is (standing in CONCERNED)


@pytest.mark.parametrize("status", list(ANSWERS))
@pytest.mark.parametrize("offer", list(OfferStatus))
async def test_what_is_offered_is_granted_and_the_rest_is_refused(
    desk: FakeDesk, status: DispatchStatus, offer: OfferStatus
) -> None:
    """The buttons on the page and the core agree, for every state and every answer."""
    offer_id = await offered(desk)
    report = dict.fromkeys(REPORT_FIELDS, "x")
    has_guard = status not in (D.OFFERED, D.EXHAUSTED)
    if has_guard is not (offer is O.ACCEPTED):
        return  # a state that cannot be
    for answer in GuardAnswer:
        put(desk, offer_id, status, offer, "g1" if has_guard else "")
        shown = answer in job_of(desk.state, offer_id).answers
        fact = GuardAnswered(
            at=desk.now(),
            offer_id=offer_id,
            answer=answer,
            actor=Actor(id="guard:g1"),
            report=report if answer is A.REPORT else {},
        )
        assert (await desk.ask(fact)).granted is shown, answer


async def test_the_first_and_the_latest_signals_are_told(desk: FakeDesk) -> None:
    offer_id = await offered(desk)
    for number in range(HAPPENED_MAX + 5):
        desk.clock.advance(1)
        await desk.alarm("BA", zone=str(number + 4), sequence=str(number + 2))
    job = job_of(desk.state, offer_id)
    assert len(job.happened) == HAPPENED_MAX
    assert [each.zone for each in job.happened] == ["3", *map(str, range(10, 10 + HAPPENED_MAX - 1))]
    assert job.left_out == 6, "of sixteen"


async def test_a_guard_who_left_the_centre_reads_in_english(desk: FakeDesk) -> None:
    offer_id = await offered(desk)
    centre = desk.state.centre["centre"]
    desk.state.centre.put("centre", replace(centre, guards=()))
    job = job_of(desk.state, offer_id)
    assert (job.guard_id, job.guard_name) == ("g1", "")


async def test_a_site_that_is_gone_leaves_its_name(desk: FakeDesk) -> None:
    offer_id = await offered(desk)
    desk.state.sites.drop("K-1")
    place = job_of(desk.state, offer_id).place
    assert place is not None
    assert place.name.startswith("Kioski")
