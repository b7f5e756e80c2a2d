"""Framing: what ends a frame, what a broken one costs, and that the network's cuts change nothing."""

from __future__ import annotations

import re

import pytest
from fastcrc.crc16 import arc as crc16
from hypothesis import given
from hypothesis import strategies as st

from protocols.codec import Malformed
from protocols.dc09.frame import (
    BODY_BYTES_MAX,
    BUFFER_BYTES_MAX,
    FRAME_BYTES_MAX,
    NOISE_KEPT_BYTES_MAX,
    NOISE_RUN_BYTES_MAX,
    Frame,
    FrameReader,
    encode_frame,
)

BODY = b'"SIA-DCS"0001L0#1234[#1234|Nri1/BA001]'
GOOD = encode_frame(BODY)
NULL = encode_frame(b'"NULL"0002L0#1234[]')
BINARY = encode_frame(BODY, is_binary_crc=True)


def read(*chunks: bytes, reader: FrameReader | None = None) -> list[Frame | Malformed]:
    chosen = reader or FrameReader()
    return [item for chunk in chunks for item in chosen.receive(chunk)]


def bodies(items: list[Frame | Malformed]) -> list[bytes | str]:
    """Good frames by body, bad ones by reason."""
    return [item.body if isinstance(item, Frame) else item.reason for item in items]


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def bodies_either_way(data: bytes) -> list[bytes | str]:
    """As `bodies`, asserting that whole and byte by byte are the same to the byte."""
    whole = read(data)
    assert read(*bytewise(data)) == whole
    return bodies(whole)


def wrong_crc(frame: bytes) -> bytes:
    return frame[:1] + bytes([frame[1] ^ 1]) + frame[2:]


def test_crc_is_arc() -> None:
    assert crc16(b"123456789") == 0xBB3D


def test_encode_frame_golden() -> None:
    assert encode_frame(b'"SIA-DCS"0001L0#1234[#1234|Nri1/BA12]') == (
        b'\n68AF0025"SIA-DCS"0001L0#1234[#1234|Nri1/BA12]\r'
    )
    assert b"\n" + crc16(BODY).to_bytes(2, "big") + b"0026" + BODY + b"\r" == BINARY


def test_encode_frame_refuses_what_has_no_length() -> None:
    assert len(encode_frame(bytes(BODY_BYTES_MAX))) == FRAME_BYTES_MAX
    with pytest.raises(ValueError, match="at most 4095 bytes"):
        encode_frame(bytes(BODY_BYTES_MAX + 1))


def test_lower_case_header_is_read() -> None:
    lower = GOOD[:9].lower() + GOOD[9:]
    assert bodies_either_way(lower) == [BODY]


def test_the_longest_frame_is_read() -> None:
    body = b'"NULL"0001L0#1['.ljust(BODY_BYTES_MAX - 1, b"x") + b"]"
    assert bodies(read(*bytewise(encode_frame(body)))) == [body]


def bodies_with_crc(*wanted: bytes) -> dict[bytes, bytes]:
    """For each CRC a body that has it."""
    found: dict[bytes, bytes] = {}
    number = 0
    while len(found) < len(wanted):
        body = b'"NULL"%04dL%X#1[]' % (number % 10_000, number // 10_000)
        crc = crc16(body).to_bytes(2, "big")
        if crc in wanted:
            found.setdefault(crc, body)
        number += 1
    return found


LOOKALIKES = bodies_with_crc(b"\n\n", b"\r\r", b'""', b"\r\n", b"\n\r", b"[K")


@pytest.mark.parametrize("crc", LOOKALIKES)
@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n", b"\n\r\n\n", GOOD])
def test_binary_crc_may_look_like_a_delimiter(crc: bytes, before: bytes) -> None:
    body = LOOKALIKES[crc]
    frame = encode_frame(body, is_binary_crc=True)
    expected = ([BODY] if before == GOOD else []) + [body, body]
    assert bodies_either_way(before + frame + frame) == expected
    # And behind a frame that was cut short: its first bytes must not be taken for the end of that one.
    assert bodies_either_way(GOOD[:-1] + frame) == ["length", body]
    assert bodies_either_way(GOOD[:-4] + frame) == ["length", body]


def test_cr_and_lf_inside_the_text_do_not_end_a_frame() -> None:
    body = b'"ADM-CID"0001L0#1[#1|1130 01 015][J{\r\n"a":\n1}\r][Iend]'
    assert bodies_either_way(encode_frame(body)) == [body]


def test_a_frame_inside_a_text_is_never_hidden() -> None:
    outer = encode_frame(b'"SIA-PUL"0001L0#1[' + NULL + b"]")
    assert bodies_either_way(outer + GOOD) == ["length", NULL[9:-1], "noise", BODY]


@pytest.mark.parametrize("idle", [b"\x00", b"\r", b"\n", b"\r\n", b"\x00" * 5000, b"\n" * 12, b"\r\x00\n\n\r\n"])
def test_idle_characters_are_silent(idle: bytes) -> None:
    reader = FrameReader()
    assert bodies(read(idle + GOOD + idle + NULL + idle, reader=reader)) == [BODY, NULL[9:-1]]
    assert reader.finish() == []


@pytest.mark.parametrize("good", [GOOD, BINARY])
@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (wrong_crc(GOOD), "crc"),
        (GOOD[:5] + b"0FFF" + GOOD[9:], "length"),  # far too long: must not wait
        (GOOD[:5] + b"0027" + GOOD[9:], "length"),
        (GOOD[:5] + b"0025" + GOOD[9:], "length"),
        (GOOD[:5] + b"0001" + GOOD[9:], "length"),
        (GOOD[:5] + b"0000" + GOOD[9:], "length"),
        (GOOD[:-1], "length"),  # without CR
        (GOOD[:-10], "length"),  # cut short in the text
        (GOOD[:10], "length"),  # cut short behind the quote
        (GOOD[:20] + b"\r", "length"),
        (b'\n12340020"', "length"),
        (b'\nxy0003"\r\r\r', "length"),
        (GOOD[:5] + b"0001" + GOOD[9:-1], "length"),  # too short and without CR
        (b'\n12340006"a\rbc"\r', "length"),
        (b'\n00000006"a\rbc"\r', "length"),
    ],
)
def test_a_bad_frame_costs_no_good_one(bad: bytes, reason: str, good: bytes) -> None:
    found = bodies_either_way(NULL + bad + good + NULL)
    assert found[0] == NULL[9:-1]
    assert found[1] == reason
    assert found[-2:] == [BODY, NULL[9:-1]]
    assert set(found[2:-2]) <= {"noise"}


