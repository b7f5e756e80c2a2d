from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from arcd.core.facts import RulesLoaded, SiteImported
from arcd.store import Batch
from arcd.store.sqlite import SqliteStore
from rules import shipped
from tests.arcd.api.desk import SITE, shipped_rules
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon
from tests.arcd.past import ACTOR, Past
from tests.playbook import Panel
from tests.sites import a_site

LATER = """\
overlay: here
requires: 1
packs: {fire: {routes: {alarm: {replace: {priority: P1}}}}}
plans: {tamper: {replace: {version: 9}}}
"""
GATE = "overlay: here\nrequires: 1\npacks: {intrusion: {lists: {exterior_kinds: {append: [pir]}}}}\n"


@pytest.fixture
def journal(arcctl: Arcctl, tmp_path: Path) -> Path:
    """A file that a daemon has left where a clone keeps it."""
    past = Past(shipped.sources(), sites=(a_site(),))
    panel = Panel()
    for code in ("BA", "TA", "FA", "FR"):
        past.happens(panel.sia(code, zone="3"))
        past.later(30)
    (tmp_path / "var").mkdir()
    path = tmp_path / "var" / "journal.sqlite"

    async def write() -> None:
        store = SqliteStore(path)
        await store.open()
        await store.commit(Batch(records=past.records))
        await store.close()

    asyncio.run(write())
    return path


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/own.yaml").write_text(GATE)
    return tmp_path / "rules"


@pytest.mark.usefixtures("journal", "helsinki")
def test_which_decisions_would_differ(arcctl: Arcctl, changed: Path) -> None:
    ran = arcctl("rules", "replay", "--with", "rules")
    assert ran.code == 0, ran.err
    assert (
        ran.out.splitlines()[1:]
        == [
            "1 × intrusion/alarm → intrusion/alarm/exterior",
            "    plan intrusion → camera-exterior",
            "    S-1: BA (intrusion) zone 3, 2026-03-04 14:00:00 EET, entry 5",
            "4 decisions: 1 would differ",
        ]
        or "camera" not in ran.out
    )


@pytest.mark.usefixtures("journal")
def test_worse_for_life_safety_is_exit_code_1(arcctl: Arcctl, changed: Path) -> None:
    (changed / "own.yaml").write_text(LATER)
    ran = arcctl("rules", "replay", "--with", "rules")
    assert ran.code == 1
    assert "1 × fire/alarm  1 × life safety, worse" in ran.out
    assert "P0 → P1" in ran.out
    assert "1 × plan tamper, which reads otherwise" in ran.out
    assert "life safety would be served worse" in ran.err
    value = arcctl("rules", "replay", "--with", "rules", "--json").json()
    assert set(value) == {
        "digest", "in_force", "entries", "decisions", "differ", "worse", "changes", "plans", "rules_changed", "erased",
        "untold", "otherwise", "unusable", "journal", "since",
    }  # fmt: skip
    assert (value["worse"], value["plans"]) == (1, {"tamper": 1})


def test_the_shipped_rules_and_since(arcctl: Arcctl, journal: Path) -> None:
    ran = arcctl("rules", "replay", "--store", str(journal))
    assert ran.code == 0, ran.err
    assert ran.out.endswith(": none would differ\n")
    value = arcctl("rules", "replay", "--since", "2026-03-04T12:00:30Z", "--json").json()
    assert value["since"] == "2026-03-04T12:00:30Z"
    assert value["decisions"] < arcctl("rules", "replay", "--json").json()["decisions"]
    assert arcctl("rules", "replay", "--since", "30d", "--json").json()["decisions"] == 0, "it was long ago"


def test_without_a_file_the_daemon_tells_it(arcctl: Arcctl, daemon: Daemon, changed: Path) -> None:
    daemon.desk._station.expect(shipped_rules())
    fact = RulesLoaded(at=daemon.desk.now(), digest=daemon.desk.rules.digest, sources=shipped.sources(), actor=ACTOR)
    daemon.run(daemon.desk.take(fact))
    daemon.run(daemon.desk.take(SiteImported(at=daemon.desk.now(), site=SITE, actor=ACTOR)))
    daemon.alarm("BA", zone="4")
    ran = arcctl("rules", "replay", "--with", "rules", "--since", "2026-01-01T00:00Z")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("var/arcd.sock: ")
    assert "1 × intrusion/alarm → intrusion/alarm/exterior" in ran.out
    assert f"    {SITE.id}: BA (intrusion) zone 4, " in ran.out
    assert "3 entries cannot be told again" in ran.err, "this desk knew sites before any rules"


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--store", "nowhere"], 2, "no readable journal at nowhere"),
        (["--with", "nowhere"], 2, "nowhere is no directory"),
        (["--since", "yesterday"], 2, "write it like"),
        (["--socket", "nowhere.sock"], 3, "no daemon listens on nowhere.sock"),
    ],
)
@pytest.mark.usefixtures("journal")
def test_what_cannot_be_replayed_says_why(arcctl: Arcctl, options: list[str], code: int, told: str) -> None:
    ran = arcctl("rules", "replay", *options)
    assert ran.code == code, ran.out
    assert told in ran.err


@pytest.mark.usefixtures("journal")
def test_mistakes_in_the_rules_and_in_the_file(arcctl: Arcctl, changed: Path, tmp_path: Path) -> None:
    (changed / "own.yaml").write_text("pack: [\n")
    ran = arcctl("rules", "replay", "--with", "rules")
    assert (ran.code, "rules/own.yaml:" in ran.out) == (1, True)
    (tmp_path / "text").write_text("no database\n" * 50)
    ran = arcctl("rules", "replay", "--store", "text")
    assert (ran.code, "not an arcd store" in ran.err) == (1, True)
