from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from pathlib import Path

import pytest

from arcd.cli import journal
from arcd.core.facts import Actor, CaseNoted
from arcd.store.sqlite import SqliteStore
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon
from tests.arcd.store.journal import records

ENTRY_FIELDS = {"seq", "at", "kind", "subject", "erased", "record", "commitment", "previous_hash", "hash"}


def seqs(arcctl: Arcctl, *arguments: str) -> list[int]:
    ran = arcctl("journal", "show", *arguments, "--json")
    assert ran.code == 0, ran.err
    return [entry["seq"] for entry in ran.json()["entries"]]


def head_seq(arcctl: Arcctl) -> int:
    return int(arcctl("journal", "head", "--json").json()["seq"])


def test_the_newest_entries_are_shown_when_nothing_is_asked(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.alarm("BA")
    last = head_seq(arcctl)
    assert seqs(arcctl) == list(range(1, last + 1))
    assert seqs(arcctl, "--limit", "2") == [last - 1, last]
    value = arcctl("journal", "show", "--limit", "1", "--json").json()
    assert set(value["entries"][0]) == ENTRY_FIELDS


def test_the_whole_story_of_a_case(arcctl: Arcctl, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PAGE_ROWS", 2)
    case_id = daemon.alarm("BA")
    first = head_seq(arcctl)
    daemon.alarm("FA", account="1003")
    for index in range(4):
        arcctl("case", "note", case_id, f"note {index}")
    notes = list(range(first + 2, first + 6))
    assert seqs(arcctl, "--case", case_id) == [first, *notes]
    assert seqs(arcctl, "--case", case_id, "--limit", "2") == notes[-2:], "the newest"
    assert len(seqs(arcctl, "--site", "K-2")) == 1, "its import"
    assert seqs(arcctl, "--kind", "case_noted", "--subject", f"case/{case_id}") == notes
    assert seqs(arcctl, "--entry", str(first)) == [first]
    assert seqs(arcctl, "--case", "C999") == []
    assert arcctl("journal", "show", "--case", "C999").out == "nothing in the journal fits that\n"


def test_since_an_instant_or_for_a_while(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.desk.clock.advance(3600)
    daemon.alarm("BA")
    last = head_seq(arcctl)
    assert seqs(arcctl, "--since", "2026-01-01T00:30:00Z") == [last]
    assert seqs(arcctl, "--since", "2020-01-01T00:00") == list(range(1, last + 1))
    now = arcctl("journal", "show", "--since", "1h")
    assert now.code == 0
    for wrong in ("yesterday", "2026-13-01T00:00"):
        assert arcctl("journal", "show", "--since", wrong).code == 2


def test_one_subject_at_a_time(arcctl: Arcctl) -> None:
    ran = arcctl("journal", "show", "--case", "C1", "--site", "K-1")
    assert ran.code == 2
    assert "one of --case, --site and --subject" in ran.err


def test_follow_tells_each_entry_on_a_line_as_it_comes(
    arcctl: Arcctl, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader leaves after the entry that came while it was reading."""
    case_id = daemon.alarm("BA")
    last = head_seq(arcctl)
    told: list[str] = []

    class Reader:
        def write(self, text: str) -> int:
            told.append(text)
            if len(told) == 2:
                fact = CaseNoted(at=daemon.desk.now(), case_id=case_id, text="now", actor=Actor(id="os:test"))
                daemon.run(daemon.desk.ask(fact))
            if len(told) == 3:
                raise KeyboardInterrupt
            return len(text)

        def flush(self) -> None: ...

        def isatty(self) -> bool:
            return False

    from arcd.cli import output

    monkeypatch.setattr(output.sys, "stdout", Reader())
    from arcd.cli.invocation import Invocation

    call = Invocation(as_json=True, socket=daemon.socket, language="en")
    journal.follow(call, after=last - 2)
    call.close()
    entries = [json.loads(line) for line in told]
    assert [entry["seq"] for entry in entries] == [last - 1, last, last + 1]
    assert entries[2]["record"]["fact"]["text"] == "now"
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in told)


def test_follow_from_behind_the_end_would_tell_nothing(arcctl: Arcctl, daemon: Daemon) -> None:
    last = head_seq(arcctl)
    ran = arcctl("journal", "follow", "--after", str(last + 1_000))
    assert (ran.code, f"the journal ends at entry {last}" in ran.err) == (2, True)


def test_head(arcctl: Arcctl, daemon: Daemon) -> None:
    value = arcctl("journal", "head", "--json").json()
    assert (value["seq"] > 0, len(value["hash"])) == (True, 64)
    assert f"entry {value['seq']} of 2026-01-01" in arcctl("journal", "head").out
    assert value["hash"] in arcctl("journal", "head").out


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "var" / "journal.sqlite"

    async def fill() -> None:
        kept = SqliteStore(path)
        await kept.open()
        await kept.commit(records(1, 30))
        await kept.close()

    asyncio.run(fill())
    return path


def test_verify_needs_nothing_but_the_file(arcctl: Arcctl, store: Path) -> None:
    ran = arcctl("journal", "verify")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("var/journal.sqlite: intact: 30 entries\nno signed checkpoint vouches for it")
    assert "\nhead: entry 30, " in ran.out
    value = arcctl("journal", "verify", str(store), "--json").json()
    assert set(value) >= {"ok", "path", "entries", "head_seq", "head_hash", "root", "erased", "findings", "signed_seq"}
    assert (value["ok"], value["entries"], value["findings"]) == (True, 30, [])
    assert arcctl("journal", "verify", "--store", str(store)).code == 0


def test_verify_finds_what_was_changed_and_says_where(arcctl: Arcctl, store: Path) -> None:
    with sqlite3.connect(store) as tampering:
        tampering.execute("DROP TRIGGER IF EXISTS payload_is_never_updated")
        for (name,) in tampering.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            tampering.execute(f"DROP TRIGGER {name}")
        tampering.execute("UPDATE entry SET subject = 'site/K-9' WHERE seq = 17")
    tampering.close()
    ran = arcctl("journal", "verify", str(store))
    assert ran.code == 1
    assert "NOT INTACT" in ran.out
    assert "entry 17: " in ran.out
    value = arcctl("journal", "verify", str(store), "--json").json()
    assert value["ok"] is False
    assert 17 in [finding["seq"] for finding in value["findings"]]


def test_verify_of_what_is_no_journal(arcctl: Arcctl, tmp_path: Path) -> None:
    ran = arcctl("journal", "verify")
    assert ran.code == 2
    assert "there is no journal at /var/lib/arcd/journal.sqlite" in ran.err or os.path.exists(journal.STORE_PATHS[1])
    (tmp_path / "other").write_text("not a database at all, but long enough to look at" * 100)
    ran = arcctl("journal", "verify", "other")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert arcctl("journal", "verify", "a", "--store", "b").code == 2
