"""The receiver's side of DC-09: frames in, Received and Malformed out, replies on request.

One rule: everything that arrives becomes an item. A frame that cannot be trusted is still shown with what it claims
and says why in `problem`; the core decides, the codec only tells. Framing is `frame`'s, grammar `body`'s, content
belongs to `protocols.sia` and `protocols.contact_id`. Replays are found by the core, through the fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from protocols import contact_id, sia
from protocols.codec import (
    Kind,
    Malformed,
    Origin,
    Problem,
    Profiles,
    Protection,
    Received,
    ReplyKind,
    WireItem,
    WireProfile,
)
from protocols.content import DecodedContent
from protocols.dc09.body import HEADER, REPLY, REPLY_TOKENS, Content, blank_keys, cut_blanked
from protocols.dc09.cipher import PadSource, decrypt_content
from protocols.dc09.extended import EXTENDED_SIGNALS_MAX, FOLDED, KEY_LETTER, decode_extended, merge_extended
from protocols.dc09.frame import PROTOCOL, Frame, FrameReader
from protocols.dc09.replies import KeySlot, ReplyContext, encode_reply, encode_response
from protocols.dc09.reply_policy import CLOCK_SKEW
from protocols.dc09.text import decode_text
from protocols.dc09.timestamp import NANOSECONDS, parse_timestamp
from protocols.dc09.tokens import LINK_TESTS
from protocols.secrets import WireKey
from protocols.signals import Category, Qualifier, Scheme, Signal

FINGERPRINT_BYTES: Final = 16
SEALED_BYTES: Final = 8  # told apart from the few hundred frames that one account sends within its time window

PREVIOUS_KEY: Final = "previous_key"
OFFERED_KEY: Final = "offered_key"  # the panel has taken the new key
UNREADABLE_TIMESTAMP: Final = "unreadable_timestamp"
LINE_ABSENT: Final = "line_absent"
BRACKET_INSIDE: Final = "bracket_inside"
ALARM_IN_LINK_TEST: Final = "alarm_in_link_test"

_DECODERS: Final[dict[str, Callable[..., DecodedContent]]] = {
    "SIA-DCS": sia.decode_blocks,
    "ADM-CID": contact_id.decode_text,
}
_SAID_IN_LINK_TESTS: Final = frozenset({Category.TEST, Category.UNKNOWN})
_NO_SIGNALS: Final[tuple[Signal, ...]] = ()
_DATA_ACCOUNT: Final = re.compile(r"#([^|]{1,32})\|")


class _Header(Struct, frozen=True, gc=False):
    is_encrypted: bool
    token: str
    sequence: str
    receiver: str | None
    line: str | None
    account: str
    echo: bytes  # from the sequence number to the account, as sent
    end: int  # where the data begins


class _Opened(Struct, frozen=True, gc=False):
    """A frame's content in clear, or None with the reason why it stays closed."""

    content: Content | None
    clear: bytes  # what `content` was cut from, key material blanked
    slot: KeySlot
    problem: Problem | None
    remarks: tuple[str, ...] = ()


