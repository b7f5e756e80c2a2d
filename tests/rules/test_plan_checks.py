from __future__ import annotations

import pytest

from tests.rules.small import CASE, plan, problems

T = "title: {fi: a, sv: a, en: a}"
CLOSE = f"{{id: end, kind: close, {T}}}"


def found(steps: str, more: str = "") -> list[str]:
    return problems(("p.yaml", plan("p", more=f"steps:\n{steps}{more}")))


def step(kind: str, more: str = "", name: str = "one") -> str:
    return f"  - {{id: {name}, kind: {kind}, {T}{', ' if more else ''}{more}}}\n"


GOOD = f"  - {CLOSE}\n"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (step("close") + step("close"), "p.yaml:9:10: error: two steps are called one — give each its own id"),
        (step("call", "recipients: k, timeout_s: 9, on_timeout: two"), "on_timeout: there is no step two"),
        (step("call", "recipients: k, on_unreachable: two"), "on_unreachable: there is no step two"),
        (step("call", "recipients: k, on_timeout: one"), "on_timeout without timeout_s never happens — add timeout_s"),
        (step("listen", "on_unreachable: one"), "a listen step cannot be unreachable — use on_timeout"),
        (step("call"), "step one does not say whom — add recipients: guards"),
        (step("message", "recipients: k, channels: [mail], template: t") + GOOD, "there is no text t"),
        (step("ask", f"branches: [{{answer: a, {T}, goto: one}}]"), "the question one has fewer than two answers"),
        (step("close", f"branches: [{{answer: a, {T}, goto: end}}]") + GOOD, "a close step has no answers"),
        (step("wait") + GOOD, "step one waits without end — add timeout_s: …"),
        (step("notify_authority", "recipients: erc, automatic: true") + GOOD, "only by a plan of priority P0"),
        (step("close", "when: {signal.category: fir}"), "p.yaml:8:82: error: unknown category fir — did you mean"),
        (step("close", "when: always"), "a step without when is always started — leave when out"),
        (step("close", "timeout_s: 0"), "timeout_s: input should be greater than 0"),
        (step("close", "timeout_s: soon"), "timeout_s must be a number"),
        (step("colse"), "unknown kind colse — did you mean close? write close instead"),
        (step("close").replace("sv: a, ", ""), "the text is missing in sv — add sv: …"),
        (step("close").replace("sv: a", "sv: ''"), "the sv text is empty"),
        (step("close").replace("sv: a", "sv: a, de: a"), "unknown language de"),
        (step("wait", "timeout_s: 5, automatic: true"), "plan p never asks a person"),
        ("  []\n", "plan p never asks a person"),
    ],
)  # fmt: skip
def test_bad_steps(steps: str, expected: str) -> None:
    said = found(steps)
    assert any(expected in line for line in said), said


def ask(name: str, *targets: str) -> str:
    branches = ", ".join(f"{{answer: a{i}, {T}, goto: {target}}}" for i, target in enumerate(targets))
    return step("ask", f"branches: [{branches}]", name)


def test_a_way_round_without_a_wait_is_refused() -> None:
    said = found(step("call", "recipients: k", "one") + ask("two", "one", "end") + GOOD)
    assert said == ["p.yaml:8:5: error: the steps one, two lead round without a wait — put a wait step between"]


def test_a_way_round_with_a_wait_or_a_timeout_is_taken() -> None:
    waiting = step("wait", "timeout_s: 60", "pause")
    assert found(waiting + step("call", "recipients: k", "one") + ask("two", "pause", "end") + GOOD) == []
    assert found(step("call", "recipients: k, timeout_s: 60, on_timeout: one") + GOOD) == []


def test_branches_and_answers() -> None:
    said = found(ask("one", "nowhere", "end") + GOOD)
    assert len(said) == 1
    assert "goto: there is no step nowhere" in said[0]
    assert "two answers are called a0" in found(ask("one", "end", "end").replace("a1", "a0") + GOOD)[0]


def test_messages_need_a_way_and_a_text() -> None:
    (said,) = found(step("message", "recipients: k, template: t") + GOOD, "texts: {t: {fi: a, sv: a, en: a}}\n")
    assert "step one does not say how — add channels: [mail], [pager] or both" in said
    message = step("message", "recipients: k, template: t, channels: [mail]")
    assert found(message + GOOD, "texts: {t: {fi: '{site_name}', sv: '{link}', en: '{{x}} {case_id}'}}\n") == []
    (said,) = found(message + GOOD, "texts: {t: {fi: '{sitename}', sv: a, en: a}}\n")
    assert "unknown placeholder {sitename} in the fi text — did you mean site_name? write site_name instead" in said
    (said,) = found(message + GOOD, "texts: {t: {fi: '{', sv: a, en: a}}\n")
    assert "a brace stands alone in the fi text" in said


def test_a_plan_that_opens_no_case_has_no_steps() -> None:
    (said,) = problems(("p.yaml", plan("p", "P5", opens_case=False, more=f"steps:\n{GOOD}")))
    assert "a plan that opens no case has no steps" in said


def test_something_must_have_a_deadline() -> None:
    clockless = CASE[: CASE.index("clocks:")].replace("case: alarm", "case: slow")
    text = plan("p", more=f"case_type: slow\nsteps:\n{GOOD}")
    (said,) = problems(("slow.yaml", clockless), ("p.yaml", text))
    assert "nothing in plan p has a deadline — give a step timeout_s" in said
    assert (
        problems(("slow.yaml", clockless), ("p.yaml", text.replace("kind: close", "kind: close, timeout_s: 60"))) == []
    )
