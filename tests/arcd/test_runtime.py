"""The one loop, on memory twins and virtual time: what leaves when, what a crash costs, what a restart finds."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import msgspec
import pytest
from structlog.testing import capture_logs

from arcd.batching import Waiting
from arcd.clock import VirtualClock
from arcd.core.case import casebook
from arcd.core.conditioning import unrestored
from arcd.core.effects import Answer, DurableEffect
from arcd.core.facts import (
    DAEMON,
    AnyFact,
    CaseNoted,
    CentreImported,
    DeadlineReached,
    EffectOutcome,
    EffectReported,
    RulesLoaded,
    SiteImported,
    StepFailed,
)
from arcd.core.record import StepRecord
from arcd.core.site import Site
from arcd.core.state import State
from arcd.core.station import Station
from arcd.effectors import Effector, Performed
from arcd.effectors.memory import MemoryEffector
from arcd.gateways.memory import MemoryGateway, MemoryLine
from arcd.runtime import BACKLOG_MAX, HEARD_INTERVAL_S, Runtime, RuntimeLimits
from arcd.store import Batch, Entry, GivenUpError, StoreError
from arcd.store.memory import MemoryStore
from protocols.codec import ReplyKind, WireProfile
from protocols.dc09 import Dc09Codec, Dialler
from tests.arcd.core.conftest import _rules_compiled_once  # noqa: F401 – a fixture, for the whole module
from tests.arcd.core.invariants import same_state
from tests.playbook import NS, OPERATOR, step
from tests.sites import DISPATCH, LOOK, a_centre, a_site, plan, rules
from tests.virtual_time import run

PANEL = Dialler(account="1001")
SEND = rules(plan("send", DISPATCH + LOOK), {"BA": "send"})


class Watcher:
    """An Observer that remembers."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.beats: Counter[str] = Counter()
        self.heartbeats = 0
        self.performed_ids: list[str] = []
        self.checkpoints: list[int] = []

    def committed(self, steps: Sequence[Waiting], released_at: int, seconds: float) -> None:
        self.seqs += [step.seq for step in steps]

    def heartbeat(self, received: object) -> None:
        self.heartbeats += 1

    def performed(self, channel: str, effect: DurableEffect, report: EffectReported, seconds: float) -> None:
        self.performed_ids.append(effect.id)

    def checkpointed(self, at: int) -> None:
        self.checkpoints.append(at)

    def beat(self, part: str) -> None:
        self.beats[part] += 1


