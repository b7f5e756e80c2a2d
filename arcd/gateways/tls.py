"""TLS under a stream gateway: sealed bytes in, plain bytes out and the other way about.

One rule: it does no I/O. A TLS connection is a connection of the gateway like any other from its first byte, so that
the limits on connections, sources and time hold during the handshake too, and how many handshakes are computed a
second is ours to say. The cryptography is the standard library's (OpenSSL).

TLS is in no part of DC-09 that could be read (protocols.md 1.8); panels and clouds that offer it wrap the same frames.
"""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

READ_BYTES = 64 * 1024
# A handshake costs about a millisecond of the loop, and anybody can ask for one. Above this they wait their turn.
HANDSHAKES_PER_S_MAX = 100
HANDSHAKE_TIMEOUT_S = 10.0  # waiting for its turn included


def server_context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """ValueError says which file cannot be used, and why."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        # The empty password keeps OpenSSL from asking the terminal for one.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"cannot use the certificate {certificate} with the key {key}: {_why(error)}") from None
    if client_ca is not None:
        try:
            context.load_verify_locations(client_ca)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"cannot use the client CA {client_ca}: {_why(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return {
            "KEY_VALUES_MISMATCH": "the key is another certificate's",
            "BAD_DECRYPT": "the key has a password; write one without (openssl pkey -in KEY -out NEW)",
        }.get(error.reason or "", error.reason or "it cannot be read: is it PEM?")
    return error.strerror or type(error).__name__


class HandshakeTurns:
    """Spreads handshakes over time: `wait_s` gives how long one that comes now has to wait."""

    def __init__(self, per_s: float = HANDSHAKES_PER_S_MAX, wait_s_max: float = HANDSHAKE_TIMEOUT_S / 2) -> None:
        self._pause_s = 1 / per_s
        self._wait_s_max = wait_s_max
        self._next_s = 0.0

    def wait_s(self, now_s: float) -> float | None:
        """None when the queue is so long that the far end would have given up."""
        turn_s = max(self._next_s, now_s)
        if turn_s - now_s > self._wait_s_max:
            return None
        self._next_s = turn_s + self._pause_s
        return turn_s - now_s


class TlsLayer:
    """One connection's."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_open = False  # the handshake is over
        self.has_ended = False  # the far end has said goodbye

    def receive(self, sealed: bytes) -> bytes:
        """What can be read now. ssl.SSLError when it is no TLS, or none that we speak; `outgoing` may say so."""
        self._incoming.write(sealed)
        plain: list[bytes] = []
        try:
            if not self.is_open:
                self._tls.do_handshake()
                self.is_open = True
            while part := self._tls.read(READ_BYTES):
                plain.append(part)
            self.has_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.has_ended = True
        return b"".join(plain)

    def send(self, plain: bytes) -> None:
        """Sealed into `outgoing`."""
        assert self.is_open
        self._tls.write(plain)

    def say_goodbye(self) -> None:
        if self.is_open:
            with contextlib.suppress(ssl.SSLError):  # it waits for the answer, which nobody needs
                self._tls.unwrap()

    def outgoing(self) -> bytes:
        """What has to be written to the far end, also after a failure."""
        return self._outgoing.read()
