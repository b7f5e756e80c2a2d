"""The same second of a panel's clock twice: remembered as long as it could be believed, and no longer."""

from __future__ import annotations

from arcd.core.supervision.echoes import SECONDS_MAX, Echoes


def test_a_second_counts_once_on_each_path() -> None:
    echoes = Echoes()
    assert not echoes.is_echo("a", 1000, 0)
    assert not echoes.is_echo("b", 1000, 0)
    assert not echoes.is_echo("a", 1001, 0)
    assert echoes.is_echo("a", 1000, 0)
    assert echoes.is_echo("a", 1001, 0)


def test_what_the_window_has_passed_is_forgotten_and_what_is_remembered_is_bounded() -> None:
    echoes = Echoes()
    for second in range(5000):
        assert not echoes.is_echo("a", second, second - 60)
    assert len(echoes._seconds["a"]) <= 62
    for second in range(5000, 5000 + 2 * SECONDS_MAX):
        assert not echoes.is_echo("a", second, 0)
    assert len(echoes._seconds["a"]) == SECONDS_MAX


def test_a_clock_that_was_set_back_is_heard_at_other_seconds() -> None:
    echoes = Echoes()
    for second in (1000, 1040, 1080, 1023, 1063, 1103):
        assert not echoes.is_echo("a", second, 0)


def test_a_path_that_is_gone_leaves_nothing() -> None:
    echoes = Echoes()
    echoes.is_echo("a", 1000, 0)
    echoes.forget("a")
    assert not echoes._seconds
