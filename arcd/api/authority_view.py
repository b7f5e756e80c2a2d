"""Telling an authority as the API shows it: the state, each check of the gate, the script, what was sent and answered.

One rule: it copies and translates. The script is made from the case as it stands now.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.site_brief import ContactView, contact_view, timezone_of
from arcd.core.case import outgoing
from arcd.core.case.authority import gate, words
from arcd.core.case.authority.model import (
    AuthorityNotification,
    AuthorityStatus,
    CheckResult,
    PhoneCall,
    PhoneTask,
    Purpose,
)
from arcd.core.case.authority.policy import Connector
from arcd.core.case.authority.script import phone_script
from arcd.core.case.model import Case
from arcd.core.case.texts import local_clock
from arcd.core.facts import CallAnswer
from arcd.core.site import Contact
from arcd.core.state import Machine, State
from arcd.core.turn import text_in
from rules.model import StepKind


class CheckView(View):
    name: str
    result: CheckResult
    because: str


class CallView(View):
    called_at: str
    called_at_local: str
    authority: str
    number: str
    person: str
    answer: str
    answer_text: str
    reference: str
    note: str
    by: str


class PhoneTaskView(View):
    asked_at: str
    purpose: Purpose
    because: str
    text: str
    settled_at: str | None
    settled_how: str
    calls: list[CallView]


class MessageView(View):
    identifier: str
    type: str
    status: str
    sent: str
    sendings: int
    delivered_at: str | None
    answer: str
    note: str


class NewsView(View):
    at: str
    at_local: str
    kind: str
    text: str
    status: str


class AuthorityView(View):
    """`status` is None while nobody has come to it. `fields` are what has to be written down about a call."""

    connector: Connector
    status: AuthorityStatus | None
    status_text: str
    call_now: bool
    life_safety: bool
    level: int
    level_text: str
    actual: bool
    reference: str
    rejected_because: str
    override_reason: str
    overridden_by: str
    checks: list[CheckView]
    script: list[str]
    fields: dict[str, str]
    answers: dict[str, str]
    people: list[ContactView]
    phone: list[PhoneTaskView]
    messages: list[MessageView]
    news: list[NewsView]


def authority_view(state: State, case: Case, language: str) -> AuthorityView:
    notification = case.authority or AuthorityNotification(created_at=0)
    zone = timezone_of(state, case.site_id)
    task = notification.open_phone
    status = notification.status if case.authority is not None else None
    # An open call is what matters, whatever a machine has said meanwhile.
    shown = AuthorityStatus.CALLING if task is not None else status
    return AuthorityView(
        connector=(state.machine.get("machine") or Machine()).escalation.connector,
        status=status,
        status_text=text_in(words.STATUS[shown.value], language) if shown is not None else "",
        call_now=task is not None,
        life_safety=gate.is_life_safety(case),
        level=gate.level_of(case),
        level_text=text_in(words.LEVELS[gate.level_of(case)], language),
        actual=notification.actual,
        reference=notification.reference,
        rejected_because=notification.rejected_because,
        override_reason=notification.override_reason,
        overridden_by=notification.overridden_by,
        checks=[
            CheckView(name=check.name, result=check.result, because=text_in(words.BECAUSE[check.because], language))
            for check in notification.checks
        ],
        script=list(phone_script(state, case, language, news=task.text if task is not None else "")),
        fields={name: text_in(title, language) for name, title in words.FIELDS.items()},
        answers={answer.value: text_in(words.CALL_ANSWERS[answer.value], language) for answer in CallAnswer},
        people=[contact_view(contact) for contact in _people(state, case, notification.recipients)],
        phone=[_phone_view(each, zone, language) for each in notification.phone],
        messages=[
            MessageView(
                identifier=message.alert.identifier,
                type=message.alert.msg_type.value,
                status=message.alert.status.value,
                sent=message.alert.sent,
                sendings=len(message.effect_ids),
                delivered_at=maybe_rfc3339(message.delivered_at),
                answer=message.answer,
                note=message.alert.note,
            )
            for message in notification.messages
        ],
        news=[
            NewsView(
                at=rfc3339(news.at),
                at_local=local_clock(news.at, zone),
                kind=news.kind,
                text=news.text,
                status=news.status,
            )
            for news in notification.news
        ],
    )


def _people(state: State, case: Case, recipients: str) -> tuple[Contact, ...]:
    """Whom to phone: the list of the plan's step, the site's own before the centre's."""
    steps = case.plan.steps if case.plan is not None else ()
    named = recipients or next((step.recipients for step in steps if step.kind is StepKind.NOTIFY_AUTHORITY), "")
    return outgoing.people_in(state, state.sites.get(case.site_id), named)


def _phone_view(task: PhoneTask, zone: str, language: str) -> PhoneTaskView:
    return PhoneTaskView(
        asked_at=rfc3339(task.asked_at),
        purpose=task.purpose,
        because=text_in(words.PHONE_BECAUSE[task.because], language),
        text=task.text,
        settled_at=maybe_rfc3339(task.settled_at),
        settled_how=task.settled_how,
        calls=[_call_view(call, zone, language) for call in task.calls],
    )


def _call_view(call: PhoneCall, zone: str, language: str) -> CallView:
    return CallView(
        called_at=rfc3339(call.called_at),
        called_at_local=local_clock(call.called_at, zone),
        authority=call.authority,
        number=call.number,
        person=call.person,
        answer=call.answer,
        answer_text=text_in(words.CALL_ANSWERS[call.answer], language),
        reference=call.reference,
        note=call.note,
        by=call.by,
    )
