"""Moves, gates, forms, parking, closing and reopening, over the shipped case types."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from arcd.core.case.engine import CLOSED_KEPT_S
from arcd.core.case.model import NOTE_CHARS_MAX, NOTES_MAX
from arcd.core.facts import CaseNoted, CaseOpenRequested, GuardAnswer
from rules.vocabulary import GATES
from tests.arcd.core.case.test_steps import CAMERAS
from tests.arcd.core.conditioning.scene import noted
from tests.arcd.core.conftest import Play, load_once
from tests.playbook import CLOSING, COLLEAGUE, NS, OPERATOR, After, Due, Panel, Playbook, guard, move, step
from tests.sites import DISPATCH, LOOK, a_site, plan, rules

ASKED = {"reason": "Waiting for Helmi"}
CASE_TYPES = sorted(load_once(rules()).ruleset.case_types)  # type: ignore[union-attr]


def burglary(playbook: Play, *moves: str, **scene: object) -> Playbook:
    play = playbook(**scene)
    play >> Panel().sia("BA", zone="3")
    play << ...
    for name in moves:
        play >> move(name)
        play << ...
    return play


def by_hand(case_type: str = "service_request", *, site_id: str = "S-1", priority: str = "P4") -> CaseOpenRequested:
    return CaseOpenRequested(
        at=0, case_type=case_type, site_id=site_id, title="Door sticks", priority=priority, actor=OPERATOR
    )


def parking(play: Playbook, seconds: float) -> Mapping[str, str]:
    return {**ASKED, "return_at": str(play.now + round(seconds * NS))}


# --------------------------------------------------------------------------------------------------------------- moves


def test_taking_a_case_stops_its_clock_and_gives_it_an_owner(playbook: Play) -> None:
    play = burglary(playbook)
    play >> After(10)
    play << ""
    play >> move("acknowledge")
    (
        play
        << """
        case.moved C10 move=acknowledge before=new state=handling by=os:matti
        granted C10
        """
    )
    case = play.case()
    assert (case.state, case.owner, case.acknowledged_by) == ("handling", "os:matti", "os:matti")
    assert play.deadlines() == {"case/C10/claim": 120}


def test_a_move_that_is_in_no_table_is_refused_by_name(playbook: Play) -> None:
    play = burglary(playbook)
    for name in ("close", "park", "resume", "reopen", "nonsense"):
        play >> move(name)
        play << f"refused case.move: C10 is new: {name} is not possible, acknowledge is."
    play >> move("acknowledge", case_id="C11")
    play << "refused case.unknown: No case C11 is open."


def test_a_case_given_back_waits_in_the_queue_again(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("return_to_queue")
    (
        play
        << """
        case.moved C10 move=return_to_queue before=handling state=new by=os:matti
        granted C10
        """
    )
    assert play.case().owner == ""
    assert play.deadlines() == {"case/C10/clock/acknowledge/0": 90, "case/C10/clock/acknowledge/1": 180}


def test_taking_over_names_the_new_owner_and_keeps_who_began(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("take_over", actor=COLLEAGUE)
    (
        play
        << """
        case.moved C10 move=take_over before=handling state=handling by=os:maija
        case.taken_over C10 before=os:matti by=os:maija
        granted C10
        """
    )
    assert (play.case().owner, play.case().acknowledged_by) == ("os:maija", "os:matti")


# ------------------------------------------------------------------------------------------------------ gates and forms


def test_every_gate_of_the_vocabulary_is_enforced() -> None:
    from arcd.core.case import gates

    assert set(gates.GATES) == GATES


def test_only_the_owner_closes(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("close", actor=COLLEAGUE, form=CLOSING)
    play << "refused gate.owner: os:matti has this case in hand; take it over first."


def test_mandatory_steps_are_done_or_reasoned_away(playbook: Play) -> None:
    must = CAMERAS.replace("kind:", "mandatory: true, kind:")
    play = burglary(playbook, "acknowledge", sources=rules(plan("look", must + LOOK)))
    play >> move("close", form=CLOSING)
    play << "refused gate.mandatory_steps: The mandatory step cameras is active: do it, or skip it with a reason."
    play >> step("cameras", "skip", note="No cameras there.")
    play << ...
    play >> move("close", form=CLOSING)
    (
        play
        << """
        case.moved C10 move=close before=handling state=closed by=os:matti
        case.closed C10 disposition=user_error
        granted C10
        """
    )


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, "gate.disposition: Say how it ended: a disposition is needed."),
        ({"disposition": "user_error"}, "gate.form_complete: Still to be filled in: note."),
        ({"disposition": "user_error", "note": "  "}, "gate.form_complete: Still to be filled in: note."),
        ({**CLOSING, "poem": "…"}, "case.form: The form has no field poem; its fields: disposition, note, follow_up."),
        ({**CLOSING, "follow_up": "maybe"}, "case.form: follow_up is yes or no."),
        ({**CLOSING, "note": "x" * 4001}, "case.form: note has more than 4000 characters."),
        (
            {**CLOSING, "disposition": "aliens"},
            "case.form: disposition cannot be 'aliens'. One of: real_intrusion, real_fire, real_other, user_error, "
            "environmental, equipment_fault, test, no_cause_found, cancelled, duplicate, other.",
        ),
    ],
)
def test_a_form_is_refused_whole(playbook: Play, form: dict[str, str], refusal: str) -> None:
    play = burglary(playbook, "acknowledge")
    before = play.case()
    play >> move("close", form=form)
    play << f"refused {refusal}"
    assert play.case() == before


def test_a_contract_that_does_not_include_it(playbook: Play) -> None:
    play = playbook(sites=[a_site("S-1"), a_site("S-2", account="2002", services=("call_centre",))])
    play >> by_hand()
    (
        play
        << """
        case.opened C10 type=service_request site=S-1 priority=P4
        granted C10
        """
    )
    order = {"provider": "Lukko Oy", "promised_at": str(play.now)}
    play >> move("order", form=order)
    play << "refused gate.contract_includes: The contract of S-1 does not include call_centre."
    play >> by_hand(site_id="S-2")
    play << ...
    play >> move("order", case_id="C12", form=order)
    (
        play
        << """
        case.moved C12 move=order before=open state=ordered by=os:matti
        granted C12
        """
    )


GATED = """\
case: gated
requires: 1
version: 1
title: {fi: O, sv: D, en: Door}
initial: open
states: {open: {fi: A, sv: A, en: A}, done: {fi: B, sv: B, en: B}}
moves:
  - {name: verify, title: {fi: V, sv: V, en: V}, sources: [open], target: open, form: who}
  - name: unlock
    title: {fi: V, sv: V, en: V}
    sources: [open]
    target: done
    gates: [identity_verified]
    closes: true
  - {name: record, title: {fi: V, sv: V, en: V}, sources: [open], target: done, gates: [consent_recorded], closes: true}
