"""Gates on moves: what must be true before a case may go on. Case types name them; here is what they mean.

One rule: a gate answers with the sentence that tells a person what is missing, or None when it is open.
"""

from __future__ import annotations

from collections.abc import Callable

from arcd.core.case.authority.notifying import closing_problem
from arcd.core.case.forms import missing_fields
from arcd.core.case.model import Case, StepStatus
from arcd.core.facts import DAEMON, Actor
from arcd.core.line_service import verifying
from arcd.core.turn import Turn
from rules.model import Move, StepKind

Gate = Callable[[Turn, Case, Move, Actor, dict[str, str]], str | None]


def mandatory_steps(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    """Every mandatory step of the plan that was reached is done, or was reasoned away (R-3, requirements 4.5), and no
    authority waits for a call or believes in what was none (4.9)."""
    problem = closing_problem(case, form) if move.closes else None
    if problem is not None:
        return problem
    if case.plan is None:
        return None
    reserve = case.plan.reserve_ids()
    for step in case.plan.steps:
        state = case.step(step.id)
        if not step.mandatory or state is None or step.kind is StepKind.CLOSE:
            continue  # a closing step is done by closing
        if step.id in reserve and state.status is StepStatus.PENDING:
            continue
        if state.status in (StepStatus.DONE, StepStatus.NOT_APPLICABLE):
            continue
        if state.status in (StepStatus.SKIPPED, StepStatus.FAILED) and (state.note or state.outcome):
            continue
        return f"The mandatory step {step.id} is {state.status.value}: do it, or skip it with a reason."
    return None


def disposition(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    if form.get("disposition") or case.form.get("disposition"):
        return None
    return "Say how it ended: a disposition is needed."


def owner(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    if actor.id == DAEMON.id or not case.owner or case.owner == actor.id:
        return None
    return f"{case.owner} has this case in hand; take it over first."


def identity_verified(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    """R-29, fail closed: identity level 1 or better is on record (requirements 4.7)."""
    level = form.get("identity_level") or case.form.get("identity_level") or "0"
    return None if level.isdecimal() and int(level) >= 1 else "The requester's identity is not verified."


def consent_recorded(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    """R-36, R-42."""
    return None if form.get("consent") or case.form.get("consent") else "No consent or contract clause is on record."


def contract_includes(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    """The service the case type names (the loader sees to it that it names one)."""
    site = turn.state.sites.get(case.site_id)
    service = turn.rules.case_types[case.type].service
    if site is not None and service in site.services:
        return None
    return f"The contract of {case.site_id or 'this matter'} does not include {service}."


def form_complete(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    """R-83: every mandatory field of the move's form is filled, now or earlier."""
    missing = missing_fields(turn.rules.case_types[case.type], move.form, {**case.form, **form})
    return f"Still to be filled in: {'; '.join(missing)}." if missing else None


def person(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    return None if actor.id != DAEMON.id else "A person has to say so."


def informed_again(turn: Turn, case: Case, move: Move, actor: Actor, form: dict[str, str]) -> str | None:
    """R-21: nobody is left believing in what is over."""
    waiting = [party.name for party in case.informed if party.over_at is None]
    if not waiting:
        return None
    return f"Not told yet that it is over: {', '.join(waiting)}. `arcctl arrangements inform {case.id} --over` does."


GATES: dict[str, Gate] = {
    "mandatory_steps": mandatory_steps,
    "disposition": disposition,
    "owner": owner,
    "identity_verified": identity_verified,
    "consent_recorded": consent_recorded,
    "contract_includes": contract_includes,
    "form_complete": form_complete,
    "person": person,
    "line_restored": verifying.line_restored,
    "line_verified": verifying.line_verified,
    "informed_again": informed_again,
}
