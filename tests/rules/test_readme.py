"""The reference for rule authors is true: its examples load and pass, and it names everything there is."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from rules import conditions, loader, packtest, paths, route_checks, schema, shipped, vocabulary, yaml_source
from rules.loader import load
from rules.model import FieldKind, Priority, Reason, StepKind

README = files("rules").joinpath("README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_examples_load_and_their_tests_pass() -> None:
    assert len(EXAMPLES) == 5
    loaded = load({**shipped.sources(), **{f"README-{i}.yaml": text for i, text in enumerate(EXAMPLES)}})
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.ruleset is not None
    results = packtest.run(loaded.ruleset)
    assert [str(result) for result in results if not result.passed] == []
    assert sum(result.file.startswith("README") for result in results) == 7


@pytest.mark.parametrize(
    "names",
    [
        list(paths.PATHS),
        [*StepKind], [*FieldKind], [*Priority], [*Reason],
        sorted(vocabulary.GATES), sorted(vocabulary.REPORT_SECTIONS), sorted(vocabulary.ARCD_CODES),
        [f"{{{name}}}" for name in sorted(vocabulary.PLACEHOLDERS)],
        [f"{kind}:" for kind in loader.KINDS],
        ["all", "any", "not", "always", "in", "at_least", "at_most", "between", "matches", "contains"],
        [*schema.PackTest.model_fields, *schema.TestSignal.model_fields],
        [*schema.PackShape.model_fields, *schema.RouteShape.model_fields],
        [*schema.PlanShape.model_fields, *schema.StepShape.model_fields],
        [*schema.CaseShape.model_fields, *schema.MoveShape.model_fields, *schema.ClockShape.model_fields],
    ],
)  # fmt: skip
def test_everything_is_named(names: list[str]) -> None:
    assert [name for name in names if str(name) not in README] == []


def test_the_limits_are_those_of_the_code() -> None:
    limits = yaml_source.RULE_LIMITS
    for number, words in [
        (limits.text_chars_max, "characters"), (limits.nodes_max, "values (aliases"), (loader.FILES_MAX, "|"),
        (schema.ROUTES_PER_LEVEL_MAX, "beside each other"), (route_checks.ROUTES_MAX, "in all"),
        (conditions.CONDITION_LEAVES_MAX, "comparisons"), (conditions.LIST_ITEMS_MAX, "values, a value"),
        (paths.TEXT_CHARS_MAX, "characters |"), (schema.TEXT_CHARS_MAX, "characters; a name"),
        (schema.STEPS_MAX, "steps"),
        (limits.depth_max, "levels |"), (conditions.CONDITION_DEPTH_MAX, "levels, 200"),
        (route_checks.ROUTE_DEPTH_MAX, "levels, 5000"), (schema.NAME_CHARS_MAX, "|"),
    ]:  # fmt: skip
        shown = f"{number:,}".replace(",", " ") if number > 9999 else str(number)
        assert f"{shown} {words}" in README, (shown, words)
