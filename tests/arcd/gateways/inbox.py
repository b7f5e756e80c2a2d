"""The machine as gateways see it: takes facts, answers when told to, and says when it is full."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

from arcd.core.effects import Reply
from arcd.core.facts import AnyFact, FrameMalformed, FrameReceived
from protocols.codec import Kind, Received, ReplyKind, WireProfile
from protocols.dc09 import Dc09Codec, Dialler

Replied = Callable[[Reply | None], None]
ACK = Reply(reply=ReplyKind.ACK)
PANEL = Dialler(account="1001")


class Inbox:
    """Implements `arcd.gateways.Intake`."""

    def __init__(self, *, answers_at_once: bool = True) -> None:
        self.facts: list[AnyFact] = []
        self.lines_heard: list[str] = []
        self.answers_at_once = answers_at_once
        self.waiting = 0  # gateways that wait for room
        self._owed: list[Replied] = []
        self._room = asyncio.Event()
        self._room.set()

    @property
    def has_room(self) -> bool:
        return self._room.is_set()

    async def room(self) -> None:
        self.waiting += 1
        try:
            await self._room.wait()
        finally:
            self.waiting -= 1

    def fill(self) -> None:
        self._room.clear()

    def empty(self) -> None:
        self._room.set()

    def heartbeat(self, received: Received, gateway: str, peer: str = "") -> Reply | None:
        return ACK if received.kind is Kind.LINK_TEST and received.origin.account == PANEL.account else None

    def hear_line(self, line: str) -> None:
        self.lines_heard.append(line)

    def post(self, fact: AnyFact, replied: Replied | None = None) -> None:
        self.facts.append(fact)
        if replied is None:
            return
        if self.answers_at_once:
            replied(ACK)
        else:
            self._owed.append(replied)

    def answer(self, index: int = 0, kind: ReplyKind = ReplyKind.ACK) -> None:
        """The machine has committed: the reply to the frame that has waited longest, or to another one."""
        self._owed.pop(index)(Reply(reply=kind))

    def fail(self) -> None:
        """The machine has committed that it could not decide on the frame that has waited longest."""
        self._owed.pop(0)(None)

    @property
    def owed(self) -> int:
        """Frames that wait for the machine's answer."""
        return len(self._owed)

    @property
    def frames(self) -> list[FrameReceived]:
        return [fact for fact in self.facts if isinstance(fact, FrameReceived)]

    @property
    def sequences(self) -> list[str | None]:
        return [fact.received.sequence for fact in self.frames]

    @property
    def malformed(self) -> list[FrameMalformed]:
        return [fact for fact in self.facts if isinstance(fact, FrameMalformed)]


def new_codec() -> Dc09Codec:
    return Dc09Codec(lambda _: WireProfile(), pad=bytes)


def new_datagram_codec() -> Dc09Codec:
    return Dc09Codec(lambda _: WireProfile(), pad=bytes, datagram=True)


def alarm(sequence: int, account: str = "1001") -> bytes:
    return Dialler(account=account).sia_dcs("Nri1/BA003", sequence=sequence)


def ack_of(data: bytes) -> tuple[str, str]:
    """(kind, sequence) of a reply's bytes."""
    reply = PANEL.read_reply(data, 0)
    assert reply is not None, data
    return reply.kind.value, reply.sequence


def listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def udp_socket() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    bound.setblocking(False)
    return bound


def vanished(port: int) -> list[dict[str, Any]]:
    """Call, and break the connection off before the loop can let the caller in. What the loop complains of from now on
    is in the list."""
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return complaints


async def a_while() -> None:
    """Long enough for anything that could still come over loopback to have come."""
    for _ in range(200):
        await asyncio.sleep(0)