def test_a_wrong_length_is_told_at_once() -> None:
    (item,) = read(GOOD[:5] + b"0FFF" + GOOD[9:])
    assert isinstance(item, Malformed)
    assert item.detail == "the frame says 4095 bytes, CR came after 38"


def test_a_crc_error_names_both_values() -> None:
    (item,) = read(b"\n0000" + GOOD[5:])
    assert isinstance(item, Malformed)
    assert item.detail == f"the frame says CRC 0000, its bytes give {crc16(BODY):04X}"
    assert item.raw == b"\n0000" + GOOD[5:]


def test_a_frame_without_end_is_oversize() -> None:
    endless = GOOD[:5] + b"0001" + b'"' + b"x" * 6000
    items = read(*bytewise(endless + GOOD))
    assert items == read(endless + GOOD)
    assert bodies(items) == ["oversize", "noise", BODY]
    assert isinstance(items[0], Malformed)
    assert len(items[0].raw) == FRAME_BYTES_MAX


def test_decimal_length_is_read_when_the_crc_fits() -> None:
    frame = GOOD[:5] + b"0038" + GOOD[9:]
    (item,) = read(frame)
    assert isinstance(item, Frame)
    assert (item.body, item.remarks) == (BODY, ("decimal_length",))
    assert bodies_either_way(wrong_crc(frame) + frame) == ["length", BODY]


def test_binary_crc_is_remarked() -> None:
    (item,) = read(BINARY)
    assert isinstance(item, Frame)
    assert (item.is_binary_crc, item.remarks, item.raw) == (True, ("binary_crc",), BINARY)
    crlf = encode_frame(b'"ADM-CID"0001L0#1[a\r\nb]', is_binary_crc=True)
    (item,) = read(crlf)
    assert isinstance(item, Frame)
    assert item.remarks == ("binary_crc",)


@pytest.mark.parametrize("binary", [False, True])
def test_ignore_crc_is_asked_by_account(binary: bool) -> None:
    asked: list[str] = []

    def ignores(account: str) -> bool:
        asked.append(account)
        return account == "1234"

    other = encode_frame(b'"NULL"0001L0#9[]', is_binary_crc=binary)
    mine = BINARY if binary else GOOD
    items = read(wrong_crc(mine) + wrong_crc(other), reader=FrameReader(ignores))
    assert bodies(items) == [BODY, "crc"]
    assert asked == ["1234", "9"]
    assert isinstance(items[0], Frame)
    assert items[0].remarks == (("binary_crc",) if binary else ()) + ("crc_ignored",)


def test_ignore_crc_does_not_take_half_a_frame() -> None:
    half = b'\n12340015"NULL"0001L0#1234[abc\r'
    assert bodies(read(half, reader=FrameReader(lambda account: True))) == ["crc"]


