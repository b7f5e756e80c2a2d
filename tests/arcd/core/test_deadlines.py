"""Deadlines as data: one per key, the earliest first, whatever was set, moved and taken away before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arcd.core.deadlines import Deadlines
from arcd.core.state import State

KEYS = [f"case/C{case}/{what}" for case in (1, 2, 11) for what in ("welfare", "step/a", "clock/x/0")] + ["flag/F1/end"]
DOING = st.one_of(
    st.tuples(st.just("set"), st.sampled_from(KEYS), st.integers(0, 20)),
    st.tuples(st.just("clear"), st.sampled_from(KEYS), st.just(0)),
    st.tuples(st.just("clear_all"), st.sampled_from(["case/C1", "case/C2", "flag/F1"]), st.just(0)),
    st.tuples(st.just("rebuild"), st.just(""), st.just(0)),
    st.tuples(st.just("keep"), st.just(""), st.just(0)),
)


@given(st.lists(DOING, max_size=120))
def test_it_agrees_with_a_plain_dictionary(doings: list[tuple[str, str, int]]) -> None:
    state = State()
    deadlines, model = Deadlines(state), dict[str, int]()
    for doing, key, due in doings:
        match doing:
            case "set":
                deadlines.set(key, due)
                model[key] = due
            case "clear":
                deadlines.clear(key)
                model.pop(key, None)
            case "clear_all":
                deadlines.clear_all(key)
                model = {each: at for each, at in model.items() if not each.startswith(f"{key}/")}
            case "rebuild":
                deadlines.rebuild()
            case _:
                state.keep()
        assert deadlines.next_due() == min(((at, each) for each, at in model.items()), default=None)
        assert {each: deadlines.due_of(each) for each in KEYS} == {each: model.get(each) for each in KEYS}
    for owner in ("case/C1", "case/C11"):
        assert deadlines.of(owner) == sorted(each for each in model if each.startswith(f"{owner}/"))


def test_a_deadline_set_again_and_again_does_not_pile_up() -> None:
    deadlines = Deadlines(State())
    for due in range(10_000):
        deadlines.set("case/C1/welfare", due)
    assert len(deadlines._heap) < 200
    assert deadlines.next_due() == (9_999, "case/C1/welfare")


def test_a_step_that_failed_has_moved_no_deadline() -> None:
    state = State()
    deadlines = Deadlines(state)
    deadlines.set("case/C1/welfare", 5)
    state.keep()
    deadlines.set("case/C1/welfare", 1)
    deadlines.set("case/C2/welfare", 2)
    deadlines.clear("case/C1/welfare")
    state.revert()
    deadlines.rebuild()
    assert deadlines.next_due() == (5, "case/C1/welfare")
    assert deadlines.of("case/C2") == []


def test_a_set_clock_moves_what_counts_time_and_leaves_what_names_an_instant() -> None:
    deadlines = Deadlines(State())
    counting = [
        "case/C1/offer/C1-1", "case/C1/clock/acknowledge/0", "case/C1/welfare", "effect/E1/retry",
        "site/S-1/unrestored", "report/F1/forget", "testdue/S-1/panel",
    ]  # fmt: skip
    naming = ["case/C1/resume", "flag/F1/end", "flag/F1/start", "schedule/S-1/panel/1"]
    for key in (*counting, *naming):
        deadlines.set(key, 100)
    deadlines.shift(-30)
    assert {key: deadlines.due_of(key) for key in counting} == dict.fromkeys(counting, 70)
    assert {key: deadlines.due_of(key) for key in naming} == dict.fromkeys(naming, 100)
    assert deadlines.next_due() == (70, min(counting))
