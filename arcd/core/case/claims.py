"""Who has a case in hand, and for how long without a word (requirements 4.5).

A claim stands for two minutes after its owner's last act: any request about the case is one, and a console that has it
open says so by itself. Then the case goes back into the queue, on top. It does not while the case waits for somebody
else: a guard on the way, an authority that has been asked, a waiting time of the plan. Somebody who is going to be on
the telephone asks for longer beforehand.

One rule: an open case has a deadline, or an owner whose claim has one.
"""

from __future__ import annotations

from arcd.core.case.authority.model import AuthorityStatus
from arcd.core.case.continuing import MoveWanted
from arcd.core.case.model import Case, DispatchStatus, StepStatus
from arcd.core.facts import AnyFact, ClaimRenewRequested
from arcd.core.turn import Turn
from rules.model import StepKind

CLAIM_S = 120.0
HOLD_S_MAX = 1800.0
# The move a case type must have for its claims to end by themselves, and from where.
RETURN = "return_to_queue"
NOBODY_COMES = frozenset({DispatchStatus.REPORTED, DispatchStatus.CANCELLED, DispatchStatus.EXHAUSTED})


def key_of(case: Case) -> str:
    return f"case/{case.id}/claim"


def ends_by_itself(turn: Turn, case: Case) -> bool:
    case_type = turn.rules.case_types.get(case.type)
    back = case_type.move(RETURN) if case_type is not None else None
    return case.is_open and bool(case.owner) and back is not None and case.state in back.sources


def renew(turn: Turn, case: Case, hold_s: float = 0.0) -> None:
    """After an act of the owner, and whenever the case has come to another state. What was asked for longer stands."""
    key = key_of(case)
    if not ends_by_itself(turn, case):
        turn.deadlines.clear(key)
        return
    standing = turn.deadlines.due_of(key) or 0
    turn.deadlines.set(key, max(standing, turn.after(max(CLAIM_S, hold_s))))


def taken(turn: Turn, case: Case) -> None:
    """A new owner begins anew: how long the one before wanted it does not count."""
    turn.deadlines.clear(key_of(case))
    renew(turn, case)


def acted(turn: Turn, fact: AnyFact) -> None:
    """Whatever the owner asks about the case shows that somebody is there, granted or not."""
    actor, case_id = getattr(fact, "actor", None), getattr(fact, "case_id", "")
    case = turn.state.cases.get(case_id) if case_id else None
    if case is not None and actor is not None and case.owner == actor.id:
        renew(turn, case)


def request(turn: Turn, fact: ClaimRenewRequested) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    if case.owner != fact.actor.id:
        who = f"{case.owner} has {case.id} in hand" if case.owner else f"Nobody has {case.id} in hand"
        return turn.refuse("claim.owner", f"{who}: acknowledge it, or take it over.")
    if not 0 <= fact.hold_s <= HOLD_S_MAX:
        return turn.refuse("claim.hold", f"A claim is held for {HOLD_S_MAX / 60:.0f} minutes at most without a word.")
    if not ends_by_itself(turn, case):
        return turn.grant(case.id, "This claim does not end by itself.")
    renew(turn, case, fact.hold_s)
    return turn.grant(case.id)


def waits_for_somebody(case: Case) -> bool:
    if any(dispatch.status not in NOBODY_COMES for dispatch in case.dispatches):
        return True
    if case.authority is not None and case.authority.status is AuthorityStatus.SENT:
        return True
    kinds = {step.id: step.kind for step in case.plan.steps} if case.plan else {}
    return any(kinds.get(at.id) is StepKind.WAIT and at.status is StepStatus.ACTIVE for at in case.steps)


def on_deadline(turn: Turn, case: Case) -> None:
    if waits_for_somebody(case):
        renew(turn, case)
        return
    turn.note("claim.expired", case.id, owner=case.owner)
    renew(turn, case)  # stands until the move takes it away
    turn.agenda.append(MoveWanted(case_id=case.id, move=RETURN, form={}))
