"""Automation software that needs no wire: the in-memory twin of an output's transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from arcd.forwarding.line_output import LineOutput, OutputConnection

Answer = Callable[[bytes], bytes]


class MemorySoftware:
    """Implements `arcd.forwarding.line_output.Transport`. `answer` is asked for every write; b"" is silence."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self._output: LineOutput | None = None
        self._wire: _Wire | None = None

    @property
    def where(self) -> str:
        return "memory"

    async def run(self, output: LineOutput) -> None:
        self._output = output
        self.connect()
        await asyncio.get_running_loop().create_future()

    def connect(self) -> None:
        assert self._output is not None, "after `run` has begun"
        connection = OutputConnection(self._output, "memory")
        self._wire = _Wire(self, connection)
        connection.connection_made(self._wire)

    def hang_up(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def close(self) -> None:
        self.hang_up()


class _Wire(asyncio.Transport):
    def __init__(self, software: MemorySoftware, connection: OutputConnection) -> None:
        super().__init__()
        self._software = software
        self._connection: OutputConnection | None = connection

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self._connection is None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._software.heard.append(bytes(data))
        asyncio.get_running_loop().call_soon(self._answer, bytes(data))

    def _answer(self, data: bytes) -> None:
        if self._connection is not None and (answer := self._software.answer(data)):
            self._connection.data_received(answer)

    def abort(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            asyncio.get_running_loop().call_soon(cast(asyncio.Protocol, connection).connection_lost, None)
