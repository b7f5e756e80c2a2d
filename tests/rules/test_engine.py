from __future__ import annotations

import functools

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal
from rules import shipped
from rules.engine import RuleSet, digest_of
from rules.loader import load
from rules.model import Priority, Reason, View
from tests.rules import strategies
from tests.rules.small import SITE_VIEW, SMALL, pack, plan, signal

NOW = 1_760_000_000_000_000_000


def rules_of(*added: tuple[str, str]) -> RuleSet:
    loaded = load({**SMALL, **dict(added)})
    assert loaded.ruleset is not None, [str(problem) for problem in loaded.problems]
    return loaded.ruleset


@functools.cache
def shipped_rules() -> RuleSet:
    loaded = load(shipped.sources())
    assert loaded.ruleset is not None
    return loaded.ruleset


def test_what_no_route_takes_goes_to_the_root() -> None:
    rules = rules_of()
    decision = rules.decide(signal(), SITE_VIEW, NOW)
    assert (decision.route, decision.plan, decision.priority) == ("root", "unclassified", Priority.P2)
    assert decision.reason is Reason.DEFAULT_ROUTE
    assert decision.rules_digest == rules.digest
    urgent = rules.decide(signal(Category.FIRE), SITE_VIEW, NOW)
    assert (urgent.plan, urgent.priority) == ("life-safety", Priority.P0)


def test_an_unknown_account() -> None:
    rules = rules_of(("x.yaml", pack("a | always | guard")))
    decision = rules.decide(signal(), View(), NOW)
    assert (decision.plan, decision.priority, decision.reason) == ("stranger", Priority.P2, Reason.UNKNOWN_ACCOUNT)
    assert rules.decide(signal(Category.HOLDUP), View(), NOW).priority is Priority.P0
    assert rules.decide(signal(Category.HOLDUP, Qualifier.RESTORE), View(), NOW).priority is Priority.P2
    own = Signal(scheme=Scheme.ARCD, code="disk_low", category=Category.TROUBLE, qualifier=Qualifier.NEW)
    assert rules.decide(own, View(), NOW).plan == "guard"
    assert rules.explain(signal(), View(), NOW).trace == ()


def test_a_child_wins_and_a_parent_stands_when_none_of_them_matches() -> None:
    text = pack("a | {signal.category: intrusion} | guard").replace(
        "plan: guard}",
        "plan: guard, routes: [{name: b, desc: d, why: w, when: {site.kind: shop}, plan: unclassified}]}",
    )
    rules = rules_of(("x.yaml", text + "  - {name: b, signal: {code: BA}, expect: {route: x/a/b}}\n"))
    assert rules.decide(signal(), SITE_VIEW, NOW).route == "x/a/b"
    home = View(site=strategies.SiteView(id="S-2", kind="home"))
    assert rules.decide(signal(), home, NOW).route == "x/a"


def test_a_site_goes_before_its_groups_and_those_before_everybody() -> None:
    def one(name: str, when: str, head: str) -> str:
        return pack(f"a | {{{when}}} | guard", name=name, head=head)

    rules = rules_of(
        ("1.yaml", one("general", "signal.scheme: sia", "order: 0")),
        ("2.yaml", one("north", "signal.category: [intrusion, test]", "layer: group\ngroup: north\norder: 2")),
        ("3.yaml", one("shops", "signal.category: [intrusion, access]", "layer: group\ngroup: [shops, x]\norder: 1")),
        ("4.yaml", one("site", "signal.category: intrusion, signal.qualifier: status", "layer: site\nsite: S-1")),
    )

    def route(category: Category, qualifier: Qualifier = Qualifier.NEW, view: View = SITE_VIEW) -> str:
        return rules.decide(signal(category, qualifier), view, NOW).route

    assert route(Category.INTRUSION, Qualifier.STATUS) == "site/a"
    assert route(Category.INTRUSION) == "shops/a"
    assert route(Category.TEST) == "north/a"
    assert route(Category.TAMPER) == "general/a"
    assert route(Category.INTRUSION, Qualifier.STATUS, View(site=strategies.SiteView(id="S-9"))) == "general/a"


def test_life_safety_is_raised_whatever_a_pack_says() -> None:
    rules = rules_of(("x.yaml", pack("a | always | log")))
    raised = rules.decide(signal(Category.MEDICAL), SITE_VIEW, NOW)
    assert (raised.plan, raised.priority, raised.reason) == ("life-safety", Priority.P0, Reason.LIFE_SAFETY_RAISED)
    assert raised.opens_case
    assert raised.route == "x/a"
    standing = rules.decide(signal(Category.MEDICAL, Qualifier.STATUS), SITE_VIEW, NOW)
    assert standing.reason is Reason.LIFE_SAFETY_RAISED
    restored = rules.decide(signal(Category.MEDICAL, Qualifier.RESTORE), SITE_VIEW, NOW)
    assert (restored.plan, restored.reason) == ("log", Reason.ROUTED)


