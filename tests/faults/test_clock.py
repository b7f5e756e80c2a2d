"""Somebody sets the wall clock of a running daemon, an hour either way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from arcd.core.facts import ClockStepped, DeadlineReached
from tests.e2e.installations import centre, site
from tests.panels import Message, Transmitter
from tests.process import Installation, until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2], ids=["forward", "back"])
def test_nobody_is_called_too_early_or_too_late_and_it_is_said(tmp_path: Path, number: signal.Signals) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])
    with installation.running(python=("-m", "tests.faults.afflicted", "clock")) as daemon:
        panel = Transmitter(installation.dc09_port)
        assert panel.send(Message("1001", 1, "BA", "1"))
        os.kill(daemon.pid, number)
        until(
            "the step is in the journal",
            lambda: any(isinstance(record.fact, ClockStepped) for _, record in installation.records()),
        )
        assert panel.send(Message("1001", 2, "FA", "1"))
        assert panel.send(Message("1001", 3, "OP", "1"))
        panel.close()
        status = installation.arcctl("status", "--json").json()
        codes = [
            signal_["code"]
            for row in installation.arcctl("cases", "--json").json()["cases"]
            for signal_ in installation.arcctl("case", "show", row["id"], "--json").json()["signals"]
        ]
    assert status["ok"]
    assert sorted(codes) == ["BA", "FA", "clock_stepped"]
    early = [record.fact for _, record in installation.records() if isinstance(record.fact, DeadlineReached)]
    assert early == [], "the first target is 30 s away, whatever the clock says"
    assert installation.verify().ok
