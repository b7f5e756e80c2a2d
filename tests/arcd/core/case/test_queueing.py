"""The queue as people see it: ageing, how loudly it calls, and who comes first (requirements 4.5)."""

from __future__ import annotations

import pytest

from arcd.core.case.model import Case
from arcd.core.case.queueing import Alert, alert, effective_priority, queue_order, waited_s
from rules import shipped
from rules.loader import load
from rules.model import Priority

NS = 10**9
LOADED = load(shipped.sources()).ruleset
assert LOADED is not None
ALARM, CHECK = LOADED.case_types["alarm"], LOADED.case_types["contact_check"]


def case(priority: str = "P2", *, state: str = "new", opened_s: float = 0, case_id: str = "C1", **more: object) -> Case:
    return Case(
        id=case_id, type="alarm", state=state, site_id="S-1", fold_key="", title="", priority=Priority(priority),
        opened_at=int(opened_s * NS), **more,  # type: ignore[arg-type]  # – passed on
    )  # fmt: skip


@pytest.mark.parametrize(
    ("priority", "waited", "expected"),
    [
        ("P0", 14.9, Alert.NONE), ("P0", 15, Alert.VISUAL), ("P1", 29.9, Alert.VISUAL), ("P1", 30, Alert.AUDIBLE),
        ("P0", 59.9, Alert.AUDIBLE), ("P0", 60, Alert.PAGED),
        ("P2", 44.9, Alert.NONE), ("P2", 45, Alert.VISUAL), ("P5", 89.9, Alert.VISUAL), ("P3", 90, Alert.AUDIBLE),
        ("P4", 179.9, Alert.AUDIBLE), ("P4", 180, Alert.PAGED), ("P4", 10_000, Alert.PAGED),
    ],
)  # fmt: skip
def test_how_loudly_a_waiting_case_calls(priority: str, waited: float, expected: Alert) -> None:
    assert alert(case(priority), ALARM, int(waited * NS)) is expected


@pytest.mark.parametrize(
    ("priority", "waited", "expected"),
    [
        ("P2", 44.9, "P2"), ("P2", 45, "P1"), ("P3", 45, "P2"), ("P5", 10_000, "P4"),
        ("P1", 10_000, "P1"), ("P0", 10_000, "P0"),
    ],
)  # fmt: skip
def test_ageing_is_one_level_from_half_of_the_target(priority: str, waited: float, expected: str) -> None:
    waiting = case(priority)
    assert effective_priority(waiting, ALARM, int(waited * NS)) == expected
    assert waiting.priority == priority, "the priority itself stays"


def test_who_is_at_work_on_it_is_not_called() -> None:
    for state in ("handling", "waiting"):
        assert alert(case(state=state), ALARM, 10_000 * NS) is Alert.NONE
    assert alert(case(closed_at=1), ALARM, 10_000 * NS) is Alert.NONE
    assert alert(case(), None, 10_000 * NS) is Alert.NONE, "a type the rules no longer know"


def test_what_came_back_waits_from_then() -> None:
    returned = case(returned_at=100 * NS)
    assert waited_s(returned, 110 * NS) == 10
    assert alert(returned, ALARM, 110 * NS) is Alert.NONE


def test_a_slow_clock_is_slow() -> None:
    check = case("P5", state="open")
    assert alert(check, CHECK, 86_400 * NS) is Alert.NONE
    assert alert(check, CHECK, 3 * 86_400 * NS) is Alert.AUDIBLE


def test_the_order_of_the_queue() -> None:
    now = 1000 * NS
    cases = [
        case("P1", case_id="urgent", opened_s=995),
        case("P0", case_id="life", opened_s=999),
        case("P2", case_id="aged", opened_s=900),  # as urgent as P1 by now, and older
        case("P2", case_id="fresh", opened_s=990),
        case("P2", case_id="let-go", opened_s=100, returned_at=999 * NS),
        case("P2", case_id="in-hand", opened_s=10, state="handling", returned_at=20 * NS),
    ]
    cases.sort(key=lambda each: queue_order(each, ALARM, now))
    assert [each.id for each in cases] == ["life", "aged", "urgent", "let-go", "in-hand", "fresh"]
