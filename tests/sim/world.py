"""The world: its time, its seed, everything that is due in it, and the one daemon that is up or not.

    faults and happenings ──▶ until `calm` ──▶ everything must come to rest ──▶ a fresh alarm must still pass

One rule: what happens next stands in one heap, ordered by true time and then by when it was thought of. True time is
whole nanoseconds since the seed began; what the daemon believes the time to be is its clock's affair.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from random import Random  # noqa: TID251 – the seed of the whole run
from typing import Any

from msgspec import Struct

from arcd.clock import VirtualClock
from arcd.core.facts import AnyFact
from arcd.runtime import Runtime
from arcd.store.memory import MemoryStore
from tests.sim.faults import Disk, begin_faults
from tests.sim.guards import GuardUnit
from tests.sim.happenings import begin_happenings
from tests.sim.network import Network
from tests.sim.operators import Operator
from tests.sim.oracle import Oracle
from tests.sim.outside import Outside
from tests.sim.panels import Panel
from tests.sim.plots import Plot
from tests.sim.process import Process
from tests.sim.scene import FORTNIGHT_S, GUARDS, KEY, KEYED, NS, SCENE_AT, SCENES, scene_copy

# What everything takes at most to come to rest once nothing fails any more.
REST_S_MAX = 12 * 3600.0
LOOK_S = 30.0
PATHS_LOOK_S = 5.0
PROBE_S = 90.0
COMMIT_S = 0.01
FACTS_SHOWN = 30

Teller = Callable[[float, str], None]


class Makings(Struct, frozen=True, kw_only=True):
    """Of which parts the daemon is made. Planted bugs give parts of their own."""

    runtime: type[Runtime] = Runtime
    crashed: Callable[[MemoryStore], MemoryStore] = MemoryStore.crash


class World:
    def __init__(self, seed: int, plot: Plot, *, makings: Makings | None = None, teller: Teller | None = None) -> None:
        self.seed = seed
        self.plot = plot
        self.makings = makings or Makings()
        self.rng = Random(seed)
        self.salts = Random(seed)
        self._teller = teller
        self.time = 0
        self._agenda: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._thought = 0
        self._planned = 0
        self.began_at = SCENE_AT + self.rng.randrange(FORTNIGHT_S) * NS
        self.clock = VirtualClock(self.began_at)
        self.is_calm = False
        self.clock_set_at = 0
        self.lives = 0
        self.last_facts: deque[tuple[int, AnyFact]] = deque(maxlen=FACTS_SHOWN)
        self.armed: list[str] = []  # moments at which the next crash comes
        self.scene = SCENES[plot.scene]
        self.disk = Disk(self)
        self.network = Network(self)
        self.outside = Outside(self)
        store = scene_copy(plot.scene)
        store._urandom = self.salts.randbytes
        self.oracle = Oracle(self, store)
        self.panels = {
            number: Panel(self, number, key=KEY if number == KEYED else None, site=site)
            for number, site in self.scene.site_of().items()
        }
        self.guards = {guard.id: GuardUnit(self, guard.id) for guard in GUARDS}
        self.operators = [Operator(self, f"os:{name}") for name in ("matti", "maija")]
        self.process: Process = self._new_process(store)

    # --------------------------------------------------------------------------------------------------------- time

    def after(self, seconds: float, do: Callable[..., object], *args: Any) -> None:
        self._thought += 1
        heapq.heappush(self._agenda, (self.time + int(seconds * NS), self._thought, do, args))

    def plan(self, seconds: float, do: Callable[..., object], *args: Any) -> None:
        """Like `after`, for what happens at the sites: the world is not at rest before all of it has."""
        self._planned += 1
        self.after(seconds, self._happens, do, args)

    def _happens(self, do: Callable[..., object], args: tuple[Any, ...]) -> None:
        self._planned -= 1
        do(*args)

    def true_now(self) -> int:
        """UTC as it really is; panels' clocks follow it, the daemon's may not."""
        return self.began_at + self.time

    def tell(self, text: str) -> None:
        if self._teller is not None:
            self._teller(self.time / NS, text)

    @property
    def is_told(self) -> bool:
        return self._teller is not None

    def _pass_to(self, at: int) -> None:
        if at > self.time:
            self.clock.advance((at - self.time) / NS)
            self.time = at

    def run_until(self, end: int) -> None:
        while True:
            process = self.process
            wake = process.wake_at()
            due = self._agenda[0][0] if self._agenda else end
            if min(due, end if wake is None else wake) >= end:
                break
            if wake is not None and wake <= due:
                self._pass_to(wake)
                process.on_time()
            else:
                at, _, do, args = heapq.heappop(self._agenda)
                self._pass_to(at)
                do(*args)
            self.process.pump()
        self._pass_to(end)

    # --------------------------------------------------------------------------------------------------- its one daemon

    def _new_process(self, store: MemoryStore) -> Process:
        self.lives += 1
        return Process(self, store)

    def process_ended(self, store: MemoryStore, why: str) -> None:
        """It has crashed, or was stopped. systemd starts it again (RestartSec of the unit, and what a start takes)."""
        self.tell(f"the daemon is gone: {why}")
        self.after(self.rng.uniform(0.5, 5.0), self._start_again, store)

    def _start_again(self, store: MemoryStore) -> None:
        self.process = self._new_process(store)
        self.tell(f"the daemon starts again, life {self.lives}")
        self.process.start()

    def take_armed(self, *moments: str) -> str:
        """The crash that was waiting for one of these moments, "" for none."""
        for moment in self.armed:
            if moment in moments:
                self.armed.remove(moment)
                return moment
        return ""

    def set_clock(self, seconds: float) -> None:
        """Somebody sets the daemon's wall clock; it looks at it once a second."""
        self.clock_set_at = self.time
        self.clock.step_wall(seconds)
        self.after(self.rng.uniform(0.0, 1.0), lambda: self.process.look_at_clock())

    # ---------------------------------------------------------------------------------------------------------- the run

    def run(self) -> None:
        self.process.start()
        minutes = self.rng.uniform(*self.plot.minutes)
        begin_happenings(self, minutes * 60)
        begin_faults(self, minutes * 60)
        if self.scene.poll_s:
            for panel in self.panels.values():
                panel.poll_for_ever(self.scene.poll_s)
            self._look_at_paths()
        for operator in self.operators:
            operator.begin()
        self.run_until(int(minutes * 60 * NS))
        self._calm_down()
        self._come_to_rest()
        self._probe()
        self.oracle.final()

    def _calm_down(self) -> None:
        """Faults stop. From here on everything that was promised has to come true."""
        self.tell("from here on nothing fails")
        self.is_calm = True
        self.armed.clear()
        self.disk.heal()
        self.network.heal()
        self.set_clock((self.true_now() - self.clock._virtual_wall) / NS)
        for panel in self.panels.values():
            panel.hurry()

    def _come_to_rest(self) -> None:
        end = self.time + int(REST_S_MAX * NS)
        while (left := self.unfinished()) and self.time < end:
            self.run_until(self.time + int(LOOK_S * NS))
        assert not left, f"not at rest after {REST_S_MAX / 3600:.0f} h without faults: {'; '.join(left[:8])}"

    def unfinished(self) -> list[str]:
        """What is still open; nothing may stay so for ever."""
        left = [f"{panel.number} has {len(panel.queue)} messages" for panel in self.panels.values() if panel.queue]
        if abs(self.true_now() - self.clock.now()) > NS:
            left.append("the daemon's clock is wrong")
        if self._planned:
            left.append(f"{self._planned} happenings are still to come")
        if not self.process.is_up:
            return [*left, "the daemon is down"]
        return left + self.process.unfinished()

    def _look_at_paths(self) -> None:
        self.oracle.check_paths()
        self.after(PATHS_LOOK_S, self._look_at_paths)

    def _probe(self) -> None:
        """A fresh alarm still passes: acknowledged, one case, one guard on the way."""
        panel = self.panels[self.scene.probed]
        for operator in self.operators:
            operator.rest()
        happening = panel.report("BA", zone=PROBED)
        self.run_until(self.time + int(PROBE_S * NS))
        while self.process.is_committing:
            self.run_until(self.time + int(COMMIT_S * NS))
        self.oracle.probed(happening)


PROBED = "9"
