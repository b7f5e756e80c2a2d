"""An explanation as a tree for a terminal: every route looked at, the path taken, and what stopped the others.

One rule: text only, no colours and no width; `arcctl` adds those.
"""

from __future__ import annotations

from rules.engine import Explanation
from rules.model import Decision, TraceStep

TAKEN, PASSED = "●", "○"


def render(explanation: Explanation) -> str:
    lines: list[str] = []
    pack = ""
    for step in explanation.trace:
        name, _, inside = step.route.partition("/")
        if name != pack:
            pack = name
            lines.append(name)
        lines.append(_line(step, inside))
    return "\n".join([*lines, *_answer(explanation.decision)])


def _line(step: TraceStep, inside: str) -> str:
    depth = inside.count("/")
    mark = TAKEN if step.matched else PASSED
    line = f"{'   ' * depth}├─ {mark} {inside.rpartition('/')[2]}"
    return line if step.matched else f"{line}   ✗ {step.failing}"


def _answer(decision: Decision) -> list[str]:
    opens = "opens a case" if decision.opens_case else "kept in the history"
    return [
        f"└▶ {decision.route}",
        f"   plan {decision.plan}, {decision.priority}, {opens} ({decision.reason})",
        f"   rules {decision.rules_digest[:12]}",
    ]
