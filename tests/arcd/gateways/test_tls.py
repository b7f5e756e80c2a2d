"""TLS: the layer by itself, and under the gateway on real sockets with real certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from pathlib import Path

import pytest
import trustme

from arcd.gateways import tcp
from arcd.gateways.connection import Connection
from arcd.gateways.tls import HandshakeTurns, TlsLayer, server_context
from tests.arcd.gateways.inbox import alarm
from tests.arcd.gateways.test_tcp import Hall, ended, hall, reply
from tests.patience import in_time, until

HOST = "arc.example.org"
CA = trustme.CA()
CERTIFICATE = CA.issue_cert(HOST)


def files(directory: Path, certificate: trustme.LeafCert = CERTIFICATE) -> tuple[Path, Path]:
    chain, key = directory / "tls.pem", directory / "tls-key"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    return chain, key


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    return server_context(*files(tmp_path), None)


def client_context(ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(context)
    return context


async def connect(here: Hall, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", here.port, ssl=context, server_hostname=HOST)


@pytest.fixture(autouse=True)
def _swept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "SWEEP_S", 0.001)


# --------------------------------------------------------------------------------------------------- on real sockets


async def test_frames_travel_sealed_in_any_split(context: ssl.SSLContext) -> None:
    async with hall(tls_context=context) as here:
        reader, writer = await connect(here, client_context())
        for each in alarm(1):
            writer.write(bytes([each]))
        writer.write(alarm(2) + alarm(3))
        assert [await reply(reader) for _ in range(3)] == [("ack", "0001"), ("ack", "0002"), ("ack", "0003")]
        writer.close()
        await until(lambda: here.open_connections == 0)
        assert here.inbox.malformed == []


async def test_a_goodbye_waits_for_the_replies_that_are_owed(context: ssl.SSLContext) -> None:
    async with hall(tls_context=context, answers_at_once=False) as here:
        panel = socket.create_connection(("127.0.0.1", here.port))
        panel.setblocking(False)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = client_context().wrap_bio(incoming, outgoing, server_hostname=HOST)
        loop = asyncio.get_running_loop()

        async def turn(step: object) -> bytes:
            assert callable(step)
            while True:
                try:
                    done = step()
                    await loop.sock_sendall(panel, outgoing.read())
                    return done if isinstance(done, bytes) else b""
                except ssl.SSLWantReadError:
                    await loop.sock_sendall(panel, outgoing.read())
                    incoming.write(await in_time(loop.sock_recv(panel, 65536)))

        await turn(tls.do_handshake)
        tls.write(alarm(1))
        with pytest.raises(ssl.SSLWantReadError):
            tls.unwrap()  # says goodbye, and does not wait for the other side's
        await loop.sock_sendall(panel, outgoing.read())
        await until(lambda: here.inbox.owed == 1)
        assert here.open_connections == 1
        here.inbox.answer()
        await until(lambda: here.open_connections == 0)
        panel.close()


async def test_a_panel_that_does_not_trust_us_sends_nothing(context: ssl.SSLContext) -> None:
    async with hall(tls_context=context) as here:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(here, client_context(trustme.CA()))
        await until(lambda: here.open_connections == 0)
        assert here.inbox.facts == []


async def test_plain_text_where_tls_is_spoken_is_refused(context: ssl.SSLContext) -> None:
    async with hall(tls_context=context) as here:
        reader, writer = await here.connect()
        writer.write(alarm(1))
        assert (await in_time(reader.read()))[:1] in (b"", b"\x15"), "an alert at most"
        assert here.inbox.facts == []
        assert here.count('arc_connections_refused_total{limit="tls"}') == 1


async def test_older_versions_are_not_spoken(context: ssl.SSLContext) -> None:
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    async with hall(tls_context=context) as here:
        old = client_context()
        with pytest.warns(DeprecationWarning, match="deprecated"):
            old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await connect(here, old)
        fits = client_context()
        fits.maximum_version = ssl.TLSVersion.TLSv1_2
        reader, writer = await connect(here, fits)
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")


async def test_with_a_client_authority_panels_show_their_certificate(tmp_path: Path) -> None:
    authority = tmp_path / "clients.pem"
    clients = trustme.CA()
    clients.cert_pem.write_to_path(authority)
    async with hall(tls_context=server_context(*files(tmp_path), authority)) as here:
        panel = client_context()
        clients.issue_cert("panel.example.org").configure_cert(panel)
        reader, writer = await connect(here, panel)
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")
        stranger = client_context()
        CA.issue_cert("panel.example.org").configure_cert(stranger)

        async def speak(refused: ssl.SSLContext) -> None:
            reader, writer = await connect(here, refused)
            writer.write(alarm(2))
            await in_time(reader.readexactly(1))  # in TLS 1.3 it hears of it here

        for refused in (client_context(), stranger):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await speak(refused)
        assert here.inbox.sequences == ["0001"]


async def test_whoever_waits_for_its_turn_in_a_long_turn_of_the_loop_has_it(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its turn comes before it is even held: timers run first."""
    begin = Connection._begin_tls

    def begin_slowly(self: Connection, tls_context: ssl.SSLContext) -> None:
        begin(self, tls_context)
        over_s = time.monotonic() + 0.02
        while time.monotonic() < over_s:
            pass

    async with hall(tls_context=context) as here:
        monkeypatch.setattr(Connection, "_begin_tls", begin_slowly)
        monkeypatch.setattr(here.gateway.turns, "wait_s", lambda now_s: 0.005)
        reader, writer = await connect(here, client_context())
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")


