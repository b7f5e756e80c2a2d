from __future__ import annotations

import pytest

from arcd.api.desk import ImportReport
from arcd.core.facts import RulesLoaded
from arcd.rules_history import NoSuchRulesError
from rules import shipped
from rules.problems import Problem
from tests.arcd.api.desk import shipped_rules
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon
from tests.arcd.past import ACTOR


@pytest.mark.usefixtures("helsinki")
def test_which_rules_were_in_force(arcctl: Arcctl, daemon: Daemon) -> None:
    assert arcctl("rules", "history").out == "the journal holds no rules\n"
    desk = daemon.desk
    desk._station.expect(shipped_rules())
    fact = RulesLoaded(at=desk.now(), digest=desk.rules.digest, sources=shipped.sources(), actor=ACTOR)
    daemon.run(desk.take(fact))
    ran = arcctl("rules", "history")
    assert ran.code == 0
    heading, row = ran.out.splitlines()
    assert heading.split() == ["digest", "since", "by", "name", "files"]
    assert row.split() == [
        desk.rules.digest[:12], "2026-01-01", "02:00:00", "EET", "os:matti", "Matti", str(len(shipped.sources())),
        "in", "force",
    ]  # fmt: skip
    assert arcctl("rules", "history", "--json").json()["rules"][0]["digest"] == desk.rules.digest


def test_going_back(arcctl: Arcctl, daemon: Daemon) -> None:
    daemon.desk.import_report = ImportReport(applied=True, changed=("plan fire",), digest="0123456789abcdef")
    ran = arcctl("rules", "rollback")
    assert ran.code == 0, ran.err
    assert ran.out == "~ plan fire\nin force: 1 changed; digest 0123456789ab\n"
    ran = arcctl("rules", "rollback", "0123456", "--dry-run")
    assert ran.out == "~ plan fire\ndry run, nothing was changed: 1 changed; digest 0123456789ab\n"
    assert [(given, dry) for _, given, _, dry, _ in daemon.desk.imports] == [
        ({"digest": ""}, False),
        ({"digest": "0123456"}, True),
    ]


def test_what_cannot_be_gone_back_to(arcctl: Arcctl, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon.desk.import_report = ImportReport(
        applied=False, problems=(Problem(file="packs/fire.yaml", line=2, column=11, message="too new"),)
    )
    ran = arcctl("rules", "rollback")
    assert ran.code == 1
    assert "packs/fire.yaml:2:11: error: too new" in ran.out
    assert "nothing was changed: 1 error" in ran.out

    async def none(*_: object, **__: object) -> ImportReport:
        raise NoSuchRulesError("There is nothing to go back to.")

    monkeypatch.setattr(daemon.desk, "roll_back_rules", none)
    ran = arcctl("rules", "rollback")
    assert (ran.code, ran.err) == (1, "error: There is nothing to go back to. (rules.rollback)\n")
