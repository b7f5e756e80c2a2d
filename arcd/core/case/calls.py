"""Working through a call list (requirements 4.7): who may be called now, whose turn it is, what was tried, and what
happens when nobody answers.

One rule: the list is the one that stood when the step began, with who was away replaced, and every attempt is kept with
its outcome and the number that was dialled (R-78).
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import outgoing
from arcd.core.case.continuing import FollowUpWanted, StepEnded, StepUnreachable
from arcd.core.case.model import CallAttempt, Case, StepState, StepStatus
from arcd.core.facts import DAEMON, CaseStepRequested
from arcd.core.site import Contact
from arcd.core.turn import Turn
from protocols.signals import Category
from rules.model import Step, StepKind

ANSWERED_VERIFIED = "answered_verified"
WRONG_NUMBER = "wrong_number"
REACHED = frozenset({ANSWERED_VERIFIED, "answered_not_verified"})
OUTCOMES = REACHED | {"no_answer", "busy", "voicemail", WRONG_NUMBER}
PARALLEL = "parallel"
NUMBER_CHARS_MAX = 40
# So many attempts in a row without an answer, over all cases, and the contact's details are to be checked.
STALE_AFTER = 4
# A home is called before a guard is sent to an unconfirmed intrusion (requirements 4.7); level 2 is confirmed (2.5).
RESIDENTIAL = frozenset({"home"})
CONFIRMED_LEVEL = 2


def begin(turn: Turn, case: Case, step: Step) -> Case:
    site = turn.state.sites.get(case.site_id)
    listed = outgoing.people(turn, site, step.recipients)
    is_last_resort = step.recipients == outgoing.ON_DUTY
    contacts = outgoing.on_duty(turn) if is_last_resort else outgoing.available(turn, site, listed)
    missing = [contact.id for contact in listed if contact not in contacts]
    if missing:
        turn.note("call.not_available", case.id, step=step.id, contacts=", ".join(missing))
    state = case.step(step.id)
    assert state is not None
    case = case.with_step(replace(state, call_list=contacts))
    if not contacts:
        turn.note("call.nobody", case.id, step=step.id, list=step.recipients)
        return _unreachable(turn, case, step)
    if step.automatic and is_last_resort:
        # A machine cannot phone, but it need not wait for somebody to do so before it writes.
        outgoing.page_on_duty(turn, case, "duty_called")
    return case


# ------------------------------------------------------------------------------------------------------------ attempts


def record(turn: Turn, case: Case, step: Step, fact: CaseStepRequested) -> Case:
    """One attempt: at the contact whose turn it is, or at the one named where they are called side by side."""
    state = case.step(step.id)
    assert state is not None
    by, outcome = fact.actor.id, fact.outcome
    if not state.call_list:
        return _ended(turn, case, step, StepStatus.DONE, by, outcome)
    contact = _called(step, state, fact)
    assert contact is not None, "refused before"
    number = fact.number or next_number(state, contact)
    attempt = CallAttempt(at=turn.at, contact_id=contact.id, outcome=outcome, by=by, number=number)
    turn.note("call.attempted", case.id, step=step.id, contact=contact.id, number=number, outcome=outcome, by=by)
    state = replace(state, attempts=(*state.attempts, attempt), next_call=state.next_call + 1)
    case = case.with_step(state)
    _follow(turn, case, contact, outcome)
    if outcome == ANSWERED_VERIFIED:
        return _ended(turn, case, step, StepStatus.DONE, by, outcome)
    if all(_tries(state, each) >= step.rounds for each in state.call_list):
        return _unreachable(turn, case, step)
    return case


def _called(step: Step, state: StepState, fact: CaseStepRequested) -> Contact | None:
    """None: it has to be named."""
    if fact.contact_id:
        return next((each for each in state.call_list if each.id == fact.contact_id), None)
    if step.strategy == PARALLEL and len(state.call_list) > 1:
        return None
    return state.call_list[state.next_call % len(state.call_list)]


def next_number(state: StepState, contact: Contact) -> str:
    """The contact's numbers in turn, from round to round."""
    return contact.phones[_tries(state, contact) % len(contact.phones)] if contact.phones else ""


