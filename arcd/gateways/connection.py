"""One panel's connection over TCP, with or without TLS: feed the codec, hand over what it found, write the replies.

One rule: it costs a bounded amount of memory and time. What it has been given and not answered is bounded (beyond it
nothing more is read), what the panel does not read is bounded (beyond it the panel is cut off), and a frame that was
begun is ended within `frame_timeout_s` or the connection is.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import TYPE_CHECKING, cast

import structlog

from arcd.gateways.tls import TlsLayer
from arcd.sockets import address_text
from protocols.codec import Codec, ConnectionPolicy, Received, WireItem

if TYPE_CHECKING:
    from arcd.gateways.tcp import TcpGateway

log = structlog.get_logger(__name__)

REPLY_BYTES_MAX = 256 * 1024  # unsent replies of one connection; beyond it the peer has stopped reading
FRAMES_OWED_MAX = 1024  # frames of one connection that wait for their reply; beyond it, it is not read from
# Between the reply and our closing, where that is the panel's way: too early a close loses the ACK on some
# (Ajax Hub 2; node-red-contrib-sia-ultimate 1.0.2 waits 700 ms).
CLOSE_DELAY_S = 0.7
_IDLE_BYTES = b"\x00\r\n"  # between frames, and the start of none


class Connection(asyncio.Protocol):
    """Implements `arcd.gateways.admission.Guest`."""

    def __init__(self, gateway: TcpGateway) -> None:
        self._gateway = gateway
        self._codec: Codec = gateway.new_codec()
        self._transport: asyncio.Transport | None = None
        self._tls: TlsLayer | None = None
        self._peer = ""
        self.source = ""
        self._backlog: deque[WireItem] = deque()
        self._owed = 0  # frames that have not had their reply
        self._replies: list[bytes] = []  # of this turn of the loop, which go out together
        self._is_known = False
        self._has_ended = False
        self._closes_after_reply = False
        self._idle_limit_s = gateway.idle_timeout_s
        self._opened_s = 0.0
        self._heard_s = 0.0
        self._begun_s: float | None = None  # since when bytes have come that end no frame

    # ----------------------------------------------------------------------------------------------- the transport's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's have the methods and not always the base class
        gateway = self._gateway
        peer = transport.get_extra_info("peername")
        if peer is None:  # gone while it waited to be let in
            transport.abort()
            return
        self._peer, self.source = address_text(peer), str(peer[0])
        self._opened_s = self._heard_s = gateway.clock.monotonic_s()
        self._transport = transport
        self._is_known = gateway.profiles is None
        if not gateway.admit(self, is_known=self._is_known):
            self._transport = None
            transport.abort()
            return
        transport.set_write_buffer_limits(high=REPLY_BYTES_MAX)
        if gateway.tls_context is not None:
            self._begin_tls(gateway.tls_context)
        elif gateway.is_holding:
            self.hold()

    def data_received(self, data: bytes) -> None:
        gateway = self._gateway
        self._heard_s = gateway.clock.monotonic_s()
        if self._tls is not None:
            opened = self._unseal(self._tls, data)
            if opened is None:
                return
            data = opened
        if data:
            self._read(data)
        if not gateway.intake.has_room:
            gateway.hold_all()
        if gateway.is_holding or self._backlog:
            self.hold()  # uvloop begins to read after `connection_made`, whatever was asked there
        if self._tls is not None and self._tls.has_ended and not self._has_ended and not self._end_of_stream():
            self.close()

    def eof_received(self) -> bool:
        return self._end_of_stream()

    def pause_writing(self) -> None:
        # A peer that never reads its replies would make us keep them for it.
        log.warning("connection.not_reading", gateway=self._gateway.name)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gateway.dismiss(self)
        self._transport = None
        if not self._is_known:
            self._gateway.shares.forget(self.source, self, self._owed)
            self._is_known = True  # what still comes for it is nobody's share

    # ---------------------------------------------------------------------------------------------- for the gateway

    def hold(self) -> None:
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def read_on(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._heard_s = self._gateway.clock.monotonic_s()  # it was we who did not listen
        self._begun_s = None if self._begun_s is None else self._heard_s
        if self._backlog:
            self._take()
        if self._backlog:
            return
        if not self._has_ended:
            self._transport.resume_reading()
        elif not self._owed:
            self.close()

    def turn_out(self) -> None:
        self._gateway.dismiss(self)
        if self._transport is not None:
            self._transport.abort()

    def overdue(self, now_s: float) -> str | None:
        """The limit it has run into, if any."""
        if self._tls is not None and not self._tls.is_open:
            return "handshake" if now_s - self._opened_s > self._gateway.handshake_timeout_s else None
        if self._owed or self._backlog:
            return None  # it waits for us
        if self._begun_s is not None and now_s - self._begun_s > self._gateway.frame_timeout_s:
            return "half_frame"
        return "idle" if now_s - self._heard_s > self._idle_limit_s else None

    def end(self, limit: str) -> None:
        """Close it for a limit; half a frame is not forgotten."""
        if limit == "half_frame":
            for left in self._codec.receive_eof():
                self._gateway.reader.take(self._codec, left, self._peer, self._write)
        self.close()

    def close(self) -> None:
        if self._transport is None:
            return
        self._flush()
        if self._transport.get_write_buffer_size():
            self._transport.abort()
            return
        if self._tls is not None and not self._transport.is_closing():
            self._tls.say_goodbye()
            self._transport.write(self._tls.outgoing())
        self._transport.close()

    # -------------------------------------------------------------------------------------------------------- inside

    def _read(self, data: bytes) -> None:
        gateway = self._gateway
        items = self._codec.receive_data(data, gateway.clock.now())
        if items:
            self._begun_s = None
        elif self._begun_s is None and data.strip(_IDLE_BYTES):
            self._begun_s = self._heard_s
        self._backlog.extend(items)
        self._take()

    def _take(self) -> None:
        """Hand over what has arrived, as far as this connection's share goes."""
        gateway = self._gateway
        while self._backlog:
            item = self._backlog[0]
            if gateway.profiles is not None and isinstance(item, Received):
                self._look_at(item)  # first: a panel is no stranger from its first frame on
            if self._is_known:
                if self._owed >= FRAMES_OWED_MAX:
                    return  # its own next reply lets it go on
            elif not gateway.shares.has_room(self.source):
                gateway.shares.wait(self.source, self)
                return
            self._backlog.popleft()
            if isinstance(item, Received):
                self._owed += 1
                if not self._is_known:
                    gateway.shares.take(self.source)
            gateway.reader.take(self._codec, item, self._peer, self._write)

    def _look_at(self, received: Received) -> None:
        """Whose connection is this, and how does its panel want it kept?"""
        gateway = self._gateway
        assert gateway.profiles is not None
        profile = gateway.profiles(received.session_account)
        if not profile.is_configured and received.origin.account != received.session_account:
            profile = gateway.profiles(received.origin.account)
        if received.problem is not None or not profile.is_configured:
            return
        if not self._is_known:
            self._is_known = True
            gateway.shares.forget(self.source, self, self._owed)
            gateway.recognise(self)
        self._closes_after_reply = profile.connection is ConnectionPolicy.CLOSE_AFTER_REPLY
        self._idle_limit_s = gateway.idle_timeout_s if profile.idle_limit_s is None else profile.idle_limit_s

    def _end_of_stream(self) -> bool:
        if self._tls is None or self._tls.is_open:
            self._backlog.extend(self._codec.receive_eof())
            self._take()
        self._has_ended = True
        return self._owed > 0 or bool(self._backlog)  # half-closed: replies still owed are written, then it ends

    def _write(self, data: bytes) -> None:
        self._owed -= 1
        if not self._is_known:
            self._gateway.shares.give_back(self.source)
        # The panel may have gone meanwhile; it repeats, and the repetition is recognised.
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._send(data)
        if self._backlog:
            if self._is_known and self._owed == FRAMES_OWED_MAX // 2:
                # Not from here: this is the end of a commit, and what is taken now begins another.
                asyncio.get_running_loop().call_soon(self._gateway.go_on, self)
        elif not self._owed:
            self._nothing_owed()

    def _send(self, data: bytes) -> None:
        # A commit answers several frames of a connection, and each write by itself would be a system call of its own.
        # Each connection has a call of its own: what goes wrong with one must not keep the replies of the others.
        if not self._replies:
            asyncio.get_running_loop().call_soon(self._flush)
        self._replies.append(data)

    def _flush(self) -> None:
        replies, self._replies = self._replies, []
        if not replies or self._transport is None or self._transport.is_closing():
            return
        data = b"".join(replies)
        if self._tls is not None:
            self._tls.send(data)
            data = self._tls.outgoing()
        self._transport.write(data)

    def _nothing_owed(self) -> None:
        assert self._transport is not None
        if self._has_ended:
            self.close()
        elif self._closes_after_reply:
            asyncio.get_running_loop().call_later(CLOSE_DELAY_S, self._close_if_done)

    def _close_if_done(self) -> None:
        if not self._owed and not self._backlog and self._begun_s is None:
            self.close()

    # ----------------------------------------------------------------------------------------------------------- TLS

    def _begin_tls(self, context: ssl.SSLContext) -> None:
        self._tls = TlsLayer(context)
        wait_s = self._gateway.turns.wait_s(self._opened_s)
        if wait_s is None:
            self._gateway.metrics.connection_refused("handshakes")
            self.turn_out()
        elif wait_s > 0:
            asyncio.get_running_loop().call_soon(self._await_turn, wait_s)

    def _await_turn(self, wait_s: float) -> None:
        # Held after `connection_made`, because uvloop begins to read then; and timed after that, because in a long turn
        # of the loop the timer would come first, and nobody would let it go on.
        self.hold()
        asyncio.get_running_loop().call_later(wait_s, self._gateway.go_on, self)

    def _unseal(self, tls: TlsLayer, sealed: bytes) -> bytes | None:
        """None when the connection is over."""
        assert self._transport is not None
        plain: bytes | None = None
        try:
            plain = tls.receive(sealed)
        except ssl.SSLError as error:
            self._gateway.metrics.connection_refused("tls")
            log.info("tls.failed", gateway=self._gateway.name, source=self.source, reason=error.reason)
        answer = tls.outgoing()
        if answer and not self._transport.is_closing():
            self._transport.write(answer)
        if plain is None:
            self._transport.close()
        return plain
