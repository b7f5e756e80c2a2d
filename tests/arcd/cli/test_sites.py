from __future__ import annotations

from pathlib import Path

import pytest

from arcd.api.desk import ImportReport
from arcd.cli import sites
from rules.problems import Problem
from tests.arcd.api.desk import SECRETS
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

KEY = "00112233445566778899aabbccddeeff"


def test_listed_and_shown(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.alarm("BA")
    listed = arcctl("sites", "list").out
    assert "K-1" in listed
    assert "K-2" in listed
    assert set(arcctl("sites", "list", "--json").json()["sites"][0]) == {
        "id", "name", "address", "municipality", "systems", "accounts", "flags", "cases_open",
    }  # fmt: skip
    shown = arcctl("sites", "show", "K-1", "--lang", "sv").out
    for wanted in (
        "system panel intrusion",
        "account 1001, no key, heard 2026-01-01",
        "account 1002, AES key, heard never",
        "zone 4 Liike",
        "area 1 Myymälä  not known",
        "+358 40 555 0101  key holder, code word",
        "guards: Yksikkö 12, Enhet 7",
        "not restored intrusion zone 3",
        "open cases C",
        "Nyckeln.",
    ):
        assert wanted in shown, wanted
    value = arcctl("sites", "show", "K-1", "--json").json()
    assert value["systems"][0]["accounts"][1]["key"] is True
    for secret in SECRETS:
        assert secret not in shown + str(value)


def test_flags_stand_with_their_site(arcctl: Arcctl, daemon: Daemon) -> None:
    arcctl("test", "start", "K-1", "--for", "1h", "--reason", "Yearly test", "--verified", "operator")
    assert "in force until 01.01.2026 03:00:00: Yearly test" in arcctl("sites", "show", "K-1").out


def test_long_lists_are_fetched_page_by_page(arcctl: Arcctl, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "PAGE_ROWS", 1)
    assert [row["id"] for row in arcctl("sites", "list", "--json").json()["sites"]] == ["K-1", "K-2"]


def test_an_unknown_site(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("sites", "show", "K-9")
    assert ran.code == 1
    assert "arcctl sites list" in ran.err


@pytest.fixture
def site_base(tmp_path: Path) -> Path:
    directory = tmp_path / "base"
    (directory / "sites").mkdir(parents=True)
    (directory / "centre.yaml").write_text("name: Keskus\n")
    (directory / "sites/a.yaml").write_text("number: 1002\nkey_file: k1002\n")
    (directory / "k1002").write_text(KEY)
    (directory / "k1002").chmod(0o600)
    return directory


def test_imports_the_texts_with_keys_in_place(arcctl: Arcctl, daemon: Daemon, site_base: Path) -> None:
    ran = arcctl("sites", "import", str(site_base), "--remove-missing")
    assert ran.code == 0, ran.err
    assert ran.out == "+ K-9\nin force: 1 added, 3 unchanged\n"
    [(what, files, actor, dry_run, remove_missing)] = daemon.desk.imports
    assert (what, dry_run, remove_missing) == ("sites", False, True)
    assert files == {"centre.yaml": "name: Keskus\n", "sites/a.yaml": f'number: 1002\nkey: "{KEY}"\n'}
    assert actor.id.startswith("os:")
    assert KEY not in ran.out + ran.err


def test_a_dry_run_says_so(arcctl: Arcctl, daemon: Daemon, site_base: Path) -> None:
    daemon.desk.import_report = ImportReport(applied=False, changed=("K-1",), removed=("K-2",))
    ran = arcctl("sites", "import", str(site_base), "--dry-run")
    assert ran.code == 0
    assert ran.out == "~ K-1\n- K-2\ndry run, nothing was changed: 1 changed, 1 removed\n"
    assert daemon.desk.imports[0][3] is True


def test_a_refused_import_lists_every_problem_where_it_is(arcctl: Arcctl, daemon: Daemon, site_base: Path) -> None:
    daemon.desk.import_report = ImportReport(
        applied=False,
        problems=(
            Problem(file="sites/a.yaml", line=2, column=3, message="no site K-9", advice="write K-1 instead"),
            Problem(file="elsewhere.yaml", message="missing"),
        ),
    )
    ran = arcctl("sites", "import", str(site_base))
    assert ran.code == 1
    assert ran.out == (
        f"{site_base}/sites/a.yaml:2:3: error: no site K-9 — write K-1 instead\n"
        "elsewhere.yaml:1:1: error: missing\n"
        "nothing was changed: 2 errors\n"
    )
    value = arcctl("sites", "import", str(site_base), "--json").json()
    assert value["granted"] is False
    assert value["problems"][0] == {
        "file": f"{site_base}/sites/a.yaml", "line": 2, "column": 3, "severity": "error", "message": "no site K-9",
        "advice": "write K-1 instead",
    }  # fmt: skip


def test_nothing_is_sent_when_a_key_cannot_be_read(arcctl: Arcctl, daemon: Daemon, site_base: Path) -> None:
    (site_base / "k1002").unlink()
    ran = arcctl("sites", "import", str(site_base))
    assert ran.code == 1
    assert "sites/a.yaml:2: cannot read" in ran.err
    assert not daemon.desk.imports
    assert arcctl("sites", "import", "nowhere").code == 2