class Dc09Codec:
    """One TCP or serial connection, or with `datagram` one UDP peer: then every read stands for itself.

    `pad` draws random bytes for sealed replies: os.urandom in the daemon, a fixed source in tests.
    """

    def __init__(self, profiles: Profiles, *, pad: PadSource, datagram: bool = False) -> None:
        self._profiles = profiles
        self._pad = pad
        self._datagram = datagram
        self._reader = FrameReader(lambda account: profiles(account).ignore_crc)

    def greeting(self) -> bytes:
        return b""

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        found = self._reader.receive(data)
        if self._datagram:
            found += self._reader.finish()
        return [item if isinstance(item, Malformed) else self._decode(item, now) for item in found]

    def receive_eof(self) -> list[WireItem]:
        left: list[WireItem] = []
        for item in self._reader.finish():
            assert isinstance(item, Malformed)  # a whole frame never waits for the end of the stream
            left.append(item)
        return left

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        context = ReplyContext.unpack(received.reply_context)
        if context.slot is KeySlot.NONE:
            # Nothing secret is ever put into an open answer.
            reply = ReplyKind.ACK if reply is ReplyKind.RSP else reply
            return encode_reply(reply, context, None, now, self._pad)
        profile = self._profiles(received.session_account)
        key = _key_in(profile, context.slot)
        if reply is ReplyKind.RSP and profile.offered_key is not None:
            offer = KEY_LETTER.encode() + profile.offered_key.expose().hex().upper().encode()
            return encode_response(b"", (offer,), context, key, now, self._pad)
        # Withdrawn between the decision and the reply: an RSP that carries nothing is an ACK.
        reply = ReplyKind.ACK if reply is ReplyKind.RSP else reply
        return encode_reply(reply, context, key, now, self._pad)

    def _decode(self, frame: Frame, now: int) -> Received | Malformed:
        header = _read_header(frame.body)
        if header is None:
            return _unreadable(frame)
        profile = self._profiles(header.account)
        opened = _open(frame.body, header, profile)
        if opened is None:
            return _unreadable(frame)
        content, problem = opened.content, opened.problem
        remarks = [*frame.remarks, *opened.remarks]
        if header.line is None:
            remarks.append(LINE_ABSENT)
        skew_s = None
        if content is not None:
            if b"]" in content.data or (content.fields and b"]" in b"".join(content.fields)):
                remarks.append(BRACKET_INSIDE)
            skew_s, is_timely = _judge_time(content, profile, now, remarks)
            if header.is_encrypted and not is_timely:
                problem = Problem.OUTSIDE_WINDOW
        kind, account, signals = _decode_signals(header, content, profile, remarks)
        return Received(
            protocol=PROTOCOL,
            kind=kind,
            token=header.token,
            origin=Origin(account=account, receiver=header.receiver, line=header.line),
            session_account=header.account,
            sequence=header.sequence,
            signals=signals,
            protection=Protection.ENCRYPTED if header.is_encrypted else Protection.PLAIN,
            problem=problem,
            clock_skew_s=skew_s,
            remarks=_without_expected(remarks, profile) if remarks else (),
            raw=frame.raw if header.is_encrypted or opened.clear is frame.body else blank_keys(frame.raw),
            fingerprint=_fingerprint(frame.body, header, opened),
            sealed=_sealed(opened) if header.is_encrypted else "",
            reply_context=ReplyContext(is_binary_crc=frame.is_binary_crc, slot=opened.slot, echo=header.echo).pack(),
        )


def _without_expected(remarks: list[str], profile: WireProfile) -> tuple[str, ...]:
    return tuple(remark for remark in dict.fromkeys(remarks) if remark not in profile.expected_remarks)


def _read_header(body: bytes) -> _Header | None:
    found = HEADER.match(body)
    if found is None:
        return None
    mark, token, sequence, receiver, line, account = found.groups()
    if token in REPLY_TOKENS:
        return None
    end = found.end()
    return _Header(
        bool(mark),
        token.decode(),
        sequence.decode(),
        None if receiver is None else receiver.decode(),
        None if line is None else line.decode(),
        account.decode(),
        body[found.start(3) : end - 1],
        end,
    )


def _unreadable(frame: Frame) -> Malformed:
    """A reply never arrives at a receiver: answering one would set two receivers talking to each other for ever."""
    reply = REPLY.match(frame.body)
    if reply is None:
        reason, detail = "syntax", "length and CRC are right, but the body is no DC-09 message"
    else:
        reason, detail = "direction", f"a reply ({reply[2].decode()}) arrived where panels send: is this a loop?"
    return Malformed(protocol=PROTOCOL, reason=reason, detail=detail, raw=blank_keys(frame.raw))


def _open(body: bytes, header: _Header, profile: WireProfile) -> _Opened | None:
    """None when a plain body has no closing bracket."""
    if not header.is_encrypted:
        cut = cut_blanked(body, header.end)
        if cut is None:
            return None
        problem = None if profile.key is None else Problem.PLAINTEXT_REFUSED
        return _Opened(*cut, KeySlot.NONE, problem)
    if profile.key is None and profile.previous_key is None and profile.offered_key is None:
        return _Opened(None, b"", KeySlot.NONE, Problem.NO_KEY)
    best: _Opened | None = None
    for key, slot, remarks in (
        (profile.key, KeySlot.CURRENT, ()),
        (profile.offered_key, KeySlot.OFFERED, (OFFERED_KEY,)),
        (profile.previous_key, KeySlot.PREVIOUS, (PREVIOUS_KEY,)),
    ):
        found = None if key is None else decrypt_content(key, body[header.end :])
        if found is None:
            continue
        opened = _Opened(*found, slot, None, remarks)
        # One wrong key in 256 gives something that passes for content without a time; the right one shows a time.
        if found[0].timestamp is not None:
            return opened
        best = best or opened
    return best or _Opened(None, b"", KeySlot.NONE, Problem.WRONG_KEY)


def _key_in(profile: WireProfile, slot: KeySlot) -> WireKey | None:
    match slot:
        case KeySlot.CURRENT:
            return profile.key
        case KeySlot.PREVIOUS:
            return profile.previous_key
        case KeySlot.OFFERED:
            # The change may have been concluded by the very frame that is answered: then it is the key in force.
            return profile.offered_key or profile.key
        case KeySlot.NONE:
            return None


