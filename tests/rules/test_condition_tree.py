from __future__ import annotations

import pytest
from hypothesis import given

from protocols.signals import LIFE_SAFETY, Category, Qualifier, Signal
from rules.condition_tree import closure, covers, shown_tree, simplified
from rules.conditions import compile_condition
from rules.model import View
from tests.rules import strategies


@pytest.mark.parametrize(
    ("tree", "categories"),
    [
        ("always", set(Category)),
        ({"signal.category": "fire"}, {Category.FIRE}),
        ({"signal.life_safety": True}, set(LIFE_SAFETY)),
        ({"signal.life_safety": {"not": True}}, set(Category) - LIFE_SAFETY),
        ({"not": {"signal.category": "fire"}}, set(Category) - {Category.FIRE}),
        ({"not": {"all": [{"signal.category": "fire"}]}}, set(Category)),
        ({"any": [{"signal.category": "fire"}, {"signal.category": "test"}]}, {Category.FIRE, Category.TEST}),
        ({"any": [{"signal.category": "fire"}, {"site.kind": "x"}]}, set(Category)),
        ({"all": [{"signal.category": ["fire", "test"]}, {"signal.life_safety": False}]}, {Category.TEST}),
    ],
)
def test_pinned_categories(tree: object, categories: set[Category]) -> None:
    assert compile_condition(tree).categories == categories


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("always", {"site.kind": "x"}, True),
        ({"site.kind": "x"}, "always", False),
        ({"site.kind": ["x", "y"]}, {"site.kind": "x"}, True),
        ({"site.kind": "x"}, {"site.kind": ["x", "y"]}, False),
        ({"site.kind": "x"}, {"site.kind": "x", "state.armed": True}, True),
        ({"site.kind": {"not": "x"}}, {"site.kind": "y"}, True),
        ({"site.kind": {"not": "x"}}, {"site.kind": "x"}, False),
        ({"site.tags": {"not": "x"}}, {"site.tags": "y"}, False),  # a site may have both
        ({"signal.zone": {"at_least": 3}}, {"signal.zone": {"at_least": 3}}, True),
        ({"signal.zone": {"at_least": 3}}, {"signal.zone": {"at_least": 4}}, False),  # true, and not seen
        ({"any": [{"site.kind": "x"}, {"site.kind": "y"}]}, {"any": [{"site.kind": "x"}, {"site.kind": "y"}]}, True),
        ({"site.kind": "x"}, {"any": [{"site.kind": "x"}]}, False),
        ("always", {"not": {"site.kind": "x"}}, True),
    ],
)
def test_covers(wider: object, narrower: object, expected: bool) -> None:
    assert covers(compile_condition(wider).tree, compile_condition(narrower).tree) is expected


@given(strategies.trees, strategies.trees, strategies.signals, strategies.views)
def test_what_is_covered_never_holds_alone(wider: object, narrower: object, signal: Signal, view: View) -> None:
    a, b = compile_condition(wider), compile_condition(narrower)
    if covers(a.tree, b.tree) and b.holds(signal, view):
        assert a.holds(signal, view)


@given(strategies.trees, strategies.signals, strategies.views)
def test_pins_never_lie(tree: object, signal: Signal, view: View) -> None:
    condition = compile_condition(tree)
    if condition.holds(signal, view):
        assert signal.category in condition.categories
        assert signal.qualifier in condition.qualifiers


@given(strategies.trees, strategies.signals, strategies.views)
def test_a_simplified_condition_holds_alike(tree: object, signal: Signal, view: View) -> None:
    condition = compile_condition(tree)
    left = simplified(condition.tree, signal.category, signal.qualifier)
    holds = left if isinstance(left, bool) else closure(left)(signal, view)
    assert holds is condition.holds(signal, view)


def test_shown() -> None:
    tree = {
        "all": [
            {"site.kind": {"not": "x"}},
            {"any": [{"signal.zone": list(range(1, 8))}, {"not": {"state.armed": True}}]},
        ]
    }
    text = "(site.kind: not x, (signal.zone: 1, 2, 3, 4, 5, … / not state.armed: true))"
    assert shown_tree(compile_condition(tree).tree) == text
    assert shown_tree(compile_condition("always").tree) == "always"
    assert compile_condition({"signal.qualifier": "new"}).qualifiers == {Qualifier.NEW}
