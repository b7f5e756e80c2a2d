"""SIGTERM under load, again and again: what was taken is finished, what was not waits in the kernel."""

from __future__ import annotations

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
from tests.process import Installation, free_ports, until

pytestmark = pytest.mark.slow

RESTARTS = 3
MAIL_STOPS = 20
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
