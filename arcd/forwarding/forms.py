"""What an automation line prints for a signal, by form.

One rule: what a form cannot say in full is said without its text and extras rather than not at all; what it cannot say
even then is refused with a reason, and put before a person. A form that knows Contact ID alone says SIA codes through
`protocols.counterparts`; a number that Contact ID has no digits for is left out, logged and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from arcd.forwarding.feed import Outgoing
from protocols.counterparts import ContactIdOnly, unsaid
from protocols.receiver_lines import ademco685, surgard
from protocols.receiver_lines.talking import ADEMCO685, SURGARD, Manner
from protocols.signals import Signal

log = structlog.get_logger(__name__)

Print = Callable[[Signal, str], bytes]  # signal, account


class Form(Struct, frozen=True, kw_only=True):
    manner: Manner
    heartbeat: bytes
    print: Print
    only_contact_id: bool = False


def surgard_form(options: Any, receiver: str | None, line: str | None) -> Form:
    """ValueError for numbers that do not fit the options."""
    assert isinstance(options, surgard.SurGardDialect)
    numbers = {"receiver": receiver or "1", "line": line or "1"}
    return Form(
        manner=replace(
            SURGARD,
            heartbeat_period_s=options.heartbeat_period_s,
            ack=surgard.TEXT_ACK if options.text_ack else SURGARD.ack,
        ),
        heartbeat=surgard.encode_heartbeat(**numbers, dialect=options),
        print=lambda signal, account: surgard.encode_line(signal, account=account, **numbers, dialect=options),
    )


def ademco685_form(options: Any, receiver: str | None, line: str | None) -> Form:
    assert isinstance(options, ademco685.Ademco685Dialect)
    numbers = {"receiver": receiver or "1", "line": line or "1"}
    if any(len(number) != 1 for number in numbers.values()):
        raise ValueError("receiver and line are one letter or digit each on a 685")
    return Form(
        manner=replace(ADEMCO685, heartbeat_period_s=options.heartbeat_period_s),
        heartbeat=ademco685.encode_heartbeat(dialect=options),
        print=lambda signal, account: ademco685.encode_line(signal, account=account, **numbers, dialect=options),
        only_contact_id=True,
    )


AUTOMATION: Final[Mapping[str, Callable[[Any, str | None, str | None], Form]]] = {
    "surgard": surgard_form,
    "ademco685": ademco685_form,
}


class Shortened:
    """Signals that were said without a number of theirs."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, outgoing: Outgoing, without: str) -> None:
        self.count += 1
        log.warning("output.shortened", entry=outgoing.seq, account=outgoing.origin.account, without=without)


def printer(
    form: Form, accounts: Mapping[str, str], contact_id: ContactIdOnly | None = None,
    shortened: Shortened | None = None,
) -> Callable[[Outgoing], bytes]:  # fmt: skip
    """ValueError says what the form cannot say. `contact_id`: how SIA codes are said to software that knows none; a
    form that knows none itself needs no word on it."""
    turn = contact_id or (ContactIdOnly() if form.only_contact_id else None)

    def encode(outgoing: Outgoing) -> bytes:
        known = outgoing.origin.account
        account = accounts.get(known, known)
        signal = outgoing.signal
        if turn is not None:
            signal = turn.signal(signal)
            if (missing := unsaid(outgoing.signal, signal)) and shortened is not None:
                shortened.note(outgoing, missing)
        try:
            return form.print(without_extended(signal), account)
        except ValueError:
            return form.print(bare(signal), account)

    return encode


def without_extended(signal: Signal) -> Signal:
    """`extra` without what came as DC-09 extended data ("xM"): it has no place in blocks and lines."""
    kept = tuple((key, value) for key, value in signal.extra if not is_extended(key))
    return signal if len(kept) == len(signal.extra) else replace(signal, extra=kept)


def is_extended(key: str) -> bool:
    return len(key) == 2 and key[0] == "x" and key[1].isupper()


def bare(signal: Signal) -> Signal:
    """Code, area, zone and user: what every automation acts on."""
    return replace(signal, text=None, extra=(), occurred_at=None)
