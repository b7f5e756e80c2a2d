"""Receiver lines: ports that go and come, receivers that fall silent, and what a receiver repeats."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.facts import AnyFact, FrameReceived
from arcd.core.facts.machine import ClockStepped, DaemonTroubled, Started
from arcd.core.facts.receiver_lines import LineFault, LineLost, LineRestored, LineRole, LineSetUp, LinesHeard
from arcd.core.receiver_lines.watching import SAID
from rules import shipped
from rules.vocabulary import LANGUAGES
from tests.arcd.core.conftest import Play
from tests.playbook import NS, OPERATOR, After, Panel, Playbook, Telling, move

LINE = LineSetUp(name="surgard-1", dialect="surgard", where="/dev/ttyS0 9600 8N2", silence_s=90.0)
PAGER = LineSetUp(name="pager", dialect="espa", where="/dev/ttyS1 9600 7E2", role=LineRole.PAGER)
KEY = "receiver_line/surgard-1/silence"


def started(*lines: LineSetUp) -> Started:
    return Started(at=0, version="test", lines=lines)


def scene(playbook: Play, *lines: LineSetUp) -> Playbook:
    play = playbook(sources=shipped.sources())
    play >> started(*(lines or (LINE,)))
    play << ""
    return play


def heard(play: Playbook, name: str = "surgard-1") -> LinesHeard:
    return LinesHeard(at=0, heard={name: play.now})


def lost(name: str = "surgard-1", fault: LineFault = LineFault.ABSENT) -> LineLost:
    return LineLost(at=0, line=name, fault=fault, detail="No such file or directory")


def the_case(play: Playbook) -> str:
    (case,) = play.station.state.cases.values()
    return f"{case.id} {case.state} {case.priority.value} {case.signal_count}"


def test_a_heartbeat_puts_the_end_off_and_needs_no_other_entry(playbook: Play) -> None:
    play = scene(playbook)
    assert play.deadlines() == {KEY: 90.0}
    play >> After(60)
    play << ""
    play >> heard(play)
    play << ""
    assert play.deadlines() == {KEY: 90.0}
    assert play.station.state.receiver_lines["surgard-1"].last_heard == play.now


def test_silence_opens_an_urgent_case_and_two_messages_close_it(playbook: Play) -> None:
    play = scene(playbook)
    play >> After(90)
    play << ...
    assert the_case(play) == "C11 open P1 1"
    (case,) = play.station.state.cases.values()
    assert case.plan is not None
    assert case.plan.name == "receiver-line"
    assert "surgard-1" in (case.signals[0].signal.text or "")
    assert not play.station.state.receiver_lines["surgard-1"].is_well
    play >> After(5)
    play << ...
    play >> heard(play)
    play << ...
    assert the_case(play) == "C11 open P1 1", "one may be chance"
    play >> After(90)
    play << ...
    play >> heard(play)
    play << ...
    assert the_case(play) == "C11 closed P1 2"
    assert play.station.state.receiver_lines["surgard-1"].is_well
    assert play.deadlines()[KEY] == 90.0


def test_a_receiver_whose_every_pause_is_too_long_is_one_case(playbook: Play) -> None:
    play = scene(playbook)
    for _ in range(20):
        play >> After(91)
        play << ...
        play >> heard(play)
        play << ...
    assert the_case(play) == "C11 open P1 1"
    assert play.station.state.receiver_lines["surgard-1"].said == "silent"


def test_where_much_silence_is_allowed_one_message_that_stands_for_a_minute_is_enough(playbook: Play) -> None:
    quiet = replace(LINE, silence_s=86_400.0)
    play = scene(playbook, quiet)
    play >> After(86_400)
    play << ...
    play >> heard(play)
    play << ...
    assert the_case(play) == "C11 open P1 1"
    play >> After(60)
    play << ...
    assert the_case(play) == "C11 closed P1 2"
    assert play.deadlines()[KEY] == 86_400.0 - 60.0


def test_a_port_that_went_in_that_minute_begins_it_anew(playbook: Play) -> None:
    play = scene(playbook, replace(LINE, silence_s=86_400.0))
    play >> After(86_400)
    play << ...
    play >> heard(play)
    play << ...
    play >> lost()
    play << ...
    play >> After(60)
    play << ...
    play >> LineRestored(at=0, line="surgard-1")
    play << ...
    play >> heard(play)
    play << ...
    assert play.station.state.receiver_lines["surgard-1"].said == "silent"
    play >> After(60)
    play << ...
    assert the_case(play).startswith("C11 closed P1")


@pytest.mark.parametrize("code", ["stalled", "listener_rebound", "listener_down"])
def test_when_it_was_us_a_line_has_the_whole_time_again(playbook: Play, code: str) -> None:
    play = scene(playbook)
    play >> After(80)
    play << ""
    play >> DaemonTroubled(at=0, code=code, about="surgard-1", detail="it was shut down")
    play << ...
    assert play.deadlines()[KEY] == 90.0


def test_a_port_that_goes_and_comes_is_one_case(playbook: Play) -> None:
    play = scene(playbook)
    play >> lost()
    play << ...
    assert the_case(play) == "C11 open P1 1"
    assert KEY not in play.deadlines(), "its silence needs no second explanation"
    play >> lost(fault=LineFault.BUSY)
    play << ""
    play >> LineRestored(at=0, line="surgard-1")
    play << ...
    assert the_case(play) == "C11 closed P1 2"
    assert play.deadlines()[KEY] == 90.0


def test_silent_and_then_unplugged_needs_both_to_come_back(playbook: Play) -> None:
    play = scene(playbook)
    play >> After(90)
    play << ...
    play >> lost()
    play << ...
    play >> LineRestored(at=0, line="surgard-1")
    play << ...
    assert the_case(play) == "C11 open P1 2"
    for _ in range(2):
        play >> heard(play)
        play << ...
        play >> After(1)
        play << ...
    assert the_case(play) == "C11 closed P1 3"


def test_what_somebody_has_begun_they_finish(playbook: Play) -> None:
    play = scene(playbook)
    play >> lost()
    play << ...
    play >> move("start", case_id="C11", actor=OPERATOR)
    play << ...
    play >> LineRestored(at=0, line="surgard-1")
    play << ...
    assert the_case(play) == "C11 in_progress P1 2"


def test_a_restart_gives_the_whole_time_again(playbook: Play) -> None:
    play = scene(playbook)
    play >> After(80)
    play << ""
    play >> started(LINE)
    play << ""
    assert play.deadlines() == {KEY: 90.0}


def test_a_fault_that_stood_before_a_restart_stands_after_it(playbook: Play) -> None:
    play = scene(playbook)
    play >> lost()
    play << ...
    play >> started(LINE)
    play << ""
    play >> lost()
    play << ""
    play >> LineRestored(at=0, line="surgard-1")
    play << ...
    assert the_case(play) == "C11 closed P1 2"


def test_a_line_that_is_taken_away_leaves_no_deadline_and_no_case(playbook: Play) -> None:
    play = scene(playbook)
    play >> lost()
    play << ...
    play >> started()
    play << ...
    assert the_case(play) == "C11 closed P1 2"
    assert not [key for key in play.deadlines() if key.startswith("receiver_line/")]
    play >> LineRestored(at=0, line="surgard-1")
    play << ""
    play >> lost()
    play << ""
    play >> heard(play)
    play << ""


def test_nothing_is_expected_of_a_line_without_a_heartbeat(playbook: Play) -> None:
    play = scene(playbook, PAGER)
    assert play.deadlines() == {}
    play >> lost("pager")
    play << ...
    assert the_case(play) == "C11 open P2 1"


def test_each_line_has_its_own_case(playbook: Play) -> None:
    play = scene(playbook, LINE, PAGER)
    play >> lost()
    play << ...
    play >> lost("pager")
    play << ...
    play >> LineRestored(at=0, line="pager")
    play << ...
    assert {case.state for case in play.station.state.cases.values()} == {"open", "closed"}


def test_only_the_newest_message_of_a_line_can_be_a_retransmission(playbook: Play) -> None:
    """A receiver waits for its ACK: an alarm, its restore and the alarm again within two minutes are three."""
    play = scene(playbook)
    alarm, restore = _unnumbered("BA"), _unnumbered("BR")
    judged = []
    for tell in (alarm, alarm, restore, alarm, alarm):
        play >> tell
        play << ...
        judged.append(play.stepped.record.judgements[0].judged.value)
    assert judged[1] == judged[4] == "duplicate"
    assert "duplicate" not in (judged[0], judged[2], judged[3])


def _unnumbered(code: str) -> Telling:
    panel = Panel(gateway="surgard-1", peer="/dev/ttyS0")
    numbered = panel.sia(code, zone="3", sequence=1, timed=False)

    def tell(now: int) -> AnyFact:
        fact = numbered(now)
        assert isinstance(fact, FrameReceived)
        return replace(fact, received=replace(fact.received, sequence=None))

    return tell


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_makes_no_line_silent_and_none_immortal(playbook: Play, step_s: float) -> None:
    play = scene(playbook)
    before = LinesHeard(at=0, heard={"surgard-1": play.now})
    play >> before
    play << ""
    play.now += round(step_s * NS)
    play >> ClockStepped(at=0, step_s=step_s)
    play << ...
    assert play.deadlines()[KEY] == 90.0
    play >> before  # heard before the step and told after it
    play << ""
    assert play.deadlines()[KEY] == 90.0
    play >> After(60)
    play << ...
    play >> heard(play)
    play << ""
    assert play.deadlines()[KEY] == 90.0


@pytest.mark.parametrize("said", list(SAID))
def test_every_fault_has_its_words(said: str) -> None:
    assert set(SAID[said]) == set(LANGUAGES)
    assert set(SAID) == {*LineFault, "line_silent"}
    assert all("{line}" in text for text in SAID[said].values())


def test_instants_are_nanoseconds(playbook: Play) -> None:
    play = scene(playbook)
    play >> After(30)
    play << ""
    play >> LinesHeard(at=0, heard={"surgard-1": play.now - 10 * NS})
    play << ""
    assert play.deadlines() == {KEY: 80.0}
