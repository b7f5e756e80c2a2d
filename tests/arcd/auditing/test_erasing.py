"""Erasing, retaining and giving up, through the real loop; a restart needs none of what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec.structs import replace

from arcd.api.instants import rfc3339
from arcd.auditing.auditor import Auditor
from arcd.auditing.checkpoints import Checkpoints
from arcd.clock import VirtualClock
from arcd.core.audit.retention import RetentionClass
from arcd.core.facts import AnyFact, CaseNoted, HoldRequested, SiteRemoved
from arcd.metrics import Metrics
from protocols.tlog.note import SigningKey
from tests.arcd.core.audit.facts import CHIEF
from tests.arcd.core.conftest import _rules_compiled_once  # noqa: F401 – a fixture, for the whole module
from tests.arcd.test_runtime import Bench, alarm, replies
from tests.playbook import OPERATOR, move, step
from tests.virtual_time import run

DAY_S = 86_400.0
DAYS = dict.fromkeys(RetentionClass, 30)
del DAYS[RetentionClass.PERMANENT]


@dataclass
class Keeping:
    bench: Bench
    auditor: Auditor

    @property
    def erased(self) -> Awaitable[list[int]]:
        async def found() -> list[int]:
            return [entry.seq async for entry in self.bench.store.entries() if entry.payload is None]

        return found()

    async def alarm(self, sequence: int = 1) -> str:
        """A case, left open; its id."""
        line = self.bench.gateway.connect()
        line.feed(alarm(sequence))
        await self.bench.settled()
        return max(self.bench.state.cases, key=lambda case_id: int(case_id[1:]))

    async def close(self, case_id: str) -> None:
        """Closed, and a day later no longer in the state."""
        await self.ask(move("acknowledge", case_id=case_id))
        for planned in self.bench.state.cases[case_id].steps:
            skip = step(planned.id, "skip", case_id=case_id, note="a false alarm")
            await self.bench.runtime.ask(replace(skip, at=self.bench.clock.now()))
        await self.ask(move("close", case_id=case_id, form={"disposition": "user_error", "note": "n"}))
        await self.days(2)
        assert case_id not in self.bench.state.cases

    async def ask(self, fact: AnyFact) -> None:
        answer = await self.bench.runtime.ask(replace(fact, at=self.bench.clock.now()))
        assert answer.granted, answer

    async def days(self, count: float) -> None:
        """At once: a virtual night is 86,400 looks at the clock."""
        self.bench.clock.advance(count * DAY_S)
        await asyncio.sleep(2)
        await self.bench.settled()


def auditor_of(bench: Bench, days: dict[RetentionClass, int] | None = None) -> Auditor:
    metrics = Metrics(version="test")
    key = SigningKey("arc.example/test", bytes(32))
    return Auditor(
        store=bench.store,
        state=bench.state,
        clock=bench.clock,
        ask=bench.runtime.ask,
        asked=bench.runtime.asked,
        post=bench.runtime.post,
        checkpoints=Checkpoints(store=bench.store, clock=bench.clock, metrics=metrics, key=key),
        days=days or DAYS,
    )


def keeping(test: Callable[[Keeping], Awaitable[None]]) -> Callable[[], None]:
    async def main(clock: VirtualClock) -> None:
        bench = Bench(clock=clock)
        async with bench.running():
            await test(Keeping(bench, auditor_of(bench)))

    def sync_test() -> None:
        clock = VirtualClock()
        run(main(clock), clock)

    sync_test.__name__, sync_test.__doc__ = test.__name__, test.__doc__
    return sync_test


@keeping
async def test_an_entry_loses_its_content_and_a_restart_does_not_miss_it(it: Keeping) -> None:
    await it.alarm()
    done = await it.auditor.eraser.erase_entry(4, CHIEF, "sent to the wrong account")
    assert (done.answer.granted, done.entries) == (True, 1)
    assert await it.erased == [4]
    before = it.bench.state.dump()
    again = it.bench.restarted()
    await again.runtime.restore()
    assert again.state.dump() == before
    kinds = [entry.kind async for entry in again.store.entries()]
    assert kinds[-1] == "erasure_requested", "and the entry that says so is the last"


@keeping
async def test_everything_about_a_closed_case_goes_and_its_row_with_it(it: Keeping) -> None:
    case_id = await it.alarm()
    note = CaseNoted(at=it.bench.clock.now(), case_id=case_id, text="called Anna", actor=OPERATOR)
    await it.bench.runtime.ask(note)
    refused = await it.auditor.eraser.erase(f"case/{case_id}", CHIEF, "asked to")
    assert refused.answer.rule == "erase.open"
    await it.close(case_id)
    assert await it.bench.store.case(case_id) is not None
    done = await it.auditor.eraser.erase(f"case/{case_id}", CHIEF, "asked to")
    assert done.answer.granted, done.answer
    assert done.entries >= 4
    assert await it.bench.store.case(case_id) is None
    left = [e async for e in it.bench.store.entries(subject=f"case/{case_id}") if e.payload is not None]
    assert [entry.kind for entry in left] == ["erasure_requested"]
    for entry in [entry async for entry in it.bench.store.entries() if entry.payload is not None]:
        assert b"called Anna" not in (entry.payload or b"")


@keeping
async def test_a_hold_on_a_site_covers_its_cases(it: Keeping) -> None:
    case_id = await it.alarm()
    await it.close(case_id)
    hold = HoldRequested(at=it.bench.clock.now(), action="place", subject="site/S-1", actor=OPERATOR, reason="police")
    assert (await it.bench.runtime.ask(hold)).granted
    done = await it.auditor.eraser.erase(f"case/{case_id}", CHIEF, "asked to")
    assert (done.answer.rule, done.entries) == ("hold", 0)
    first = min([e.seq async for e in it.bench.store.entries(subject=f"case/{case_id}")])
    assert (await it.auditor.eraser.erase_entry(first, CHIEF, "asked to")).answer.rule == "hold"
    await it.days(40)
    kept = await it.auditor.eraser.retain()
    assert kept.held > 0
    assert first not in await it.erased
    lift = HoldRequested(at=it.bench.clock.now(), action="lift", subject="site/S-1", actor=CHIEF, reason="over")
    assert (await it.bench.runtime.ask(lift)).granted
    assert (await it.auditor.eraser.retain()).entries > 0
    assert first in await it.erased


@keeping
async def test_retention_takes_what_is_over_and_nothing_else(it: Keeping) -> None:
    case_id = await it.alarm(1)
    await it.close(case_id)
    await it.days(35)
    young = await it.alarm(2)
    dry = await it.auditor.eraser.retain(dry_run=True)
    assert await it.erased == []
    done = await it.auditor.eraser.retain()
    assert done.answer.granted
    assert done.entries == dry.entries > 0
    gone = await it.erased
    entries = {entry.seq: entry async for entry in it.bench.store.entries()}
    assert {entries[seq].kind for seq in gone} >= {"frame_received", "case_move_requested", "rules_loaded"}
    for entry in entries.values():
        if entry.kind in ("site_imported", "centre_imported", "erasure_requested"):
            assert entry.payload is not None, f"{entry.kind} is kept"
    assert not [seq for seq in gone if f"case/{young}" in (entries[seq].refs or "") + entries[seq].subject]
    assert (await it.auditor.eraser.retain()).entries == 0, "once"
    tombstones = [entry for entry in entries.values() if entry.kind == "erasure_requested"]
    assert {b'"daemon"' in (entry.payload or b"") for entry in tombstones} == {True}


@keeping
async def test_an_open_case_keeps_its_story_however_old(it: Keeping) -> None:
    case_id = await it.alarm()
    await it.days(60)
    done = await it.auditor.eraser.retain()
    assert done.held > 0
    story = [entry async for entry in it.bench.store.entries(subject=f"case/{case_id}")]
    assert all(entry.payload is not None for entry in story)


@keeping
async def test_site_data_are_counted_from_the_end_of_the_assignment(it: Keeping) -> None:
    imported = [e.seq async for e in it.bench.store.entries(kind="site_imported")]
    await it.days(100)
    await it.auditor.eraser.retain()
    assert not set(imported) & set(await it.erased)
    assert (await it.bench.runtime.ask(SiteRemoved(at=it.bench.clock.now(), site_id="S-1", actor=CHIEF))).granted
    await it.days(20)
    await it.auditor.eraser.retain()
    assert not set(imported) & set(await it.erased)
    await it.days(20)
    await it.auditor.eraser.retain()
    assert set(imported) <= set(await it.erased)


@keeping
async def test_a_sealed_segment_is_given_up_when_nothing_of_it_is_left(it: Keeping) -> None:
    await it.auditor.begin()
    case_id = await it.alarm()
    await it.close(case_id)
    answer, note = await it.auditor.seal(CHIEF, "year")
    assert answer.granted
    assert note is not None
    through = note.size
    assert (await it.auditor.eraser.prune(through, CHIEF, "old")).rule == "prune.payloads"
    await it.bench.runtime.ask(SiteRemoved(at=it.bench.clock.now(), site_id="S-1", actor=CHIEF))
    await it.days(40)
    await it.auditor.eraser.retain()
    [centre] = [e.seq async for e in it.bench.store.entries(kind="centre_imported")]
    await it.auditor.eraser.erase_entry(centre, CHIEF, "replaced long ago")
    frontier = await it.bench.store.frontier()
    pruned = await it.auditor.eraser.prune(through, CHIEF, "old")
    assert pruned.granted, pruned
    assert min([entry.seq async for entry in it.bench.store.entries()]) == through + 1
    assert (await it.bench.store.frontier()).size > frontier.size
    line = it.bench.gateway.connect()
    line.feed(alarm(9))
    await it.bench.settled()
    assert replies(line), "and signals go on being answered"
    before = it.bench.state.dump()
    again = it.bench.restarted()
    await again.runtime.restore()
    assert again.state.dump() == before


async def emptied(it: Keeping) -> None:
    """Nothing is left of what may go, but for what is held."""
    await it.bench.runtime.ask(SiteRemoved(at=it.bench.clock.now(), site_id="S-1", actor=CHIEF))
    await it.days(40)
    await it.auditor.eraser.retain()
    [centre] = [e.seq async for e in it.bench.store.entries(kind="centre_imported")]
    await it.auditor.eraser.erase_entry(centre, CHIEF, "replaced long ago")


@keeping
async def test_what_lies_before_the_first_held_entry_is_given_up_all_the_same(it: Keeping) -> None:
    await it.auditor.begin()
    await it.close(await it.alarm(1))
    _, first = await it.auditor.seal(CHIEF, "first")
    held = await it.alarm(2)
    await it.close(held)
    _, second = await it.auditor.seal(CHIEF, "second")
    await it.close(await it.alarm(3))
    _, third = await it.auditor.seal(CHIEF, "third")
    assert first is not None
    assert second is not None
    assert third is not None
    await it.ask(HoldRequested(at=0, action="place", subject=f"case/{held}", actor=CHIEF, reason="police"))
    await emptied(it)
    story = [entry async for entry in it.bench.store.entries(subject=f"case/{held}")]
    assert all(entry.payload is not None for entry in story), "all of it, and"
    assert await it.erased, "nothing else"
    for note in (third, second):
        refused = await it.auditor.eraser.prune(note.size, CHIEF, "old")
        assert refused.rule == "hold"
        assert f"Entry {story[0].seq} of it is under the legal hold on case/{held}" in refused.message
    given_up = await it.auditor.eraser.prune(first.size, CHIEF, "old")
    assert given_up.granted, given_up
    await it.ask(HoldRequested(at=0, action="lift", subject=f"case/{held}", actor=CHIEF, reason="over"))
    await it.auditor.eraser.retain()
    assert (await it.auditor.eraser.prune(third.size, CHIEF, "old")).granted
    before = it.bench.state.dump()
    again = it.bench.restarted()
    await again.runtime.restore()
    assert again.state.dump() == before


@keeping
async def test_a_period_is_held_whatever_it_is_about(it: Keeping) -> None:
    await it.alarm(1)
    await it.days(1)
    first = await instant(it)
    case_id = await it.alarm(2)
    await it.close(case_id)
    end = await instant(it)
    await it.days(1)
    period = f"period/{rfc3339(first)}/{rfc3339(end)}"
    await it.ask(HoldRequested(at=0, action="place", subject=period, actor=OPERATOR, reason="police"))
    kept = {e.seq async for e in it.bench.store.entries() if first <= e.at < end}
    assert kept
    assert (await it.auditor.eraser.erase(f"case/{case_id}", CHIEF, "asked to")).answer.rule == "hold"
    await it.days(40)
    done = await it.auditor.eraser.retain()
    assert done.answer.granted, done.answer
    assert done.entries > 0
    assert not kept & set(await it.erased)
    await it.ask(HoldRequested(at=0, action="lift", subject=period, actor=CHIEF, reason="over"))
    assert (await it.auditor.eraser.retain()).entries > 0
    assert kept & set(await it.erased)


async def instant(it: Keeping) -> int:
    """Of now, in whole seconds, with nothing recorded in the second."""
    await it.days(2 / 86_400)
    at = it.bench.clock.now() // 10**9 * 10**9
    await it.days(2 / 86_400)
    return at
