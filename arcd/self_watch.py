"""The daemon watches itself first: every second a look at disk, clock, loop, commits and channels.

One rule: it measures and says; what is bad enough, and for how long, is `degraded`'s, and nothing here stops anything.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import deque
from collections.abc import Callable, Iterator

from arcd.checks import Check
from arcd.clock import Clock, Discipline, read_discipline
from arcd.core.facts import DaemonTroubled
from arcd.core.troubles import own_fold
from arcd.degraded import (
    CHANNEL_FAILURES,
    CLOCK_ERROR_WARN_S,
    COMMIT_SLOW_S,
    LOOP_SLOW_S,
    Degraded,
    Reading,
)
from arcd.metrics import Metrics
from arcd.observing import Observing
from arcd.runtime import Runtime
from arcd.settings import StoreSettings
from arcd.systemd import Progress
from arcd.tls_certificate import TlsCertificate

LOOK_S = 1.0
SUMS_EVERY = 10  # looks
# Standing still for longer than this we heard nobody, and nobody is to blame for it.
STALL_S = 5.0
# A slow commit is seen when it has ended, so with commits of more than a second every other look sees none.
COMMIT_LOOKS = 5


class SelfWatch:
    def __init__(
        self,
        *,
        runtime: Runtime,
        observing: Observing,
        metrics: Metrics,
        progress: Progress,
        clock: Clock,
        store: StoreSettings,
        certificate: TlsCertificate | None = None,
        others: Callable[[], Iterator[Reading]] = lambda: iter(()),
    ) -> None:
        self._runtime = runtime
        self._observing = observing
        self._metrics = metrics
        self._progress = progress
        self._clock = clock
        self._store = store
        self._others = others  # of parts that measure themselves
        self._slowest_commits_s: deque[float] = deque(maxlen=COMMIT_LOOKS)
        self._certificate = certificate
        self._looks = 0
        self._degraded = Degraded(
            post=runtime.post, now=clock.now, monotonic_s=clock.monotonic_s, standing=self._is_standing
        )

    def checks(self) -> tuple[Check, ...]:
        return self._degraded.checks()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            before_s = self._clock.monotonic_s()
            await asyncio.sleep(LOOK_S)
            self.look(lag_s=max(0.0, self._clock.monotonic_s() - before_s - LOOK_S))

    def look(self, *, lag_s: float) -> None:
        """`lag_s`: how much later than asked for the loop has come back."""
        if self._runtime.depth == 0:
            self._progress.beat("commit")  # nothing to commit is no stall
        self._metrics.loop_lag(lag_s)
        if lag_s > STALL_S:
            detail = f"{lag_s:.1f} s"
            self._runtime.post(DaemonTroubled(at=self._clock.now(), code="stalled", detail=detail))
        self._observing.gauges(self._runtime.outbox_depth(), self._runtime.depth)
        self._looks += 1
        if self._looks % SUMS_EVERY == 1:
            self._observing.sums(self._clock.now())
        self._degraded.look(self._readings(lag_s))
        self._metrics.degraded(self._degraded.parts())

    def _readings(self, lag_s: float) -> Iterator[Reading]:
        yield from self._disk()
        yield from self._clock_quality(read_discipline())
        self._slowest_commits_s.append(self._observing.take_slowest_commit_s())
        commit_s = max(self._slowest_commits_s)
        yield Reading("commit_slow", commit_s > COMMIT_SLOW_S, f"slowest of late {commit_s * 1000:.0f} ms")
        if self._certificate is not None:
            trouble = self._certificate.trouble(self._clock.now())
            yield Reading("certificate", bool(trouble), trouble or "good for weeks")
        yield Reading("loop_slow", lag_s > LOOP_SLOW_S, f"late by {lag_s * 1000:.0f} ms")
        yield Reading("intake_full", not self._runtime.has_room, f"{self._runtime.depth} steps wait for their commit")
        for channel, (failures, said) in sorted(self._observing.channel_failures.items()):
            detail = f"{failures} attempts in a row have failed, the last: {said}" if failures else "the last one went"
            yield Reading("channel_down", failures >= CHANNEL_FAILURES, detail, about=channel)
        yield from self._others()

    def _disk(self) -> Iterator[Reading]:
        try:
            usage = shutil.disk_usage(self._store.path.parent)
        except OSError:
            return  # the commit that needs it will say so
        self._metrics.storage(free_bytes=usage.free, size_bytes=usage.total)
        yield Reading("disk_low", usage.free < self._store.free_bytes_min, f"{usage.free // 2**20} MiB free")

    def _clock_quality(self, discipline: Discipline | None) -> Iterator[Reading]:
        self._metrics.clock_discipline(discipline)
        if discipline is None:
            return  # nobody says: no reason to call anybody
        error_s = discipline.error_s_max
        is_bad = not discipline.is_synchronized or (error_s is not None and error_s > CLOCK_ERROR_WARN_S)
        bound = "" if error_s is None else f", off by at most {error_s:.3f} s"
        told = "disciplined" if discipline.is_synchronized else "NOT DISCIPLINED by any time source"
        yield Reading("clock_unsynchronised", is_bad, f"{told}{bound}")

    def _is_standing(self, code: str, about: str) -> bool:
        state = self._runtime.station.state
        case = state.cases.get(state.folds.get(own_fold(code, about or "self")) or "")
        return case is not None and case.is_open
