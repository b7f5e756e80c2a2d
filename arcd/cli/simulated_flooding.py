"""Many messages of one protocol: a bounded load, each connection with one message under way.

One rule: a line is paced by its own ACK. Nothing is sent before the answer to what went before, or the end of the wait
for it, so that what is slow shows as a lower rate and never as a queue.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from arcd.cli.failures import CliError
from arcd.cli.flooding import MESSAGES_MAX, RATE_MAX, SECONDS_MAX, UNANSWERED, Outcome
from arcd.cli.simulated import Carrier, Made
from arcd.clock import Clock

CONNECTIONS_MAX = 64  # a thread each


class PacedLoad(Struct, frozen=True, kw_only=True):
    """`made(number)` is the message with that number, from 0; `opened` a connection of its own."""

    messages: int
    rate_per_s: float | None  # of all together; None: as fast as the answers come
    connections: int
    seconds_max: float
    timeout_s: float
    made: Callable[[int], Made]
    opened: Callable[[], Carrier]

    def __post_init__(self) -> None:
        assert 0 < self.messages <= MESSAGES_MAX
        assert 0 < self.connections <= CONNECTIONS_MAX
        assert self.rate_per_s is None or 0 < self.rate_per_s <= RATE_MAX
        assert 0 < self.seconds_max <= SECONDS_MAX


class PacedFlood:
    def __init__(self, load: PacedLoad, clock: Clock, told: Callable[[int, int], None]) -> None:
        self._load = load
        self._clock = clock
        self._told = told
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._next = 0
        self._replies: Counter[str] = Counter()
        self._elapsed_s: list[float] = []
        self._started_s = 0.0  # when the first way was open

    def run(self) -> Outcome:
        """CliError when nobody can be reached. Ends with the last message, or when the time is up."""
        load = self._load
        count = min(load.connections, load.messages)
        with ThreadPoolExecutor(count) as threads:
            devices = [threads.submit(self._device) for _ in range(count)]
            try:
                failures = [failure for each in devices if (failure := each.exception()) is not None]
            finally:
                self._ended.set()  # also when somebody breaks it off
        if failures and (not self._replies or not isinstance(failures[0], CliError)):
            raise failures[0]
        return Outcome(
            sent=sum(self._replies.values()),
            replies=dict(self._replies),
            seconds=self._clock.monotonic_s() - self._started_s,
            elapsed_s=tuple(sorted(self._elapsed_s)),
        )

    def _device(self) -> None:
        carrier = self._load.opened()
        try:
            carrier.open()
            with self._lock:
                self._started_s = self._started_s or self._clock.monotonic_s()
            while (number := self._take()) is not None:
                self._deliver(carrier, self._load.made(number))
        finally:
            carrier.close()

    def _take(self) -> int | None:
        """The number of the next message when it is due; None when there is none, or no time for it."""
        load = self._load
        with self._lock:
            number, self._next = self._next, self._next + 1
        if number >= load.messages or self._ended.is_set():
            return None
        due_s = self._started_s if load.rate_per_s is None else self._started_s + number / load.rate_per_s
        end_s = self._started_s + load.seconds_max
        wait_s = min(due_s, end_s) - self._clock.monotonic_s()
        if (wait_s > 0 and self._ended.wait(wait_s)) or due_s >= end_s or self._clock.monotonic_s() >= end_s:
            return None
        return number

    def _deliver(self, carrier: Carrier, made: Made) -> None:
        began_s = self._clock.monotonic_s()
        left_s = self._started_s + self._load.seconds_max - began_s
        timeout_s = max(min(self._load.timeout_s, left_s), 0.001)
        answer = carrier.deliver(made, timeout_s)
        elapsed_s = self._clock.monotonic_s() - began_s
        with self._lock:
            self._replies[answer.kind or UNANSWERED] += 1
            if answer.kind == "ack":
                self._elapsed_s.append(elapsed_s)
            self._told(sum(self._replies.values()), self._load.messages)
        if answer.kind is None and elapsed_s < timeout_s:
            self._ended.wait(timeout_s - elapsed_s)  # hung up on: a device would wait, and so do we
