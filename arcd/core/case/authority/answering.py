"""What operators ask for and record about a notification, and what the authority's machine answers.

One rule: a call that was made is recorded whatever the gate thinks of it; an answer of a machine is taken once, in the
order in which it was given, and only for a message of ours.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core import troubles
from arcd.core.case.authority import gate, words
from arcd.core.case.authority.following import tell
from arcd.core.case.authority.model import (
    CALLS_MAX,
    NEWS_MAX,
    SEEN_MAX,
    AuthorityNotification,
    AuthorityStatus,
    CheckResult,
    News,
    PhoneCall,
    PhoneTask,
    Purpose,
    SentMessage,
)
from arcd.core.case.authority.notifying import (
    accepted,
    asking,
    begin,
    call_by_phone,
    is_answered,
    note_checks,
    policy_of,
    put_message,
    settle_phone,
    stop_waiting,
    was_called,
)
from arcd.core.case.casebook import call_for_person, save
from arcd.core.case.model import Case
from arcd.core.delivery import withdraw
from arcd.core.facts import (
    AuthorityAction,
    AuthorityAnswered,
    AuthorityCalled,
    AuthorityRequested,
    AuthorityUnreadable,
    CallAnswer,
)
from arcd.core.turn import NS, Turn, text_in
from protocols.cap.message import Alert, MsgType, Status
from protocols.cap.profile import parse_time

REASON_CHARS_MAX = 500
TEXT_CHARS_MAX = 2000
FIELD_CHARS_MAX = 200
LEVEL_MAX = 4  # TMA-AVS-01, requirements 2.5

S = AuthorityStatus
Refusal = tuple[str, str]


# --------------------------------------------------------------------------------------------------- what operators ask


def request(turn: Turn, fact: AuthorityRequested) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    if fact.seen_version and fact.seen_version != case.version:
        return turn.refuse("step.lock", f"{case.id} has changed since you looked (version {case.version}); look again.")
    if len(fact.reason) > REASON_CHARS_MAX or len(fact.text) > TEXT_CHARS_MAX:
        most = f"a reason at most {REASON_CHARS_MAX} characters, a text {TEXT_CHARS_MAX}"
        return turn.refuse("authority.length", f"Say it shorter: {most}.")
    match fact.action:
        case AuthorityAction.NOTIFY:
            done = _notify(turn, case, fact)
        case AuthorityAction.UPDATE:
            done = _update(turn, case, fact)
        case AuthorityAction.CANCEL:
            done = _cancel(turn, case, fact)
        case AuthorityAction.LEVEL:
            done = _level(turn, case, fact)
    if isinstance(done, tuple):
        return turn.refuse(*done)
    save(turn, _acknowledged(turn, done, fact.actor.id))
    return turn.grant(case.id)


def _acknowledged(turn: Turn, case: Case, by: str) -> Case:
    if case.acknowledged_at is not None:
        return case
    return replace(case, acknowledged_at=turn.at, acknowledged_by=by)


def _notify(turn: Turn, case: Case, fact: AuthorityRequested) -> Case | Refusal:
    language = turn.centre.language
    checks = gate.checks(turn, case, policy_of(turn), news=fact.text, by_operator=True)
    note_checks(turn, case, checks)
    refused = next((check for check in checks if check.result is CheckResult.REFUSED), None)
    if refused is not None:
        return f"gate.{refused.name}", f"{_sentence(refused.because, language)}."
    confirm = [check for check in checks if check.result is CheckResult.CONFIRM]
    if confirm and not fact.reason.strip():
        told = "; ".join(_sentence(check.because, language) for check in confirm)
        return "gate.confirm", f"Confirm with a reason (--reason): {told}."
    notification = case.authority or AuthorityNotification(created_at=turn.at)
    notification = replace(notification, checks=checks)
    if confirm:
        turn.note("authority.override", case.id, checks=asking(checks), by=fact.actor.id, reason=fact.reason)
        notification = replace(notification, override_reason=fact.reason, overridden_by=fact.actor.id)
    if gate.level_of(case) == 0:  # life is at stake, and the reason is why it is not nothing after all
        turn.note("case.verification", case.id, level=gate.LEVEL_LIFE_SAFETY, before=0, by=fact.actor.id)
        case = replace(case, verification=gate.LEVEL_LIFE_SAFETY, verified_by=fact.actor.id)
    turn.note("authority.decided", case.id, by=fact.actor.id)
    return begin(turn, case, notification, fact.text)


def _sentence(because: str, language: str) -> str:
    text = text_in(words.BECAUSE[because], language)
    return text[:1].upper() + text[1:]


def _update(turn: Turn, case: Case, fact: AuthorityRequested) -> Case | Refusal:
    notification = case.authority
    if notification is None or not notification.is_told:
        return "authority.not_told", "The authority has not been told yet; use notify."
    if notification.status is S.CANCELLED:
        return "authority.cancelled", "It was cancelled; notify again, with the reason."
    if not fact.text.strip():
        return "authority.text", "Say what is new (--text)."
    turn.note("authority.update", case.id, by=fact.actor.id)
    return tell(turn, case, Purpose.UPDATE, fact.text)


def _cancel(turn: Turn, case: Case, fact: AuthorityRequested) -> Case | Refusal:
    notification = case.authority
    if notification is None or not notification.is_told:
        return "authority.not_told", "The authority has not been told, so there is nothing to cancel."
    if notification.status is S.CANCELLED:
        return "authority.cancelled", "It is cancelled already."
    if not fact.reason.strip():
        return "authority.reason", "Say why it is cancelled (--reason)."
    turn.note("authority.cancel", case.id, by=fact.actor.id, reason=fact.reason)
    return tell(turn, case, Purpose.CANCEL, fact.reason)


def _level(turn: Turn, case: Case, fact: AuthorityRequested) -> Case | Refusal:
    """An operator is the final arbiter of the verification level (requirements 2.5). What follows from it for an
    authority that has been told, `notifying.keep_up` does."""
    if fact.level is None or not 0 <= fact.level <= LEVEL_MAX:
        return "authority.level", f"A verification level is 0 to {LEVEL_MAX}."
    if not fact.reason.strip():
        return "authority.reason", "Say why (--reason)."
    turn.note("case.verification", case.id, level=fact.level, before=case.verification, by=fact.actor.id)
    return replace(case, verification=fact.level, verified_by=fact.actor.id)


# ------------------------------------------------------------------------------------------------ what operators record


def called(turn: Turn, fact: AuthorityCalled) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    missing = _missing(fact)
    if missing:
        return turn.refuse("authority.fields", f"Still to be filled in: {', '.join(missing)}.")
    if any(len(text) > FIELD_CHARS_MAX for text in (fact.authority, fact.number, fact.person, fact.reference)):
        return turn.refuse("authority.length", f"A field has at most {FIELD_CHARS_MAX} characters.")
    if len(fact.note) > TEXT_CHARS_MAX:
        return turn.refuse("authority.length", f"A note has at most {TEXT_CHARS_MAX} characters.")
    # A case may lie in the future of a clock that was set back; its call is still made now.
    earliest = min(case.opened_at, turn.at)
    if not earliest - 60 * NS <= fact.called_at <= turn.at + 60 * NS:
        return turn.refuse("authority.called_at", "The call lies between the opening of the case and now.")
    save(turn, _acknowledged(turn, _record_call(turn, case, fact), fact.actor.id))
    return turn.grant(case.id)


def _missing(fact: AuthorityCalled) -> list[str]:
    named = {"authority": fact.authority, "number": fact.number}
    if fact.answer in (CallAnswer.ACCEPTED, CallAnswer.REJECTED):
        named["person"] = fact.person
    if fact.answer is CallAnswer.ACCEPTED:
        named["reference"] = fact.reference
    return [name for name, text in named.items() if not text.strip()]


def _record_call(turn: Turn, case: Case, fact: AuthorityCalled) -> Case:
    notification = case.authority
    if notification is None or not notification.is_told:
        # Somebody has called before anybody asked: it happened, so it stands, beside what the gate thinks of it.
        checks = gate.checks(turn, case, policy_of(turn), news=fact.note, by_operator=True)
        note_checks(turn, case, checks)
        notification = notification or AuthorityNotification(created_at=turn.at)
        notification = replace(notification, checks=checks, status=S.CALLING, told_level=gate.level_of(case))
    task = notification.open_phone
    if task is None:
        task = PhoneTask(asked_at=turn.at, purpose=_purpose_of_call(notification), because="asked")
        notification = replace(notification, phone=(*notification.phone, task))
    call = PhoneCall(
        at=turn.at,
        called_at=fact.called_at,
        authority=fact.authority,
        number=fact.number,
        answer=fact.answer.value,
        by=fact.actor.id,
        person=fact.person,
        reference=fact.reference,
        note=fact.note,
    )
    turn.note("authority.called", case.id, answer=fact.answer, by=fact.actor.id, reference=fact.reference)
    task = replace(task, calls=(*task.calls[1 - CALLS_MAX :], call))
    case = replace(case, authority=replace(notification, phone=(*notification.phone[:-1], task)))
    if fact.answer not in (CallAnswer.ACCEPTED, CallAnswer.REJECTED):
        return case  # nobody was reached: the task stays, and calls again
    case = settle_phone(turn, case, "called", task)
    if task.purpose is not Purpose.NOTIFY:
        return case
    return _reported_by_phone(turn, case, fact)


def _purpose_of_call(notification: AuthorityNotification) -> Purpose:
    """Of one that nobody was asked to make."""
    if notification.status is S.CANCELLED:
        return Purpose.CANCEL
    return Purpose.UPDATE if is_answered(notification) else Purpose.NOTIFY


def _reported_by_phone(turn: Turn, case: Case, fact: AuthorityCalled) -> Case:
    """The authority has heard it from a person: a message that has not got through by now would be a second report."""
    notification = case.authority
    assert notification is not None
    for message in notification.messages:
        if message.delivered_at is None and message.purpose is Purpose.NOTIFY:
            for effect_id in message.effect_ids:
                withdraw(turn, effect_id)
    known = notification.reference
    case = replace(case, authority=replace(notification, reference=fact.reference or known))
    if known and known != fact.reference:
        case = _say_same_event(turn, case, fact.reference)
    awaiting = notification.awaiting
    case = accepted(turn, case, S.ACCEPTED if fact.answer is CallAnswer.ACCEPTED else S.REJECTED)
    assert case.authority is not None
    return replace(case, authority=replace(case.authority, awaiting=awaiting))


def _say_same_event(turn: Turn, case: Case, reference: str) -> Case:
    """Reported by machine and by telephone: the authority is told that both are one."""
    if gate.level_of(case) == 0:
        return case  # it is told that there is nothing, which covers both
    text = text_in(words.SAME_AS_CALL, turn.centre.language).format(reference=reference)
    return tell(turn, case, Purpose.UPDATE, text)


# ---------------------------------------------------------------------------------------------- what a machine answers


def answered(turn: Turn, fact: AuthorityAnswered) -> None:
    answer = fact.message
    found = _find(turn, answer)
    if found is None:
        _put_before_person(turn, f"{fact.source}: {answer.msg_type} to a message nobody here sent")
        return turn.refuse("authority.unknown", "No message of ours has this reference.")
    case, message = found
    notification = case.authority
    assert notification is not None
    if answer.identifier in notification.seen:
        turn.note("authority.repeated", case.id, identifier=answer.identifier)
        return turn.grant(case.id, "already known")
    kind, said = _kind(answer, message)
    sent = parse_time(answer.sent) or 0
    if kind in ("accepted", "rejected") and message.purpose is Purpose.NOTIFY:
        if sent < notification.answered_sent:
            kind = "outdated"
        else:
            notification = replace(notification, answered_sent=sent)
    status = next((info.parameter("psap-status") for info in answer.infos if info.parameter("psap-status")), "")
    news = News(
        at=turn.at, sent=answer.sent, identifier=answer.identifier, kind=kind, text=said[:TEXT_CHARS_MAX], status=status
    )
    turn.note("authority.answer", case.id, kind=kind, identifier=answer.identifier, status=status, text=news.text)
    notification = replace(
        notification,
        news=(*notification.news[1 - NEWS_MAX :], news),
        seen=(*notification.seen[1 - SEEN_MAX :], answer.identifier),
    )
    case = replace(case, authority=notification)
    save(turn, _take(turn, case, message, news))
    return turn.grant(case.id)


def _find(turn: Turn, answer: Alert) -> tuple[Case, SentMessage] | None:
    """The message of ours it refers to, by the whole triple. Answers are rare, so every case may be looked at."""
    references = set(answer.references)
    for case in turn.state.cases.values():
        for message in case.authority.messages if case.authority is not None else ():
            if message.alert.reference in references:
                return case, message
    return None


def _kind(answer: Alert, message: SentMessage) -> tuple[str, str]:
    """(what it comes to, what it says). ASAP's meanings in CAP's words: Ack with ACCEPTED, Error with a reason."""
    word, _, rest = answer.note.partition(";")
    if answer.status is not message.alert.status:
        # An exercise's "accepted" must not stand for a real one, nor the other way about.
        return "status_differs", f"{Status(answer.status).value}: {answer.note}"
    if answer.msg_type is MsgType.ACK:
        is_accepted = word.strip().upper() == "ACCEPTED"
        return ("accepted" if is_accepted else "receipt"), rest.strip() if is_accepted else answer.note
    if answer.msg_type is MsgType.ERROR:
        return "rejected", rest.strip() or answer.note
    told = answer.note or next((info.description or info.headline for info in answer.infos), "")
    return "update", told


def _take(turn: Turn, case: Case, message: SentMessage, news: News) -> Case:
    match news.kind:
        case "accepted" | "rejected":
            case = put_message(case, replace(message, answer=news.kind, delivered_at=message.delivered_at or turn.at))
            if message.purpose is not Purpose.NOTIFY:
                return _ended(turn, case, message, news)
            return _accepted(turn, case, news) if news.kind == "accepted" else _rejected(turn, case, news)
        case "update" if news.status == "question":
            return call_for_person(turn, case, "authority_asks", text=news.text)
        case "status_differs":
            return call_for_person(turn, case, "authority_differs")
        case _:
            return case


def _ended(turn: Turn, case: Case, message: SentMessage, news: News) -> Case:
    """The answer to an update or a cancel."""
    notification = case.authority
    assert notification is not None
    if notification.awaiting == message.alert.identifier:
        stop_waiting(turn, case.id)
        case = replace(case, authority=replace(notification, awaiting=""))
    if news.kind == "rejected" and case.is_open:
        return call_by_phone(turn, case, "rejected", purpose=message.purpose, text=message.alert.note)
    if message.purpose is Purpose.CANCEL:
        task = notification.open_phone
        return settle_phone(turn, case, "answered") if task and task.purpose is Purpose.CANCEL else case
    return case


def _accepted(turn: Turn, case: Case, news: News) -> Case:
    notification = case.authority
    assert notification is not None
    reference = _value(news.text, "cfs")
    by_phone = notification.reference if was_called(notification) else ""
    if not notification.actual:
        # It works, and it has alerted nobody: the telephone task goes on.
        stop_waiting(turn, case.id)
        return replace(case, authority=replace(notification, awaiting=""))
    if notification.status in (S.CANCELLED, S.CLOSED):
        return case  # the cancel is on its way, or the case is over: what it says is kept
    case = replace(case, authority=replace(notification, reference=by_phone or reference, rejected_because=""))
    if notification.open_phone is not None:
        case = settle_phone(turn, case, "answered")
    case = accepted(turn, case)
    return _say_same_event(turn, case, by_phone) if by_phone and by_phone != reference else case


def _rejected(turn: Turn, case: Case, news: News) -> Case:
    """The machine says no: a person calls, at once."""
    notification = case.authority
    assert notification is not None
    stop_waiting(turn, case.id)
    reason = _value(news.text, "reason") or news.text
    notification = replace(notification, rejected_because=reason, awaiting="")
    if notification.status in (S.CANCELLED, S.CLOSED) or was_called(notification):
        return replace(case, authority=notification)
    case = replace(case, authority=replace(notification, status=S.REJECTED))
    return call_by_phone(turn, case, "rejected")


def _value(text: str, name: str) -> str:
    """ "cfs=2026-1234;unit=P21" → the value of a name."""
    pairs = (part.partition("=") for part in text.split(";"))
    return next((value.strip() for key, _, value in pairs if key.strip().lower() == name), "")


def unreadable(turn: Turn, fact: AuthorityUnreadable) -> None:
    """Something came from the authority's machine and nobody can say what: it may have been the answer."""
    waiting = [
        case for case in turn.state.cases.values() if case.is_open and case.authority and case.authority.awaiting
    ]
    for case in waiting:
        turn.note("authority.unreadable", case.id, reason=fact.reason, detail=fact.detail)
        call_for_person(turn, case, "authority_unreadable")
    _put_before_person(turn, f"{fact.source}: {fact.reason}: {fact.detail}")
    return turn.refuse("authority.unreadable", f"This is no CAP 1.2 message we can use: {fact.detail}.")


def _put_before_person(turn: Turn, text: str) -> None:
    troubles.raise_trouble(turn, "malformed", entry=None, about="authority", text=text)
