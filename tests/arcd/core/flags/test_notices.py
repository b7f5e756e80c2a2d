from __future__ import annotations

import pytest

from arcd.core.effects import Answer
from arcd.core.facts import NoticeKind
from arcd.core.flags.notices import TO_CHARS_MAX
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import connected_site, end, identity, maintain, notice, start, the_site
from tests.playbook import NS, After, Due, Panel, Playbook, move

ANNOUNCED, START, END = NoticeKind.ANNOUNCED, NoticeKind.START, NoticeKind.END
BY_ALMA = {"verified_how": "", "requested_by": "alma", "identity_check": "I10"}


def answer(play: Playbook) -> Answer:
    (found,) = (effect for effect in play.effects if isinstance(effect, Answer))
    return found


def switched_off(playbook: Play, hours: float = 4, **changes: int) -> Playbook:
    play = playbook(sites=[connected_site()])
    play >> identity(contact="alma") << ...
    play >> maintain(hours, **BY_ALMA, **changes) << ...
    return play


def test_start_and_end_of_maintenance_are_owed_until_they_are_on_record(playbook: Play) -> None:
    play = switched_off(playbook)
    owed = play.case("C11.2")
    assert (owed.type, owed.title) == ("outage_notice", "Notice to the emergency response centre: start F11 (77-1)")
    play >> After(3600) << ...
    assert "person.called" in [note.what for _, stepped in play.history for note in stepped.record.notes]
    play >> notice(START, "F11", reference="HK-1") << ...
    assert answer(play).granted
    assert not play.case("C11.2").is_open
    assert play.case("C11.2").form["to"] == "Test line"
    play >> end("F11") << ...
    (case_id,) = play.station.state.open_by_site["S-1"]
    assert play.case(case_id).title == "Notice to the emergency response centre: end F11 (77-1)"
    play >> notice(END, "F11") << ...
    assert not play.case(case_id).is_open
    assert [each.kind for each in play.station.state.flag_reports["F11"].flag.notices] == [START, END]


def test_the_follow_up_comes_again_every_hour(playbook: Play) -> None:
    play = switched_off(playbook, 1)
    play >> After(4 * 3600) << ...
    called = [note for _, stepped in play.history for note in stepped.record.notes if note.what == "person.called"]
    assert len(called) >= 6, "for the start and for the end"


def test_what_was_told_before_is_not_owed(playbook: Play) -> None:
    play = playbook(sites=[connected_site()])
    play >> identity(contact="alma") << ...
    play >> maintain(4, starts_at=play.now + 3600 * NS, **BY_ALMA) << ...
    play >> notice(START, "F11") << ...
    play >> Due("flag/F11/start") << ...
    play >> notice(END, "F11") << ...
    play >> end("F11") << ...
    assert not play.station.state.cases


def test_a_notice_can_be_recorded_in_its_case(playbook: Play) -> None:
    play = switched_off(playbook)
    play >> move("record", case_id="C11.2") << ...
    assert answer(play).rule == "gate.form_complete"
    play >> move("record", case_id="C11.2", form={"to": "Test line"}) << ...
    assert not play.case("C11.2").is_open


def test_nobody_has_to_be_told_of_a_system_that_is_not_connected(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> maintain(4) << ...
    play >> end() << ...
    assert not play.station.state.cases


@pytest.mark.parametrize(("called_s", "is_announced"), [(None, False), (10, True), (20, True), (21, False)])
def test_the_testers_call_comes_before_the_test_alarm(playbook: Play, called_s: int | None, is_announced: bool) -> None:
    """R-66."""
    play, panel = playbook(sites=[connected_site()]), Panel()
    begun = play.now
    play >> identity(contact="alma") << ...
    play >> start(1, **BY_ALMA) << ...
    play >> After(20) >> panel.sia("BA", zone="3") << ...
    play >> panel.sia("BR", zone="3") << ...
    play >> After(20)
    if called_s is not None:
        play >> notice(ANNOUNCED, "F11", told_at=begun + called_s * NS) << ...
        assert answer(play).granted
    play >> end("F11") << ...
    report = play.station.state.flag_reports["F11"]
    assert report.is_announced is is_announced
    assert ("R-66" in play.case(report.case_id).notes[0].text) is not is_announced


def test_a_test_without_signals_says_nothing_of_the_call(playbook: Play) -> None:
    play = playbook(sites=[connected_site()])
    play >> identity(contact="alma") << ...
    play >> start(1, **BY_ALMA) << ...
    play >> end("F11") << ...
    assert play.station.state.flag_reports["F11"].is_announced is None


def test_notices_that_cannot_be(playbook: Play) -> None:
    play = switched_off(playbook)
    for wrong, told in (
        (notice(ANNOUNCED, "F11"), "the notice there is start and end"),
        (notice(START, "F11", to=" "), "Say who was told"),
        (notice(START, "F11", to="x" * (TO_CHARS_MAX + 1)), "Say who was told"),
        (notice(START, "F11", reference="x" * (TO_CHARS_MAX + 1)), "Say who was told"),
        (notice(START, "F11", told_at=play.now + 1), "lies in the future"),
        (notice(START, "F99"), "No flag F99"),
    ):
        play >> wrong << ...
        assert not answer(play).granted
        assert told in answer(play).message
    play >> notice(START, "F11", told_at=play.now) << ...
    assert answer(play).granted
    play >> notice(START, "F11") << ...
    assert "on record already" in answer(play).message