forms:
  - name: who
    title: {fi: V, sv: V, en: V}
    fields:
      - {name: identity_level, kind: number, title: {fi: V, sv: V, en: V}}
      - {name: consent, kind: text, title: {fi: V, sv: V, en: V}}
clocks: [{name: look, states: [open], targets_s: {"*": [60]}}]
"""


def test_identity_and_consent_fail_closed(playbook: Play) -> None:
    play = playbook(sources={**rules(), "cases/gated.yaml": GATED})
    play >> by_hand("gated")
    play << ...
    play >> move("unlock")
    play << "refused gate.identity_verified: The requester's identity is not verified."
    play >> move("record")
    play << "refused gate.consent_recorded: No consent or contract clause is on record."
    for level in ("0", "-1", "0.9"):
        play >> move("verify", form={"identity_level": level})
        play << ...
        play >> move("unlock")
        play << "refused gate.identity_verified: The requester's identity is not verified."
    play >> move("verify", form={"identity_level": "1"})
    play << ...
    play >> move("unlock")
    (
        play
        << """
        case.moved C10 move=unlock before=open state=done by=os:matti
        case.closed C10
        granted C10
        """
    )


# ------------------------------------------------------------------------------------------------------ a case by hand


def test_a_case_opened_by_hand_has_its_clock(playbook: Play) -> None:
    play = playbook()
    play >> by_hand()
    (
        play
        << """
        case.opened C10 type=service_request site=S-1 priority=P4
        granted C10
        """
    )
    assert play.case().opened_by == "os:matti"
    assert set(play.deadlines()) == {
        "case/C10/clock/acknowledge/0",
        "case/C10/clock/acknowledge/1",
        "case/C10/clock/resolution/0",
        "case/C10/clock/resolution/1",
    }


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (by_hand("dragon"), f"case.type: No case type dragon. There are: {', '.join(CASE_TYPES)}."),
        (by_hand(site_id="S-9"), "case.site: No site S-9."),
        (by_hand(priority="P9"), "case.priority: Priority is one of P0, P1, P2, P3, P4, P5."),
    ],
)
def test_what_cannot_be_opened(playbook: Play, asked: CaseOpenRequested, refusal: str) -> None:
    play = playbook()
    play >> asked
    play << f"refused {refusal}"


def test_two_cases_by_hand_stay_two(playbook: Play) -> None:
    play = playbook()
    for _ in range(2):
        play >> by_hand()
        play << ...
    assert play.station.state.open_by_site["S-1"] == ("C10", "C11")


# ------------------------------------------------------------------------------------------------------------- parking


def test_a_parked_case_comes_back_at_its_time(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("park", form=parking(play, 3600))
    (
        play
        << """
        case.moved C10 move=park before=handling state=waiting by=os:matti
        granted C10
        """
    )
    play >> After(3600)
    (
        play
        << """
        -- +3600 case/C10/resume
        case.moved C10 move=resume before=waiting state=handling by=daemon
        person.called C10 because=resumed mails=1
        mail E13 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert (play.case().state, play.case().owner) == ("handling", "os:matti")


