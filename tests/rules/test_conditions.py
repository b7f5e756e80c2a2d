from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.signals import Category, Qualifier, Scheme, Signal
from rules.conditions import (
    CONDITION_DEPTH_MAX,
    CONDITION_LEAVES_MAX,
    LIST_ITEMS_MAX,
    ConditionError,
    compile_condition,
    condition_of,
)
from rules.model import SiteView, View, ZoneView
from tests.rules import strategies

SIGNAL = Signal(
    scheme=Scheme.SIA, code="BA", category=Category.INTRUSION, qualifier=Qualifier.NEW, family="BA",
    area="01", zone="003", user=None, text="Etuovi, Front Door",
)  # fmt: skip
VIEW = View(
    site=SiteView(id="S-1", kind="shop", groups=("shops", "north"), tags=("high_risk",), services=("guard",)),
    zone=ZoneView(number="003", name="Front door", kind="door", tags=("exit",)),
    system_kind="intrusion",
    armed=True,
    verification=2,
    open_categories=frozenset({Category.TAMPER}),
    weekday=5,
    minute=3 * 60 + 12,
)
NOTHING = View()

TRUTH = [  # condition, holds of (SIGNAL, VIEW), holds of (no signal, no site)
    ("always", True, True),
    ({"signal.category": "intrusion"}, True, False),
    ({"signal.category": ["fire", "intrusion"]}, True, False),
    ({"signal.category": {"not": "fire"}}, True, True),
    ({"signal.category": {"not": ["fire", "intrusion"]}}, False, True),
    ({"signal.code": "ba"}, True, False),
    ({"signal.code": {"matches": "B?"}}, True, False),
    ({"signal.code": 130}, False, False),
    ({"signal.scheme": "sia"}, True, False),
    ({"signal.qualifier": "restore"}, False, False),
    ({"signal.zone": 3}, True, False),
    ({"signal.zone": "03"}, True, False),
    ({"signal.zone": {"at_least": 2, "at_most": 3}}, True, False),
    ({"signal.zone": {"at_least": 4}}, False, False),
    ({"signal.area": [1, 2]}, True, False),
    ({"signal.user": {"at_most": 99}}, False, False),
    ({"signal.text": {"contains": "front"}}, True, False),
    ({"signal.text": {"matches": "*DOOR"}}, True, False),
    ({"signal.text": "Etuovi"}, False, False),
    ({"signal.family": "BA"}, True, False),
    ({"signal.life_safety": False}, True, False),
    ({"signal.life_safety": True}, False, False),
    ({"site.id": "S-1"}, True, False),
    ({"site.kind": {"in": ["shop", "bank"]}}, True, False),
    ({"site.groups": "north"}, True, False),
    ({"site.groups": {"not": ["south", "west"]}}, True, True),
    ({"site.tags": {"contains": "risk"}}, True, False),
    ({"site.services": {"matches": "g*"}}, True, False),
    ({"zone.number": 3}, True, False),
    ({"zone.name": {"contains": "DOOR"}}, True, False),
    ({"zone.kind": "pir"}, False, False),
    ({"zone.tags": "exit"}, True, False),
    ({"system.kind": "intrusion"}, True, False),
    ({"state.armed": True}, True, False),
    ({"state.armed": "unknown"}, False, True),
    ({"state.armed": {"not": False}}, True, True),
    ({"state.verification": 2}, True, False),
    ({"state.verification": {"at_least": 2}}, True, False),
    ({"state.verification": {"at_most": 1}}, False, True),
    ({"state.open_categories": ["tamper", "fire"]}, True, False),
    ({"state.open_categories": {"not": "tamper"}}, False, True),
    ({"time.weekday": ["sat", "sun"]}, True, False),
    ({"time.at": {"between": ["22:00", "06:00"]}}, True, True),
    ({"time.at": {"between": ["03:12", "03:13"]}}, True, False),
    ({"time.at": {"between": ["03:00", "03:12"]}}, False, False),
    ({"time.at": {"between": ["03:00", "24:00"]}}, True, False),
    ({"time.holiday": False}, True, True),
    ({"signal.category": "intrusion", "state.armed": True}, True, False),
    ({"signal.category": "intrusion", "state.armed": False}, False, False),
    ({"all": [{"signal.category": "intrusion"}, {"not": {"site.kind": "home"}}]}, True, False),
    ({"any": [{"site.kind": "home"}, {"site.kind": "shop"}, {"site.kind": "bank"}]}, True, False),
    ({"any": [{"site.kind": "home"}]}, False, False),
    ({"not": {"any": [{"site.kind": "home"}, {"state.armed": False}]}}, True, True),
    ({"all": [{"time.holiday": False}, {"time.weekday": "sat"}, {"state.verification": 2}]}, True, False),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "expected", "of_nothing"), TRUTH)
