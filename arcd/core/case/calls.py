"""Working through a call list (requirements 4.7): whose turn it is, what was tried, and what when nobody answers.

One rule: the list is the one that stood when the step began, and every attempt is kept with its outcome (R-78).
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import outgoing
from arcd.core.case.continuing import StepEnded, StepUnreachable
from arcd.core.case.model import CallAttempt, Case, StepStatus
from arcd.core.facts import DAEMON
from arcd.core.turn import Turn
from rules.model import Step

ANSWERED_VERIFIED = "answered_verified"
OUTCOMES = frozenset({ANSWERED_VERIFIED, "answered_not_verified", "no_answer", "busy", "voicemail", "wrong_number"})


def begin(turn: Turn, case: Case, step: Step) -> Case:
    contacts = outgoing.people(turn, turn.state.sites.get(case.site_id), step.recipients)
    state = case.step(step.id)
    assert state is not None
    case = case.with_step(replace(state, call_list=contacts))
    if not contacts:
        turn.note("call.nobody", case.id, step=step.id, list=step.recipients)
        return _unreachable(turn, case, step)
    if step.automatic and step.recipients == outgoing.ON_DUTY:
        # A machine cannot phone, but it need not wait for somebody to do so before it writes.
        outgoing.page_on_duty(turn, case, "duty_called")
    return case


def record(turn: Turn, case: Case, step: Step, outcome: str, by: str) -> Case:
    """One attempt at the contact whose turn it is."""
    state = case.step(step.id)
    assert state is not None
    if not state.call_list:
        return _ended(turn, case, step, StepStatus.DONE, by, outcome)
    contact = state.call_list[state.next_call % len(state.call_list)]
    attempt = CallAttempt(at=turn.at, contact_id=contact.id, outcome=outcome, by=by)
    turn.note("call.attempted", case.id, step=step.id, contact=contact.id, outcome=outcome, by=by)
    state = replace(state, attempts=(*state.attempts, attempt), next_call=state.next_call + 1)
    case = case.with_step(state)
    if outcome == ANSWERED_VERIFIED:
        return _ended(turn, case, step, StepStatus.DONE, by, outcome)
    if state.next_call >= len(state.call_list) * step.rounds:
        return _unreachable(turn, case, step)
    return case


def _unreachable(turn: Turn, case: Case, step: Step) -> Case:
    turn.agenda.append(StepUnreachable(case_id=case.id, step_id=step.id, because="nobody_reached"))
    return _ended(turn, case, step, StepStatus.FAILED, DAEMON.id, "nobody_reached")


def _ended(turn: Turn, case: Case, step: Step, status: StepStatus, by: str, outcome: str) -> Case:
    turn.agenda.append(StepEnded(case_id=case.id, step_id=step.id, status=status, by=by, outcome=outcome))
    return case
