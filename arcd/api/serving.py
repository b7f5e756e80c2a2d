"""HTTP applications served inside the daemon's own loop: one listening socket, one uvicorn server, cleanly stopped.

One rule: the process and its signals belong to the daemon; a server here starts and ends with its `async with` block.
On a unix socket the kernel says who is calling (SO_PEERCRED, unix(7)); the application finds it in the form "uid:1000"
as `request.client.host`. It cannot be forged, and no proxy header is ever believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from pathlib import Path
from typing import cast

import uvicorn
from msgspec import Struct
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from arcd.sockets import bind

BACKLOG = 128
CONNECTIONS_MAX = 256  # per listener; these are people and monitoring, not panels
HEADER_BYTES_MAX = 16 * 1024
KEEP_ALIVE_TIMEOUT_S = 15
HEADERS_TIMEOUT_S = 20.0  # from the connection, or the end of an answer, to the end of the next headers
# In-flight requests at shutdown get this long; systemd's TimeoutStopSec=20 must hold it and the last commit.
STOP_TIMEOUT_S = 5
UNIX_SOCKET_MODE = 0o660

_ENDLESS = "endless"  # in the state of a request: ASGI's place for what a server and an application agree on
_PEERCRED = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


class ListenError(Exception):
    """A listening socket cannot be had. The message is a sentence for the administrator."""


class Served(Struct, frozen=True, kw_only=True):
    """Where an application is being served: `port` of a TCP listener (useful when 0 was asked for), else None.

    `server` is what the loop made of the socket; `move` serves on another one from now on, and returns its server;
    `stop` begins what the end of the block waits for."""

    address: str
    port: int | None
    server: asyncio.Server
    move: Callable[[socket.socket], Awaitable[asyncio.Server]]
    stop: Callable[[], None]


def listen_tcp(host: str, port: int) -> socket.socket:
    try:
        return bind(socket.SOCK_STREAM, (host, port))
    except OSError as error:
        raise ListenError(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another address in the settings, "
            "or end the program that has it"
        ) from error


def listen_unix(path: Path, mode: int = UNIX_SOCKET_MODE) -> socket.socket:
    """A socket file left behind by a dead daemon is replaced; a living one, or any other file, is left alone."""
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Bound under the narrowest mask, so that there is no moment at which everybody could connect.
    previous_mask = os.umask(0o177)
    try:
        listener.bind(str(path))
        path.chmod(mode)
        return _listening(listener)
    except OSError as error:
        listener.close()
        raise ListenError(f"cannot listen on {path}: {error.strerror or error}; its directory must exist") from error
    finally:
        os.umask(previous_mask)


def _listening(listener: socket.socket) -> socket.socket:
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"cannot listen on {path}: a file that is no socket is in the way; move it elsewhere")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            raise ListenError(f"cannot listen on {path}: {error.strerror}; remove the old socket file") from error
    raise ListenError(f"cannot listen on {path}: another daemon answers there; stop it first")


def peer_uid(connected: socket.socket) -> int:
    """User id of the process at the other end of a unix socket, as it was when it connected."""
    _, uid, _ = _PEERCRED.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size))
    return int(uid)


class EndlessResponse(StreamingResponse):
    """Goes on until the reader goes away, or until the server stops: nobody waits for its end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})[_ENDLESS] = True
        await super().__call__(scope, receive, send)


class _PeerProtocol(H11Protocol):
    """Puts the unix peer where ASGI keeps the client's address, and lets go of whoever does not finish its headers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # – as uvicorn has it
        super().connection_made(transport)
        connected = cast(socket.socket, transport.get_extra_info("socket"))
        if connected.family == socket.AF_UNIX:
            self.client = (f"uid:{peer_uid(connected)}", 0)
        self.loop.call_later(HEADERS_TIMEOUT_S, self._look, self.cycle)

    def shutdown(self) -> None:
        """Followers of the journal would be waited for in vain, and so would whoever sends half a body, with which
        nothing has been done; and no panel is heard until the next start."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        is_in_vain = cycle is not None and (cycle.more_body or _ENDLESS in cycle.scope.get("state", {}))
        if cycle is not None and is_in_vain and not cycle.response_complete:
            self.transport.close()
        else:
            super().shutdown()

    def _look(self, before: RequestResponseCycle | None) -> None:
        """uvicorn waits for headers without end; 256 connections that send half of them would be all there are."""
        cycle = cast("RequestResponseCycle | None", self.cycle)  # the library does not say that it begins as None
        if self.transport.is_closing():
            return
        if cycle is before and (cycle is None or cycle.response_complete):
            self.transport.close()
            return
        self.loop.call_later(HEADERS_TIMEOUT_S, self._look, cycle)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, its polling loop and its exit calls."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()
        self.is_accepting = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_accepting.set()

    async def move(self, listener: socket.socket) -> asyncio.Server:
        """Requests under way are finished where they came in."""
        await super().startup(sockets=[listener])
        return self.server

    @property
    def server(self) -> asyncio.Server:
        return self.servers[0]

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._stopping.wait()

    def stop(self) -> None:
        self._stopping.set()


@contextlib.asynccontextmanager
async def serve_app(app: ASGIApp, listener: socket.socket, *, certificate: Path | None = None) -> AsyncIterator[Served]:
    """Serve `app` on a bound, listening socket (`listen_tcp`, `listen_unix`, `systemd.listen_fds`) inside the block.

    With `certificate` (PEM, its key in the same file) it is https. The socket is taken over and
    closed. A server that fails ends the block with its error in an ExceptionGroup.
    """
    config = uvicorn.Config(
        app,
        http=_PeerProtocol,
        ws="none",
        loop="none",
        lifespan="off",
        log_config=None,  # arcd.log routes the uvicorn loggers
        ssl_certfile=certificate,
        access_log=False,  # paths may hold a guard's personal link
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=HEADER_BYTES_MAX,
        timeout_keep_alive=KEEP_ALIVE_TIMEOUT_S,
        timeout_graceful_shutdown=STOP_TIMEOUT_S,
    )
    server = _Server(config)
    with listener:
        async with asyncio.TaskGroup() as tasks:
            address, port = _address_of(listener)
            serving = tasks.create_task(server.serve(sockets=[listener]), name=f"http {address}")
            await server.is_accepting.wait()
            try:
                yield Served(address=address, port=port, server=server.server, move=server.move, stop=server.stop)
            finally:
                server.stop()
                # However the block ended, requests under way are finished first: a task group would cancel them.
                await asyncio.wait([serving])


def _address_of(listener: socket.socket) -> tuple[str, int | None]:
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return str(name), None
    host, port = name[0], int(name[1])
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}", port
