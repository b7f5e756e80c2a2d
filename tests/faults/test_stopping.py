"""SIGTERM under load, again and again: what was taken is finished, what was not waits in the kernel."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
import time
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from tests.crash.oracle import alarm_cases, faults_of
from tests.e2e.installations import SECOND_GUARD, centre, site
from tests.e2e.test_restart import ACCOUNTS, WAYS, held_sockets, news_in
from tests.guards import LINK, mail_server, webhook_guards
from tests.panels import Message, SendingThread, Transmitter
from tests.process import FRESH, Installation, free_ports, until

pytestmark = pytest.mark.slow

RESTARTS = 3
MAIL_STOPS, ANY_STOPS = (20, 12) if FRESH else (4, 3)  # `make faults` can wait for it
LIFE_S_MAX = 3.0
GOLDEN = 0.618  # multiples of it lie nowhere together
ALARMS_EACH = 80
PANELS = 8
EACH_S = 4 / 200  # four panels, 200 signals a second together


def paced(account: str, period_s: float):  # type: ignore[no-untyped-def]  # – a generator of messages
    """A message every so often, however long the one before took; never faster."""
    due_s = time.monotonic()
    for number in count(1):
        time.sleep(max(0.0, due_s - time.monotonic()))
        due_s = max(due_s + period_s, time.monotonic())
        yield Message(account, number, "OP" if number % 2 else "CL", "1")


def test_rolling_restarts_under_200_signals_a_second(tmp_path: Path) -> None:
    """Sockets held by the service manager: every sequence number once, none refused, none lost."""
    sites = [
        site(f"K-{account}", account, key=options.get("key")) for account, options in zip(ACCOUNTS, WAYS, strict=True)
    ]
    installation = Installation(tmp_path, centre=centre([]), sites=sites)
    with held_sockets(installation.dc09_port) as sockets:
        panels = [
            SendingThread(Transmitter(installation.dc09_port, **options), paced(account, EACH_S))
            for account, options in zip(ACCOUNTS, WAYS, strict=True)
        ]
        try:
            for restart in range(RESTARTS):
                with installation.running(sockets=sockets):
                    if not restart:
                        for panel in panels:
                            panel.start()
                    wanted = [len(panel.acknowledged) + 25 for panel in panels]
                    until(
                        "every panel has gone on",
                        lambda wanted=wanted: all(
                            len(panel.acknowledged) >= least for panel, least in zip(panels, wanted, strict=True)
                        ),
                    )
            with installation.running(sockets=sockets):
                acknowledged = [message for panel in panels for message in panel.finish()]
        finally:
            for panel in panels:
                panel.abandon()
    assert len(acknowledged) >= RESTARTS * 100
    assert news_in(installation) == Counter((message.account, message.sequence) for message in acknowledged)
    assert installation.verify().ok


class Nuisances(threading.Thread):
    """Whoever has begun something and does not end it: half a frame, half a handshake, half a request, a follower."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(name="nuisances")
        self.has_ended = threading.Event()
        half_post = b"POST /g/x HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf"
        follow = b"GET /v1/journal/follow HTTP/1.1\r\nHost: x\r\n\r\n"
        self._calls: list[tuple[str | tuple[str, int], bytes]] = [
            (("127.0.0.1", installation.dc09_port), b'\n0000002C"SIA-D'),
            (("127.0.0.1", installation.dc09_port), b"\x16\x03\x01\x02\x00\x01"),
            (("127.0.0.1", installation.guard_port), half_post),
            (("127.0.0.1", installation.health_port), b"GET /metr"),
            (str(installation.socket), follow),
        ]

    def run(self) -> None:
        while not self.has_ended.is_set():
            with contextlib.ExitStack() as calls:
                for address, said in self._calls:
                    call = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
                    calls.enter_context(call)
                    with contextlib.suppress(OSError):
                        call.connect(address)
                        call.send(said)
                self.has_ended.wait(0.2)

    def end(self) -> None:
        self.has_ended.set()
        self.join()


