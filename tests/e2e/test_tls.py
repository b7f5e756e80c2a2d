"""DC-09 over TLS from the real daemon, its certificate renewed while it runs, and calls that never become frames.

The tests of this file are one story on one daemon.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from protocols.codec import ReplyKind
from protocols.dc09 import Dialler
from tests.e2e.installations import PLAIN, centre, site
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, free_ports, until

HOST = "arc.example.org"
SLOWER = 20  # so many times may an answer under attack take what it took before, and a moment more


class House:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (self.tls_port,) = free_ports(1)
        self.ca = trustme.CA()
        self.write_certificate(self.ca)
        tls = {
            "listen": [f"127.0.0.1:{self.tls_port}"],
            "certificate": str(directory / "tls.pem"),
            "key": {"credential": "tls-key", "file": str(directory / "tls-key")},
        }
        self.installation = Installation(directory, centre=centre([]), sites=[site("K-1", PLAIN)])
        dc09 = {"tcp": [f"127.0.0.1:{self.installation.dc09_port}"], "udp": [], "tls": tls}
        self.installation.settings = {"dc09": dc09, "log": {"level": "info"}}
        self.installation.write_settings()

    def write_certificate(self, ca: trustme.CA) -> None:
        issued = ca.issue_cert(HOST)
        (self.directory / "tls.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key = self.directory / "tls-key"
        key.write_bytes(issued.private_key_pem.bytes())
        key.chmod(0o600)

    @contextlib.contextmanager
    def panel(self, ca: trustme.CA | None = None) -> Iterator[socket.socket]:
        """A connection of the panel of K-1: plain, or TLS that trusts this authority."""
        port = self.installation.dc09_port if ca is None else self.tls_port
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as plain:
            if ca is None:
                yield plain
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            ca.configure_trust(context)
            with context.wrap_socket(plain, server_hostname=HOST) as sealed:
                yield sealed


def acknowledged(panel: socket.socket, sequence: int) -> float:
    """Seconds to the ACK of an alarm."""
    dialler = Dialler(PLAIN)
    started = time.monotonic()
    panel.sendall(dialler.sia_dcs("Nri1/OP15", sequence=sequence))
    reply, got = None, b""
    while reply is None:
        got += panel.recv(4096)
        reply = dialler.read_reply(got, 0)
    assert (reply.kind, reply.sequence) == (ReplyKind.ACK, f"{sequence:04d}")
    return time.monotonic() - started


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def daemon(house: House) -> Iterator[Daemon]:
    with house.installation.running() as running:
        yield running


def test_an_alarm_over_tls_is_acknowledged_and_in_the_journal(house: House, daemon: Daemon) -> None:
    with house.panel(house.ca) as panel:
        acknowledged(panel, 1)
    listeners = house.installation.arcctl("status", "--json").json()["listeners"]
    assert {"name": "dc09-tls", "address": f"127.0.0.1:{house.tls_port}"} in listeners
    frames = [record.fact for _, record in house.installation.records() if hasattr(record.fact, "gateway")]
    assert [fact.gateway for fact in frames] == ["dc09-tls"]


def test_a_new_certificate_is_taken_over_and_open_connections_go_on(house: House, daemon: Daemon) -> None:
    newer = trustme.CA()
    with house.panel(house.ca) as before:
        acknowledged(before, 2)
        house.write_certificate(newer)
        os.kill(daemon.pid, signal.SIGHUP)
        until("the new certificate", lambda: "certificate.loaded" in house.installation.said())
        acknowledged(before, 3)
    with house.panel(newer) as after:
        acknowledged(after, 4)
    house.ca = newer


def test_one_that_cannot_be_used_is_said_and_leaves_the_good_one(house: House, daemon: Daemon) -> None:
    (house.directory / "tls.pem").write_text("half a fi")
    os.kill(daemon.pid, signal.SIGHUP)

    def told() -> bool:
        rows = house.installation.arcctl("cases", "--json").json()["cases"]
        return any("certificate" in str(row) or "varmenne" in str(row).lower() for row in rows) or (
            'part="certificate"} 1.0' in daemon.metrics()
        )

    until("somebody to be told", told)
    with house.panel(house.ca) as panel:
        acknowledged(panel, 5)


def test_handshakes_that_never_end_keep_nobody_from_being_answered(house: House, daemon: Daemon) -> None:
    """More than a thousand half-open handshakes at once; the limit of one source is a thousand connections."""
    half_open: list[socket.socket] = []
    with house.panel() as plain:
        quiet_s = max(acknowledged(plain, sequence) for sequence in range(100, 110))
    try:
        for number in range(1_200):
            call = socket.create_connection(("127.0.0.1", house.tls_port), timeout=PATIENCE_S)
            half_open.append(call)
            if number % 2:
                with contextlib.suppress(OSError):
                    call.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        with house.panel() as plain:
            assert max(acknowledged(plain, sequence) for sequence in range(10, 20)) < 1.0 + SLOWER * quiet_s
        refused = daemon.metrics()
        assert 'arc_connections_refused_total{limit="strangers"}' in refused
    finally:
        for call in half_open:
            call.close()


def test_a_flood_of_strangers_leaves_a_panel_its_place_and_its_ack(house: House, daemon: Daemon) -> None:
    noise = Dialler("9999").sia_dcs("Nri1/BA1", sequence=1) * 200
    with house.panel() as panel:
        quiet_s = max(acknowledged(panel, sequence) for sequence in range(21, 31))
        flood = [
            socket.create_connection(("127.0.0.1", house.installation.dc09_port), timeout=PATIENCE_S) for _ in range(20)
        ]
        try:
            for call in flood:
                call.setblocking(False)
                with contextlib.suppress(OSError):
                    call.send(noise)
            assert max(acknowledged(panel, sequence) for sequence in range(31, 41)) < 2.0 + SLOWER * quiet_s
        finally:
            for call in flood:
                call.close()


def test_a_certificate_that_cannot_be_used_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    wrong = House(tmp_path)
    (tmp_path / "tls-key").chmod(0o644)
    daemon = wrong.installation.launch()
    assert daemon.wait_end() == 1
    assert f"arcd: {tmp_path / 'tls-key'} can be used by others: run chmod 600" in wrong.installation.said()
