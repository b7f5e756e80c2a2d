"""What one TCP connection may cost, and how its panel wants it kept: on real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from arcd.gateways import connection, tcp
from arcd.gateways.admission import STRANGER_FRAMES_MAX
from protocols.codec import ConnectionPolicy, WireProfile
from protocols.dc09 import Dialler
from tests.arcd.gateways.inbox import PANEL, a_while, alarm
from tests.arcd.gateways.test_tcp import Hall, ended, hall, reply
from tests.patience import until

KNOWN = WireProfile(is_configured=True)
PROFILES = {
    "1001": KNOWN,
    "1002": WireProfile(is_configured=True, connection=ConnectionPolicy.CLOSE_AFTER_REPLY),
    "1003": WireProfile(is_configured=True, idle_limit_s=1_000.0),
    "1004": WireProfile(is_configured=True, idle_limit_s=20.0),
}


def profiles(account: str) -> WireProfile:
    return PROFILES.get(account, WireProfile())


@asynccontextmanager
async def house(**options: bool | int) -> AsyncIterator[Hall]:
    async with hall(profiles=profiles, **options) as here:  # type: ignore[arg-type]  # – its own options, passed on
        yield here


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "SWEEP_S", 0.001)
    monkeypatch.setattr(connection, "CLOSE_DELAY_S", 0.001)


# ------------------------------------------------------------------------------------------------ how it is kept


async def test_a_connection_is_kept_open_unless_its_panel_waits_for_us_to_close() -> None:
    async with house() as here:
        reader, writer = await here.connect()
        for sequence in (1, 2):
            writer.write(alarm(sequence, "1001"))
            assert await reply(reader) == ("ack", f"{sequence:04d}")
        once, writer = await here.connect()
        writer.write(alarm(1, "1002") + alarm(2, "1002"))
        assert [(await reply(once))[1] for _ in range(2)] == ["0001", "0002"]
        assert await ended(once)
        assert here.open_connections == 1


async def test_what_comes_before_we_close_is_still_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CLOSE_DELAY_S", 0.05)
    async with house(answers_at_once=False) as here:
        reader, writer = await here.connect()
        writer.write(alarm(1, "1002"))
        await until(lambda: len(here.inbox.frames) == 1)
        here.inbox.answer()
        writer.write(alarm(2, "1002"))  # before the loop turns again: however slow it is, we have not closed yet
        assert (await reply(reader))[1] == "0001"
        await until(lambda: len(here.inbox.frames) == 2)
        await asyncio.sleep(0.06)
        here.inbox.answer()
        assert (await reply(reader))[1] == "0002"
        assert await ended(reader)


async def test_a_panel_has_its_own_idle_limit() -> None:
    async with house() as here:
        readers = {}
        for account in ("1001", "1003", "1004"):
            readers[account], writer = await here.connect()
            writer.write(alarm(1, account))
            await reply(readers[account])
        here.clock.advance(21)
        assert await ended(readers["1004"])
        assert here.open_connections == 2
        here.clock.advance(300)
        assert await ended(readers["1001"])
        await a_while()
        assert here.open_connections == 1
        here.clock.advance(700)
        assert await ended(readers["1003"])


# ------------------------------------------------------------------------------------------------ what it may cost


async def test_a_frame_that_is_begun_and_not_ended_ends_the_connection_and_is_kept() -> None:
    async with house() as here:
        slow_reader, slow = await here.connect()
        honest_reader, honest = await here.connect()
        slow.write(alarm(1)[:10])
        await a_while()
        for each in alarm(1)[10:30]:
            if slow.is_closing() or slow_reader.at_eof():
                break
            slow.write(bytes([each]))  # heard again and again, and never done
            with suppress(ConnectionError):  # let go while a byte was on its way
                await slow.drain()
            await a_while()
            here.clock.advance(2)
            honest.write(PANEL.null(sequence=0))
            assert await reply(honest_reader) == ("ack", "0000")
        assert await ended(slow_reader)
        assert here.count('arc_connections_refused_total{limit="half_frame"}') == 1
        assert here.inbox.malformed[0].malformed.raw == alarm(1)[: len(here.inbox.malformed[0].malformed.raw)]
        assert here.open_connections == 1


async def test_what_a_panel_sends_to_keep_its_line_alive_begins_no_frame() -> None:
    async with house() as here:
        reader, writer = await here.connect()
        for _ in range(4):
            writer.write(b"\r\n\x00")
            await writer.drain()
            await a_while()
            here.clock.advance(200)
        await a_while()
        assert here.open_connections == 1
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")


async def test_frames_of_strangers_wait_their_turn_and_none_is_lost() -> None:
    async with house(answers_at_once=False) as here:
        flood = [await here.connect() for _ in range(3)]
        count = 2 * STRANGER_FRAMES_MAX
        for _, writer in flood:
            writer.write(b"".join(alarm(number, "9999") for number in range(1, count + 1)))
        await until(lambda: len(here.inbox.frames) == STRANGER_FRAMES_MAX)
        await a_while()
        assert len(here.inbox.frames) == STRANGER_FRAMES_MAX, "from three connections of one source together"
        reader, writer = await here.connect()
        writer.write(b"".join(alarm(number) for number in range(1, 3 * STRANGER_FRAMES_MAX + 1)))
        await until(lambda: len(here.inbox.frames) == 4 * STRANGER_FRAMES_MAX)
        for _ in range(3 * count + 3 * STRANGER_FRAMES_MAX):
            await until(lambda: len(here.inbox.frames) > 0 and here.inbox.owed > 0)
            here.inbox.answer()
            await asyncio.sleep(0)
        for each, _ in flood:
            assert [(await reply(each))[1] for _ in range(count)] == [f"{number:04d}" for number in range(1, count + 1)]
        assert (await reply(reader))[1] == "0001"


async def test_a_panel_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "FRAMES_OWED_MAX", 10)
    async with house(answers_at_once=False) as here:
        reader, writer = await here.connect()
        writer.write(b"".join(alarm(number) for number in range(1, 101)))
        await until(lambda: len(here.inbox.frames) == 10)
        await a_while()
        assert len(here.inbox.frames) == 10
        for number in range(1, 101):
            await until(lambda: here.inbox.owed > 0)
            here.inbox.answer()
            assert await reply(reader) == ("ack", f"{number:04d}")


async def test_a_stranger_that_has_gone_leaves_its_share_to_the_others() -> None:
    async with house(answers_at_once=False) as here:
        _, gone = await here.connect()
        gone.write(b"".join(alarm(number, "9999") for number in range(1, STRANGER_FRAMES_MAX + 1)))
        await until(lambda: len(here.inbox.frames) == STRANGER_FRAMES_MAX)
        _, other = await here.connect()
        other.write(alarm(1, "8888"))
        await a_while()
        assert len(here.inbox.frames) == STRANGER_FRAMES_MAX
        # A reset, not a goodbye: that would leave it waiting for its replies.
        gone.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.transport.abort()
        await until(lambda: len(here.inbox.frames) == STRANGER_FRAMES_MAX + 1)
        for _ in range(STRANGER_FRAMES_MAX + 1):
            here.inbox.answer()


async def test_a_panel_is_recognised_by_the_account_in_its_data_too() -> None:
    async with house(connections_max=2) as here:
        reader, writer = await here.connect()
        writer.write(Dialler(account="9999").message("SIA-DCS", "#1001|NRP", sequence=1))
        assert (await reply(reader))[0] == "ack"
        for _ in range(3):
            await here.connect()
            await a_while()
        assert not reader.at_eof(), "three strangers had one place among them"
        writer.write(alarm(2))
        assert await reply(reader) == ("ack", "0002")
