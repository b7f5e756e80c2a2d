from __future__ import annotations

import pytest

from rules.engine import RuleSet
from rules.loader import load
from rules.model import Priority, SiteView, View
from tests.rules.small import SMALL, signal
from tests.rules.test_engine import NOW

PACK = """\
pack: x
requires: 1
lists: {kinds: [shop, bank]}
routes:
  - name: a
    desc: d
    why: w
    when: {site.kind: $kinds}
    plan: guard
    routes:
      - {name: b, desc: d, why: w, when: {site.tags: high_risk}, plan: unclassified}
tests:
  - {name: a, signal: {code: BA}, site: {kind: shop}, expect: {route: x/a}}
  - {name: b, signal: {code: BA}, site: {kind: bank, tags: high_risk}, expect: {route: x/a/b}}
"""


def loaded(*overlays: str) -> tuple[RuleSet | None, list[str]]:
    files = {f"o{i}.yaml": f"overlay: o{i}\nrequires: 1\n{text}" for i, text in enumerate(overlays)}
    result = load({**SMALL, "x.yaml": PACK, **files})
    return result.ruleset, [str(problem) for problem in result.problems]


def route(ruleset: RuleSet | None, kind: str, *tags: str) -> str:
    assert ruleset is not None
    view = View(site=SiteView(id="S", kind=kind, tags=tags))
    return ruleset.decide(signal(), view, NOW).route


def test_lists_append_and_remove() -> None:
    ruleset, said = loaded("packs: {x: {lists: {kinds: {append: [home], remove: [bank]}}}}")
    assert said == []
    assert [route(ruleset, kind) for kind in ("shop", "home", "bank")] == ["x/a", "x/a", "root"]


def test_lists_replace() -> None:
    ruleset, said = loaded("packs: {x: {lists: {kinds: {replace: [home]}}}}")
    assert said == []
    assert [route(ruleset, kind) for kind in ("shop", "home")] == ["root", "x/a"]


def test_a_route_is_switched_off_with_its_tests() -> None:
    ruleset, said = loaded("packs: {x: {routes: {a/b: {enabled: false}}}}")
    assert said == []
    assert route(ruleset, "shop", "high_risk") == "x/a"
    assert ruleset is not None
    assert [placed.test.name for placed in ruleset.tests] == ["a"]


def test_whole_fields_are_replaced() -> None:
    ruleset, said = loaded(
        "packs:\n  x:\n"
        "    routes: {a: {replace: {priority: P3, when: {any: [{site.kind: mill}, {site.kind: shop}]}}}}\n"
        "    tests:\n      remove: [b]\n"
        "      append: [{name: c, signal: {code: BA}, site: {kind: mill, tags: high_risk}, expect: {route: x/a/b}}]\n"
    )
    assert said == []
    assert route(ruleset, "mill") == "x/a"
    assert ruleset is not None
    assert ruleset.decide(signal(), View(site=SiteView(id="S", kind="mill")), NOW).priority is Priority.P3
    assert [placed.test.name for placed in ruleset.tests] == ["a", "c"]


def test_a_plan_changes_whole_fields() -> None:
    ruleset, said = loaded("plans: {guard: {replace: {priority: P3, version: 7}}}")
    assert said == []
    assert ruleset is not None
    assert (ruleset.plans["guard"].priority, ruleset.plans["guard"].version) == (Priority.P3, 7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("packs: {y: {}}", "o0.yaml:3:9: error: there is no pack y"),
        ("plans: {gaurd: {}}", "o0.yaml:3:9: error: there is no plan gaurd — did you mean guard? write guard instead"),
        ("packs: {x: {lists: {kids: {}}}}", "o0.yaml:3:21: error: pack x has no list kids — did you mean kinds?"),
        ("packs: {x: {lists: {kinds: {remove: [mill]}}}}", "o0.yaml:3:29: error: mill is not in the list kinds"),
        ("packs: {x: {lists: {kinds: {replace: [a], append: [b]}}}}", "o0.yaml:3:21: error: replace stands alone"),
        ("packs: {x: {routes: {c: {}}}}", "o0.yaml:3:22: error: pack x has no route c"),
        ("packs: {x: {tests: {remove: [z]}}}", "o0.yaml:3:21: error: pack x has no test 'z'"),
        ("packs: {x: {routes: {a: {replace: {plan: gaurd}}}}}", "o0.yaml:3:42: error: there is no plan gaurd"),
        ("packs: {x: {routes: {a: {replace: {when: or shop}}}}}", "o0.yaml:3:42: error: a condition is a mapping"),
        ("packs: {x: {routes: {a: {replace: {name: z}}}}}", "o0.yaml:3:36: error: unknown field name"),
        ("plans: {unclassified: {enabled: false}}", "packs/root.yaml:4:14: error: an overlay removes the plan"),
        ("plans: {guard: {replace: {steps: []}}}", "o0.yaml:3:34: error: plan guard never asks a person"),
        ("packs: {x: {routes: {a: {enabled: 'no'}}}}", "o0.yaml:3:35: error: enabled must be true or false"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_in_the_overlay(text: str, expected: str) -> None:
    ruleset, said = loaded(text)
    assert ruleset is None
    assert any(line.startswith(expected) for line in said), said


def test_two_overlays_that_want_the_last_word_are_a_conflict() -> None:
    change = "packs: {x: {routes: {a: {replace: {priority: P3}}}}}"
    ruleset, said = loaded(change, change)
    assert ruleset is None
    assert said == [
        "o1.yaml:3:36: error: priority of route x/a is already replaced by overlay o0 — keep one of the two"
    ]
    assert loaded(change, "packs: {x: {routes: {a: {replace: {plan: unclassified}}}}}")[0] is not None
