"""ESPA lines on a pseudo-terminal: calls in, pages out, as station and as control, and digimat-espa at the far end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import digimat.espa.espa as digimat  # type: ignore[import-untyped]  # – the package has no type information
import pytest
from digimat.espa.link import Link  # type: ignore[import-untyped]  # – the package has no type information

from arcd.clock import Clock, SystemClock, VirtualClock
from arcd.core.effects import SendPage
from arcd.core.facts import EffectOutcome
from arcd.effectors.pager import PagerEffector
from arcd.gateways.espa import EspaGateway, Paged
from arcd.gateways.line import Line
from arcd.gateways.serial import SerialMode, SerialPort
from arcd.metrics import Metrics
from protocols.codec import ReplyKind, Speaker
from protocols.espa444 import (
    Block,
    EspaCodec,
    EspaReader,
    EspaSettings,
    Header,
    Role,
    What,
    call_to_pager,
    encode_block,
)
from tests.arcd.gateways.far_receiver import Cable
from tests.arcd.gateways.inbox import Inbox, a_while
from tests.arcd.gateways.lines import running, said
from tests.patience import until

POLL, SELECT_US, EOT, ACK = b"\x042\x05", b"1\x05", b"\x04", b"\x06"
STATION = EspaSettings(address="2", target="1")
CALL = call_to_pager("550", "Huone 101, hälytys")


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path).plug()
    yield cable
    cable.unplug()


def espa_line(inbox: Inbox, cable: Cable, settings: EspaSettings, clock: Clock) -> EspaGateway:
    line = Line(
        name="pagers",
        protocol="espa444",
        new_codec=EspaCodec,
        intake=inbox,
        clock=clock,
        metrics=Metrics(version="test", protocols=["espa444"], channels=[]),
    )
    return EspaGateway(line, SerialPort(str(cable.path), SerialMode(bits=7, parity="E", stop=2)), settings)


class FarEnd:
    """The other station: says what it is told, and keeps what it hears."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self.heard = b""

    def say(self, data: bytes) -> None:
        self._cable.send(data)

    async def hears(self, wanted: bytes) -> None:
        def has_come() -> bool:
            self.heard += self._cable.read()
            return wanted in self.heard

        await until(has_come)
        self.heard = self.heard.partition(wanted)[2]


@asynccontextmanager
async def an_open_line(inbox: Inbox, cable: Cable, settings: EspaSettings, clock: Clock | None = None) -> Any:
    """On a clock that stands still, unless it is told: the link's time limits are not for a slow machine."""
    gateway = espa_line(inbox, cable, settings, clock or VirtualClock())
    async with running(gateway):
        await until(lambda: said(inbox) == ["open"])
        yield gateway, FarEnd(cable)