def test_truth(tree: object, expected: bool, of_nothing: bool) -> None:
    condition = compile_condition(tree)
    assert condition.holds(SIGNAL, VIEW) is expected
    assert condition.holds(None, NOTHING) is of_nothing
    assert (condition.failing_leaf(SIGNAL, VIEW) == "") is expected
    assert (condition.failing_leaf(None, NOTHING) == "") is of_nothing


def test_lists_are_named_with_a_dollar() -> None:
    lists = {"night": ["shop", "bank"], "codes": ["BA", 130]}
    assert compile_condition({"site.kind": "$night"}, lists).holds(SIGNAL, VIEW)
    assert compile_condition({"signal.code": {"not": "$codes"}}, lists).holds(SIGNAL, VIEW) is False


@pytest.mark.parametrize(
    ("tree", "path", "message", "advice"),
    [
        ({}, (), "a condition is a mapping", "write {path: value}"),
        ([], (), "a condition is a mapping", "write {path: value}"),
        ("sometimes", (), "a condition is a mapping", "write {path: value}"),
        ({"all": {}}, ("all",), "all: holds a list", "write all: [{…}, {…}]"),
        ({"any": []}, ("any",), "any: holds a list", "write any: [{…}, {…}]"),
        ({"not": []}, ("not",), "a condition is a mapping", ""),
        ({"all": [{"time.holiday": True}], "time.holiday": True}, (), "all: stands alone", "items of the all: list"),
        ({"signal.categroy": "fire"}, ("signal.categroy",), "nothing is called signal.categroy", "signal.category"),
        ({"signal.category": "intrusoin"}, ("signal.category", 0), "unknown category intrusoin", "write intrusion"),
        ({"signal.category": ["fire", "x"]}, ("signal.category", 1), "unknown category x", "write one of access"),
        ({"signal.category": []}, ("signal.category",), "an empty list", "at least one"),
        ({"signal.category": {}}, ("signal.category",), "compared with nothing", "write a value"),
        ({"signal.category": {"is": "fire"}}, ("signal.category", "is"), "no comparison is", "write one of in, not"),
        ({"signal.category": {"at_least": 1}}, ("signal.category", "at_least"), "no comparison at_least", "in, not"),
        ({"signal.category": "$kinds"}, ("signal.category",), "there is no list $kinds", "define it"),
        ({"signal.zone": "door"}, ("signal.zone", 0), "signal.zone is digits, not door", "write the number"),
        ({"signal.zone": True}, ("signal.zone", 0), "signal.zone is digits, not True", ""),
        ({"signal.zone": 0}, ("signal.zone", 0), "signal.zone 0 means none", ""),
        ({"signal.text": True}, ("signal.text", 0), "signal.text is text, not true", "quotes"),
        ({"signal.text": ""}, ("signal.text", 0), "1 to 200 characters", ""),
        ({"signal.text": {"contains": "x" * 201}}, ("signal.text", "contains"), "1 to 200 characters", ""),
        ({"signal.text": {"matches": []}}, ("signal.text", "matches"), "1 to 200 characters", ""),
        ({"signal.text": [["x"]]}, ("signal.text", 0), "one value here", ""),
        ({"signal.text": None}, ("signal.text", 0), "one value here", ""),
        ({"signal.life_safety": "yes"}, ("signal.life_safety", 0), "true or false, not yes", "write true or false"),
        ({"signal.life_safety": "unknown"}, ("signal.life_safety", 0), "true or false", ""),
        ({"state.armed": "maybe"}, ("state.armed", 0), "true or false, not maybe", "true, false or unknown"),
        ({"state.verification": 5}, ("state.verification", 0), "0 to 4, not 5", ""),
        ({"state.verification": {"at_least": "2"}}, ("state.verification", "at_least"), "0 to 4, not 2", ""),
        ({"time.weekday": "monday"}, ("time.weekday", 0), "unknown weekday monday", "mon"),
        ({"time.at": "03:00"}, ("time.at",), "no comparison in", "write one of between"),
        ({"time.at": {"between": ["3:00", "24:00"]}}, ("time.at", "between"), "3:00 is no time of day", '"HH:MM"'),
        ({"time.at": {"between": [180, "24:00"]}}, ("time.at", "between"), "180 is no time of day", ""),
        ({"time.at": {"between": ["03:00"]}}, ("time.at", "between"), "holds two times", ""),
        ({"time.at": {"between": ["03:00", "03:00"]}}, ("time.at", "between"), "no time at all", "leave"),
    ],
)  # fmt: skip
def test_faults_name_the_place_and_what_to_write(
    tree: object, path: tuple[object, ...], message: str, advice: str
) -> None:
    with pytest.raises(ConditionError) as raised:
        compile_condition(tree)
    (fault,) = raised.value.faults
    assert fault.path == path
    assert message in fault.message
    assert advice in fault.advice


