"""From raw bits and registers to edges: thresholds, hysteresis, debounce, and how reads are put together."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.modbus_points import (
    BITS_MAX,
    REGISTERS_MAX,
    Block,
    Number,
    PointSpec,
    Sample,
    Settling,
    Table,
    blocks_of,
    edge,
    read_point,
    settle,
)


def bit(**fields: object) -> PointSpec:
    return PointSpec(table=Table.DISCRETE_INPUT, address=0, **fields)  # type: ignore[arg-type]  # – a test's shorthand


def register(**fields: object) -> PointSpec:
    return PointSpec(table=Table.HOLDING_REGISTER, address=0, **fields)  # type: ignore[arg-type]  # – likewise


@pytest.mark.parametrize(
    ("active_low", "raw", "active"), [(False, 1, True), (False, 0, False), (True, 1, False), (True, 0, True)]
)
def test_a_contact(active_low: bool, raw: int, active: bool) -> None:
    assert read_point(bit(active_low=active_low), [raw], was_active=False) == Sample(active=active)


def test_a_bit_of_a_register() -> None:
    spec = register(bit=3)
    assert read_point(spec, [0b1000], was_active=False).active is True
    assert read_point(spec, [0b0111], was_active=False).active is False


@pytest.mark.parametrize(
    ("number", "words", "value"),
    [
        (Number.UINT16, [0xFFFF], 65_535.0),
        (Number.INT16, [0xFFFF], -1.0),
        (Number.UINT32, [0x0001, 0x0000], 65_536.0),
        (Number.INT32, [0xFFFF, 0xFFFE], -2.0),
        (Number.FLOAT32, list(struct.unpack(">HH", struct.pack(">f", 21.5))), 21.5),
    ],
)
def test_numbers_in_both_word_orders(number: Number, words: list[int], value: float) -> None:
    spec = register(number=number, above=1e9)
    assert spec.length == len(words)
    assert read_point(spec, words, was_active=False).value == value
    turned = register(number=number, above=1e9, low_word_first=True)
    assert read_point(turned, words[::-1], was_active=False).value == value


def test_scale_and_offset_come_before_the_limits() -> None:
    spec = register(number=Number.INT16, scale=0.1, offset=-50.0, above=30.0)
    assert read_point(spec, [800], was_active=False) == Sample(active=True, value=30.0)
    assert read_point(spec, [799], was_active=False).active is False


def test_hysteresis_holds_a_level_until_it_is_well_inside() -> None:
    spec = register(above=30.0, below=5.0, hysteresis=2.0)
    readings = [(29, False, False), (30, False, True), (29, True, True), (28, True, False), (5, False, True),
                (6, True, True), (7, True, False)]  # fmt: skip
    for raw, was_active, active in readings:
        assert read_point(spec, [raw], was_active=was_active).active is active, raw


@pytest.mark.parametrize("words", [(0x7FC0, 0x0000), (0x7F80, 0x0000), (0xFF80, 0x0000)])
def test_no_measurement_is_neither_active_nor_at_rest(words: tuple[int, int]) -> None:
    spec = register(number=Number.FLOAT32, above=30.0)
    assert read_point(spec, words, was_active=True).active is None
    assert settle(Settling(active=True, since_s=0.0), Sample(active=None), 5.0) is None


def test_a_level_has_to_stand_before_it_is_an_edge() -> None:
    settling = settle(None, Sample(active=True), 10.0)
    assert edge(settling, known_active=False, debounce_s=2.0, now_s=10.0) is None
    settling = settle(settling, Sample(active=True), 11.9)
    assert edge(settling, known_active=False, debounce_s=2.0, now_s=11.9) is None
    settling = settle(settling, Sample(active=False), 12.0)  # it bounced: the time begins anew
    assert edge(settling, known_active=False, debounce_s=2.0, now_s=12.0) is None
    settling = settle(settling, Sample(active=True), 12.1)
    assert edge(settle(settling, Sample(active=True), 14.1), known_active=False, debounce_s=2.0, now_s=14.1) is True


def test_no_debounce_and_nothing_new() -> None:
    settling = settle(None, Sample(active=True), 1.0)
    assert edge(settling, known_active=False, debounce_s=0.0, now_s=1.0) is True
    assert edge(settling, known_active=True, debounce_s=0.0, now_s=1.0) is None
    assert edge(None, known_active=True, debounce_s=0.0, now_s=1.0) is None


@given(st.lists(st.booleans(), max_size=60), st.floats(0.0, 5.0))
def test_edges_alternate_whatever_the_contact_does(levels: list[bool], debounce_s: float) -> None:
    settling, known, edges = None, False, []
    for second, level in enumerate(levels):
        settling = settle(settling, Sample(active=level), float(second))
        new = edge(settling, known_active=known, debounce_s=debounce_s, now_s=float(second))
        if new is not None:
            known = new
            edges.append(new)
    assert edges == [index % 2 == 0 for index in range(len(edges))]


SPECS = st.builds(
    PointSpec,
    table=st.sampled_from(Table),
    address=st.integers(0, 65_000),
    number=st.sampled_from(Number),
)


@given(st.lists(SPECS, max_size=40))
def test_every_point_is_read_by_exactly_one_bearable_request(specs: list[PointSpec]) -> None:
    blocks = blocks_of(specs)
    for block in blocks:
        assert block.count <= (BITS_MAX if block.table.is_bits else REGISTERS_MAX)
    for spec in specs:
        block = next(block for block in blocks if block.holds(spec))
        assert len(block.part(range(block.count), spec)) == spec.length
    assert blocks == blocks_of(reversed(specs))


def test_neighbours_share_a_request_and_strangers_do_not() -> None:
    near = [PointSpec(table=Table.COIL, address=address) for address in (3, 0, 10)]
    assert blocks_of(near) == (Block(table=Table.COIL, address=0, count=11),)
    far = [PointSpec(table=Table.COIL, address=address) for address in (0, 100)]
    assert len(blocks_of(far)) == 2
    other = [PointSpec(table=Table.COIL, address=0), PointSpec(table=Table.DISCRETE_INPUT, address=1)]
    assert len(blocks_of(other)) == 2
