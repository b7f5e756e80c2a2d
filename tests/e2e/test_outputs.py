"""Outputs of the real daemon: automation software that connects to us, over a restart of either side and a kill.

The tests of this file are one story, told in order on one daemon: every test begins where the one before it ended.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from arcd.core.facts import ForwardAcknowledged, FrameReceived
from protocols.dc09 import Dialler
from tests.e2e.installations import PLAIN, centre, site
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, free_ports, until

ACK = b"\x06"


@dataclass
class Software:
    """Automation software: connects, answers every message, writes down the zones."""

    port: int
    zones: list[int] = field(default_factory=list)
    answers: threading.Event = field(default_factory=threading.Event)
    _connected: socket.socket | None = None

    def connect(self) -> None:
        self.answers.set()
        self._connected = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        threading.Thread(target=self._work, args=(self._connected,), daemon=True).start()

    def hang_up(self) -> None:
        assert self._connected is not None
        with contextlib.suppress(OSError):  # the daemon was first
            self._connected.shutdown(socket.SHUT_RDWR)

    def repeated(self) -> list[int]:
        return [zone for zone, times in Counter(self.zones).items() if times > 1]

    def _work(self, connected: socket.socket) -> None:
        left = b""
        with connected, contextlib.suppress(OSError):
            while data := connected.recv(4096):
                *messages, left = (left + data).split(b"\x14")
                for message in messages:
                    if b"@" not in message and self.answers.is_set():
                        self.zones.append(int(message.rstrip(b"]").rpartition(b"BA")[2]))
                    if self.answers.is_set():
                        connected.sendall(ACK)


@dataclass
class Scene:
    installation: Installation
    daemon: Daemon
    software: Software
    sent: int = 0

    def alarms(self, count: int) -> None:
        panel = Dialler(account=PLAIN)
        with socket.create_connection(("127.0.0.1", self.installation.dc09_port), timeout=PATIENCE_S) as connected:
            for _ in range(count):
                self.sent += 1
                connected.sendall(panel.sia_dcs(f"Nri1/BA{self.sent:03d}", sequence=self.sent))
                assert b"ACK" in connected.recv(4096)

    def unwritten(self) -> set[int]:
        """Zones of alarms that no cursor has passed yet."""
        records = self.installation.records()
        written = (
            record.fact.seq
            for _, record in records
            if isinstance(record.fact, ForwardAcknowledged) and record.fact.output == "automation"
        )
        done = max(written, default=0)
        return {
            int(signal.zone or 0)
            for seq, record in records
            if isinstance(record.fact, FrameReceived) and seq > done
            for signal in record.fact.received.signals
        }

    def heard_all(self, first: int = 1) -> None:
        wanted = list(range(first, self.sent + 1))
        until("everything was heard", lambda: list(dict.fromkeys(self.software.zones)) == wanted)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("arcd")
    port, nobody = free_ports(2)
    outputs = [
        {"name": "nobody", "form": "ademco685", "connect": f"127.0.0.1:{nobody}"},
        {"name": "automation", "form": "surgard",
         "listen": {"addresses": [f"127.0.0.1:{port}"], "allow": ["127.0.0.1"]}},
    ]  # fmt: skip
    installation = Installation(directory, centre=centre([]), sites=[site("K-1", PLAIN)], settings={"outputs": outputs})
    scene = Scene(installation, installation.launch().wait_ready(), Software(port))
    try:
        yield scene
        assert scene.daemon.stop() == 0, installation.said()
    finally:
        scene.software.hang_up()
        scene.daemon.kill()


def test_signals_come_in_order_and_a_dead_output_holds_up_no_other(scene: Scene) -> None:
    scene.software.connect()
    scene.alarms(20)
    scene.heard_all()
    assert scene.software.zones == list(range(1, 21)), "each of them once"


def test_what_came_while_the_software_was_away_comes_when_it_is_back(scene: Scene) -> None:
    # What is hung up on between a message and its answer is said again, and rightly.
    until("its answers are written down", lambda: not scene.unwritten())
    scene.software.hang_up()
    scene.alarms(10)
    scene.software.connect()
    scene.heard_all()
    assert scene.software.zones == list(range(1, 31))


def test_a_kill_repeats_at_most_what_was_not_written_down(scene: Scene) -> None:
    scene.alarms(5)
    scene.heard_all()
    scene.alarms(1)
    scene.daemon.kill()
    unwritten = scene.unwritten()
    scene.daemon = scene.installation.launch().wait_ready()
    scene.software.connect()
    scene.alarms(3)
    scene.heard_all()
    assert set(scene.software.repeated()) <= unwritten, "and nothing else"


def test_a_clean_restart_repeats_nothing(scene: Scene) -> None:
    scene.software.zones.clear()
    first = scene.sent + 1
    scene.alarms(3)
    scene.heard_all(first)
    assert scene.daemon.stop() == 0
    scene.daemon = scene.installation.launch().wait_ready()
    scene.software.connect()
    scene.alarms(2)
    scene.heard_all(first)
    assert len(scene.software.zones) == 5
    assert scene.installation.verify().ok
