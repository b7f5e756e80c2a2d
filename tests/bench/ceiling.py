"""What this machine can do at best: an asyncio server that sends back what it reads, and the disk's sync rate.

python -m tests.bench.ceiling PORT        the echo, TCP and UDP, until killed
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

import uvloop

SYNC_BYTES = 4096  # one page of the journal's log
SYNC_MEASURE_S = 2.0


class _Echo(asyncio.Protocol, asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        cast(asyncio.WriteTransport, self._transport).write(data)

    def datagram_received(self, data: bytes, addr: object) -> None:
        cast(asyncio.DatagramTransport, self._transport).sendto(data, addr)


async def echo(port: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(_Echo, local_addr=("127.0.0.1", port))
    server = await loop.create_server(_Echo, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def syncs_per_second(directory: Path) -> float:
    """Pages appended and synced one after the other, in the directory where the journals of the run lie."""
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        descriptor, page, count, began = file.fileno(), bytes(SYNC_BYTES), 0, time.perf_counter()
        while time.perf_counter() - began < SYNC_MEASURE_S:
            os.pwrite(descriptor, page, count * SYNC_BYTES)
            os.fdatasync(descriptor)
            count += 1
        return count / (time.perf_counter() - began)


if __name__ == "__main__":
    uvloop.run(echo(int(sys.argv[1])))
