"""An exceptional arrangement from the fault to the report (R-20, R-21, requirements 4.10)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.effects import SendMail
from arcd.core.facts import Actor, CaseOpenRequested, OperatorAnswered, PartyInformed, SiteImported
from arcd.core.line_service.report import figures, report_text
from rules.model import Priority
from tests.arcd.core.conftest import Play
from tests.arcd.core.line_service.scene import BEAT_S, SOURCES, a_fire_site, passes, restarts, stays_up, the_centre
from tests.playbook import NS, OPERATOR, START, After, Panel, Playbook, delivered, move

FOUND_S = 175.0  # an SP4 line: silent after 145 s, settled after 30 more
TOLD_S = 10.0
MINUTE = 60.0
LIMIT = "the time limit is reached: agree on exceptional arrangements with the rescue department"


def opened(playbook: Play, **site: object) -> tuple[Playbook, Panel]:
    play = playbook(sites=[a_fire_site(**site)], centre=the_centre(), sources=SOURCES)  # type: ignore[arg-type]  # – as told
    panel = Panel("1001")
    play >> panel.null()
    play << "reply ack"
    return play, panel


def fault_found(playbook: Play, **site: object) -> tuple[Playbook, Panel]:
    play, panel = opened(playbook, **site)
    play >> After(FOUND_S)
    play << ...
    assert play.case("C12").state == "fault_detected"
    return play, panel


def operator_told(playbook: Play, **site: object) -> tuple[Playbook, Panel]:
    play, panel = fault_found(playbook, **site)
    play >> After(TOLD_S)
    play << ...
    (mail,) = play.effects
    assert isinstance(mail, SendMail)
    for report in delivered([mail.id]):
        play >> report
        play << ...
    assert play.case("C12").state == "operator_notified"
    return play, panel


def does(play: Playbook, name: str, case_id: str = "C12", **form: str) -> None:
    play >> move(name, case_id=case_id, form=form)
    got = [line for line in play._outstanding if line.startswith("refused")]
    assert not got, got
    play << ...


def refused(play: Playbook, name: str, case_id: str = "C12", **form: str) -> str:
    play >> move(name, case_id=case_id, form=form)
    (line,) = play._outstanding
    play << ...
    assert line.startswith("refused"), line
    return line


def mails_of(play: Playbook) -> list[SendMail]:
    return [effect for _, stepped in play.history for effect in stepped.effects if isinstance(effect, SendMail)]


ORDER = {"arrangement": "guard_on_site", "provider": "Kaarti Oy / Salo", "orders": "One guard at the gate"}
DECISION = {"decided_by": "Fire officer Laine", "decision": "A guard until the line is up"}
CLOSING = {"disposition": "repaired", "note": "Fibre cut by an excavator", "cancelled_with": "Kaarti Oy / Salo"}


def arranged(playbook: Play) -> tuple[Playbook, Panel]:
    """The time is up, and a guard is there."""
    play, panel = operator_told(playbook)
    passes(play, 60 * MINUTE - FOUND_S - TOLD_S)
    assert play.case("C12").state == "threshold"
    does(play, "contact_rescue", rescue_person="Laine", rescue_number="+358 40 555 0160")
    does(play, "decide_arrangement", **DECISION)
    does(play, "order", **ORDER)
    passes(play, 20 * MINUTE)
    does(play, "begin", on_duty="Guard Virta")
    return play, panel


def test_the_whole_of_it(playbook: Play) -> None:
    """Fault, notice, ticket, limit, decision, order, rounds, a flap, verification, everybody told, report."""
    play, panel = opened(playbook)
    play >> After(FOUND_S)
    (
        play
        << """
        -- +145 paths_silent
        paths.silent settling=1 of_storm=0
        -- +175 settle/L11
        logged routed supervision/fault/fire-line/arranged log P5
        path.failed site=S-1 system=fire path=mobile category=SP4 since=1772625600000000000
        case.opened C12 type=arrangement site=S-1 priority=P4
        party.informed C12 party=contact/kaisa how=mail by=daemon
        ats.failed site=S-1 system=fire category=SP4 since=1772625600000000000
        path.reported site=S-1 system=fire path=mobile category=SP4 delay_s=175
        mail E12.2 to kaisa@example.invalid: Warehouse S-1, hälytysyhteys: Vika havaittu
        """
    )
    play >> After(TOLD_S)
    (
        play
        << """
        -- +185 notice/telia/settle
        operator.notified notice=N13 operator=telia site=S-1 lines=1 effect=E13.2
        mail E13.2 to viat@example.invalid: Vikailmoitus N13: hälytysyhteys poikki, Warehouse S-1
        """
    )
    (mail,) = play.effects
    assert isinstance(mail, SendMail)
    assert "Warehouse S-1, Esimerkkilaituri 3, Kotka: yhteys fire/mobile (tunnus LTE-77)" in mail.body
    assert "viimeksi kuultu 04.03.2026 14:00:00" in mail.body
    for report in delivered(["E12.2", "E13.2"]):
        play >> report
        play << ...
    assert play.case("C12").state == "operator_notified"
    play >> OperatorAnswered(at=0, notice_id="N13", actor=OPERATOR, ticket="INC-4711", answer="Fibre cut")
    (
        play
        << """
        operator.answered notice=N13 operator=telia ticket=INC-4711 by=os:matti
        case.moved C12 move=operator_answered before=operator_notified state=monitoring by=os:matti
        granted N13
        """
    )
    passes(play, 45 * MINUTE - FOUND_S - TOLD_S)
    assert (play.case("C12").attention, play.case("C12").priority) == (0, Priority.P4)  # in the list, and no more
    play >> After(15 * MINUTE)
    (
        play
        << f"""
        -- +3600 case/C12/clock/arrangement/1
        clock.passed C12 clock=arrangement target=2 priority=P4
        case.priority C12 priority=P2 before=P4
        person.called C12 because=clock mails=1 title={LIMIT}
        case.moved C12 move=threshold_reached before=monitoring state=threshold by=daemon
        mail E18 to duty@example.invalid: On duty: case C12 (P2) is waiting for a person
        """
    )
    does(play, "contact_rescue", rescue_person="Laine")
    assert "decided_by" in refused(play, "decide_arrangement", decision="A guard")
    does(play, "decide_arrangement", **DECISION)
    does(play, "order", **ORDER)
    play >> PartyInformed(at=0, case_id="C12", actor=OPERATOR, how="phone", contact_id="owe")
    play << ...
    passes(play, 20 * MINUTE)
    does(play, "begin", on_duty="Guard Virta")
    passes(play, 59 * MINUTE)
    does(play, "check_in", round_by="Virta", round_found="All quiet")
    passes(play, 59 * MINUTE)
    assert play.case("C12").attention == 1
    passes(play, 2 * MINUTE)  # the round has not come
    assert play.case("C12").attention == 2
    does(play, "check_in", round_by="Virta", round_found="All quiet, radio was flat")

    _goes_on_to_the_end(play, panel)


def _goes_on_to_the_end(play: Playbook, panel: Panel) -> None:
    stays_up(play, 5 * MINUTE, panel)
    assert play.case("C12").state == "fault_cleared"  # and nothing is cancelled
    assert "line is still down" not in refused(play, "close", **CLOSING)
    passes(play, FOUND_S + 60)  # down again before a quarter of an hour was over
    assert play.case("C12").state == "active"
    assert figures(play.case("C12"), play.now).fault_since == START
    stays_up(play, 20 * MINUTE, panel)
    assert play.case("C12").state == "fault_cleared"
    does(play, "check_in_cleared", round_by="Virta", round_found="All quiet")
    does(play, "verify")
    said = refused(play, "confirm", verified_how="test_signal", verified_by="Matti")
    assert "gate.line_verified: No test signal" in said
    play >> panel.sia("RP")
    play << ...
    play >> move("confirm", case_id="C12", form={"verified_how": "test_signal", "verified_by": "Matti"})
    got = list(play._outstanding)
    play << ...
    assert "party.informed_again C12 party=contact/kaisa how=mail by=daemon" in got
    assert "gate.informed_again: Not told yet that it is over: Owe." in refused(play, "close", **CLOSING)
    play >> PartyInformed(at=0, case_id="C12", actor=OPERATOR, how="phone", contact_id="owe", is_over=True)
    play << ...
    does(play, "close", **CLOSING, cost_eur="412.50")
    case = play.case("C12")
    assert (case.is_open, case.disposition) == (False, "repaired")
    told = figures(case, play.now)
    assert (told.rounds, told.rounds_missed, told.failed_again, told.cost_eur) == (3, 1, 1, 412.5)
    assert told.operator_told_at == START + 185 * NS
    case_type = play.station.rules.case_types["arrangement"]
    for language, words in {
        "fi": (
            "Poikkeusjärjestely C12",
            "Kustannukset: 412,50 €",
            "Ilmoitettuja kierroksia: 3",
            "Vartija kohteessa",
            "INC-4711",
        ),
        "sv": ("Undantagsarrangemang C12", "Kostnader: 412,50 €", "Väktare på plats", "Fire officer Laine"),
        "en": ("Exceptional arrangement C12", "Cost: 412.50 €", "Guard on site", "Rounds late: 1", "Owe (phone)"),
    }.items():
        text = report_text(case, case_type, "Europe/Helsinki", language, play.now)
        missing = [word for word in words if word not in text]
        assert not missing, f"{missing} in\n{text}"
    overs = [mail for mail in mails_of(play) if "poistunut" in mail.subject]
    assert len(overs) == 2  # of each of the two faults, once


def test_a_restart_at_minute_59_and_the_limit_falls_once_at_minute_60(playbook: Play) -> None:
    play, _ = operator_told(playbook)
    passes(play, 59 * MINUTE - FOUND_S - TOLD_S)
    restarts(play)
    assert play.case("C12").state == "operator_notified"
    passes(play, 59.0)
    assert play.case("C12").state == "operator_notified"
    passes(play, 2.0)
    assert play.case("C12").state == "threshold"
    restarts(play)
    passes(play, 30 * MINUTE)
    reached = [note.at for note in play.case("C12").moves_made if note.move == "threshold_reached"]
    assert reached == [START + 3600 * NS]


def test_a_line_that_comes_back_before_anybody_began_closes_it_after_a_quarter_of_an_hour(playbook: Play) -> None:
    play, panel = operator_told(playbook)
    stays_up(play, 3 * MINUTE, panel)
    assert play.case("C12").is_open
    (over,) = [mail for mail in mails_of(play) if "Vika poistunut" in mail.subject]
    assert "Vian kesto: 5 min" in over.body
    stays_up(play, 16 * MINUTE, panel)
    case = play.case("C12")
    assert (case.is_open, case.disposition) == (False, "restored")
    assert [mail.subject for mail in mails_of(play)][-1] == "Warehouse S-1, hälytysyhteys: ohi"


def test_a_flapping_line_does_not_reset_the_clock(playbook: Play) -> None:
    play, panel = operator_told(playbook)
    for _ in range(3):
        stays_up(play, 8 * MINUTE, panel)
        passes(play, FOUND_S + BEAT_S)
    passes(play, 3600.0 - (play.now - START) / NS - 1)
    assert play.case("C12").state in ("operator_notified", "fault_detected")
    passes(play, 2.0)
    assert play.case("C12").state == "threshold"
    assert play.case("C12").moves_made[-1].at == START + 3600 * NS


def test_a_line_that_stayed_up_long_enough_fails_anew(playbook: Play) -> None:
    """A person has the case in hand, so it stays open; the new fault has its own hour."""
    play, panel = operator_told(playbook)
    does(play, "watch")
    stays_up(play, 20 * MINUTE, panel)
    assert play.case("C12").state == "fault_cleared"
    heard_at = play.now
    passes(play, FOUND_S + 1)
    case = play.case("C12")
    assert case.state == "monitoring"
    assert figures(case, play.now).fault_since == heard_at
    passes(play, 3600.0 - FOUND_S - 2)
    assert play.case("C12").state == "monitoring"
    passes(play, 2.0)
    assert play.case("C12").state == "threshold"


def test_a_line_that_comes_back_cancels_no_arrangement(playbook: Play) -> None:
    play, panel = arranged(playbook)
    stays_up(play, 26 * 3600.0 / 4, panel)
    case = play.case("C12")
    assert case.state == "fault_cleared"
    assert case.attention > 3  # it has been calling for somebody to verify, and for rounds
    does(play, "verify")
    assert "person" in _daemon_refused(play, "confirm")


def _daemon_refused(play: Playbook, name: str) -> str:
    play >> move(name, case_id="C12", actor=Actor(id="daemon"), form={"verified_how": "heartbeats", "verified_by": "x"})
    (line,) = play._outstanding
    play << ...
    return line


def test_three_heartbeats_verify_a_line_and_so_does_the_emergency_centre(playbook: Play) -> None:
    play, panel = arranged(playbook)
    stays_up(play, 3 * MINUTE, panel)
    does(play, "verify")
    early = refused(play, "confirm", verified_how="heartbeats", verified_by="Matti")
    assert "3 heartbeats need" in early
    assert "erc_reference" in refused(play, "confirm", verified_how="erc_test", verified_by="Matti")
    stays_up(play, 6 * MINUTE, panel)
    does(play, "confirm", verified_how="heartbeats", verified_by="Matti")
    assert play.case("C12").state == "cancelling"


def test_a_line_that_fails_while_it_is_being_cancelled_is_arranged_for_again(playbook: Play) -> None:
    play, panel = arranged(playbook)
    stays_up(play, 9 * MINUTE, panel)
    does(play, "verify")
    does(play, "confirm", verified_how="heartbeats", verified_by="Matti")
    passes(play, FOUND_S + 1)
    assert play.case("C12").state == "ordered"  # the guard may have left


def test_a_limit_of_no_time_at_all(playbook: Play) -> None:
    play, _ = opened(playbook, threshold_s=0.0)
    passes(play, FOUND_S)
    assert play.case("C12").state == "threshold"


def test_a_decision_that_nothing_is_required_is_asked_about_again(playbook: Play) -> None:
    play, panel = operator_told(playbook)
    does(play, "contact_rescue", rescue_person="Laine")
    does(play, "decide_none", **DECISION)
    assert play.deadlines()["case/C12/clock/reconsider/0"] == 4 * 3600.0
    passes(play, 4 * 3600.0)
    assert play.case("C12").attention == 1
    stays_up(play, 20 * MINUTE, panel)
    does(play, "verify")
    does(play, "confirm", verified_how="heartbeats", verified_by="Matti")
    does(play, "close", disposition="restored", note="Nothing was needed")


def outage(**form: str) -> CaseOpenRequested:
    given = {
        "system_id": "fire", "starts_at": str(START), "ends_at": str(START + 7200 * NS), "cause": "Operator's works",
    }  # fmt: skip
    return CaseOpenRequested(
        at=0, case_type="arrangement", site_id="S-1", title="Planned works", priority="P4", actor=OPERATOR,
        form={**given, **form},
    )  # fmt: skip


def test_a_planned_outage_begins_with_the_arrangement_that_was_booked(playbook: Play) -> None:
    play, panel = opened(playbook)
    play >> outage()
    (
        play
        << """
        case.opened C11 type=arrangement site=S-1 priority=P4
        granted C11
        """
    )
    assert play.case("C11").state == "planned"
    does(play, "book", "C11", **DECISION, **ORDER)
    assert play.case("C11").state == "booked"
    passes(play, FOUND_S + 1)
    case = play.case("C11")
    assert case.state == "ordered"
    assert [each.type for each in play.station.state.cases.values()] == ["arrangement"]
    does(play, "begin", "C11", on_duty="Guard Virta")
    stays_up(play, 9 * MINUTE, panel)
    does(play, "verify", "C11")
    does(play, "confirm", "C11", verified_how="heartbeats", verified_by="Matti")
    does(play, "close", "C11", disposition="planned", note="As planned")


def test_an_outage_that_is_over_calls_for_somebody_and_can_be_called_off(playbook: Play) -> None:
    play, panel = opened(playbook)
    play >> outage()
    play << ...
    stays_up(play, 7260, panel)
    assert play.case("C11").attention == 1
    does(play, "call_off", "C11", called_off="Works put off")
    does(play, "close", "C11", disposition="called_off", note="Put off")


def test_a_fault_outside_the_planned_time_is_a_matter_of_its_own(playbook: Play) -> None:
    play, _ = opened(playbook)
    later = START + 86_400 * NS
    play >> outage(starts_at=str(later), ends_at=str(later + 3600 * NS))
    play << ...
    passes(play, FOUND_S + 1)
    states = {case.id: case.state for case in play.station.state.cases.values()}
    assert states == {"C11": "planned", "C13": "fault_detected"}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"cause": ""}, "Still to be filled in: cause"),
        ({"system_id": "sprinkler"}, "system_id is a system of the site; its systems: fire."),
        ({"starts_at": "tomorrow"}, "starts_at is an instant"),
    ],
)
def test_a_planned_outage_says_what_it_must(playbook: Play, form: dict[str, str], said: str) -> None:
    play, _ = opened(playbook)
    play >> outage(**form)
    (line,) = play._outstanding
    play << ...
    assert said in line


def test_a_site_without_the_service_and_an_operator_without_an_address(playbook: Play) -> None:
    play, _ = opened(playbook, services=("alarm_monitoring",))
    passes(play, FOUND_S + 1)
    assert {case.type for case in play.station.state.cases.values()} == {"service_request"}
    play, _ = fault_found(playbook, operator="mute")
    passes(play, 300.0)
    case = play.case("C12")
    assert (case.state, case.attention) == ("fault_detected", 1)  # the clock calls: somebody has to telephone
    does(play, "operator_told", operator_person="Korhonen", ticket="T-9")
    assert play.case("C12").form["ticket"] == "T-9"


def test_a_system_that_leaves_the_site_base_lets_its_case_be_closed(playbook: Play) -> None:
    play, panel = arranged(playbook)
    stays_up(play, 3 * MINUTE, panel)
    passes(play, FOUND_S + 1)
    site = play.station.state.sites["S-1"]
    other = replace(site.systems[0], id="building", kind="technical", category=None, paths=())
    play >> SiteImported(at=0, site=replace(site, systems=(other,)), actor=OPERATOR)
    play << ...
    assert play.case("C12").state == "fault_cleared"
    does(play, "verify")
    does(play, "confirm", verified_how="erc_test", verified_by="Matti", erc_reference="none: taken out of use")
    does(play, "close", disposition="other", note="The building has been sold")
