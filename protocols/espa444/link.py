"""Who may speak when on an ESPA line: one state machine for a station and for the control station.

One rule: every pair of state and token stands in `TRANSITIONS` or is ignored on purpose, and time is an argument. A
block that arrives is acknowledged by `accept`, which the caller uses after the commit, and by nothing else.

    control  EOT 2 ENQ                    poll of station 2
    station  EOT                          nothing to say             station  1 ENQ       it selects 1 (us)
    control  ACK                          go on                      station  SOH … BCC   its block
    control  ACK                          kept                       station  EOT         done

The control station sends a block of its own as if it had polled itself: EOT 1 ENQ 2 ENQ (what digimat-espa's server
waits for). NAK of a block: `1 NAK` is a transmission error and asks for it again; the meaning of other codes is
contradictory in the sources, so any other refusal is reported with its code and not repeated.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

from msgspec import Struct

from protocols.espa444.block import ACK, ENQ, EOT, NAK, Block, encode_block
from protocols.espa444.reading import EspaReader, Token, What

NS: Final = 1_000_000_000
QUEUE_MAX: Final = 64  # blocks that wait for their turn; a caller with more has to keep them itself
ATTEMPTS_MAX: Final = 3  # of one block, after NAK 1 or no answer
TRANSMISSION_ERROR: Final = "1"


class Role(StrEnum):
    CONTROL = "control"
    STATION = "station"


class EspaSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: Role = Role.STATION
    address: str = "1"  # ours; telephone or alarm system 1, paging system 2 (gscott 3.1)
    stations: tuple[str, ...] = ("2",)  # whom a control station polls
    target: str = "2"  # whom our own blocks go to
    is_nordic: bool = True
    poll_interval_s: float = 1.0
    answer_within_s: float = 2.5  # digimat-espa: between poll or select and the answer
    block_within_s: float = 15.0  # digimat-espa: select to block, block to acknowledgement
    silent_after_s: float = 120.0  # digimat-espa: an idle line is a dead one

    def __post_init__(self) -> None:
        for address in (self.address, self.target, *self.stations):
            if not (address.isascii() and address.isalnum() and len(address) <= 8):
                raise ValueError(f"address {address!r}: a digit, or up to eight letters and digits")
        if self.role is Role.CONTROL and not self.stations:
            raise ValueError("stations: a control station polls at least one")
        times = (self.poll_interval_s, self.answer_within_s, self.block_within_s, self.silent_after_s)
        if not all(0 < time_s <= 3600 for time_s in times):
            raise ValueError("times must be above 0 and at most 3600 s")


class State(StrEnum):
    IDLE = "idle"
    POLLED = "polled"  # control: a station has the word; station: another one has it
    SELECTED = "selected"  # we have answered a select and wait for the block
    HOLDING = "holding"  # a block is here and the caller has not decided
    SELECTING = "selecting"  # we have selected and wait for ACK
    SENDING = "sending"  # our block is out and waits for ACK
    FOREIGN = "foreign"  # two others talk


class Happened(StrEnum):
    RECEIVED = "received"  # a block: answer with `accept` or `refuse`
    DELIVERED = "delivered"
    REFUSED = "refused"  # the target said NAK; `text` is its code
    UNANSWERED = "unanswered"  # the target said nothing, `ATTEMPTS_MAX` times
    BAD_BLOCK = "bad_block"  # answered `1 NAK`; `text` says what was wrong
    SILENT = "silent"  # control: this station does not answer its polls; station: nobody polls us
    HEARD = "heard"  # and now again


class EspaEvent(Struct, frozen=True, kw_only=True):
    what: Happened
    block: Block | None = None
    text: str = ""
    raw: bytes = b""
    number: int = 0  # what `send` returned, for DELIVERED, REFUSED, UNANSWERED
    address: str = ""  # for SILENT and HEARD


class EspaLink:
    """One line. Feed `receive_data` and `on_time`, write what `take_output` gives, ask `next_due` how long to sleep."""

    def __init__(self, settings: EspaSettings, now: int) -> None:
        self.settings = settings
        self.state = State.IDLE
        self._reader = EspaReader(is_nordic=settings.is_nordic)
        self._out = bytearray()
        self._queue: deque[tuple[int, bytes]] = deque()
        self._sent = 0  # numbers given out
        self._attempts = 0  # of the first in the queue
        self._turn = -1  # index of the station polled last
        self._silent: set[str] = set()
        self._heard_at = now
        self._due: int | None = now if settings.role is Role.CONTROL else None
        self._events: list[EspaEvent] = []

    # -------------------------------------------------------------------------------------------------- the caller's

    def send(self, block: Block) -> int | None:
        """Queue a block; its number, or None when the queue is full. ValueError for what no block can hold."""
        frame = encode_block(block, is_nordic=self.settings.is_nordic)
        if len(self._queue) >= QUEUE_MAX:
            return None
        self._sent += 1
        self._queue.append((self._sent, frame))
        return self._sent

    def accept(self, now: int) -> None:
        """The block that was RECEIVED is kept: now the sender may forget it. Too late for it, nothing is said."""
        if self.state is State.HOLDING:
            self._say(bytes((ACK,)))
            self._go(State.SELECTED, now, self.settings.block_within_s)

    def refuse(self, code: str, now: int) -> None:
        if self.state is State.HOLDING:
            self._say(code.encode("ascii") + bytes((NAK,)))
            self._go(State.SELECTED, now, self.settings.block_within_s)

    def take_output(self) -> bytes:
        out, self._out = bytes(self._out), bytearray()
        return out

    def next_due(self) -> int:
        """When `on_time` has something to do, at the latest."""
        silent = self._heard_at + int(self.settings.silent_after_s * NS)
        if self.settings.address in self._silent or self.settings.role is Role.CONTROL:
            silent = 1 << 62
        return min(silent, self._due if self._due is not None else 1 << 62)

    def receive_data(self, data: bytes, now: int) -> list[EspaEvent]:
        for token in self._reader.receive(data):
            if token.what is not What.NOISE:
                self._hear(self.settings.address, now)
            action = TRANSITIONS.get((self.state, token.what))
            if action is not None:
                action(self, token, now)
        return self._take_events()

    def on_time(self, now: int) -> list[EspaEvent]:
        if self._due is not None and self._due <= now:
            self._due = None
            self._expire(now)
        silent = self._heard_at + int(self.settings.silent_after_s * NS)
        if self.settings.role is Role.STATION and silent <= now and self.settings.address not in self._silent:
            self._silent.add(self.settings.address)
            self._tell(EspaEvent(what=Happened.SILENT, address=self.settings.address))
        return self._take_events()

    # -------------------------------------------------------------------------------------------------- what is said

    def on_end(self, token: Token, now: int) -> None:
        """EOT, from wherever it comes, takes everybody back to the beginning."""
        if self.settings.role is Role.CONTROL and self.state is State.POLLED:
            self._hear(self._polled(), now)
        if self.state in (State.SELECTING, State.SENDING):
            self._again(now)
        self._rest(now)

    def on_enquiry(self, token: Token, now: int) -> None:
        """At the beginning an address is a poll (gscott 3.1: a poll always follows an EOT)."""
        if self.settings.role is Role.CONTROL:
            return  # nobody polls the control station
        if token.text != self.settings.address:
            return self._go(State.POLLED, now, self.settings.block_within_s)
        if not self._queue:
            self._say(bytes((EOT,)))
            return self._rest(now)
        return self._select(now)

    def on_select(self, token: Token, now: int) -> None:
        if self.settings.role is Role.CONTROL and self.state is State.POLLED:
            self._hear(self._polled(), now)
        if token.text == self.settings.address:
            self._say(bytes((ACK,)))
            self._go(State.SELECTED, now, self.settings.block_within_s)
        else:
            self._go(State.FOREIGN, now, self.settings.block_within_s)

    def on_block(self, token: Token, now: int) -> None:
        self._tell(EspaEvent(what=Happened.RECEIVED, block=token.block, raw=token.raw))
        self._go(State.HOLDING, now, self.settings.block_within_s)

    def on_bad_block(self, token: Token, now: int) -> None:
        self._say(TRANSMISSION_ERROR.encode("ascii") + bytes((NAK,)))
        self._tell(EspaEvent(what=Happened.BAD_BLOCK, text=token.text, raw=token.raw))
        self._go(State.SELECTED, now, self.settings.block_within_s)

    def on_ready(self, token: Token, now: int) -> None:
        self._say(self._queue[0][1])
        self._go(State.SENDING, now, self.settings.block_within_s)

    def on_delivered(self, token: Token, now: int) -> None:
        number, _ = self._queue.popleft()
        self._attempts = 0
        self._tell(EspaEvent(what=Happened.DELIVERED, number=number))
        self._end(now)

    def on_busy(self, token: Token, now: int) -> None:
        """NAK to a select: it cannot receive now."""
        self._again(now, code=token.text)
        self._end(now)

    def on_refused(self, token: Token, now: int) -> None:
        if token.text in ("", TRANSMISSION_ERROR) and self._attempts + 1 < ATTEMPTS_MAX:
            self._attempts += 1
            self._say(self._queue[0][1])
            return self._go(State.SENDING, now, self.settings.block_within_s)
        number, _ = self._queue.popleft()
        self._attempts = 0
        self._tell(EspaEvent(what=Happened.REFUSED, number=number, text=token.text))
        return self._end(now)

    # -------------------------------------------------------------------------------------------------- what happens

    def _expire(self, now: int) -> None:
        if self.state is State.IDLE:
            if self.settings.role is Role.CONTROL:
                self._poll(now)
            return
        if self.state is State.POLLED and self.settings.role is Role.CONTROL:
            station = self._polled()
            if station not in self._silent:
                self._silent.add(station)
                self._tell(EspaEvent(what=Happened.SILENT, address=station))
        if self.state in (State.SELECTING, State.SENDING):
            self._again(now)
        if self.settings.role is Role.CONTROL or self.state in (State.SELECTING, State.SENDING):
            self._say(bytes((EOT,)))
        self._rest(now)

    def _poll(self, now: int) -> None:
        self._say(bytes((EOT,)))
        if self._queue:
            self._say(self.settings.address.encode("ascii") + bytes((ENQ,)))
            return self._select(now)
        self._turn = (self._turn + 1) % len(self.settings.stations)
        self._say(self._polled().encode("ascii") + bytes((ENQ,)))
        return self._go(State.POLLED, now, self.settings.answer_within_s)

    def _polled(self) -> str:
        return self.settings.stations[self._turn]

    def _select(self, now: int) -> None:
        self._say(self.settings.target.encode("ascii") + bytes((ENQ,)))
        self._go(State.SELECTING, now, self.settings.answer_within_s)

    def _again(self, now: int, code: str | None = None) -> None:
        """The first in the queue did not get through this time."""
        self._attempts += 1
        if self._attempts >= ATTEMPTS_MAX:
            number, _ = self._queue.popleft()
            self._attempts = 0
            what = Happened.UNANSWERED if code is None else Happened.REFUSED
            self._tell(EspaEvent(what=what, number=number, text=code or ""))

    def _end(self, now: int) -> None:
        self._say(bytes((EOT,)))
        self._rest(now)

    def _rest(self, now: int) -> None:
        self.state = State.IDLE
        is_control = self.settings.role is Role.CONTROL
        self._due = now + int(self.settings.poll_interval_s * NS) if is_control else None

    def _go(self, state: State, now: int, within_s: float) -> None:
        self.state = state
        self._due = now + int(within_s * NS)

    def _hear(self, address: str, now: int) -> None:
        self._heard_at = now
        if address in self._silent:
            self._silent.discard(address)
            self._tell(EspaEvent(what=Happened.HEARD, address=address))

    def _say(self, data: bytes) -> None:
        self._out += data

    def _tell(self, event: EspaEvent) -> None:
        self._events.append(event)

    def _take_events(self) -> list[EspaEvent]:
        events, self._events = self._events, []
        return events


# What is not here is ignored in that state: an ACK nobody waits for, a block nobody was selected for.
TRANSITIONS: Final = {
    (State.IDLE, What.EOT): EspaLink.on_end,
    (State.IDLE, What.ENQUIRY): EspaLink.on_enquiry,
    (State.POLLED, What.EOT): EspaLink.on_end,
    (State.POLLED, What.ENQUIRY): EspaLink.on_select,
    (State.SELECTED, What.EOT): EspaLink.on_end,
    (State.SELECTED, What.BLOCK): EspaLink.on_block,
    (State.SELECTED, What.BAD_BLOCK): EspaLink.on_bad_block,
    (State.HOLDING, What.EOT): EspaLink.on_end,
    (State.SELECTING, What.ACK): EspaLink.on_ready,
    (State.SELECTING, What.NAK): EspaLink.on_busy,
    (State.SELECTING, What.EOT): EspaLink.on_end,
    (State.SENDING, What.ACK): EspaLink.on_delivered,
    (State.SENDING, What.NAK): EspaLink.on_refused,
    (State.SENDING, What.EOT): EspaLink.on_end,
    (State.FOREIGN, What.EOT): EspaLink.on_end,
}
