"""Osborne-Hoffman over IP ("OH"), as Aritech ATS and Advisor panels speak it to a receiver, port 12300 by habit.

    we     24 bytes: a session key, XORed with a mask that everybody knows
    panel  3DES-ECB of a message, filled up with NUL to whole blocks of 8
    we     3DES-ECB of `ACK` CR and four NUL

    SR0001L0001    001465XX    [ID5B9490D8]                                                heartbeat
    01010053"SIA-DCS"0007R0075L0001[#001465|NRP000*'DECKERS'NM]7C9677F21948CC12|#001465    event

One rule: this hides nothing and proves nothing, so frames count as plain, and `raw` is the message in clear. The first
eight characters of an event look like DC-09's CRC and length and are neither. Mask, cipher and ACK: tdeckers/utcar,
checked against its test vectors; pysiaalarm reads the same messages unencrypted and answers `"ACK"`, which is the other
setting. No refusal is known: what is not acknowledged the panel sends again. One message per connection; a second one
under the same key is read too. How an OH-2000 receiver prints on a serial line is in no source.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB
from msgspec import Struct

from protocols import contact_id, sia
from protocols.codec import Kind, Malformed, Origin, Received, ReplyKind, WireItem
from protocols.content import ACCOUNT_CHARS_MAX, DecodedContent, opaque_signal
from protocols.receiver_lines.cutting import IDLE, Line
from protocols.receiver_lines.line_codec import fingerprint, text_of
from protocols.signals import Scheme, Signal

PROTOCOL: Final = "osborne_hoffman"
SESSION_KEY_BYTES: Final = 24
BLOCK_BYTES: Final = 8
MESSAGE_BYTES_MAX: Final = 1024  # utcar's receive buffer; the longest message seen has 96
HEARTBEAT_PERIOD_S: Final = 60.0  # Advisor Advanced installation manual 9.1.n.8.3.2: 00:01'00 by default

_MASK: Final = bytes.fromhex("552d6a05234939a84529d3e994c2b58845a3508a44aa6954")
_ACK: Final = b"ACK\r\x00\x00\x00\x00"
_PLAIN_ACK: Final = b'"ACK"'

_HEX = "[0-9A-Fa-f]"
# XX behind the account's digits stands on every heartbeat seen and on no event: it is no part of the account.
_HEARTBEAT = re.compile(rf"SR({_HEX}{{4}})L({_HEX}{{4}}) +([0-9A-Za-z]{{1,16}}?)X* +\[ID({_HEX}{{0,16}})\]")
_EVENT = re.compile(
    rf'{_HEX}{{8}}"([A-Za-z0-9-]{{1,16}})"([0-9]{{4}})R({_HEX}{{1,6}})L({_HEX}{{1,6}})\[(.*)\]'
    rf"(?:({_HEX}{{16}})?(?:\|#([0-9A-Za-z]{{1,{ACCOUNT_CHARS_MAX}}}))?)?",
    re.DOTALL,
)
_LOOKS_RIGHT = re.compile(rb'SR[0-9A-F]{4}L|[0-9A-F]{8}"')
_DECODERS: Final[dict[str, Callable[..., DecodedContent]]] = {
    "SIA-DCS": sia.decode_blocks,
    "ADM-CID": contact_id.decode_text,
}


class OsborneHoffmanDialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_encrypted: bool = True  # False: as pysiaalarm meets it, without greeting and cipher
    heartbeat_period_s: float = HEARTBEAT_PERIOD_S


ADVISOR: Final = OsborneHoffmanDialect()


class OsborneHoffmanCodec:
    """One connection. `session_key` is 24 random bytes, drawn for this connection by whoever has a random source."""

    def __init__(self, dialect: OsborneHoffmanDialect = ADVISOR, *, session_key: bytes = bytes(24)) -> None:
        if len(session_key) != SESSION_KEY_BYTES:
            raise ValueError(f"a session key has {SESSION_KEY_BYTES} bytes")
        self.dialect = dialect
        self._key = session_key
        self._sealed = b""  # less than a block
        self._clear = b""
        self._is_lost = False  # past the limit: nothing more is read from this connection

    def greeting(self) -> bytes:
        return mask(self._key) if self.dialect.is_encrypted else b""

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        items: list[WireItem] = []
        for part in self._open(data):
            if self._is_lost:
                break
            self._clear += part
            if not self._clear.strip(IDLE):
                self._clear = b""
            elif self._is_complete(part):
                items.append(self._take())
            elif len(self._clear) > MESSAGE_BYTES_MAX:
                items.append(_malformed("oversize", f"no end within {MESSAGE_BYTES_MAX} bytes", self._clear))
                self._clear, self._is_lost = b"", True
        return items

    def receive_eof(self) -> list[WireItem]:
        left, sealed = self._clear.strip(IDLE), self._sealed
        self._clear = self._sealed = b""
        if self._is_lost or not (left or sealed):
            return []
        if left and not sealed and _read(Line(left, left)) is not None:
            return [_read(Line(left, left)) or _malformed("syntax", "", left)]
        return [_malformed("length", "the stream ended inside a message", left + sealed)]

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        if reply is not ReplyKind.ACK:
            return b""
        return seal(_ACK, self._key) if self.dialect.is_encrypted else _PLAIN_ACK

    def _open(self, data: bytes) -> list[bytes]:
        """Clear text in the units in which a message can end: blocks, or single bytes where nothing is encrypted."""
        if not self.dialect.is_encrypted:
            return [data[at : at + 1] for at in range(len(data))]
        data = self._sealed + data
        whole = len(data) - len(data) % BLOCK_BYTES
        self._sealed = data[whole:]
        if self._is_lost or not whole:
            return []
        clear = unseal(data[:whole], self._key)
        return [clear[at : at + BLOCK_BYTES] for at in range(0, whole, BLOCK_BYTES)]

    def _is_complete(self, part: bytes) -> bool:
        """The fill or CR shows the end; a message that fills its last block to the brim must show it by its form."""
        if b"\x00" in part or b"\r" in part:
            return True
        text = self._clear.strip(IDLE)
        if not text.endswith(b"]"):
            found = _EVENT.fullmatch(text.decode("latin-1")) if b"|#" in text[-ACCOUNT_CHARS_MAX - 2 :] else None
            return found is not None and found[7] == _data_account(found[5])
        return _HEARTBEAT.fullmatch(text.decode("latin-1")) is not None

    def _take(self) -> WireItem:
        raw, self._clear = self._clear.strip(IDLE), b""
        line = Line(raw, raw)
        reason = "syntax" if _LOOKS_RIGHT.match(raw) else "noise"
        return _read(line) or _malformed(reason, "neither a heartbeat nor an event: another key, or no OH at all", raw)


def _read(line: Line) -> Received | None:
    text, remarks = text_of(line.body)
    if found := _HEARTBEAT.fullmatch(text):
        receiver, number, account, _ = found.groups()
        origin = Origin(account=account, receiver=receiver, line=number)
        return Received(
            protocol=PROTOCOL,
            kind=Kind.LINK_TEST,
            token="heartbeat",  # noqa: S106 – a message type
            origin=origin,
            session_account=account,
            raw=line.raw,
            fingerprint=fingerprint(line.body),
        )
    found = _EVENT.fullmatch(text)
    if found is None:
        return None
    token, sequence, receiver, number, data, _, tail = found.groups()
    account = tail or _data_account(data)
    decoder = _DECODERS.get(token)
    if decoder is None:
        content = DecodedContent(account=account, signals=(opaque_signal(token, data),), understood=False)
    else:
        content = decoder(data, account=account)
    return Received(
        protocol=PROTOCOL,
        kind=Kind.SIGNALS if content.understood else Kind.OPAQUE,
        token=token,
        origin=Origin(account=content.account, receiver=receiver, line=number),
        session_account=content.account,
        sequence=sequence,
        signals=content.signals,
        remarks=tuple(dict.fromkeys((*remarks, *content.remarks))),
        raw=line.raw,
        fingerprint=fingerprint(line.body),
    )


def _data_account(data: str) -> str:
    account, bar, _ = data.removeprefix("#").partition("|")
    return account if bar and data.startswith("#") and len(account) <= ACCOUNT_CHARS_MAX else ""


def _malformed(reason: str, detail: str, raw: bytes) -> Malformed:
    return Malformed(protocol=PROTOCOL, reason=reason, detail=detail, raw=raw)


# ----------------------------------------------------------------------------------------- the cipher, both directions


def mask(key: bytes) -> bytes:
    """The greeting from the session key, and the session key from the greeting."""
    return bytes(a ^ b for a, b in zip(key, _MASK, strict=True))


def seal(clear: bytes, key: bytes) -> bytes:
    """Filled up with NUL to whole blocks."""
    encryptor = Cipher(TripleDES(key), ECB()).encryptor()  # noqa: S305 – the format's own cipher
    return encryptor.update(clear + bytes(-len(clear) % BLOCK_BYTES))


def unseal(sealed: bytes, key: bytes) -> bytes:
    decryptor = Cipher(TripleDES(key), ECB()).decryptor()  # noqa: S305 – the format's own cipher
    return decryptor.update(sealed)


# ---------------------------------------------------------------------------------------------------- the panel's side


def encode_heartbeat(*, account: str, receiver: str = "0001", line: str = "0001", panel_id: str = "00000000") -> bytes:
    text = f"SR{receiver}L{line}    {account}XX    [ID{panel_id}]"
    if _HEARTBEAT.fullmatch(text) is None:
        raise ValueError("receiver and line have four hex digits, the account up to sixteen letters and digits")
    return text.encode("ascii")


def encode_event(
    signal: Signal,
    *,
    account: str,
    sequence: str,
    receiver: str = "0001",
    line: str = "0001",
    head: str = "01010053",
    tail: str = "7C9677F21948CC12",
) -> bytes:
    """`head` and `tail` are the eight digits in front and the sixteen behind, whose making nobody knows."""
    content = DecodedContent(account=account, signals=(signal,))
    if signal.scheme is Scheme.CONTACT_ID:
        token, data = contact_id.TOKEN, contact_id.encode_text(content)
    else:
        token, data = sia.TOKEN, sia.encode_blocks(content)
    text = f'{head}"{token}"{sequence}R{receiver}L{line}[{data}]{tail}|#{account}'
    if _EVENT.fullmatch(text) is None:
        raise ValueError("sequence has four digits, receiver and line up to six hex digits, head 8 and tail 16")
    return text.encode("cp1252")