def _judge_time(content: Content, profile: WireProfile, now: int, remarks: list[str]) -> tuple[float | None, bool]:
    """The panel's clock minus ours, and whether it is within the account's window. Adds to `remarks`."""
    at = None
    if content.timestamp is not None:
        at = parse_timestamp(content.timestamp, month_from_zero=profile.month_from_zero)
    if at is None:
        if content.timestamp is not None or content.trailing.strip(b"\x00\r\n"):
            remarks.append(UNREADABLE_TIMESTAMP)
        return None, False
    skew_s = (at - now) / NANOSECONDS
    is_timely = -profile.window_past_s <= skew_s <= profile.window_future_s
    if not is_timely:
        remarks.append(CLOCK_SKEW)
    return skew_s, is_timely


def _decode_signals(
    header: _Header, content: Content | None, profile: WireProfile, remarks: list[str]
) -> tuple[Kind, str, tuple[Signal, ...]]:
    """What the content says, and whose it is. Nothing when it stayed closed. Adds to `remarks`."""
    token = header.token.upper()
    is_link_test = token in LINK_TESTS
    if content is None:
        return Kind.LINK_TEST if is_link_test else Kind.OPAQUE, header.account, ()
    if is_link_test and not content.data and not content.fields:
        return Kind.LINK_TEST, header.account, ()
    data, text_remarks = decode_text(content.data, profile.encoding)
    remarks += text_remarks
    account, signals = header.account, _NO_SIGNALS
    kind = Kind.LINK_TEST if is_link_test else Kind.OPAQUE
    decoder = _DECODERS.get(token)
    decoded = None if decoder is None else decoder(data, account=account)
    if is_link_test and (decoded := _alarm_in(data, account)) is not None:
        remarks.append(ALARM_IN_LINK_TEST)
    if decoded is not None:
        account, signals = decoded.account, decoded.signals
        remarks += decoded.remarks
        if decoded.understood and signals:
            kind = Kind.SIGNALS
    elif not is_link_test and (named := _DATA_ACCOUNT.match(data)) is not None:
        account = named[1]
    if not signals:
        signals = (_whole(header.token, data, is_link_test=is_link_test),)
    if content.fields:
        extended = decode_extended(content.fields, profile.encoding, month_from_zero=profile.month_from_zero)
        remarks += extended.remarks
        if len(signals) > EXTENDED_SIGNALS_MAX:
            remarks.append(FOLDED)
        signals = merge_extended(signals, extended)
    return kind, account, signals


def _alarm_in(data: str, account: str) -> DecodedContent | None:
    """An alarm under the token of a link test, which stands in clear: whoever is on the way could have an encrypted
    alarm acknowledged and heard by nobody by writing NULL before it. What panels do say in a link test
    (`#0000|0000 00 000`, `IHello`) is none."""
    for decoder in _DECODERS.values():
        decoded = decoder(data, account=account)
        if decoded.understood and any(signal.category not in _SAID_IN_LINK_TESTS for signal in decoded.signals):
            return decoded
    return None


def _whole(token: str, data: str, *, is_link_test: bool) -> Signal:
    """Content that no decoder reads, kept in one piece. What a link test carries is news of the link, not a matter."""
    return Signal(
        scheme=Scheme.OPAQUE,
        code=token,
        category=Category.TEST if is_link_test else Category.UNKNOWN,
        qualifier=Qualifier.STATUS if is_link_test else Qualifier.NEW,
        text=data or None,
    )


def _fingerprint(body: bytes, header: _Header, opened: _Opened) -> str:
    """Everything from the id to the last extended field, in clear: not CRC, pad or timestamp, which a repeat renews.

    The encryption mark is part of it, so a forged plain copy is never taken for a repeat of the sealed original.
    """
    if opened.content is None:
        said = body  # closed: the ciphertext as sent
    elif header.is_encrypted:
        said = body[: header.end] + opened.clear[opened.content.start : opened.content.end]
    else:
        said = opened.clear[: opened.content.end]
    return blake2b(said, digest_size=FINGERPRINT_BYTES).hexdigest()


def _sealed(opened: _Opened) -> str:
    """Header and pad are not in it: whoever replays a frame may write another header, and garble the pad (CBC)."""
    content = opened.content
    if content is None or content.timestamp is None:
        return ""
    said = opened.clear[content.start : content.end] + content.timestamp
    return blake2b(said, digest_size=SEALED_BYTES).hexdigest()
