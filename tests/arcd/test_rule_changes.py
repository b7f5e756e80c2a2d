"""Rules change whole or not at all, while alarms go on coming, and what a person chose outlives a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from arcd import rule_changes
from arcd.clock import VirtualClock
from arcd.core.facts import Actor, SiteImported
from arcd.core.record import StepRecord
from arcd.core.station import Station
from arcd.metrics import Metrics
from arcd.observing import Observing
from arcd.rule_changes import Examined, OverlayError, RuleChanges, examine, read_overlay
from arcd.rules_history import NoSuchRulesError, rules_history
from arcd.runtime import Runtime
from arcd.store.memory import MemoryStore
from arcd.systemd import Progress
from rules import loader, shipped
from tests.patience import PATIENCE_S
from tests.playbook import Panel
from tests.sites import a_site

MATTI = Actor(id="os:matti", name="Matti")
DOCK = "overlay: here\nrequires: 1\npacks: {intrusion: {lists: {exterior_kinds: {append: [dock]}}}}\n"
QUAY = DOCK.replace("dock", "quay")
URGENT = """\
overlay: here
requires: 1
packs:
  intrusion:
    routes: {alarm: {replace: {priority: P1}}}
    tests:
      remove: [one detector at an armed shop, a forced door at night is an intrusion]
      append: [{name: at once, signal: {code: BA}, expect: {route: intrusion/alarm, priority: P1}}]
