"""A receiver on a serial line at full speed: a process of its own that paces its bytes as a UART would.

    python -m tests.bench.line_load MASTER_FD BAUD SECONDS HOW < /dev/null > measured.json

HOW is `waits`: the next message leaves when the one before it is acknowledged, as receivers do, so the line is never
idle longer than the answer takes; or `rushes`: no answer is waited for, every bit time is used.

One rule: a message has arrived when its last bit would have; from then on its ACK is late.
"""

from __future__ import annotations

import os
import select
import sys
import time
from itertools import count

import msgspec

from protocols.receiver_lines.surgard import encode_line
from protocols.sia import signal
from tests.bench.rows import Measured

ACK = b"\x06"
BITS_PER_BYTE = 10  # start, eight of data, stop
ACCOUNTS = 200
ACCOUNT_FIRST = 2_000
ROUTINE = ("OP", "CL", "RP")
ANSWER_S_MAX = 4.0  # Sur-Gard: then the message is repeated
WARM_UP_S = 1.5
RUN_OUT_S = 2.0


def message(number: int) -> bytes:
    account = str(ACCOUNT_FIRST + number % ACCOUNTS)
    code = ROUTINE[number // ACCOUNTS % len(ROUTINE)]
    user = f"{number // ACCOUNTS % 100:02}"
    event = signal(code, area="1", zone=user) if code == "RP" else signal(code, area="1", user=user)
    return encode_line(event, account=account)


class Load:
    def __init__(self, master: int, baud: int) -> None:
        self._master = master
        self._byte_s = BITS_PER_BYTE / baud
        self._free_at = time.perf_counter()
        self.sent = 0
        self.answered = 0
        self.repeats = 0
        self.latencies: list[float] = []

    def waits(self, until: float) -> None:
        measured_from = until - (until - time.perf_counter()) + WARM_UP_S
        for number in count():
            if time.perf_counter() >= until:
                return
            arrived = self._send(message(number))
            while not self._answers(ANSWER_S_MAX):
                self.repeats += 1
                self._send(message(number))
            self.answered += 1
            if arrived >= measured_from:
                self.latencies.append(time.perf_counter() - arrived)

    def rushes(self, until: float) -> None:
        for number in count():
            if time.perf_counter() >= until:
                break
            self._send(message(number))
            self._answers(0)
        while self._answers(RUN_OUT_S):
            pass

    def _send(self, frame: bytes) -> float:
        """Return when its last bit has arrived."""
        self._free_at = max(self._free_at, time.perf_counter()) + len(frame) * self._byte_s
        while (left := self._free_at - time.perf_counter()) > 0:
            time.sleep(left)
        rest = frame
        while rest:  # a line that is not read holds the sender up, as hardware flow control would
            select.select([], [self._master], [])
            rest = rest[os.write(self._master, rest) :]
        self.sent += 1
        return time.perf_counter()

    def _answers(self, wait_s: float) -> int:
        if not select.select([self._master], [], [], wait_s)[0]:
            return 0
        return os.read(self._master, 65_536).count(ACK)


def main() -> None:
    master, baud, seconds, how = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    load, began = Load(master, baud), time.perf_counter()
    (load.waits if how == "waits" else load.rushes)(began + WARM_UP_S + seconds)
    ordered = sorted(load.latencies) or [0.0]
    took_s = time.perf_counter() - began
    measured = Measured(
        per_second=load.sent / took_s,
        p50_ms=1000 * ordered[len(ordered) // 2],
        p99_ms=1000 * ordered[len(ordered) * 99 // 100],
        max_ms=1000 * ordered[-1],
        acknowledged=load.answered,
        acknowledged_ever=load.sent,  # whatever was sent must be in the journal, answered or not
        refused=0,
        repeats=load.repeats,
    )
    sys.stdout.buffer.write(msgspec.json.encode(measured))


if __name__ == "__main__":
    main()
