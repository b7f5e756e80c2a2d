"""What goes wrong, and when: crashes, disks, clocks, the centre's own link.

One rule: every fault is planned when the run begins, from the seed; the world's calm ends them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.plots import Span

if TYPE_CHECKING:
    from tests.sim.panels import Panel
    from tests.sim.world import World

STEPS_S = (-7200.0, -600.0, -90.0, -5.0, 5.0, 90.0, 600.0, 7200.0, 86400.0)


class Disk:
    def __init__(self, world: World) -> None:
        self._world = world
        self._ratios = world.plot.ratios
        self.is_full = False
        self._is_healed = False

    def sync_s(self) -> float:
        rng = self._world.rng
        if not self._is_healed and self._ratios.sync_slow and rng.random() < self._ratios.sync_slow:
            return rng.uniform(0.1, self._ratios.sync_s)
        return rng.uniform(0.0005, 0.004)

    def fill(self, seconds: float) -> None:
        if not self._is_healed:
            self._world.tell("the disk is full")
            self.is_full = True
            self._world.after(seconds, self._free)

    def _free(self) -> None:
        self.is_full = False

    def heal(self) -> None:
        self.is_full, self._is_healed = False, True


def times(world: World, span: Span) -> int:
    low, high = span
    return world.rng.randint(int(low), int(high)) if high else 0


def begin_faults(world: World, seconds: float) -> None:
    counts, rng = world.plot.counts, world.rng
    for _ in range(times(world, counts.crash)):
        world.after(rng.uniform(0, seconds), _crash, world)
    for _ in range(times(world, counts.crash_at_commit)):
        moment = rng.choice(("before_commit", "after_commit"))
        world.after(rng.uniform(0, seconds), _arm, world, moment)
    for _ in range(times(world, counts.crash_at_effect)):
        world.after(rng.uniform(0, seconds), _arm, world, "after_effect")
    for _ in range(times(world, counts.stop)):
        world.after(rng.uniform(0, seconds), _stop, world)
    for _ in range(times(world, counts.disk_full)):
        world.after(rng.uniform(0, seconds), world.disk.fill, rng.uniform(1.0, 20.0))
    for _ in range(times(world, counts.link_down)):
        world.after(rng.uniform(0, seconds), _cut, world, rng.uniform(10.0, 900.0))
    for _ in range(times(world, counts.clock_step)):
        world.after(rng.uniform(0, seconds), _step_clock, world, rng.choice(STEPS_S) * rng.uniform(0.5, 1.0))

    for _ in range(times(world, counts.path_down)):
        panel = world.panels[rng.choice(world.scene.panels)]
        world.after(rng.uniform(0, seconds), _cut_paths, world, [panel], rng.uniform(30.0, 900.0))
    for _ in range(times(world, counts.operator_down)):
        operator = rng.choice(("east", "west"))
        panels = [each for each in world.panels.values() if each.site.systems[0].transmission_operator == operator]
        world.after(rng.uniform(0, seconds), _cut_paths, world, panels, rng.uniform(60.0, 1200.0))


def _cut_paths(world: World, panels: list[Panel], seconds: float) -> None:
    """Each for itself within some seconds, and back in no order ("swizzle")."""
    for panel in panels:
        world.after(world.rng.uniform(0.0, 10.0), panel.cut, True)
        world.after(seconds + world.rng.uniform(10.0, 60.0), panel.cut, False)


def _crash(world: World) -> None:
    world.process.crash("killed", is_kept=world.rng.random() < 0.5)


def _arm(world: World, moment: str) -> None:
    world.armed.append(moment)


def _stop(world: World) -> None:
    world.process.stop()


def _cut(world: World, seconds: float) -> None:
    world.tell(f"the centre's own link is down for {seconds:.0f} s")
    world.network.is_down = True
    world.after(seconds, _mend, world)


def _mend(world: World) -> None:
    world.network.mend()


def _step_clock(world: World, seconds: float) -> None:
    world.tell(f"the daemon's wall clock is set by {seconds:+.1f} s")
    world.set_clock(seconds)
