"""The life of a notification: sent, silent, answered late, told more, ended; what an operator sees of it."""

from __future__ import annotations

import pytest

from arcd.core.case.authority.model import AuthorityStatus, Purpose
from arcd.core.case.authority.notifying import CALL_AGAIN_S
from arcd.core.case.model import StepStatus
from arcd.core.facts import EffectOutcome, FlagKind, FlagStartRequested, Scope
from protocols.cap.message import MsgType, Status
from protocols.signals import Category
from tests.arcd.core.case.authority.scene import (
    EXERCISE,
    MACHINE,
    PHONE,
    Play,
    a_told_site,
    answer,
    ask,
    begin,
    call,
    deliver,
    notes,
    panel_says,
    sent,
    told,
)
from tests.playbook import CLOSING, NS, OPERATOR, After, Playbook, move, step

S = AuthorityStatus


def test_life_safety_is_told_at_once_and_the_plan_goes_on_when_it_is_accepted(playbook: Play) -> None:
    play = begin(playbook, "HA")
    notification = told(play)
    assert (notification.status, notification.actual) == (S.SENT, True)
    (alert,) = sent(play)
    assert (alert.msg_type, alert.status, alert.incidents) == (MsgType.ALERT, Status.ACTUAL, ("C11",))
    deliver(play)
    play >> answer(alert)
    (
        play
        << """
        authority.answer C11 kind=accepted identifier=psap-1 text=cfs=2026-1
        step.ended C11 step=notify-erc status=done by=authority outcome=2026-1
        granted C11
    """
    )
    assert (told(play).status, told(play).reference) == (S.ACCEPTED, "2026-1")
    assert not [key for key in play.deadlines() if "authority" in key]


def test_silence_is_one_resend_and_then_a_call_for_the_telephone(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play)
    play >> After(29.9) << ...
    assert len(sent(play)) == 1
    play >> After(0.1) << ...
    first, second = sent(play)
    assert first == second, "the very same message"
    deliver(play)
    play >> After(29.9) << ...
    assert told(play).open_phone is None
    attention = play.case("C11").attention
    play >> After(0.1) << ...
    assert (told(play).status, told(play).open_phone is not None) == (S.NO_ANSWER, True)
    assert play.case("C11").attention > attention
    assert len(sent(play)) == 2, "one resend"


def test_the_telephone_calls_again_until_somebody_has_called(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play)
    play >> After(60) << ...
    for _ in range(3):
        attention = play.case("C11").attention
        play >> After(CALL_AGAIN_S) << ...
        assert play.case("C11").attention > attention
    play >> call("no_answer", reference="", person="") << ...
    assert told(play).open_phone is not None, "nobody was reached"
    play >> call() << ...
    assert (told(play).status, told(play).reference, told(play).open_phone) == (S.ACCEPTED, "P-77", None)
    state = play.case("C11").step("notify-erc")
    assert state is not None
    assert (state.status, state.outcome) == (StepStatus.DONE, "P-77")


def test_a_late_answer_settles_the_telephone(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play)
    play >> After(90) << ...
    play >> answer(sent(play)[0]) << ...
    assert (told(play).status, told(play).open_phone) == (S.ACCEPTED, None)
    assert told(play).phone[-1].settled_how == "answered"


def test_a_late_answer_after_the_call_is_said_to_be_the_same_event(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play)
    play >> After(60) << ...
    play >> call(reference="P-77") << ...
    play >> answer(sent(play)[0], note="ACCEPTED;cfs=2026-1") << ...
    update = sent(play)[-1]
    assert update.msg_type is MsgType.UPDATE
    assert "P-77" in update.note
    assert update.references == (sent(play)[0].reference,)
    assert told(play).reference == "P-77"


def test_what_has_not_got_through_when_somebody_has_called_is_not_sent_any_more(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play, EffectOutcome.FAILED)
    play >> After(1) << ...
    play >> call() << ...
    assert not [effect for effect in play.station.state.pending.values() if effect.effect.case_id == "C11"]


@pytest.mark.parametrize("what", [EffectOutcome.REFUSED])
def test_a_message_that_cannot_be_delivered_calls_for_the_telephone_at_once(
    playbook: Play, what: EffectOutcome
) -> None:
    play = begin(playbook, "HA")
    deliver(play, what)
    assert (told(play).status, told(play).messages[0].answer) == (S.NO_ANSWER, "undelivered")
    task = told(play).open_phone
    assert task is not None
    assert task.because == "undelivered"


def test_a_line_that_is_down_does_not_delay_the_person(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play, EffectOutcome.FAILED)
    for _ in range(20):
        if told(play).open_phone is not None:
            break
        play >> After(3) << ...
        if any(not pending.waiting for pending in play.station.state.pending.values()):
            deliver(play, EffectOutcome.FAILED)
    assert told(play).open_phone is not None
    assert (play.now - play.case("C11").opened_at) / NS <= 60
    assert "authority.still_sending" in [note.what for _, stepped in play.history for note in stepped.record.notes], (
        "no second message beside one that is still being repeated"
    )


