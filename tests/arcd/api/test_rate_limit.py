from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arcd.api.rate_limit import NS, RateLimit


def limit(**changes: int) -> RateLimit:
    return RateLimit(count_max=changes.get("count_max", 3), period_s=60, keys_max=changes.get("keys_max", 100))


def test_the_window_fills_and_opens_again() -> None:
    rate = limit()
    assert [rate.admits("a", second * NS) for second in (0, 1, 2, 3, 59)] == [True, True, True, False, False]
    assert rate.admits("a", 60 * NS)


def test_keys_do_not_share_a_window() -> None:
    rate = limit(count_max=1)
    assert rate.admits("a", 0)
    assert rate.admits("b", 0)
    assert not rate.admits("a", 0)


def test_a_clock_set_back_locks_nobody_out() -> None:
    rate = limit(count_max=1)
    assert rate.admits("a", 1000 * NS)
    assert rate.admits("a", 5 * NS)


def test_the_oldest_window_is_forgotten_first() -> None:
    rate = limit(count_max=1, keys_max=2)
    for second, key in enumerate("abc"):
        assert rate.admits(key, second * NS)
    assert rate.admits("a", 3 * NS), "forgotten"
    assert not rate.admits("c", 3 * NS)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 120)), max_size=60))
def test_memory_is_bounded_and_no_window_is_overfilled(asked: list[tuple[str, int]]) -> None:
    rate = limit(count_max=2, keys_max=6)
    admitted: dict[str, list[int]] = {}
    for key, second in sorted(asked, key=lambda each: each[1]):
        if rate.admits(key, second * NS):
            admitted.setdefault(key, []).append(second)
    assert len(rate._windows) <= 6
    for seconds in admitted.values():
        # Fixed windows: twice the count in any period is the known bound.
        assert all(len([s for s in seconds if start <= s < start + 60]) <= 4 for start in seconds)
