"""Feeds a codec in every way a network may: whole, byte by byte, coalesced, between noise, split anywhere.

One rule: it knows no format. A test gives a way to make a codec, a frame and the items the frame must give; whatever
way it is fed, the items must be the same. A codec that passes here owns its buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from protocols.codec import Codec, Malformed, WireItem

MakeCodec = Callable[[], Codec]

# Line idle characters that appear between frames in captures and are no news.
IDLE = b"\x00\r\n"


def items_of(codec: Codec, chunks: Sequence[bytes], now: int) -> list[WireItem]:
    """Everything the codec finds in these reads, without the end of the stream."""
    return [item for chunk in chunks for item in codec.receive_data(chunk, now)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def splits(data: bytes) -> Iterator[list[bytes]]:
    """Every cut into two reads."""
    return ([data[:at], data[at:]] for at in range(1, len(data)))


def without_noise(items: Sequence[WireItem]) -> list[WireItem]:
    return [item for item in items if not (isinstance(item, Malformed) and item.reason == "noise")]


def check_every_feeding(
    make_codec: MakeCodec,
    frame: bytes,
    expected: Sequence[WireItem],
    now: int,
    *,
    idle: bytes = IDLE,
    noise: bytes | None = b"?noise?",
) -> None:
    """Assert that `frame` gives exactly `expected` in every feeding, and nothing more at the end of the stream.

    `noise`: bytes that the format can tell from a frame in front of it; None where it cannot.
    """
    once, twice = list(expected), [*expected, *expected]

    def gives(chunks: Sequence[bytes], wanted: list[WireItem], how: str) -> None:
        codec = make_codec()
        found = items_of(codec, chunks, now)
        assert found == wanted, how
        assert codec.receive_eof() == [], f"{how}: left over at the end"

    gives([frame], once, "whole")
    gives(bytewise(frame), once, "byte by byte")
    gives([frame + frame], twice, "two in one read")
    gives(bytewise(frame + frame), twice, "two, byte by byte")
    gives([idle + frame + idle], once, "idle characters around it")
    for chunks in splits(frame):
        gives(chunks, once, f"split after {len(chunks[0])}")
    for chunks in splits(frame + frame):
        gives(chunks, twice, f"two, split after {len(chunks[0])}")
    if noise is not None:
        _check_between_noise(make_codec, frame, once, now, noise)


def _check_between_noise(make_codec: MakeCodec, frame: bytes, once: list[WireItem], now: int, noise: bytes) -> None:
    """Noise is reported, before and after, and costs no frame."""
    for chunks in ([noise + frame + noise], bytewise(noise + frame + noise)):
        codec = make_codec()
        found = items_of(codec, chunks, now) + codec.receive_eof()
        assert without_noise(found) == once, "between noise"
        assert len(found) == len(once) + 2, "each run of noise is one item"
