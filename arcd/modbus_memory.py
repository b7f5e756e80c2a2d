"""The plant without a bus: tests and simulations set its inputs and see its outputs.

One rule: it answers as `ModbusLines` does, one request after the other, also when it is told to break.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcd.modbus_lines import LineError
from protocols.modbus_points import Block, Table


class MemoryBus:
    """Every device there is, all at rest. `written` are coils in the order they were set."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, Table, int], int] = {}
        self.written: list[tuple[str, int, bool]] = []
        self.breaks: LineError | None = None  # raised by every request while it stands

    def of(self, device: str) -> MemoryBus | None:
        return self

    def set(self, device: str, table: Table, address: int, value: int) -> None:
        self.values[device, table, address] = value

    async def read(self, device: str, block: Block) -> Sequence[int]:
        if self.breaks is not None:
            raise self.breaks
        places = range(block.address, block.address + block.count)
        return [self.values.get((device, block.table, address), 0) for address in places]

    async def write_coil(self, device: str, coil: int, *, on: bool) -> None:
        if self.breaks is not None:
            raise self.breaks
        self.written.append((device, coil, on))
        self.values[device, Table.COIL, coil] = int(on)
