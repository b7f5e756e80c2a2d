"""Closing a case that has settled itself: only while nobody has begun.

One rule: whatever a person or a guard has touched, a person finishes.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import engine
from arcd.core.case.model import Case, DispatchStatus
from arcd.core.facts import DAEMON
from arcd.core.turn import Turn
from rules.model import CaseType

# A guard who has not answered yet, or never will, has not begun either.
_NOT_BEGUN = frozenset({DispatchStatus.OFFERED, DispatchStatus.EXHAUSTED, DispatchStatus.CANCELLED})


def is_untouched(case: Case) -> bool:
    return (
        case.is_open
        and case.opened_by == DAEMON.id
        and case.acknowledged_at is None
        and not case.owner
        and not case.notes
        and case.authority is None
        and all(dispatch.status in _NOT_BEGUN for dispatch in case.dispatches)
    )


def close_untouched(turn: Turn, case_id: str, because: str, disposition: str) -> bool:
    """By the case type's own move, which it may not have; the disposition is one that its people could have given."""
    case = turn.state.cases[case_id]
    if not is_untouched(case):
        return False
    case_type = turn.rules.case_types[case.type]
    case = replace(case, proposal=disposition if disposition in _dispositions(case_type) else "other")
    turn.note("case.settled_itself", case.id, because=because)
    return engine.move(turn, case, "close_by_itself", DAEMON, {}) is None


def _dispositions(case_type: CaseType) -> frozenset[str]:
    fields = [field for form in case_type.forms for field in form.fields if field.name == "disposition"]
    return frozenset(choice for field in fields for choice in field.choices)
