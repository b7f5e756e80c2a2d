from __future__ import annotations

import pytest

from protocols.codec import Malformed
from protocols.receiver_lines.cutting import (
    LINE_BYTES_MAX,
    NOISE_KEPT_BYTES_MAX,
    NOISE_RUN_BYTES_MAX,
    Line,
    LineCutter,
)
from tests.wire import bytewise


def opened() -> LineCutter:
    return LineCutter("test", opening=b"\n", closing=b"\r")


def unopened() -> LineCutter:
    return LineCutter("test", closing=b"\x14")


def told(cutter: LineCutter, *reads: bytes) -> list[tuple[str, bytes]]:
    found = [item for read in reads for item in cutter.receive(read)] + list(cutter.finish())
    return [(item.reason, item.raw) if isinstance(item, Malformed) else ("line", item.raw) for item in found]


LONG = b"\n" + b"x" * 2000
STREAMS = [
    (opened, b"\nab\r\ncd\r", [("line", b"\nab\r"), ("line", b"\ncd\r")]),
    (opened, b"??\nab\r!!", [("noise", b"??"), ("line", b"\nab\r"), ("noise", b"!!")]),
    (opened, b"\na\nb\r", [("length", b"\na"), ("line", b"\nb\r")]),
    (opened, b"\x00\x00\nab\r\x00\r", [("line", b"\nab\r")]),
    (opened, b"\nab", [("length", b"\nab")]),
    (opened, b"\n\n\r\n\nab\r\n", [("line", b"\nab\r")]),
    (opened, LONG + b"\na\r", [("oversize", LONG[:1024]), ("noise", b"x" * 256), ("line", b"\na\r")]),
    (unopened, b"ab\x14\r\ncd\x14\r\n", [("line", b"ab\x14"), ("line", b"cd\x14")]),
    (unopened, b"x" * 2000 + b"\x14ab\x14", [("oversize", b"x" * 1024), ("noise", b"x" * 256), ("line", b"ab\x14")]),
    (unopened, b"ab", [("length", b"ab")]),
    (unopened, b"\x14ab\x14", [("line", b"ab\x14")]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "stream", "expected"), STREAMS)
def test_the_outcome_is_the_same_however_it_is_read(make, stream: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert told(make(), stream) == expected
    assert told(make(), *bytewise(stream)) == expected
    for at in range(1, min(len(stream), 64)):
        assert told(make(), stream[:at], stream[at:]) == expected


def test_the_body_is_what_stands_between() -> None:
    assert opened().receive(b"\nab\r") == [Line(b"ab", b"\nab\r")]
    assert unopened().receive(b"ab\x14") == [Line(b"ab", b"ab\x14")]


@pytest.mark.parametrize("make", [opened, unopened])
def test_the_longest_line_is_read_and_one_byte_more_is_not(make) -> None:
    first = b"\n" if make is opened else b"x"
    last = b"\r" if make is opened else b"\x14"
    longest = first + b"x" * (LINE_BYTES_MAX - 2) + last
    assert told(make(), longest) == [("line", longest)]
    longer = first + b"x" * (LINE_BYTES_MAX - 1) + last
    assert told(make(), longer)[0] == ("oversize", longer[:LINE_BYTES_MAX])


def test_endless_noise_shows_while_it_lasts() -> None:
    cutter = opened()
    found = cutter.receive(b"?" * (NOISE_RUN_BYTES_MAX + 1))
    assert [item.reason for item in found if isinstance(item, Malformed)] == ["noise"]
    assert len(found[0].raw) == NOISE_KEPT_BYTES_MAX
    assert [item.detail for item in cutter.finish()] == ["1 bytes that open no line"]
