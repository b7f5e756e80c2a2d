"""Response plans: what the shape cannot say. Steps that lead somewhere, in finite time, and end with a person.

One rule: a check looks at one plan and the names it may refer to; every finding is a problem at its line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from rules.condition_tree import ALWAYS
from rules.conditions import ConditionError, compile_condition
from rules.model import CaseType, Priority, StepKind
from rules.problems import Problem, write_instead
from rules.schema import PlanShape, StepShape
from rules.yaml_source import Node

# Steps whose start asks a named list of people (requirements 4.6, 4.7).
_WITH_RECIPIENTS = frozenset(
    {StepKind.CALL, StepKind.MESSAGE, StepKind.NOTIFY_AUTHORITY, StepKind.ORDER_PROVIDER, StepKind.DISPATCH_GUARD}
)
# Steps that a person answers even when they start by themselves.
_ANSWERED = frozenset({StepKind.CALL, StepKind.DISPATCH_GUARD, StepKind.ASK})
_UNREACHABLE = frozenset({StepKind.CALL, StepKind.DISPATCH_GUARD})

Found = Iterator[Problem]


def check_plan(
    plan: PlanShape, node: Node, case_types: Mapping[str, CaseType], case_names: Collection[str] | None
) -> list[Problem]:
    """`case_names`: of every case file, also those with problems; None when some file could not be read at all."""
    ids = [step.id for step in plan.steps]
    found: list[Problem] = [*_whole(plan, node, case_types, case_names)]
    for i, step in enumerate(plan.steps):
        at = ("steps", i)
        if step.id in ids[:i]:
            found.append(node.problem((*at, "id"), f"two steps are called {step.id}", "give each its own id"))
        found += _references(step, node, at, ids)
        found += _by_kind(step, plan, node, at)
        found += _condition(step, node, at)
    found += _cycles(plan, node)
    return found


def _whole(
    plan: PlanShape, node: Node, case_types: Mapping[str, CaseType], case_names: Collection[str] | None
) -> Found:
    case_type = case_types.get(plan.case_type)
    if case_names is not None and plan.case_type not in case_names:
        advice = write_instead(plan.case_type, case_names)
        yield node.problem(["case_type"], f"there is no case type {plan.case_type}", advice)
    if not plan.opens_case:
        if plan.steps:
            yield node.problem(
                ["steps"], "a plan that opens no case has no steps", "remove them, or write opens_case: true"
            )
        return
    if not any(_asks_person(step) for step in plan.steps):
        yield node.problem(
            ["steps"],
            f"plan {plan.plan} never asks a person: messages and waits alone leave the case to nobody",
            "add a call, a dispatch_guard, an ask or a step the operator does (automatic: false)",
        )
    has_clock = case_type is None or bool(case_type.clocks)
    if not has_clock and not any(step.timeout_s is not None for step in plan.steps):
        yield node.problem(["steps"], f"nothing in plan {plan.plan} has a deadline", "give a step timeout_s")


def _asks_person(step: StepShape) -> bool:
    return step.kind in _ANSWERED or not step.automatic


def _references(step: StepShape, node: Node, at: tuple[str | int, ...], ids: list[str]) -> Found:
    targets = [(field, getattr(step, field)) for field in ("on_timeout", "on_unreachable")]
    for field, target in targets:
        if target and target not in ids:
            yield node.problem((*at, field), f"{field}: there is no step {target}", write_instead(target, ids))
    answers = [branch.answer for branch in step.branches]
    for j, branch in enumerate(step.branches):
        where = (*at, "branches", j)
        if branch.goto not in ids:
            yield node.problem(
                (*where, "goto"), f"goto: there is no step {branch.goto}", write_instead(branch.goto, ids)
            )
        if branch.answer in answers[:j]:
            yield node.problem((*where, "answer"), f"two answers are called {branch.answer}", "rename one")
    if step.on_timeout and step.timeout_s is None:
        yield node.problem((*at, "on_timeout"), "on_timeout without timeout_s never happens", "add timeout_s: …")
    if step.on_unreachable and step.kind not in _UNREACHABLE:
        yield node.problem((*at, "on_unreachable"), f"a {step.kind} step cannot be unreachable", "use on_timeout")


def _by_kind(step: StepShape, plan: PlanShape, node: Node, at: tuple[str | int, ...]) -> Found:
    kind = step.kind
    if kind in _WITH_RECIPIENTS and not step.recipients:
        yield node.problem(at, f"step {step.id} does not say whom", "add recipients: guards, keyholders, on_duty, …")
    if kind is StepKind.MESSAGE:
        if not step.channels:
            yield node.problem(at, f"step {step.id} does not say how", "add channels: [mail], [pager] or both")
        if step.template not in plan.texts:
            advice = write_instead(step.template, plan.texts) or "add it under texts:"
            yield node.problem((*at, "template"), f"there is no text {step.template or '(none)'}", advice)
    if kind is StepKind.ASK and len(step.branches) < 2:
        yield node.problem(
            at, f"the question {step.id} has fewer than two answers", "add branches: [{answer, title, goto}, …]"
        )
    if kind is not StepKind.ASK and step.branches:
        yield node.problem((*at, "branches"), f"a {kind} step has no answers", "make it kind: ask, or remove branches")
    if kind is StepKind.WAIT and step.timeout_s is None:
        yield node.problem(at, f"step {step.id} waits without end", "add timeout_s: …")
    if kind is StepKind.NOTIFY_AUTHORITY and step.automatic and plan.priority is not Priority.P0:
        # requirements 4.9: at once where life is at stake; the rest is an operator's decision.
        yield node.problem(
            (*at, "automatic"),
            "an authority is told without an operator only by a plan of priority P0",
            "write automatic: false; the step still comes up by itself",
        )


def _condition(step: StepShape, node: Node, at: tuple[str | int, ...]) -> Found:
    if step.when is None:
        return
    if step.when == ALWAYS:
        yield node.problem((*at, "when"), "a step without when is always started", "leave when out")
        return
    try:
        compile_condition(step.when)
    except ConditionError as error:
        for fault in error.faults:
            yield node.problem((*at, "when", *fault.path), fault.message, fault.advice, at_key=fault.at_key)


def _cycles(plan: PlanShape, node: Node) -> Found:
    """A way round that takes no time would spin: every cycle needs a wait step or a timeout that has to pass."""
    index = {step.id: i for i, step in enumerate(plan.steps)}
    edges: dict[int, list[int]] = {}
    for i, step in enumerate(plan.steps):
        targets = [branch.goto for branch in step.branches] + [step.on_unreachable]
        leads = [index[target] for target in targets if target in index]
        edges[i] = [] if step.kind is StepKind.WAIT else leads + ([i + 1] if i + 1 < len(plan.steps) else [])
    on_cycle = [i for i in edges if _reaches(edges, i)]
    if on_cycle:
        names = ", ".join(plan.steps[i].id for i in on_cycle)
        yield node.problem(
            ("steps", on_cycle[0]), f"the steps {names} lead round without a wait", "put a wait step between"
        )


def _reaches(edges: dict[int, list[int]], start: int) -> bool:
    """Whether `start` can be come back to."""
    seen: set[int] = set()
    pending = list(edges[start])
    while pending:
        step = pending.pop()
        if step == start:
            return True
        if step not in seen:
            seen.add(step)
            pending += edges[step]
    return False
