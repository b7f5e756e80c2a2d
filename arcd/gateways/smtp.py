"""Mail from cameras and panels (RFC 5321), spoken by aiosmtpd.

One rule: 250 to a message leaves after the commit. There is one sort of recipient, an address whose local part is the
token of a source in the site base; nothing is ever passed on, so there is nothing to relay.

Who may speak at all: whoever logs in over TLS, and the networks the settings name. A connection costs a bounded amount
of memory and time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from arcd.field_map import KnownSource
from arcd.gateways.callers import serve
from arcd.gateways.intake_door import IntakeDoor
from arcd.gateways.listeners import Listeners
from arcd.sockets import address_text
from protocols.codec import ReplyKind
from protocols.made_signals import made_signal
from protocols.mail_message import Mail, read_mail, subject_fits
from protocols.signals import Qualifier, Signal

log = structlog.get_logger(__name__)

# The library logs every address and line it reads; an address here is a token.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)

PROTOCOL = "smtp"
CONNECTIONS_MAX = 100
CONNECTIONS_PER_SOURCE_MAX = 10
# RFC 5321 4.5.3.2 gives a sender minutes for each step; a camera on its own line needs seconds.
TIMEOUT_S = 60.0
# Everything one connection may bring: a few messages, and the commands around them.
MESSAGES_MAX = 4
COMMAND_BYTES_MAX = 64 * 1024
ADDRESS_CHARS_MAX = 256  # RFC 5321 4.5.3.1.3

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SmtpGateway:
    """`certificate` is a PEM file with its key; `user` and `password` are what senders log in with."""

    def __init__(
        self, *, name: str, door: IntakeDoor, listeners: Sequence[socket.socket], domain: str,
        networks: Sequence[str] = (), certificate: Path | None = None, user: str = "",
        password: SecretStr | None = None, message_bytes_max: int = 10_000_000, timeout_s: float = TIMEOUT_S,
    ) -> None:  # fmt: skip
        self.name = name
        self.door = door
        self.domain = domain
        self.networks: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in networks)
        self.user = user
        self.password = password
        self.message_bytes_max = message_bytes_max
        self.timeout_s = timeout_s
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(certificate)
        self.is_taking = True
        self.listeners = Listeners(name, listeners, self._begin)
        self._open: dict[_Conversation, str] = {}

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.listeners.addresses

    async def start(self) -> None:
        await self.listeners.start()

    async def _begin(self, listener: socket.socket) -> asyncio.Server:
        return await serve(listener, lambda: _Conversation(self))

    async def run(self) -> None:
        await self.door.keep_house()

    async def stop_taking(self) -> None:
        self.is_taking = False
        self.listeners.close()
        self.door.reader.flush()

    async def close(self) -> None:
        self.listeners.close()
        for conversation in list(self._open):
            conversation.hang_up()

    # ------------------------------------------------------------------------------------------ for the conversations

    def admit(self, conversation: _Conversation, host: str) -> bool:
        is_crowded = len(self._open) >= CONNECTIONS_MAX
        if is_crowded or sum(other == host for other in self._open.values()) >= CONNECTIONS_PER_SOURCE_MAX:
            self.door.metrics.connection_refused("connections" if is_crowded else "connections_per_source")
            return False
        if not self.is_near(host) and not self.user:
            self.door.metrics.connection_refused("source")
            return False
        self._open[conversation] = host
        self.door.metrics.connection_opened(PROTOCOL)
        return True

    def dismiss(self, conversation: _Conversation) -> None:
        if self._open.pop(conversation, None) is not None:
            self.door.metrics.connection_closed(PROTOCOL)

    def is_near(self, host: str) -> bool:
        address = ipaddress.ip_address(host)
        return any(address in network for network in self.networks)

    def knows(self, login: str, password: str) -> bool:
        if self.password is None:
            return False
        wanted = self.password.get_secret_value()
        is_user = hmac.compare_digest(login.encode(), self.user.encode())
        return hmac.compare_digest(password.encode(), wanted.encode()) and is_user


class _Conversation(SMTP):
    """One connection. It is its own handler: aiosmtpd asks it about recipients and hands it messages."""

    def __init__(self, gateway: SmtpGateway) -> None:
        self._gateway = gateway
        self._host = ""
        self._peer = ""
        self._left = MESSAGES_MAX * gateway.message_bytes_max + COMMAND_BYTES_MAX
        self._known: KnownSource | None = None
        self._token = ""
        super().__init__(
            handler=self,
            data_size_limit=gateway.message_bytes_max,
            enable_SMTPUTF8=True,
            hostname=gateway.domain,
            ident="ESMTP",
            tls_context=gateway.tls,
            timeout=gateway.timeout_s,
            authenticator=self._check_login,
            auth_require_tls=True,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self._host:  # after STARTTLS it is made once more
            peer = transport.get_extra_info("peername")
            if peer is None:  # gone while it waited to be let in
                cast(asyncio.Transport, transport).abort()
                return
            self._host, self._peer = str(peer[0]), address_text(peer)
            if not self._gateway.admit(self, self._host):
                cast(asyncio.Transport, transport).abort()
                return
            is_near = self._gateway.is_near(self._host)
            self._auth_required = not is_near
            self.require_starttls = not is_near
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:  # also a line without an end, which the library would gather
            self._gateway.door.metrics.connection_refused("queue")
            self.hang_up()
            return
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._gateway.dismiss(self)
        if self.session is not None:
            super().connection_lost(error)

    def hang_up(self) -> None:
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    def _check_login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        door = self._gateway.door
        if isinstance(data, LoginPassword) and door.admits_login(self._host):
            login, password = (part.decode("utf-8", "replace") for part in (data.login, data.password))
            if self._gateway.knows(login, password):
                return AuthResult(success=True)
        door.turned_away("login", "a wrong user name or password", b"", self._peer)
        return AuthResult(success=False, handled=False)

    # ------------------------------------------------------------------------------------------- what aiosmtpd asks

    async def handle_exception(self, error: Exception) -> str:
        """A defect of ours: the sender keeps the mail, and somebody learns that it waits."""
        log.error("smtp.broke", error=type(error).__name__, exc_info=error)
        self._gateway.door.turned_away("syntax", f"a mail could not be read: {type(error).__name__}", b"", self._peer)
        return "451 4.3.0 not taken yet; try again in a minute"

    async def handle_RCPT(  # noqa: N802 – the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        door = self._gateway.door
        if envelope.rcpt_tos:
            return "452 4.5.3 one recipient for each message, please"
        token, _, domain = address[:ADDRESS_CHARS_MAX].rpartition("@")
        known = door.find(token.lower()) if domain.lower() == self._gateway.domain else None
        if known is None and not door.admits_stranger(self._host):
            door.metrics.connection_refused("rate")
            return "421 4.7.0 too many attempts from this address; try again in a minute"
        if known is None:
            # What was tried stands in no journal whole: it may be a token with one letter wrong.
            door.turned_away("unknown_recipient", f"nobody here has this address (…@{domain[:64]})", b"", self._peer)
            return "550 5.1.1 no such recipient; use the address given for this device, and nothing is passed on"
        self._known, self._token = known, token
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 – the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        gateway, known = self._gateway, self._known
        assert known is not None, "aiosmtpd takes no message without a recipient"
        if not gateway.is_taking:
            return "421 4.3.2 going down; try again in a minute"
        if not gateway.door.admits(known):
            return "451 4.7.1 too many messages from this device; try again in a minute"
        raw = bytes(envelope.original_content or b"")
        mail = await asyncio.to_thread(read_mail, raw)
        kept = await gateway.door.keep(mail.pictures, known.source.retention)
        reply = await gateway.door.take(
            known, signal_of(known, mail), token=self._token, key=_key(known, mail, raw), raw=_shown(raw, mail),
            remarks=mail.remarks, kept=kept, peer=self._peer,
        )  # fmt: skip
        if reply is ReplyKind.ACK:
            return "250 2.0.0 taken"
        if reply is None:
            return "451 4.3.0 not taken yet; try again in a minute"
        return "550 5.7.1 not taken: this device's account is not in force"


def signal_of(known: KnownSource, mail: Mail) -> Signal:
    """As the source says, or as the first subject rule that fits."""
    source = known.source
    rule = next((rule for rule in source.subjects if subject_fits(mail.subject, rule.subject)), None)
    return made_signal(
        scheme=source.scheme,
        code=(rule.code if rule is not None else "") or source.code,
        qualifier=Qualifier.RESTORE if rule is not None and rule.restore else Qualifier.NEW,
        zone=(rule.zone if rule is not None else None) or source.zone,
        area=(rule.area if rule is not None else None) or source.area,
        text=mail.subject or mail.text[:100] or None,
        extra=(("body", mail.text),) if mail.text else (),
    )


def _key(known: KnownSource, mail: Mail, raw: bytes) -> str:
    """The sender's name for the message, so that a repeat is known; without one, its content."""
    named = mail.message_id.encode() or hashlib.sha256(raw).digest()
    return hashlib.sha256(known.source.digest.encode() + b"\0" + named).hexdigest()


def _shown(raw: bytes, mail: Mail) -> bytes:
    """For the journal: the headers as they came, the text as it was read; pictures lie beside it."""
    headers, _, _ = raw.partition(b"\r\n\r\n")
    return headers[:8192] + b"\r\n\r\n" + mail.text.encode()
