from __future__ import annotations

from pathlib import Path

import pytest

from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

OWN = """\
overlay: here
requires: 1
packs:
  intrusion:
    lists: {exterior_kinds: {append: [dock], remove: [gate]}}
    routes: {alarm/exit-error: {replace: {priority: P2}}}
plans:
  tamper: {replace: {title: {fi: A, sv: B, en: "Somebody is at the panel"}}}
  service-call: {enabled: false}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.yaml").write_text(OWN)
    return tmp_path / "rules"


@pytest.mark.usefixtures("own")
def test_what_a_directory_changes_against_the_shipped_rules(arcctl: Arcctl) -> None:
    ran = arcctl("rules", "diff", "rules", "--shipped")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0] == "- plan service-call"
    assert lines[1:3] == ["~ list intrusion/exterior_kinds", "    values: - gate  + dock"]
    assert "    title.en: Tamper → Somebody is at the panel" in lines
    assert "    its version is the same: raise it, so that cases say which one they had" in lines
    assert lines[-3:-1] == ["~ route intrusion/alarm/exit-error", "    priority: P3 → P2"]
    assert lines[-1] == "3 changed, 1 removed against the rules shipped"
    value = arcctl("rules", "diff", "rules", "--shipped", "--json").json()
    assert set(value) == {"against", "before", "after", "added", "changed", "removed"}
    assert value["removed"] == [{"kind": "plan", "name": "service-call", "fields": []}]


@pytest.mark.usefixtures("own")
def test_against_the_rules_in_force(arcctl: Arcctl, daemon: Daemon) -> None:
    value = arcctl("rules", "diff", "rules", "--json").json()
    assert (value["against"], value["before"]) == ("in force", daemon.desk.rules.digest)


@pytest.mark.usefixtures("own")
def test_without_a_daemon_it_says_what_it_compares_with(arcctl: Arcctl) -> None:
    ran = arcctl("rules", "diff", "rules")
    assert ran.code == 0
    assert "compared with the shipped rules: no daemon listens" in ran.err


def test_the_same_rules_and_wrong_ones(arcctl: Arcctl, own: Path) -> None:
    (own / "own.yaml").write_text("overlay: here\nrequires: 1\n")
    assert arcctl("rules", "diff", "rules", "--shipped").out == "no difference against the rules shipped\n"
    (own / "own.yaml").write_text("pack: [\n")
    ran = arcctl("rules", "diff", "rules", "--shipped")
    assert (ran.code, "rules/own.yaml:" in ran.out) == (1, True)
    assert arcctl("rules", "diff", "nowhere").code == 2
    assert arcctl("rules", "diff").code == 2
