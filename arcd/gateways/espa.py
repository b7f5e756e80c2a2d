"""A line on which we speak ESPA 4.4.4: calls come in as signals, and pages go out.

One rule: `protocols.espa444.EspaLink` says who may speak when; here its output is written, its clock is read, and a
block that has come is accepted when the machine has committed it. What a page came to is told to whoever asked for it.
"""

from __future__ import annotations

import asyncio
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from arcd.core.facts.receiver_lines import LineFault
from arcd.gateways.kept_open import KeptOpenGateway
from arcd.gateways.line import Line, LineConnection, Port
from protocols.codec import Kind, Malformed, Received, Speaker
from protocols.espa444 import PROTOCOL, Block, EspaCodec, EspaEvent, EspaLink, EspaSettings, Happened, Header
from protocols.espa444.block import ACK, ENQ, EOT, NAK, received_call

# The link's times are seconds (a poll is answered within 2.5 s): this is how late one of them may be noticed.
TICK_S = 0.1
ACCEPTED = bytes((ACK,))
_TOKENS = frozenset({ACK, ENQ, EOT, NAK})


class Paged(Struct, frozen=True):
    """What a page came to. `is_final`: it would be refused again."""

    is_delivered: bool
    detail: str
    is_final: bool = False


class EspaConnection(LineConnection):
    def __init__(self, line: Line, peer: str, settings: EspaSettings) -> None:
        super().__init__(line, peer)
        self._espa = EspaLink(settings, line.clock.now())
        self._replies = EspaCodec(is_nordic=settings.is_nordic)
        self._pages: dict[int, asyncio.Future[Paged]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.on_time()

    def data_received(self, data: bytes) -> None:
        line = self._line
        line.passed("in", data)
        if not _TOKENS.isdisjoint(data):
            self.heard()
        self._act(self._espa.receive_data(data, line.clock.now()))
        if not line.intake.has_room:
            self.hold()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for number in list(self._pages):
            self._settle(number, Paged(False, "the line was lost"))

    def on_time(self) -> None:
        if self.is_open:
            self._act(self._espa.on_time(self._line.clock.now()))

    def page(self, block: Block) -> asyncio.Future[Paged]:
        """Resolved when the paging system has answered. ValueError for a text that fits no block."""
        page: asyncio.Future[Paged] = asyncio.get_running_loop().create_future()
        number = self._espa.send(block)
        if number is None:
            page.set_result(Paged(False, "too many pages wait"))
        else:
            self._pages[number] = page
            page.add_done_callback(lambda _: self._pages.pop(number, None))
        return page

    # ------------------------------------------------------------------------------------------------------- inside

    def _act(self, events: list[EspaEvent]) -> None:
        for event in events:
            match event.what:
                case Happened.RECEIVED:
                    self._receive(event)
                case Happened.BAD_BLOCK:
                    bad = Malformed(protocol=PROTOCOL, reason="syntax", detail=event.text, raw=event.raw)
                    self._line.reader.take(self._replies, bad, self.peer, self._write)
                case Happened.DELIVERED:
                    self._settle(event.number, Paged(True, "acknowledged by the paging system"))
                case Happened.REFUSED:
                    self._settle(event.number, Paged(False, f"NAK {event.text}".strip(), is_final=True))
                case Happened.UNANSWERED:
                    self._settle(event.number, Paged(False, "the paging system does not answer"))
                case Happened.SILENT | Happened.HEARD:
                    pass  # the core watches over silence, for every line alike
        self._write(self._espa.take_output())

    def _receive(self, event: EspaEvent) -> None:
        assert event.block is not None
        received = self._line.named(received_call(event.block, event.raw))
        if event.block.header not in (Header.CALL_TO_PAGER, Header.CALL_SUBSCRIBER_LINE):
            # The paging system about itself and about our pages: kept as it came, and nobody is alarmed by it.
            received = replace(received, kind=Kind.OPAQUE, speaker=Speaker.RECEIVER, signals=())
        self._newest += 1
        self._owed += 1
        self._line.reader.take(self._replies, received, self.peer, partial(self._decided, received, self._newest))

    def _decided(self, received: Received, number: int, reply: bytes) -> None:
        """The machine's answer to a block: what is kept is acknowledged, what is not is refused."""
        self._owed -= 1
        now = self._line.clock.now()
        if number == self._newest and reply == ACCEPTED:
            self._espa.accept(now)
        elif number == self._newest and reply:
            self._espa.refuse(reply[:-1].decode("ascii"), now)
        self._write(self._espa.take_output())

    def _settle(self, number: int, paged: Paged) -> None:
        page = self._pages.pop(number, None)
        if page is not None and not page.done():
            page.set_result(paged)


class EspaGateway(KeptOpenGateway):
    """Also the pager that `arcd.effectors.pager` uses."""

    def __init__(self, line: Line, port: Port, settings: EspaSettings) -> None:
        super().__init__(line, port)
        self._settings = settings

    async def page(self, block: Block) -> Paged:
        connection = self._connection
        if not isinstance(connection, EspaConnection) or not connection.is_open:
            return Paged(False, f"line {self.name} is not open: {LineFault.ABSENT}")
        return await connection.page(block)

    def new_connection(self) -> LineConnection:
        return EspaConnection(self.line, self._port.where, self._settings)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(super().run(), name=f"{self.name}: line")
            tasks.create_task(self._tick(), name=f"{self.name}: time")

    async def _tick(self) -> None:
        while True:
            if isinstance(self._connection, EspaConnection):
                self._connection.on_time()
            await asyncio.sleep(TICK_S)
