from __future__ import annotations

import pytest
from hypothesis import given

from protocols.signals import Signal
from rules.condition_tree import demanded, simplified
from rules.conditions import compile_condition
from rules.model import View
from rules.paths import PATHS
from rules.route_index import SCANNED_MAX
from tests.rules import strategies
from tests.rules.small import SITE_VIEW, pack, signal
from tests.rules.test_engine import NOW, rules_of


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"site.tags": ["a", "b"]}, {("site.tags", "a"), ("site.tags", "b")}),
        ({"site.tags": {"not": "a"}}, None),
        ({"signal.zone": {"at_least": 3}}, None),
        ({"all": [{"site.kind": ["x", "y"]}, {"signal.zone": "03"}]}, {("signal.zone", "3")}),
        ({"all": [{"state.verification": {"at_least": 2}}, {"time.at": {"between": ["01:00", "02:00"]}}]}, None),
        ({"any": [{"site.kind": "x"}, {"zone.kind": "y"}]}, {("site.kind", "x"), ("zone.kind", "y")}),
        ({"any": [{"site.kind": "x"}, {"state.armed": {"not": True}}]}, None),
        ({"not": {"site.kind": "x"}}, None),
    ],
)
def test_what_a_condition_demands(tree: object, expected: set[tuple[str, object]] | None) -> None:
    assert demanded(compile_condition(tree).tree) == expected


@given(strategies.trees, strategies.signals, strategies.views)
def test_a_condition_never_holds_without_what_it_demands(tree: object, signal: Signal, view: View) -> None:
    condition = compile_condition(tree)
    left = simplified(condition.tree, signal.category, signal.qualifier)
    demands = None if isinstance(left, bool) else demanded(left)
    if demands is None or not condition.holds(signal, view):
        return
    present = set()
    for name, path in PATHS.items():
        value = path.get(signal, view)
        present |= {(name, one) for one in (value if path.many else [value])}  # type: ignore[attr-defined] # – a `many` path gives a collection
    assert demands & present


def test_a_long_row_of_siblings_keeps_its_order() -> None:
    count = 5 * SCANNED_MAX
    lines = [f"r{i} | {{signal.category: intrusion, site.tags: [t{i}, t{i + 1}]}} | guard" for i in range(count)]
    lines.insert(20, "middle | {signal.category: intrusion, state.verification: {at_least: 3}} | guard")
    rules = rules_of(("x.yaml", pack("\n".join(lines))))

    def route(verification: int, *tags: str) -> str:
        site = strategies.SiteView(id="S", tags=tags)
        return rules.decide(signal(), View(site=site, verification=verification), NOW).route

    assert route(0, "t30", "t7") == "x/r6"
    assert route(3, "t30", "t25") == "x/middle"
    assert route(3, "t30", "t5") == "x/r4"
    assert route(0, "none") == "root"
    assert rules.decide(signal(), SITE_VIEW, NOW).route == "root"
