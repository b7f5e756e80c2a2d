"""The codec seam: bytes in, values out, replies encoded on request.

One rule: a codec can encode a reply, it never decides one. It does no I/O and reads no clock (`now` is an argument).
A codec instance serves one connection (or one datagram source) and owns its receive buffer: a read is not a frame.
Codecs are found by name through the entry point group `arcd.codecs`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from protocols.secrets import WireKey
from protocols.signals import Signal


class Kind(StrEnum):
    SIGNALS = "signals"
    LINK_TEST = "link_test"  # DC-09 NULL, XNM; a receiver's heartbeat: proof of life, nothing to decide
    OPAQUE = "opaque"  # well-formed, but the content is not understood: kept whole and raised


class Protection(StrEnum):
    PLAIN = "plain"
    ENCRYPTED = "encrypted"


class Speaker(StrEnum):
    """In whose name a frame speaks."""

    PANEL = "panel"  # a panel, on its own connection
    RELAY = "relay"  # a receiver passing on what an account sent; it has told the panel already that it took it
    RECEIVER = (
        "receiver"  # a receiver about itself (heartbeat, own status): `origin.account` is "", no account is meant
    )


class Problem(StrEnum):
    """Why a well-formed frame must not be taken as genuine. The reply to each is in `protocols.dc09.reply_policy`."""

    PLAINTEXT_REFUSED = "plaintext_refused"  # the account has a key and the frame came without encryption
    NO_KEY = "no_key"  # encrypted, and we hold no key for the account
    WRONG_KEY = "wrong_key"  # decrypts to nonsense
    OUTSIDE_WINDOW = "outside_window"  # encrypted and its timestamp is too old or too new (also: none at all)
    REPLAYED = "replayed"  # encrypted and seen before, byte for byte, under another arrival than a retransmission


class ReplyKind(StrEnum):
    ACK = "ack"
    NAK = "nak"
    DUH = "duh"
    RSP = "rsp"  # an ACK that carries something to the panel, where the format has one; else an ACK
    NONE = "none"  # silence: the panel repeats


class ConnectionPolicy(StrEnum):
    """What becomes of a stream connection after a frame was answered."""

    KEEP_OPEN = "keep_open"  # the panel closes, or its idle limit ends it
    CLOSE_AFTER_REPLY = "close_after_reply"


class Origin(Struct, frozen=True, gc=False, kw_only=True):
    """Who sent it, exactly as sent (leading zeros kept). None where the frame has no such field."""

    account: str
    receiver: str | None = None
    line: str | None = None


class Received(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One whole frame, understood as far as it goes.

    `origin.account` is the account the signals belong to; `session_account` is the one in the frame's header, which
    names the key and is echoed in replies (they differ behind a cloud transmitter).
    """

    protocol: str
    kind: Kind
    # The id token as sent, without the encryption mark: "SIA-DCS". On receiver lines the frame's type as sent, or
    # "heartbeat" and "status" where the receiver speaks for itself.
    token: str
    origin: Origin
    session_account: str
    speaker: Speaker = Speaker.PANEL
    sequence: str | None = None
    signals: tuple[Signal, ...] = ()
    protection: Protection = Protection.PLAIN
    problem: Problem | None = None
    # Panel's own clock minus ours, seconds; None when the frame bears no timestamp.
    clock_skew_s: float | None = None
    remarks: tuple[str, ...] = ()  # tolerated deviations: "decimal_length", "binary_crc", "clock_skew", …
    # Everything that arrived, key material blanked out ([K…] extended data), for the journal and for people.
    raw: bytes = b""
    # Digest of what makes two arrivals the same message: id, sequence, account and content, not the timestamp.
    fingerprint: str = ""
    # Digest of what an encrypted frame says and of the panel's own timestamp in it: what nobody can change who sends a
    # recording. A header in clear (DC-09) they can, and the fingerprint with it. "" where nothing was sealed or opened.
    sealed: str = ""
    # The fingerprint of a message whose signals these are, with the words that were missing there.
    continues: str = ""
    # The sender names its messages (Message-ID, idempotency key): within so long the same fingerprint is the same
    # message, not a second one that looks alike. 0: only a retransmission in the usual time is.
    repeat_s: float = 0.0
    # What the codec needs to echo in a reply; opaque to everybody else and never journalled by itself.
    reply_context: bytes = b""


class Malformed(Struct, frozen=True, kw_only=True):
    """Bytes that were no frame. Kept, counted and shown; never answered (design: reply policy)."""

    protocol: str
    reason: str  # bounded set per codec: "crc", "length", "syntax", "oversize", "noise"
    detail: str
    raw: bytes


WireItem = Received | Malformed


class WireProfile(Struct, frozen=True, kw_only=True):
    """How one account is read. Comes from the site base; the default serves accounts nobody has configured."""

    key: WireKey | None = None
    previous_key: WireKey | None = None  # still accepted while a key change is under way
    # Accept timestamps from now - window_past_s to now + window_future_s (DC-09-2013 5.5.1.9: 40 and 20).
    window_past_s: float = 40.0
    window_future_s: float = 20.0
    ignore_crc: bool = False  # Eldes: CRC over an unknown range. Per account, off by default.
    encoding: str = "utf-8"  # tried first and strictly; then Windows-1252
    offered_key: WireKey | None = None  # of a key change that the panel has not confirmed yet
    month_from_zero: bool = False  # the panel's clock counts January as 00
    expected_remarks: frozenset[str] = frozenset()  # deviations that are no news of this panel
    connection: ConnectionPolicy = ConnectionPolicy.KEEP_OPEN
    idle_limit_s: float | None = None  # of its connection; None: the gateway's own
    is_configured: bool = False  # False: the profile of accounts that nobody has configured


# Account as in the frame header → its profile. Asked once per frame; must be fast.
Profiles = Callable[[str], WireProfile]


class Codec(Protocol):
    """One connection's reader and writer."""

    def greeting(self) -> bytes:
        """What our side says first on a new connection; b"" where the far end begins. Asked for once."""
        ...

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        """Take what was read (any split of the stream), give every item that is complete. `now`: ns UTC."""
        ...

    def receive_eof(self) -> list[WireItem]:
        """The stream ended: whatever is left in the buffer is Malformed, not forgotten."""
        ...

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        """Bytes of the reply; b"" for NONE or where the format has no such reply."""
        ...