class Bench:
    """A daemon without sockets: panel → gateway → runtime → store, and a channel to the guards."""

    def __init__(
        self,
        *,
        store: MemoryStore | None = None,
        clock: VirtualClock | None = None,
        effectors: Sequence[Effector] | None = None,
        limits: RuntimeLimits | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.store = store or MemoryStore()
        self.effector = MemoryEffector()
        self.watcher = Watcher()
        self.profiles: list[str] = []
        self.runtime = Runtime(
            station=Station(),
            store=self.store,
            clock=self.clock,
            effectors=[self.effector] if effectors is None else effectors,
            profiles_changed=self.profiles.append,
            observer=self.watcher,
            limits=limits,
        )
        self.gateway = MemoryGateway(
            name="memory",
            new_codec=lambda: Dc09Codec(lambda _: WireProfile(), pad=bytes),
            intake=self.runtime,
            clock=self.clock,
        )
        self.batches: list[Batch] = []
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.store.before_commit = self._before_commit

    async def _before_commit(self, batch: Batch) -> None:
        self.batches.append(batch)
        await self.may_commit.wait()

    @property
    def state(self) -> State:
        return self.runtime.station.state

    def is_full(self) -> bool:
        return not self.runtime.has_room

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Restored and turning; a first start gets rules, a centre and a site."""
        await self.runtime.restore()
        async with asyncio.TaskGroup() as tasks:
            loop_task = tasks.create_task(self.runtime.run())
            if not self.runtime.station.has_rules:
                await self.set_the_scene()
            yield
            loop_task.cancel()

    async def set_the_scene(self, sources: dict[str, str] | None = None, site: Site | None = None) -> None:
        now = self.clock.now()
        for fact in (
            RulesLoaded(at=now, digest="", sources=sources or SEND, actor=DAEMON),
            CentreImported(at=now, centre=a_centre(), actor=DAEMON),
            SiteImported(at=now, site=site or a_site(), actor=DAEMON),
        ):
            assert (await self.runtime.ask(fact)).granted
        self.batches.clear()

    async def settled(self) -> None:
        """Everything that can happen now has happened: committed, performed, reported, committed."""
        for _ in range(5):
            await self.runtime.drained()
            for _ in range(20):
                await asyncio.sleep(0)

    async def journal(self) -> list[StepRecord]:
        decoder = msgspec.json.Decoder(StepRecord)
        return [decoder.decode(entry.payload or b"") async for entry in self.store.entries()]

    async def kinds(self) -> Counter[str]:
        return Counter([entry.kind async for entry in self.store.entries()])

    def restarted(self, **with_: object) -> Bench:
        """The process is gone; another one starts on what was committed."""
        return Bench(store=self.store.crash(), clock=self.clock, **with_)  # type: ignore[arg-type]  # – passed on


def alarm(sequence: int = 1, code: str = "BA", zone: str = "3") -> bytes:
    return PANEL.sia_dcs(f"Nri1/{code}{zone}", sequence=sequence)


def replies(line: MemoryLine) -> list[tuple[ReplyKind, str]]:
    found = (PANEL.read_reply(data, 0) for data in line.replies)
    return [(reply.kind, reply.sequence) for reply in found if reply is not None]


def virtually(test: Callable[[Bench], Awaitable[None]]) -> Callable[[], None]:
    """Run an async test on a bench of its own, in virtual time."""

    async def main(bench_clock: VirtualClock) -> None:
        bench = Bench(clock=bench_clock)
        async with bench.running():
            await test(bench)

    def sync_test() -> None:
        clock = VirtualClock()
        run(main(clock), clock)

    sync_test.__name__, sync_test.__doc__ = test.__name__, test.__doc__
    return sync_test


# ----------------------------------------------------------------------------------------- 1. nothing before the commit


@virtually
async def test_no_reply_and_no_effect_leaves_before_the_commit(bench: Bench) -> None:
    line = bench.gateway.connect()
    bench.may_commit.clear()
    line.feed(alarm())
    await asyncio.sleep(5)
    assert line.replies == []
    assert bench.effector.attempts == []
    assert bench.runtime.committed_seq == 3
    bench.may_commit.set()
    await bench.settled()
    assert replies(line) == [(ReplyKind.ACK, "0001")]
    assert [effect.id for effect in bench.effector.attempts] == ["E4.2"]


@virtually
async def test_no_reply_leaves_before_the_commit_has_returned(bench: Bench) -> None:
    """On stable storage is not enough: as long as the store has not said so, it may still fail."""
    may_return = asyncio.Event()

    async def hold(batch: Batch) -> None:
        await may_return.wait()

    bench.store.after_commit = hold
    line = bench.gateway.connect()
    line.feed(alarm())
    await asyncio.sleep(5)
    assert line.replies == []
    may_return.set()
    await bench.settled()
    assert replies(line) == [(ReplyKind.ACK, "0001")]


def test_a_failed_commit_ends_the_loop_and_nothing_leaves() -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)
    lines: list[MemoryLine] = []

    async def main() -> None:
        async with bench.running():
            bench.store.fail_next_commit = StoreError("the disk is full")
            lines.append(bench.gateway.connect())
            lines[0].feed(alarm())
            await asyncio.sleep(1000)

    with pytest.raises(BaseExceptionGroup) as failed:
        run(main(), clock)
    assert failed.group_contains(StoreError, match="the disk is full")
    assert lines[0].replies == []
    assert bench.effector.attempts == []


@virtually
async def test_a_request_is_answered_when_it_is_committed(bench: Bench) -> None:
    bench.may_commit.clear()
    note = CaseNoted(at=bench.clock.now(), case_id="C9", text="hello", actor=OPERATOR)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(bench.runtime.ask(note))
        await asyncio.sleep(5)
        assert not asking.done()
        bench.may_commit.set()
    assert asking.result() == Answer(granted=False, rule="case.unknown", message="No case C9 is open.")


@virtually
async def test_who_gives_up_waiting_does_not_disturb_the_others(bench: Bench) -> None:
    bench.may_commit.clear()
    note = CaseNoted(at=bench.clock.now(), case_id="C9", text="hello", actor=OPERATOR)
    async with asyncio.TaskGroup() as tasks:
        impatient, patient = (tasks.create_task(bench.runtime.ask(note)) for _ in range(2))
        await asyncio.sleep(1)
        impatient.cancel()
        bench.may_commit.set()
    assert patient.result().rule == "case.unknown"


@virtually
async def test_an_import_changes_the_wire_profiles_after_the_commit(bench: Bench) -> None:
    bench.profiles.clear()
    bench.may_commit.clear()
    bench.runtime.post(SiteImported(at=bench.clock.now(), site=a_site("S-2", account="2002"), actor=DAEMON))
    await asyncio.sleep(1)
    assert bench.profiles == []
    bench.may_commit.set()
    await bench.settled()
    assert bench.profiles == ["S-2"]


# ------------------------------------------------------------------------------------- 2. group commit and backpressure


@virtually
async def test_what_comes_during_a_commit_goes_with_the_next_one(bench: Bench) -> None:
    line = bench.gateway.connect()
    bench.may_commit.clear()
    for sequence in range(1, 51):
        line.feed(alarm(sequence, code="OP"))
        await asyncio.sleep(0)
    assert bench.runtime.depth == 50
    bench.may_commit.set()
    await bench.settled()
    assert [len(batch.records) for batch in bench.batches] == [1, 49]
    assert replies(line) == [(ReplyKind.ACK, f"{sequence:04d}") for sequence in range(1, 51)]
    assert bench.watcher.seqs == list(range(1, 54))


@virtually
async def test_in_a_long_turn_the_store_is_kept_busy(bench: Bench) -> None:
    """It has not more than two batches to do; what gathers meanwhile goes with the next one."""
    line = bench.gateway.connect()
    bench.may_commit.clear()
    for sequence in range(1, 301):
        line.feed(alarm(sequence, code="OP"))
    assert (bench.store.backlog, bench.runtime.depth) == (BACKLOG_MAX, 300)
    await asyncio.sleep(5)
    assert (len(bench.batches), line.replies, bench.watcher.seqs) == (1, [], [1, 2, 3])
    bench.may_commit.set()
    await bench.settled()
    assert [len(batch.records) for batch in bench.batches] == [64, 64, 172]
    assert replies(line) == [(ReplyKind.ACK, f"{sequence:04d}") for sequence in range(1, 301)]
    assert bench.watcher.seqs == list(range(1, 304))
    assert (bench.store.backlog, bench.runtime.depth) == (0, 0)


def test_nothing_of_a_batch_behind_a_failed_one_leaves() -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)
    lines: list[MemoryLine] = []

    async def main() -> None:
        async with bench.running():
            await bench.settled()
            bench.store.fail_next_commit = StoreError("the disk is full")
            lines.append(bench.gateway.connect())
            for sequence in range(1, 201):
                lines[0].feed(alarm(sequence))
            assert bench.store.backlog == BACKLOG_MAX
            await asyncio.sleep(1000)

    with pytest.raises(BaseExceptionGroup) as failed:
        run(main(), clock)
    assert failed.group_contains(StoreError, match="^the disk is full$")
    assert (lines[0].replies, bench.effector.attempts) == ([], [])


def test_whoever_asked_is_told_when_a_commit_has_failed() -> None:
    """In the batch, in the one behind it, in none yet, and afterwards: a request that waited would keep its listener,
    and with it the process, from ending."""
    clock = VirtualClock()
    bench = Bench(clock=clock)
    told: list[str] = []

    async def ask() -> None:
        with pytest.raises(GivenUpError, match="nobody knows whether this is stored") as refused:
            await bench.runtime.ask(CaseNoted(at=clock.now(), case_id="C9", text="hello", actor=OPERATOR))
        told.append(str(refused.value))

    async def fail() -> None:
        async with bench.running(), asyncio.TaskGroup() as tasks:
            await bench.settled()
            bench.store.fail_next_commit = StoreError("the disk is full")
            line = bench.gateway.connect()
            for sequence in range(1, 201):
                if sequence % 50 == 1:
                    tasks.create_task(ask())
                    await asyncio.sleep(0)
                line.feed(alarm(sequence))

    async def main() -> None:
        with pytest.raises(BaseExceptionGroup) as failed:
            await fail()
        assert failed.group_contains(StoreError, match="the disk is full")
        assert len(told) == 4
        await ask()
        assert bench.effector.attempts == []

    run(main(), clock)


def test_a_batch_that_cannot_be_handed_over_ends_the_loop_and_not_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)
    fed: list[int] = []

    def refuse(batch: Batch) -> NoReturn:
        raise AssertionError("record 7 where 4 comes next")

    async def main() -> None:
        async with bench.running():
            await bench.settled()
            monkeypatch.setattr(bench.store, "commit", refuse)
            line = bench.gateway.connect()
            for sequence in range(1, 101):
                line.feed(alarm(sequence, code="OP"))
                fed.append(sequence)
            await asyncio.sleep(1000)

    with pytest.raises(BaseExceptionGroup) as failed:
        run(main(), clock)
    assert failed.group_contains(AssertionError, match="record 7")
    assert len(fed) == 100


@virtually
async def test_a_stop_waits_for_every_batch_under_way(bench: Bench) -> None:
    line = bench.gateway.connect()
    for sequence in range(1, 201):
        line.feed(alarm(sequence, code="OP"))
    bench.runtime.finish()
    for sequence in range(201, 301):
        line.feed(alarm(sequence, code="OP"))
    await asyncio.sleep(5)
    assert [len(batch.records) for batch in bench.batches] == [64, 64]
    assert len(line.replies) == 128
    await bench.runtime.checkpoint()
    assert [len(batch.records) for batch in bench.batches] == [64, 64, 172]
    assert len(line.replies) == 300


def test_what_was_handed_over_before_the_loop_ran_comes_first() -> None:
    """A checkpoint without `run`: a start that is given up while its facts are taken."""
    clock = VirtualClock()

    async def main() -> None:
        before = Bench(clock=clock)
        async with before.running():
            await before.settled()
        bench = before.restarted()
        await bench.runtime.restore()
        line = bench.gateway.connect()
        for sequence in range(1, 101):
            line.feed(alarm(sequence, code="OP"))
        await bench.runtime.checkpoint()
        assert len(line.replies) == 100
        assert [len(batch.records) for batch in bench.batches] == [64, 36]

    run(main(), clock)


def test_a_batch_is_bounded() -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock, limits=RuntimeLimits(batch_max=10, checkpoint_interval_s=1e6))

    async def main() -> None:
        async with bench.running():
            line = bench.gateway.connect()
            for sequence in range(1, 26):
                line.feed(alarm(sequence, code="OP"))
            await bench.settled()

    run(main(), clock)
    assert [len(batch.records) for batch in bench.batches] == [10, 10, 5]


def test_a_full_machine_says_so_and_says_when_it_has_room() -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock, limits=RuntimeLimits(queue_depth_max=3))

    async def main() -> None:
        async with bench.running():
            line = bench.gateway.connect()
            bench.may_commit.clear()
            line.feed(alarm(1, code="OP"))
            await asyncio.sleep(0)  # its commit is under way, and it counts until that has ended
            for sequence in range(2, 4):
                assert not bench.is_full()
                line.feed(alarm(sequence, code="OP"))
            assert bench.is_full()
            async with asyncio.TaskGroup() as tasks:
                waiting = tasks.create_task(bench.runtime.room())
                await asyncio.sleep(5)
                assert not waiting.done()
                bench.may_commit.set()
            assert not bench.is_full()
            await bench.settled()
            assert len(line.replies) == 3

    run(main(), clock)


# ------------------------------------------------------------------------------------------- 3. crashes (design.md 3)


def crashing(test: Callable[[Bench], Awaitable[Bench]], *, check: Callable[[Bench], Awaitable[None]]) -> None:
    """The first process does something and dies; the second is running when `check` looks."""
    clock = VirtualClock()

    async def main() -> None:
        first = Bench(clock=clock)
        second = await test(first)
        async with second.running():
            await second.settled()
            await check(second)

    run(main(), clock)


def test_a_crash_before_the_commit_costs_nothing_that_was_acknowledged() -> None:
    async def first_life(bench: Bench) -> Bench:
        async with bench.running():
            line = bench.gateway.connect()
            bench.may_commit.clear()
            line.feed(alarm())
            await asyncio.sleep(1)
            assert line.replies == []
            return bench.restarted()

    async def check(bench: Bench) -> None:
        assert bench.runtime.committed_seq == 3
        line = bench.gateway.connect()
        line.feed(alarm())
        await bench.settled()
        assert replies(line) == [(ReplyKind.ACK, "0001")]
        assert list(bench.state.cases) == ["C4"]

    crashing(first_life, check=check)


def test_a_crash_between_commit_and_reply_repeats_the_effects_and_knows_the_repetition() -> None:
    async def first_life(bench: Bench) -> Bench:
        survivors: list[Bench] = []

        async def die(batch: Batch) -> None:
            survivors.append(bench.restarted())
            raise StoreError("power failure")

        lines: list[MemoryLine] = []

        async def live() -> None:
            async with bench.running():
                lines.append(bench.gateway.connect())
                bench.store.after_commit = die
                lines[0].feed(alarm())
                await asyncio.sleep(1000)

        with pytest.raises(BaseExceptionGroup):
            await live()
        assert lines[0].replies == []
        assert bench.effector.attempts == []
        return survivors[0]

    async def check(bench: Bench) -> None:
        assert [effect.id for effect in bench.effector.attempts] == ["E4.2"]
        line = bench.gateway.connect()
        line.feed(alarm())
        await bench.settled()
        assert replies(line) == [(ReplyKind.ACK, "0001")]
        assert bench.state.cases["C4"].signals[0].repeats == 1
        assert [effect.id for effect in bench.effector.attempts] == ["E4.2"]

    crashing(first_life, check=check)


def test_a_crash_while_an_effect_is_under_way_repeats_it_under_its_id() -> None:
    async def first_life(bench: Bench) -> Bench:
        async with bench.running():
            line = bench.gateway.connect()
            line.feed(alarm())
            await bench.runtime.drained()
            bench.may_commit.clear()  # the outcome does not reach the disk any more
            await asyncio.sleep(1)
            assert [effect.id for effect in bench.effector.attempts] == ["E4.2"]
            return bench.restarted()

    async def check(bench: Bench) -> None:
        assert [(effect.id, effect.attempt) for effect in bench.effector.attempts] == [("E4.2", 1)]
        assert len(bench.state.pending) == 0

    crashing(first_life, check=check)


def test_an_effect_that_waits_for_its_next_attempt_is_not_hurried_by_a_restart() -> None:
    async def first_life(bench: Bench) -> Bench:
        bench.effector.answer_next(Performed(outcome=EffectOutcome.FAILED, detail="HTTP 503"))
        async with bench.running():
            bench.gateway.connect().feed(alarm())
            await bench.settled()
            return bench.restarted()

    async def check(bench: Bench) -> None:
        assert bench.effector.attempts == []
        await asyncio.sleep(2)
        await bench.settled()
        assert [(effect.id, effect.attempt) for effect in bench.effector.attempts] == [("E4.2", 2)]

    crashing(first_life, check=check)


class HeldUp(MemoryEffector):
    """Its attempts end when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.may_end = asyncio.Event()

    async def perform(self, effect: DurableEffect) -> Performed:
        performed = await super().perform(effect)
        await self.may_end.wait()
        return performed


def test_an_attempt_that_fails_and_comes_again_while_the_disk_is_slow_is_one_commit() -> None:
    """A commit that takes longer than the wait before the next attempt: both stand in the batch after it."""

    async def first_life(bench: Bench) -> Bench:
        effector = HeldUp()
        bench = Bench(effectors=[effector], clock=bench.clock)
        effector.answer_next(Performed(outcome=EffectOutcome.FAILED, detail="HTTP 503"))
        async with bench.running():
            line = bench.gateway.connect()
            line.feed(alarm())
            await bench.settled()
            bench.may_commit.clear()
            line.feed(alarm(sequence=2))
            await asyncio.sleep(0)
            effector.may_end.set()
            await asyncio.sleep(3)
            effector.may_end.clear()
            bench.may_commit.set()
            await bench.settled()
            assert [(effect.id, effect.attempt) for effect in effector.attempts] == [("E4.2", 1), ("E4.2", 2)]
            return bench.restarted()

    async def check(bench: Bench) -> None:
        assert [(effect.id, effect.attempt) for effect in bench.effector.attempts] == [("E4.2", 2)]

    crashing(first_life, check=check)


class Forgetful(HeldUp):
    """Does what a library does that waits with `asyncio.wait_for`, where a stop comes together with its answer."""

    async def perform(self, effect: DurableEffect) -> Performed:
        with contextlib.suppress(asyncio.CancelledError):
            return await super().perform(effect)
        return Performed(outcome=EffectOutcome.DELIVERED, detail="250")


def test_a_stop_that_an_attempt_forgets_is_a_stop_and_its_outcome_is_kept() -> None:
    bench = Bench(effectors=[Forgetful()])

    async def main() -> None:
        await bench.runtime.restore()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bench.runtime.run())
            await bench.set_the_scene()
            bench.gateway.connect().feed(alarm())
            await bench.settled()
            bench.runtime.finish()
        await bench.runtime.checkpoint()
        assert (await bench.kinds())["effect_reported"] == 1

    run(main(), bench.clock)


