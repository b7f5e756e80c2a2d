"""What a simulated device says, where, and what came back: the words that every input protocol shares.

One rule: a message is made and checked before a way is opened, and a way carries what was made and judges the answer.
What is shown of a message holds no token and no password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

from msgspec import Struct

from arcd.cli.failures import UsageError
from arcd.cli.panel_messages import Event
from arcd.cli.serial_wire import SerialWire
from arcd.cli.wires import ListeningWire, Receiver, SocketWire, Transport, Wire

ANSWER_BYTES_MAX = 4_096  # more unread answer than this comes from no receiver
SAID_CHARS_MAX = 300
LISTEN_S_MAX = 60.0  # a line that was refused tries again within half a minute

Way = Literal["tcp", "tls", "serial", "listen"]


class Saying(Struct, frozen=True, kw_only=True):
    """One thing to say. `event` None is proof of life; `run` tells one start of the tool from another."""

    account: str
    event: Event | None
    number: int
    run: str = ""
    receiver: str | None = None
    line: str | None = None

    @property
    def code(self) -> str:
        """ValueError without one."""
        if self.event is None or self.event.code is None:
            raise ValueError("say what to send: --code CODE, or --null")
        return self.event.code


class Made(Struct, frozen=True):
    """`parts` go out in this order, each after the answer to the one before; `options` are those it was made with."""

    shown: str
    parts: tuple[bytes, ...]
    options: Any = None


class Answer(Struct, frozen=True):
    """`said` is what came, for people."""

    kind: Literal["ack", "nak"] | None = None
    said: str = ""


class Carrier(Protocol):
    """The way to what takes this protocol."""

    def open(self) -> None:
        """Before the clock runs; where each message has a connection of its own there is nothing to open. WireError."""
        ...

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        """One transmission. WireError when nobody can be reached."""
        ...

    def close(self) -> None: ...


class Where(Struct, frozen=True, kw_only=True):
    """A serial port, or an address; `is_listening` waits there to be connected to."""

    host: str = "127.0.0.1"
    port: int = 0
    serial: str | None = None
    mode: str = "9600 8N1"
    is_tls: bool = False
    is_listening: bool = False
    ca: Path | None = None
    server_name: str | None = None
    connect_timeout_s: float = 5.0

    def __str__(self) -> str:
        return f"{self.serial} {self.mode}" if self.serial is not None else str(self.receiver)

    @property
    def way(self) -> Way:
        if self.serial is not None:
            return "serial"
        return "listen" if self.is_listening else "tls" if self.is_tls else "tcp"

    @property
    def receiver(self) -> Receiver:
        return Receiver(
            host=self.host,
            port=self.port,
            transport=Transport.TLS if self.is_tls else Transport.TCP,
            ca=self.ca,
            server_name=self.server_name,
        )

    def wire(self) -> Wire:
        if self.serial is not None:
            return SerialWire(self.serial, self.mode)
        if self.is_listening:
            return ListeningWire(self.receiver, connect_timeout_s=LISTEN_S_MAX)
        return SocketWire(self.receiver, connect_timeout_s=self.connect_timeout_s)


def where_of(
    protocol: str,
    ways: tuple[Way, ...],
    *,
    host: str | None,
    port: int | None,
    serial: str | None,
    mode: str,
    udp: bool,
    tls: bool,
    listen: bool,
    ca: Path | None,
    server_name: str | None,
    timeout_s: float,
) -> Where:
    """UsageError for a way that this protocol does not go, and without an address."""
    if serial is not None and (host is not None or port is not None):
        raise UsageError("give --serial, or --host and --port, not both")
    if (ca is not None or server_name is not None) and not tls:
        raise UsageError("--ca and --server-name are for --tls")
    asked = [
        name for name, is_asked in (("udp", udp), ("tls", tls), ("serial", serial), ("listen", listen)) if is_asked
    ]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} exclude each other")
    if asked and asked[0] not in ways:
        raise UsageError(f"{protocol} does not go over --{asked[0]}; it goes over {', '.join(ways)}")
    if serial is not None:
        return Where(serial=serial, mode=mode)
    if port is None:
        by_port = "--serial PATH, or --host NAME --port PORT" if "serial" in ways else "--host NAME --port PORT"
        raise UsageError(f"say where the {protocol} line is: {by_port}")
    return Where(
        host=host or "127.0.0.1", port=port, is_tls=tls, is_listening=listen, ca=ca, server_name=server_name,
        connect_timeout_s=timeout_s,
    )  # fmt: skip


def shortened(text: str) -> str:
    """An answer, as much of it as a person reads."""
    return text if len(text) <= SAID_CHARS_MAX else f"{text[: SAID_CHARS_MAX - 1]}…"
