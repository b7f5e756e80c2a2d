"""Serving a listening socket so that callers who come together are let in together.

One rule: in one turn of the loop as many as wait, up to a bound. uvloop's server lets in one a turn (libuv since 1.45),
and with many busy connections a turn lasts tens of milliseconds: the last of 500 panels that came back together waited
more than two seconds for its first ACK. A socket that dies is not looked at here, but by `listeners`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from arcd.sockets import BACKLOG

# Each costs some 60 µs: whoever is in already waits 4 ms for so many.
CALLERS_AT_ONCE_MAX = 64


async def serve(listening: socket.socket, new_protocol: Callable[[], asyncio.Protocol]) -> asyncio.Server:
    callers = _Callers(listening, new_protocol)
    return await asyncio.get_running_loop().create_server(callers.first, sock=listening, backlog=BACKLOG)


class _Callers:
    def __init__(self, listening: socket.socket, new_protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listening = listening
        self._new_protocol = new_protocol
        self._is_asked = False
        self._entering: set[asyncio.Task[None]] = set()

    def first(self) -> asyncio.Protocol:
        """The protocol of one whom the loop has let in itself; others may wait behind them."""
        if not self._is_asked:
            self._is_asked = True
            asyncio.get_running_loop().call_soon(self._let_in)
        return self._new_protocol()

    def _let_in(self) -> None:
        self._is_asked = False
        for _ in range(CALLERS_AT_ONCE_MAX):
            try:
                caller, _address = self._listening.accept()
            except OSError:
                return  # nobody waits, or the loop's own next attempt meets the same
            caller.setblocking(False)
            entering = asyncio.get_running_loop().create_task(self._enter(caller))
            self._entering.add(entering)
            entering.add_done_callback(self._entering.discard)

    async def _enter(self, caller: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._new_protocol, caller)
        except OSError:
            caller.close()  # gone again
