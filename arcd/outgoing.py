"""The outputs that the settings ask for: made, begun, run, and told of.

One rule: a first start begins at the journal's end. What happened before an output was asked for is nobody's backlog.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import timedelta
from socket import socket

from msgspec import Struct

from arcd.clock import Clock
from arcd.core.calendars import HOLIDAY, local_day, openings
from arcd.core.facts import ForwardAcknowledged
from arcd.core.forwarding.model import ForwardState
from arcd.core.site import Hours, Schedule
from arcd.credentials import CredentialError, read_secret
from arcd.degraded import Reading
from arcd.dialects import read_options
from arcd.forwarding.courier import Courier, Health, Sender
from arcd.forwarding.cursor import Cursor
from arcd.forwarding.dc09_output import Dc09Output, Numbers
from arcd.forwarding.dc09_wires import TcpWire, UdpWire, Wire
from arcd.forwarding.door import DoorTransport
from arcd.forwarding.feed import Feed, Wanted
from arcd.forwarding.forms import AUTOMATION, Shortened, printer
from arcd.forwarding.line_output import LineOutput, PortTransport, Transport
from arcd.gateways.line_tcp import TcpClientPort
from arcd.gateways.serial import SerialPort
from arcd.metrics import Metrics
from arcd.runtime import Runtime
from arcd.settings.outputs import ALWAYS, DC09, SWITCHED, OutputSettings
from arcd.start_error import StartError
from arcd.store import Entry
from protocols.counterparts import ContactIdOnly
from protocols.secrets import WireKey

NS = 1_000_000_000
TIMEZONE = "Europe/Helsinki"  # of the hours in the settings


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
        self._measured: dict[str, Health] = {}
        self._keys: dict[str, WireKey] = {}
        self._tls: dict[str, ssl.SSLContext] = {}
        for output in settings:
            try:
                self._read_secrets(output)
            except (CredentialError, ValueError, OSError) as error:
                raise StartError(f"output {output.name}: {error}") from None

    def _read_secrets(self, output: OutputSettings) -> None:
        if output.key is not None:
            secret = read_secret(output.key.credential, file=output.key.file)
            self._keys[output.name] = WireKey.parse(secret.get_secret_value().strip())
        if output.tls is not None:
            ca_file = output.tls.ca_file
            self._tls[output.name] = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))

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
        """Asked for once a second; the metrics are fed on the way."""
        for health in self.healths():
            self._measure(health)
            waits = f"; {health.waiting} signals wait" if health.waiting else ""
            is_bad = not health.is_up and (health.is_on or health.waiting > 0)
            yield Reading("output_down", is_bad, f"{health.where}: {health.detail}{waits}", about=health.name)

    def _measure(self, health: Health) -> None:
        name = health.name
        age_s = max(0.0, (self._clock.now() - health.oldest_at) / NS) if health.oldest_at else 0.0
        self._metrics.output(name, is_up=health.is_up, waiting=health.waiting, age_s=age_s)
        before = self._measured.get(name)
        fates = {"taken": health.sent, "refused": health.refused, "lost": health.lost}
        if before is not None:
            fates = {
                "taken": health.sent - before.sent,
                "refused": health.refused - before.refused,
                "lost": health.lost - before.lost,
            }
        attempts = health.attempts - (before.attempts if before is not None else 0)
        shortened = health.shortened - (before.shortened if before is not None else 0)
        self._metrics.output_done(name, attempts=attempts, fates=fates, shortened=shortened)
        self._measured[name] = health

    def is_on(self, name: str, at: int) -> bool:
        state = self._runtime.station.state.forwards.get(name) or ForwardState()
        switch = state.switch_at(at)
        return switch.on if switch is not None else is_within(self._settings[name].when, at)

    # ------------------------------------------------------------------------------------------------------- inside

    def _courier(self, settings: OutputSettings, listeners: Sequence[socket], after: int) -> Courier:
        name, runtime = settings.name, self._runtime
        wanted = Wanted(
            sites=frozenset(settings.sites),
            groups=frozenset(settings.groups),
            categories=frozenset(settings.categories),
            held=settings.on_test,
            strangers=settings.strangers,
            words=settings.says_words,
        )
        feed = Feed(
            JournalOf(runtime),
            wanted,
            is_on=lambda at: self.is_on(name, at),
            site=runtime.station.state.sites.get,
        )
        cursor = Cursor(name, after, post=runtime.post, clock=self._clock)
        sender = self._dc09(settings) if settings.form == DC09 else self._line(settings, listeners)
        return Courier(name, feed, sender, cursor, is_on=lambda: self.is_on(name, self._clock.now()))

    def _line(self, settings: OutputSettings, listeners: Sequence[socket]) -> Sender:
        form = AUTOMATION[settings.form](
            read_options(settings.form, settings.options), settings.receiver, settings.line
        )
        agreed, shortened = settings.contact_id, Shortened()
        only = ContactIdOnly(agreed.codes, agreed.otherwise) if agreed is not None else None
        return LineOutput(
            form=settings.form,
            transport=self._transport(settings, listeners),
            manner=form.manner,
            heartbeat=form.heartbeat,
            encode=printer(form, settings.accounts, only, shortened),
            clock=self._clock,
            shortened=lambda: shortened.count,
        )

    def _dc09(self, settings: OutputSettings) -> Sender:
        assert settings.connect is not None, "checked in arcd.settings.output_contradictions"
        host, port = settings.connect
        wire: Wire = UdpWire(host, port)
        if settings.transport == "tcp":
            tls = settings.tls
            wire = TcpWire(host, port, tls=self._tls.get(settings.name), tls_name="" if tls is None else tls.name)
        return Dc09Output(
            wire=wire,
            numbers=Numbers(
                receiver=settings.receiver,
                line=settings.line,
                accounts=settings.accounts,
                link_account=settings.link_account,
            ),
            key=self._keys.get(settings.name),
            clock=self._clock,
            pad=os.urandom,
            reply_within_s=settings.reply_within_s,
            link_test_s=settings.link_test_s,
            is_on=lambda: self.is_on(settings.name, self._clock.now()),
        )

    def _transport(self, settings: OutputSettings, listeners: Sequence[socket]) -> Transport:
        if settings.serial is not None:
            return PortTransport(SerialPort(str(settings.serial.port), settings.serial.serial_mode))
        if settings.connect is not None:
            return PortTransport(TcpClientPort(settings.connect.host, settings.connect.port))
        assert settings.listen is not None, "checked in arcd.settings.output_contradictions"
        return DoorTransport(listeners, allowed=settings.listen.allow, metrics=self._metrics)


def is_within(when: str | dict[str, Hours], at: int) -> bool:
    """Whether an instant lies in the hours of a week; "always" and "switched" (never, unless somebody says so)."""
    if isinstance(when, str):
        assert when in (ALWAYS, SWITCHED), when
        return when == ALWAYS
    weekdays = {day: hours for day, hours in when.items() if day != HOLIDAY}
    schedule = Schedule(weekdays=weekdays, holiday=when.get(HOLIDAY))
    first = local_day(TIMEZONE, at) - timedelta(days=1)
    return any(opening.opens <= at < opening.closes for opening in openings(schedule, TIMEZONE, first, 2))