def test_a_restart_finds_the_deadlines_that_passed_meanwhile() -> None:
    async def first_life(bench: Bench) -> Bench:
        async with bench.running():
            bench.gateway.connect().feed(alarm())
            await bench.settled()
        bench.clock.advance(3600)
        return bench.restarted()

    async def check(bench: Bench) -> None:
        kinds = await bench.kinds()
        assert kinds["deadline_reached"] >= 3  # the offer to the first guard and both targets of the clock
        assert "g2" in {offer.guard_id for offer in bench.state.cases["C4"].dispatches[0].offers}

    crashing(first_life, check=check)


@pytest.mark.parametrize("part_bytes_max", [1, 2_000, 1 << 20])
@pytest.mark.parametrize("checkpoint_interval_s", [0.0, 1.0, 1e6])
def test_a_checkpoint_lies_behind_no_later_entry_than_its_batch_ends_with(
    checkpoint_interval_s: float, part_bytes_max: int
) -> None:
    """Under load: frames come while batches are under way, and every restore gives the state of every commit."""
    clock = VirtualClock()
    limits = RuntimeLimits(
        batch_max=3, checkpoint_interval_s=checkpoint_interval_s, checkpoint_part_bytes_max=part_bytes_max
    )
    bench = Bench(clock=clock, limits=limits)

    async def slow_disk(batch: Batch) -> None:
        await asyncio.sleep(0.3)

    async def main() -> None:
        async with bench.running():
            bench.store.after_commit = slow_disk
            line = bench.gateway.connect()
            for sequence in range(1, 60):
                line.feed(alarm(sequence, code=("BA", "BR", "OP", "HA")[sequence % 4], zone=str(1 + sequence % 5)))
                await asyncio.sleep(0.1 if sequence % 7 else 1.0)
            await bench.settled()
        behind = [
            batch.records[-1].seq - batch.checkpoint.seq for batch in bench.batches if batch.checkpoint is not None
        ]
        assert bool(behind) == (checkpoint_interval_s < 1e6)
        assert all(entries >= 0 for entries in behind)
        is_in_parts = part_bytes_max < 1 << 20
        assert any(behind) == (is_in_parts and bool(behind))
        again = bench.restarted()
        await again.runtime.restore()
        await again.runtime.close()
        committed = Station()
        async for entry in again_entries(again):
            committed.step(msgspec.json.decode(entry.payload or b"", type=StepRecord).fact, entry.seq)
        same_state(committed.state, again.state)

    run(main(), clock)


