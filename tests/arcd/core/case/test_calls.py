"""Call lists (requirements 4.7): rounds, outcomes, nobody reached, evidence kept."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from arcd.core.case.calls import NUMBER_CHARS_MAX, OUTCOMES
from arcd.core.effects import SendMail
from arcd.core.facts import CaseStepRequested
from arcd.core.site import Conditioning, Contact, Hours, Site
from tests.arcd.core.case.test_steps import CALL, DUTY, VISIT, opened, standing
from tests.arcd.core.conftest import Play
from tests.playbook import CLOSING, Panel, Playbook, move, step
from tests.sites import CONTACTS, LOOK, a_centre, a_site, plan, rules

ROUNDS = CALL + DUTY + LOOK


def test_a_verified_answer_ends_the_calling(playbook: Play) -> None:
    play = opened(playbook, ROUNDS)
    play >> step("call", "done", "no_answer")
    (
        play
        << """
        call.attempted C10 step=call contact=helmi number=+358 40 555 0131 outcome=no_answer by=os:matti
        granted C10
        """
    )
    play >> step("call", "done", "answered_verified")
    (
        play
        << """
        call.attempted C10 step=call contact=onni number=+358 40 555 0133 outcome=answered_verified by=os:matti
        step.ended C10 step=call status=done by=os:matti outcome=answered_verified
        granted C10
        """
    )
    attempts = play.case().step("call").attempts  # type: ignore[union-attr]
    assert [(each.contact_id, each.outcome, each.by) for each in attempts] == [
        ("helmi", "no_answer", "os:matti"),
        ("onni", "answered_verified", "os:matti"),
    ]


@pytest.mark.parametrize("outcome", sorted(OUTCOMES - {"answered_verified"}))
def test_every_other_outcome_goes_on_for_two_rounds_and_then_to_the_branch(playbook: Play, outcome: str) -> None:
    play = opened(playbook, ROUNDS)
    for _ in range(3):
        play >> step("call", "done", outcome)
        play << ...
    assert standing(play) == {"call": "active", "duty": "pending", "finish": "active"}
    play >> step("call", "done", outcome)
    play << ...
    assert standing(play) == {"call": "failed", "duty": "active", "finish": "active"}
    attempts = play.case().step("call").attempts  # type: ignore[union-attr]
    assert [each.contact_id for each in attempts] == ["helmi", "onni"] * 2


def test_when_nobody_was_reached(playbook: Play) -> None:
    play = opened(playbook, ROUNDS)
    for _ in range(3):
        play >> step("call", "done", "busy")
        play << ...
    play >> step("call", "done", "busy")
    (
        play
        << """
        call.attempted C10 step=call contact=onni number=+358 40 555 0133 outcome=busy by=os:matti
        step.started C10 step=duty kind=call automatic=True
        person.called C10 because=duty_called mails=1
        step.ended C10 step=call status=failed by=daemon outcome=nobody_reached
        granted C10
        mail E14 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_a_call_that_reached_nobody_does_not_keep_the_case_open_for_ever(playbook: Play) -> None:
    play = opened(playbook, ROUNDS)
    play >> move("acknowledge")
    play << ...
    for _ in range(4):
        play >> step("call", "done", "busy")
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


