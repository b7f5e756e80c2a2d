"""Telling an authority, and what happens when it is silent: message, one resend, "call by phone now".

One rule: the machine channel never delays the person. Whatever goes wrong with a message ends in a telephone task that
stays open, and calls again, until somebody has settled it.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.authority import gate, words
from arcd.core.case.authority.message import alert_of
from arcd.core.case.authority.model import (
    MESSAGES_MAX,
    PHONE_TASKS_MAX,
    AuthorityNotification,
    AuthorityStatus,
    Check,
    CheckResult,
    PhoneTask,
    Purpose,
    SentMessage,
)
from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.case.casebook import call_for_person
from arcd.core.case.continuing import StepEnded
from arcd.core.case.model import SETTLED, Case, StepStatus
from arcd.core.delivery import ask_for, withdraw
from arcd.core.effects import SendAlert
from arcd.core.facts import EffectOutcome
from arcd.core.site import Site
from arcd.core.state import Machine
from arcd.core.turn import Turn, text_in
from rules.model import Step, StepKind

CALL_AGAIN_S = 60.0  # an open telephone task calls for a person this often

S = AuthorityStatus


def policy_of(turn: Turn) -> EscalationPolicy:
    return (turn.state.machine.get("machine") or Machine()).escalation


def prepare(turn: Turn, case: Case, step: Step) -> Case:
    """The plan has come to a step that tells an authority. By itself it goes on only for life safety, and only where
    nothing asks for an operator's word first."""
    notification = case.authority
    if notification is not None and notification.is_told:
        turn.note("authority.reported_already", case.id, step=step.id, status=notification.status)
        return _steps_follow(turn, case)
    policy = policy_of(turn)
    checks = gate.checks(turn, case, policy, by_operator=False)
    note_checks(turn, case, checks)
    passed = all(check.result is CheckResult.PASSED for check in checks)
    notification = AuthorityNotification(
        created_at=turn.at,
        status=S.CREATED if passed else S.GATED,
        step_id=step.id,
        recipients=step.recipients,
        checks=checks,
    )
    turn.note("authority.created", case.id, step=step.id, connector=policy.connector, passed=passed)
    case = replace(case, authority=notification)
    if not gate.is_life_safety(case):
        return case  # an operator decides
    if not passed:
        return call_for_person(turn, case, "authority_confirm", checks=asking(checks))
    if not policy.is_machine:
        return call_by_phone(turn, replace(case, authority=replace(notification, status=S.CALLING)), "life_safety")
    return _send_first(turn, case, policy, "") if step.automatic else case


def note_checks(turn: Turn, case: Case, checks: tuple[Check, ...]) -> None:
    for check in checks:
        turn.note("authority.check", case.id, name=check.name, result=check.result, because=check.because)


def asking(checks: tuple[Check, ...]) -> str:
    return ", ".join(check.name for check in checks if check.result is CheckResult.CONFIRM)


def begin(turn: Turn, case: Case, notification: AuthorityNotification, text: str) -> Case:
    """An operator has decided to tell, and the gate lets them."""
    policy = policy_of(turn)
    if notification.is_told:  # told before and cancelled: there is one Alert a case, so the rest is a person's
        case = replace(case, authority=replace(notification, status=S.CALLING))
        return call_by_phone(turn, case, "reported_cancelled", text=text)
    case = replace(case, authority=notification)
    if policy.is_machine:
        return _send_first(turn, case, policy, text)
    case = replace(case, authority=replace(notification, status=S.CALLING, told_level=gate.level_of(case)))
    return call_by_phone(turn, case, "asked", text=text)


def _send_first(turn: Turn, case: Case, policy: EscalationPolicy, text: str) -> Case:
    notification = case.authority
    assert notification is not None
    site = turn.state.sites.get(case.site_id)
    actual = _is_actual(turn, case, site, policy)
    case = replace(case, authority=replace(notification, status=S.SENT, actual=actual))
    case = send(turn, case, Purpose.NOTIFY, text)
    # Whatever a machine answers to an exercise, nobody has been alerted.
    return case if actual else call_by_phone(turn, case, "exercise", text=text)


def _is_actual(turn: Turn, case: Case, site: Site | None, policy: EscalationPolicy) -> bool:
    """requirements 3.3: only where the settings, the site's consent and the matter itself all say so."""
    if not policy.actual or site is None or not site.erc_actual or gate.is_on_test(turn, case):
        return False
    return site.id in policy.actual_sites or "*" in policy.actual_sites