def test_life_safety_is_not_buried_under_a_low_priority() -> None:
    rules = rules_of(("x.yaml", pack("a | always | unclassified")))
    raised = rules.decide(signal(Category.FIRE), SITE_VIEW, NOW)
    assert (raised.plan, raised.priority, raised.reason) == ("unclassified", Priority.P0, Reason.LIFE_SAFETY_RAISED)
    assert rules.decide(signal(), SITE_VIEW, NOW).priority is Priority.P2


def test_a_plan_an_overlay_took_away_leaves_the_safe_default() -> None:
    overlay = "overlay: o\nrequires: 1\nplans: {guard: {enabled: false}}\n"
    routed = pack("a | always | guard").replace("plan: guard", "plan: guard, priority: P1")
    loaded = load({**SMALL, "o.yaml": overlay, "x.yaml": routed})
    assert [str(problem) for problem in loaded.problems] == [
        "x.yaml:4:54: warning: the plan guard is removed by an overlay — the safe default plan answers"
    ]
    rules = loaded.ruleset
    assert rules is not None
    assert "guard" not in rules.plans
    decision = rules.decide(signal(), SITE_VIEW, NOW)
    assert (decision.plan, decision.priority, decision.reason) == ("unclassified", Priority.P1, Reason.PLAN_MISSING)
    urgent = rules.decide(signal(Category.FIRE), SITE_VIEW, NOW)
    assert (urgent.plan, urgent.priority, urgent.reason) == ("life-safety", Priority.P0, Reason.PLAN_MISSING)


def test_the_digest_cannot_be_moved_between_name_and_text() -> None:
    assert digest_of({"ab": "c"}) != digest_of({"a": "bc"})
    assert digest_of({"a": "b", "c": "d"}) == digest_of({"c": "d", "a": "b"})


@given(strategies.signals, strategies.views)
def test_the_shipped_rules_decide_everything_and_explain_it_alike(signal: Signal, view: View) -> None:
    rules = shipped_rules()
    decision = rules.decide(signal, view, NOW)
    assert decision.plan in rules.plans
    assert decision.opens_case is rules.plans[decision.plan].opens_case
    assert rules.explain(signal, view, NOW).decision == decision
    if signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE:
        assert decision.opens_case
        assert decision.priority in {Priority.P0, Priority.P1}


@given(
    st.lists(
        st.tuples(strategies.trees, st.sampled_from(["log", "guard", "unclassified", "life-safety"])),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["general", "group", "site"]),
    strategies.signals,
    strategies.views,
)
def test_no_pack_can_mute_life_safety_and_the_index_finds_what_the_walk_finds(
    routes: list[tuple[object, str]], layer: str, signal: Signal, view: View
) -> None:
    head = {"general": "", "group": "layer: group\ngroup: [shop, a]", "site": "layer: site\nsite: [S-1, a]"}[layer]
    lines = "\n".join(f"r{i} | {msgspec.json.encode(tree).decode()} | {name}" for i, (tree, name) in enumerate(routes))
    loaded = load({**SMALL, "x.yaml": pack(lines, head=head)})
    if loaded.ruleset is None:  # refused for what it would do to life safety, seen before any signal came
        assert all(
            "life safety" in str(p) or "opens no case" in str(p) for p in loaded.problems if p.severity == "error"
        )
        return
    decision = loaded.ruleset.decide(signal, view, NOW)
    assert loaded.ruleset.explain(signal, view, NOW).decision == decision
    if signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE:
        assert decision.opens_case
        assert decision.priority in {Priority.P0, Priority.P1}


HEADS = {
    "intrusion": "",
    "test": "",
    "fire": "layer: site\nsite: S-1",
    "tamper": "layer: group\ngroup: [shop, a, b]",
    "access": "layer: group\ngroup: [a, home]",
}
PACKS = [
    (f"{i}.yaml", pack(f"a | {{signal.category: {name}}} | guard\nb | always | guard", name=name, head=head))
    for i, (name, head) in enumerate(HEADS.items())
]


@settings(max_examples=25)  # each loads two rule sets
@given(st.permutations(PACKS), st.lists(st.tuples(strategies.signals, strategies.views), min_size=1, max_size=5))
def test_the_order_of_files_does_not_matter(shuffled: list[tuple[str, str]], asked: list[tuple[Signal, View]]) -> None:
    one = load({**SMALL, **dict(PACKS)}).ruleset
    other = load({**dict(shuffled), **SMALL}).ruleset
    assert one is not None
    assert other is not None
    assert [one.decide(*pair, NOW) for pair in asked] == [other.decide(*pair, NOW) for pair in asked]


def test_a_priority_of_the_route_goes_before_the_plans() -> None:
    text = pack("a | {signal.category: test} | guard").replace("plan: guard", "plan: guard, priority: P4")
    rules = rules_of(("x.yaml", text), ("plans/guard.yaml", plan("guard", "P1")))
    assert rules.decide(signal(Category.TEST), SITE_VIEW, NOW).priority is Priority.P4
