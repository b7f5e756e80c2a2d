"""Modbus devices that are polled, over TCP or a serial line.

One rule: a line that does not answer holds up no other, and no alarm: every line has its own task, every request its
time limit, and a point that cannot be read is a fault and never "at rest".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from arcd.clock import Clock
from arcd.core.supervision.watch import BACK_S
from arcd.field_map import FieldMap, WiredPoint
from arcd.gateways import Intake
from arcd.gateways.bus import Bus, Levels
from arcd.modbus_lines import LineError, ModbusLine
from protocols.modbus_points import Block, blocks_of

# Between two attempts at a line that cannot be reached: from the poll interval doubling to this.
BACK_OFF_S_MAX = 10.0
STRAYS_S = 5.0


class ModbusGateway:
    def __init__(
        self, *, name: str, lines: Sequence[ModbusLine], field: FieldMap, levels: Levels, intake: Intake, clock: Clock,
        written_by: Collection[str] = (),
    ) -> None:  # fmt: skip
        """`written_by` are the devices that write to us: somebody else's to watch."""
        self.name = name
        self._lines = lines
        self._field = field
        self._intake = intake
        self._clock = clock
        self._bus = Bus(gateway=name, intake=intake, clock=clock, levels=levels)
        self._is_taking = True
        self._reached = {device for line in lines for device in line.spec.devices} | set(written_by)

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(f"{line.spec.name} ({line.spec.where})" for line in self._lines)

    async def start(self) -> None:
        """Nothing to take: a device that is away at the start is a fault like one that goes later."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for line in self._lines:
                tasks.create_task(self._keep_polling(line), name=f"modbus {line.spec.name}")
            tasks.create_task(self._keep_looking_for_strays(), name="modbus strays")

    async def stop_taking(self) -> None:
        self._is_taking = False

    async def close(self) -> None:
        for line in self._lines:
            await line.close()

    async def _keep_polling(self, line: ModbusLine) -> None:
        spec = line.spec
        pause_s = spec.poll_s
        while True:
            began_s = self._clock.monotonic_s()
            has_answered = await self.poll(line)
            pause_s = spec.poll_s if has_answered else min(max(2 * pause_s, spec.poll_s), BACK_OFF_S_MAX)
            await asyncio.sleep(max(0.0, pause_s - (self._clock.monotonic_s() - began_s)))

    async def _keep_looking_for_strays(self) -> None:
        while True:
            await self._intake.room()
            self.look_for_strays()
            await asyncio.sleep(STRAYS_S)

    def look_for_strays(self) -> None:
        """Points of a device that no line has: nobody would ever look at them, and nobody would know."""
        if not self._is_taking:
            return
        for device in self._field.devices():
            if device not in self._reached:
                wired = self._field.points_of(device)
                unread = {each.key: "the settings name no such device" for each in wired}
                self._bus.take(device, {}, unread, wired, lost_after_s=0.0, back_after_s=0.0)

    async def poll(self, line: ModbusLine) -> bool:
        """Look at every device of a line once. False: none of them answered."""
        has_answered = not line.spec.devices
        for device in line.spec.devices:
            wired = self._field.points_of(device)
            if not wired:
                has_answered = True
                continue
            readings, unread, answered = await self._look(line, device, wired)
            has_answered = has_answered or answered
            await self._intake.room()
            if not self._is_taking:
                return has_answered
            # A reload may have taken points away while their device was looked at.
            still = [each for each in self._field.points_of(device) if each in wired]
            lost_after_s = line.spec.lost_after_s
            back_after_s = min(lost_after_s, BACK_S)
            self._bus.take(device, readings, unread, still, lost_after_s=lost_after_s, back_after_s=back_after_s)
        return has_answered

    async def _look(
        self, line: ModbusLine, device: str, wired: Sequence[WiredPoint]
    ) -> tuple[dict[str, Sequence[int]], dict[str, str], bool]:
        """Raw values, reasons of what could not be read, and whether the device answered at all."""
        readings: dict[str, Sequence[int]] = {}
        unread: dict[str, str] = {}
        answered = False
        alone: set[Block] = set()
        waiting = list(blocks_of(each.point.spec for each in wired))
        while waiting:
            block = waiting.pop(0)
            inside = [each for each in wired if each.key not in readings and block.holds(each.point.spec)]
            try:
                values = await line.read(device, block)
            except LineError as error:
                answered = answered or error.is_answer
                if not error.is_answer:
                    # A device that is silent is not asked once more for every block: others wait on the same line.
                    reason = error.reason
                    return readings, {each.key: reason for each in wired if each.key not in readings}, answered
                if block not in alone:
                    singles = {_alone(each) for each in inside} - alone
                    alone |= singles
                    waiting[:0] = sorted(singles, key=lambda single: (single.address, single.count))
                    continue  # one bad address spoils no other
                unread |= {each.key: f"{each.point.id}: {error.reason}" for each in inside}
                continue
            answered = True
            for each in inside:
                readings[each.key] = block.part(values, each.point.spec)
                unread.pop(each.key, None)
        return readings, unread, answered


def _alone(each: WiredPoint) -> Block:
    spec = each.point.spec
    return Block(table=spec.table, address=spec.address, count=spec.length)
