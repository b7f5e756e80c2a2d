from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.facts import Actor, ScheduleChangeRequested, SiteImported
from arcd.core.site import Hours
from tests.arcd.api.desk import SITE
from tests.arcd.api.test_schedules import PANEL
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon


@pytest.fixture
def watched(daemon: Daemon) -> Daemon:
    site = replace(SITE, systems=(PANEL,))
    daemon.run(daemon.desk.take(SiteImported(at=daemon.desk.now(), site=site, actor=Actor(id="os:test"))))
    return daemon


def test_what_is_expected(arcctl: Arcctl, watched: Daemon) -> None:
    ran = arcctl("schedule", "list")
    assert ran.code == 0, ran.err
    for told in ("panel/01 Myymälä", "08:00-21:00", "unknown", "opens 1.1. 08:00", "24 h", "2.1. 03:30", "any signal"):
        assert told in ran.out
    value = arcctl("schedule", "list", "--site", "K-1", "--json").json()
    assert [area["area"] for area in value["areas"]] == ["01", "2"]
    assert [test["system_id"] for test in value["tests"]] == ["panel"]


def test_nothing_is_expected(arcctl: Arcctl, daemon: Daemon) -> None:
    ran = arcctl("schedule", "list", "--site", "K-2")
    assert (ran.code, ran.out.strip()) == (0, "no area here has a schedule")


def test_a_change_and_its_withdrawal_are_asked_for(arcctl: Arcctl, watched: Daemon) -> None:
    ran = arcctl(
        "schedule", "change", "K-1", "panel/1", "--hours", "08:00-23:00", "--from", "2026-01-02", "--until",
        "2026-01-03", "--reason", "Inventaario", "--by", "anna", "--check", "I7",
    )  # fmt: skip
    assert ran.code == 1
    assert "anna is not verified" in ran.err
    fact = watched.desk.asked[-1]
    assert isinstance(fact, ScheduleChangeRequested)
    assert (fact.system_id, fact.area, fact.hours) == ("panel", "1", Hours(opens=480, closes=1380))
    assert (fact.from_day, fact.until_day, fact.identity_check) == ("2026-01-02", "2026-01-03", "I7")
    ran = arcctl("schedule", "withdraw", "K-1", "panel/1", "H7", "--reason", "Turha", "--by", "anna")
    assert ran.code == 1
    fact = watched.desk.asked[-1]
    assert isinstance(fact, ScheduleChangeRequested)
    assert (fact.withdraws, fact.reason) == ("H7", "Turha")


def test_changes_are_listed(arcctl: Arcctl, watched: Daemon) -> None:
    boss = Actor(id="os:pomo", roles=("supervisor",))
    for first, last in (("2026-01-01", "2026-01-01"), ("2026-01-05", "2026-01-06")):
        fact = ScheduleChangeRequested(
            at=watched.desk.now(), site_id="K-1", system_id="panel", area="1", actor=boss, from_day=first,
            until_day=last, reason="Inventaario",
        )  # fmt: skip
        watched.run(watched.desk.ask(fact))
    told = arcctl("schedule", "list").out
    assert "2026-01-01 closed" in told
    assert "2026-01-05…2026-01-06 closed" in told


@pytest.mark.parametrize("place", ["panel", "panel/", "/1"])
def test_a_place_is_a_system_and_an_area(arcctl: Arcctl, daemon: Daemon, place: str) -> None:
    ran = arcctl("schedule", "change", "K-1", place, "--hours", "closed", "--reason", "x")
    assert ran.code == 2
    assert "write the system and the area like panel/1" in ran.err
