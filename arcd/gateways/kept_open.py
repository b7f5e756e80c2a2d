"""A line that we open: a serial port, or a connection to a receiver that listens.

One rule: it is opened again for as long as the daemon runs, ever more seldom up to a bound, and every loss and return
is said once. What it waits for holds up nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib

from arcd.core.facts.receiver_lines import LineFault, LineLost, LineRestored
from arcd.gateways.line import Line, LineConnection, Port, PortError

AGAIN_S_MIN = 1.0
AGAIN_S_MAX = 30.0
# A port that was lost has come back when it has stood for so long, or something valid came over it: a loose plug
# opens a case and not a dozen.
STANDS_S = 2.0
DETAIL_CHARS_MAX = 200


class KeptOpenGateway:
    """`arcd.gateways.Gateway` over one `Port`."""

    def __init__(self, line: Line, port: Port, *, again_s: tuple[float, float] = (AGAIN_S_MIN, AGAIN_S_MAX)) -> None:
        self.line = line
        self._port = port
        self._again_s = again_s
        self._connection: LineConnection | None = None
        self._is_lost = False
        self._was_open = False
        self._is_taking = True

    @property
    def name(self) -> str:
        return self.line.name

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self._port.where,)

    def new_connection(self) -> LineConnection:
        return LineConnection(self.line, self._port.where)

    async def start(self) -> None:
        """A port that is not there must not keep the daemon from starting; `run` opens it."""

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_open(), name=f"{self.name}: port")
            tasks.create_task(self._look_after(), name=f"{self.name}: room")

    async def _keep_open(self) -> None:
        again_s = self._again_s[0]
        while self._is_taking:
            connection = self.new_connection()
            try:
                await self._port.open(connection)
            except PortError as error:
                self._say_lost(error.fault, error.detail)
            else:
                self._connection = connection
                if await self._stands(connection):
                    again_s = self._again_s[0]
                    self._say_open()
                await connection.over.wait()
                self._connection = None
                if self._is_taking:
                    self._say_lost(connection.fault, connection.detail)
            await asyncio.sleep(again_s)
            again_s = min(2 * again_s, self._again_s[1])

    async def _stands(self, connection: LineConnection) -> bool:
        """One that has never been open, or never been lost, is taken at its word."""
        if self._is_lost and self._was_open:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STANDS_S):
                    await connection.proved.wait()
        return connection.is_open

    async def _look_after(self) -> None:
        while True:
            await self.line.room()
            if self._connection is not None and self._is_taking:
                self._connection.read_on()
            self.line.reader.fold()

    def _say_lost(self, fault: LineFault, detail: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self.line.intake.post(
                LineLost(at=self.line.clock.now(), line=self.name, fault=fault, detail=detail[:DETAIL_CHARS_MAX])
            )

    def _say_open(self) -> None:
        if self._is_lost or not self._was_open:
            self._is_lost, self._was_open = False, True
            self.line.intake.post(LineRestored(at=self.line.clock.now(), line=self.name))

    async def stop_taking(self) -> None:
        self._is_taking = False
        if self._connection is not None:
            self._connection.hold()
        self.line.reader.flush()

    async def close(self) -> None:
        self._port.abandon()
        if self._connection is not None:
            self._connection.close()
