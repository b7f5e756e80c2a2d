"""What must hold for any bytes, one target per codec: only documented outcomes, an end, bounded memory.

One rule: a target knows no library. `python -m tests.fuzz` drives it by coverage (atheris), `test_fuzz.py` by a fixed
number of mutations. It raises AssertionError for a finding and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from fastcrc.crc16 import arc as crc16

from protocols import contact_id, sia
from protocols.codec import Codec, Malformed, Received, ReplyKind, WireItem
from protocols.content import DecodedContent
from protocols.dc09.cipher import encrypt_content
from protocols.dc09.frame import encode_frame
from protocols.espa444 import EspaLink, EspaSettings, Happened, Role, State, call_to_pager
from protocols.receiver_lines import galaxy, osborne_hoffman
from tests.codecs import KEY, NOW, SESSION_KEY, WAYS, Way, pad

Target = Callable[[bytes], None]

CORPUS = Path(__file__).parent / "corpus"
REASONS = frozenset({"crc", "length", "syntax", "oversize", "noise", "direction"})
INPUT_BYTES_MAX = 4096
ITEM_BYTES_MAX = 64 * 1024  # one decoded item as the journal keeps it, for inputs of that size
NS = 1_000_000_000


def codec_target(way: Way) -> Target:
    """The first byte says how the rest is cut into reads; the outcome must not depend on it."""

    def run(data: bytes) -> None:
        size, stream = data[:1], data[1:INPUT_BYTES_MAX]
        whole = _feed(way.make(), [stream])
        step = size[0] % 64 + 1 if size else 1
        parts = [stream[at : at + step] for at in range(0, len(stream), step)]
        assert _feed(way.make(), parts) == whole, "the outcome depends on how the bytes were read"

    return run


def _feed(codec: Codec, reads: list[bytes]) -> list[WireItem]:
    items = [item for read in reads for item in codec.receive_data(read, NOW)]
    items += codec.receive_eof()
    assert codec.receive_eof() == [], "the end of the stream left something behind"
    for item in items:
        _check(codec, item)
    return items


def _check(codec: Codec, item: WireItem) -> None:
    encoded = msgspec.json.encode(item)
    assert len(encoded) <= ITEM_BYTES_MAX, f"an item of {len(encoded)} bytes"
    if isinstance(item, Malformed):
        assert item.reason in REASONS, item.reason
        assert item.detail
        assert msgspec.json.decode(encoded, type=Malformed) == item
        return
    assert item.raw
    assert item.fingerprint
    assert item.signals or item.kind == "link_test" or item.problem is not None
    assert msgspec.json.decode(encoded, type=Received) == item
    for reply in ReplyKind:
        answer = codec.encode_reply(item, reply, NOW)
        assert len(answer) <= 256
        assert reply is not ReplyKind.NONE or not answer


def inside_target(way: Way, wrap: Callable[[bytes], bytes], kept: slice) -> Target:
    """As above, behind a check value or cipher that chance would never get right: the input is what stands inside."""
    run = codec_target(way)
    return lambda data: run(data[:1] + wrap(data[1:INPUT_BYTES_MAX][kept]))


def _sealed_dc09(content: bytes) -> bytes:
    return encode_frame(b'"*SIA-DCS"0001L0#1234[' + encrypt_content(KEY, content, pad))


def _compact_dc07(covered: bytes) -> bytes:
    return b"\n%04X%02X%b\r" % (crc16(covered), len(covered), covered)


def _sealed_oh(clear: bytes) -> bytes:
    return osborne_hoffman.seal(clear + b"\r", SESSION_KEY)


def _galaxy_blocks(said: bytes) -> bytes:
    blocks = [block for block in said.split(b"|") if block]
    return b"".join(galaxy.encode_block(block[:1], block[1 : galaxy.PAYLOAD_BYTES_MAX]) for block in blocks)


_BY_NAME = {way.name: way for way in WAYS}
INSIDES: dict[str, tuple[Target, list[bytes]]] = {
    "dc09_body": (
        inside_target(_BY_NAME["dc09"], encode_frame, slice(4000)),
        [b'\x06"SIA-DCS"0001L0#1234[#1234|Nri1/BA1][Vx][H13:59:58,12-31-2012]_13:59:58,12-31-2012'],
    ),
    "dc09_sealed": (
        inside_target(_BY_NAME["dc09_aes"], _sealed_dc09, slice(1900)),
        [b"\x06|#1234|Nri1/BA1][X093W23.456]_13:59:58,12-31-2012"],
    ),
    "dc07_body": (
        inside_target(_BY_NAME["dc07"], _compact_dc07, slice(255)),
        [b"\x06v00430101[#1234|NBA98]", b"\x06m00300101[#7654| A01]"],
    ),
    "dc07_quoted": (
        inside_target(_BY_NAME["dc07"], encode_frame, slice(900)),
        [b'\x06"SIA-DCS"0104R01L01[#4444|NOP]', b'\x06"ADM-CID"0104R01L01[#4444|1130 01 015]'],
    ),
    "osborne_hoffman_clear": (
        inside_target(_BY_NAME["osborne_hoffman"], _sealed_oh, slice(1000)),
        [b'\x06\n01010053"SIA-DCS"0007R0075L0001[#001465|NRP000]7C9677F21948CC12|#001465'],
    ),
    "galaxy_blocks": (
        inside_target(_BY_NAME["galaxy"], _galaxy_blocks, slice(2000)),
        [b"\x06#012345|Nti11:46/BA1011|A+INBROTT|0|NBA1|NBA2/BA3|Ax"],
    ),
}


def decoder_target(decode: Callable[..., DecodedContent], encode: Callable[[DecodedContent], str]) -> Target:
    """Text in, signals out; what can be written again is read as the same."""

    def run(data: bytes) -> None:
        content = decode(data[:INPUT_BYTES_MAX].decode("latin-1"), account="1234")
        assert content.signals
        assert len(msgspec.json.encode(content)) <= 16 * ITEM_BYTES_MAX
        try:
            text = encode(content)
        except ValueError:
            return  # what the language cannot say is refused, never shortened
        again = decode(text, account="1234")
        if content.understood and not content.remarks:
            assert [signal.code for signal in again.signals] == [signal.code for signal in content.signals], text

    return run


def link_target(role: Role) -> Target:
    """An ESPA line: whatever is said and however time passes, the machine stays in its table and says little."""
    settings = EspaSettings(role=role, address="1" if role is Role.CONTROL else "2", stations=("2", "3"), target="2")

    def run(data: bytes) -> None:
        link, now = EspaLink(settings, 0), 0
        for code in data[:INPUT_BYTES_MAX]:
            if code >= 0xF0:  # time passes, we have something to send, we decide
                now += (code & 0x0F) * NS
                events = link.on_time(now)
                if code == 0xFE:
                    link.send(call_to_pager("1", "x"))
                elif code == 0xFD:
                    link.accept(now)
                elif code == 0xFC:
                    link.refuse("2", now)
            else:
                events = link.receive_data(bytes((code,)), now)
            assert len(events) <= 4
            assert all(event.what in Happened for event in events)
            assert link.state in State
            assert len(link.take_output()) <= 600
            assert link.next_due() > 0 or link.next_due() <= now

    return run


TARGETS: dict[str, Target] = {
    **{way.name: codec_target(way) for way in WAYS},
    **{name: target for name, (target, _) in INSIDES.items()},
    "sia": decoder_target(sia.decode_blocks, sia.encode_blocks),
    "contact_id": decoder_target(contact_id.decode_text, contact_id.encode_text),
    "espa_control": link_target(Role.CONTROL),
    "espa_station": link_target(Role.STATION),
}


def seeds(name: str) -> list[bytes]:
    """Where the search begins: the frames of the codec itself, and what earlier searches found worth keeping."""
    found = [bytes((step,)) + frame for frame in _BY_NAME[name].frames for step in (0, 6)] if name in _BY_NAME else []
    found += INSIDES[name][1] if name in INSIDES else []
    if name in ("sia", "contact_id"):
        found += [
            bytes(text, "ascii") for text in ("#1234|Nri1/BA01^x^/OP7|Atext", "#1234|1130 01 015", "1234 18 1131")
        ]
    if name.startswith("espa_"):
        block = _BY_NAME["espa444"].frames[0]
        found += [
            b"\x042\x05\xfe\x042\x05\x06\x06",
            b"\x041\x052\x05" + block + b"\xfd\x04",
            b"\xfe\xff\xff1\x05" + block,
        ]
    kept = CORPUS / f"{name}.hex"  # one input a line; what stands behind # is for people
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.is_file() else []
    return found + [bytes.fromhex(line.partition("#")[0]) for line in lines if not line.startswith("#")]