def send(turn: Turn, case: Case, purpose: Purpose, text: str) -> Case:
    notification = case.authority
    assert notification is not None
    if purpose is not Purpose.NOTIFY and len(notification.messages) >= MESSAGES_MAX:
        return call_by_phone(turn, case, purpose.value, purpose=purpose, text=text)
    policy = policy_of(turn)
    alert = alert_of(turn, case, notification, policy, purpose, text)
    effect = SendAlert(id=turn.new_id("E"), message=alert, case_id=case.id)
    ask_for(turn, effect)
    turn.note("authority.sent", case.id, identifier=alert.identifier, type=alert.msg_type, status=alert.status)
    sent = SentMessage(alert=alert, purpose=purpose, effect_ids=(effect.id,))
    notification = replace(notification, messages=(*notification.messages, sent), told_level=gate.level_of(case))
    if purpose is not Purpose.UPDATE:  # news may go unanswered; that something begins or ends may not
        notification = replace(notification, awaiting=alert.identifier)
        turn.deadlines.set(f"case/{case.id}/authority/resend", turn.after(policy.response_timeout_s))
        turn.deadlines.set(f"case/{case.id}/authority/phone", turn.after(policy.phone_after_s))
    return replace(case, authority=notification)


# ------------------------------------------------------------------------------------------------ silence and failures


def on_deadline(turn: Turn, case: Case, what: str) -> Case:
    notification = case.authority
    assert notification is not None, "a deadline of an authority that nobody told"
    match what:
        case "resend":
            return _resend(turn, case, notification)
        case "phone":
            return _unanswered(turn, case, "no_answer")
        case _:
            assert what == "again", what
            task = notification.open_phone
            if task is None:
                return case
            turn.deadlines.set(f"case/{case.id}/authority/again", turn.after(CALL_AGAIN_S))
            return call_for_person(turn, case, "authority_phone", why=phone_reason(turn, task))


def _resend(turn: Turn, case: Case, notification: AuthorityNotification) -> Case:
    """Once, and the very same message: whoever got the first one knows it again by its identifier."""
    message = notification.message(notification.awaiting)
    if message is None:
        return case
    if any(effect_id in turn.state.pending for effect_id in message.effect_ids):
        turn.note("authority.still_sending", case.id, identifier=message.alert.identifier)
        return case  # it has not got through yet, and is being repeated anyway
    effect = SendAlert(id=turn.new_id("E"), message=message.alert, case_id=case.id)
    ask_for(turn, effect)
    turn.note("authority.resent", case.id, identifier=message.alert.identifier)
    return put_message(case, replace(message, effect_ids=(*message.effect_ids, effect.id)))


def on_effect_settled(turn: Turn, case: Case, effect: SendAlert, outcome: EffectOutcome) -> Case:
    notification = case.authority
    message = notification.message(effect.message.identifier) if notification is not None else None
    if notification is None or message is None:
        return case
    if outcome is EffectOutcome.DELIVERED:
        return put_message(case, replace(message, delivered_at=message.delivered_at or turn.at))
    if message.delivered_at is not None or message.answer:
        return case  # the resend of one that had got through
    turn.note("authority.undelivered", case.id, identifier=message.alert.identifier)
    case = put_message(case, replace(message, answer="undelivered"))
    if notification.awaiting == message.alert.identifier:
        return _unanswered(turn, case, "undelivered")
    return call_by_phone(turn, case, "undelivered", purpose=message.purpose, text=message.alert.note)


def _unanswered(turn: Turn, case: Case, because: str) -> Case:
    notification = case.authority
    assert notification is not None
    message = notification.message(notification.awaiting)
    if message is None:
        return case
    status = S.NO_ANSWER if message.purpose is Purpose.NOTIFY else notification.status
    turn.note("authority.unanswered", case.id, because=because, identifier=message.alert.identifier)
    case = replace(case, authority=replace(notification, status=status))
    if because == "undelivered":
        stop_waiting(turn, case.id)
    return call_by_phone(turn, case, because, purpose=message.purpose, text=message.alert.note)


def stop_waiting(turn: Turn, case_id: str) -> None:
    for what in ("resend", "phone"):
        turn.deadlines.clear(f"case/{case_id}/authority/{what}")


# ---------------------------------------------------------------------------------------------------- the telephone


def call_by_phone(turn: Turn, case: Case, because: str, *, purpose: Purpose = Purpose.NOTIFY, text: str = "") -> Case:
    """A person is to call now. One task at a time: what comes while it is open is told in the same call."""
    notification = case.authority
    assert notification is not None
    task = notification.open_phone
    if task is not None:
        joined = "\n".join(part for part in (task.text, text) if part and part not in task.text.splitlines())
        wider = replace(task, text=joined or task.text)
        # A call that was to give news becomes one that reports, or one that ends it.
        if purpose is not Purpose.UPDATE and task.purpose is Purpose.UPDATE:
            wider = replace(wider, purpose=purpose, because=because)
        phone = (*notification.phone[:-1], wider)
    else:
        wider = PhoneTask(asked_at=turn.at, purpose=purpose, because=because, text=text)
        phone = (*notification.phone[1 - PHONE_TASKS_MAX :], wider)
    turn.note("authority.phone", case.id, because=because, purpose=purpose)
    turn.deadlines.set(f"case/{case.id}/authority/again", turn.after(CALL_AGAIN_S))
    case = replace(case, authority=replace(notification, phone=phone))
    return call_for_person(turn, case, "authority_phone", why=phone_reason(turn, wider))


