from __future__ import annotations

import pytest

from tests.rules.small import CASE, problems

T = "title: {fi: a, sv: a, en: a}"
FORM = f"forms: [{{name: f, {T}, fields: [{{name: x, kind: text, {T}}}]}}]\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("initial: new", "initial: nwe", "there is no state nwe — did you mean new? write new instead"),
        ("initial: new", "initial: closed", "a case cannot begin closed"),
        ("sources: [new]", "sources: [nwe]", "there is no state nwe"),
        ("target: closed", "target: close", "there is no state close — did you mean closed?"),
        (", closes: true", "", "no move closes the case — add closes: true"),
        ("closed: {", "lost: {fi: a, sv: a, en: a}, closed: {", "a.yaml:6:44: error: no move leads to the state lost"),
        ("closes: true}", "closes: true, form: f}", "there is no form f"),
        (
            "closes: true}",
            "closes: true, gates: [ownr]}",
            "unknown gate ownr — did you mean owner? write owner instead",
        ),
        ("closes: true}", "closes: true, gates: [form_complete]}", "form_complete needs a form"),
        ("closes: true}", "closes: true, gates: [contract_includes]}", "contract_includes needs a service"),
        ("initial: new", "service: gaurd_dispatch\ninitial: new", "gaurd_dispatch is no service — did you mean guard"),
        ("clocks:", f"{FORM}clocks:", "no move uses the form f"),
        ("states: [new], targets", "states: [nw], targets", "there is no state nw"),
        ('"*": [90, 180]', '"*": [180, 90]', "targets are seconds in rising order"),
        ('"*": [90, 180]', "P0: [30, 60]", "cases of P1, P2, P3, P4, P5 would have no target"),
        ('"*": [90, 180]', '"*": []', "targets are seconds in rising order"),
        ('"*": [90, 180]', "P7: [90]", "unknown priority P7 — write P0 to P5"),
        ("clocks:", "report: [sgnals]\nclocks:", "unknown report section sgnals — did you mean signals?"),
        ('targets_s: {"*": [90, 180]}', "quiet: 1", "the clock acknowledge needs its targets"),
        ('{"*": [90, 180]}', '{"*": [90, 180]}, within: x, shares: [1]', "the clock acknowledge needs its targets"),
        ('targets_s: {"*": [90, 180]}', "within: x", "no form has the number field x — add it to a form"),
        ('targets_s: {"*": [90, 180]}', "within: x", "within and shares belong together"),
        ('targets_s: {"*": [90, 180]}', "within: x, shares: [1, 0.5]", "shares stand in rising order"),
        ("states: [new], targets", "states: [new], since: x, targets", "no form has the instant field x"),
        ("states: [new], targets", "states: [new], then: clos, targets", "there is no move clos — did you mean close?"),
        ("states: [new], targets", "states: [new, closed], then: close, targets", "close is not possible in closed"),
        ("states: [new], targets", "states: [new], restarts_on: [clos], targets", "there is no move clos"),
        ("initial: new", "initial: new\nopening: f", "there is no form f"),
        ("initial: new", "initial: new\ninitial_by_hand: nw", "there is no state nw — did you mean new?"),
        ("title: {fi: H, sv: L, en: A}", "title: {fi: H, en: A}", "the text is missing in sv"),
    ],
)
def test_bad_case_types(old: str, new: str, expected: str) -> None:
    assert old in CASE
    said = problems(
        ("cases/alarm.yaml", CASE.replace(old, new, 1)),
        ("a.yaml", CASE.replace("case: alarm", "case: a").replace(old, new, 1)),
    )
    assert any(expected in line for line in said), said


def _case(moves: str, forms: str = "", clocks: str = "") -> list[str]:
    head = f"case: a\nrequires: 1\nversion: 1\n{T}\ninitial: new\n"
    states = "states: {new: &t {fi: a, sv: a, en: a}, stuck: *t, closed: *t}\n"
    return problems(("a.yaml", f"{head}{states}moves:\n{moves}{forms}{clocks}"))


def _move(name: str, source: str, target: str, more: str = "") -> str:
    return f"  - {{name: {name}, {T}, sources: [{source}], target: {target}{more}}}\n"


CLOSE = _move("close", "new", "closed", ", closes: true")


def test_a_state_nobody_can_leave_is_refused() -> None:
    (said,) = _case(CLOSE + _move("stick", "new", "stuck"))
    assert said.startswith("a.yaml:6:41: error: a case in the state stuck can never be closed — add a move out of it")
    assert _case(CLOSE + _move("stick", "new", "stuck") + _move("free", "stuck", "new")) == []


def test_names_are_used_once() -> None:
    stuck = _move("stick", "new", "stuck", ", form: f") + _move("free", "stuck", "new")
    assert "two moves are called free" in _case(CLOSE + stuck + _move("free", "stuck", "closed"), FORM)[0]
    twice = FORM.replace(
        "]}]",
        "]}, {name: f, title: {fi: a, sv: a, en: a}, fields: [{name: x, kind: text, title: {fi: a, sv: a, en: a}}]}]",
    )
    assert "two forms are called f" in _case(CLOSE + stuck, twice)[0]
    clock = "{name: c, states: [new], targets_s: {'*': [1]}}"
    assert "two clocks are called c" in _case(CLOSE + stuck, FORM, f"clocks: [{clock}, {clock}]\n")[0]


def test_forms() -> None:
    stuck = _move("stick", "new", "stuck", ", form: f") + _move("free", "stuck", "new")
    field = f"{{name: x, kind: text, {T}}}"
    assert "two fields are called x" in _case(CLOSE + stuck, FORM.replace(field, f"{field}, {field}"))[0]
    assert (
        "the choice x has fewer than two choices" in _case(CLOSE + stuck, FORM.replace("kind: text", "kind: choice"))[0]
    )
    chosen = FORM.replace("kind: text", "kind: text, choices: {a: {fi: a, sv: a, en: a}}")
    assert "a text field has no choices" in _case(CLOSE + stuck, chosen)[0]
    gated = stuck.replace("form: f", "form: f, gates: [disposition]")
    assert "the form f has no field disposition" in _case(CLOSE + gated, FORM)[0]


def test_a_clock_makes_no_move_that_is_for_people() -> None:
    stuck = _move("stick", "new", "stuck", ", gates: [person]") + _move("free", "stuck", "closed")
    clock = "clocks: [{name: c, states: [new], targets_s: {'*': [1]}, then: stick}]\n"
    assert "stick is for people alone" in _case(CLOSE + stuck, clocks=clock)[0]


def test_a_state_that_only_people_open_is_reached() -> None:
    begun = _move("begin", "stuck", "new")
    assert _case(CLOSE + begun)[0].startswith("a.yaml:6:41: error: no move leads to the state stuck")
    assert _case(CLOSE + begun, clocks="initial_by_hand: stuck\n") == []