def test_an_empty_list_is_nobody_reached(playbook: Play) -> None:
    play = playbook(sources=rules(plan("p", ROUNDS), {"BA": "p"}), sites=[a_site(keyholders=())])
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba p P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=p
        step.started C10 step=call kind=call automatic=False
        call.nobody C10 step=call list=keyholders
        step.started C10 step=finish kind=close automatic=False
        step.started C10 step=duty kind=call automatic=True
        person.called C10 because=duty_called mails=1
        step.ended C10 step=call status=failed by=daemon outcome=nobody_reached
        reply ack
        mail E10.2 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_nobody_at_all_is_noted_and_the_clocks_go_on(playbook: Play) -> None:
    sources = rules(plan("p", ROUNDS), {"BA": "p"})
    play = playbook(sources=sources, sites=[a_site(keyholders=())], centre=a_centre(on_duty=False))
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba p P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=p
        step.started C10 step=call kind=call automatic=False
        call.nobody C10 step=call list=keyholders
        step.started C10 step=finish kind=close automatic=False
        step.started C10 step=duty kind=call automatic=True
        call.nobody C10 step=duty list=on_duty
        step.ended C10 step=call status=failed by=daemon outcome=nobody_reached
        person.called C10 because=nobody_reached mails=0
        step.ended C10 step=duty status=failed by=daemon outcome=nobody_reached
        reply ack
        """
    )
    assert list(play.deadlines()) == ["case/C10/clock/acknowledge/0", "case/C10/clock/acknowledge/1"]


def test_the_list_is_the_one_that_stood_when_the_step_began(playbook: Play) -> None:
    from arcd.core.facts import DAEMON, SiteImported

    play = opened(playbook, ROUNDS)
    play >> SiteImported(at=0, site=a_site(keyholders=("onni",)), actor=DAEMON)
    play << ...
    play >> step("call", "done", "no_answer")
    (
        play
        << """
        call.attempted C10 step=call contact=helmi number=+358 40 555 0131 outcome=no_answer by=os:matti
        granted C10
        """
    )


# ----------------------------------------------------------------------------------------- who may be called, and where


OFFICE_HOURS = {day: Hours(opens=480, closes=840) for day in ("mon", "tue", "wed", "thu", "fri")}  # until 14:00
AWAY = (("2026-03-01", "2026-03-31"),)
HELMI, ONNI = CONTACTS
THIRD = Contact(id="third", name="Third", phones=("+358 40 555 0139",))


def with_people(*people: Contact, keyholders: tuple[str, ...] = ("helmi", "onni"), **site: Any) -> Site:
    return replace(a_site(keyholders=keyholders, **site), contacts=people)


def calling(playbook: Play, site: Site, steps: str = ROUNDS, **scene: Any) -> Playbook:
    play = playbook(sources=rules(plan("p", steps), {"BA": "p"}), sites=[site], **scene)
    play >> Panel().sia("BA", zone="3")
    return play


def listed(play: Playbook, step_id: str = "call") -> list[str]:
    state = play.case().step(step_id)
    assert state is not None
    return [contact.id for contact in state.call_list]


def test_who_may_not_be_called_now_is_passed_over_and_who_is_away_is_replaced(playbook: Play) -> None:
    """The playbook begins at 14:00: office hours have just ended."""
    away = replace(ONNI, away=AWAY, substitute="third")
    play = calling(playbook, with_people(replace(HELMI, available=OFFICE_HOURS), away, THIRD))
    (
        play
        << """
        opened C10 routed x/ba p P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=p
        step.started C10 step=call kind=call automatic=False
        call.not_available C10 step=call contacts=helmi, onni
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )
    assert listed(play) == ["third"]


def test_when_nobody_may_be_called_the_plan_s_branch_takes_over_at_once(playbook: Play) -> None:
    play = calling(playbook, with_people(replace(HELMI, available=OFFICE_HOURS), replace(ONNI, away=AWAY)))
    play << ...
    assert standing(play) == {"call": "failed", "duty": "active", "finish": "active"}


def test_the_last_resort_is_called_whatever_its_hours(playbook: Play) -> None:
    centre = a_centre()
    centre = replace(centre, contacts=(replace(centre.contacts[0], available={"sun": Hours(opens=0, closes=60)}),))
    play = calling(playbook, with_people(HELMI, ONNI, keyholders=()), centre=centre)
    play << ...
    assert listed(play, "duty") == ["duty"]
    assert "person.called" in [note.what for note in play.stepped.record.notes]


