"""The journal's proof on the real daemon: signed, copied, handed to a new key, exported, found out when changed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from arcd.clock import SystemClock
from tests.arcd.store.signed import tamper
from tests.e2e.installations import centre, site
from tests.process import Installation, until

pytestmark = pytest.mark.slow

ORIGIN = "arc.example/e2e"
NS = 1_000_000_000
DAY_S = 86_400
SIZES = 200  # more entries than a short test makes


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "key-1").write_text("11" * 32 + "\n")
    (tmp_path / "key-2").write_text("22" * 32 + "\n")
    for name in ("key-1", "key-2"):
        (tmp_path / name).chmod(0o600)
    audit = {
        "origin": ORIGIN,
        "key": {"credential": "k", "file": str(tmp_path / "key-1")},
        "directories": [str(tmp_path / "elsewhere"), str(tmp_path / "not-mounted")],
        "interval_s": 1,
    }
    return Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")], settings={"audit": audit})


def copies(installation: Installation) -> list[int]:
    """Sizes of the checkpoints that were copied."""
    return sorted(int(path.stem.partition("-")[2]) for path in (installation.directory / "elsewhere").rglob("*.note"))


def is_copying(installation: Installation) -> bool:
    with contextlib.closing(sqlite3.connect(f"{installation.journal.as_uri()}?mode=ro", uri=True)) as journal:
        return bool(journal.execute("SELECT count(*) FROM note").fetchone()[0])


def alarm(installation: Installation) -> str:
    sent = installation.arcctl(
        "panel", "send", "--port", str(installation.dc09_port), "--account", "1001", "--code", "BA"
    )
    assert sent.code == 0, sent.err
    [case] = installation.arcctl("cases", "--json").json()["cases"]
    return str(case["id"])


def test_signed_copied_exported_rotated_and_found_out(installation: Installation) -> None:
    elsewhere = str(installation.directory / "elsewhere")
    with installation.running() as daemon:
        case_id = alarm(installation)
        until("a checkpoint lies elsewhere", lambda: copies(installation))
        first_key = installation.arcctl("journal", "keys", "list", "--json").json()["signing"]
        told = installation.arcctl("journal", "verify", str(installation.journal), "--key", first_key, "--report")
        assert told.code == 0, told.out + told.err
        until(
            "the verification is counted",
            lambda: "arc_audit_last_verify_success_timestamp_seconds 1" in daemon.metrics(),
        )
        until(
            "the place that is not there is put before a person",
            lambda: "checkpoint_copy" in installation.arcctl("cases").out + installation.arcctl("status").out,
        )
        exported = installation.arcctl(
            "journal", "export", "--case", case_id, "--reason", "5560/R/1", "--for", "police", "--out", "case.zip"
        )
        assert exported.code == 0, exported.err
        refused = installation.arcctl("journal", "erase", "--case", case_id, "--reason", "x", "--yes")
        assert (refused.code, "supervisor" in refused.err) == (1, True)
    head = installation.verify().head_seq
    assert copies(installation)[-1] == head, "a clean stop signs and copies its last entry"

    with zipfile.ZipFile(installation.directory / "case.zip") as archive:
        archive.extractall(installation.directory / "case")
    checked = subprocess.run(
        [sys.executable, "-I", "-S", str(installation.directory / "case" / "verify.py"), "--key", first_key],
        capture_output=True, text=True, check=False, env={}, timeout=60,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout

    audit = installation.settings["audit"]
    installation.settings = {
        "audit": {
            **audit,
            "key": {"credential": "k", "file": str(installation.directory / "key-2")},
            "previous_key": {"credential": "k", "file": str(installation.directory / "key-1")},
        }
    }
    installation.write_settings()
    with installation.running() as daemon:
        until("the new key signs", lambda: copies(installation)[-1] > head)
        daemon.kill()
    verify = ("journal", "verify", str(installation.journal), "--copy", elsewhere, "--key", first_key)
    ran = installation.arcctl(*verify, "--json")
    assert ran.code == 0, ran.out
    assert len(ran.json()["keys"]) == 2
    assert ran.json()["copies"] == len(copies(installation))

    with installation.running():  # writes the log of the killed run into the file
        pass
    tamper(installation.journal, "UPDATE payload SET body = CAST(body || ' ' AS BLOB) WHERE seq = 5")
    ran = installation.arcctl(*verify)
    assert ran.code == 1
    assert "entry 5: its payload has been changed" in ran.out


def test_a_share_that_hangs_keeps_nobody_from_stopping(installation: Installation) -> None:
    """Opening a pipe that nobody reads never comes back, and neither does a share whose server has gone."""
    today_s = SystemClock().now() // NS
    for at_s in (today_s, today_s + DAY_S):
        day = installation.directory / "elsewhere" / time.strftime("%Y-%m-%d", time.gmtime(at_s))
        day.mkdir()
        for size in range(1, SIZES):
            os.mkfifo(day / f"checkpoint-{size:012d}.tmp")
    with installation.running():
        alarm(installation)
        until("a copy is being made", lambda: is_copying(installation))
    assert installation.verify().ok
