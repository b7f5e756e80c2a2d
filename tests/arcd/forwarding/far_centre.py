"""Another centre: our own DC-09 codec behind real sockets, with a script of what it answers."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from arcd.clock import SystemClock
from protocols.codec import Kind, Received, ReplyKind, WireProfile
from protocols.dc09 import Dc09Codec
from protocols.secrets import WireKey

DROP, CLOSE = "drop", "close"


class FarCentre:
    """`script`: what becomes of the next messages, one each; ACK when it is empty. `ahead_s`: its clock."""

    def __init__(self, key: WireKey | None = None, ahead_s: float = 0.0) -> None:
        self.taken: list[Received] = []
        self.link_tests = 0
        self.raw: list[bytes] = []
        self.script: list[ReplyKind | str] = []
        self.port = 0
        self._key = key
        self._ahead_ns = round(ahead_s * 1e9)

    def codec(self, *, datagram: bool = False) -> Dc09Codec:
        return Dc09Codec(lambda _: WireProfile(key=self._key), pad=os.urandom, datagram=datagram)

    def answer(self, codec: Dc09Codec, data: bytes) -> bytes | None:
        """None: it hangs up."""
        self.raw.append(data)
        now = SystemClock().now() + self._ahead_ns
        answer = b""
        for item in codec.receive_data(data, now):
            assert isinstance(item, Received), item
            does = self.script.pop(0) if self.script and item.kind is not Kind.LINK_TEST else ReplyKind.ACK
            if does == CLOSE:
                return None
            if does == DROP:
                continue
            assert isinstance(does, ReplyKind)
            reply = ReplyKind.NAK if item.problem is not None else does
            if reply is ReplyKind.ACK and item.kind is Kind.LINK_TEST:
                self.link_tests += 1
            elif reply is ReplyKind.ACK:
                self.taken.append(item)
            answer += codec.encode_reply(item, reply, now)
        return answer

    @property
    def zones(self) -> list[str | None]:
        return [signal.zone for received in self.taken for signal in received.signals]

    @asynccontextmanager
    async def on_tcp(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FarCentre]:
        writers: list[asyncio.StreamWriter] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            codec = self.codec()
            writers.append(writer)
            while data := await reader.read(4096):
                answer = self.answer(codec, data)
                if answer is None:
                    break
                writer.write(answer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in writers:
                writer.transport.abort()
            await asyncio.sleep(0.01)  # transports report their end

    @asynccontextmanager
    async def on_udp(self) -> AsyncIterator[FarCentre]:
        centre = self

        class Datagrams(asyncio.DatagramProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport = cast(asyncio.DatagramTransport, transport)

            def datagram_received(self, data: bytes, addr: object) -> None:
                answer = centre.answer(centre.codec(datagram=True), data)
                if answer:
                    self.transport.sendto(answer, addr)

        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            Datagrams, local_addr=("127.0.0.1", self.port)
        )
        self.port = transport.get_extra_info("sockname")[1]
        try:
            yield self
        finally:
            transport.close()