def test_noise_is_one_item_per_run() -> None:
    reader = FrameReader()
    items = read(b"abc", b"def\r\n", GOOD, b"\x00ghi", reader=reader)
    assert bodies(items) == ["noise", BODY]
    assert isinstance(items[0], Malformed)
    assert (items[0].raw, items[0].detail) == (b"abcdef\r\n", "8 bytes that start no frame")
    (left,) = reader.finish()
    assert isinstance(left, Malformed)
    assert left.raw == b"ghi"
    assert reader.finish() == []


def test_long_noise_shows_while_it_lasts() -> None:
    run = b"z" * (2 * NOISE_RUN_BYTES_MAX + 5)
    reader = FrameReader()
    items = reader.receive(run)
    assert bodies(items) == ["noise", "noise"]
    assert all(isinstance(item, Malformed) and len(item.raw) == NOISE_KEPT_BYTES_MAX for item in items)
    assert [item.detail for item in reader.finish() if isinstance(item, Malformed)] == ["5 bytes that start no frame"]


@pytest.mark.parametrize("left", [GOOD[:-1], GOOD[:12], b'\n12340FFF"\r', GOOD[:5] + b"0001" + GOOD[9:20]])
def test_the_end_of_the_stream_inside_a_frame(left: bytes) -> None:
    reader = FrameReader()
    assert reader.receive(left) == []
    (item,) = reader.finish()
    assert isinstance(item, Malformed)
    assert (item.reason, item.raw) == ("length", left)
    assert bodies(reader.receive(GOOD)) == [BODY]


def test_a_start_behind_two_line_feeds_is_seen_however_the_bytes_come() -> None:
    """The second LF, CR and what follows are a start with a binary CRC; the first LF alone would not be."""
    half = b'\n12340003"SIA\n'
    stream = half + b'\n\r30003"ABC'
    for size in (1, 2, 3, 7, len(stream)):
        items = read(*(stream[at : at + size] for at in range(0, len(stream), size)))
        assert [(item.reason, item.raw) for item in items if isinstance(item, Malformed)] == [("length", half)], size


def test_the_end_of_the_stream_before_a_start_is_seen() -> None:
    reader = FrameReader()
    assert reader.receive(b"\n123") == []
    assert bodies(reader.finish()) == ["noise"]


def test_ten_megabytes_of_garbage_leave_nothing_behind() -> None:
    shapes = [b"\n" * 65_536, b"x" * 65_536, b'\n00000FFF"' * 6_554, b"\n\r" * 32_768, GOOD[:20] * 3_277]
    reader, kept = FrameReader(), 0
    for number in range(160):
        items = reader.receive(shapes[number % len(shapes)])
        kept = max(kept, len(reader._buffer) + len(reader._noise))
        del items
    assert kept <= BUFFER_BYTES_MAX + NOISE_KEPT_BYTES_MAX
    reader.finish()
    assert bodies(reader.receive(GOOD)) == [BODY]


def test_keys_are_blanked_in_what_is_malformed() -> None:
    key = b"00112233445566778899AABBCCDDEEFF"
    body = b'"NULL"0001L0#1[][K' + key + b"][k" + key + b"]"
    frame = encode_frame(body)
    for bad in (wrong_crc(frame), b"?" + frame[1:], frame[:5] + b"0FFF" + frame[9:]):
        reader = FrameReader()
        items = reader.receive(bad) + reader.finish()
        assert len(items) == 1
        assert isinstance(items[0], Malformed)
        assert key not in items[0].raw
        assert len(items[0].raw) == len(bad)
        assert key.decode() not in repr(items)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [GOOD, NULL, BINARY, b"\r\n", b"\x00", wrong_crc(GOOD), GOOD[:15], b'\n12340FFF"', b"\n", b"\r"]
        ),
        st.binary(max_size=12),
        st.text('"\n\r0Aa[]#', max_size=14).map(str.encode),
    ),
    max_size=8,
)


@given(PIECES, st.data())
def test_any_split_gives_the_same_items(pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    readers = [FrameReader(), FrameReader(), FrameReader()]
    fed = [
        read(stream, reader=readers[0]),
        read(*chunks, reader=readers[1]),
        read(*bytewise(stream), reader=readers[2]),
    ]
    ends = [reader.finish() for reader in readers]
    assert fed[0] + ends[0] == fed[1] + ends[1] == fed[2] + ends[2]


@given(st.lists(st.one_of(st.just(None), st.binary(max_size=40), st.just(GOOD[:25]), st.just(wrong_crc(NULL)))))
def test_garbage_between_frames_loses_no_good_frame(garbage: list[bytes | None]) -> None:
    stream, good = b"", 0
    for number, piece in enumerate(garbage):
        good += 1
        stream += (piece or b"") + encode_frame(b'"NULL"%04dL0#1[]' % number)
    found = [item.body for item in read(stream) if isinstance(item, Frame)]
    assert [int(body[6:10]) for body in found] == list(range(good))
    assert all(re.fullmatch(rb'"NULL"\d{4}L0#1\[\]', body) for body in found)
