"""The clock of a guard's arrival: where it starts, what stops it, and that a stopped one is not forgotten."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from arcd.core.case.sla import NOTE_CHARS_MAX, PAUSED_REMIND_S, PAUSES_MAX, PauseReason, due_at, is_paused
from arcd.core.facts import DeadlineReached, GuardAnswer, SlaClockRequested
from arcd.core.site import Site
from arcd.core.station import Station
from tests.arcd.core.conditioning.scene import noted
from tests.arcd.core.conftest import Play
from tests.playbook import NS, OPERATOR, After, Panel, Playbook, guard, held, move, step
from tests.sites import DISPATCH, LOOK, a_site, plan, rules

T = "title: {fi: K, sv: K, en: K}"
VISIT = f"- {{id: visit, kind: dispatch_guard, {T}, recipients: guards, sla_s: 1000}}\n"
SEND = plan("send", DISPATCH + "  sla_s: 1000\n" + LOOK)
BY_HAND = plan("send", VISIT + LOOK)


def sent(playbook: Play, text: str = SEND, site: Site | None = None) -> Playbook:
    play = playbook(sources=rules(text, {"BA": "send"}), sites=[site or a_site()])
    play >> Panel().sia("BA", zone="3")
    play << ...
    return play


def clock(action: str, reason: str = "", *, note: str = "", case_id: str = "C10") -> SlaClockRequested:
    return SlaClockRequested(at=0, case_id=case_id, action=action, actor=OPERATOR, reason=reason, note=note)


def sla_deadlines(play: Playbook) -> dict[str, float]:
    return {key.split("/")[3]: due for key, due in play.deadlines().items() if "/sla/" in key}


def test_two_jobs_of_a_case_have_a_clock_each(playbook: Play) -> None:
    """The first patrol's arrival stops no clock of the second, whose decision moves none of the first's."""
    steps = DISPATCH + "  sla_s: 600\n"
    second = steps.replace("dispatch-guard", "second-guard").replace("600", "1200")
    play = sent(playbook, plan("send", steps + second + LOOK))
    for offer_id in ("C10-1", "C10-2"):
        play >> guard(offer_id, GuardAnswer.ACCEPT)
        play << ...
    first_due = {key: due for key, due in play.deadlines().items() if "/sla/breach/" in key}
    assert first_due == {"case/C10/sla/breach/dispatch-guard": 600, "case/C10/sla/breach/second-guard": 1200}
    play >> clock("pause", "unsafe")
    play << ...
    play >> clock("pause", "unsafe")
    play << ...
    assert [key for key in play.deadlines() if "/sla/" in key] == [
        "case/C10/sla/paused/dispatch-guard",
        "case/C10/sla/paused/second-guard",
    ]
    for _ in range(2):
        play >> clock("resume")
        play << ...
    play >> guard("C10-1", GuardAnswer.ON_SITE)
    play << ...
    assert sla_deadlines(play) == {"warn": 840, "breach": 1200}
    for answer in (GuardAnswer.CHECK_IN,) * 2:
        play >> After(600)
        play << ...
        play >> guard("C10-1", answer)
        play << ...
    assert noted(play, "sla.breach") == [{"guard": "g1", "sla_s": 1200}]


@pytest.mark.parametrize("paused", [False, True])
def test_a_clock_that_an_earlier_version_has_set_is_the_jobs(playbook: Play, paused: bool) -> None:
    """It knew one to a case: a store from then has it under the case's own key."""
    play = sent(playbook)
    if paused:
        play >> clock("pause", "unsafe")
        play << ...
    what = "paused" if paused else "breach"
    key = f"case/C10/sla/{what}"
    station = Station()
    station.restore(
        (table, key if name == f"{key}/dispatch-guard" else name, msgspec.json.encode(value))
        for table, name, value in play.station.take_changed()
        if value is not None
    )
    due = station.state.deadlines[key]
    stepped = station.step(DeadlineReached(at=due, key=key, due=due), 1_000)
    notes = [note.what for note in stepped.record.notes]
    assert notes == ["sla.still_paused" if paused else "sla.breach", "person.called"]
    assert key not in station.state.deadlines


def test_it_starts_with_the_decision(playbook: Play) -> None:
    play = sent(playbook, BY_HAND)
    play >> After(60)
    play >> step("visit", "start", seen_version=play.case().version)
    play << ...
    assert sla_deadlines(play) == {"warn": 700, "breach": 1000}


@pytest.mark.parametrize(
    ("late_s", "expected"),
    [(60, {"warn": 640, "breach": 940}), (800, {"warn": 0, "breach": 200}), (1200, {"warn": 0, "breach": 0})],
)
def test_or_with_the_receipt_where_the_contract_says_so(
    playbook: Play, late_s: float, expected: dict[str, float]
) -> None:
    play = sent(playbook, BY_HAND, replace(a_site(), sla_from_receipt=True))
    play >> move("acknowledge")
    play << ...
    play >> held()
    play << ...
    play >> After(late_s)
    play << ...
    play >> step("visit", "start", seen_version=play.case().version)
    play << ...
    assert sla_deadlines(play) == expected


