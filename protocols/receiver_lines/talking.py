"""The receiver's side of an automation line: one message at a time, repeated until the software has answered.

    message ──▶ software    06: taken, the next one may go      15: said again after a pause
            ──▶ software    nothing for a while: said again, a few times, then the line counts as failed ("computer
                            fail"): only heartbeats go until one is answered, and then the same message once more

One rule: an answer names no message, so nothing new is said while an answer to something older may still come. Where a
message was said twice and answered once, the second answer is waited for, or given up for good, before the next one.

No I/O and no clock: `now` is an argument, ns of any clock that is never set.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

from msgspec import Struct

from protocols.receiver_lines import ademco685, surgard

NS: Final = 1_000_000_000
ACK: Final = b"\x06"
NAK: Final = b"\x15"

# Software that has just said NAK is not asked again at once: MLR2-E lets 500 ms pass between commands, we likewise.
NAK_PAUSE_S: Final = 0.5
# How long after it was said a message may still be answered, as a multiple of the time for an answer. Not in any
# manual: an answer that comes later than this is taken for the next message's.
LATE_ANSWER_FACTOR: Final = 2.0
# Heartbeats in a row without an answer, with nothing else to say: nobody is there. No manual says how many.
SILENT_HEARTBEATS_MAX: Final = 2
# With heartbeats switched off, a failed line is tried with the message itself this often (the MLR2's heartbeat period).
PROBE_S: Final = 30.0


class Manner(Struct, frozen=True, kw_only=True):
    """How one kind of receiver talks. Figures: see `SURGARD` and `ADEMCO685`."""

    reply_within_s: float
    attempts_max: int  # of one message without an answer; then "computer fail"
    nak_attempts_max: int  # of one message that is refused each time
    heartbeat_period_s: float  # 0: none by itself
    ack: bytes = ACK
    request: bytes = b""  # the software asks for a heartbeat with it
    request_pause_s: float = 0.0  # asked again within so long it is ignored


# MLR2-E, System III and System 5 manuals: 4 s (option 40 to 99 tenths), 4 attempts, NAK 20 to 25 times, about 30 s.
SURGARD: Final = Manner(
    reply_within_s=surgard.REPLY_WITHIN_S,
    attempts_max=4,
    nak_attempts_max=20,
    heartbeat_period_s=surgard.HEARTBEAT_PERIOD_S,
)
# Ademco 685 manual p55, MX8000 8.x: 2 s, once more, then computer fault; `S` is answered within 5 s and ignored for
# 10 s after. How often a 685 repeats after NAK is not written: the Sur-Gard's number is taken.
ADEMCO685: Final = Manner(
    reply_within_s=ademco685.REPLY_WITHIN_S,
    attempts_max=2,
    nak_attempts_max=20,
    heartbeat_period_s=ademco685.HEARTBEAT_PERIOD_S,
    request=ademco685.HEARTBEAT_REQUEST,
    request_pause_s=10.0,
)


class Told(StrEnum):
    """What has become of things, in the order in which it did."""

    TAKEN = "taken"  # the message: the next one may be given
    REFUSED = "refused"  # the message, as often as it may be: it is dropped here, and the next one may be given
    FAILED = "failed"  # the software does not answer any more
    BACK = "back"  # it does again


class Talker:
    """One connection, or one opened port. Give a message when `is_free`; write what `take_output` gives."""

    def __init__(self, manner: Manner, heartbeat: bytes, now: int) -> None:
        self.manner = manner
        self.is_failed = False
        self.attempts = 0  # writes of messages, not of heartbeats
        self._heartbeat = heartbeat
        self._message = b""
        self._said = 0  # times the message was said in this round, unanswered
        self._refused = 0  # times it was refused
        self._unanswered: deque[int] = (
            deque()
        )  # when everything was said that has no answer yet; the last is waited for
        self._is_waiting = False  # for the answer to the last thing said
        self._is_heartbeat = False  # which was a heartbeat
        self._silent_heartbeats = 0  # in a row
        self._again_at: int | None = None  # when the message is said again
        self._quiet_since = now
        self._request_at: int | None = None
        self._is_asked = False
        self._output = bytearray()

    # ------------------------------------------------------------------------------------------------------- the user's

    @property
    def is_free(self) -> bool:
        return not self._message

    def say(self, message: bytes, now: int) -> None:
        """It goes as soon as nothing else waits for an answer."""
        assert self.is_free, "one message at a time"
        assert message, "a message has bytes"
        self._message = message
        self._said = self._refused = 0
        self._again_at = now
        self._go_on(now)

    def receive_data(self, data: bytes, now: int) -> list[Told]:
        """Whatever is neither an answer nor a request is passed over: software echoes, and lines make noise."""
        told: list[Told] = []
        at = 0
        while at < len(data):
            if data.startswith(self.manner.ack, at):
                self._on_ack(now, told)
                at += len(self.manner.ack)
                continue
            byte = data[at : at + 1]
            if byte == ACK:
                self._on_ack(now, told)
            elif byte == NAK:
                self._on_nak(now, told)
            elif self.manner.request and byte == self.manner.request:
                self._on_request(now)
            at += 1
        self._go_on(now)
        return told

    def on_time(self, now: int) -> list[Told]:
        """To be called at `next_due`, or somewhat later."""
        told: list[Told] = []
        if self._unanswered and self._is_waiting and now >= self._unanswered[-1] + self._within:
            self._on_silence(now, told)
        self._go_on(now)
        return told

    def next_due(self) -> int | None:
        """When something will have to be done that no byte brings about."""
        dues: list[int] = []
        if self._is_waiting:
            dues.append(self._unanswered[-1] + self._within)
        elif self._unanswered:
            dues.append(self._unanswered[0] + self._late)
        elif self._message and self._again_at is not None:
            dues.append(self._again_at)
        if not self._is_waiting and (period := self._period()):
            dues.append(max(self._quiet_since + period, self._unanswered[-1] + self._late if self._unanswered else 0))
        return min(dues) if dues else None

    def take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output

    # ---------------------------------------------------------------------------------------------------------- answers

    def _on_ack(self, now: int, told: list[Told]) -> None:
        self._forget_late(now)
        if not self._unanswered:
            return  # to nothing of ours, or far too late
        self._unanswered.popleft()
        self._silent_heartbeats = 0
        if self.is_failed:
            self.is_failed = False
            told.append(Told.BACK)
        self._is_waiting = False
        # All that is unanswered is copies of one thing: a late answer is as good as one in time.
        if self._is_message:
            self._message, self._again_at = b"", None
            told.append(Told.TAKEN)
        self._said = 0

    def _on_nak(self, now: int, told: list[Told]) -> None:
        self._forget_late(now)
        if not self._unanswered:
            return
        self._unanswered.popleft()
        self._is_waiting = False
        if not self._is_message:
            return  # a heartbeat is not said again before its time
        self._refused += 1
        self._said = 0
        self._again_at = now + round(NAK_PAUSE_S * NS)
        if self._refused >= self.manner.nak_attempts_max:
            self._message, self._again_at = b"", None
            told.append(Told.REFUSED)

    def _on_request(self, now: int) -> None:
        pause = round(self.manner.request_pause_s * NS)
        if self._request_at is None or now - self._request_at >= pause:
            self._request_at = now
            self._is_asked = True

    def _on_silence(self, now: int, told: list[Told]) -> None:
        self._is_waiting = False
        if self._is_heartbeat:
            self._silent_heartbeats += 1
            is_enough = self._silent_heartbeats >= SILENT_HEARTBEATS_MAX
        else:
            is_enough = self._said >= self.manner.attempts_max
        if not self.is_failed and not is_enough:
            self._again_at = now if self._message else None
            return
        if not self.is_failed:
            self.is_failed = True
            told.append(Told.FAILED)
        # Only heartbeats from now on, or the message itself where there are none.
        self._again_at = None if self.manner.heartbeat_period_s else now + round(PROBE_S * NS)

    # ---------------------------------------------------------------------------------------------------------- talking

    def _go_on(self, now: int) -> None:
        if self._is_waiting:
            return
        self._forget_late(now)
        if self._unanswered and not self._is_message:
            return
        if self._message and not self.is_failed and self._again_at is None:
            self._again_at = now
        if self._message and self._again_at is not None and now >= self._again_at:
            self._said += 1
            self.attempts += 1
            self._write(self._message, now, is_heartbeat=False)
        elif not self._unanswered and (
            self._is_asked or ((period := self._period()) and now >= self._quiet_since + period)
        ):
            self._is_asked = False
            self._write(self._heartbeat, now, is_heartbeat=True)

    def _write(self, data: bytes, now: int, *, is_heartbeat: bool) -> None:
        self._output += data
        self._unanswered.append(now)
        self._quiet_since = now
        self._is_waiting, self._is_heartbeat = True, is_heartbeat
        if not is_heartbeat:
            self._again_at = None

    @property
    def _is_message(self) -> bool:
        """What is unanswered is the message under way: its answers cannot be taken for another's."""
        return bool(self._message) and self._said > 0 and not self._is_heartbeat

    def _forget_late(self, now: int) -> None:
        while self._unanswered and now >= self._unanswered[0] + self._late:
            self._unanswered.popleft()

    def _period(self) -> int:
        return round(self.manner.heartbeat_period_s * NS)

    @property
    def _within(self) -> int:
        return round(self.manner.reply_within_s * NS)

    @property
    def _late(self) -> int:
        return round(self.manner.reply_within_s * LATE_ANSWER_FACTOR * NS)
