from __future__ import annotations

import pytest

from arcd.core.effects import Answer, SendMail
from arcd.core.facts import EffectOutcome, IdentityOutcome, Started
from arcd.core.flags.ending import EXTENSION_S, LATE_S, QUIET_S
from arcd.core.flags.reporting import REPORT_KEPT_S
from tests.arcd.core.conftest import Play
from tests.arcd.core.flags.scene import end, identity, maintain, start, the_site
from tests.playbook import NS, OPERATOR, After, Due, Panel, Playbook, delivered, move, outcome
from tests.sites import a_centre, rules

BY_HELMI = {"verified_how": "", "requested_by": "helmi", "identity_check": "I10"}
ACCEPT = {"disposition": "retest", "note": "Zone 4 next week"}


def answer(play: Playbook) -> Answer:
    (found,) = (effect for effect in play.effects if isinstance(effect, Answer))
    return found


def notes(play: Playbook) -> list[str]:
    return [note.what for note in play.stepped.record.notes]


def all_zones(play: Playbook, panel: Panel) -> None:
    for zone in ("1", "3", "4"):
        play >> panel.sia("BA", zone=zone) << ...
        play >> panel.sia("BR", zone=zone) << ...


def test_a_whole_test(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> identity() << ...
    play >> start(1, **BY_HELMI) << ...
    all_zones(play, panel)
    play >> Due("flag/F11/warn")
    (
        play
        << """
        -- +2700 flag/F11/warn
        flag.ending F11 site=S-1 until=1772629200000000000
        mail E18 to helmi@example.invalid: Shop S-1: the test ends 04.03.2026 15:00:00
        """
    )
    play >> next(delivered(["E18"])) << ...
    play >> Due("flag/F11/end")
    (
        play
        << """
        -- +3600 flag/F11/end
        flag.ended F11 kind=on_test site=S-1 because=expired held=6 unrestored=0
        mail E20 to helmi@example.invalid: Shop S-1: the test is over
        """
    )
    play >> next(delivered(["E20"])) << ...
    assert play.deadlines() == {"report/F11/forget": REPORT_KEPT_S}
    play >> Due("report/F11/forget") << "-- +608400 report/F11/forget"
    assert not play.station.state.flag_reports


def test_who_has_no_address_is_not_written_to(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1) << ...
    play >> Due("flag/F10/warn") << "-- +2700 flag/F10/warn\nflag.ending F10 site=S-1 until=1772629200000000000"


def test_mail_is_in_the_requesters_language(playbook: Play) -> None:
    play = playbook(sites=[the_site()], centre=a_centre(language="sv"))
    play >> identity() << ...
    play >> start(1, owner="duty", **BY_HELMI) << ...
    play >> Due("flag/F11/warn") << ...
    (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
    assert "From then on every signal is an alarm." in mail.body
    play >> next(delivered([mail.id])) << ...


@pytest.mark.parametrize(
    ("quiet_s", "restored", "extended"),
    [(QUIET_S - 1, True, True), (QUIET_S, True, False), (1800, False, True), (1800, True, False)],
)
def test_one_extension_for_what_is_not_finished(playbook: Play, quiet_s: float, restored: bool, extended: bool) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1) << ...
    play >> After(3600 - quiet_s) << ...
    play >> panel.sia("BA", zone="3") << ...
    if restored:
        play >> panel.sia("BR", zone="3") << ...
    play >> After(quiet_s) << ...
    assert ("F10" in play.station.state.flags) is extended
    if extended:
        assert play.station.state.flags["F10"].until - play.now == EXTENSION_S * NS
        assert set(play.deadlines()) == {"flag/F10/warn", "flag/F10/end"}


def test_it_is_extended_once_and_then_a_person_sees_to_it(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1) << ...
    all_zones(play, panel)
    play >> panel.sia("BA", zone="3") << ...
    play >> After(2700) << ...
    play >> Due("flag/F10/end")
    (
        play
        << """
        -- +3600 flag/F10/end
        flag.extended F10 site=S-1 until=1772631000000000000 because=unrestored
        """
    )
    play >> panel.sia("BA", zone="1") << "held F10 on_test\nreply ack"
    play >> Due("flag/F10/warn") << ...
    play >> Due("flag/F10/end")
    (
        play
        << """
        -- +5400 flag/F10/end
        case.opened C22 type=test_result site=S-1 priority=P4
        flag.ended F10 kind=on_test site=S-1 because=expired held=8 unrestored=2 case=C22
        """
    )


@pytest.mark.parametrize(("quiet_s", "asked"), [(QUIET_S - 1, True), (QUIET_S, False)])
def test_who_is_still_at_it_after_the_extension_is_asked_about(playbook: Play, quiet_s: float, asked: bool) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1) << ...
    play >> After(3500) << ...
    all_zones(play, panel)
    play >> After(100 + EXTENSION_S - quiet_s) << ...
    all_zones(play, panel)
    play >> After(quiet_s) << ...
    assert "F10" not in play.station.state.flags
    assert ("S-1|test_result|F10" in play.station.state.folds) is asked


