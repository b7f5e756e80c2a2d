"""SIGKILL at every point of an alarm's way that means something, and what is there afterwards."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.crash.oracle import alarm_cases, faults_of
from tests.e2e.installations import centre, site
from tests.faults.afflicted import POINTS
from tests.guards import webhook_guards
from tests.panels import Message, SendingThread, Transmitter
from tests.process import Installation, free_ports, until

pytestmark = pytest.mark.slow

ACCOUNTS = [f"20{number:02}" for number in range(12)]
AT = 3  # the point is reached for the third time


@pytest.mark.parametrize("point", POINTS)
def test_killed_there_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path, point: str) -> None:
    [port] = free_ports(1)
    guards = [{"id": "prompt", "name": "prompt", "language": "en", "webhook_url": f"http://127.0.0.1:{port}/prompt"}]
    installation = Installation(
        tmp_path, centre=centre(guards), sites=[site(f"K-{each}", each, guards=("prompt",)) for each in ACCOUNTS]
    )
    halves = [ACCOUNTS[:6], ACCOUNTS[6:]]
    with webhook_guards(installation.webhook_secret, {"prompt": lambda offer: "accept"}, port) as companies:
        daemon = installation.launch(python=("-m", "tests.faults.afflicted", f"kill:{point}:{AT}")).wait_ready()
        panels = [
            SendingThread(
                Transmitter(installation.dc09_port, is_udp=bool(way)), [Message(a, 1, "BA", "1") for a in half]
            )
            for way, half in enumerate(halves)
        ]
        for panel in panels:
            panel.start()
        try:
            assert daemon.wait_end() == -signal.SIGKILL
            with installation.running():
                for panel in panels:
                    panel.join()
                acknowledged = [message for panel in panels for message in panel.acknowledged]
                until(
                    "a guard for every case",
                    lambda: all(any(each.guard_id for each in case.dispatches) for case in alarm_cases(installation)),
                )
        finally:
            for panel in panels:
                panel.abandon()
    assert len(acknowledged) == len(ACCOUNTS)
    assert faults_of(installation, acknowledged, companies.offers, "BA") == []
    assert companies.repeats <= len(ACCOUNTS), "repeated under the same id, where at all"
