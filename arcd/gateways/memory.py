"""The gateway without a transport: tests and the simulator feed bytes and read the replies.

One rule: it uses the same reader as the real ones, so what holds here holds there.
"""

from __future__ import annotations

from collections.abc import Callable

from arcd.clock import Clock
from arcd.gateways import Intake
from arcd.gateways.reading import Reader
from protocols.codec import Codec


class MemoryLine:
    """One connection: `feed` is what the panel wrote, `replies` what it would read."""

    def __init__(self, gateway: MemoryGateway, peer: str) -> None:
        self._gateway = gateway
        self._codec = gateway.new_codec()
        self._peer = peer
        self.replies: list[bytes] = []
        self.is_open = True

    def feed(self, data: bytes) -> None:
        gateway = self._gateway
        items = self._codec.receive_data(data, gateway.clock.now())
        for item in items:
            gateway.reader.take(self._codec, item, self._peer, self._write)

    def close(self) -> None:
        for left in self._codec.receive_eof():
            self._gateway.reader.take(self._codec, left, self._peer, self._write)
        self.is_open = False

    def _write(self, data: bytes) -> None:
        if data and self.is_open:
            self.replies.append(data)


class MemoryGateway:
    def __init__(self, *, name: str, new_codec: Callable[[], Codec], intake: Intake, clock: Clock) -> None:
        self.name = name
        self.new_codec = new_codec
        self.clock = clock
        self.reader = Reader(gateway=name, intake=intake, clock=clock)

    @property
    def addresses(self) -> tuple[str, ...]:
        return ("memory",)

    def connect(self, peer: str = "192.0.2.1:40001") -> MemoryLine:
        return MemoryLine(self, peer)

    async def start(self) -> None: ...

    async def run(self) -> None: ...

    async def stop_taking(self) -> None:
        self.reader.flush()

    async def close(self) -> None: ...