def test_a_stop_at_any_moment_of_a_life_is_a_stop(tmp_path: Path) -> None:
    """From before the settings are read until everything is under way; whoever begins something is not waited for."""
    installation = Installation(tmp_path, centre=centre([]), sites=[site(f"K-{each}", each) for each in ACCOUNTS])
    nuisances = Nuisances(installation)
    panels = [SendingThread(Transmitter(installation.dc09_port), paced(account, EACH_S)) for account in ACCOUNTS]
    try:
        for each in (nuisances, *panels):
            each.start()
        for stop in range(ANY_STOPS):
            daemon = installation.launch()
            time.sleep(LIFE_S_MAX * (stop * GOLDEN % 1.0))
            assert daemon.stop() in (0, -signal.SIGTERM)  # the latter before anything has been opened
        with installation.running():
            acknowledged = [message for panel in panels for message in panel.finish()]
    finally:
        nuisances.end()
        for panel in panels:
            panel.abandon()
    assert len(acknowledged) >= ANY_STOPS
    assert news_in(installation) == Counter((message.account, message.sequence) for message in acknowledged)
    assert "exceeded" not in installation.said(), "a listener has waited for a request"
    assert "Traceback" not in installation.said()
    assert installation.verify().ok


def test_a_stop_in_the_middle_of_dispatching_does_nothing_twice(tmp_path: Path) -> None:
    [port] = free_ports(1)
    accounts = [f"30{number:02}" for number in range(40)]
    guards = [{"id": "prompt", "name": "prompt", "language": "en", "webhook_url": f"http://127.0.0.1:{port}/prompt"}]
    installation = Installation(
        tmp_path, centre=centre(guards), sites=[site(f"K-{each}", each, guards=("prompt",)) for each in accounts]
    )
    with webhook_guards(installation.webhook_secret, {"prompt": lambda offer: "accept"}, port) as companies:
        panel = SendingThread(Transmitter(installation.dc09_port), [Message(each, 1, "BA", "1") for each in accounts])
        try:
            for stop in range(2):
                with installation.running():
                    if not stop:
                        panel.start()
                    seen = len(panel.acknowledged)
                    until("alarms go on", lambda seen=seen: len(panel.acknowledged) > seen + 3 or not panel.is_alive())
            with installation.running():
                panel.join()
                until(
                    "a guard for every case",
                    lambda: all(any(each.guard_id for each in case.dispatches) for case in alarm_cases(installation)),
                )
        finally:
            panel.abandon()
    assert len(panel.acknowledged) == len(accounts)
    assert faults_of(installation, panel.acknowledged, companies.offers, "BA") == []


def test_a_stop_in_the_middle_of_a_pile_of_mails_ends_and_every_guard_is_written_to(tmp_path: Path) -> None:
    """A conversation is under way at every stop; its answer may come in the very turn in which it is cancelled."""
    [port] = free_ports(1)
    accounts = [f"3{number:03}" for number in range(MAIL_STOPS * ALARMS_EACH)]
    guards = [{"id": "writes", "name": "writes", "language": "en", "email": SECOND_GUARD}]
    mail = {"host": "127.0.0.1", "port": port, "security": "plain", "sender": "arcd@centre.example.invalid"}
    installation = Installation(
        tmp_path,
        centre=centre(guards),
        sites=[site(f"K-{each}", each, guards=("writes",)) for each in accounts],
        settings={"mail": mail},
    )
    with mail_server(port) as letters:

        def links() -> set[str]:
            return {link for text in letters.to(SECOND_GUARD) for link in LINK.findall(text)}

        for stop in range(MAIL_STOPS):
            mine = accounts[stop * ALARMS_EACH : (stop + 1) * ALARMS_EACH]
            panels = [
                SendingThread(
                    Transmitter(installation.dc09_port), [Message(each, 1, "BA", "1") for each in mine[first::PANELS]]
                )
                for first in range(PANELS)
            ]
            with installation.running():
                for panel in panels:
                    panel.start()
                seen = len(links())
                until("letters go out", lambda seen=seen: len(links()) > seen + 3)
            for panel in panels:
                panel.abandon()  # not before: alarms come until the end
        with installation.running():
            cases = alarm_cases(installation)
            until("a letter for every case", lambda: len(links()) >= len(cases))
    assert len(cases) >= MAIL_STOPS * 4
    assert installation.verify().ok
