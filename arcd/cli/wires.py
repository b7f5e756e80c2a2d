"""The ways to a receiver: TCP, UDP, TLS. Where it is, how it is trusted, and why it cannot be reached.

One rule: a way carries bytes and knows nothing of what they mean, so that every protocol a panel speaks can use it.
"""

from __future__ import annotations

import socket
import ssl
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from arcd.cli.failures import CliError, UsageError

READ_BYTES_MAX = 65_536


class Transport(StrEnum):
    TCP = "tcp"
    UDP = "udp"
    TLS = "tls"


class WireError(CliError):
    """The receiver cannot be reached at all."""

    kind = "no_receiver"


class Receiver(Struct, frozen=True, kw_only=True):
    """Where a receiver is. `ca` and `server_name` are TLS's: whom to trust, and the name in the certificate."""

    host: str
    port: int
    transport: Transport = Transport.TCP
    ca: Path | None = None
    server_name: str | None = None

    def __str__(self) -> str:
        return f"{self.host} port {self.port}/{self.transport}"

    def tls_context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"the certificates in {self.ca} cannot be used: {error}") from None

    def failure(self, error: OSError | UnicodeError) -> WireError:
        """What a person can do about it."""
        if isinstance(error, socket.gaierror | UnicodeError):
            return WireError(f"the name {self.host} is not known; check --host")
        if isinstance(error, ssl.SSLCertVerificationError):
            return WireError(
                f"the certificate of {self} is not trusted ({error.verify_message}); name its authority with --ca, or "
                "the name it is made out to with --server-name"
            )
        if isinstance(error, ssl.SSLError):
            return WireError(f"{self} does not speak TLS with us: {error.reason}")
        if isinstance(error, ConnectionRefusedError):
            return WireError(f"nobody listens on {self}; start the receiver, or check --host, --port, --udp and --tls")
        if isinstance(error, TimeoutError):
            return WireError(f"no connection to {self} in time; check the address and what filters the way")
        return WireError(f"no connection to {self}: {error.strerror or error}")


class Wire(Protocol):
    """The way to a receiver, opened by the first `send`, or before it by `open`."""

    @property
    def is_open(self) -> bool: ...

    def open(self) -> None: ...

    def send(self, frame: bytes) -> None: ...

    def receive(self, timeout_s: float) -> bytes | None:
        """What arrived; b"" when the other side has closed; None when nothing came in time."""
        ...

    def close(self) -> None: ...


class SocketWire:
    """TCP stays open between messages, as panels keep it; a UDP socket is connected so that a refusal is noticed."""

    def __init__(self, receiver: Receiver, *, connect_timeout_s: float) -> None:
        self.address = str(receiver)
        self._receiver = receiver
        self._context = receiver.tls_context() if receiver.transport is Transport.TLS else None
        self._target = (receiver.host, receiver.port)
        self._kind = socket.SOCK_DGRAM if receiver.transport is Transport.UDP else socket.SOCK_STREAM
        self._connect_timeout_s = connect_timeout_s
        self._socket: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def open(self) -> None:
        """WireError says why it cannot be."""
        if self._socket is None:
            try:
                self._socket = self._connected()
            except (OSError, UnicodeError) as error:  # a name that no resolver could be asked for is a UnicodeError
                raise self._receiver.failure(error) from error

    def send(self, frame: bytes) -> None:
        self.open()
        assert self._socket is not None
        try:
            self._socket.sendall(frame)
        except OSError as error:
            self.close()
            raise self._receiver.failure(error) from error

    def receive(self, timeout_s: float) -> bytes | None:
        assert self._socket is not None, "a reply is waited for after something was sent"
        self._socket.settimeout(max(timeout_s, 0.001))  # 0 would mean "do not wait", which raises another error
        try:
            return self._socket.recv(READ_BYTES_MAX)
        except TimeoutError:
            return None
        except ConnectionResetError:
            return b""
        except OSError as error:
            self.close()
            raise self._receiver.failure(error) from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        found = socket.getaddrinfo(*self._target, type=self._kind)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        made.settimeout(self._connect_timeout_s)
        try:
            made.connect(address)
            if self._context is not None:
                return self._encrypted(made, self._context)
        except (OSError, WireError):
            made.close()
            raise
        return made

    def _encrypted(self, made: socket.socket, context: ssl.SSLContext) -> socket.socket:
        try:
            return context.wrap_socket(made, server_hostname=self._receiver.server_name or self._receiver.host)
        except TimeoutError:  # a receiver of plain messages waits for the end of one
            raise WireError(
                f"{self._receiver} takes the connection and does not answer in TLS; check --port, or leave --tls out"
            ) from None


class ListeningWire(SocketWire):
    """TCP the other way round: a receiver that listens, and an automation system that connects to it."""

    def close(self) -> None:
        super().close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    _listener: socket.socket | None = None

    def _connected(self) -> socket.socket:
        if self._listener is None:
            self._listener = socket.create_server(self._target)
        self._listener.settimeout(self._connect_timeout_s)
        try:
            made, _ = self._listener.accept()
        except TimeoutError:
            self.close()
            raise WireError(
                f"nobody connected to {self._receiver} within {self._connect_timeout_s:g} s; name it in the line's "
                "settings as connect:"
            ) from None
        made.settimeout(self._connect_timeout_s)
        return made
