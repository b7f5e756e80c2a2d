"""What one part of a case leaves for another to do after it, in the same step.

A dispatch that has run out of guards does not know the plan, and a plan that comes to its end does not know moves and
gates. They say what happened; `engine.go_on` takes it from there, so that the parts need not know each other.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.case.model import StepStatus
from rules.model import Priority


class StepEnded(Struct, frozen=True, kw_only=True):
    case_id: str
    step_id: str
    status: StepStatus
    by: str
    outcome: str = ""


class StepUnreachable(Struct, frozen=True, kw_only=True):
    """Nobody on a step's list could be reached; `because` is a key of `texts.REASONS`."""

    case_id: str
    step_id: str
    because: str


class MoveWanted(Struct, frozen=True, kw_only=True):
    case_id: str
    move: str
    form: dict[str, str]


class FollowUpWanted(Struct, frozen=True, kw_only=True):
    """Something of this case is a matter of its own, for other people and at another pace."""

    case_id: str
    case_type: str
    about: str  # key of `texts.FOLLOW_UPS`, and what tells its matters apart
    subject: str = ""
    priority: Priority = Priority.P5


Continuation = StepEnded | StepUnreachable | MoveWanted | FollowUpWanted
