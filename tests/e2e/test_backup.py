"""A backup of a running centre, a lost journal, and the centre on its feet again."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcd.core.facts import JournalRestored
from tests.e2e.installations import PLAIN, centre, site
from tests.process import Installation, Ran

pytestmark = pytest.mark.slow


def alarm(installation: Installation, zone: str) -> None:
    sent = installation.arcctl(
        "panel", "send", "--account", PLAIN, "--code", "BA", "--zone", zone, "--port", str(installation.dc09_port)
    )
    assert sent.code == 0, sent.err


def cases(installation: Installation) -> list[str]:
    return [row["id"] for row in installation.arcctl("cases", "--json").json()["cases"]]


def restore(installation: Installation, backup: Path, *options: str) -> Ran:
    return installation.arcctl("restore", str(backup), "--to", str(installation.journal), *options)


def test_a_lost_journal_comes_back_as_of_the_backup_and_says_so(tmp_path: Path) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", PLAIN)])
    backup = tmp_path / "backup.sqlite"
    with installation.running():
        alarm(installation, "15")
        [before] = cases(installation)
        made = installation.arcctl("backup", str(backup), "--journal", str(installation.journal), "--json")
        assert (made.code, made.json()["ok"]) == (0, True), made.err
        assert installation.arcctl("case", "ack", before).code == 0  # not in the backup any more
        refused = restore(installation, backup, "--replace")
        assert (refused.code, "is in use by another arcd" in refused.err) == (1, True)
    assert restore(installation, backup).code == 1, "what is there is not replaced unasked"
    done = restore(installation, backup, "--replace", "--json")
    assert done.code == 0, done.err
    assert list(tmp_path.glob("journal.sqlite.before-restore-*"))
    with installation.running():
        [restored] = [record.fact for _, record in installation.records() if isinstance(record.fact, JournalRestored)]
        assert (restored.backup, restored.by.startswith("os:")) == ("backup.sqlite", True)
        case = installation.arcctl("case", "show", before, "--json").json()
        assert case["state"] == "new"
        shown = installation.arcctl("journal", "show", "--kind", "journal_restored")
        assert "RESTORED THE JOURNAL from backup.sqlite" in shown.out
        titles = [row["title"] for row in installation.arcctl("cases", "--json", "--lang", "en").json()["cases"]]
        assert len(titles) == 3, "the alarm, the restored journal, the unclean end that the backup remembers"
        alarm(installation, "15")
    assert installation.verify().ok
    with installation.running():
        facts = [record.fact for _, record in installation.records()]
        assert sum(isinstance(fact, JournalRestored) for fact in facts) == 1, "said once"
