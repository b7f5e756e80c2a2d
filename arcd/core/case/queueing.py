"""The order in which people see what is waiting (requirements 4.5): priority, ageing, who was let go, and how loudly.

One rule: worked out from the case and the time when somebody looks. Ageing is an order and no decision: the priority
itself, which targets, escalation and reports go by, is never touched by it.
"""

from __future__ import annotations

from enum import StrEnum

from arcd.core.case.casebook import PAGE_FROM_TARGET
from arcd.core.case.model import Case
from arcd.core.turn import NS
from rules.model import CaseType, Priority

AGEING_RATIO = 0.5  # of the first target: shown by sight, and one level up
AGEING_FROM = Priority.P2  # what is more urgent is on top already
_LEVELS = tuple(Priority)


class Alert(StrEnum):
    """How a console calls for attention to a case that waits in the queue."""

    NONE = "none"
    VISUAL = "visual"  # half of the first target is gone
    AUDIBLE = "audible"  # the first target has passed: all consoles, and the supervisor
    PAGED = "paged"  # the second: somebody outside the room has been called


def targets_of(case: Case, case_type: CaseType | None) -> tuple[float, ...]:
    """Of the clock that runs while nobody has taken the case; none when somebody has, or no clock runs."""
    if case_type is None or not case.is_open or case.state != case_type.initial:
        return ()
    clock = next((each for each in case_type.clocks if case_type.initial in each.states and not each.since), None)
    if clock is None:
        return ()
    return clock.targets(case.priority, case.form)


def waited_s(case: Case, now: int) -> float:
    """Since receipt (R-85), or since it came back into the queue."""
    return (now - max(case.opened_at, case.returned_at or 0)) / NS


def alert(case: Case, case_type: CaseType | None, now: int) -> Alert:
    targets, waited = targets_of(case, case_type), waited_s(case, now)
    if not targets or waited < targets[0] * AGEING_RATIO:
        return Alert.NONE
    if waited < targets[0]:
        return Alert.VISUAL
    second = targets[min(PAGE_FROM_TARGET, len(targets) - 1)]
    return Alert.AUDIBLE if waited < second else Alert.PAGED


def effective_priority(case: Case, case_type: CaseType | None, now: int) -> Priority:
    """One level more urgent from half of the first target on."""
    if case.priority.is_more_urgent_than(AGEING_FROM) or alert(case, case_type, now) is Alert.NONE:
        return case.priority
    return _LEVELS[_LEVELS.index(case.priority) - 1]


def queue_order(case: Case, case_type: CaseType | None, now: int) -> tuple[Priority, bool, int, str]:
    """Sorts the queue: within a priority what somebody let go of comes first, then what has waited longest."""
    is_let_go = case.returned_at is not None and case_type is not None and case.state == case_type.initial
    return effective_priority(case, case_type, now), not is_let_go, case.opened_at, case.id
