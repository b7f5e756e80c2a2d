"""Time as an argument: the clock seam, the system's clock and a virtual one.

One rule: this is the only file that reads time. `now()` runs with the boot clock from an anchor on the wall clock, so
durations between two instants are true even while somebody sets the wall clock; a step of the wall clock is found by
`step()`, followed there, and becomes a fact. Calendars and deadlines do not belong here.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct

NS_PER_S = 1_000_000_000

# A wall clock further off than this is stepped, not slewed. The tightest user of absolute time is the DC-09 window of
# -40/+20 s (DC-09-2013 5.5.1.9); requirements 5 "Clock" warns at 1 s, long before frames are refused.
STEP_S_MAX = 1.0

# adjtimex(2): the status bit that says the kernel clock is not disciplined.
_STA_UNSYNC = 0x0040


class Clock(Protocol):
    @property
    def boot_id(self) -> str:
        """Which boot `monotonic_s` counts from. "" when unknown: then it equals no other boot, not even itself."""
        ...

    def now(self) -> int:
        """ns since 1970 UTC; never goes backwards between two `step()` calls."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since boot, suspend included. For durations within this boot."""
        ...

    def step(self) -> float:
        """How far the wall clock was set, in seconds, forward positive, since the last step reported.

        0.0 while it is within `STEP_S_MAX` of `now()`. Anything larger is reported once and `now()` follows it.
        """
        ...


class AnchoredClock:
    """`now()` = wall clock at the anchor + boot time since. The readers are arguments so that tests can set them."""

    def __init__(self, *, wall_ns: Callable[[], int], boottime_ns: Callable[[], int], boot_id: str) -> None:
        self.boot_id = boot_id
        self._wall_ns = wall_ns
        self._boottime_ns = boottime_ns
        self._offset_ns = wall_ns() - boottime_ns()

    def now(self) -> int:
        return self._boottime_ns() + self._offset_ns

    def monotonic_s(self) -> float:
        return self._boottime_ns() / NS_PER_S

    def step(self) -> float:
        moved_ns = self._wall_ns() - self._boottime_ns() - self._offset_ns
        if abs(moved_ns) <= STEP_S_MAX * NS_PER_S:
            return 0.0
        self._offset_ns += moved_ns
        return moved_ns / NS_PER_S


class SystemClock(AnchoredClock):
    def __init__(self) -> None:
        super().__init__(wall_ns=time.time_ns, boottime_ns=_boottime_ns, boot_id=read_boot_id())


class VirtualClock(AnchoredClock):
    """Time that passes only when told to. For tests and simulation."""

    def __init__(self, start: int = 1_767_225_600 * NS_PER_S, *, boot_id: str = "virtual") -> None:  # 2026-01-01 UTC
        self._virtual_wall = start
        self._virtual_boottime = 0
        super().__init__(
            wall_ns=lambda: self._virtual_wall, boottime_ns=lambda: self._virtual_boottime, boot_id=boot_id
        )

    def advance(self, seconds: float) -> None:
        self._pass(round(seconds * NS_PER_S))

    def advance_to(self, now: int) -> None:
        """Let time pass until `now()` says this. A time already past is a mistake of the caller's."""
        self._pass(now - self.now())

    def step_wall(self, seconds: float) -> None:
        """Somebody sets the wall clock. `now()` does not see it until `step()` is asked."""
        self._virtual_wall += round(seconds * NS_PER_S)

    def _pass(self, duration_ns: int) -> None:
        assert duration_ns >= 0, "time does not run backwards; step_wall sets the wall clock"
        self._virtual_wall += duration_ns
        self._virtual_boottime += duration_ns


# CLOCK_MONOTONIC stands still while the machine is suspended; a deadline must not (clock_gettime(2)). Asked several
# times for every signal, hence no function of our own around it.
_boottime_ns: Callable[[], int] = partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)


def read_boot_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """The kernel's id of this boot; "" where neither the kernel nor the service unit tells it.

    Under `ProcSubset=pid` /proc/sys is hidden, so the unit hands it over: `Environment=BOOT_ID=%b` (systemd.unit(5)).
    """
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        text = os.environ.get("BOOT_ID", "")
    return text.strip().replace("-", "")


# ------------------------------------------------------------------------------------- is the wall clock disciplined?


class Discipline(Struct, frozen=True, kw_only=True):
    """What the kernel knows about the wall clock's quality."""

    is_synchronized: bool
    # The kernel's bound on the error; grows while nobody disciplines the clock. None where only the fact is known.
    error_s_max: float | None


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2) as far as `status`; the kernel writes 208 bytes on 64-bit Linux, so room is left."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def read_discipline(timesyncd: Path = Path("/run/systemd/timesync")) -> Discipline | None:
    """Ask the kernel without changing anything; where the service's sandbox forbids that, ask systemd-timesyncd.

    None: nobody says. (`ProtectClock=` in the unit forbids adjtimex altogether.)
    """
    return _ask_kernel() or _ask_timesyncd(timesyncd)


def _ask_kernel() -> Discipline | None:
    timex = _Timex()  # modes = 0: read only, needs no privilege
    try:
        answered = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if answered < 0:
        return None
    return Discipline(is_synchronized=not timex.status & _STA_UNSYNC, error_s_max=timex.maxerror / 1_000_000)


def _ask_timesyncd(directory: Path) -> Discipline | None:
    """systemd-timesyncd.service(8): the file `synchronized` is touched at every successful synchronisation."""
    if not directory.is_dir():
        return None
    return Discipline(is_synchronized=(directory / "synchronized").exists(), error_s_max=None)