def test_of_several_on_duty_the_one_whose_hours_it_is_is_paged(playbook: Play) -> None:
    centre = a_centre()
    (duty,) = centre.contacts
    day = replace(duty, id="day", email="day@example.invalid", available=OFFICE_HOURS)
    night = replace(duty, id="night", email="night@example.invalid")
    centre = replace(centre, contacts=(day, night), call_lists={"on_duty": ("day", "night")})
    play = calling(playbook, with_people(HELMI, ONNI, keyholders=()), centre=centre)
    play << ...
    assert [effect.to for effect in play.effects if isinstance(effect, SendMail)] == [("night@example.invalid",)]


def test_every_number_of_a_contact_has_its_turn_and_is_evidence(playbook: Play) -> None:
    helmi = replace(HELMI, phones=("+358 40 555 0131", "+358 40 555 0132"))
    play = calling(playbook, with_people(helmi, keyholders=("helmi",)))
    play << ...
    for _ in range(2):
        play >> step("call", "done", "no_answer")
        play << ...
    state = play.case().step("call")
    assert state is not None
    assert [attempt.number for attempt in state.attempts] == list(helmi.phones)


def test_a_number_that_was_dialled_instead_is_the_one_kept(playbook: Play) -> None:
    play = opened(playbook, ROUNDS)
    play >> replace(step("call", "done", "no_answer"), number="+358 9 555 000")
    (
        play
        << """
        call.attempted C10 step=call contact=helmi number=+358 9 555 000 outcome=no_answer by=os:matti
        granted C10
        """
    )


def test_in_order_means_in_order(playbook: Play) -> None:
    play = opened(playbook, ROUNDS)
    play >> replace(step("call", "done", "no_answer"), contact_id="onni")
    play << "refused call.contact: call goes in order, and it is the turn of helmi."
    play >> replace(step("call", "done", "no_answer"), contact_id="nobody")
    play << "refused call.contact: Say who was called, one of: helmi, onni."
    play >> replace(step("call", "done", "no_answer"), number="1" * (NUMBER_CHARS_MAX + 1))
    play << f"refused call.number: A number has at most {NUMBER_CHARS_MAX} characters."


def test_side_by_side_anybody_answers_and_everybody_has_as_many_rounds(playbook: Play) -> None:
    play = opened(playbook, ROUNDS.replace("recipients: keyholders", "recipients: keyholders, strategy: parallel"))
    play >> step("call", "done", "no_answer")
    play << "refused call.contact: Say who was called, one of: helmi, onni."
    for contact in ("onni", "onni", "helmi"):
        play >> replace(step("call", "done", "no_answer"), contact_id=contact)
        play << ...
    assert standing(play)["call"] == "active", "helmi has had one round"
    play >> replace(step("call", "done", "voicemail"), contact_id="helmi")
    play << ...
    assert standing(play)["call"] == "failed"


# ----------------------------------------------------------------------------------------------------- stale contacts


def nights(playbook: Play, outcomes: list[str]) -> Playbook:
    """One list of one contact, tried again and again in one case after the other."""
    play = calling(playbook, with_people(HELMI, keyholders=("helmi",)))
    play << ...
    case_id = "C10"
    for outcome in outcomes:
        case = play.case(case_id)
        state = case.step("call")
        assert state is not None
        if state.status.value == "failed":
            play >> move("acknowledge", case_id=case_id)
            play << ...
            play >> move("close", case_id=case_id, form=CLOSING)
            play << ...
            play >> Panel().sia("BA", zone="3", sequence=play._seq)
            play << ...
            case_id = f"C{play._seq}"
        play >> step("call", "done", outcome, case_id=case_id)
        play << ...
    return play


def checks(play: Playbook) -> list[str]:
    return [case.title for case in play.station.state.cases.values() if case.type == "contact_check"]


def test_a_contact_who_never_answers_is_a_task_once(playbook: Play) -> None:
    play = nights(playbook, ["no_answer", "busy", "voicemail"])
    assert checks(play) == []
    play = nights(playbook, ["no_answer", "busy", "voicemail", "no_answer", "no_answer", "no_answer"])
    assert checks(play) == ["Contact helmi cannot be reached: check the details"]
    assert play.station.state.silent_calls["S-1/helmi"] == 6


