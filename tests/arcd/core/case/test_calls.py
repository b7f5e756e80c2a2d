"""Call lists (requirements 4.7): rounds, outcomes, nobody reached, evidence kept."""

from __future__ import annotations

import pytest

from arcd.core.case.calls import OUTCOMES
from tests.arcd.core.case.test_steps import CALL, DUTY, opened, standing
from tests.arcd.core.conftest import Play
from tests.playbook import CLOSING, Panel, move, step
from tests.sites import LOOK, a_centre, a_site, plan, rules

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
