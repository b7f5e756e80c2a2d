"""Replies byte by byte. The frames they answer are real ones."""

from __future__ import annotations

import pytest

from protocols.codec import ReplyKind, WireProfile
from protocols.dc09 import Dialler
from protocols.dc09.frame import encode_frame
from protocols.dc09.replies import KeySlot, ReplyContext, encode_reply
from protocols.dc09.timestamp import parse_timestamp
from tests.protocols.dc09.panel import KEY, NOW, OTHER_KEY, pad, received_from, receiver


@pytest.mark.parametrize(
    ("body", "ack", "duh"),
    [
        (  # home-assistant/core #180511 and its answer 59890012
            b'"NULL"0000L0#1409[]_21:00:06,08-27-2026',
            b'\n59890012"ACK"0000L0#1409[]\r',
            b'"DUH"0000L0#1409[]',
        ),
        (b'"NULL"0045Rc0ffdL1234#080027E62A64[]', None, b'"DUH"0045Rc0ffdL1234#080027E62A64[]'),
        (b'"SIA-DCS"0000R0L0#000110[#7|Nri1/BA1]', None, b'"DUH"0000R0L0#000110[]'),
        (b'"SIA-DCS"0001L#7303658550[#7303658550|NBA4]', None, b'"DUH"0001L#7303658550[]'),
        (b'"NULL"0002#0123[]', None, b'"DUH"0002#0123[]'),
    ],
)
def test_the_echo_is_as_sent(body: bytes, ack: bytes | None, duh: bytes) -> None:
    for binary in (False, True):
        item = received_from(encode_frame(body, is_binary_crc=binary))
        codec = receiver()
        assert codec.encode_reply(item, ReplyKind.DUH, NOW) == encode_frame(duh, is_binary_crc=binary)
        expected = encode_frame(duh.replace(b"DUH", b"ACK"), is_binary_crc=binary)
        assert codec.encode_reply(item, ReplyKind.ACK, NOW) == expected
        assert binary or ack in (None, expected)


def test_the_duh_of_a_published_pair() -> None:
    """Swissdotnet fixture 1f200023."""
    context = ReplyContext(is_binary_crc=False, slot=KeySlot.NONE, echo=b"0045Rc0ffdL1234#080027E62A64")
    expected = b'\n1F200023"DUH"0045Rc0ffdL1234#080027E62A64[]\r'
    assert encode_reply(ReplyKind.DUH, context, None, NOW, pad) == expected


@pytest.mark.parametrize("slot", KeySlot)
def test_nak_is_always_the_same(slot: KeySlot) -> None:
    """DC-09-2013 5.5.3.2; Swissdotnet fixture 3C830025."""
    at = parse_timestamp(b"16:09:09,04-14-2015")
    assert at is not None
    context = ReplyContext(is_binary_crc=False, slot=slot, echo=b"0001R1L1#1")
    expected = b'\n3C830025"NAK"0000R0L0A0[]_16:09:09,04-14-2015\r'
    assert encode_reply(ReplyKind.NAK, context, KEY, at, pad) == expected


@pytest.mark.parametrize("binary", [False, True])
def test_an_encrypted_frame_gets_an_encrypted_ack(binary: bool) -> None:
    for profile in (WireProfile(key=KEY), WireProfile(key=OTHER_KEY, previous_key=KEY)):
        panel = Dialler("00AB", receiver="0F", line="07", key=KEY, is_binary_crc=binary)
        item = received_from(panel.null(sequence=7, now=NOW, pad=pad), profile)
        assert item.problem is None
        ack = receiver(profile).encode_reply(item, ReplyKind.ACK, NOW)
        assert b'"*ACK"0007R0FL07#00AB[' in ack
        reply = panel.read_reply(ack, NOW)
        assert reply is not None
        assert (reply.kind, reply.sequence, reply.is_encrypted) == (ReplyKind.ACK, "0007", True)
        assert reply.clock_offset_s == 0
        duh = receiver(profile).encode_reply(item, ReplyKind.DUH, NOW)
        assert duh == encode_frame(b'"DUH"0007R0FL07#00AB[]', is_binary_crc=binary)


def test_no_key_no_ack() -> None:
    item = received_from(Dialler("1", key=KEY).null(sequence=7, now=NOW, pad=pad), WireProfile(key=KEY))
    assert receiver().encode_reply(item, ReplyKind.ACK, NOW) == b""


def test_silence() -> None:
    item = received_from(Dialler("1").null(sequence=7))
    assert receiver().encode_reply(item, ReplyKind.NONE, NOW) == b""


@pytest.mark.parametrize("slot", KeySlot)
@pytest.mark.parametrize("binary", [False, True])
def test_context_round_trip(slot: KeySlot, binary: bool) -> None:
    context = ReplyContext(is_binary_crc=binary, slot=slot, echo=b"0001L0#1")
    assert ReplyContext.unpack(context.pack()) == context


def test_a_context_of_somebody_else_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError):
        ReplyContext.unpack(b"")
