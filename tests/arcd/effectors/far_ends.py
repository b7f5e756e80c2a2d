"""Real servers on loopback for the effectors to talk to, with scripted manners, and certificates for them.

They run in the test's own loop, so a test that ends leaves no thread and no socket behind.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import h11
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# --------------------------------------------------------------------------------------------------------------- HTTP


@dataclass
class Post:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Manners = Callable[[asyncio.StreamWriter], Awaitable[None]]


def status(code: int, *headers: str, body: bytes = b"") -> Manners:
    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {code} Said", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()

    return answer


def raw(data: bytes) -> Manners:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return answer


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def say_nothing(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def stall_in_body(writer: asyncio.StreamWriter) -> None:
    await raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")(writer)
    await say_nothing(writer)


async def flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


@dataclass
class HttpFarEnd:
    """Answers every POST by its manners; remembers what came."""

    manners: Manners = field(default_factory=lambda: status(204))
    posts: list[Post] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.posts.append(await _read_post(reader))
            await self.manners(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def _read_post(reader: asyncio.StreamReader) -> Post:
    connection = h11.Connection(h11.SERVER)
    post: Post | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            headers = {name.decode(): value.decode() for name, value in event.headers}
            post = Post(event.method.decode(), event.target.decode(), headers, b"")
        elif isinstance(event, h11.Data):
            assert post is not None
            post.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert post is not None
            return post
        else:
            raise ConnectionError(f"no request: {event!r}")


@asynccontextmanager
async def http_far_end(manners: Manners | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpFarEnd]:
    far_end = HttpFarEnd(manners or status(204))
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await far_end.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    far_end.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/offers"
    try:
        yield far_end
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --------------------------------------------------------------------------------------------------------------- SMTP


@dataclass
class Delivered:
    recipients: list[str]
    message: EmailMessage
    content: bytes
    was_encrypted: bool

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class SmtpFarEnd:
    """The aiosmtpd server with scripted replies. `rcpt` and `data` give the reply of that command."""

    rcpt: Callable[[str], str] = lambda address: "250 2.1.5 OK"
    data: str = "250 2.0.0 OK: queued as 4F2A9C"
    delivered: list[Delivered] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802 – the name aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.rcpt(address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 – as above
        content = envelope.content
        assert isinstance(content, bytes)
        if self.data.startswith("2"):
            message = message_from_bytes(content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            assert server.transport is not None
            was_encrypted = server.transport.get_extra_info("sslcontext") is not None
            self.delivered.append(Delivered(list(envelope.rcpt_tos), message, content, was_encrypted))
        return self.data

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == b"correct horse", handled=False)


@asynccontextmanager
async def smtp_far_end(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, asks_login: bool = False
) -> AsyncIterator[SmtpFarEnd]:
    far_end = SmtpFarEnd()

    def connection() -> SMTP:
        return SMTP(
            far_end,
            hostname="mail.example.invalid",
            tls_context=starttls,
            authenticator=far_end.authenticate,
            auth_required=asks_login,
        )

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=tls)
    far_end.port = server.sockets[0].getsockname()[1]
    try:
        yield far_end
    finally:
        server.close()


@asynccontextmanager
async def scripted_smtp(*replies: bytes) -> AsyncIterator[int]:
    """Says one reply per command (per message after a 354), whatever it says; then hangs up. For bad manners."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for reply in replies:
                writer.write(reply)
                await writer.drain()
                await reader.readuntil(b"\r\n.\r\n" if reply.startswith(b"354") else b"\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


# -------------------------------------------------------------------------------------------------------- certificates


@dataclass
class Certificates:
    """A private CA, and a server certificate for 127.0.0.1 under it."""

    ca_file: Path
    server: ssl.SSLContext


def make_certificates(directory: Path) -> Certificates:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    ca = (
        _certificate(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_ca=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        _certificate(name, ca_name, key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca_file, chain_file = directory / "ca.pem", directory / "server.pem"
    ca_file.write_bytes(ca.public_bytes(pem))
    chain_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + leaf.public_bytes(pem)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain_file)
    return Certificates(ca_file, server)


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 – the TLS library compares with the real clock
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