def phone_reason(turn: Turn, task: PhoneTask) -> str:
    return text_in(words.PHONE_BECAUSE[task.because], turn.centre.language)


def settle_phone(turn: Turn, case: Case, how: str, task: PhoneTask | None = None) -> Case:
    """The open task is done with; `task` holds it with the call that did it."""
    notification = case.authority
    assert notification is not None
    settled = task or notification.open_phone
    if settled is None:
        return case
    turn.deadlines.clear(f"case/{case.id}/authority/again")
    turn.note("authority.phone_settled", case.id, how=how, purpose=settled.purpose)
    settled = replace(settled, settled_at=turn.at, settled_how=how)
    return replace(case, authority=replace(notification, phone=(*notification.phone[:-1], settled)))


# ------------------------------------------------------------------------------------------------------ the plan's end


def was_called(notification: AuthorityNotification) -> bool:
    return any(task.settled_how == "called" for task in notification.phone)


def accepted(turn: Turn, case: Case, status: AuthorityStatus = AuthorityStatus.ACCEPTED) -> Case:
    """The authority has heard it: nothing is waited for, nothing needs to be called, the plan goes on."""
    notification = case.authority
    assert notification is not None
    stop_waiting(turn, case.id)
    case = replace(case, authority=replace(notification, status=status, awaiting=""))
    return _steps_follow(turn, case)


def _steps_follow(turn: Turn, case: Case) -> Case:
    """Steps of the plan that tell an authority are done when it has accepted, by whichever of them it was told."""
    notification = case.authority
    if notification is None or case.plan is None or not is_answered(notification):
        return case
    for step in case.plan.steps:
        state = case.step(step.id)
        if step.kind is not StepKind.NOTIFY_AUTHORITY or state is None:
            continue
        if state.status in SETTLED or state.status is StepStatus.PENDING:
            continue
        outcome = notification.reference or notification.status.value
        turn.agenda.append(
            StepEnded(case_id=case.id, step_id=step.id, status=StepStatus.DONE, by="authority", outcome=outcome)
        )
    return case


def is_answered(notification: AuthorityNotification) -> bool:
    """Somebody who can act has it: by an actual message accepted, or a call in which it was taken (or refused)."""
    if was_called(notification):
        return True
    first = notification.first
    return notification.actual and first is not None and first.answer == "accepted"


def put_message(case: Case, message: SentMessage) -> Case:
    notification = case.authority
    assert notification is not None
    messages = tuple(
        message if old.alert.identifier == message.alert.identifier else old for old in notification.messages
    )
    return replace(case, authority=replace(notification, messages=messages))


def give_up_step(turn: Turn, case: Case, by: str) -> Case:
    """An operator reasons the step away: what was only prepared, or was to be called, is dropped with it."""
    notification = case.authority
    if notification is None:
        return case
    case = settle_phone(turn, case, "skipped")
    notification = case.authority or notification
    if not notification.messages and not was_called(notification):
        turn.note("authority.dropped", case.id, by=by)
        case = replace(case, authority=replace(notification, status=S.CLOSED))
    return case


def on_close(turn: Turn, case: Case) -> Case:
    """The case ends: nothing of it is sent any more."""
    notification = case.authority
    if notification is None:
        return case
    for message in notification.messages:
        for effect_id in message.effect_ids:
            if message.purpose is not Purpose.CANCEL:
                withdraw(turn, effect_id)
    case = settle_phone(turn, case, "closed")
    notification = case.authority or notification
    return replace(case, authority=replace(notification, status=S.CLOSED, awaiting=""))


def closing_problem(case: Case, form: dict[str, str]) -> str | None:
    """Why a case may not be closed yet."""
    notification = case.authority
    if notification is None:
        return None
    if notification.open_phone is not None:
        return f"The authority is still to be called: record the call with arcctl case authority {case.id} answer."
    disposition = form.get("disposition") or case.form.get("disposition", "")
    if disposition in NOTHING_HAPPENED and notification.is_told and notification.status is not S.CANCELLED:
        return f"The authority has been told that this is real: tell it first, arcctl case authority {case.id} cancel."
    return None


# Dispositions of rules/cases/alarm.yaml under which nobody needs to come.
NOTHING_HAPPENED = frozenset({"user_error", "cancelled", "test"})