def test_an_answer_begins_the_count_anew(playbook: Play) -> None:
    play = nights(playbook, ["no_answer", "no_answer", "no_answer", "answered_not_verified", "no_answer", "no_answer"])
    assert checks(play) == []
    assert play.station.state.silent_calls["S-1/helmi"] == 2


def test_a_wrong_number_is_a_task_at_once(playbook: Play) -> None:
    play = nights(playbook, ["wrong_number"])
    assert checks(play) == ["Contact helmi cannot be reached: check the details"]
    (check,) = (case for case in play.station.state.cases.values() if case.type == "contact_check")
    assert (check.priority, check.site_id, check.fold_key) == ("P5", "S-1", "S-1|contact_stale|helmi")
    assert set(play.station.deadlines.of(f"case/{check.id}")) == {
        f"case/{check.id}/clock/check/0", f"case/{check.id}/clock/check/1",
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------ two numbers at a home


def home(playbook: Play, code: str = "BA", **site: Any) -> Playbook:
    play = playbook(
        sources=rules(plan("p", CALL + VISIT + DUTY + LOOK), {"BA": "p", "TA": "p"}),
        sites=[replace(a_site(kind=site.pop("kind", "home")), **site)],
    )
    play >> Panel().sia(code, zone="3")
    play << ...
    return play


def send(play: Playbook, note: str = "") -> CaseStepRequested:
    return step("visit", "start", note=note, seen_version=play.case().version)


def test_a_home_is_called_at_two_numbers_before_a_guard_is_sent(playbook: Play) -> None:
    play = home(playbook)
    play >> send(play)
    play << (
        "refused call.numbers: An unconfirmed alarm at a home: 2 numbers are called before a guard is sent, "
        "and 0 were so far. Call, or give a reason."
    )
    play >> step("call", "done", "no_answer")
    play << ...
    play >> send(play)
    play << (
        "refused call.numbers: An unconfirmed alarm at a home: 2 numbers are called before a guard is sent, "
        "and 1 was so far. Call, or give a reason."
    )
    play >> step("call", "done", "voicemail")
    play << ...
    play >> send(play)
    play << ...
    assert len(play.case().dispatches) == 1


def test_the_same_number_twice_is_one(playbook: Play) -> None:
    play = home(playbook)
    for _ in range(2):
        play >> replace(step("call", "done", "no_answer"), number="+358 40 555 0131")
        play << ...
    play >> send(play)
    (refused,) = play._outstanding
    assert "1 was so far" in refused
    play << ...


@pytest.mark.parametrize(
    "why", ["shop", "off", "one_number", "no_numbers", "answered", "reason", "confirmed"],
)  # fmt: skip
def test_where_the_rule_does_not_hold(playbook: Play, why: str) -> None:
    site: dict[str, Any] = {}
    match why:
        case "shop":
            site["kind"] = "shop"
        case "off":
            site["calls_before_dispatch"] = 0
        case "one_number":
            site["contacts"] = (HELMI, replace(ONNI, phones=HELMI.phones))
        case "no_numbers":
            site["contacts"] = (replace(HELMI, phones=()), replace(ONNI, phones=()))
        case "confirmed":
            site["conditioning"] = Conditioning(unset_filter_s=0.0)
    play = home(playbook, **site)
    if why == "one_number":
        play >> step("call", "done", "no_answer")
        play << ...
    if why == "answered":
        play >> step("call", "done", "answered_verified")
        play << ...
    if why == "confirmed":
        play >> Panel().sia("BA", zone="4", area="2", sequence=77)
        play << ...
        assert play.case().verification == 2
    play >> send(play, "A neighbour saw a man at the window." if why == "reason" else "")
    play << ...
    assert len(play.case().dispatches) == 1
