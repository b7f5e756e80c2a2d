"""Who has a case in hand, and for how long without a word (requirements 4.5).

A claim stands for two minutes after its owner's last act: any request about the case is one, and a console that has it
open says so by itself. Then the case goes back into the queue, on top. It does not while the case waits for somebody
else who has a time of their own to keep: a guard who was asked, is due or must check in, an authority that has to
answer, a waiting time of the plan. Somebody who is going to be on the telephone asks for longer beforehand.

One rule: an open case has a deadline, or an owner whose claim has one. Where its rules give it neither (a state without
a clock, a clock whose move a gate refuses), it has one here.
"""

from __future__ import annotations

from arcd.core.case.casebook import AGAIN_S_MIN
from arcd.core.case.continuing import MoveWanted
from arcd.core.case.model import Case, StepStatus
from arcd.core.facts import AnyFact, ClaimRenewRequested
from arcd.core.turn import Turn
from protocols.signals import LIFE_SAFETY
from rules.model import StepKind

CLAIM_S = 120.0
HOLD_S_MAX = 1800.0
# The move a case type must have for its claims to end by themselves, and from where.
RETURN = "return_to_queue"
# Deadlines of somebody else: as long as one stands, the owner has nothing to do but wait.
OF_OTHERS = ("offer", "sla", "welfare", "authority")
# The clock of a case that nobody has and no clock of its type runs for; `casebook.on_clock` calls, again and again.
ORPHAN = "orphan"
# Where life is at stake a clock that calls later than this is none, whoever wrote the case type (design promise 4): the
# slowest of the targets of requirements 4.5.
LIFE_SAFETY_CALL_S = 180.0


def ends_by_itself(turn: Turn, case: Case) -> bool:
    case_type = turn.rules.case_types.get(case.type)
    back = case_type.move(RETURN) if case_type is not None else None
    return case.is_open and bool(case.owner) and back is not None and case.state in back.sources


def waits_for_somebody(turn: Turn, case: Case) -> bool:
    if any(key.split("/")[2] in OF_OTHERS for key in turn.deadlines.of(f"case/{case.id}")):
        return True
    kinds = {step.id: step.kind for step in case.plan.steps} if case.plan else {}
    return any(kinds.get(at.id) is StepKind.WAIT and at.status is StepStatus.ACTIVE for at in case.steps)


def keep_up(turn: Turn, fact: AnyFact) -> None:
    """At the end of a step: whatever the owner asks about a case shows that somebody is there, granted or not."""
    about = getattr(fact, "case_id", "")
    if not about and not turn.state.cases.touched:
        return
    actor = getattr(fact, "actor", None)
    for case_id in dict.fromkeys((*turn.state.changed_keys(turn.state.cases), about)):
        case = turn.state.cases.get(case_id)
        if case is None:
            continue
        if case.is_open and not case.owner and not _will_call(turn, case):
            turn.deadlines.set(f"case/{case.id}/clock/{ORPHAN}/0", turn.after(AGAIN_S_MIN))
        key = f"case/{case.id}/claim"
        if not ends_by_itself(turn, case) or waits_for_somebody(turn, case):
            turn.deadlines.clear(key)
            continue
        standing = turn.deadlines.due_of(key)
        is_act = case_id == about and actor is not None and actor.id == case.owner
        if is_act or standing is None:
            turn.deadlines.set(key, max(standing or 0, turn.after(CLAIM_S)))


def _will_call(turn: Turn, case: Case) -> bool:
    keys = turn.deadlines.of(f"case/{case.id}")
    if case.category not in LIFE_SAFETY:
        return bool(keys)
    soon = turn.after(LIFE_SAFETY_CALL_S)
    clocks = (turn.deadlines.due_of(key) for key in keys if key.split("/")[2] == "clock")
    return any(due is not None and due <= soon for due in clocks)


def let_go(turn: Turn, case: Case) -> None:
    """The next owner begins anew: how long the one before wanted it does not count."""
    turn.deadlines.clear(f"case/{case.id}/claim")


def request(turn: Turn, fact: ClaimRenewRequested) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    if case.owner != fact.actor.id:
        who = f"{case.owner} has {case.id} in hand" if case.owner else f"Nobody has {case.id} in hand"
        return turn.refuse("claim.owner", f"{who}: acknowledge it, or take it over.")
    if not 0 <= fact.hold_s <= HOLD_S_MAX:
        return turn.refuse("claim.hold", f"A claim is held for {HOLD_S_MAX / 60:.0f} minutes at most without a word.")
    if not ends_by_itself(turn, case) or waits_for_somebody(turn, case):
        return turn.grant(case.id, "This claim does not end by itself now.")
    key = f"case/{case.id}/claim"
    turn.deadlines.set(key, max(turn.deadlines.due_of(key) or 0, turn.after(fact.hold_s)))
    return turn.grant(case.id)


def on_deadline(turn: Turn, case: Case) -> None:
    turn.note("claim.expired", case.id, owner=case.owner)
    turn.agenda.append(MoveWanted(case_id=case.id, move=RETURN, form={}))
