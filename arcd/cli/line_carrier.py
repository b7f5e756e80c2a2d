"""The receiver-line dialects, and the two formats that panels speak over IP by themselves, from the far side.

One rule: one message is under way, as on the line itself. What counts as ACK or NAK is what the dialect's own codec
would answer to these very bytes, so a line whose `text_ack` is set is judged by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from arcd.cli.simulated import ANSWER_BYTES_MAX, Answer, Made, Saying, Where
from arcd.clock import SystemClock
from protocols.codec import Received, ReplyKind
from protocols.receiver_lines import (
    ademco685,
    dc07,
    fbi_cp220,
    galaxy,
    iti,
    osborne_hoffman,
    radionics6500,
    surgard,
)
from protocols.receiver_lines.dialects import DIALECTS

REFUSED: Final = "refused: nobody works on that account, or the line is set up with another dialect"
NO_GREETING: Final = "no greeting of 24 bytes came: the other side does not speak Osborne-Hoffman, or not encrypted"

Write = Callable[[Saying, dict[str, str], Any], Iterable[bytes]]


def _printed(module: Any) -> Write:
    """A dialect whose `encode_line` and `encode_heartbeat` are told where and how."""

    def write(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
        if saying.event is None:
            return [module.encode_heartbeat(**where, dialect=options)]
        return [module.encode_line(saying.event.signal(), account=saying.account, **where, dialect=options)]

    return write


def _ademco685(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
    if saying.event is None:
        return [ademco685.encode_heartbeat(dialect=options)]
    return [ademco685.encode_line(saying.event.signal(), account=saying.account, **where, dialect=options)]


def _dc07(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
    sequence = f"{saying.number:04}"
    if saying.event is None:
        return [dc07.encode_heartbeat(sequence=sequence, **where)]
    return [dc07.encode_line(saying.event.signal(), account=saying.account, sequence=sequence, **where)]


def _osborne_hoffman(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
    if saying.event is None:
        return [osborne_hoffman.encode_heartbeat(account=saying.account, **where)]
    sequence = f"{saying.number:04}"
    return [osborne_hoffman.encode_event(saying.event.signal(), account=saying.account, sequence=sequence, **where)]


def _galaxy(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
    if saying.event is None:
        return [galaxy.encode_block(b"#", saying.account.encode("ascii")), galaxy.encode_block(b"0")]
    return galaxy.encode_event(saying.event.signal(), account=saying.account)


def _iti(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
    if saying.event is None:
        return [iti.encode_heartbeat()]
    if options.is_enhanced:
        zone = {} if saying.event.zone is None else {"Z": saying.event.zone}
        fields = {"R": "", "I": where.get("receiver", "A1"), "L": where.get("line", "B"), "A": saying.account}
        return [iti.encode_enhanced({**fields, "V": saying.code, **zone}, "00")]
    return [iti.encode_generic(saying.code, account=saying.account, **where)]


def _fbi_cp220(saying: Saying, where: dict[str, str], options: Any) -> list[bytes]:
    if saying.event is None:
        raise ValueError("no heartbeat of this format is known: send --code, as the receiver prints it")
    where = {"receiver": "1", "line": "1", **where}
    return [fbi_cp220.encode_line(saying.code.upper(), account=saying.account, **where, dialect=options)]


WRITERS: Final[dict[str, Write]] = {
    "surgard": _printed(surgard),
    "ademco685": _ademco685,
    "radionics6500": _printed(radionics6500),
    "dc07": _dc07,
    "osborne_hoffman": _osborne_hoffman,
    "galaxy": _galaxy,
    "iti": _iti,
    "fbi_cp220": _fbi_cp220,
}


def maker(dialect: str) -> Callable[[Saying, Any], Made]:
    """ValueError for what has no place in the dialect."""

    def make(saying: Saying, options: Any) -> Made:
        if not saying.account.isascii():
            raise ValueError(f"account {saying.account!r}: letters and digits of ASCII")
        where = {name: value for name, value in (("receiver", saying.receiver), ("line", saying.line)) if value}
        parts = tuple(WRITERS[dialect](saying, where, options))
        for part in parts:
            _answers(dialect, options, part, None)
        return Made(b"".join(parts).decode("latin-1"), parts, options)

    return make


class LineCarrier:
    def __init__(self, where: Where, dialect: str) -> None:
        self._wire = where.wire()
        self._dialect = dialect
        self._clock = SystemClock()
        self._key: bytes | None = None  # of this connection, where the other side greets
        self._is_stale = False  # the answer to something earlier may still come

    def open(self) -> None:
        self._wire.open()

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        answer = Answer()
        for part in made.parts:
            answer = self._exchange(part, made.options, timeout_s)
            if answer.kind != "ack":
                break
        return answer

    def close(self) -> None:
        self._wire.close()
        self._key, self._is_stale = None, False

    def _exchange(self, part: bytes, options: Any, timeout_s: float) -> Answer:
        is_sealed = DIALECTS[self._dialect].has_greeting and options.is_encrypted
        if not self._is_ready(timeout_s, is_greeted=is_sealed):
            return Answer(None, NO_GREETING)
        due_s = self._clock.monotonic_s() + timeout_s
        frame = part if self._key is None else osborne_hoffman.seal(part, self._key)
        wanted = _answers(self._dialect, options, frame, self._key)
        self._wire.send(frame)
        came = b""
        while (left_s := due_s - self._clock.monotonic_s()) > 0 and len(came) < ANSWER_BYTES_MAX:
            arrived = self._wire.receive(left_s)
            if not arrived:
                if arrived is not None:
                    self.close()  # the next transmission connects anew
                    return Answer(None, _text_of(came))
                break
            came += arrived
            for data, kind in wanted:
                if came.startswith(data):
                    return Answer("ack" if kind is ReplyKind.ACK else "nak", _text_of(came))
        self._is_stale = True
        return Answer(None, _text_of(came))

    def _is_ready(self, timeout_s: float, *, is_greeted: bool) -> bool:
        if not self._wire.is_open:
            self._key, self._is_stale = None, False
        self._wire.open()
        if self._is_stale:
            self._wire.receive(0.0)
            self._is_stale = False
        if is_greeted and self._key is None:
            greeting, due_s = b"", self._clock.monotonic_s() + timeout_s
            while len(greeting) < osborne_hoffman.SESSION_KEY_BYTES:
                arrived = self._wire.receive(max(due_s - self._clock.monotonic_s(), 0.0))
                if not arrived:
                    self.close()
                    return False
                greeting += arrived
            self._key = osborne_hoffman.mask(greeting[: osborne_hoffman.SESSION_KEY_BYTES])
        return True


def _answers(dialect: str, options: Any, frame: bytes, key: bytes | None) -> list[tuple[bytes, ReplyKind]]:
    """What the other side may say to it. ValueError for a frame that no receiver of this dialect could read."""
    if DIALECTS[dialect].has_greeting and key is None:
        if options.is_encrypted:
            return []  # not sealed yet
        key = bytes(osborne_hoffman.SESSION_KEY_BYTES)
    codec = DIALECTS[dialect].make(options, key)
    items = [item for item in codec.receive_data(frame, 0) if isinstance(item, Received)]
    if not items:
        raise ValueError("it cannot be written so that it is read again: leave out letters that the format has not")
    answers = [(codec.encode_reply(items[-1], kind, 0), kind) for kind in (ReplyKind.ACK, ReplyKind.NAK)]
    return [(data, kind) for data, kind in answers if data]


def _text_of(came: bytes) -> str:
    return came[:64].hex(" ")
