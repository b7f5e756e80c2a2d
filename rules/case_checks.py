"""Case types: what the shape cannot say. Every state can be reached and left, and every name means something.

One rule: a check looks at one case type alone; every finding is a problem at its line.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.model import FieldKind, Priority
from rules.problems import Problem, write_instead
from rules.schema import CaseShape, ClockShape, FormShape
from rules.vocabulary import GATES, REPORT_SECTIONS
from rules.yaml_source import Node

Found = Iterator[Problem]


def check_case_type(case: CaseShape, node: Node) -> list[Problem]:
    found = [
        *_moves(case, node),
        *_life_cycle(case, node),
        *_forms(case, node),
        *_clocks(case, node),
        *_opening(case, node),
    ]
    for i, section in enumerate(case.report):
        if section not in REPORT_SECTIONS:
            advice = write_instead(section, REPORT_SECTIONS)
            found.append(node.problem(["report", i], f"unknown report section {section}", advice))
    return found


def _moves(case: CaseShape, node: Node) -> Found:
    forms = {form.name: form for form in case.forms}
    for i, move in enumerate(case.moves):
        at = ("moves", i)
        if any(other.name == move.name for other in case.moves[:i]):
            yield node.problem((*at, "name"), f"two moves are called {move.name}", "list all sources: in one move")
        for j, source in enumerate(move.sources):
            if source not in case.states:
                yield node.problem(
                    (*at, "sources", j), f"there is no state {source}", write_instead(source, case.states)
                )
        if move.target not in case.states:
            yield node.problem(
                (*at, "target"), f"there is no state {move.target}", write_instead(move.target, case.states)
            )
        if move.form and move.form not in forms:
            yield node.problem((*at, "form"), f"there is no form {move.form}", write_instead(move.form, forms))
        for j, gate in enumerate(move.gates):
            if gate not in GATES:
                yield node.problem((*at, "gates", j), f"unknown gate {gate}", write_instead(gate, GATES))
        if "contract_includes" in move.gates and not case.service:
            yield node.problem((*at, "gates"), "contract_includes needs a service", "add service: … to the case type")
        if "form_complete" in move.gates and not move.form:
            yield node.problem((*at, "gates"), "form_complete needs a form", "add form: …")
        form = forms.get(move.form)
        if "disposition" in move.gates and form is not None and not any(f.name == "disposition" for f in form.fields):
            yield node.problem((*at, "gates"), f"the form {move.form} has no field disposition", "add the field")


def _life_cycle(case: CaseShape, node: Node) -> Found:
    if case.initial not in case.states:
        yield node.problem(["initial"], f"there is no state {case.initial}", write_instead(case.initial, case.states))
        return
    closed = {move.target for move in case.moves if move.closes}
    if not closed:
        yield node.problem(["moves"], "no move closes the case", "add closes: true to the one that does")
    if case.initial in closed:
        yield node.problem(["initial"], "a case cannot begin closed", "write another state")
    reached = _closure(case, {case.initial, case.initial_by_hand or case.initial}, forward=True)
    ending = _closure(case, closed, forward=False)
    for state in case.states:
        if state not in reached:
            yield node.problem(
                ["states", state], f"no move leads to the state {state}", "add one, or remove the state", at_key=True
            )
        elif closed and state not in ending:
            yield node.problem(
                ["states", state],
                f"a case in the state {state} can never be closed",
                "add a move out of it",
                at_key=True,
            )


def _closure(case: CaseShape, states: set[str], *, forward: bool) -> set[str]:
    """States reachable from `states` by moves; backwards: states from which one of them is reachable."""
    found = set(states)
    pairs = [(source, move.target) for move in case.moves for source in move.sources]
    arrows = pairs if forward else [(target, source) for source, target in pairs]
    grown = True
    while grown:
        new = {target for source, target in arrows if source in found} - found
        found |= new
        grown = bool(new)
    return found


def _forms(case: CaseShape, node: Node) -> Found:
    for i, form in enumerate(case.forms):
        if any(other.name == form.name for other in case.forms[:i]):
            yield node.problem(["forms", i, "name"], f"two forms are called {form.name}", "rename one")
        if form.name != case.opening and not any(move.form == form.name for move in case.moves):
            yield node.problem(
                ["forms", i, "name"], f"no move uses the form {form.name}", "name it in a move, or remove it"
            )
        yield from _fields(form, node, ("forms", i))


def _fields(form: FormShape, node: Node, at: tuple[str | int, ...]) -> Found:
    for i, field in enumerate(form.fields):
        where = (*at, "fields", i)
        if any(other.name == field.name for other in form.fields[:i]):
            yield node.problem((*where, "name"), f"two fields are called {field.name}", "rename one")
        if field.kind is FieldKind.CHOICE and len(field.choices) < 2:
            yield node.problem(
                where, f"the choice {field.name} has fewer than two choices", "add choices: {value: {fi, sv, en}}"
            )
        if field.kind is not FieldKind.CHOICE and field.choices:
            yield node.problem((*where, "choices"), f"a {field.kind} field has no choices", "make it kind: choice")


def _clocks(case: CaseShape, node: Node) -> Found:
    for i, clock in enumerate(case.clocks):
        at = ("clocks", i)
        if any(other.name == clock.name for other in case.clocks[:i]):
            yield node.problem((*at, "name"), f"two clocks are called {clock.name}", "rename one")
        for j, state in enumerate(clock.states):
            if state not in case.states:
                yield node.problem((*at, "states", j), f"there is no state {state}", write_instead(state, case.states))
        yield from _clock_targets(clock, node, at)
        yield from _clock_names(case, clock, node, at)


def _clock_targets(clock: ClockShape, node: Node, at: tuple[str | int, ...]) -> Found:
    if bool(clock.targets_s) == bool(clock.within):
        yield node.problem(at, f"the clock {clock.name} needs its targets", "give targets_s, or within and shares")
        return
    if bool(clock.within) != bool(clock.shares):
        yield node.problem(at, "within and shares belong together", "write, for example, shares: [0.75, 1]")
    if list(clock.shares) != sorted(set(clock.shares)):
        yield node.problem((*at, "shares"), "shares stand in rising order", "write, for example, [0.75, 1]")
    if clock.targets_s and "*" not in clock.targets_s and set(clock.targets_s) != set(Priority):
        missing = ", ".join(sorted(set(Priority) - set(clock.targets_s)))
        yield node.problem(
            (*at, "targets_s"), f"cases of {missing} would have no target", 'add "*": [90, 180] for the rest'
        )
    for priority, targets in clock.targets_s.items():
        where = (*at, "targets_s", priority)
        if priority not in [*Priority, "*"]:
            yield node.problem(
                where, f"unknown priority {priority}", 'write P0 to P5, or "*" for the rest', at_key=True
            )
        if not targets or list(targets) != sorted(set(targets)):
            yield node.problem(where, "targets are seconds in rising order", "write, for example, [30, 60]")


def _clock_names(case: CaseShape, clock: ClockShape, node: Node, at: tuple[str | int, ...]) -> Found:
    kinds = {field.name: field.kind for form in case.forms for field in form.fields}
    for word, name, kind in (("since", clock.since, FieldKind.INSTANT), ("within", clock.within, FieldKind.NUMBER)):
        if name and kinds.get(name) is not kind:
            advice = write_instead(name, [field for field, its in kinds.items() if its is kind]) or "add it to a form"
            yield node.problem((*at, word), f"no form has the {kind.value} field {name}", advice)
    moves = {move.name: move for move in case.moves}
    for j, name in enumerate(clock.restarts_on):
        if name not in moves:
            yield node.problem((*at, "restarts_on", j), f"there is no move {name}", write_instead(name, moves))
    if not clock.then:
        return
    chosen = moves.get(clock.then)
    if chosen is None:
        yield node.problem((*at, "then"), f"there is no move {clock.then}", write_instead(clock.then, moves))
    elif missing := [state for state in clock.states if state not in chosen.sources]:
        message = f"{clock.then} is not possible in {missing[0]}, where the clock runs"
        yield node.problem((*at, "then"), message, f"add {missing[0]} to the sources of {clock.then}")
    elif "person" in chosen.gates:
        yield node.problem((*at, "then"), f"{clock.then} is for people alone", "name a move without the gate person")


def _opening(case: CaseShape, node: Node) -> Found:
    forms = {form.name: form for form in case.forms}
    if case.opening and case.opening not in forms:
        yield node.problem(["opening"], f"there is no form {case.opening}", write_instead(case.opening, forms))
    if case.initial_by_hand and case.initial_by_hand not in case.states:
        message = f"there is no state {case.initial_by_hand}"
        yield node.problem(["initial_by_hand"], message, write_instead(case.initial_by_hand, case.states))
