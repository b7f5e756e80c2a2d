"""Forwarding to another centre over DC-09: night cover, hand-over.

One rule: only an ACK of that very message lets the next one go. NAK and DUH are tried again a few times and then put
before a person; a silence is tried for ever, ever more seldom up to a bound.

That another centre has acknowledged a signal changes nothing here: its case, its plan and its clocks run on until
somebody, or a rule, closes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import structlog
from msgspec import Struct

from arcd.clock import Clock
from arcd.forwarding.dc09_message import encode, sequence_of
from arcd.forwarding.dc09_wires import ReadReply, Wire, WireError
from arcd.forwarding.feed import Outgoing
from arcd.gateways.kept_open import AGAIN_S_MAX, AGAIN_S_MIN
from protocols.codec import ReplyKind
from protocols.dc09.cipher import PadSource
from protocols.dc09.dialler import Dialler, ReplyReceived
from protocols.secrets import WireKey

log = structlog.get_logger(__name__)

NS = 1_000_000_000
REFUSALS_MAX = 5  # NAK or DUH to one message; the pauses between grow from a second, so that it takes a quarter minute
IDLE_S = 1.0  # how late a link test may be


class Numbers(Struct, frozen=True, kw_only=True):
    """What every message bears. `receiver` and `line` None: as the panel sent them."""

    receiver: str | None = None
    line: str | None = None
    accounts: Mapping[str, str] = {}
    link_account: str = "0000"

    def dialler(self, outgoing: Outgoing, key: WireKey | None) -> Dialler:
        origin = outgoing.origin
        return Dialler(
            account=self.accounts.get(origin.account, origin.account),
            receiver=self.receiver if self.receiver is not None else origin.receiver,
            line=self.line if self.line is not None else origin.line or "0",
            key=key,
        )


class Dc09Output:
    """Implements `arcd.forwarding.courier.Sender`."""

    form = "dc09"

    def __init__(
        self,
        *,
        wire: Wire,
        numbers: Numbers,
        key: WireKey | None,
        clock: Clock,
        pad: PadSource,
        reply_within_s: float,
        link_test_s: float,
        is_on: Callable[[], bool],
        again_s: tuple[float, float] = (AGAIN_S_MIN, AGAIN_S_MAX),
    ) -> None:
        self.detail = "nothing sent yet"
        self.is_up = True  # until something shows otherwise
        self.attempts = 0
        self.shortened = 0  # DC-09 says every number as it came
        self._wire = wire
        self._numbers = numbers
        self._key = key
        self._clock = clock
        self._pad = pad
        self._reply_within_s = reply_within_s
        self._link_test_s = link_test_s
        self._is_on = is_on
        self._again_s = again_s
        self._turn = asyncio.Lock()  # one message at a time, link tests among them
        self._link_sequence = 0
        self._answered_s = -link_test_s
        self._offset_ns = 0  # the other centre's clock against ours, as its NAK said

    @property
    def where(self) -> str:
        return self._wire.where

    def close(self) -> None:
        self._wire.close()

    async def send(self, outgoing: Outgoing) -> str:
        dialler = self._numbers.dialler(outgoing, self._key)
        again_s, refusals = self._again_s[0], 0
        while True:
            try:
                frame = encode(outgoing, dialler, now=self._now(), pad=self._pad)
            except ValueError as error:
                return str(error)
            except Exception as error:
                # As in `line_output`: the journal would hand it the same signal at every start.
                log.exception("output.broke", form=self.form, entry=outgoing.seq)
                return f"it could not be written: {type(error).__name__}"
            reply = await self._exchange(frame, dialler, sequence_of(outgoing))
            if reply is not None and reply.kind is ReplyKind.ACK:
                return ""
            if reply is not None:
                refusals += 1
                if refusals >= REFUSALS_MAX:
                    return f"the other centre answered {reply.token} {refusals} times"
            await asyncio.sleep(again_s)
            again_s = min(2 * again_s, self._again_s[1])

    async def run(self) -> None:
        """Link tests while it is on, so that a dead line is known before an alarm needs it."""
        while True:
            await asyncio.sleep(IDLE_S)
            if not self._is_on():
                if not self._turn.locked():
                    self._wire.close()
                continue
            if self._link_test_s and self._clock.monotonic_s() - self._answered_s >= self._link_test_s:
                self._answered_s = self._clock.monotonic_s()
                self._link_sequence = self._link_sequence % 9999 + 1
                dialler = Dialler(
                    account=self._numbers.link_account, receiver=self._numbers.receiver, line=self._numbers.line or "0",
                    key=self._key,
                )  # fmt: skip
                now = self._now() if self._key is not None else None
                await self._exchange(
                    dialler.null(sequence=self._link_sequence, now=now, pad=self._pad), dialler, self._link_sequence
                )

    # ------------------------------------------------------------------------------------------------------- inside

    async def _exchange(self, frame: bytes, dialler: Dialler, sequence: int) -> ReplyReceived | None:
        async with self._turn:
            self.attempts += 1
            try:
                reply = await self._wire.exchange(frame, self._reader(dialler, sequence), self._reply_within_s)
            except WireError as error:
                self.is_up, self.detail = False, str(error)
                return None
        if reply is None:
            self.is_up, self.detail = False, f"no reply within {self._reply_within_s:g} s"
            return None
        self._answered_s = self._clock.monotonic_s()
        self.is_up, self.detail = True, f"answered {reply.token}"
        if reply.kind is ReplyKind.NAK and reply.clock_offset_s is not None:
            # Its receiver says what time it is (DC-09-2013 5.5.3.2): the next attempt is stamped accordingly.
            self._offset_ns = round(reply.clock_offset_s * NS)
        return reply

    def _reader(self, dialler: Dialler, sequence: int) -> ReadReply:
        def read(data: bytes) -> ReplyReceived | None:
            reply = dialler.read_reply(data, self._clock.now())
            if reply is None or reply.kind is ReplyKind.NAK:
                return reply  # NAK says 0000, and A0 for the account
            if dialler.key is not None and reply.kind is ReplyKind.ACK and not reply.is_encrypted:
                return None  # anybody could have written it
            is_ours = reply.sequence == f"{sequence:04d}" and reply.account.upper() == dialler.account.upper()
            return reply if is_ours else None

        return read

    def _now(self) -> int:
        return self._clock.now() + self._offset_ns
