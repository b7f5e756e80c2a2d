from __future__ import annotations

from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


def test_tells_what_is_wrong_and_what_waits(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("status")
    assert ran.code == 1, "one check fails"
    assert "is in trouble" in ran.out
    assert "FAIL mail  refused" in ran.out
    assert "ok   store" in ran.out
    assert "P2 1" in ran.out
    assert "webhook 2" in ran.out
    assert "FAIL line surgard-1  /dev/ttyS0 9600 8N2 (surgard), heard " in ran.out
    assert ", absent since " in ran.out
    assert "ok   line system5  192.0.2.7:1025 (surgard), not heard yet" in ran.out
    assert "dc09-tcp on 127.0.0.1:9999/tcp" in ran.out


def test_json_is_the_daemons_own_answer(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("status", "--json")
    assert set(ran.json()) == {
        "ok", "version", "now", "started_at", "up_s", "journal_seq", "rules_digest", "sites", "accounts", "cases_open",
        "flags", "outbox", "queue_depth", "listeners", "checks", "lines", "outputs",
    }  # fmt: skip
    assert ran.err == ""
