"""A signal as a DC-09 message to another centre.

One rule: a repetition is known as one. The sequence number is made from the signal's place in the journal, so what is
sent again after a crash bears the number it bore before, and the other centre acknowledges it without a second case.
"""

from __future__ import annotations

from arcd.forwarding.feed import Outgoing
from arcd.forwarding.forms import bare, is_extended, without_extended
from protocols import contact_id, sia
from protocols.content import DecodedContent
from protocols.dc09.cipher import PadSource
from protocols.dc09.dialler import SEQUENCE_MAX, Dialler
from protocols.dc09.timestamp import format_timestamp
from protocols.signals import Scheme, Signal

# Signals of one frame get numbers of their own, and so do those of the frames around it.
SIGNALS_APART = 31


def sequence_of(outgoing: Outgoing) -> int:
    """1 to 9999. Two signals with one number lie at least three hundred entries apart."""
    return (outgoing.seq * SIGNALS_APART + outgoing.index) % SEQUENCE_MAX + 1


def encode(outgoing: Outgoing, dialler: Dialler, *, now: int, pad: PadSource) -> bytes:
    """ValueError says what DC-09 cannot carry. Only an encrypted message bears the time at which it was sent: the
    same bytes again are what a receiver of plain ones expects."""
    try:
        return _encode(outgoing, outgoing.signal, _extended(outgoing), dialler, now, pad)
    except ValueError:
        return _encode(outgoing, bare(outgoing.signal), (_time(outgoing),), dialler, now, pad)


def _encode(
    outgoing: Outgoing, signal: Signal, extended: tuple[str, ...], dialler: Dialler, now: int, pad: PadSource
) -> bytes:
    sent_at = now if dialler.key is not None else None
    sequence = sequence_of(outgoing)
    content = DecodedContent(account=dialler.account, signals=(without_extended(signal),))
    match signal.scheme:
        case Scheme.CONTACT_ID:
            event = contact_id.encode_text(content).partition("|")[2]
            return dialler.adm_cid(event, sequence=sequence, now=sent_at, pad=pad, extended=extended)
        case Scheme.SIA:
            blocks = sia.encode_blocks(content).partition("|")[2]
            return dialler.sia_dcs(blocks, sequence=sequence, now=sent_at, pad=pad, extended=extended)
        case Scheme.OPAQUE:
            text = signal.text or ""
            return dialler.message(signal.code, text, sequence=sequence, now=sent_at, pad=pad, extended=extended)
        case Scheme.ARCD:
            raise ValueError("a finding of this centre is not sent to another one")


def _extended(outgoing: Outgoing) -> tuple[str, ...]:
    signal = outgoing.signal
    fields = [f"{key[1]}{value}" for key, value in signal.extra if is_extended(key) and key != "xH"]
    fields += [f"V{url}" for url in signal.media]
    if signal.scheme is Scheme.CONTACT_ID and signal.text:
        fields.append(f"I{signal.text}")
    return (_time(outgoing), *fields)


def _time(outgoing: Outgoing) -> str:
    """When it happened, or when we were told: a backlog must not look like news."""
    return f"H{format_timestamp(outgoing.signal.occurred_at or outgoing.at).decode()}"
