"""Which parts of the daemon work badly just now, for how long, and what is said of it (R-88, R-89).

One rule: reception goes on. A part that fails is a line of `arcctl status`, a metric and a trouble case; none of them
stops anything. Each is judged once a second and with patience both ways, so that a part that comes and goes is one
trouble and not twenty: bad for `raise_after_s` raises it, good for `clear_after_s` clears it.

What is measured, and where, is the caller's; what a trouble means for people is decided by the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from arcd.checks import Check
from arcd.core.facts import DaemonTroubled


class Patience(Struct, frozen=True):
    raise_after_s: float
    clear_after_s: float


# Trouble code → how long bad before it is raised, how long good before it is over.
PATIENCE: Mapping[str, Patience] = MappingProxyType(
    {
        "disk_low": Patience(0.0, 60.0),
        "certificate": Patience(0.0, 0.0),  # of DC-09 over TLS: expires soon, or its new files cannot be used
        "commit_slow": Patience(10.0, 60.0),
        "loop_slow": Patience(10.0, 60.0),
        "intake_full": Patience(5.0, 60.0),
        # chrony may need minutes after a boot. Undisciplined quartz drifts by seconds in a day, and DC-09's narrowest
        # window is 20 s (requirements 5).
        "clock_unsynchronised": Patience(600.0, 60.0),
        "checkpoint_copy": Patience(0.0, 0.0),  # likewise
        "listener_down": Patience(0.0, 0.0),  # what could be had again was, before it is asked about
        "descriptors_spent": Patience(2.0, 60.0),
        "output_down": Patience(30.0, 10.0),  # a far end that is started anew is not called for
        "channel_down": Patience(0.0, 0.0),  # its reading counts attempts, which is patience enough
    }
)

COMMIT_SLOW_S = 1.0  # panels wait 5 s and more for their ACK; ten times the slowest commit of a sound disk
LOOP_SLOW_S = 0.5
CLOCK_ERROR_WARN_S = 1.0  # requirements 5
CHANNEL_FAILURES = 3  # attempts in a row


class Reading(Struct, frozen=True):
    """How one part looks now. `about` tells parts of one kind apart ("mail"); "" where there is one."""

    code: str
    is_bad: bool
    detail: str
    about: str = ""

    @property
    def name(self) -> str:
        return f"{self.code}/{self.about}" if self.about else self.code


class _Watched(Struct):
    reading: Reading
    is_raised: bool
    since_s: float | None = None  # it looks other than what was said of it since then; None: it looks as was said


class Degraded:
    """`post` takes the facts. `standing`: whether the machine has an open trouble (code, about) from before a restart:
    it is cleared when the part is well again, though this run never saw it fail."""

    def __init__(
        self,
        *,
        post: Callable[[DaemonTroubled], None],
        now: Callable[[], int],
        monotonic_s: Callable[[], float],
        standing: Callable[[str, str], bool],
    ) -> None:
        self._post = post
        self._now = now
        self._monotonic_s = monotonic_s
        self._standing = standing
        self._watched: dict[str, _Watched] = {}

    def look(self, readings: Iterable[Reading]) -> None:
        now_s = self._monotonic_s()
        for reading in readings:
            watched = self._watched.get(reading.name)
            if watched is None:
                watched = self._watched[reading.name] = _Watched(reading, self._standing(reading.code, reading.about))
            watched.reading = reading
            self._judge(watched, now_s)

    def _judge(self, watched: _Watched, now_s: float) -> None:
        reading = watched.reading
        if reading.is_bad == watched.is_raised:
            watched.since_s = None
            return
        if watched.since_s is None:
            watched.since_s = now_s
        patience = PATIENCE[reading.code]
        if now_s - watched.since_s >= (patience.raise_after_s if reading.is_bad else patience.clear_after_s):
            watched.is_raised = reading.is_bad
            watched.since_s = None
            self._post(
                DaemonTroubled(
                    at=self._now(),
                    code=reading.code,
                    about=reading.about,
                    detail=reading.detail,
                    cleared=not reading.is_bad,
                )
            )

    def parts(self) -> Mapping[str, bool]:
        """Trouble code → whether a part of the kind is in trouble, for the metric."""
        kinds = dict.fromkeys(PATIENCE, False)
        for watched in self._watched.values():
            kinds[watched.reading.code] |= watched.is_raised
        return kinds

    def checks(self) -> tuple[Check, ...]:
        """A line for every part that was looked at."""
        return tuple(
            Check(name=name, ok=not watched.is_raised, detail=watched.reading.detail)
            for name, watched in sorted(self._watched.items())
        )
