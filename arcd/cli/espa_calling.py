"""ESPA 4.4.4 from the other end: the control station that calls a station, or asks whether it is there.

One rule: who may speak is `protocols.espa444.EspaLink`'s affair here as in the daemon; a call counts when its block was
acknowledged.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.cli.simulated import Answer, Made, Saying, Where
from arcd.clock import SystemClock
from protocols.espa444 import EspaLink, EspaSettings, Happened, Role, State, call_to_pager, encode_block
from protocols.espa444.block import EOT, decode_block

TICK_S = 0.05


class EspaOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: str = "1"  # ours
    station: str = "2"  # whom we call and poll
    is_nordic: bool = True
    priority: str = "3"  # 1 alarm, 2 high, 3 normal
    call_type: str = "3"  # 1 reset, 2 speech, 3 standard
    beep: str = ""

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> EspaSettings:
        return EspaSettings(
            role=Role.CONTROL, address=self.address, stations=(self.station,), target=self.station,
            is_nordic=self.is_nordic,
        )  # fmt: skip


def make_call(saying: Saying, options: EspaOptions) -> Made:
    """The account is the call address; the text, or else the code, is what is displayed. ValueError without either."""
    if saying.event is None:
        return Made(f"poll of station {options.station}", (), options)
    text = saying.event.text or saying.event.code
    if not text:
        raise ValueError("say what the pager displays: --text TEXT")
    block = call_to_pager(
        saying.account, text, beep=options.beep, call_type=options.call_type, priority=options.priority
    )
    frame = encode_block(block, is_nordic=options.is_nordic)
    return Made(frame.decode("latin-1"), (frame,), options)


class EspaCarrier:
    def __init__(self, where: Where) -> None:
        self._wire = where.wire()
        self._clock = SystemClock()

    def open(self) -> None:
        self._wire.open()

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        options: EspaOptions = made.options
        self._wire.open()
        due_s = self._clock.monotonic_s() + timeout_s
        link = EspaLink(options.settings(), self._clock.now())
        for frame in made.parts:
            link.send(decode_block(frame[1:-2], is_nordic=options.is_nordic))
        is_poll, is_asked = not made.parts, False
        while (left_s := due_s - self._clock.monotonic_s()) > 0:
            # A station is polled once for each transmission, so that its silence is told and not asked away.
            events = [] if is_poll and is_asked else link.on_time(self._clock.now())
            said = link.take_output()
            if said:
                self._wire.send(said)
                is_asked = True
            arrived = self._wire.receive(min(left_s, TICK_S))
            if arrived == b"":
                self._wire.close()
                return Answer(None, "the line was lost")
            events += link.receive_data(arrived or b"", self._clock.now())
            if is_poll and link.state is not State.POLLED:
                self._wire.send(bytes((EOT,)))
                return Answer("ack", "the station answers its poll")
            for event in events:
                if event.what is Happened.DELIVERED:
                    self._wire.send(link.take_output())
                    return Answer("ack", "the block was acknowledged")
                if event.what is Happened.REFUSED:
                    return Answer("nak", f"NAK {event.text}".strip())
                if event.what is Happened.UNANSWERED:
                    return Answer(None, "the station does not answer")
        return Answer(None, f"station {options.station} does not answer")

    def close(self) -> None:
        self._wire.close()