def test_the_case_stays_until_somebody_accepts(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1) << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> end() << ...
    case = play.case("C12")
    assert (case.type, case.priority.value, case.title) == ("test_result", "P4", "Test result: F10")
    assert "Not heard: intrusion/1, intrusion/4" in case.notes[0].text
    assert "Not restored: intrusion/3 intrusion" in case.notes[0].text
    play >> panel.sia("BR", zone="3") << ...
    assert play.stepped.record.judgements[0].because == "restores entry 11"
    assert play.case("C12").signal_count == 1, "the case sees the restore come"
    play >> move("accept", case_id="C12", form={"disposition": "retest"}) << ...
    assert (answer(play).rule, "note" in answer(play).message) == ("gate.form_complete", True)
    play >> move("accept", case_id="C12", form=ACCEPT) << ...
    assert answer(play).granted
    assert not play.case("C12").is_open


def test_nobody_accepting_calls_for_a_person(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1) << ...
    play >> end() << ...
    play >> After(3600) << ...
    assert "person.called" in notes(play)


def test_a_report_is_kept_while_its_case_is_open(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1) << ...
    play >> end() << ...
    play >> move("start", case_id="C11") << ...
    state = play.station.state
    play.now += round(REPORT_KEPT_S) * NS
    play >> After(0) << ...
    assert "F10" in state.flag_reports
    play >> move("accept", case_id="C11", form=ACCEPT) << ...
    play >> After(86400) << ...
    assert "F10" not in state.flag_reports


def test_a_future_test_that_is_called_off_has_nothing_to_accept(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1, starts_at=play.now + 3600 * NS) << ...
    play >> end()
    (
        play
        << """
        flag.ended F10 kind=on_test site=S-1 because=ended by os:matti: Done held=0 missing=intrusion/1, intrusion/3, intrusion/4 unrestored=0
        granted F10
        """  # noqa: E501 – one line of the transcript
    )
    assert not play.station.state.cases


@pytest.mark.parametrize(
    ("flag_id", "reason", "rule"),
    [("F99", "x", "flag.unknown"), ("F10", " ", "flag.reason"), ("F10", "x" * 501, "flag.reason")],
)
def test_ending_is_refused_by_name(playbook: Play, flag_id: str, reason: str, rule: str) -> None:
    play = playbook(sites=[the_site()])
    play >> start(1) << ...
    play >> end(flag_id, reason) << ...
    assert answer(play).rule == rule
    assert "F10" in play.station.state.flags


# ------------------------------------------------------------------------------------------------ the daemon was asleep


@pytest.mark.parametrize(("late_s", "extended"), [(LATE_S, True), (LATE_S + 1, False)])
def test_a_test_that_expired_while_the_daemon_was_down_ends_at_once(
    playbook: Play, late_s: float, extended: bool
) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> start(1) << ...
    play >> panel.sia("BA", zone="3") << ...
    play.now += round(3600 + late_s) * NS
    play >> Started(at=0, version="test", down_since=play.now - 3600 * NS, clean=True) << ...
    # What comes before the late deadline is live already, because the end is an instant and not an event.
    play >> panel.sia("BA", zone="1") << ...
    assert play.stepped.record.judgements[0].judged.value == "opened"
    play >> After(0) << ...
    assert ("F10" in play.station.state.flags) is extended
    if not extended:
        assert "S-1|test_result|F10" in play.station.state.folds


# ------------------------------------------------------------------------------------------------------- maintenance


def test_maintenance_is_reminded_of_every_morning(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> maintain(48, owner="helmi", informed=("Neighbours",)) << ...
    for day in (5, 6):
        play >> Due("flag/F10/remind") << ...
        (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
        assert (play.now - play.station.state.flags["F10"].starts_at) // NS == (day - 4) * 86400 - 6 * 3600, "08:00"
        assert "Reason: Glazing\nInformed: Neighbours" in mail.body
        assert notes(play) == ["flag.reminder"]
        play >> next(delivered([mail.id])) << ...
    play >> Due("flag/F10/warn") << ...
    play >> Due("flag/F10/end") << ...
    assert notes(play) == ["flag.ended"]
    assert not play.station.state.cases, "nothing was expected"


def test_maintenance_is_not_extended_and_what_it_left_standing_is_a_matter(playbook: Play) -> None:
    play, panel = playbook(sites=[the_site()]), Panel()
    play >> maintain(1) << ...
    play >> panel.sia("BA", zone="3") << ...
    play >> After(3600) << ...
    assert "F10" not in play.station.state.flags
    case_id = play.station.state.folds["S-1|test_result|F10"]
    assert "Not restored: intrusion/3 intrusion" in play.case(case_id).notes[0].text


def test_rules_without_the_case_type_end_a_test_too(playbook: Play) -> None:
    sources = {name: text for name, text in rules().items() if name not in ("cases/test_result.yaml",)}
    play = playbook(sites=[the_site()], sources=sources)
    play >> start(1) << ...
    play >> end() << ...
    assert notes(play) == ["flag.result_unread", "flag.ended"]


def test_mail_that_fails_belongs_to_no_case(playbook: Play) -> None:
    play = playbook(sites=[the_site()])
    play >> identity(IdentityOutcome.PASSED) << ...
    play >> start(1, **BY_HELMI) << ...
    play >> Due("flag/F11/warn") << ...
    (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
    play >> outcome(mail.id, EffectOutcome.REFUSED, "550") << ...
    play >> end("F11", "Done") << ...
    assert answer(play).granted
    assert OPERATOR.id in play.station.state.flag_reports["F11"].because
    for effect in play.effects:
        if isinstance(effect, SendMail):
            play >> outcome(effect.id, EffectOutcome.DELIVERED) << ...