async def again_entries(bench: Bench) -> AsyncIterator[Entry]:
    survivor = bench.store.crash()
    await survivor.open()
    async for entry in survivor.entries():
        yield entry


def test_the_last_checkpoint_takes_along_what_was_stepped_and_not_yet_committed() -> None:
    """An effector may report while the loop is being stopped: state and journal must still agree."""
    clock = VirtualClock()
    bench = Bench(clock=clock)

    async def main() -> None:
        async with bench.running():
            await bench.settled()
        bench.gateway.connect().feed(alarm())
        await bench.runtime.checkpoint()
        await bench.runtime.close()
        assert bench.effector.is_closed
        again = bench.restarted()
        await again.runtime.restore()
        same_state(bench.state, again.state)
        assert again.runtime.committed_seq == 4

    run(main(), clock)


def test_a_clean_stop_waits_for_the_commit_under_way() -> None:
    """Cut off in the middle, the store would refuse the last checkpoint: nobody knows what the disk then holds."""
    clock = VirtualClock()
    bench = Bench(clock=clock)

    async def main() -> None:
        await bench.runtime.restore()
        async with asyncio.TaskGroup() as tasks:
            loop_task = tasks.create_task(bench.runtime.run())
            await bench.set_the_scene()
            bench.may_commit.clear()
            bench.gateway.connect().feed(alarm())
            await asyncio.sleep(1)
            assert len(bench.batches) == 1  # its commit has begun and hangs
            bench.gateway.connect().feed(alarm(2))
            bench.runtime.finish()
            await asyncio.sleep(5)
            assert not loop_task.done()
            assert bench.runtime.committed_seq == 3
            bench.may_commit.set()
            await loop_task
        assert bench.runtime.committed_seq == 4
        await bench.runtime.checkpoint()  # takes along the one that came too late for the loop
        assert bench.runtime.committed_seq == 5
        await bench.runtime.close()

    run(main(), clock)


