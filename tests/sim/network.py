"""The way between panels and the centre: loses, doubles, delays, reorders and damages what it carries.

One rule: it knows bytes and nothing else. What was on its way when a line or the daemon died has died with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.plots import Wires

if TYPE_CHECKING:
    from tests.sim.panels import Panel
    from tests.sim.world import World

STRAIGHT = Wires()


class Network:
    def __init__(self, world: World) -> None:
        self._world = world
        self._wires = world.plot.wires
        self.is_down = False  # the centre's own link
        self.came_up_at = 0  # true time

    def heal(self) -> None:
        self._wires = STRAIGHT
        self.mend()

    def mend(self) -> None:
        if self.is_down:
            self.is_down, self.came_up_at = False, self._world.time

    def to_centre(self, panel: Panel, data: bytes) -> None:
        for copy in self._copies(data):
            self._world.after(self._delay_s(), self._arrive, panel, copy)

    def to_panel(self, panel: Panel, data: bytes) -> None:
        for copy in self._copies(data):
            self._world.after(self._delay_s(), panel.hear, copy)

    def _arrive(self, panel: Panel, data: bytes) -> None:
        if not self.is_down and not panel.is_cut and self._world.process.is_up:
            panel.heard_at = self._world.time
            panel.line_to(self._world.process).feed(data)

    def _copies(self, data: bytes) -> list[bytes]:
        rng, wires = self._world.rng, self._wires
        if self.is_down or rng.random() < wires.loss:
            return []
        copies = [data, data] if rng.random() < wires.duplicate else [data]
        return [self._damaged(copy) if rng.random() < wires.damage else copy for copy in copies]

    def _damaged(self, data: bytes) -> bytes:
        rng = self._world.rng
        place = rng.randrange(len(data))
        match rng.randrange(3):
            case 0:
                return data[:place]
            case 1:
                return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
            case _:
                return data[place:]

    def _delay_s(self) -> float:
        rng, wires = self._world.rng, self._wires
        return rng.uniform(0.01, wires.late_s if rng.random() < wires.late else 0.2)