def test_parking_needs_a_reason_and_a_time(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("park", form=ASKED)
    play << "refused gate.form_complete: Still to be filled in: return_at."
    play >> move("park", form={**ASKED, "return_at": "tomorrow"})
    play << "refused case.form: return_at is an instant in ns since 1970 UTC."
    for too_far in (-1, 31 * 86400):
        play >> move("park", form={**ASKED, "return_at": str(play.now + too_far * NS)})
        play << "refused case.form: return_at lies after now and within 30 days."


def test_parking_again_needs_a_new_time(playbook: Play) -> None:
    """The time of the last parking is no promise for this one: without one, nothing would bring the case back."""
    play = burglary(playbook, "acknowledge")
    play >> move("park", form=parking(play, 60))
    play << ...
    play >> move("resume")
    play << ...
    play >> move("park", form={"reason": "again"})
    play << "refused gate.form_complete: Still to be filled in: return_at."


def test_resuming_by_hand_stops_the_return(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("park", form=parking(play, 3600))
    play << ...
    play >> move("resume", actor=COLLEAGUE)
    (
        play
        << """
        case.moved C10 move=resume before=waiting state=handling by=os:maija
        case.taken_over C10 before=os:matti by=os:maija
        granted C10
        """
    )
    assert "case/C10/resume" not in play.deadlines()
    assert play.case().owner == "os:maija"


def test_more_urgent_news_ends_the_waiting(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge", sources=rules((), {"BV": "look P1"}))
    play >> move("park", form=parking(play, 3600))
    play << ...
    play >> Panel().sia("BV", zone="4", sequence=77)
    (
        play
        << """
        joined C10 routed x/bv look P1
        case.verification C10 level=2 before=1 because=panel
        case.priority C10 priority=P1 before=P2
        case.moved C10 move=resume before=waiting state=handling by=daemon
        person.called C10 because=news mails=1
        reply ack
        mail E13 to duty@example.invalid: On duty: case C10 (P1) is waiting for a person
        """
    )
    assert play.case().state == "handling"


@pytest.mark.parametrize("code", ["FA", "HA", "BA"])
def test_so_does_a_new_alarm_as_urgent_as_the_first(playbook: Play, code: str) -> None:
    """Design promise 4: a fire does not wait until somebody's return time because there was one before it."""
    play = playbook()
    play >> Panel().sia(code, zone="3")
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> move("park", form=parking(play, 20 * 86400))
    play << ...
    play >> After(86400)
    play << ...
    play >> Panel().sia(code, zone="4", sequence=77)
    play << ...
    assert noted(play, "person.called")[-1] == {"because": "news", "mails": 1}
    assert play.case().state == "handling"
    assert "case/C10/resume" not in play.deadlines()


def test_a_fault_that_tells_of_itself_again_is_what_was_waited_with(playbook: Play) -> None:
    play = playbook(sources=rules((), {"ZX": "look"}))
    play >> Panel().sia("ZX")
    play << ...
    for name in ("acknowledge", "park"):
        play >> move(name, form=parking(play, 3600) if name == "park" else {})
        play << ...
    play >> Panel().sia("ZX", sequence=77)
    (
        play
        << """
        joined C10 routed x/zx look P2
        reply ack
        """
    )
    assert play.case().state == "waiting"


# ----------------------------------------------------------------------------------------------- closing and reopening


def test_closing_ends_everything_that_was_due(playbook: Play) -> None:
    sources = rules(plan("look", DISPATCH + "  sla_s: 900\n  timeout_s: 700\n" + LOOK))
    play = burglary(playbook, sources=sources)
    play >> move("acknowledge")
    play << ...
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    play >> guard("C10-1", GuardAnswer.ON_SITE)
    play << ...
    play >> step("dispatch-guard", "done", note="All is well.")
    play << ...
    assert list(play.deadlines()) == ["case/C10/welfare/C10-1"]
    play >> move("close", form=CLOSING)
    (
        play
        << """
        case.moved C10 move=close before=handling state=closed by=os:matti
        dispatch.cancelled C10 step=dispatch-guard guard=g1
        case.closed C10 disposition=user_error
        mail E15 to g1@example.invalid: Guard job C10 withdrawn: Shop S-1
        granted C10
        """
    )
    assert play.deadlines() == {"case/C10/forget": CLOSED_KEPT_S}
    assert play.station.state.folds.get("S-1|intrusion") is None
    assert play.case().disposition == "user_error"


def test_a_closed_case_is_kept_for_a_day_and_then_forgotten(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("close", form=CLOSING)
    play << ...
    play >> Due("case/C10/forget")
    play << f"-- +{CLOSED_KEPT_S:g} case/C10/forget"
    assert len(play.station.state.cases) == 0
    play >> move("reopen", form={"reason": "news"})
    play << "refused case.unknown: No case C10 is open."


def test_a_reopened_case_takes_its_signals_again(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("close", form=CLOSING)
    play << ...
    play >> move("reopen", actor=COLLEAGUE, form={"reason": "Helmi called back"})
    (
        play
        << """
        case.moved C10 move=reopen before=closed state=handling by=os:maija
        granted C10
        """
    )
    case = play.case()
    assert (case.is_open, case.owner, case.disposition, case.closed_at) == (True, "os:maija", "", None)
    play >> Panel().sia("BA", zone="4", sequence=9)
    (
        play
        << """
        joined C10 routed x/ba look P2
        reply ack
        """
    )


def test_a_reopened_case_leaves_later_signals_to_the_one_that_took_its_place(playbook: Play) -> None:
    play = burglary(playbook, "acknowledge")
    play >> move("close", form=CLOSING)
    play << ...
    play >> Panel().sia("BA", zone="3", sequence=8)
    play << ...
    play >> move("reopen", form={"reason": "news"})
    play << ...
    play >> Panel().sia("BA", zone="4", sequence=9)
    (
        play
        << """
        joined C13 routed x/ba look P2
        reply ack
        """
    )
    play >> move("close", form=CLOSING)
    play << ...
    assert play.station.state.folds["S-1|intrusion"] == "C13"


# --------------------------------------------------------------------------------------------------------------- notes


def test_notes_are_bounded(playbook: Play) -> None:
    play = burglary(playbook)

    def note(text: str) -> CaseNoted:
        return CaseNoted(at=0, case_id="C10", text=text, actor=OPERATOR)

    play >> note("  Helmi is on her way.  ")
    (
        play
        << """
        case.noted C10 by=os:matti
        granted C10
        """
    )
    for text in ("  ", "x" * (NOTE_CHARS_MAX + 1)):
        play >> note(text)
        play << f"refused case.note: A note has 1 to {NOTE_CHARS_MAX} characters."
    for number in range(NOTES_MAX - 1):
        play >> note(f"note {number}")
        play << ...
    play >> note("one too many")
    play << f"refused case.note: C10 has {NOTES_MAX} notes already; close it and open another."
    play >> CaseNoted(at=0, case_id="C11", text="?", actor=OPERATOR)
    play << "refused case.unknown: No case C11 is open."


# ----------------------------------------------------------------------------------------------- matters of their own


def test_rules_that_do_not_know_the_type_make_it_a_request(playbook: Play) -> None:
    sources = {name: text for name, text in rules().items() if "contact_check" not in name}
    call = "- {id: call, kind: call, title: {fi: S, sv: R, en: C}, recipients: keyholders, timeout_s: 300}\n"
    play = playbook(sources={**sources, "plans/look.yaml": plan("look", call + LOOK)})
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> step("call", "done", "wrong_number")
    (
        play
        << """
        call.attempted C10 step=call contact=helmi number=+358 40 555 0131 outcome=wrong_number by=os:matti
        contact.stale C10 contact=helmi attempts=1 outcome=wrong_number
        case.opened C11 type=service_request site=S-1 priority=P5
        granted C10
        """
    )
    assert play.case("C11").title == "Contact helmi cannot be reached: check the details"
