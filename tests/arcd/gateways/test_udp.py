"""UDP on real loopback sockets: one frame a datagram, the reply to where it came from."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from arcd.clock import VirtualClock
from arcd.gateways import reading, udp
from arcd.gateways.admission import STRANGER_FRAMES_MAX
from arcd.gateways.udp import SOURCE_PART, UdpGateway
from arcd.metrics import Metrics
from protocols.codec import Profiles, ReplyKind, WireProfile
from protocols.secrets import WireKey
from tests.arcd.gateways.inbox import PANEL, Inbox, a_while, ack_of, alarm, new_datagram_codec, udp_socket
from tests.patience import in_time, until


class Field:
    def __init__(self, gateway: UdpGateway, inbox: Inbox, metrics: Metrics) -> None:
        self.gateway = gateway
        self.inbox = inbox
        self.metrics = metrics
        host, _, port = gateway.addresses[0].rpartition(":")
        self.address = (host, int(port))

    def panel(self) -> socket.socket:
        panel = udp_socket()
        panel.connect(self.address)
        return panel


@asynccontextmanager
async def field(
    *, answers_at_once: bool = True, profiles: Profiles | None = None, queue_depth_max: int = 10_000
) -> AsyncIterator[Field]:
    inbox, metrics = Inbox(answers_at_once=answers_at_once), Metrics(version="test", channels=[])
    gateway = UdpGateway(
        name="dc09-udp",
        protocol="dc09",
        sockets=[udp_socket()],
        new_codec=new_datagram_codec,
        intake=inbox,
        clock=VirtualClock(),
        metrics=metrics,
        profiles=profiles,
        queue_depth_max=queue_depth_max,
    )
    await gateway.start()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gateway.run())
        try:
            yield Field(gateway, inbox, metrics)
        finally:
            running.cancel()
            await gateway.close()
            await a_while()


async def receive(panel: socket.socket) -> bytes:
    return await in_time(asyncio.get_running_loop().sock_recv(panel, 65_536))


async def test_each_panel_gets_its_own_reply() -> None:
    async with field(answers_at_once=False) as here:
        with here.panel() as one, here.panel() as other:
            one.send(alarm(1))
            await until(lambda: len(here.inbox.frames) == 1)
            other.send(alarm(2))
            await until(lambda: len(here.inbox.frames) == 2)
            here.inbox.answer(1)
            here.inbox.answer(0)
            assert ack_of(await receive(one)) == ("ack", "0001")
            assert ack_of(await receive(other)) == ("ack", "0002")


async def test_a_datagram_stands_for_itself() -> None:
    """Two halves in two datagrams are two pieces of noise, not a frame."""
    async with field() as here:
        with here.panel() as panel:
            panel.send(alarm(1)[:20])
            panel.send(alarm(1)[20:])
            panel.send(alarm(2))
            assert ack_of(await receive(panel)) == ("ack", "0002")
            assert here.inbox.sequences == ["0002"]
            assert len(here.inbox.malformed) == 1  # the second is counted: same source, same minute


async def test_two_frames_in_one_datagram_are_both_answered() -> None:
    async with field() as here:
        with here.panel() as panel:
            panel.send(alarm(1) + alarm(2))
            assert [ack_of(await receive(panel)) for _ in range(2)] == [("ack", "0001"), ("ack", "0002")]


@pytest.mark.parametrize("reason", ["full", "stopping"])
async def test_what_cannot_be_taken_is_not_answered_and_counted(reason: str) -> None:
    async with field() as here:
        with here.panel() as panel:
            if reason == "full":
                here.inbox.fill()
            else:
                await here.gateway.stop_taking()
            panel.send(alarm(1))
            await until(lambda: b'arc_connections_refused_total{limit="queue"} 1.0' in here.metrics.exposition()[0])
            assert here.inbox.facts == []
            if reason == "full":
                here.inbox.empty()
                panel.send(alarm(1))
                assert ack_of(await receive(panel)) == ("ack", "0001")


async def test_what_was_taken_before_a_stop_is_answered() -> None:
    async with field(answers_at_once=False) as here:
        with here.panel() as panel:
            panel.send(alarm(1))
            await until(lambda: len(here.inbox.frames) == 1)
            await here.gateway.stop_taking()
            here.inbox.answer()
            assert ack_of(await receive(panel)) == ("ack", "0001")


async def test_silence_sends_no_datagram_at_all() -> None:
    async with field(answers_at_once=False) as here:
        with here.panel() as panel:
            panel.send(alarm(1))
            panel.send(PANEL.null(sequence=0))
            await until(lambda: len(here.inbox.frames) == 1)
            here.inbox.answer(kind=ReplyKind.NONE)
            assert ack_of(await receive(panel)) == ("ack", "0000")
            await a_while()
            with pytest.raises(BlockingIOError):
                panel.recv(1)


async def test_a_panel_that_has_gone_disturbs_nobody() -> None:
    async with field(answers_at_once=False) as here:
        with here.panel() as gone:
            gone.send(alarm(1))
            await until(lambda: len(here.inbox.frames) == 1)
        for _ in range(2):  # the kernel tells the second one that nobody is there
            here.inbox.post(here.inbox.frames[0], None)
        here.inbox.answer()
        await a_while()
        with here.panel() as panel:
            panel.send(alarm(2))
            await until(lambda: "0002" in here.inbox.sequences)
            here.inbox.answer()
            assert ack_of(await receive(panel)) == ("ack", "0002")


async def test_noise_is_folded_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "SWEEP_S", 0.001)
    async with field() as here:
        with here.panel() as panel:
            for _ in range(3):
                panel.send(b"noise")
            await until(lambda: len(here.inbox.malformed) == 1)
            panel.send(alarm(1))
            await receive(panel)
            clock = here.gateway.clock
            assert isinstance(clock, VirtualClock)
            clock.advance(61)
            await until(lambda: len(here.inbox.malformed) == 2)
            assert [fact.count for fact in here.inbox.malformed] == [1, 2]


# --------------------------------------------------------------------------------------------------------------- floods


def configured(account: str) -> WireProfile:
    return WireProfile(is_configured=account == "1001")


def refused(here: Field, limit: str) -> float:
    wanted = f'arc_connections_refused_total{{limit="{limit}"}} '
    (line,) = [each for each in here.metrics.exposition()[0].decode().splitlines() if each.startswith(wanted)]
    return float(line.removeprefix(wanted))


async def test_a_stranger_has_a_few_places_and_a_panel_at_the_same_address_is_still_heard() -> None:
    async with field(answers_at_once=False, profiles=configured) as here:
        with here.panel() as stranger, here.panel() as panel:
            for number in range(1, STRANGER_FRAMES_MAX + 11):
                stranger.send(alarm(number, "9999"))
            await until(lambda: refused(here, "source_share") == 10)
            panel.send(alarm(1))
            await until(lambda: len(here.inbox.frames) == STRANGER_FRAMES_MAX + 1)
            here.inbox.answer(STRANGER_FRAMES_MAX)
            assert ack_of(await receive(panel)) == ("ack", "0001")
            for number in range(1, STRANGER_FRAMES_MAX + 1):
                here.inbox.answer(kind=ReplyKind.DUH)
                assert ack_of(await receive(stranger)) == ("duh", f"{number:04d}")
            stranger.send(alarm(99, "9999"))
            await until(lambda: here.inbox.owed == 1)


async def test_a_panel_whose_frame_is_not_genuine_is_a_stranger() -> None:
    def keyed(account: str) -> WireProfile:
        return WireProfile(is_configured=True, key=WireKey(bytes(16)))

    async with field(answers_at_once=False, profiles=keyed) as here:
        with here.panel() as panel:
            panel.send(alarm(1))
            await until(lambda: here.inbox.owed == 1)
            assert here.gateway.genuine.has_room("127.0.0.1")


async def test_one_source_of_genuine_frames_has_a_part_of_the_machine() -> None:
    async with field(answers_at_once=False, profiles=configured, queue_depth_max=8 * SOURCE_PART) as here:
        with here.panel() as panel, here.panel() as other:
            for number in range(1, 11):
                panel.send(alarm(number))
            await until(lambda: refused(here, "source_share") == 2)
            assert len(here.inbox.frames) == 8
            for _ in range(8):
                here.inbox.answer()
            other.send(alarm(20))
            await until(lambda: here.inbox.owed == 1)


async def test_noise_without_end_is_counted_unread_and_frames_from_there_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "NOISY_COUNT", 20)
    async with field(profiles=configured) as here:
        with here.panel() as panel:
            for _ in range(60):
                panel.send(b"GET / HTTP/1.1")
            panel.send(alarm(1))
            assert ack_of(await receive(panel)) == ("ack", "0001")
            await until(lambda: here.gateway.reader.is_noisy("127.0.0.1"))
            here.gateway.reader.flush()
            assert [fact.count for fact in here.inbox.malformed] == [1, 59], "the first kept whole, the rest counted"
            assert not here.gateway.reader.is_noisy("127.0.0.1")
