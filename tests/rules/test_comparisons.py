from __future__ import annotations

import pytest

from rules.comparisons import compare, equality, operators_of
from rules.model import View
from rules.paths import PATHS, ValueFault, ValueType
from tests.rules.small import SITE_VIEW, signal


@pytest.mark.parametrize("name", sorted(PATHS))
def test_every_operator_of_a_path_can_be_built_and_is_total(name: str) -> None:
    path = PATHS[name]
    bodies = {"at_least": 1, "at_most": 1, "matches": "*", "contains": "x", "between": ["01:00", "02:00"]}
    for operator in operators_of(path):
        if operator in bodies:
            leaf = compare(path, operator, bodies[operator])
        else:
            leaf = equality(path, operator, frozenset({"x"}))
        for view in (SITE_VIEW, View()):
            assert leaf.test(signal(), view) in {True, False}
            assert leaf.test(None, view) in {True, False}
            assert bool(leaf.failing(None, view)) is not leaf.test(None, view)


def test_only_what_makes_sense_is_offered() -> None:
    offered = {path.type: operators_of(path) for path in PATHS.values()}
    assert offered[ValueType.CLOCK] == ("between",)
    assert offered[ValueType.NUMBER] == ("in", "not", "at_least", "at_most")
    assert offered[ValueType.TEXT] == ("in", "not", "matches", "contains")
    assert offered[ValueType.FLAG] == ("in", "not")


def test_a_pattern_of_many_stars_ends() -> None:
    leaf = compare(PATHS["site.kind"], "matches", "*a" * 90)
    view = View(site=type(SITE_VIEW.site)(id="S", kind="a" * 60 + "b"))  # type: ignore[misc] # – SITE_VIEW has a site
    assert leaf.test(None, view) is False


def test_a_limit_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(ValueFault, match="digits"):
        compare(PATHS["signal.zone"], "at_least", "many")