# ------------------------------------------------------------------------------------------------------- 4. heartbeats


@virtually
async def test_heartbeats_are_answered_at_once_counted_and_folded(bench: Bench) -> None:
    line = bench.gateway.connect()
    bench.may_commit.clear()
    for _ in range(100):
        line.feed(PANEL.null(sequence=0))
    assert len(line.replies) == 100
    assert bench.watcher.heartbeats == 100
    bench.may_commit.set()
    await bench.settled()
    assert "accounts_heard" not in await bench.kinds()
    heard_at = bench.clock.now()
    await asyncio.sleep(HEARD_INTERVAL_S + 1)
    await bench.settled()
    assert (await bench.kinds())["accounts_heard"] == 1
    assert bench.state.accounts["*/*/1001"].last_heard == heard_at
    await asyncio.sleep(HEARD_INTERVAL_S + 1)
    assert (await bench.kinds())["accounts_heard"] == 1


# -------------------------------------------------------------------------------------------------- 5. steps that fail


def test_a_frame_the_core_cannot_digest_is_kept_whole_and_not_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)

    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    async def main() -> None:
        async with bench.running():
            line = bench.gateway.connect()
            with monkeypatch.context() as patch:
                patch.setattr(unrestored, "remember", broken)
                line.feed(alarm(1))
                line.feed(alarm(2, code="OP"))
                await bench.settled()
            assert replies(line) == [(ReplyKind.ACK, "0002")]
            failed = (await bench.journal())[3].fact
            assert isinstance(failed, StepFailed)
            assert failed.failed_kind == "frame_received"
            assert "SIA-DCS" in failed.failed_fact
            assert failed.error.startswith("ZeroDivisionError in ")
            assert "planted" not in failed.error  # values may be anything
            (case,) = bench.state.cases.values()
            assert case.signals[0].signal.code == "undecided"
            line.feed(alarm(1))
            await bench.settled()
            assert replies(line)[-1] == (ReplyKind.ACK, "0001")

    with capture_logs() as logged:
        run(main(), clock)
    assert {each["event"] for each in logged} == {"step.failed"}