def _tries(state: StepState, contact: Contact) -> int:
    return sum(attempt.contact_id == contact.id for attempt in state.attempts)


def refusal(turn: Turn, case: Case, step: Step, state: StepState, fact: CaseStepRequested) -> tuple[str, str] | None:
    """What is wrong with the outcome of a call, or with sending a guard before anybody has been called."""
    if step.kind is StepKind.DISPATCH_GUARD and fact.action == "start":
        return _too_early(turn, case, fact)
    if step.kind is not StepKind.CALL or fact.action != "done" or not state.call_list:
        return None
    if len(fact.number) > NUMBER_CHARS_MAX:
        return "call.number", f"A number has at most {NUMBER_CHARS_MAX} characters."
    names = ", ".join(contact.id for contact in state.call_list)
    contact = _called(step, state, fact)
    if contact is None:
        return "call.contact", f"Say who was called, one of: {names}."
    turn_of = state.call_list[state.next_call % len(state.call_list)]
    if step.strategy != PARALLEL and contact != turn_of:
        return "call.contact", f"{step.id} goes in order, and it is the turn of {turn_of.id}."
    return None


def _unreachable(turn: Turn, case: Case, step: Step) -> Case:
    turn.agenda.append(StepUnreachable(case_id=case.id, step_id=step.id, because="nobody_reached"))
    return _ended(turn, case, step, StepStatus.FAILED, DAEMON.id, "nobody_reached")


def _ended(turn: Turn, case: Case, step: Step, status: StepStatus, by: str, outcome: str) -> Case:
    turn.agenda.append(StepEnded(case_id=case.id, step_id=step.id, status=status, by=by, outcome=outcome))
    return case


# ----------------------------------------------------------------------------------------------------- stale contacts


def _follow(turn: Turn, case: Case, contact: Contact, outcome: str) -> None:
    """A contact who never answers, or whose number is somebody else's, is a task for the administrator, once."""
    site = turn.state.sites.get(case.site_id)
    owner = site.id if site is not None and site.contact(contact.id) is not None else ""
    key = f"{owner}/{contact.id}"
    if outcome in REACHED:
        turn.state.silent_calls.drop(key)
        return
    before = turn.state.silent_calls.get(key) or 0
    after = STALE_AFTER if outcome == WRONG_NUMBER else before + 1
    turn.state.silent_calls.put(key, max(before, after))
    if before < STALE_AFTER <= after:
        turn.note("contact.stale", case.id, contact=contact.id, attempts=before + 1, outcome=outcome)
        turn.agenda.append(
            FollowUpWanted(case_id=case.id, case_type="contact_check", about="contact_stale", subject=contact.id)
        )


# ------------------------------------------------------------------------------------------------ two numbers at a home


def numbers_tried(case: Case) -> frozenset[str]:
    numbers = (_bare(attempt.number) for state in case.steps for attempt in state.attempts)
    return frozenset(number for number in numbers if number)


def _bare(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


def _too_early(turn: Turn, case: Case, fact: CaseStepRequested) -> tuple[str, str] | None:
    """Several numbers before a guard. Who has answered and is verified has spoken; a reason goes before the rule."""
    site = turn.state.sites.get(case.site_id)
    if site is None or site.kind not in RESIDENTIAL or case.category is not Category.INTRUSION:
        return None
    if case.verification >= CONFIRMED_LEVEL or fact.note.strip():
        return None
    if any(attempt.outcome == ANSWERED_VERIFIED for state in case.steps for attempt in state.attempts):
        return None
    there = {_bare(number) for contact in site.contacts for number in contact.phones}
    wanted, tried = min(site.calls_before_dispatch, len(there)), len(numbers_tried(case))
    if tried >= wanted:
        return None
    return "call.numbers", (
        f"An unconfirmed alarm at a home: {wanted} numbers are called before a guard is sent, and {tried} "
        f"{'was' if tried == 1 else 'were'} so far. Call, or give a reason."
    )
