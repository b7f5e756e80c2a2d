"""What the daemon says of its listeners: the fact, the metric, the lines of the status."""

from __future__ import annotations

import os
import resource
import socket

from arcd.clock import VirtualClock
from arcd.core.facts import DaemonTroubled
from arcd.gateways.listeners import Listeners
from arcd.listener_watch import ListenerWatch
from arcd.metrics import Metrics
from arcd.sockets import bind
from tests.arcd.gateways.test_listeners import serve, shut_down


class Hall:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.posted: list[DaemonTroubled] = []
        self.metrics = Metrics(version="test")
        self.watch = ListenerWatch(post=self.posted.append, clock=self.clock, metrics=self.metrics)
        self.listeners = Listeners("dc09-tcp", [bind(socket.SOCK_STREAM, ("127.0.0.1", 0))], serve)
        self.watch.watch(self.listeners)

    async def strike(self) -> None:
        shut_down(self.listeners)
        await self.watch.look()

    def said(self) -> list[str]:
        return [f"{fact.code}/{fact.about} {fact.detail}" for fact in self.posted]

    def told(self, code: str) -> tuple[bool, str]:
        return next((each.is_bad, each.detail) for each in self.watch.readings() if each.code == code)


async def test_a_listener_that_was_gone_is_a_fact_of_our_own() -> None:
    hall = Hall()
    await hall.listeners.start()
    [address] = hall.listeners.addresses
    await hall.watch.look()
    assert hall.posted == []
    assert hall.told("listener_down") == (False, f"reached at {address}")
    await hall.strike()
    assert hall.said() == [f"listener_rebound/dc09-tcp {address}: it was shut down"]
    assert "arc_listeners_rebound_total 1.0" in hall.metrics.exposition("")[0].decode()
    hall.listeners.close()


async def test_one_that_goes_and_comes_is_told_of_once_a_minute() -> None:
    hall = Hall()
    await hall.listeners.start()
    [address] = hall.listeners.addresses
    for _ in range(30):
        await hall.strike()
        hall.clock.advance(1)
    assert len(hall.said()) == 1
    hall.clock.advance(60)
    await hall.watch.look()
    assert hall.said()[1:] == [f"listener_rebound/dc09-tcp 29 times, the last: {address}: it was shut down"]
    hall.listeners.close()


async def test_without_a_file_descriptor_nobody_is_let_in() -> None:
    hall = Hall()
    await hall.listeners.start()
    assert hall.told("descriptors_spent")[0] is False
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        free = os.dup(0)  # the first number that is free
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, allowed[1]))
        told = hall.told("descriptors_spent")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)
    assert told == (True, f"all {free} file descriptors are in use: raise LimitNOFILE= of the unit")
    hall.listeners.close()
