"""A case's response plan with where each of its steps stands, in the operator's language.

One rule: the plan is the version frozen into the case, whatever the rules say today.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.site_brief import ContactView, contact_view
from arcd.core.case.model import SETTLED, Case, StepState, StepStatus
from arcd.core.state import State
from arcd.core.turn import text_in
from rules.model import Step, StepKind

# requirements 4.7, as a person says them; keys are arcd.core.case.calls.OUTCOMES.
CALL_OUTCOMES: dict[str, dict[str, str]] = {
    "answered_verified": {
        "fi": "vastasi, henkilöllisyys varmistettu",
        "sv": "svarade, identiteten bekräftad",
        "en": "answered, identity verified",
    },
    "answered_not_verified": {
        "fi": "vastasi, henkilöllisyyttä ei varmistettu",
        "sv": "svarade, identiteten inte bekräftad",
        "en": "answered, identity not verified",
    },
    "no_answer": {"fi": "ei vastausta", "sv": "inget svar", "en": "no answer"},
    "busy": {"fi": "varattu", "sv": "upptaget", "en": "busy"},
    "voicemail": {"fi": "vastaaja", "sv": "röstbrevlåda", "en": "voicemail"},
    "wrong_number": {"fi": "väärä numero", "sv": "fel nummer", "en": "wrong number"},
}


class AttemptView(View):
    at: str
    contact_id: str
    contact_name: str
    number: str
    outcome: str
    by: str


class StepView(View):
    """`actions` are the ones its status allows; `outcomes` maps what `done` may say to what people read."""

    id: str
    kind: StepKind
    title: str
    status: StepStatus
    automatic: bool
    mandatory: bool
    due: str | None
    started_at: str | None
    ended_at: str | None
    by: str
    outcome: str
    note: str
    actions: list[str]
    outcomes: dict[str, str]
    call_list: list[ContactView]
    next_call: int
    attempts: list[AttemptView]


class PlanView(View):
    name: str
    version: int
    title: str
    instructions: str
    steps: list[StepView]


def plan_view(state: State, case: Case, language: str) -> PlanView | None:
    plan = case.plan
    if plan is None:
        return None
    states = {step.id: step for step in case.steps}
    return PlanView(
        name=plan.name,
        version=plan.version,
        title=text_in(plan.title, language),
        instructions=text_in(plan.instructions, language),
        steps=[
            _step_view(step, states.get(step.id) or StepState(id=step.id), language, _due(state, case, step))
            for step in plan.steps
        ],
    )


def _due(state: State, case: Case, step: Step) -> str | None:
    return maybe_rfc3339(state.deadlines.get(f"case/{case.id}/step/{step.id}"))


def _step_view(step: Step, at: StepState, language: str, due: str | None) -> StepView:
    names = {contact.id: contact.name for contact in at.call_list}
    return StepView(
        id=step.id,
        kind=step.kind,
        title=text_in(step.title, language),
        status=at.status,
        automatic=step.automatic,
        mandatory=step.mandatory,
        due=due,
        started_at=maybe_rfc3339(at.started_at),
        ended_at=maybe_rfc3339(at.ended_at),
        by=at.by,
        outcome=at.outcome,
        note=at.note,
        actions=_actions(at.status),
        outcomes=_outcomes(step, language),
        call_list=[contact_view(contact) for contact in at.call_list],
        next_call=at.next_call,
        attempts=[
            AttemptView(
                at=rfc3339(attempt.at),
                contact_id=attempt.contact_id,
                contact_name=names.get(attempt.contact_id, ""),
                number=attempt.number,
                outcome=attempt.outcome,
                by=attempt.by,
            )
            for attempt in at.attempts
        ],
    )


def _actions(status: StepStatus) -> list[str]:
    if status in SETTLED:
        return []
    return ["start", "done", "skip", "fail"] if status is StepStatus.PENDING else ["done", "skip", "fail"]


def _outcomes(step: Step, language: str) -> dict[str, str]:
    if step.kind is StepKind.CALL:
        return {outcome: text_in(texts, language) for outcome, texts in CALL_OUTCOMES.items()}
    return {branch.answer: text_in(branch.title, language) for branch in step.branches}
