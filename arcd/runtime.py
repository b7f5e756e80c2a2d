"""The one loop: facts → step → commit → perform. The only interpreter of effects, the only writer of the journal.

    post ──▶ Station.step ──▶ open batch ──▶ commit (synced) ──▶ replies, answers ──▶ effectors ──▶ outcome = fact
                                  ▲ gathers while the batch before it syncs (group commit)

One rule: nothing leaves before the commit of the batch it belongs to. If a commit fails, `run` raises, nothing of the
batch or of those behind it has left, and the process ends; the journal restores the state and the panels repeat.

A batch is handed to the store at the end of a turn of the loop. But a turn in which many connections are read is long:
first the store would wait for its end, and then the loop for the store. So what has gathered is handed over in the
middle of a turn too, where it is worth a transaction and the store has not more than one batch to do.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from itertools import chain
from typing import Any, Protocol, assert_never

import msgspec
import structlog
from msgspec import Struct

from arcd.batching import Replied, Waiting, as_batch
from arcd.checkpointing import Checkpointer
from arcd.clock import Clock
from arcd.core.effects import (
    Answer,
    DurableEffect,
    ErasePayloads,
    JournalEffect,
    PostWebhook,
    ProfilesChanged,
    PruneEntries,
    Reply,
    SendAlert,
    SendMail,
    SendPage,
    SwitchRelay,
)
from arcd.core.facts import (
    AccountsHeard,
    AnyFact,
    ClockStepped,
    DeadlineReached,
    EffectOutcome,
    EffectReported,
    LinesHeard,
    RulesLoaded,
    StepFailed,
)
from arcd.core.record import StepRecord
from arcd.core.station import Station
from arcd.effect_queue import EFFECTS_AT_ONCE_MAX, Channel, attempted, resumed
from arcd.effectors import Effector
from arcd.store import Entry, GivenUpError, Store, StoreError
from protocols.codec import Received

log = structlog.get_logger(__name__)

NS = 1_000_000_000
# Batches that the store is given while a turn lasts: one that it works on, and one that it goes on with without asking
# the loop, which would have to give up the interpreter for it.
BACKLOG_MAX = 2
GIVEN_UP = "nobody knows whether this is stored, and arcd ends; look again when it has started"
# Proof of life enters the journal, folded, this often; a restart knows last-heard times to within it.
HEARD_INTERVAL_S = 30.0
# The sleeper wakes at least this often to compare the clocks.
WAKE_S_MAX = 1.0


class RuntimeLimits(Struct, frozen=True, kw_only=True):
    queue_depth_max: int = 10_000  # steps waiting for their commit; beyond it gateways stop reading
    batch_min: int = 64  # steps that are worth a transaction of their own in the middle of a turn
    batch_max: int = 1_000
    checkpoint_interval_s: float = 60.0
    checkpoint_part_bytes_max: int = 1 << 19  # of the state, encoded with one batch: some 5 ms


class _Commit(Struct, frozen=True):
    """A batch that was handed to the store, and those who wait for it."""

    steps: Sequence[Waiting]
    durable: Coroutine[Any, Any, None]
    began_s: float
    checkpoint_at: int | None  # when its checkpoint was taken, if it has one


class Observer(Protocol):
    """Whoever wants to know what was committed: metrics and logs."""

    def committed(self, steps: Sequence[Waiting], released_at: int, seconds: float) -> None:
        """One batch, after its replies were given at `released_at`; its commit took `seconds`."""
        ...

    def checkpointed(self, at: int) -> None: ...

    def heartbeat(self, received: Received) -> None: ...

    def performed(self, channel: str, effect: DurableEffect, report: EffectReported, seconds: float) -> None: ...

    def beat(self, part: str) -> None:
        """A part of the loop has made progress: the watchdog asks for it."""
        ...


class Runtime:
    def __init__(
        self,
        *,
        station: Station,
        store: Store,
        clock: Clock,
        effectors: Sequence[Effector],
        profiles_changed: Callable[[str], None],
        observer: Observer,
        limits: RuntimeLimits | None = None,
    ) -> None:
        self.station = station
        self.store = store
        self.clock = clock
        self.limits = limits or RuntimeLimits()
        self._profiles_changed = profiles_changed
        self._observer = observer
        self._seq = 0
        self._open: list[Waiting] = []
        self._under_way: deque[_Commit] = deque()  # in the order in which the store has them
        self._something_open = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._deadline_moved = asyncio.Event()
        self._sleeps_until = 0
        self._committed = asyncio.Event()
        self._committed_seq = 0
        self._checkpointer = Checkpointer(
            station,
            clock,
            interval_s=self.limits.checkpoint_interval_s,
            part_bytes_max=self.limits.checkpoint_part_bytes_max,
        )
        self._heard_at = 0
        self._channels = {effector.name: Channel(effector) for effector in effectors}
        self._finishing = False
        self._has_ended = False
        self._has_given_up = False
        self._supervising = False

    # ----------------------------------------------------------------------------------------------------- restore

    async def restore(self) -> int | None:
        """Open the store and bring the station to where the journal ends. Returns the last entry's instant, or None.

        StoreError when the store cannot be used.
        """
        restored = await self.store.open()
        self.station.restore((row.table, row.key, row.body) for row in restored.rows if row.body is not None)
        self._seq = restored.checkpoint_seq
        decoder = msgspec.json.Decoder(StepRecord)
        async for entry in self.store.entries(after=restored.checkpoint_seq):
            assert entry.payload is not None, "nothing after a checkpoint is erased"
            record = decoder.decode(entry.payload)
            if not self.station.has_rules and not isinstance(record.fact, RulesLoaded):
                raise StoreError(
                    "the end of the journal was decided under rules that this version refuses: start the version "
                    "before it once more, stop that in good order, and then start this one"
                )
            self.station.step(record.fact, entry.seq)
            self._seq = entry.seq
        self._committed_seq = self._seq
        self._checkpointer.restored(restored.checkpoint_seq)
        self._heard_at = self.clock.now()
        for row in restored.outbox:
            # The row says that it is outstanding, the state at which attempt (see `batching.as_batch`).
            pending = self.station.state.pending.get(row.effect_id)
            if pending is not None and not pending.waiting:
                self._enqueue(resumed(pending.effect))
        return restored.head.at if restored.head.seq else None

    # -------------------------------------------------------------------------------------------------------- intake

    @property
    def depth(self) -> int:
        """Steps that wait for their commit."""
        return self._seq - self._committed_seq

    @property
    def has_room(self) -> bool:
        return self.depth < self.limits.queue_depth_max

    @property
    def committed_seq(self) -> int:
        return self._committed_seq

    async def room(self) -> None:
        """Wait until facts are taken again: a gateway that waits here does not read, and its peer feels it."""
        while not self.has_room:
            self._room.clear()
            await self._room.wait()

    def heartbeat(self, received: Received, gateway: str, peer: str = "") -> Reply | None:
        """The answer to a link test that changes nothing; None when it has to be posted."""
        reply = self.station.heartbeat(received, self.clock.now(), gateway, peer)
        if reply is not None:
            self._observer.heartbeat(received)
        return reply

    def hear_line(self, line: str) -> None:
        """A valid message came over a receiver line, a heartbeat for example: folded into a fact from time to time."""
        if self.station.hear_line(line, self.clock.now()):
            self.flush_heard()

    def post(self, fact: AnyFact, replied: Replied | None = None) -> None:
        """Give a fact to the machine. `replied` is called with its Reply once the batch is on stable storage; with None
        when the step failed."""
        self._take(fact, replied, None)

    async def ask(self, fact: AnyFact) -> Answer:
        """Give a request to the machine and wait for its committed answer. GivenUpError: there will be none."""
        return await self.asked(fact)

    def asked(self, fact: AnyFact) -> asyncio.Future[Answer]:
        """Give a request to the machine; done when its answer is committed. GivenUpError: there will be none."""
        if self._has_given_up:
            raise GivenUpError(GIVEN_UP)
        asked: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._take(fact, None, asked)
        return asked

    def _take(self, fact: AnyFact, replied: Replied | None, asked: asyncio.Future[Answer] | None) -> None:
        seq = self._seq + 1
        try:
            stepped = self.station.step(fact, seq)
        except Exception as error:
            # The one guard: a fact the core cannot digest must neither be lost nor stop everybody else's alarms.
            # If its own report cannot be digested either, the process ends.
            log.exception("step.failed", fact=type(fact).__name__)
            stepped = self.station.step(_failure(fact, error), seq)
        self._seq = seq
        self._open.append(Waiting(seq, stepped, replied, asked))
        if stepped.others and any(isinstance(effect, JournalEffect) for effect in stepped.others):
            # What is erased or given up must lie behind the checkpoint: a restart could not step through it.
            self._checkpointer.ask()
        if len(self._open) == 1:
            self._something_open.set()
        elif len(self._open) >= self.limits.batch_min and self.store.backlog < BACKLOG_MAX and not self._is_ending:
            self._begin_commit()
        deadline = self.station.next_deadline()
        if deadline is not None and deadline[0] < self._sleeps_until:
            self._deadline_moved.set()

    # ------------------------------------------------------------------------------------------------------------ run

    @property
    def _is_ending(self) -> bool:
        return self._finishing or self._has_ended

    async def run(self) -> None:
        """Until `finish` is called. Raises StoreError when a commit fails: then the process must end.

        Cancelled in the middle of a commit, it leaves a store that takes nothing more, because what the disk holds is
        then unknown. A clean stop therefore asks with `finish` and waits.
        """
        async with asyncio.TaskGroup() as tasks:
            others = [tasks.create_task(self._until_ended(self._keep_time()))]
            others += [
                tasks.create_task(self._until_ended(self._perform(channel)))
                for channel in self._channels.values()
                for _ in range(getattr(channel.effector, "at_once_max", EFFECTS_AT_ONCE_MAX))
            ]
            try:
                await self._commit_batches()
            except BaseException:
                self._give_up()
                raise
            finally:
                self._has_ended = True
                for commit in self._under_way:
                    commit.durable.close()  # behind one that has failed, nobody may learn of it
            for task in others:
                task.cancel()

    def _give_up(self) -> None:
        """Whoever waits for an answer would wait for ever: the listeners end with their last request, and the process
        with the listeners."""
        self._has_given_up = True
        for waiting in chain(*(commit.steps for commit in self._under_way), self._open):
            if waiting.asked is not None and not waiting.asked.done():
                waiting.asked.set_exception(GivenUpError(GIVEN_UP))
                waiting.asked.exception()  # looked at: somebody may have gone away meanwhile

    async def _until_ended(self, other: Coroutine[Any, Any, None]) -> None:
        try:
            await other
        finally:
            self._has_ended = True

    def supervise(self) -> None:
        """We hear and are ready: from now on silence means something, and each path has one whole limit first."""
        self._supervising = True
        self.station.watch.begin(self.clock.now())

    def finish(self) -> None:
        """Let `run` end when the commits under way are through. What is stepped from then on is `checkpoint`'s."""
        self._finishing = True
        self._something_open.set()

    async def drained(self) -> None:
        """Wait until everything posted so far is committed and answered."""
        newest = self._seq
        while self._committed_seq < newest:
            await self._committed.wait()

    async def close(self) -> None:
        async with contextlib.AsyncExitStack() as closing:
            closing.push_async_callback(self.store.close)  # last, and whatever becomes of the channels
            for channel in self._channels.values():
                closing.push_async_callback(channel.effector.close)

    async def checkpoint(self) -> None:
        """A last checkpoint before a clean stop, after `run` has ended: the next start has no tail to replay.

        An outcome or a deadline may have been stepped since the last commit. State and journal must end together.
        """
        while self._under_way:  # begun before `run` was
            await self._end_commit()
        steps, self._open = self._open, []
        await self.store.commit(as_batch(steps, self._checkpointer.whole(self._seq)))
        if steps:
            self._release(steps, 0.0)

    async def _commit_batches(self) -> None:
        while True:
            if not self._under_way:
                await self._something_open.wait()
                if not self._under_way:
                    if self._finishing:
                        return
                    self._begin_commit()
            await self._end_commit()

    def _begin_commit(self) -> None:
        steps, checkpoint = self._checkpointer.batch(self._open, self.limits.batch_max)
        self._open = self._open[len(steps) :]
        if not self._open:
            self._something_open.clear()
        began_s = self.clock.monotonic_s()
        try:
            durable = self.store.commit(as_batch(steps, checkpoint))
        except Exception as error:  # noqa: BLE001 – `run` raises it, and not the gateway whose frame filled the batch
            durable = _failed(error)
        checkpoint_at = None if checkpoint is None else self._checkpointer.saved_at
        self._under_way.append(_Commit(steps, durable, began_s, checkpoint_at))

    async def _end_commit(self) -> None:
        commit = self._under_way[0]
        await commit.durable
        self._under_way.popleft()
        if commit.checkpoint_at is not None:
            self._observer.checkpointed(commit.checkpoint_at)
        self._release(commit.steps, self.clock.monotonic_s() - commit.began_s)
        if self.has_room:
            self._room.set()

    def _release(self, steps: Sequence[Waiting], seconds: float) -> None:
        """The batch is durable: replies first, then answers, then the world."""
        for waiting in steps:
            if waiting.replied is not None:
                waiting.replied(waiting.stepped.reply)
        self._committed_seq = steps[-1].seq
        for waiting in steps:
            for effect in waiting.stepped.others:
                match effect:
                    case ErasePayloads() | PruneEntries():
                        pass  # done by the commit itself
                    case Reply():
                        raise AssertionError("replies are not among the others")
                    case Answer():
                        if waiting.asked is not None and not waiting.asked.done():
                            waiting.asked.set_result(effect)
                    case ProfilesChanged():
                        self._profiles_changed(effect.site_id)
                    case SendMail() | SendPage() | PostWebhook() | SendAlert() | SwitchRelay():
                        self._enqueue(effect)
                    case _:
                        assert_never(effect)
            if waiting.asked is not None and not waiting.asked.done():
                waiting.asked.set_result(Answer(granted=False, rule="undecided", message="The request failed inside."))
        self._observer.committed(steps, self.clock.now(), seconds)
        self._observer.beat("commit")
        self._committed.set()
        self._committed = asyncio.Event()

    # ----------------------------------------------------------------------------------------------------------- time

    async def _keep_time(self) -> None:
        """The one sleeper: posts every deadline that is due, looks at the clocks, folds heartbeats into facts."""
        while True:
            self._deadline_moved.clear()
            self._observer.beat("time")
            stepped_s = self.clock.step()
            now = self.clock.now()
            if stepped_s:
                self.post(ClockStepped(at=now, step_s=stepped_s))
            for fact in self.station.look(now) if self._supervising else ():
                self.post(fact)
            self._post_due(now)
            if now - self._heard_at >= HEARD_INTERVAL_S * NS:
                self._heard_at = now
                self.flush_heard()
            deadline = self.station.next_deadline()
            dues = [now + int(WAKE_S_MAX * NS), deadline[0] if deadline is not None else None]
            look = self.station.watch.next_look() if self._supervising else None
            dues.append(look if look is not None and look > now else None)  # what is held back is looked at again later
            self._sleeps_until = min(due for due in dues if due is not None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, (self._sleeps_until - now) / NS)):
                    await self._deadline_moved.wait()

    def _post_due(self, now: int) -> None:
        while (deadline := self.station.next_deadline()) is not None and deadline[0] <= now:
            due, key = deadline
            if key.startswith("receiver_line/") and self._flush_lines_heard():
                continue  # what has been heard and not told yet may have moved it
            self.post(DeadlineReached(at=now, key=key, due=due))
            still = self.station.next_deadline()
            assert still != (due, key), f"deadline {key} fired and was neither taken away nor set anew"

    def flush_heard(self) -> None:
        watch = self.station.watch
        heard, paths, floors = self.station.take_heard(), watch.take_exact(), watch.take_floors()
        if heard or paths or floors:
            self.post(AccountsHeard(at=self.clock.now(), heard=heard, paths=paths, floors=floors))
        self._flush_lines_heard()

    def _flush_lines_heard(self) -> bool:
        heard = self.station.take_lines_heard()
        if heard:
            self.post(LinesHeard(at=self.clock.now(), heard=heard))
        return bool(heard)

    # -------------------------------------------------------------------------------------------------------- effects

    def _enqueue(self, effect: DurableEffect) -> None:
        for channel in self._channels.values():
            if isinstance(effect, channel.effector.handles):
                channel.put(effect)
                return
        # No channel of this kind is configured. That is an outcome like any other: the core turns to the next one.
        detail = "no channel of this kind is configured"
        self.post(
            EffectReported(at=self.clock.now(), effect_id=effect.id, outcome=EffectOutcome.REFUSED, detail=detail)
        )

    def outbox_depth(self) -> dict[str, int]:
        return {name: channel.depth for name, channel in self._channels.items()}

    async def _perform(self, channel: Channel) -> None:
        while not self._has_ended:  # the cancellation may have got lost in an attempt: see `heeding`
            effect = await channel.take()
            pending = self.station.state.pending.get(effect.id)
            if pending is None or pending.waiting or pending.effect.attempt != effect.attempt:
                continue  # withdrawn meanwhile
            started_s = self.clock.monotonic_s()
            performed = await attempted(channel.effector, effect)
            seconds = self.clock.monotonic_s() - started_s
            report = EffectReported(
                at=self.clock.now(), effect_id=effect.id, outcome=performed.outcome, detail=performed.detail
            )
            self._observer.performed(channel.effector.name, effect, report, seconds)
            self.post(report)

    # ------------------------------------------------------------------------------------------------------- followers

    async def follow(self, after: int) -> AsyncIterator[Entry]:
        """Committed entries after `after`, then each new one as it is committed."""
        while True:
            committed = self._committed
            async for entry in self.store.entries(after=after):
                after = entry.seq
                yield entry
            if self._committed_seq <= after:
                await committed.wait()


async def _failed(error: Exception) -> None:
    raise error


def _failure(fact: AnyFact, error: Exception) -> StepFailed:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = f"{traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}" if traceback else "?"
    return StepFailed(
        at=fact.at,
        failed_kind=str(fact.__struct_config__.tag),
        failed_fact=msgspec.json.encode(fact).decode(),
        error=f"{type(error).__name__} in {place}",
    )