def test_whoever_sent_a_frame_the_core_cannot_digest_is_told_nothing_and_waits_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that waited on would stay open for ever, and its frame would go on counting against its source."""
    clock = VirtualClock()
    bench = Bench(clock=clock)
    written: list[bytes] = []

    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    async def main() -> None:
        async with bench.running():
            monkeypatch.setattr(unrestored, "remember", broken)
            codec = bench.gateway.new_codec()
            [frame] = codec.receive_data(alarm(1), clock.now())
            bench.gateway.reader.take(codec, frame, "192.0.2.1:40001", written.append)
            await bench.settled()
            assert (await bench.kinds())["step_failed"] == 1

    with capture_logs():
        run(main(), clock)
    assert written == [b""]


def test_a_request_the_core_cannot_digest_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with bench.running():
            monkeypatch.setattr(casebook, "add_note", broken)
            note = CaseNoted(at=bench.clock.now(), case_id="C9", text="hello", actor=OPERATOR)
            answer = await bench.runtime.ask(note)
            assert (answer.granted, answer.rule) == (False, "undecided")

    with capture_logs() as logged:
        run(main(), clock)
    assert {each["event"] for each in logged} == {"step.failed"}


def test_a_poisoned_deadline_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def main() -> None:
        async with bench.running():
            line = bench.gateway.connect()
            line.feed(alarm())
            await bench.settled()
            with monkeypatch.context() as patch:
                patch.setattr(casebook, "on_clock", broken)
                await asyncio.sleep(200)
                await bench.settled()
            kinds = await bench.kinds()
            assert 3 <= kinds["step_failed"] <= 8  # each again after a minute, not in a spin
            assert len(bench.state.cases["C4"].dispatches[0].offers) == 2
            line.feed(alarm(2, code="OP"))
            await bench.settled()
            assert replies(line)[-1] == (ReplyKind.ACK, "0002")

    with capture_logs() as logged:
        run(main(), clock)
    assert {each["event"] for each in logged} == {"step.failed"}


# -------------------------------------------------------------------------------------------------------------- 6. time


@virtually
async def test_deadlines_are_posted_when_they_are_due(bench: Bench) -> None:
    bench.gateway.connect().feed(alarm(code="OP"))
    bench.gateway.connect().feed(alarm(2, code="BA"))
    await bench.settled()
    opened_at = bench.state.cases["C5"].opened_at
    await asyncio.sleep(181)
    await bench.settled()
    reached = [record.fact for record in await bench.journal() if isinstance(record.fact, DeadlineReached)]
    due = [((fact.due - opened_at) / NS, (fact.at - fact.due) / NS) for fact in reached]
    assert [after_s for after_s, _ in due] == [60, 90, 120, 180]
    assert all(0 <= late_s < 0.001 for _, late_s in due)


@virtually
async def test_a_step_of_the_wall_clock_becomes_a_fact(bench: Bench) -> None:
    bench.clock.step_wall(3600)
    await asyncio.sleep(2)
    await bench.settled()
    assert (await bench.kinds())["clock_stepped"] == 1
    (case,) = bench.state.cases.values()
    assert case.signals[0].signal.code == "clock_stepped"


@virtually
async def test_the_loop_shows_signs_of_life(bench: Bench) -> None:
    before = bench.watcher.beats["time"]
    await asyncio.sleep(60)
    assert bench.watcher.beats["time"] - before >= 59


# ----------------------------------------------------------------------------------------------------------- 7. effects


@virtually
async def test_what_was_withdrawn_before_it_left_is_not_performed(bench: Bench) -> None:
    bench.may_commit.clear()
    bench.gateway.connect().feed(alarm())
    skipped = step("dispatch-guard", "skip", case_id="C4", note="The owner is there.")
    bench.runtime.post(msgspec.structs.replace(skipped, at=bench.clock.now()))
    bench.may_commit.set()
    await bench.settled()
    topics = [getattr(effect, "subject", "") for effect in bench.effector.attempts]
    assert topics == ["Guard job C4 withdrawn: Shop S-1"]
    again = bench.restarted()
    restored = await again.store.open()
    assert restored.outbox == []


@virtually
async def test_the_outbox_is_empty_when_everything_is_settled(bench: Bench) -> None:
    bench.gateway.connect().feed(alarm())
    await bench.settled()
    assert bench.runtime.outbox_depth() == {"memory": 0}
    again = bench.restarted()
    assert (await again.store.open()).outbox == []


def test_an_effect_without_a_channel_is_refused_and_the_core_goes_on() -> None:
    clock = VirtualClock()
    bench = Bench(clock=clock, effectors=[])

    async def main() -> None:
        async with bench.running():
            bench.gateway.connect().feed(alarm())
            await bench.settled()
            (dispatch,) = bench.state.cases["C4"].dispatches
            assert dispatch.status == "exhausted"
            outcomes = [record.fact for record in await bench.journal() if isinstance(record.fact, EffectReported)]
            assert {fact.outcome for fact in outcomes} == {EffectOutcome.REFUSED}
            assert len(bench.state.pending) == 0

    run(main(), clock)


def test_what_comes_while_we_wait_is_not_waited_for() -> None:
    """A stop in the middle of a pile of dispatches, on a slow disk: outcomes come for as long as there are any."""
    clock = VirtualClock()
    bench = Bench(clock=clock)

    async def slow_disk(batch: Batch) -> None:
        await asyncio.sleep(1.0)

    async def dispatch() -> None:
        while True:
            bench.runtime.post(CaseNoted(at=clock.now(), case_id="C9", text="hello", actor=OPERATOR))
            await asyncio.sleep(0.3)

    async def main() -> None:
        async with bench.running(), asyncio.TaskGroup() as tasks:
            bench.store.after_commit = slow_disk
            dispatching = tasks.create_task(dispatch())
            await asyncio.sleep(10)
            line = bench.gateway.connect()
            line.feed(alarm())
            async with asyncio.timeout(5):
                await bench.runtime.drained()
            assert replies(line) == [(ReplyKind.ACK, "0001")]
            dispatching.cancel()

    run(main(), clock)


class Unclosable(MemoryEffector):
    async def close(self) -> None:
        raise ZeroDivisionError("a defect in a plug-in")


async def test_a_channel_that_cannot_be_closed_leaves_no_store_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reader's thread would keep the process from ending."""
    bench = Bench(effectors=[Unclosable()])
    closed: list[str] = []

    async def close() -> None:
        closed.append("store")

    monkeypatch.setattr(bench.store, "close", close)
    with pytest.raises(ZeroDivisionError):
        await bench.runtime.close()
    assert closed == ["store"]


