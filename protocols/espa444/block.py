"""The data block of ESPA 4.4.4: SOH header STX type US data RS type US data … ETX BCC.

One rule: a block is taken apart whole or not at all, and a record that nobody knows is kept. Who may send one belongs
to `link`. BCC is the XOR of everything behind SOH up to and including ETX, in seven bits; it may look like any control
character (gscott datablock). The standard puts no RS before ETX; some send it.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from functools import reduce
from operator import xor
from typing import Final

from msgspec import Struct

from protocols.codec import Kind, Origin, Received, Speaker
from protocols.receiver_lines.line_codec import fingerprint
from protocols.signals import Category, Qualifier, Scheme, Signal

PROTOCOL: Final = "espa444"

SOH, STX, ETX, EOT, ENQ, ACK, NAK, RS, US = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x15, 0x1E, 0x1F

BLOCK_BYTES_MAX: Final = 512  # text of 128 characters at most on known pagers (zenitel); four times that with the rest
RECORDS_MAX: Final = 32  # eight types are defined

# ISO 646 of Finland and Sweden (SFS 4017, SEN 85 02 00): seven bits with the letters of both languages.
_NORDIC, _LETTERS = "[\\]{|}^~", "ÄÖÅäöåÜü"
FROM_NORDIC: Final = str.maketrans(_NORDIC, _LETTERS)
TO_NORDIC: Final = str.maketrans(_LETTERS, _NORDIC)


class Header(StrEnum):
    CALL_TO_PAGER = "1"
    STATUS_INFORMATION = "2"
    STATUS_REQUEST = "3"
    CALL_SUBSCRIBER_LINE = "4"
    OTHER = "5"


class RecordType(StrEnum):
    CALL_ADDRESS = "1"
    DISPLAY = "2"
    BEEP = "3"
    CALL_TYPE = "4"
    TRANSMISSIONS = "5"
    PRIORITY = "6"
    CALL_STATUS = "7"
    SYSTEM_STATUS = "8"


class CallType(StrEnum):
    RESET = "1"
    SPEECH = "2"
    STANDARD = "3"


class Priority(StrEnum):
    ALARM = "1"
    HIGH = "2"
    NORMAL = "3"


class Block(Struct, frozen=True):
    """`records` in the order they were sent."""

    header: str
    records: tuple[tuple[str, str], ...]

    def value(self, record: RecordType) -> str:
        """The first record of this type, "" for none."""
        return next((data for kind, data in self.records if kind == record), "")


class BlockError(ValueError):
    """What stands between SOH and ETX is no block; the text says where."""


def check_of(covered: bytes) -> int:
    """BCC over everything behind SOH up to and including ETX."""
    return reduce(xor, covered, 0) & 0x7F


def encode_block(block: Block, *, is_nordic: bool = False) -> bytes:
    """ValueError names the record that has no place in a block."""
    if len(block.header) != 1 or not "0" <= block.header <= "9":
        raise ValueError(f"header {block.header!r}: one digit")
    if not 0 < len(block.records) <= RECORDS_MAX:
        raise ValueError(f"a block has 1 to {RECORDS_MAX} records")
    parts = []
    for kind, data in block.records:
        if len(kind) != 1 or not "0" <= kind <= "9":
            raise ValueError(f"record type {kind!r}: one digit")
        parts.append(kind.encode("ascii") + bytes((US,)) + encode_text(data, is_nordic=is_nordic))
    covered = block.header.encode("ascii") + bytes((STX,)) + bytes((RS,)).join(parts) + bytes((ETX,))
    if len(covered) + 2 > BLOCK_BYTES_MAX:
        raise ValueError(f"a block holds {BLOCK_BYTES_MAX} bytes, this one has {len(covered) + 2}: shorten the text")
    return bytes((SOH,)) + covered + bytes((check_of(covered),))


def decode_block(inside: bytes, *, is_nordic: bool = False) -> Block:
    """What stands between SOH and ETX. BlockError says what is wrong with it."""
    header, stx, body = inside.partition(bytes((STX,)))
    if not stx or len(header) != 1 or not header.isdigit():
        raise BlockError(f"the header before STX must be one digit, it is {header[:16]!r}")
    parts = body.removesuffix(bytes((RS,))).split(bytes((RS,)))
    if len(parts) > RECORDS_MAX:
        raise BlockError(f"{len(parts)} records, at most {RECORDS_MAX}")
    records = []
    for number, part in enumerate(parts, start=1):
        # digimat-espa and one product print a space in front of the first type (zenitel's dump shows it).
        kind, us, data = part.lstrip(b" ").partition(bytes((US,)))
        if not us or len(kind) != 1 or not kind.isdigit():
            raise BlockError(f"record {number} has no type of one digit before US: {part[:16]!r}")
        records.append((kind.decode("ascii"), decode_text(data, is_nordic=is_nordic)))
    return Block(header.decode("ascii"), tuple(records))


def decode_text(data: bytes, *, is_nordic: bool) -> str:
    """Seven bits; what comes with eight is taken as Latin-1, which some products send over 8N1."""
    text = data.decode("latin-1")
    return text.translate(FROM_NORDIC) if is_nordic and text.isascii() else text


def encode_text(text: str, *, is_nordic: bool) -> bytes:
    """Printable seven-bit characters. A letter that has none loses its accent; anything else becomes a question mark,
    so that a page goes out whatever it says."""
    if is_nordic:
        text = text.translate(TO_NORDIC)
    plain = "".join(
        char if char.isascii() else unicodedata.normalize("NFKD", char)[0] for char in text.replace("\n", " ")
    )
    return bytes(code if 0x20 <= code < 0x7F else ord("?") for code in map(ord, plain))


def call_to_pager(
    address: str,
    text: str,
    *,
    beep: str = "",
    call_type: str = CallType.STANDARD,
    transmissions: str = "",
    priority: str = Priority.NORMAL,
) -> Block:
    """The usual page: whom, what, how loud, how urgent. Empty fields are left out."""
    records = (
        (RecordType.CALL_ADDRESS.value, address),
        (RecordType.DISPLAY.value, text),
        (RecordType.BEEP.value, beep),
        (RecordType.CALL_TYPE.value, str(call_type)),
        (RecordType.TRANSMISSIONS.value, transmissions),
        (RecordType.PRIORITY.value, str(priority)),
    )
    return Block(Header.CALL_TO_PAGER.value, tuple(record for record in records if record[1]))


def received_call(block: Block, raw: bytes) -> Received:
    """A call that was sent to us, as any other frame: the call address is the account, the text stays a text."""
    address = block.value(RecordType.CALL_ADDRESS)
    others = tuple((f"record {kind}", data) for kind, data in block.records if kind not in ("1", "2"))
    signal = Signal(
        scheme=Scheme.OPAQUE,
        code=f"ESPA-{block.header}",
        category=Category.UNKNOWN,
        # Call type 1 takes the call back (gscott datablock: "reset (cancel) call").
        qualifier=Qualifier.RESTORE if block.value(RecordType.CALL_TYPE) == CallType.RESET else Qualifier.NEW,
        family=f"ESPA-{block.header}",
        text=block.value(RecordType.DISPLAY) or None,
        extra=others,
    )
    return Received(
        protocol=PROTOCOL,
        kind=Kind.SIGNALS,
        token=block.header,
        origin=Origin(account=address),
        session_account=address,
        speaker=Speaker.RELAY,
        signals=(signal,),
        raw=raw,
        fingerprint=fingerprint(raw),
    )
