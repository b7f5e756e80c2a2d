"""Modbus inputs as alarm points: from a bit or registers to "active" or "at rest", through thresholds, hysteresis and
debounce.

One rule: what could not be read is neither active nor at rest. Nothing here knows a bus; raw values go in, and an edge
comes out when a level has stood long enough.

Addresses are those of the protocol data unit, from 0 (Modbus Application Protocol V1.1b3, 4.4); manuals that number
from 1, or from 40001, mean one less.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

# Modbus Application Protocol V1.1b3, 6.1-6.4 and 6.11-6.12: how many one request may read.
BITS_MAX = 2000
REGISTERS_MAX = 125
ADDRESS_MAX = 65_535
# Points this near to each other are read in one request: a few needless registers cost less than another exchange.
GAP_MAX = 8


class Table(StrEnum):
    """The four tables of V1.1b3, 4.3."""

    COIL = "coil"
    DISCRETE_INPUT = "discrete_input"
    INPUT_REGISTER = "input_register"
    HOLDING_REGISTER = "holding_register"

    @property
    def is_bits(self) -> bool:
        return self in (Table.COIL, Table.DISCRETE_INPUT)


class Number(StrEnum):
    """How registers make a number. The standard knows 16-bit registers only; two of them come high word first, and low
    word first from devices that `PointSpec.low_word_first` names."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"


_FORMATS = {Number.UINT16: ">H", Number.INT16: ">h", Number.UINT32: ">I", Number.INT32: ">i", Number.FLOAT32: ">f"}


class PointSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One input. A bit (coil, discrete input, or `bit` of a register) is active when it is on, or off with
    `active_low`; a number is active at or above `above`, or at or below `below`, and at rest again `hysteresis` inside
    both."""

    table: Table
    address: int
    active_low: bool = False
    bit: int | None = None
    number: Number = Number.UINT16
    low_word_first: bool = False
    scale: float = 1.0
    offset: float = 0.0
    above: float | None = None
    below: float | None = None
    hysteresis: float = 0.0
    debounce_s: float = 0.0

    @property
    def length(self) -> int:
        """Bits or registers it takes."""
        is_wide = self.number in (Number.UINT32, Number.INT32, Number.FLOAT32)
        return 2 if is_wide and not self.table.is_bits and self.bit is None else 1

    @property
    def is_number(self) -> bool:
        return not self.table.is_bits and self.bit is None


class Sample(Struct, frozen=True, kw_only=True):
    """`active` is None when the number says that there is no measurement (not a number, infinite)."""

    active: bool | None
    value: float | None = None


def read_point(spec: PointSpec, raw: Sequence[int], *, was_active: bool) -> Sample:
    """`raw` holds `spec.length` bits or registers; `was_active` decides inside the hysteresis."""
    assert len(raw) == spec.length, f"{len(raw)} values for {spec.length}"
    if not spec.is_number:
        is_on = bool(raw[0] >> spec.bit & 1) if spec.bit is not None else bool(raw[0])
        return Sample(active=is_on != spec.active_low)
    value = _number_of(spec, raw)
    if not math.isfinite(value):
        return Sample(active=None)
    return Sample(active=_is_beyond(spec, value, was_active=was_active), value=value)


def _is_beyond(spec: PointSpec, value: float, *, was_active: bool) -> bool:
    if was_active and spec.hysteresis:
        is_high = spec.above is not None and value > spec.above - spec.hysteresis
        return is_high or (spec.below is not None and value < spec.below + spec.hysteresis)
    return (spec.above is not None and value >= spec.above) or (spec.below is not None and value <= spec.below)


def _number_of(spec: PointSpec, raw: Sequence[int]) -> float:
    words = reversed(raw) if spec.low_word_first else raw
    data = b"".join(word.to_bytes(2, "big") for word in words)
    (number,) = struct.unpack(_FORMATS[spec.number], data)
    return float(number) * spec.scale + spec.offset


# ------------------------------------------------------------------------------------------------------------ debounce


class Settling(Struct, frozen=True, kw_only=True):
    """A level that has been seen, and since when (monotonic seconds) it has been the same."""

    active: bool
    since_s: float


def settle(before: Settling | None, sample: Sample, now_s: float) -> Settling | None:
    """What is remembered between two polls; None after an outage, so that its length counts as no proof of standing."""
    if sample.active is None:
        return None
    if before is None or before.active != sample.active:
        return Settling(active=sample.active, since_s=now_s)
    return before


def edge(settling: Settling | None, *, known_active: bool, debounce_s: float, now_s: float) -> bool | None:
    """The new level when it differs from the known one and has stood for the debounce time, else None."""
    if settling is None or settling.active == known_active or now_s - settling.since_s < debounce_s:
        return None
    return settling.active


# ------------------------------------------------------------------------------------------------------------- requests


class Block(Struct, frozen=True, kw_only=True):
    """One read request: `count` bits or registers from `address`."""

    table: Table
    address: int
    count: int

    def part(self, values: Sequence[int], spec: PointSpec) -> Sequence[int]:
        start = spec.address - self.address
        return values[start : start + spec.length]

    def holds(self, spec: PointSpec) -> bool:
        is_inside = self.address <= spec.address and spec.address + spec.length <= self.address + self.count
        return spec.table is self.table and is_inside


def blocks_of(specs: Iterable[PointSpec]) -> tuple[Block, ...]:
    """The fewest requests that read all of them, none longer than the standard allows; small gaps are read too."""
    blocks: list[Block] = []
    for spec in sorted(specs, key=lambda spec: (spec.table, spec.address, spec.length)):
        last = blocks[-1] if blocks else None
        end = spec.address + spec.length
        count_max = BITS_MAX if spec.table.is_bits else REGISTERS_MAX
        if (
            last is not None
            and last.table is spec.table
            and spec.address - (last.address + last.count) <= GAP_MAX
            and end - last.address <= count_max
        ):
            count = max(last.count, end - last.address)
            blocks[-1] = Block(table=last.table, address=last.address, count=count)
        else:
            blocks.append(Block(table=spec.table, address=spec.address, count=spec.length))
    return tuple(blocks)