async def test_a_handshake_that_does_not_end_is_let_go_and_takes_no_place_from_others(context: ssl.SSLContext) -> None:
    async with hall(tls_context=context) as here:
        half_open = [await here.connect() for _ in range(5)]
        half_open[0][1].write(b"\x16\x03\x01\x02\x00\x01")  # and nothing more of its hello
        reader, writer = await connect(here, client_context())
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")
        here.clock.advance(11)
        for each, _ in half_open:
            assert await ended(each)
        assert here.count('arc_connections_refused_total{limit="handshake"}') == 5
        assert here.open_connections == 1


async def test_handshakes_wait_their_turn_and_beyond_that_are_refused(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hall(tls_context=context) as here:
        here.gateway.turns = HandshakeTurns(per_s=20, wait_s_max=0.12)
        here.clock.advance(1)  # its clock stands from here on, so that every call comes at the same instant
        outcomes = await asyncio.gather(
            *(in_time(connect(here, client_context())) for _ in range(8)), return_exceptions=True
        )
        served = [each for each in outcomes if not isinstance(each, BaseException)]
        assert len(served) == 3, "at 0, 50 and 100 ms"
        assert here.count('arc_connections_refused_total{limit="handshakes"}') == 5
        for reader, writer in served:
            writer.write(alarm(1))
            assert await reply(reader) == ("ack", "0001")


async def test_a_new_certificate_is_for_those_that_come_later(context: ssl.SSLContext, tmp_path: Path) -> None:
    async with hall(tls_context=context) as here:
        first, first_writer = await connect(here, client_context())
        newer = trustme.CA()
        here.gateway.tls_context = server_context(*files(tmp_path, newer.issue_cert(HOST)), None)
        second, second_writer = await connect(here, client_context(newer))
        for reader, writer in ((first, first_writer), (second, second_writer)):
            writer.write(alarm(1))
            assert await reply(reader) == ("ack", "0001")


# ---------------------------------------------------------------------------------------------------------- by itself


def test_turns_are_spread_over_time() -> None:
    turns = HandshakeTurns(per_s=10, wait_s_max=0.25)
    waits = [turns.wait_s(100.0) for _ in range(4)]
    assert waits[:3] == pytest.approx([0.0, 0.1, 0.2])
    assert waits[3] is None
    assert turns.wait_s(100.2) == pytest.approx(0.1)
    assert turns.wait_s(200.0) == 0.0


def test_noise_is_an_error_and_has_an_answer(context: ssl.SSLContext) -> None:
    layer = TlsLayer(context)
    with pytest.raises(ssl.SSLError):
        layer.receive(b"\x16\x03\x01\x00\x04\xff\xff\xff\xff" + bytes(100))
    assert not layer.is_open
    assert layer.outgoing()[:1] == b"\x15"


@pytest.mark.parametrize(
    ("break_it", "wanted"),
    [
        (lambda chain, key: chain.unlink(), "No such file"),
        (lambda chain, key: chain.write_text("no certificate"), "is it PEM"),
        (lambda chain, key: key.write_bytes(CA.issue_cert("other").private_key_pem.bytes()), "another certificate's"),
    ],
)
def test_what_is_wrong_with_the_files_is_said(tmp_path: Path, break_it: object, wanted: str) -> None:
    chain, key = files(tmp_path)
    assert callable(break_it)
    break_it(chain, key)
    with pytest.raises(ValueError, match=wanted) as raised:
        server_context(chain, key, None)
    assert str(chain) in str(raised.value)


def test_so_is_what_is_wrong_with_the_client_authority(tmp_path: Path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("nothing")
    with pytest.raises(ValueError, match="client CA"):
        server_context(*files(tmp_path), wrong)
