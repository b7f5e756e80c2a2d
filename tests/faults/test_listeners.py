"""The sockets on which panels are heard are shut down, or closed, under a running daemon."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from arcd.core.facts import DaemonTroubled
from tests.e2e.installations import centre, site
from tests.panels import Message, Transmitter
from tests.process import Installation, until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2], ids=["shut_down", "closed"])
def test_panels_are_heard_again_within_seconds_and_it_is_said(tmp_path: Path, number: signal.Signals) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])

    def rebound() -> set[str]:
        facts = (record.fact for _, record in installation.records())
        return {fact.about for fact in facts if isinstance(fact, DaemonTroubled) and fact.code == "listener_rebound"}

    with installation.running(python=("-m", "tests.faults.afflicted", "deaf")) as daemon:
        stays = Transmitter(installation.dc09_port)
        assert stays.send(Message("1001", 1, "BA", "1"))
        os.kill(daemon.pid, number)
        until("it is in the journal", lambda: rebound() == {"dc09-tcp", "dc09-udp"})
        comes = Transmitter(installation.dc09_port)
        datagrams = Transmitter(installation.dc09_port, is_udp=True)
        for sequence, panel in enumerate((stays, comes, datagrams), start=2):
            assert panel.send(Message("1001", sequence, "BA", str(sequence)))
            panel.close()
        assert "arc_listeners_rebound_total 2.0" in daemon.metrics()
        checks = {each["name"]: each["ok"] for each in installation.arcctl("status", "--json").json()["checks"]}
    assert [checks[f"listener_down/{name}"] for name in ("dc09-tcp", "dc09-udp")] == [True, True]
    assert installation.verify().ok
