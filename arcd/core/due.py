"""A deadline was reached: its key says whose it is.

One rule: a key that nobody sets is a broken invariant, and a deadline moved since the shell looked says nothing.
"""

from __future__ import annotations

from arcd.core import delivery, keychange
from arcd.core.case import casebook, claims, dispatch, engine, sla, steps
from arcd.core.case.authority import notifying as authority
from arcd.core.conditioning import pipeline as conditioning
from arcd.core.flags import ending
from arcd.core.forwarding import following as forwarding
from arcd.core.line_service import following as lines
from arcd.core.receiver_lines import watching as receiver_lines
from arcd.core.schedules import watching
from arcd.core.supervision import stepping as supervision
from arcd.core.turn import Turn


def on_deadline(turn: Turn, key: str, due: int) -> None:
    if turn.deadlines.due_of(key) != due:
        return  # taken away or moved between the shell's look and its post
    turn.deadlines.clear(key)
    owner, name, *rest = key.split("/")
    if owner == "effect":
        delivery.try_again(turn, name)
    elif owner == "site":
        conditioning.on_deadline(turn, name, rest)
    elif owner == "flag":
        ending.on_deadline(turn, name, rest[0])
    elif owner in ("schedule", "testdue"):
        watching.on_deadline(turn, owner, name, rest, due)
    elif owner == "key":
        keychange.on_deadline(turn, name, rest[0])
    elif owner == "report":
        ending.forget(turn, name)
    elif owner == "notice":
        lines.on_deadline(turn, name, rest[0])
    elif owner in ("settle", "storm"):
        supervision.on_deadline(turn, owner, name, rest)
    elif owner == "receiver_line":
        receiver_lines.on_deadline(turn, name, rest[0])
    elif owner == "forward":
        forwarding.on_end(turn, name)
    else:
        assert owner == "case", key
        _on_case_deadline(turn, name, rest)


def _on_case_deadline(turn: Turn, case_id: str, rest: list[str]) -> None:
    case = turn.state.cases[case_id]
    turn.refs[f"case/{case_id}"] = None
    match rest:
        case ["clock", clock, target]:
            casebook.on_clock(turn, case, clock, int(target))
        case ["step", step_id]:
            casebook.save(turn, steps.on_timeout(turn, case, step_id))
        case ["offer", offer_id]:
            casebook.save(turn, dispatch.on_offer_timeout(turn, case, offer_id))
        case ["sla", what, step_id]:
            casebook.save(turn, sla.on_deadline(turn, case, what, step_id))
        case ["sla", what]:  # set by versions that knew one clock to a case
            casebook.save(turn, sla.on_deadline_of_all(turn, case, what))
        case ["authority", what]:
            casebook.save(turn, authority.on_deadline(turn, case, what))
        case ["claim"]:
            claims.on_deadline(turn, case)
        case ["steady"]:
            lines.on_case_deadline(turn, case)
        case ["welfare", offer_id]:
            casebook.save(turn, dispatch.on_welfare(turn, case, offer_id))
        case ["welfare"]:  # set by versions that knew one watch to a case
            casebook.save(turn, dispatch.on_welfare_of_all(turn, case))
        case ["resume"]:
            engine.resume(turn, case)
        case ["forget"]:
            turn.state.cases.drop(case_id)
        case _:
            raise AssertionError(f"nobody set a deadline like case/{case_id}/{'/'.join(rest)}")
