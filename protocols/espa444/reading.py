"""Bytes of an ESPA line → what was said: polls and selects, ACK, NAK with its code, EOT, blocks.

One rule: the outcome depends on the bytes alone; a block that does not check is a token too, because it has to be
answered. What may be said when belongs to `link`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from protocols.espa444.block import (
    ACK,
    BLOCK_BYTES_MAX,
    ENQ,
    EOT,
    ETX,
    NAK,
    SOH,
    Block,
    BlockError,
    check_of,
    decode_block,
)

ADDRESS_CHARS_MAX: Final = 8  # one digit by the standard; "alpha strings could be accepted" (gscott 3.1)


class What(StrEnum):
    ENQUIRY = "enquiry"  # `text` is the address: a poll behind EOT, a select otherwise
    ACK = "ack"
    NAK = "nak"  # `text` is the code in front of it, often none
    EOT = "eot"
    BLOCK = "block"
    BAD_BLOCK = "bad_block"  # `text` says what is wrong
    NOISE = "noise"


class Token(Struct, frozen=True, kw_only=True):
    what: What
    text: str = ""
    block: Block | None = None
    raw: bytes = b""
    reason: str = ""  # of a BAD_BLOCK: "crc", "syntax", "length", "oversize"


class EspaReader:
    """One line's buffer. `is_nordic`: [ \\ ] { | } are letters of Finland and Sweden."""

    __slots__ = ("_block", "_is_nordic", "_spoken")

    def __init__(self, *, is_nordic: bool = False) -> None:
        self._is_nordic = is_nordic
        self._spoken = bytearray()  # printable characters since the last control character
        self._block: bytearray | None = None  # from SOH on, while a block is open

    def receive(self, data: bytes) -> list[Token]:
        tokens: list[Token] = []
        for code in data:
            if self._block is not None:
                self._in_block(code, tokens)
            else:
                self._outside(code, tokens)
        return tokens

    def finish(self) -> list[Token]:
        """The line was closed: what was begun is reported."""
        tokens: list[Token] = []
        if self._block is not None:
            tokens.append(_bad("length", "the line was closed inside a block", self._block))
            self._block = None
        self._flush(tokens)
        return tokens

    def _outside(self, code: int, tokens: list[Token]) -> None:
        # Outside a block only seven bits count: with 8N1 on our side a parity bit may stand above them.
        code &= 0x7F
        if code == SOH:
            self._flush(tokens)
            self._block = bytearray((SOH,))
        elif code in (ENQ, NAK):
            said, self._spoken = self._spoken.decode("ascii"), bytearray()
            what = What.ENQUIRY if code == ENQ else What.NAK
            if code == ENQ and not said:
                tokens.append(Token(what=What.NOISE, raw=bytes((code,))))
            else:
                tokens.append(Token(what=what, text=said, raw=said.encode("ascii") + bytes((code,))))
        elif code in (ACK, EOT):
            self._flush(tokens)
            tokens.append(Token(what=What.ACK if code == ACK else What.EOT, raw=bytes((code,))))
        elif 0x20 < code < 0x7F:
            self._spoken.append(code)
            if len(self._spoken) > ADDRESS_CHARS_MAX:
                self._flush(tokens)
        elif code not in (0x00, 0x0A, 0x0D, 0x20, 0x7F):
            self._flush(tokens)
            tokens.append(Token(what=What.NOISE, raw=bytes((code,))))

    def _in_block(self, code: int, tokens: list[Token]) -> None:
        block = self._block
        assert block is not None
        if block[-1] == ETX:  # whatever this is, it is the BCC
            block.append(code)
            tokens.append(self._judge(bytes(block)))
            self._block = None
        elif code in (SOH, EOT):
            tokens.append(_bad("length", "cut short", block))
            self._block = bytearray((SOH,)) if code == SOH else None
            if code == EOT:
                tokens.append(Token(what=What.EOT, raw=bytes((EOT,))))
        else:
            block.append(code)
            if len(block) >= BLOCK_BYTES_MAX:
                tokens.append(_bad("oversize", f"no end within {BLOCK_BYTES_MAX} bytes", block))
                self._block = None

    def _judge(self, raw: bytes) -> Token:
        stated, computed = raw[-1] & 0x7F, check_of(raw[1:-1])
        if stated != computed:
            return _bad("crc", f"the block says BCC {stated:02X}, its bytes give {computed:02X}", raw)
        try:
            block = decode_block(raw[1:-2], is_nordic=self._is_nordic)
        except BlockError as error:
            return _bad("syntax", str(error), raw)
        return Token(what=What.BLOCK, block=block, raw=raw)

    def _flush(self, tokens: list[Token]) -> None:
        """Characters that no ENQ or NAK followed."""
        if self._spoken:
            tokens.append(Token(what=What.NOISE, raw=bytes(self._spoken)))
            self._spoken = bytearray()


def _bad(reason: str, text: str, raw: bytes | bytearray) -> Token:
    return Token(what=What.BAD_BLOCK, text=text, raw=bytes(raw), reason=reason)
