"""Somebody opens the journal of a running daemon with another program, and begins to write."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from arcd.__main__ import EXIT_CANNOT
from tests.e2e.installations import centre, site
from tests.e2e.test_failing_disk import numbers_in
from tests.panels import Message, Transmitter
from tests.patience import PATIENCE_S
from tests.process import Installation

pytestmark = pytest.mark.slow


def test_what_cannot_be_committed_is_not_acknowledged_and_it_is_said_why(tmp_path: Path) -> None:
    """A lock that is let go within seconds is waited for; one that stays ends the process, and systemd tries again."""
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])
    daemon = installation.launch().wait_ready()
    panel = Transmitter(installation.dc09_port)
    try:
        assert panel.send_once(Message("1001", 1, "BA", "1"), timeout_s=PATIENCE_S)
        with contextlib.closing(sqlite3.connect(installation.journal, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert not panel.send_once(Message("1001", 2, "BA", "2"), timeout_s=1.0)
            other.execute("ROLLBACK")
            assert panel.send(Message("1001", 2, "BA", "2")), "it goes on by itself"
            other.execute("BEGIN IMMEDIATE")
            assert not panel.send_once(Message("1001", 3, "BA", "3"), timeout_s=1.0)
            assert daemon.wait_end() == EXIT_CANNOT
        assert "is locked by another program" in installation.said()
        assert "Traceback" not in installation.said()
        with installation.running():
            assert panel.send(Message("1001", 3, "BA", "3"))
    finally:
        panel.close()
        daemon.kill()
    assert numbers_in(installation) == Counter((1, 2, 3))
    assert installation.verify().ok
