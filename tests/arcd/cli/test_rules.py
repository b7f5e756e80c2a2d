from __future__ import annotations

from pathlib import Path

import pytest

from arcd.api.desk import ImportReport
from rules import shipped
from rules.problems import Problem
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Rules of one's own, with a test that says the wrong thing."""
    (tmp_path / "rules").mkdir()
    shipped_pack = shipped.sources()["packs/holdup.yaml"]
    (tmp_path / "rules/own.yaml").write_text(
        shipped_pack.replace("pack: holdup", "pack: own", 1).replace("plan: holdup", "plan: duress")
    )
    return tmp_path / "rules"


def test_the_shipped_rules_are_fine(arcctl: Arcctl) -> None:
    ran = arcctl("rules", "check")
    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1].startswith("ok: ")
    value = arcctl("rules", "check", "--json").json()
    assert set(value) == {"ok", "problems", "digest", "packs", "plans", "case_types", "tests"}
    assert value["ok"] is True


def test_a_mistake_is_told_with_its_place_and_exit_code_1(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.yaml").write_text("pack: own\nrequires: 1\nroutse: []\n")
    ran = arcctl("rules", "check", "rules")
    assert ran.code == 1
    assert "rules/own.yaml:3:" in ran.out
    assert "cannot be used" in ran.out
    value = arcctl("rules", "check", "rules", "--json").json()
    assert value["ok"] is False
    assert set(value["problems"][0]) == {"file", "line", "column", "severity", "message", "advice"}
    for verb in ("test", "explain"):
        ran = arcctl("rules", verb, *(["rules"] if verb == "test" else ["--rules", "rules", "--code", "BA"]))
        assert ran.code == 1
        assert "rules/own.yaml:3:" in ran.out
        assert "correct them first" in ran.err


def test_the_tests_inside_the_packs(arcctl: Arcctl) -> None:
    ran = arcctl("rules", "test")
    assert ran.code == 0, ran.out
    assert ran.out.endswith(" passed\n")
    value = arcctl("rules", "test", "--json").json()
    assert set(value) == {"ok", "passed", "failed", "tests"}
    assert set(value["tests"][0]) == {"pack", "name", "file", "line", "passed", "differences"}
    assert (value["ok"], value["failed"]) == (True, 0)


def test_a_failing_test_says_what_differed(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.yaml").write_text(
        "overlay: own\nrequires: 1\npacks:\n  intrusion:\n    tests:\n      append:\n"
        "        - {name: wrong on purpose, signal: {code: BA}, expect: {plan: log}}\n"
    )
    ran = arcctl("rules", "test", "rules")
    assert ran.code == 1, ran.out + ran.err
    assert "failed: intrusion: wrong on purpose" in ran.out
    assert "plan: expected log, got intrusion" in ran.out
    assert "1 failed" in ran.out


def test_no_directory_is_wrong_usage(arcctl: Arcctl) -> None:
    for verb in ("check", "test", "reload"):
        assert arcctl("rules", verb, "nowhere").code == 2


def test_what_the_daemon_runs(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("rules", "show", "--lang", "en")
    assert "packs, in precedence:" in ran.out
    assert "Intrusion, unconfirmed" in ran.out
    value = arcctl("rules", "show", "--json").json()
    assert set(value) == {"digest", "packs", "plans", "case_types", "sources"}


def test_reload_from_the_daemons_own_directory(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.desk.import_report = ImportReport(applied=True, changed=("packs/own.yaml",), digest="0123456789abcdef")
    ran = arcctl("rules", "reload")
    assert ran.code == 0, ran.err
    assert ran.out == "~ packs/own.yaml\nin force: 1 changed; digest 0123456789ab\n"
    [(what, files, _, dry_run, _)] = daemon.desk.imports
    assert (what, files, dry_run) == ("rules", None, False)


def test_rules_already_in_force_are_no_failure(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.desk.import_report = ImportReport(applied=False, digest="0123456789abcdef")
    ran = arcctl("rules", "reload")
    assert ran.code == 0
    assert ran.out == "nothing to change: the same is already in force; digest 0123456789ab\n"


def test_reload_from_here(arcctl: Arcctl, daemon: Daemon, own: Path) -> None:
    daemon.desk.import_report = ImportReport(
        applied=False, problems=(Problem(file="own.yaml", line=4, message="bad", advice="write good"),)
    )
    ran = arcctl("rules", "reload", "rules", "--dry-run")
    assert ran.code == 1
    assert "rules/own.yaml:4:1: error: bad — write good" in ran.out
    [(_, files, _, dry_run, _)] = daemon.desk.imports
    assert files == {"own.yaml": (own / "own.yaml").read_text()}
    assert dry_run is True
