"""Tables: undo gives back exactly what stood there, and a checkpoint writes exactly what changed."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.state import State

Changes = list[tuple[str, int | None]]
CHANGE = st.tuples(st.sampled_from("abcd"), st.none() | st.integers(1, 9))


def change(state: State, key: str, value: int | None) -> None:
    if value is None:
        state.deadlines.drop(key)
    else:
        state.deadlines.put(key, value)


@given(st.lists(CHANGE, max_size=12), st.lists(CHANGE, max_size=12))
def test_a_reverted_step_leaves_what_stood_before(
    before: list[tuple[str, int | None]], step: list[tuple[str, int | None]]
) -> None:
    state = State()
    for key, value in before:
        change(state, key, value)
    state.keep()
    stood = state.dump()
    for key, value in step:
        change(state, key, value)
    state.revert()
    assert state.dump() == stood
    state.revert()
    assert state.dump() == stood


@given(st.lists(st.lists(CHANGE, max_size=6), max_size=6))
def test_checkpoints_on_top_of_each_other_give_the_state(steps: list[Changes]) -> None:
    state, rows = State(), dict[str, bytes]()
    for step in steps:
        for key, value in step:
            change(state, key, value)
        state.keep()
        for key, due in state.deadlines.take_changed():
            if due is None:
                rows.pop(key, None)
            else:
                rows[key] = msgspec.json.encode(due)
        assert rows == state.dump()["deadline"]
    assert state.deadlines.take_changed() == []


def test_changed_keys_are_those_of_the_step_under_way() -> None:
    state = State()
    state.deadlines.put("a", 1)
    state.keep()
    for key in ("b", "a", "b"):
        state.deadlines.put(key, 2)
    state.folds.put("c", "C1")
    assert state.changed_keys(state.deadlines) == ["b", "a"]
    assert state.changed_keys(state.folds) == ["c"]
    state.keep()
    assert state.changed_keys(state.deadlines) == []


def test_table_names_are_the_checkpoints() -> None:
    """Renaming one is a migration: the journal's checkpoints bear these names."""
    assert {
        "machine", "rules", "centre", "site", "siterun", "account", "flag", "case", "fold", "open_by_site", "deadline",
        "pending",
    } <= set(State().tables())  # fmt: skip
    assert all(table.name == name for name, table in State().tables().items())
