"""A disk that is full, one that returns errors, one that is slow: what panels are told, what is there afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcd.__main__ import EXIT_CANNOT
from arcd.cli.wires import WireError
from tests.e2e.installations import centre, site
from tests.e2e.test_failing_disk import numbers_in
from tests.panels import Message, Transmitter
from tests.patience import PATIENCE_S
from tests.process import Installation, until

pytestmark = pytest.mark.slow
MESSAGES_MAX = 3_000


@contextlib.contextmanager
def small_disk(directory: Path, mebibytes: int) -> Iterator[None]:
    """A file system of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(directory)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def acknowledged_by(installation: Installation) -> int:
    """Send until nobody answers any more; how many were acknowledged, in order."""
    panel = Transmitter(installation.dc09_port)
    try:
        for number in range(1, MESSAGES_MAX):
            if not panel.send_once(Message("1001", number, "BA", "1")):
                return number - 1
    except WireError:
        return number - 1
    finally:
        panel.close()
    raise AssertionError("the disk never filled")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a file system; test_failing_disk has the others' way")
def test_a_file_system_that_fills_and_is_given_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with small_disk(disk, 4):
        journal = disk / "journal.sqlite"
        installation = Installation(
            tmp_path, centre=centre([]), sites=[site("K-1", "1001")], settings={"store": {"path": str(journal)}}
        )
        installation.journal = journal
        daemon = installation.launch().wait_ready()
        acknowledged = acknowledged_by(installation)
        assert daemon.wait_end() == EXIT_CANNOT
        assert f"the disk that holds {journal} is full" in installation.said()
        assert "Traceback" not in installation.said()
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        with installation.running():
            panel = Transmitter(installation.dc09_port)
            assert panel.send(Message("1001", acknowledged + 1, "BA", "1"))
            panel.close()
        assert numbers_in(installation) == Counter(range(1, acknowledged + 2))
        assert acknowledged > 20
        assert installation.verify().ok


def test_a_disk_that_returns_an_error(tmp_path: Path) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])
    daemon = installation.launch(python=("-m", "tests.faults.afflicted", "io_error:20")).wait_ready()
    acknowledged = acknowledged_by(installation)
    assert daemon.wait_end() == EXIT_CANNOT
    assert "does not read or write reliably (Input/output error)" in installation.said()
    assert acknowledged == 19
    with installation.running():
        panel = Transmitter(installation.dc09_port)
        assert panel.send(Message("1001", acknowledged + 1, "BA", "1"))
        panel.close()
    assert numbers_in(installation) == Counter(range(1, 21))


def test_a_slow_disk_delays_every_ack_and_loses_none(tmp_path: Path) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])
    with installation.running(python=("-m", "tests.faults.afflicted", "slow_sync:0.4")) as daemon:
        panel = Transmitter(installation.dc09_port)
        assert panel.send_once(Message("1001", 1, "BA", "1"), timeout_s=PATIENCE_S)
        for number in range(2, 10):  # for longer than a slow commit is put up with
            assert panel.send_once(Message("1001", number, "BA", "1"), timeout_s=PATIENCE_S)
        panel.close()
        until("it is said", lambda: 'arc_degraded{part="commit_slow"} 1.0' in daemon.metrics())
        status = installation.arcctl("status", "--json")
        assert status.code == 1
        [slow] = [check for check in status.json()["checks"] if check["name"] == "commit_slow"]
        assert not slow["ok"]
    assert numbers_in(installation) == Counter(range(1, 10))
