"""What every codec promises (protocols.codec), run over each of them.

A new codec joins by a `Way` in tests/codecs.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec
import pytest

from protocols.codec import Codec, Malformed, Received, ReplyKind, WireItem
from tests.codecs import NOW, WAYS, Way
from tests.processor import processor_s
from tests.wire import check_every_feeding, items_of

LINE_CPU_S_MAX = 0.25  # a thousand times what a line takes; a pattern that backtracks takes minutes
REASONS = {"crc", "length", "syntax", "oversize", "noise", "direction"}
NAMES = [way.name for way in WAYS]
FRAMES = [(way, frame) for way in WAYS for frame in way.frames]

ways = pytest.mark.parametrize("way", WAYS, ids=NAMES)
frames = pytest.mark.parametrize(("way", "frame"), FRAMES, ids=[f"{way.name}:{frame[:16]!r}" for way, frame in FRAMES])


def received(way: Way, frame: bytes) -> list[Received]:
    items = way.make().receive_data(frame, NOW)
    assert items, "a frame of the vectors must be read"
    assert all(isinstance(item, Received) for item in items)
    return [item for item in items if isinstance(item, Received)]


def garbage(seed: int, count: int) -> bytes:
    """The same bytes on every run."""
    return b"".join(blake2b(b"%d.%d" % (seed, at)).digest() for at in range(count // 64 + 1))[:count]


def spoiled(way: Way, seed: int) -> bytes:
    """Frames of this very format, cut, joined and with single bytes changed: far better garbage than noise."""
    picks, out = iter(garbage(seed, 4096)), bytearray()
    for _ in range(24):
        frame = way.frames[next(picks) % len(way.frames)]
        piece = bytearray(frame[next(picks) % len(frame) :] if next(picks) % 3 else frame)
        if next(picks) % 2 and piece:
            piece[next(picks) % len(piece)] = next(picks)
        out += piece[: next(picks) or None]
    return bytes(out)


def held_bytes(thing: Any, seen: set[int] | None = None) -> int:
    """Bytes and characters that an object keeps, however deep."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, type):
        return 0
    seen.add(id(thing))
    if isinstance(thing, bytes | bytearray | str):
        return len(thing)
    if isinstance(thing, list | tuple | set | deque):
        return sum(held_bytes(each, seen) for each in thing)
    names = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
    names += [name for name in getattr(thing, "__dict__", {}) if "dialect" not in name]
    return sum(held_bytes(getattr(thing, name), seen) for name in names if isinstance(name, str))


def all_items(codec: Codec, *reads: bytes) -> list[WireItem]:
    return items_of(codec, list(reads), NOW) + codec.receive_eof()


def cuts(data: bytes, seed: int) -> Iterator[bytes]:
    at = 0
    for size in garbage(seed, len(data) + 1):
        if at >= len(data):
            return
        yield data[at : at + size % 37 + 1]
        at += size % 37 + 1


@frames
def test_a_frame_is_read_alike_however_it_is_fed(way: Way, frame: bytes) -> None:
    """Whole, byte by byte, two in one, split anywhere, between idle characters, between noise that can be told."""
    check_every_feeding(way.make, frame, way.make().receive_data(frame, NOW), NOW, idle=way.idle, noise=way.noise)


@ways
def test_frames_follow_each_other_in_their_order(way: Way) -> None:
    expected = [item.raw for frame in way.frames for item in received(way, frame)]
    found = [item.raw for item in items_of(way.make(), [b"".join(way.frames)], NOW)]
    assert found == expected


@frames
def test_what_is_read_is_whole_and_can_be_kept(way: Way, frame: bytes) -> None:
    for item in received(way, frame):
        assert item.raw
        assert item.fingerprint
        assert item.signals or item.kind == "link_test"
        assert msgspec.json.decode(msgspec.json.encode(item), type=Received) == item


@ways
def test_different_frames_are_not_taken_for_each_other(way: Way) -> None:
    items = [item for frame in set(way.frames) for item in received(way, frame)]
    # A line's closing byte is no part of what it says: glued copies have none.
    assert len({item.fingerprint for item in items}) == len({item.raw.rstrip(b"\x14") for item in items})


