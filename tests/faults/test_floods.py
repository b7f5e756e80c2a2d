"""Peers that mean harm, or are broken, at the same time as one that has an alarm."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from arcd.core.facts import DaemonTroubled
from tests.e2e.installations import centre, site
from tests.panels import Message, Transmitter
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, until

pytestmark = pytest.mark.slow

ELSEWHERE = "127.0.0.2"  # another source address, still this machine
ALARMS = 20
CHUNK = os.urandom(64 * 1024)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])


@contextlib.contextmanager
def meanwhile(doing: Callable[[threading.Event], None], threads: int = 1) -> Iterator[None]:
    over = threading.Event()
    workers = [threading.Thread(target=doing, args=(over,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        over.set()
        for worker in workers:
            worker.join()


def alarms_come_through(installation: Installation, *, is_udp: bool = False) -> None:
    """Each within what a panel waits, repeats included over UDP, where a datagram may be lost on its way."""
    panel = Transmitter(installation.dc09_port, is_udp=is_udp)
    try:
        for number in range(1, ALARMS + 1):
            begun_s = time.monotonic()
            assert panel.send(Message("1001", number, "BA", "1"))
            assert time.monotonic() - begun_s < 20.0
    finally:
        panel.close()


def test_garbage_at_line_rate(installation: Installation) -> None:
    def babble(over: threading.Event) -> None:
        while not over.is_set():
            with (
                contextlib.suppress(OSError),
                socket.create_connection(
                    ("127.0.0.1", installation.dc09_port), timeout=5, source_address=(ELSEWHERE, 0)
                ) as broken,
            ):
                while not over.is_set():
                    broken.sendall(CHUNK)

    with installation.running() as daemon, meanwhile(babble):
        alarms_come_through(installation)
        assert_alive(daemon)
    entries = sum(record.fact.__struct_config__.tag == "frame_malformed" for _, record in installation.records())
    assert 1 <= entries <= 3, "folded per source and minute"


def test_a_flood_of_datagrams(installation: Installation) -> None:
    def flood(over: threading.Event) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as broken:
            broken.bind((ELSEWHERE, 0))
            while not over.is_set():
                for _ in range(50):
                    with contextlib.suppress(OSError):
                        broken.sendto(CHUNK[:200], ("127.0.0.1", installation.dc09_port))

    with installation.running() as daemon, meanwhile(flood):
        alarms_come_through(installation, is_udp=True)
        alarms_come_through(installation)
        assert_alive(daemon)


def test_hundreds_that_never_finish_a_frame(installation: Installation) -> None:
    """Slow loris: connections that send a byte now and then, as many as one source may hold."""
    installation.settings = {"limits": {"connections_per_source_max": 200}}
    installation.write_settings()
    with installation.running() as daemon, contextlib.ExitStack() as stack:
        held = []
        for _ in range(300):
            with contextlib.suppress(OSError):
                each = stack.enter_context(
                    socket.create_connection(
                        ("127.0.0.1", installation.dc09_port), timeout=5, source_address=(ELSEWHERE, 0)
                    )
                )
                each.sendall(b"\n")
                held.append(each)

        def drip(over: threading.Event) -> None:
            while not over.wait(0.2):
                for each in held:
                    with contextlib.suppress(OSError):
                        each.send(b"1")

        with meanwhile(drip):
            alarms_come_through(installation)
            assert_alive(daemon)
        metrics = daemon.metrics()
    turned_out = [line for line in metrics.splitlines() if line.startswith("arc_connections_refused_total{")]
    assert sum(float(line.rpartition(" ")[2]) for line in turned_out) >= 100


def test_no_more_file_descriptors(installation: Installation) -> None:
    """Whoever is connected is served; whoever comes waits or is sent away; the loop does not spin meanwhile."""
    with (
        installation.running(python=("-m", "tests.faults.afflicted", "files:80")) as daemon,
        contextlib.ExitStack() as stack,
    ):
        panel = Transmitter(installation.dc09_port)
        stack.callback(panel.close)
        assert panel.send_once(Message("1001", 1, "BA", "1"), timeout_s=PATIENCE_S)
        for _ in range(120):
            with contextlib.suppress(OSError):
                stack.enter_context(
                    socket.create_connection(
                        ("127.0.0.1", installation.dc09_port), timeout=1, source_address=(ELSEWHERE, 0)
                    )
                )
        before_s, _ = daemon.processor_s()
        begun_s = time.monotonic()
        for number in range(2, 12):
            assert panel.send_once(Message("1001", number, "BA", "1"), timeout_s=PATIENCE_S)
            time.sleep(0.1)  # time in which an accept loop without descriptors would show itself
        used_s = daemon.processor_s()[0] - before_s
        assert used_s < 0.7 * (time.monotonic() - begun_s)
        until("it is said", lambda: "descriptors_spent" in troubles(installation))
        stack.close()
        assert 'arc_degraded{part="descriptors_spent"} 1.0' in daemon.metrics()
        late = Transmitter(installation.dc09_port)
        assert late.send(Message("1001", 100, "BA", "1"))
        late.close()


def troubles(installation: Installation) -> set[str]:
    return {record.fact.code for _, record in installation.records() if isinstance(record.fact, DaemonTroubled)}


def assert_alive(daemon: Daemon) -> None:
    assert daemon.is_running
    assert "arc_ready 1.0" in daemon.metrics()
