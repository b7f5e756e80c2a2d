"""What the data part of a message decodes to, whichever block language it was written in.

One rule: content is never refused and never shortened. What a decoder cannot read it hands on whole, as an OPAQUE
signal that people will see. Frames, replies and encryption belong to `dc09`; meanings belong to `event_codes`.
"""

from __future__ import annotations

from msgspec import Struct

from protocols.signals import Category, Qualifier, Scheme, Signal

# A DC-09 frame counts its body in three hex digits (DC-09 LLL, 0x0FFF); no other carrier brings more in one message.
DATA_CHARS_MAX = 4095
# DC-09 allows 16 digits; a panel with a text account was seen (Focus FC-7688), so twice that is read as an account.
ACCOUNT_CHARS_MAX = 32
# One event of the shortest form takes five characters (`BB01/`); a panel that lists every bypassed zone stays below.
EVENTS_MAX = 256
# A longer text is kept and marked: it is no zone name any more.
TEXT_CHARS_MAX = 256

# Every remark a decoder makes, so that they can label a metric.
REMARKS = (
    "not_understood",  # nothing could be read: one OPAQUE signal carries it all
    "oversize",  # more than DATA_CHARS_MAX: kept whole, not read
    "too_many_events",  # more than EVENTS_MAX: the rest is in an OPAQUE signal
    "block_not_understood",  # one block could not be read: it is an OPAQUE signal beside the others
    "packet_not_understood",  # a packet between slashes could not be read: extra "packet" or "tail"
    "unknown_code",  # the code is in no table
    "missing_slash",  # modifier and event in one packet, as pysiaalarm's captured panels send (`ri1BA503`)
    "missing_letter",  # an event without function letter, as Conettix D6600 lines print it (`#123456|HA00`)
    "second_account",  # a second account in one message: extra "#" names the signal's own
    "long_text",
    "full_form",  # Contact ID with account and message type in front, as a DTMF line prints it
    "checksum",  # Contact ID digits whose sum does not fit: do not confirm them
)


class DecodedContent(Struct, frozen=True, gc=False, kw_only=True):
    """`account` is the one the signals belong to: the data's own, or the header's where the data names none."""

    account: str
    signals: tuple[Signal, ...]
    remarks: tuple[str, ...] = ()
    understood: bool = True


def opaque_signal(token: str, text: str) -> Signal:
    """Something kept whole because nobody here can read it."""
    return Signal(scheme=Scheme.OPAQUE, code=token, category=Category.UNKNOWN, qualifier=Qualifier.NEW, text=text)


def not_understood(token: str, data: str, account: str, remark: str = "not_understood") -> DecodedContent:
    return DecodedContent(account=account, signals=(opaque_signal(token, data),), remarks=(remark,), understood=False)
