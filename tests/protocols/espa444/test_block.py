from __future__ import annotations

import pytest

from protocols.codec import Kind, Speaker
from protocols.espa444 import Block, EspaReader, Priority, Token, What, call_to_pager, encode_block, received_call
from protocols.espa444.block import BLOCK_BYTES_MAX, RECORDS_MAX, check_of
from protocols.espa444.reading import ADDRESS_CHARS_MAX
from protocols.signals import Qualifier
from tests.wire import bytewise

# zenitel wiki's example without the spurious space of its dump; BCC over header..ETX.
EXAMPLE = bytes.fromhex("013102311f3535301e321f43414c4c204d45203130311e331f331e341f331e351f331e361f330323")
EXAMPLE_BLOCK = Block("1", (("1", "550"), ("2", "CALL ME 101"), ("3", "3"), ("4", "3"), ("5", "3"), ("6", "3")))


def tokens(*reads: bytes, is_nordic: bool = False) -> list[Token]:
    reader = EspaReader(is_nordic=is_nordic)
    return [token for read in reads for token in reader.receive(read)] + reader.finish()


def whats(stream: bytes) -> list[str]:
    once = tokens(stream)
    assert tokens(*bytewise(stream)) == once
    for at in range(1, len(stream)):
        assert tokens(stream[:at], stream[at:]) == once
    return [token.what.value for token in once]


def test_the_published_block_in_both_directions() -> None:
    (token,) = tokens(EXAMPLE)
    assert token.block == EXAMPLE_BLOCK
    assert encode_block(EXAMPLE_BLOCK) == EXAMPLE
    page = call_to_pager("550", "CALL ME 101", beep="3", transmissions="3", priority=Priority.NORMAL)
    assert encode_block(page) == EXAMPLE


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"\x042\x05", ["eot", "enquiry"]),
        (b"\x061\x15\x15", ["ack", "nak", "nak"]),
        (EXAMPLE + EXAMPLE, ["block", "block"]),
        (EXAMPLE[:-1] + b"\x24", ["bad_block"]),
        (b"\x011\x02junk\x03" + bytes((check_of(b"1\x02junk\x03"),)), ["bad_block"]),
        (b"\x01\x02\x03" + bytes((check_of(b"\x02\x03"),)), ["bad_block"]),
        (EXAMPLE[:10] + EXAMPLE, ["bad_block", "block"]),
        (EXAMPLE[:10] + b"\x042\x05", ["bad_block", "eot", "enquiry"]),
        (EXAMPLE[:10], ["bad_block"]),
        (b"hello there, nobody\x04", ["noise", "noise", "eot"]),
        (b"\x05\x11", ["noise", "noise"]),
        (b"\x00\r\n 2\x05", ["enquiry"]),
        (b"\x01" + b"x" * 1000 + b"\x04", ["bad_block", *["noise"] * 55, "eot"]),
    ],
)
def test_what_is_said_is_the_same_however_it_is_read(stream: bytes, expected: list[str]) -> None:
    assert whats(stream) == expected


def test_a_check_may_look_like_any_control_character() -> None:
    for code in (0x01, 0x03, 0x04, 0x05):
        for filler in range(0x20, 0x7F):
            block = encode_block(Block("1", (("2", "A" + chr(filler)),)))
            if block[-1] == code:
                assert whats(block + b"\x04") == ["block", "eot"]
                break
        else:
            pytest.fail(f"no text gives BCC {code:02X}")


def test_a_record_separator_before_the_end_is_accepted() -> None:
    covered = b"1\x021\x1f550\x1e\x03"
    (token,) = tokens(b"\x01" + covered + bytes((check_of(covered),)))
    assert token.block == Block("1", (("1", "550"),))


def test_a_parity_bit_above_the_seventh_does_not_matter_outside_a_block() -> None:
    assert whats(b"\x84\xb2\x05") == ["eot", "enquiry"]


def test_finnish_and_swedish_letters_are_seven_bits() -> None:
    block = call_to_pager("1", "Käpyläntie 3, Åbo, Öster é €")
    raw = encode_block(block, is_nordic=True)
    assert b"K{pyl{ntie 3, ]bo, \\ster e ?" in raw
    (token,) = tokens(raw, is_nordic=True)
    assert token.block is not None
    assert token.block.records[1] == ("2", "Käpyläntie 3, Åbo, Öster e ?")


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (Block("x", (("1", "1"),)), "header"),
        (Block("1", ()), "records"),
        (Block("1", (("1", "1"),) * (RECORDS_MAX + 1)), "records"),
        (Block("1", (("ab", "1"),)), "record type"),
        (Block("1", (("2", "x" * BLOCK_BYTES_MAX),)), "shorten the text"),
    ],
)
def test_what_no_block_can_hold_is_an_error(block: Block, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        encode_block(block)


def test_the_longest_block_is_read() -> None:
    block = Block("1", (("2", "x" * (BLOCK_BYTES_MAX - 7)),))
    assert len(encode_block(block)) == BLOCK_BYTES_MAX
    (token,) = tokens(encode_block(block))
    assert token.block == block


def test_an_address_has_a_limit() -> None:
    (found,) = tokens(b"x" * ADDRESS_CHARS_MAX + b"\x05")
    assert found.what is What.ENQUIRY
    assert whats(b"x" * (ADDRESS_CHARS_MAX + 1) + b"\x05")[-1] == "noise"


def test_a_call_becomes_a_frame_of_its_call_address() -> None:
    received = received_call(EXAMPLE_BLOCK, EXAMPLE)
    assert (received.kind, received.speaker, received.origin.account) == (Kind.SIGNALS, Speaker.RELAY, "550")
    assert received.signals[0].text == "CALL ME 101"
    assert dict(received.signals[0].extra)["record 6"] == "3"
    reset = received_call(Block("1", (("1", "550"), ("4", "1"))), b"")
    assert reset.signals[0].qualifier is Qualifier.RESTORE