async def test_a_call_is_acknowledged_when_it_is_committed_and_not_before(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with an_open_line(inbox, cable, STATION) as (_, far):
        far.say(EOT + b"3\x05" + b"2\x05")  # 3 is polled and selects us
        await far.hears(ACK)
        far.say(encode_block(CALL, is_nordic=True))
        await until(lambda: len(inbox.frames) == 1)
        await a_while()
        assert cable.read() == b""
        received = inbox.frames[0].received
        assert (received.origin.account, received.signals[0].text) == ("550", "Huone 101, hälytys")
        assert inbox.lines_heard
        inbox.answer()
        await far.hears(ACK)
        far.say(EOT)


async def test_what_the_machine_does_not_take_is_refused(cable: Cable) -> None:
    inbox = Inbox(answers_at_once=False)
    async with an_open_line(inbox, cable, STATION) as (_, far):
        far.say(EOT + b"3\x05" + b"2\x05")
        await far.hears(ACK)
        far.say(encode_block(CALL, is_nordic=True))
        await until(lambda: len(inbox.frames) == 1)
        inbox.answer(kind=ReplyKind.NAK)
        await far.hears(b"1\x15")


async def test_status_of_the_paging_system_is_kept_and_alarms_nobody(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (_, far):
        far.say(EOT + b"3\x05" + b"2\x05")
        await far.hears(ACK)
        far.say(encode_block(Block(Header.STATUS_INFORMATION, (("1", "550"), ("7", "3")))))
        await far.hears(ACK)
        received = inbox.frames[0].received
        assert (received.speaker, received.signals) == (Speaker.RECEIVER, ())


async def test_a_damaged_block_is_asked_for_again_and_kept(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (_, far):
        far.say(EOT + b"3\x05" + b"2\x05")
        await far.hears(ACK)
        frame = encode_block(CALL, is_nordic=True)
        far.say(frame[:-1] + bytes((frame[-1] ^ 1,)))
        await far.hears(b"1\x15")
        assert inbox.malformed[0].malformed.reason == "syntax"
        far.say(frame)
        await far.hears(ACK)
        assert len(inbox.frames) == 1


def a_page(**fields: Any) -> SendPage:
    return SendPage(id="E1", address="550", text="C9 P1 Murtohälytys, Kioski Kulmakivi", urgency="1", **fields)


async def take_page(far: FarEnd, answer: bytes) -> Block:
    """The control station polls us, and takes what we have to say."""
    far.say(POLL)
    await far.hears(SELECT_US)
    far.say(ACK)
    reader, blocks = EspaReader(is_nordic=True), []

    def a_block() -> bool:
        tokens = reader.receive(far._cable.read())
        blocks.extend(token.block for token in tokens if token.what is What.BLOCK and token.block is not None)
        return bool(blocks)

    await until(a_block)
    far.say(answer)
    return blocks[0]


async def test_a_page_goes_out_when_we_are_polled(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (gateway, far):
        effector = PagerEffector(["pagers"], lambda: {"pagers": gateway})
        performing = asyncio.ensure_future(effector.perform(a_page()))  # noqa: TID251 – awaited at the end of the test
        await a_while()
        block = await take_page(far, ACK)
        assert block == call_to_pager("550", "C9 P1 Murtohälytys, Kioski Kulmakivi", priority="1")
        performed = await performing
        assert (performed.outcome, performed.detail) == (EffectOutcome.DELIVERED, "acknowledged by the paging system")


async def test_a_page_that_is_refused_is_refused_for_good(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (gateway, far):
        effector = PagerEffector(["pagers"], lambda: {"pagers": gateway})
        performing = asyncio.ensure_future(effector.perform(a_page(line="pagers")))  # noqa: TID251 – awaited below
        await a_while()
        await take_page(far, b"3\x15")
        performed = await performing
        assert (performed.outcome, performed.detail) == (EffectOutcome.REFUSED, "NAK 3")


async def test_a_line_that_nobody_polls_fails_in_time_and_one_that_is_not_there_at_once(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (gateway, _):
        effector = PagerEffector(["pagers"], lambda: {"pagers": gateway}, page_s_max=0.05)
        performed = await effector.perform(a_page())
        assert (performed.outcome, performed.detail) == (EffectOutcome.FAILED, "nobody polled us for 0.05 s")
        performed = await effector.perform(a_page(line="elsewhere"))
        assert (performed.outcome, performed.detail) == (EffectOutcome.REFUSED, "there is no paging line elsewhere")
        early = await PagerEffector(["pagers"], dict).perform(a_page())
        assert (early.outcome, early.detail) == (EffectOutcome.FAILED, "line pagers is not started yet")
        cable.unplug()
        await until(lambda: said(inbox) == ["open", "closed"])
        performed = await effector.perform(a_page())
        assert (performed.outcome, performed.detail) == (EffectOutcome.FAILED, "line pagers is not open: absent")
        await effector.close()


async def test_a_page_under_way_fails_with_its_line(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (gateway, _):
        effector = PagerEffector(["pagers"], lambda: {"pagers": gateway})
        performing = asyncio.ensure_future(effector.perform(a_page()))  # noqa: TID251 – awaited below
        await a_while()
        cable.unplug()
        assert (await performing).detail == "the line was lost"


class CableLink(Link):  # type: ignore[misc]  # – untyped
    """digimat-espa on our cable instead of a port of its own. Bytes come one by one, as from a UART: after an EOT it
    throws away all that it has read so far."""

    def __init__(self, cable: Cable) -> None:
        super().__init__("far")
        self._cable = cable
        self._waiting = b""

    def reset(self) -> None:
        """Nothing has been read that is not wanted."""

    def read(self) -> bytes:
        self._waiting += self._cable.read()
        first, self._waiting = self._waiting[:1], self._waiting[1:]
        return first

    def write(self, data: bytes) -> bool:
        if bytes(data) != EOT:  # it answers every EOT with one of its own, which belongs to whoever has the word
            self._cable.send(bytes(data))
        return True


class TextBlocks(digimat.MessageServer):  # type: ignore[misc]  # – untyped
    """digimat-espa 0.1.17 splits bytes by text, which Python 3 refuses: the block is handed to it as text."""

    def decodeBuffer(self, buf: bytearray) -> Any:  # noqa: N802 – the library's name
        return super().decodeBuffer(buf.decode("ascii"))


async def test_digimat_espa_takes_our_page(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server is a paging system that is not polled but selected: 1 ENQ 2 ENQ. It takes record 1 for the message."""
    monkeypatch.setattr(digimat, "MessageServer", TextBlocks)
    control = EspaSettings(role=Role.CONTROL, address="1", target="2", stations=("3",), poll_interval_s=0.1)
    inbox, server = Inbox(), digimat.Server(CableLink(cable))
    server.logger.handlers.clear()  # it would look for a log server
    async with an_open_line(inbox, cable, control, SystemClock()) as (gateway, _):
        performing = asyncio.ensure_future(gateway.page(call_to_pager("550", "CALL ME 101")))  # noqa: TID251 – awaited

        def is_done() -> bool:
            server.stateMachineManager()
            return performing.done()

        await until(is_done)
        assert (await performing).is_delivered
        told = server.getNotification()
        assert (told.name, told.message, told.callAddress) == ("calltopager", "550", "CALL ME 101")


async def test_a_line_that_is_lost_in_the_turn_in_which_a_page_is_given_up_tells_the_others(cable: Cable) -> None:
    inbox = Inbox()
    async with an_open_line(inbox, cable, STATION) as (gateway, _):
        connection = gateway._connection
        given_up, waiting = connection.page(CALL), connection.page(CALL)
        given_up.cancel()
        connection.connection_lost(None)
        assert waiting.result() == Paged(False, "the line was lost")
