"""What an automation line prints for a signal, by form.

One rule: what a form cannot say in full is said without its text and extras rather than not at all; what it cannot say
even then is refused with a reason, and put before a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from arcd.forwarding.feed import Outgoing
from protocols.receiver_lines import ademco685, surgard
from protocols.receiver_lines.talking import ADEMCO685, SURGARD, Manner
from protocols.signals import Signal

Print = Callable[[Signal, str], bytes]  # signal, account


class Form(Struct, frozen=True, kw_only=True):
    manner: Manner
    heartbeat: bytes
    print: Print


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
    )


AUTOMATION: Final[Mapping[str, Callable[[Any, str | None, str | None], Form]]] = {
    "surgard": surgard_form,
    "ademco685": ademco685_form,
}


def printer(form: Form, accounts: Mapping[str, str]) -> Callable[[Outgoing], bytes]:
    """ValueError says what the form cannot say."""

    def encode(outgoing: Outgoing) -> bytes:
        known = outgoing.origin.account
        account = accounts.get(known, known)
        try:
            return form.print(without_extended(outgoing.signal), account)
        except ValueError:
            return form.print(bare(outgoing.signal), account)

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