def test_what_it_stood_still_for_is_added(playbook: Play) -> None:
    play = sent(playbook)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> After(100)
    play >> clock("pause", "customer_asked", note="Meets the guard at seven.")
    (
        play
        << """
        sla.paused C10 reason=customer_asked by=os:matti
        granted C10
        """
    )
    assert sla_deadlines(play) == {"paused": PAUSED_REMIND_S}
    (dispatch,) = play.case().dispatches
    assert is_paused(dispatch)
    play >> After(500)
    play << ""
    assert due_at(dispatch, 1.0, play.now) == play.now + 900 * NS
    play >> clock("resume")
    (
        play
        << """
        sla.resumed C10 by=os:matti stood_s=500
        granted C10
        """
    )
    assert sla_deadlines(play) == {"warn": 600, "breach": 900}
    (dispatch,) = play.case().dispatches
    (pause,) = dispatch.sla_pauses
    assert (pause.reason, pause.by, pause.note) == ("customer_asked", "os:matti", "Meets the guard at seven.")
    assert pause.until == play.now


def test_a_warning_is_given_once(playbook: Play) -> None:
    play = sent(playbook)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    play >> After(700)
    play << ...
    assert play.case().dispatches[0].sla_warned
    play >> clock("pause", "unsafe")
    play << ...
    play >> After(60)
    play << ...
    play >> clock("resume")
    play << ...
    assert sla_deadlines(play) == {"breach": 300}
    play >> After(300)
    play << ...
    assert play.case().dispatches[0].sla_breached


def test_a_stopped_clock_calls_somebody_every_half_an_hour(playbook: Play) -> None:
    play = sent(playbook)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> clock("pause", "no_access")
    play << ...
    play >> After(PAUSED_REMIND_S)
    (
        play
        << """
        -- +1800 case/C10/sla/paused/dispatch-guard
        sla.still_paused C10 reason=no_access
        person.called C10 because=sla_paused mails=1
        mail E14 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert sla_deadlines(play) == {"paused": PAUSED_REMIND_S}


def test_arriving_ends_the_clock_and_the_pause(playbook: Play) -> None:
    play = sent(playbook)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    play >> clock("pause", "authority_asked")
    play << ...
    play >> After(30)
    play >> guard("C10-1", GuardAnswer.ON_SITE)
    play << ...
    (dispatch,) = play.case().dispatches
    assert not is_paused(dispatch)
    assert sla_deadlines(play) == {}
    play >> clock("resume")
    play << "refused sla.none: No guard with a time of arrival to keep is on the way for C10."


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (clock("pause"), f"sla.reason: Say why the clock stops, one of: {', '.join(PauseReason)}."),
        (clock("pause", "lunch"), f"sla.reason: Say why the clock stops, one of: {', '.join(PauseReason)}."),
        (
            clock("pause", "unsafe", note="x" * (NOTE_CHARS_MAX + 1)),
            f"sla.note: A note has at most {NOTE_CHARS_MAX} characters.",
        ),
        (clock("resume"), "sla.running: The clock of C10 is running."),
        (clock("stop"), "sla.action: The clock is paused or resumed."),
        (clock("pause", "unsafe", case_id="C99"), "case.unknown: No case C99 is open."),
    ],
)
def test_refusals(playbook: Play, asked: SlaClockRequested, said: str) -> None:
    play = sent(playbook)
    play >> asked
    play << f"refused {said}"


def test_a_job_without_a_time_has_no_clock(playbook: Play) -> None:
    play = sent(playbook, plan("send", DISPATCH + LOOK))
    play >> clock("pause", "unsafe")
    play << "refused sla.none: No guard with a time of arrival to keep is on the way for C10."


def test_it_stands_still_once_at_a_time_and_not_for_ever(playbook: Play) -> None:
    play = sent(playbook)
    play >> clock("pause", "unsafe")
    play << ...
    play >> clock("pause", "unsafe")
    play << "refused sla.paused: The clock of C10 stands still already."
    for _ in range(PAUSES_MAX - 1):
        for action in (clock("resume"), clock("pause", "unsafe")):
            play >> action
            play << ...
    play >> clock("resume")
    play << ...
    play >> clock("pause", "unsafe")
    play << f"refused sla.pauses: The clock of C10 has been stopped {PAUSES_MAX} times; it runs on."


def test_what_is_called_off_has_no_clock(playbook: Play) -> None:
    play = sent(playbook)
    play >> clock("pause", "unsafe")
    play << ...
    play >> step("dispatch-guard", "skip", note="The owner was there.")
    play << ...
    assert sla_deadlines(play) == {}