@frames
def test_a_reply_is_made_when_it_is_asked_for_and_not_before(way: Way, frame: bytes) -> None:
    codec = way.make()
    items = [item for item in codec.receive_data(frame, NOW) if isinstance(item, Received)]
    backwards = {id(item): codec.encode_reply(item, ReplyKind.ACK, NOW) for item in reversed(items)}
    again = {id(item): codec.encode_reply(item, ReplyKind.ACK, NOW) for item in items}
    assert backwards[id(items[-1])], "the frame, at the latest its last message, is answered"
    assert all(codec.encode_reply(item, ReplyKind.NONE, NOW) == b"" for item in items)
    if "aes" not in way.name:  # sealed replies have a fresh pad
        assert backwards == again
    for kind in ReplyKind:
        assert isinstance(codec.encode_reply(items[0], kind, NOW), bytes)


@ways
@pytest.mark.parametrize("seed", range(3))
def test_garbage_ends_in_items_and_is_the_same_however_it_is_read(way: Way, seed: int) -> None:
    for stream in (garbage(seed, 3000), spoiled(way, seed)):
        whole = all_items(way.make(), stream)
        assert all_items(way.make(), *cuts(stream, seed)) == whole
        assert {item.reason for item in whole if isinstance(item, Malformed)} <= REASONS


@ways
@pytest.mark.parametrize(
    "make_stream",
    [
        lambda way: garbage(1, 150_000),
        lambda way: b"\n" * 70_000,
        lambda way: way.frames[0][: len(way.frames[0]) // 2] * 400,
        lambda way: way.frames[0][:1] + b"5" * 100_000,
        lambda way: b"\x01" + b"[" * 100_000,
        lambda way: b"\xff" * 100_000,
    ],
    ids=["random", "line feeds", "half frames", "digits", "brackets", "ones"],
)
def test_whatever_comes_little_is_kept(way: Way, make_stream: Any) -> None:
    codec, stream, largest = way.make(), make_stream(way), 0
    for at in range(0, len(stream), 4096):
        codec.receive_data(stream[at : at + 4096], NOW)
        largest = max(largest, held_bytes(codec))
    assert largest <= way.bytes_max + 200  # and its own names and settings


@ways
def test_no_line_costs_more_than_its_length(way: Way) -> None:
    """The longest lines of one repeated piece, behind every beginning of a frame: patterns must not try for ever."""
    beginnings = {frame[:length] for frame in way.frames for length in (0, 1, 8, 14)}
    for beginning in sorted(beginnings)[:24]:
        for piece in (b"1", b" ", b"A", b"|", b"[", b"/", b"^", b"Aa", b" 1", b"R|", b"ri1"):
            line = (beginning + piece * 1000)[:1000] + way.frames[0][-1:]
            took_s = processor_s(lambda line=line: all_items(way.make(), line), LINE_CPU_S_MAX)
            assert took_s < LINE_CPU_S_MAX, (beginning, piece)


@pytest.mark.parametrize("way", [way for way in WAYS if way.noise is not None], ids=lambda way: way.name)
def test_a_frame_after_garbage_is_read_once_the_garbage_has_ended(way: Way) -> None:
    codec = way.make()
    codec.receive_data(garbage(2, 5000), NOW)
    found: list[WireItem] = []
    for _ in range(4):  # a receiver that is not answered repeats
        found += codec.receive_data(way.frames[0], NOW)
    found += codec.receive_eof()
    assert received(way, way.frames[0])[0].raw in [item.raw for item in found]


@ways
def test_the_end_of_the_stream_leaves_nothing_behind(way: Way) -> None:
    frame = way.frames[0]
    codec = way.make()
    codec.receive_data(frame[: len(frame) // 2], NOW)
    assert all(isinstance(item, Malformed) for item in codec.receive_eof())
    assert codec.receive_eof() == []


@ways
def test_the_greeting_is_the_same_for_the_whole_connection(way: Way) -> None:
    codec = way.make()
    first = codec.greeting()
    codec.receive_data(way.frames[0], NOW)
    assert codec.greeting() == first
    assert bool(first) == (way.name == "osborne_hoffman")
