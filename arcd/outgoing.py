"""The outputs that the settings ask for: made, begun, run, and told of.

One rule: a first start begins at the journal's end. What happened before an output was asked for is nobody's backlog.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from socket import socket

from msgspec import Struct

from arcd.clock import Clock
from arcd.core.facts import ForwardAcknowledged
from arcd.core.forwarding.model import ForwardState
from arcd.degraded import Reading
from arcd.dialects import read_options
from arcd.forwarding.courier import Courier, Health, Sender
from arcd.forwarding.cursor import Cursor
from arcd.forwarding.door import DoorTransport
from arcd.forwarding.feed import Feed, Wanted
from arcd.forwarding.forms import AUTOMATION, printer
from arcd.forwarding.line_output import LineOutput, PortTransport, Transport
from arcd.gateways.line_tcp import TcpClientPort
from arcd.gateways.serial import SerialPort
from arcd.metrics import Metrics
from arcd.runtime import Runtime
from arcd.settings.outputs import OutputSettings
from arcd.store import Entry


class JournalOf(Struct, frozen=True):
    """Implements `arcd.forwarding.feed.Journal`."""

    runtime: Runtime

    def follow(self, after: int) -> AsyncIterator[Entry]:
        return self.runtime.follow(after)

    def entry(self, seq: int) -> AsyncIterator[Entry]:
        return self.runtime.store.entries(after=seq - 1, until=seq)


class Outputs:
    """Made before anything is opened; `begin` when the journal has been restored, `run` when panels are heard."""

    def __init__(self, settings: Sequence[OutputSettings], *, runtime: Runtime, clock: Clock, metrics: Metrics) -> None:
        self._settings = {output.name: output for output in settings}
        self._runtime = runtime
        self._clock = clock
        self._metrics = metrics
        self._couriers: dict[str, Courier] = {}

    def begin(self, listeners: Mapping[str, Sequence[socket]]) -> None:
        for name, settings in self._settings.items():
            state = self._runtime.station.state.forwards.get(name)
            after = self._runtime.committed_seq if state is None else state.acknowledged
            if state is None:
                self._runtime.post(ForwardAcknowledged(at=self._clock.now(), output=name, seq=after))
            self._couriers[name] = self._courier(settings, listeners.get(name, ()), after)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for name, courier in self._couriers.items():
                tasks.create_task(courier.run(), name=f"output {name}")

    def finish(self) -> None:
        """The daemon stops: nothing is sent any more, and what was acknowledged is written down."""
        for courier in self._couriers.values():
            courier.sender.close()
            courier.cursor.flush()

    # ------------------------------------------------------------------------------------------------- what is told

    def healths(self) -> tuple[Health, ...]:
        return tuple(courier.health() for courier in self._couriers.values())

    def readings(self) -> Iterator[Reading]:
        for health in self.healths():
            waits = f"; {health.waiting} signals wait" if health.waiting else ""
            is_bad = not health.is_up and (health.is_on or health.waiting > 0)
            yield Reading("output_down", is_bad, f"{health.where}: {health.detail}{waits}", about=health.name)

    def is_on(self, name: str, at: int) -> bool:
        state = self._runtime.station.state.forwards.get(name) or ForwardState()
        switch = state.switch_at(at)
        return switch.on if switch is not None else True

    # ------------------------------------------------------------------------------------------------------- inside

    def _courier(self, settings: OutputSettings, listeners: Sequence[socket], after: int) -> Courier:
        name, runtime = settings.name, self._runtime
        wanted = Wanted(
            sites=frozenset(settings.sites),
            groups=frozenset(settings.groups),
            categories=frozenset(settings.categories),
            held=settings.on_test,
            strangers=settings.strangers,
        )
        feed = Feed(
            JournalOf(runtime),
            wanted,
            is_on=lambda at: self.is_on(name, at),
            site=runtime.station.state.sites.get,
        )
        cursor = Cursor(name, after, post=runtime.post, clock=self._clock)
        sender = self._sender(settings, listeners)
        return Courier(name, feed, sender, cursor, is_on=lambda: self.is_on(name, self._clock.now()))

    def _sender(self, settings: OutputSettings, listeners: Sequence[socket]) -> Sender:
        form = AUTOMATION[settings.form](
            read_options(settings.form, settings.options), settings.receiver, settings.line
        )
        return LineOutput(
            form=settings.form,
            transport=self._transport(settings, listeners),
            manner=form.manner,
            heartbeat=form.heartbeat,
            encode=printer(form, settings.accounts),
            clock=self._clock,
        )

    def _transport(self, settings: OutputSettings, listeners: Sequence[socket]) -> Transport:
        if settings.serial is not None:
            return PortTransport(SerialPort(str(settings.serial.port), settings.serial.serial_mode))
        if settings.connect is not None:
            return PortTransport(TcpClientPort(settings.connect.host, settings.connect.port))
        assert settings.listen is not None, "checked in arcd.settings.output_contradictions"
        return DoorTransport(listeners, allowed=settings.listen.allow, metrics=self._metrics)
