from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.clock import (
    NS_PER_S,
    STEP_S_MAX,
    AnchoredClock,
    Clock,
    SystemClock,
    VirtualClock,
    read_boot_id,
    read_discipline,
)

NOON = 1_780_000_000 * NS_PER_S


def test_system_clock_agrees_with_the_system() -> None:
    clock: Clock = SystemClock()
    for ours, theirs, second in (
        (clock.now, time.time_ns, NS_PER_S),
        (clock.monotonic_s, lambda: time.clock_gettime(time.CLOCK_BOOTTIME), 1),
    ):
        before, read, after = theirs(), ours(), theirs()
        assert before - second < read < after + second
    assert clock.now() <= clock.now()
    assert clock.step() == 0.0


def test_now_does_not_see_a_step_until_asked() -> None:
    clock = VirtualClock(NOON)
    clock.step_wall(-3600)
    clock.advance(10)
    assert clock.now() == NOON + 10 * NS_PER_S, "a duration across the step is still true"
    assert clock.step() == -3600
    assert clock.now() == NOON + (10 - 3600) * NS_PER_S, "and then the clock follows"
    assert clock.step() == 0.0, "reported once"


@pytest.mark.parametrize("seconds", [STEP_S_MAX, -STEP_S_MAX, 0.2])
def test_small_differences_are_not_steps(seconds: float) -> None:
    clock = VirtualClock(NOON)
    clock.step_wall(seconds)
    assert clock.step() == 0.0
    assert clock.now() == NOON


def test_small_steps_add_up() -> None:
    clock = VirtualClock(NOON)
    clock.step_wall(0.75)
    assert clock.step() == 0.0
    clock.step_wall(0.75)
    assert clock.step() == 1.5


def test_suspended_time_passes_and_is_no_step() -> None:
    """The boot clock counts suspension, as the wall clock does."""
    clock = VirtualClock(NOON)
    clock.advance(8 * 3600)
    assert clock.monotonic_s() == 8 * 3600
    assert clock.step() == 0.0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6)), max_size=20))
def test_durations_are_true_between_steps(moves: list[tuple[float, float]]) -> None:
    clock = VirtualClock(NOON)
    stepped_ns = 0
    for passed_s, wall_s in moves:
        before, boot_before = clock.now(), clock.monotonic_s()
        clock.advance(passed_s)
        clock.step_wall(wall_s)
        assert clock.now() - before == pytest.approx(round(passed_s * NS_PER_S))
        assert clock.monotonic_s() >= boot_before
        stepped_ns += round(clock.step() * NS_PER_S)
    expected = NOON + clock.monotonic_s() * NS_PER_S + stepped_ns
    assert clock.now() == pytest.approx(expected, abs=1_000_000)


def test_virtual_clock_is_set_forward_only() -> None:
    clock = VirtualClock(NOON)
    clock.advance_to(NOON + 5)
    assert clock.now() == NOON + 5
    with pytest.raises(AssertionError, match="backwards"):
        clock.advance_to(NOON)


def test_boot_id_comes_from_the_kernel_else_from_the_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = tmp_path / "boot_id"
    kernel.write_text("0a1b2c3d-0000-4000-8000-0123456789ab\n")
    assert read_boot_id(kernel) == "0a1b2c3d0000400080000123456789ab"
    monkeypatch.setenv("BOOT_ID", "ffff2c3d0000400080000123456789ab")
    assert read_boot_id(kernel) == "0a1b2c3d0000400080000123456789ab"
    assert read_boot_id(tmp_path / "hidden") == "ffff2c3d0000400080000123456789ab"
    monkeypatch.delenv("BOOT_ID")
    assert read_boot_id(tmp_path / "hidden") == ""


def test_the_kernel_or_timesyncd_tells_whether_the_clock_is_disciplined(tmp_path: Path) -> None:
    asked = read_discipline(tmp_path / "nowhere")
    assert asked is None or asked.error_s_max is None or asked.error_s_max >= 0


def test_timesyncd_answers_where_the_kernel_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arcd.clock._ask_kernel", lambda: None)  # as under ProtectClock=
    assert read_discipline(tmp_path / "nowhere") is None
    unsynchronized = read_discipline(tmp_path)
    assert unsynchronized is not None
    assert not unsynchronized.is_synchronized
    (tmp_path / "synchronized").touch()
    synchronized = read_discipline(tmp_path)
    assert synchronized is not None
    assert synchronized.is_synchronized


def test_readers_can_be_given() -> None:
    wall, boot = [100], [7]
    clock = AnchoredClock(wall_ns=lambda: wall[0], boottime_ns=lambda: boot[0], boot_id="b")
    boot[0] = 9
    assert clock.now() == 102