def test_a_rejection_is_a_call_at_once(playbook: Play) -> None:
    play = begin(playbook, "HA")
    deliver(play)
    play >> answer(sent(play)[0], MsgType.ERROR, "REJECTED;reason=invalid address")
    (
        play
        << """
        authority.answer C11 kind=rejected identifier=psap-1 text=reason=invalid address
        authority.phone C11 because=rejected purpose=notify
        person.called C11 because=authority_phone mails=1 why=the authority's system rejected the report
        mail E13 to duty@example.invalid: On duty: case C11 (P0) is waiting for a person
        granted C11
    """
    )
    assert (told(play).status, told(play).rejected_because) == (S.REJECTED, "invalid address")
    assert not [key for key in play.deadlines() if key.endswith(("authority/resend", "authority/phone"))]


# ------------------------------------------------------------------------------------------------- without a machine


def test_with_the_telephone_alone_life_safety_calls_at_once(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    assert (told(play).status, sent(play)) == (S.CALLING, [])
    task = told(play).open_phone
    assert task is not None
    assert (task.because, task.purpose) == ("life_safety", Purpose.NOTIFY)
    play >> call("rejected") << ...
    assert (told(play).status, told(play).open_phone) == (S.REJECTED, None)


def test_an_exercise_alerts_nobody_so_somebody_calls(playbook: Play) -> None:
    play = begin(playbook, "HA", policy=EXERCISE)
    (alert,) = sent(play)
    assert alert.status is Status.EXERCISE
    assert alert.infos[0].event.startswith("EXERCISE"), "the text says so too"
    task = told(play).open_phone
    assert task is not None
    assert task.because == "exercise"
    deliver(play)
    play >> answer(alert) << ...
    assert told(play).open_phone is not None, "whatever a machine says to an exercise"
    state = play.case("C11").step("notify-erc")
    assert state is not None
    assert state.status is StepStatus.ACTIVE


@pytest.mark.parametrize(
    ("settings", "listed", "consent", "expected"),
    [
        (True, ("S-1",), True, Status.ACTUAL),
        (True, ("*",), True, Status.ACTUAL),
        (False, ("S-1",), True, Status.EXERCISE),
        (True, (), True, Status.EXERCISE),
        (True, ("S-2",), True, Status.EXERCISE),
        (True, ("S-1",), False, Status.EXERCISE),
    ],
)
def test_actual_needs_everybody_to_say_so(
    playbook: Play, settings: bool, listed: tuple[str, ...], consent: bool, expected: Status
) -> None:
    policy = type(MACHINE)(connector=MACHINE.connector, sender="arc.example", actual=settings, actual_sites=listed)
    play = begin(playbook, "HA", policy=policy, site=a_told_site(actual=consent))
    assert sent(play)[0].status is expected


def on_test(play: Playbook, *categories: Category) -> Playbook:
    return (
        play
        >> FlagStartRequested(
            at=0,
            kind=FlagKind.ON_TEST,
            site_id="S-1",
            scope=Scope(categories=categories),
            until=play.now + 3600 * NS,
            reason="Test",
            actor=OPERATOR,
            verified_how="operator",
        )
        << ...
    )


def test_what_may_be_a_test_is_never_actual(playbook: Play) -> None:
    play = begin(playbook, "HA", automatic=False)
    on_test(play, Category.HOLDUP)
    play >> ask("notify") << ...
    assert sent(play) == [], "it asks first"
    play >> ask("notify", reason="This one is real") << ...
    assert sent(play)[0].status is Status.EXERCISE
    assert told(play).open_phone is not None


# ------------------------------------------------------------------------------------------------------- the plan's end


def test_the_step_is_done_by_the_answer_and_by_nothing_else(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> step("notify-erc", "done", case_id="C11")
    play << (
        "refused step.authority: This step is done when the authority has answered: "
        "arcctl case authority C11 notify, then answer."
    )


def test_a_step_reasoned_away_takes_its_call_with_it(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> step("notify-erc", "skip", case_id="C11", note="The fire brigade is standing here") << ...
    assert (told(play).status, told(play).open_phone) == (S.CLOSED, None)
    assert not [key for key in play.deadlines() if "authority" in key]


def test_no_case_closes_over_an_open_call_or_a_wrong_belief(playbook: Play) -> None:
    play = begin(playbook, "FA", policy=PHONE)
    play >> move("acknowledge", case_id="C11") << ...
    play >> move("close", case_id="C11", form=CLOSING)
    play << (
        "refused gate.mandatory_steps: The authority is still to be called: "
        "record the call with arcctl case authority C11 answer."
    )
    play >> call() << ...
    play >> move("close", case_id="C11", form=CLOSING)
    play << (
        "refused gate.mandatory_steps: The authority has been told that this is real: "
        "tell it first, arcctl case authority C11 cancel."
    )
    play >> ask("cancel", reason="User error") << ...
    play >> call() << ...
    play >> move("close", case_id="C11", form=CLOSING) << ...
    assert (play.case("C11").is_open, told(play).status) == (False, S.CLOSED)


def test_a_second_step_of_the_plan_tells_nobody_twice(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> panel_says("HA", "4", sequence=2) << ...
    play >> panel_says("FA", "4", sequence=3) << ...
    alerts = [alert for alert in sent(play) if alert.incidents == ("C11",)]
    assert [alert.msg_type for alert in alerts] == [MsgType.ALERT]


def test_faults_are_told_to_nobody(playbook: Play) -> None:
    play = begin(playbook, "YC")
    assert told(play).status is S.GATED
    play >> ask("notify", reason="please") << ...
    assert notes(play, "refused") == ["refused"]
    assert sent(play) == []
