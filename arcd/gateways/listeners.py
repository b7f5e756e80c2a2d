"""The sockets on which a gateway is reached, and whether it still is.

One rule: a listener that no longer listens is made to listen again at the same address, and what stood on it meanwhile
is not touched. What that means for anybody is not decided here.

The loop says nothing when a listening socket dies: uvloop closes one whose accept failed, a socket that was shut down
is silent, and one whose address left the interface stays bound and hears nobody. So each is looked at. A second
descriptor of the same socket is kept for each: a socket that systemd holds as well cannot be bound again, and callers
that wait in its queue stay in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import select
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import structlog

from arcd.sockets import address_text, bind

log = structlog.get_logger(__name__)

CLOSING_TURNS = 3  # of the loop, in which it closes a datagram socket that it has been told to close
AWAY = "its address is on no interface of this machine"


class Taken(Protocol):
    """What the loop made of a socket: an `asyncio.Server`, or a datagram transport."""

    def close(self) -> None: ...


Begin = Callable[[socket.socket], Awaitable[Taken]]


class Listeners:
    """Those of one gateway. `begin` makes the loop serve one of them."""

    def __init__(self, name: str, sockets: Sequence[socket.socket], begin: Begin) -> None:
        self.name = name
        self._begin = begin
        self._each = [_Listener(each) for each in sockets]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(each.address for each in self._each)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with which, as of the last look."""
        return tuple(f"{each.address}: {each.trouble}" for each in self._each if each.trouble)

    async def start(self) -> None:
        for each in self._each:
            await each.take(self._begin)

    async def look(self) -> tuple[str, ...]:
        """Mend what no longer listens. What did not a moment ago and does now: "0.0.0.0:9999: it was shut down"."""
        mended = []
        for each in self._each:
            if fault := await each.mend(self._begin):
                mended.append(f"{each.address}: {fault}")
        return tuple(mended)

    def close(self) -> None:
        """Nobody is let in any more; who is in stays."""
        for each in self._each:
            each.close()


@runtime_checkable
class Listening(Protocol):
    """A gateway that has sockets to be looked after."""

    listeners: Listeners


class _Listener:
    def __init__(self, listening: socket.socket) -> None:
        name = listening.getsockname()
        self.address = address_text(name)
        self.trouble = ""
        self._kind = listening.type
        self._name = name
        self._may_move = _may_move(str(name[0]))
        self._socket = listening
        self._spare = listening.dup()
        self._descriptor = listening.fileno()
        self._inode = os.fstat(self._descriptor).st_ino
        self._taken: Taken | None = None
        self._is_closed = False

    async def take(self, begin: Begin) -> None:
        self._taken = await begin(self._socket)

    async def mend(self, begin: Begin) -> str:
        """What was wrong, when it is right again."""
        if self._is_closed:
            return ""
        before, fault = self.trouble, self._fault()
        if fault and fault != AWAY:
            try:
                await self._renew(begin)
            except OSError as error:
                self.trouble = f"{fault}, and cannot be had again: {os.strerror(error.errno or 0)}"
                return ""
            before, fault = before or fault, self._fault()
        self.trouble = fault
        return "" if fault else before

    def close(self) -> None:
        self._is_closed = True
        self._let_go()
        self._spare.close()

    # ------------------------------------------------------------------------------------------------------- inside

    def _fault(self) -> str:
        if self._taken is None:
            return "it does not listen"
        if self._socket.fileno() < 0 or not self._is_ours(self._descriptor):
            return "it was closed"
        if not _is_sound(self._descriptor):
            return "it was shut down"
        return AWAY if self._may_move and _is_away(self._name) else ""

    def _is_ours(self, descriptor: int) -> bool:
        """A number that was closed may be another's by now."""
        try:
            return os.fstat(descriptor).st_ino == self._inode
        except OSError:
            return False

    async def _renew(self, begin: Begin) -> None:
        self._let_go()
        for _ in range(CLOSING_TURNS):
            await asyncio.sleep(0)
        if _is_sound(self._spare.fileno()):
            again = self._spare.dup()
        else:
            # Closed first: an address that is still held cannot be bound.
            self._spare.close()
            again = bind(self._kind, self._name)
            self._spare = again.dup()
        self._socket, self._descriptor = again, again.fileno()
        self._inode = os.fstat(self._descriptor).st_ino
        self._taken = await begin(again)

    def _let_go(self) -> None:
        taken, self._taken = self._taken, None
        if taken is None:
            return self._socket.close()
        is_free = not _is_open(self._descriptor)
        if is_free and self._spare.fileno() >= 0:
            # The kernel's list of what the loop waits for names number and socket; it is struck off under that number.
            os.dup2(self._spare.fileno(), self._descriptor, inheritable=False)
        if self._is_ours(self._descriptor):
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                asyncio.get_running_loop().remove_reader(self._descriptor)
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                taken.close()
        else:
            # Closing it would close what somebody else has opened since.
            log.error("listener.descriptor_taken", address=self.address)
            with contextlib.suppress(OSError):
                self._socket.detach()
        if is_free and self._socket.fileno() < 0 and self._is_ours(self._descriptor):
            os.close(self._descriptor)  # our stand-in, which nobody else closes
        return None


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _is_sound(descriptor: int) -> bool:
    """Neither closed nor shut down. An error of one datagram or one caller is none of the socket."""
    if descriptor < 0:
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return not any(events & (select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))


def _may_move(host: str) -> bool:
    address = ipaddress.ip_address(host.partition("%")[0])
    return not (address.is_unspecified or address.is_loopback)


def _is_away(name: tuple[Any, ...]) -> bool:
    """The kernel is asked for a port of that address; any other refusal says nothing of the address."""
    host, _, *scope = name
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0, *scope))
    except OSError as error:
        return error.errno == errno.EADDRNOTAVAIL
    return False