def test_all_faults_are_found_in_one_go() -> None:
    with pytest.raises(ConditionError, match="unknown category x") as raised:
        compile_condition({"all": [{"signal.category": "x"}, {"any": [{"sit.id": 1}, {"time.weekday": 8}]}]})
    assert [fault.path for fault in raised.value.faults] == [
        ("all", 0, "signal.category", 0),
        ("all", 1, "any", 0, "sit.id"),
        ("all", 1, "any", 1, "time.weekday", 0),
    ]


def _nested(depth: int) -> dict[str, Any]:
    return {"time.holiday": True} if depth == 1 else {"not": _nested(depth - 1)}


def test_limits() -> None:
    compile_condition(_nested(CONDITION_DEPTH_MAX))
    with pytest.raises(ConditionError, match="deeper than 8 levels"):
        compile_condition(_nested(CONDITION_DEPTH_MAX + 1))
    compile_condition({"any": [{"time.holiday": True}] * CONDITION_LEAVES_MAX})
    with pytest.raises(ConditionError, match="more than 200 comparisons"):
        compile_condition({"any": [{"time.holiday": True}] * (CONDITION_LEAVES_MAX + 1)})
    compile_condition({"site.id": [f"S-{i}" for i in range(LIST_ITEMS_MAX)]})
    with pytest.raises(ConditionError, match="more than 2000 values"):
        compile_condition({"site.id": [f"S-{i}" for i in range(LIST_ITEMS_MAX + 1)]})


def test_an_address_the_panel_did_not_send_as_digits_compares_as_absent() -> None:
    odd = Signal(scheme=Scheme.SIA, code="BA", category=Category.INTRUSION, qualifier=Qualifier.NEW, zone="A7")
    assert not compile_condition({"signal.zone": {"at_least": 1}}).holds(odd, VIEW)


@given(strategies.trees, st.none() | strategies.signals, strategies.views)
def test_holding_and_the_failing_leaf_agree(tree: object, signal: Signal | None, view: View) -> None:
    condition = compile_condition(tree)
    assert condition.holds(signal, view) is (condition.failing_leaf(signal, view) == "")


@given(strategies.trees, strategies.trees, strategies.signals, strategies.views)
def test_all_any_not_mean_what_they_say(a: object, b: object, signal: Signal, view: View) -> None:
    def holds(tree: object) -> bool:
        return compile_condition(tree).holds(signal, view)

    assert holds({"all": [a, b]}) is (holds(a) and holds(b))
    assert holds({"any": [a, b]}) is (holds(a) or holds(b))
    assert holds({"not": a}) is not holds(a)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["all", "signal.zone", "$x", "fire"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["all", "any", "not", "signal.category", "signal.zone", "time.at", "in", "between"]),
                inner,
                max_size=2,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_written_compiles_or_says_why(tree: object) -> None:
    with contextlib.suppress(ConditionError):
        compile_condition(tree, {"x": ["fire"]})


def test_a_steps_condition_is_compiled_once_and_says_the_same() -> None:
    source = {"all": [{"site.services": "guard_dispatch"}, {"not": {"site.kind": "home"}}]}
    assert condition_of(source) is condition_of(dict(source))
    for kind, services in (("shop", ("guard_dispatch",)), ("home", ("guard_dispatch",)), ("shop", ())):
        view = View(site=SiteView(id="S-1", kind=kind, services=services))
        assert condition_of(source).holds(None, view) is compile_condition(source).holds(None, view)