class Broken(MemoryEffector):
    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    async def perform(self, effect: DurableEffect) -> Performed:
        if not self.attempts:
            self.attempts.append(effect)
            raise self.error
        return await super().perform(effect)


@pytest.mark.parametrize("error", [ZeroDivisionError("a defect in a plug-in"), asyncio.CancelledError()], ids=repr)
def test_a_channel_that_breaks_has_failed_and_is_tried_again(error: BaseException) -> None:
    """It must not end the daemon: the outbox would hand it the same effect at every start. Nor may a cancellation that
    nobody asked for end the one who performs, and with him, unnoticed, all the others."""
    clock = VirtualClock()
    effector = Broken(error)
    bench = Bench(clock=clock, effectors=[effector])

    async def main() -> None:
        async with bench.running():
            bench.gateway.connect().feed(alarm())
            await bench.settled()
            await asyncio.sleep(3)
            await bench.settled()
            outcomes = [record.fact for record in await bench.journal() if isinstance(record.fact, EffectReported)]
            assert [(fact.outcome, fact.detail) for fact in outcomes] == [
                ("failed", f"the channel broke: {type(error).__name__}"),
                ("delivered", "memory"),
            ]

    with capture_logs() as logged:
        run(main(), clock)
    assert {each["event"] for each in logged} == {"effect.broke"}