"""
FAILING = "overlay: here\nrequires: 1\npacks: {intrusion: {routes: {alarm: {replace: {priority: P1}}}}}\n"


class Running:
    """A machine at work on a store in memory, as the daemon puts it together."""

    def __init__(self, directory: Path | None, store: MemoryStore) -> None:
        self.store = store
        self.metrics = Metrics(version="test")
        self.clock = VirtualClock()
        self.station = Station()
        progress = Progress({"time": 10.0, "commit": 30.0}, monotonic_s=self.clock.monotonic_s)
        self.runtime = Runtime(
            station=self.station,
            store=store,
            clock=self.clock,
            effectors=[],
            profiles_changed=lambda site_id: None,
            observer=Observing(metrics=self.metrics, progress=progress, state=self.station.state),
        )
        self.changes = RuleChanges(runtime=self.runtime, metrics=self.metrics, directory=directory)

    def count(self, result: str) -> float:
        return self.metrics.registry.get_sample_value("arc_rules_loads_total", {"result": result}) or 0.0

    async def digests(self) -> list[str]:
        return [entry.digest for entry in await rules_history(self.store)]


@contextlib.asynccontextmanager
async def running(directory: Path | None = None, store: MemoryStore | None = None) -> AsyncIterator[Running]:
    made = Running(directory, store or MemoryStore(urandom=bytes))
    await made.runtime.restore()
    task = asyncio.get_running_loop().create_task(made.runtime.run())
    try:
        yield made
        await made.runtime.drained()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


# --------------------------------------------------------------------------------------------------------------- atomic


async def test_alarms_during_a_reload_are_decided_by_the_old_or_the_new_rules_and_never_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end = threading.Event()

    def examined(sources: Mapping[str, str], in_force: Mapping[str, str] | None) -> Examined:
        assert may_end.wait(PATIENCE_S), "the loop stands still while rules are read"
        return examine(sources, in_force)

    async with running() as machine:
        await machine.changes.at_start()
        monkeypatch.setattr(rule_changes, "examine", examined)
        site = a_site(kind="shop")
        await machine.runtime.ask(SiteImported(at=machine.clock.now(), site=site, actor=MATTI))
        old = machine.station.rules.digest
        panel, replies = Panel(), []

        def alarm() -> None:
            machine.runtime.post(panel.sia("BA/TA", zone="3")(machine.clock.now()), replies.append)

        alarm()
        reload = asyncio.get_running_loop().create_task(machine.changes.load({"o.yaml": URGENT}, MATTI, dry_run=False))
        while not reload.done():
            alarm()
            if panel.sequence > 10:
                may_end.set()
            await asyncio.sleep(0.001)
        report = reload.result()
        alarm()
        await machine.runtime.drained()
        assert report.applied
        assert "route intrusion/alarm" in report.changed
        assert len(replies) == panel.sequence, "every alarm was answered"
        [_, second] = await rules_history(machine.store)
        before, after = await _decided(machine.store, second.seq)
        assert before == {old}
        assert after == {report.digest} == {machine.station.rules.digest}


async def _decided(store: MemoryStore, seq: int) -> tuple[set[str], set[str]]:
    """Digests that decisions bear before and after an entry."""
    decided: tuple[set[str], set[str]] = (set(), set())
    async for entry in store.entries():
        assert entry.payload is not None
        for judgement in msgspec.json.decode(entry.payload, type=StepRecord).judgements:
            if judgement.decision is not None:
                decided[entry.seq > seq].add(judgement.decision.rules_digest)
    return decided


async def test_two_who_change_the_rules_at_once_leave_one_of_both_sets_whole() -> None:
    async with running() as machine:
        await machine.changes.at_start()
        reports = await asyncio.gather(
            machine.changes.load({"o.yaml": DOCK}, MATTI, dry_run=False),
            machine.changes.load({"o.yaml": QUAY}, MATTI, dry_run=False),
        )
        assert all(report.applied for report in reports)
        assert machine.station.rules.digest == (await machine.digests())[-1]
        assert {report.digest for report in reports} == set((await machine.digests())[1:])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("overlay: here\nrequires: 9\n", "rule language 9"),
        ("pack: [\n", "not YAML"),
        (FAILING, "the test 'one detector at an armed shop' fails: priority: expected P2, got P1"),
    ],
)
async def test_a_bad_set_leaves_the_good_one_running_and_says_so(text: str, told: str) -> None:
    async with running() as machine:
        await machine.changes.at_start()
        good = machine.station.rules
        with capture_logs() as logs:
            report = await machine.changes.load({"o.yaml": text}, MATTI, dry_run=False)
        assert not report.applied
        assert any(told in problem.message for problem in report.problems)
        assert machine.station.rules is good
        assert await machine.digests() == [good.digest]
        assert machine.count("refused") == 1
        [refused] = [line for line in logs if line["event"] == "rules.refused"]
        assert refused["by"] == MATTI.id
        assert told in refused["first"]


def test_a_failing_test_that_is_shipped_says_how_it_is_replaced() -> None:
    problems = examine({**shipped.sources(), "o.yaml": FAILING}).problems
    assert all("remove this shipped test in an overlay" in problem.advice for problem in problems)


async def test_a_dry_run_changes_counts_and_logs_nothing() -> None:
    async with running() as machine:
        await machine.changes.at_start()
        report = await machine.changes.load({"o.yaml": DOCK}, MATTI, dry_run=True)
        assert (report.applied, report.changed) == (False, ("list intrusion/exterior_kinds",))
        assert not (await machine.changes.load({"o.yaml": FAILING}, MATTI, dry_run=True)).applied
        assert len(await machine.digests()) == 1
        assert machine.count("refused") == 0


async def test_the_same_rules_again_are_in_force_and_no_news() -> None:
    async with running() as machine:
        await machine.changes.at_start()
        assert (await machine.changes.load(None, MATTI, dry_run=False)).applied
        assert len(await machine.digests()) == 1


# -------------------------------------------------------------------------------------------------------------- history


async def test_back_to_the_rules_before_and_forth_again() -> None:
    async with running() as machine:
        await machine.changes.at_start()
        with pytest.raises(NoSuchRulesError, match="nothing to go back to"):
            await machine.changes.roll_back(None, MATTI, dry_run=False)
        await machine.changes.load({"o.yaml": DOCK}, MATTI, dry_run=False)
        first, second = await machine.digests()
        dry = await machine.changes.roll_back(None, MATTI, dry_run=True)
        assert (dry.applied, dry.digest) == (False, first)
        back = await machine.changes.roll_back(None, MATTI, dry_run=False)
        assert (back.applied, back.changed) == (True, ("list intrusion/exterior_kinds",))
        assert machine.station.rules.digest == first
        forth = await machine.changes.roll_back(second[:12], MATTI, dry_run=False)
        assert forth.digest == machine.station.rules.digest == second
        history = await rules_history(machine.store)
        assert [entry.digest for entry in history] == [first, second, first, second]
        assert [entry.actor.id for entry in history] == ["daemon", MATTI.id, MATTI.id, MATTI.id]


async def test_rules_that_no_longer_load_are_not_gone_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as machine:
        await machine.changes.at_start()
        await machine.changes.load({"o.yaml": DOCK}, MATTI, dry_run=False)
        in_force = machine.station.rules.digest
        monkeypatch.setattr("rules.schema.LANGUAGE_VERSION", 0)  # an older release, to which everything is too new
        monkeypatch.setattr(loader, "_load", loader._load.__wrapped__)  # and which has read nothing yet
        report = await machine.changes.roll_back(None, MATTI, dry_run=False)
        assert not report.applied
        assert "rule language 1" in report.problems[0].message
        assert machine.station.rules.digest == in_force


# ------------------------------------------------------------------------------------------------------------ a restart


async def test_a_choice_outlives_a_restart_until_the_directory_changes(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(DOCK)
    store = MemoryStore(urandom=bytes)
    async with running(tmp_path, store) as machine:
        await machine.changes.at_start()
        from_directory = machine.station.rules.digest
        await machine.changes.load({"own.yaml": QUAY}, MATTI, dry_run=False)
        chosen = machine.station.rules.digest
    await store.close()
    async with running(tmp_path, store) as machine:
        assert (await machine.changes.at_start()).applied
        assert machine.station.rules.digest == chosen
        await machine.changes.roll_back(None, MATTI, dry_run=False)
        assert machine.station.rules.digest == from_directory
        await machine.changes.roll_back(None, MATTI, dry_run=False)
    await store.close()
    (tmp_path / "own.yaml").write_text(URGENT)
    async with running(tmp_path, store) as machine:
        await machine.changes.at_start()
        assert len(set(await machine.digests())) == 3
        newest = machine.station.rules.digest
        assert newest not in (chosen, from_directory)
        await machine.changes.load({"own.yaml": QUAY}, MATTI, dry_run=False)
        await machine.changes.load(None, MATTI, dry_run=False)
        assert machine.station.rules.digest == newest, "a reload asks for the directory"


async def test_a_bad_directory_at_start_leaves_what_the_journal_has(tmp_path: Path) -> None:
    store = MemoryStore(urandom=bytes)
    async with running(None, store) as machine:
        await machine.changes.at_start()
        good = machine.station.rules.digest
    await store.close()
    (tmp_path / "own.yaml").write_text("pack: [\n")
    async with running(tmp_path, store) as machine:
        report = await machine.changes.at_start()
        assert not report.applied
        assert report.problems
        assert machine.station.rules.digest == good
    await store.close()
    async with running(tmp_path / "gone", store) as machine:
        assert "does not exist" in (await machine.changes.at_start()).problems[0].message
        report = await machine.changes.load(None, MATTI, dry_run=False)
        assert "does not exist" in report.problems[0].message
        given = await machine.changes.load({"o.yaml": DOCK}, MATTI, dry_run=False)
        assert given.applied, "rules from elsewhere do not need the directory"
        assert (await machine.changes.roll_back(None, MATTI, dry_run=False)).applied


def test_what_a_rules_directory_holds(tmp_path: Path) -> None:
    assert read_overlay(None) == {}
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/a.yaml").write_text("a")
    (tmp_path / "b.yml").write_text("b")
    for passed_over in (".hidden.yaml", "notes.txt"):
        (tmp_path / passed_over).write_text("x")
    (tmp_path / "dir.yaml").mkdir()
    assert read_overlay(tmp_path) == {"packs/a.yaml": "a", "b.yml": "b"}
    (tmp_path / "b.yml").write_bytes(b"\xff")
    with pytest.raises(OverlayError, match=r"b\.yml:1:1: error: this file is not UTF-8 text"):
        read_overlay(tmp_path)
    (tmp_path / "b.yml").unlink()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    with pytest.raises(OverlayError, match="cannot be read"):
        read_overlay(tmp_path)


def test_rules_that_may_not_be_listed_are_not_taken_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs/a.yaml").write_text("a")
    listed = os.scandir

    def denied(path: str) -> object:
        if str(path).endswith("packs"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(
        OverlayError, match=r"packs:1:1: error: this cannot be read: Permission denied — let arcd read it"
    ):
        read_overlay(tmp_path)
