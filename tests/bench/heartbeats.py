"""Panels that only say that they live: the load of `tests.bench.supervision`, in a process of its own.

    python -m tests.bench.heartbeats < order.json > sent.json

One rule: as panels do it. Each speaks at its own moment, repeats a link test that nobody acknowledged after
REPEAT_S, and some fall silent for good at their instant.
"""

from __future__ import annotations

import heapq
import re
import select
import socket
import sys
import time

import msgspec
from msgspec import Struct

from protocols.dc09 import Dialler

REPEAT_S = 2.0
REPEATS_MAX = 3
_ACCOUNT = re.compile(rb"#([0-9A-Za-z]+)")
READS_AT_ONCE = 400
BUFFER_BYTES = 4 << 20


class Panels(Struct, frozen=True, kw_only=True):
    prefix: str
    count: int
    interval_s: float
    silent: int = 0  # the first so many …
    silent_from_s: float = 0.0  # … say nothing from here on


class Order(Struct, frozen=True, kw_only=True):
    port: int
    seconds: float
    groups: list[Panels]


class Sent(Struct, frozen=True, kw_only=True):
    heartbeats: int
    acknowledged: int
    repeats: int
    given_up: int
    late_ms_max: float  # of this process itself


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(send(order)))


def send(order: Order) -> Sent:
    line = socket.socket(type=socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    line.connect(("127.0.0.1", order.port))
    line.setblocking(False)
    frames: dict[str, bytes] = {}
    coming: list[tuple[float, str, float]] = []
    ends: dict[str, float] = {}
    began_s = time.monotonic()
    for group in order.groups:
        for number in range(group.count):
            account = f"{group.prefix}{number}"
            frames[account] = Dialler(account=account).null(sequence=0)
            coming.append((began_s + 1.0 + group.interval_s * number / group.count, account, group.interval_s))
            if number < group.silent:
                ends[account] = began_s + group.silent_from_s
    heapq.heapify(coming)
    began_s = time.monotonic()
    waiting: dict[str, tuple[float, int]] = {}
    repeating: list[tuple[float, str]] = []
    sent = acknowledged = repeats = given_up = 0
    late_s = 0.0
    while (now_s := time.monotonic()) < began_s + order.seconds:
        while coming[0][0] <= now_s:
            due_s, account, interval_s = coming[0]
            heapq.heapreplace(coming, (due_s + interval_s, account, interval_s))
            if due_s >= ends.get(account, due_s + 1):
                continue
            late_s = max(late_s, now_s - due_s)
            line.send(frames[account])
            waiting[account] = (now_s, 1)
            heapq.heappush(repeating, (now_s + REPEAT_S, account))
            sent += 1
        while repeating and repeating[0][0] <= now_s:
            _, account = heapq.heappop(repeating)
            tried_s, tries = waiting.get(account, (now_s, 0))
            if not tries or now_s - tried_s < REPEAT_S * 0.9:
                continue
            if tries >= REPEATS_MAX:
                given_up += 1
                del waiting[account]
                continue
            line.send(frames[account])
            repeats += 1
            waiting[account] = (now_s, tries + 1)
            heapq.heappush(repeating, (now_s + REPEAT_S, account))
        wait_s = max(0.0, min(coming[0][0] - time.monotonic(), 0.01))
        if select.select([line], [], [], wait_s)[0]:
            for _ in range(READS_AT_ONCE):
                try:
                    reply = line.recv(2048)
                except BlockingIOError:
                    break
                found = _ACCOUNT.search(reply)
                account = found[1].decode() if found is not None else ""
                if waiting.pop(account, None) is not None:
                    acknowledged += 1
    return Sent(
        heartbeats=sent, acknowledged=acknowledged, repeats=repeats, given_up=given_up, late_ms_max=late_s * 1e3,
    )  # fmt: skip


if __name__ == "__main__":
    main()