# --------------------------------------------------------------------------------------------------------- 8. followers


@virtually
async def test_a_follower_sees_every_entry_once(bench: Bench) -> None:
    seen: list[int] = []

    async def follow(after: int) -> None:
        async for entry in bench.runtime.follow(after):
            seen.append(entry.seq)

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow(2))
        line = bench.gateway.connect()
        for sequence in range(1, 40):
            line.feed(alarm(sequence, code="OP"))
            for _ in range(sequence % 5):
                await asyncio.sleep(0)
        await bench.settled()
        following.cancel()
    assert seen == list(range(3, 43))


@virtually
async def test_a_follower_sees_nothing_that_is_not_committed(bench: Bench) -> None:
    seen: list[Entry] = []

    async def follow() -> None:
        async for entry in bench.runtime.follow(3):
            seen.append(entry)

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow())
        bench.may_commit.clear()
        bench.gateway.connect().feed(alarm())
        await asyncio.sleep(5)
        assert seen == []
        bench.may_commit.set()
        await bench.settled()
        following.cancel()
    assert seen[0].kind == "frame_received"


# --------------------------------------------------------------------------------------------------- what was committed


@virtually
async def test_an_entry_says_what_it_is_about(bench: Bench) -> None:
    bench.gateway.connect().feed(alarm())
    await bench.settled()
    entries = [entry async for entry in bench.store.entries(subject="case/C4")]
    assert [entry.kind for entry in entries] == ["frame_received", "effect_reported"]
    assert [entry.kind async for entry in bench.store.entries(subject="site/S-1")] == [
        "site_imported",
        "frame_received",
    ]
    row = await bench.store.case("C4")
    assert row is not None
    assert (row.case_type, row.state, row.priority, row.is_open) == ("alarm", "new", "P2", True)


def test_facts_are_the_journals_kinds() -> None:
    assert {kind.__struct_config__.tag for kind in AnyFact.__args__} >= {"frame_received", "step_failed"}
