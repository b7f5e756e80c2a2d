"""What the daemon sees of itself, and the case it opens and closes over it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from arcd import self_watch
from arcd.clock import Discipline, VirtualClock
from arcd.core.case.model import Case
from arcd.core.effects import SendMail
from arcd.core.facts import CaseMoveRequested, EffectOutcome, EffectReported
from arcd.core.site import Site
from arcd.metrics import Metrics
from arcd.observing import Observing
from arcd.runtime import RuntimeLimits
from arcd.self_watch import SelfWatch
from arcd.settings import StoreSettings
from arcd.systemd import Progress
from rules import shipped
from tests.arcd.test_runtime import Bench
from tests.playbook import OPERATOR
from tests.virtual_time import run


class Watching(Bench):
    """The bench with the shipped rules, watched from within."""

    def __init__(self, clock: VirtualClock, path: Path) -> None:
        super().__init__(clock=clock)
        metrics = Metrics(version="test", channels=["mail"])
        progress = Progress({"time": 10.0, "commit": 30.0}, monotonic_s=clock.monotonic_s)
        self.observing = Observing(metrics=metrics, progress=progress, state=self.state)
        self.settings = StoreSettings(path=path / "journal.sqlite", free_bytes_min=0)
        self.watch = SelfWatch(
            runtime=self.runtime,
            observing=self.observing,
            metrics=metrics,
            progress=progress,
            clock=clock,
            store=self.settings,
        )
        self.metrics = metrics

    async def set_the_scene(self, sources: dict[str, str] | None = None, site: Site | None = None) -> None:
        await super().set_the_scene(sources or shipped.sources(), site)

    async def look(self, seconds: int, *, lag_s: float = 0.0) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.watch.look(lag_s=lag_s)
            await self.runtime.drained()

    def failed(self, outcome: EffectOutcome = EffectOutcome.FAILED) -> None:
        effect = SendMail(id="E1", to=("a@example.invalid",), subject="s", body="b")
        report = EffectReported(at=self.clock.now(), effect_id="E1", outcome=outcome, detail="connection refused")
        self.observing.performed("mail", effect, report, 0.1)

    def cases(self) -> list[Case]:
        return list(self.state.cases.values())

    def metric(self, part: str) -> str:
        [line] = [
            line
            for line in self.metrics.exposition("")[0].decode().splitlines()
            if line.startswith(f'arc_degraded{{part="{part}"}}')
        ]
        return line.rpartition(" ")[2]


def watched(test: Callable[[Watching], Awaitable[None]]) -> Callable[[Path, pytest.MonkeyPatch], None]:
    async def main(bench: Watching) -> None:
        async with bench.running():
            await test(bench)

    def sync_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(self_watch, "read_discipline", lambda: Discipline(is_synchronized=True, error_s_max=0.01))
        clock = VirtualClock()
        run(main(Watching(clock, tmp_path)), clock)

    sync_test.__name__, sync_test.__doc__ = test.__name__, test.__doc__
    return sync_test


@watched
async def test_a_well_daemon_says_so_and_opens_nothing(bench: Watching) -> None:
    await bench.look(700)
    assert bench.cases() == []
    assert {check.name: check.ok for check in bench.watch.checks()} == dict.fromkeys(
        ["clock_unsynchronised", "commit_slow", "disk_low", "intake_full", "loop_slow"], True
    )


@watched
async def test_a_channel_that_fails_three_times_in_a_row_is_a_case_until_it_works(bench: Watching) -> None:
    bench.failed()
    bench.failed()
    await bench.look(2)
    assert bench.cases() == []
    bench.failed()
    await bench.look(1)
    [case] = bench.cases()
    assert (case.is_open, case.signals[0].signal.code, case.priority.value) == (True, "channel_down", "P1")
    assert case.signals[0].signal.text == "mail: 3 attempts in a row have failed, the last: connection refused"
    assert bench.metric("channel_down") == "1.0"
    bench.failed(EffectOutcome.DELIVERED)
    await bench.look(1)
    [case] = bench.cases()
    assert (case.is_open, case.disposition) == (False, "restored")
    assert bench.metric("channel_down") == "0.0"


@watched
async def test_what_a_person_has_taken_up_a_person_finishes(bench: Watching) -> None:
    for _ in range(3):
        bench.failed()
    await bench.look(1)
    [case] = bench.cases()
    assert (
        await bench.runtime.ask(CaseMoveRequested(at=bench.clock.now(), case_id=case.id, move="start", actor=OPERATOR))
    ).granted
    bench.failed(EffectOutcome.DELIVERED)
    await bench.look(1)
    [case] = bench.cases()
    assert case.is_open
    assert case.signals[-1].signal.qualifier.value == "restore"


@watched
async def test_a_loop_that_is_late_for_ten_seconds_is_a_case(bench: Watching) -> None:
    await bench.look(10, lag_s=0.6)
    assert bench.cases() == []
    await bench.look(1, lag_s=0.6)
    assert [case.signals[0].signal.text for case in bench.cases()] == ["late by 600 ms"]


@watched
async def test_a_disk_that_fills(bench: Watching) -> None:
    bench.watch._store = StoreSettings(path=bench.settings.path, free_bytes_min=1 << 50)
    await bench.look(1)
    [case] = bench.cases()
    assert case.signals[0].signal.text.endswith("MiB free")
    bench.watch._store = bench.settings
    await bench.look(61)
    assert not bench.cases()[0].is_open


@watched
async def test_a_full_intake_is_said_while_nothing_is_committed(bench: Watching) -> None:
    bench.runtime.limits = RuntimeLimits(queue_depth_max=0)
    await bench.look(6)
    assert [case.signals[0].signal.code for case in bench.cases()] == ["intake_full"]


def test_a_clock_nobody_disciplines_is_a_case_after_ten_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock()

    async def main() -> None:
        bench = Watching(clock, tmp_path)
        told: list[Discipline | None] = [None]
        monkeypatch.setattr(self_watch, "read_discipline", lambda: told[0])
        async with bench.running():
            await bench.look(700)
            assert bench.cases() == [], "where nobody says, nobody is called"
            told[0] = Discipline(is_synchronized=False, error_s_max=16.0)
            await bench.look(601)
            [case] = bench.cases()
            said = "NOT DISCIPLINED by any time source, off by at most 16.000 s"
            assert case.signals[0].signal.text == said
            told[0] = Discipline(is_synchronized=True, error_s_max=2.0)
            await bench.look(70)
            assert bench.cases()[0].is_open, "disciplined, and still too far off to trust"
            told[0] = Discipline(is_synchronized=True, error_s_max=0.02)
            await bench.look(61)
            assert not bench.cases()[0].is_open

    run(main(), clock)


@watched
async def test_commits_of_more_than_a_second_are_slow_though_every_other_second_sees_none(bench: Watching) -> None:
    for _ in range(10):
        bench.observing.committed([], 0, 1.4)
        await bench.look(2)
    assert [case.signals[0].signal.code for case in bench.cases()] == ["commit_slow"]


@watched
async def test_one_slow_commit_is_nothing(bench: Watching) -> None:
    bench.observing.committed([], 0, 4.0)
    await bench.look(60)
    assert bench.cases() == []
