"""One life of the daemon: the real runtime, without its loop.

The runtime's own methods step, batch, release, keep time and restore; only the three places where it waits (for a
commit, for a channel, for the next deadline) are events of the world here. `tests.sim.looped` runs the loop as well.

One rule: whatever a life had not committed dies with it, and whoever waited for it hears nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from arcd.batching import Waiting, as_batch
from arcd.core.effects import Answer, DurableEffect, PostWebhook, SendMail
from arcd.core.facts import DAEMON, AnyFact, ClockStepped, EffectOutcome, EffectReported, RulesLoaded, Started, Stopped
from arcd.effect_queue import EFFECTS_AT_ONCE_MAX
from arcd.effectors.memory import MemoryEffector
from arcd.gateways.memory import MemoryGateway, MemoryLine
from arcd.runtime import RuntimeLimits
from arcd.store import Batch, StoreError
from arcd.store.memory import MemoryStore
from protocols.codec import Received
from protocols.dc09 import Dc09Codec
from rules import shipped
from tests.sim.driving import drive
from tests.sim.scene import NS, VERSION, compiled, new_station, profile_of

if TYPE_CHECKING:
    from tests.sim.world import World

FOLD_LOOK_S = 61.0
HEARD_S = 30.0
LOOK_NS = NS
LIMITS = (
    RuntimeLimits(checkpoint_interval_s=60.0, batch_min=2),
    RuntimeLimits(checkpoint_interval_s=60.0, batch_max=2, batch_min=2),
    RuntimeLimits(checkpoint_interval_s=5.0, batch_min=2, checkpoint_part_bytes_max=400),
    RuntimeLimits(checkpoint_interval_s=86_400.0),
)

Answered = Callable[[Answer | None], None]


class Line(MemoryLine):
    """A connection of one life; what the daemon writes goes into the world's network."""

    def __init__(self, gateway: MemoryGateway, peer: str, deliver: Callable[[bytes], None]) -> None:
        super().__init__(gateway, peer)
        self._deliver = deliver

    def _write(self, data: bytes) -> None:
        if data and self.is_open:
            self._deliver(data)


class _Asked:
    """Stands where the runtime's future would: whoever asked is told at once."""

    def __init__(self, process: Process, answered: Answered) -> None:
        self._process = process
        self._answered = answered
        self._is_done = False
        self.seq = 0  # of the entry that holds the request; 0 while it is not even decided

    def done(self) -> bool:
        return self._is_done

    def set_result(self, answer: Answer | None) -> None:
        self._is_done = True
        self._process.world.oracle.told(self.seq)
        self._process.waiting.pop(self, None)
        self._answered(answer)

    def set_exception(self, error: Exception) -> None:
        """The process ends of it: whoever asked learns no more than after a kill."""

    def exception(self) -> None: ...


class _Watching:
    """The runtime's observer: keeps what the story and the failure report need."""

    def __init__(self, world: World) -> None:
        self._world = world

    def committed(self, steps: Sequence[Waiting], released_at: int, seconds: float) -> None: ...

    def checkpointed(self, at: int) -> None: ...

    def heartbeat(self, received: Received) -> None:
        self._world.process.heard()

    def performed(self, channel: str, effect: DurableEffect, report: EffectReported, seconds: float) -> None: ...

    def beat(self, part: str) -> None: ...


class Process:
    def __init__(self, world: World, store: MemoryStore) -> None:
        self.world = world
        self.store = store
        self.is_up = False
        self.waiting: dict[_Asked, None] = {}
        store.after_commit = self._kept
        self.runtime = world.makings.runtime(
            station=new_station(),
            store=store,
            clock=world.clock,
            effectors=self._effectors(),
            profiles_changed=lambda _: None,
            observer=_Watching(world),
            limits=self._limits(),
        )
        self.gateway = MemoryGateway(
            name="dc09-udp", new_codec=lambda: Dc09Codec(profile_of, pad=bytes), intake=self.runtime, clock=world.clock
        )
        self.gateway.reader._trace_prefix = f"life{world.lives}"
        self._syncing: tuple[list, Batch] | None = None  # type: ignore[type-arg] # – the runtime's own
        self._under_way: Counter[str] = Counter()
        self._will_flush = False
        self._looked_at = 0
        self.began_at = world.time  # true time

    def _limits(self) -> RuntimeLimits:
        """`pump` alone begins commits here: the loop's own ways are `looped`'s to play."""
        return msgspec.structs.replace(self.world.rng.choice(LIMITS), batch_min=sys.maxsize)

    def _effectors(self) -> list[Any]:
        return [
            MemoryEffector(name="mail", handles=(SendMail,)),
            MemoryEffector(name="webhook", handles=(PostWebhook,)),
        ]

    # ------------------------------------------------------------------------------------------------ beginning and end

    def start(self) -> None:
        runtime, clock = self.runtime, self.world.clock
        clock.step()  # a process that starts knows no earlier time of its own
        last_at = drive(runtime.restore())
        self.is_up = True
        self.world.oracle.restored(self)
        machine = runtime.station.state.machine["machine"]
        runtime.post(
            Started(
                at=clock.now(),
                version=VERSION,
                down_since=last_at,
                clean=machine.stopped_cleanly,
                boot_id=clock.boot_id,
                boottime=round(clock.monotonic_s() * NS),
            )
        )
        runtime.supervise()
        self.world.after(FOLD_LOOK_S, self._fold)
        self.pump()

    def crash(self, why: str, *, is_kept: bool = False) -> None:
        """At this instant. `is_kept`: the commit under way has reached the disk, and nobody was told."""
        if not self.is_up:
            return
        self.is_up = False
        if is_kept and self._syncing is not None and not self.world.disk.is_full:
            drive(self.store.commit(self._syncing[1]))
        self._end(why)

    def _end(self, why: str) -> None:
        self.is_up = False
        survivor = self.world.makings.crashed(self.store)
        waiting, self.waiting = self.waiting, {}
        for asked in waiting:
            self.world.after(0.0, asked._answered, None)
        self.world.process_ended(survivor, why)

    def stop(self) -> None:
        """SIGTERM: what was taken is committed and answered, then a last checkpoint."""
        if not self.is_up or self.world.disk.is_full:
            return
        if self._syncing is not None:
            self._end_commit()
        if not self.is_up:
            return  # it died of that commit
        self.runtime.flush_heard()
        self.runtime.post(Stopped(at=self.world.clock.now(), reason="asked to stop"))
        drive(self.runtime.checkpoint())
        self._end("stopped in good order")

    async def _kept(self, batch: Batch) -> None:
        self.world.oracle.take(batch, self.store)

    # --------------------------------------------------------------------------------------------------- what comes in

    def connect(self, peer: str, deliver: Callable[[bytes], None]) -> Line:
        return Line(self.gateway, peer, deliver)

    def ask(self, make: Callable[[int], AnyFact], answered: Answered) -> None:
        """Somebody asks for something. Answered with None when the daemon is down or dies meanwhile."""
        if not self.is_up:
            self.world.after(0.0, answered, None)
            return
        asked = _Asked(self, answered)
        self.waiting[asked] = None
        self.runtime._take(make(self.world.clock.now()), None, asked)  # type: ignore[arg-type] # – see _Asked
        asked.seq = self.runtime._seq

    def reload_rules(self) -> None:
        if self.is_up:
            self.runtime.station.expect(compiled())
            sources = shipped.sources()
            digest = compiled().digest
            self.ask(lambda at: RulesLoaded(at=at, digest=digest, sources=sources, actor=DAEMON), lambda answer: None)

    def heard(self) -> None:
        if not self._will_flush:
            self._will_flush = True
            self.world.after(HEARD_S, self._flush_heard)

    def _flush_heard(self) -> None:
        self._will_flush = False
        if self.is_up:
            self.runtime.flush_heard()

    def _fold(self) -> None:
        if self.is_up:
            self.gateway.reader.fold()
            self.world.after(FOLD_LOOK_S, self._fold)

    # ------------------------------------------------------------------------------------------------------------ time

    def wake_at(self) -> int | None:
        """True time of the next deadline, as far as this process knows what time it is."""
        deadline = self.runtime.station.next_deadline() if self.is_up else None
        due = None if deadline is None else self.world.time + max(0, deadline[0] - self.world.clock.now())
        look = self._next_look()
        return look if due is None else due if look is None else min(due, look)

    def _next_look(self) -> int | None:
        """Where paths are watched, the runtime looks once a second."""
        return self._looked_at + LOOK_NS if self.is_up and len(self.runtime.station.watch) else None

    def on_time(self) -> None:
        now = self.world.clock.now()
        if self.runtime._supervising and len(self.runtime.station.watch):
            self._looked_at = self.world.time
            for fact in self.runtime.station.look(now):
                self.runtime.post(fact)
        self.runtime._post_due(now)

    def look_at_clock(self) -> None:
        if self.is_up and (stepped_s := self.world.clock.step()):
            self.runtime.post(ClockStepped(at=self.world.clock.now(), step_s=stepped_s))

    # --------------------------------------------------------------------------------------------- commits and effects

    def pump(self) -> None:
        if self.is_up:
            self._perform()
            if self._syncing is None and self.runtime._open:
                self._begin_commit()

    def _begin_commit(self) -> None:
        runtime = self.runtime
        steps, checkpoint = runtime._checkpointer.batch(runtime._open, runtime.limits.batch_max)
        runtime._open = runtime._open[len(steps) :]
        for waiting in steps:
            self.world.last_facts.append((waiting.seq, waiting.stepped.record.fact))
        self._syncing = steps, as_batch(steps, checkpoint)
        self.world.after(self.world.disk.sync_s(), self._end_commit)

    def _end_commit(self) -> None:
        if not self.is_up or self._syncing is None:
            return
        moment = self.world.take_armed("before_commit", "after_commit")
        if moment == "before_commit":
            self.crash("killed before a commit")
            return
        steps, batch = self._syncing
        if self.world.disk.is_full:
            self.store.fail_next_commit = StoreError("the disk is full")
        try:
            drive(self.store.commit(batch))
        except StoreError as error:
            self._end(str(error))
            return
        self._syncing = None
        if moment == "after_commit":
            self.crash("killed after a commit, before anybody was told")
            return
        self.runtime._release(steps, 0.0)

    def _perform(self) -> None:
        for channel in self.runtime._channels.values():
            name = channel.effector.name
            while channel._waiting and self._under_way[name] < EFFECTS_AT_ONCE_MAX:
                effect = channel._waiting.popleft()
                pending = self.runtime.station.state.pending.get(effect.id)
                if pending is None or pending.waiting or pending.effect.attempt != effect.attempt:
                    continue  # withdrawn meanwhile
                self._under_way[name] += 1
                self.world.outside.attempt(self, name, effect)

    def report(self, channel: str, effect: DurableEffect, outcome: EffectOutcome, detail: str) -> None:
        self._under_way[channel] -= 1
        at = self.world.clock.now()
        self.runtime.post(EffectReported(at=at, effect_id=effect.id, outcome=outcome, detail=detail))

    # ------------------------------------------------------------------------------------------------------ a last look

    @property
    def is_committing(self) -> bool:
        return self.is_up and bool(self.runtime._open or self._syncing is not None)

    def unfinished(self) -> list[str]:
        state = self.runtime.station.state
        left = [
            f"{case.id} ({case.type}, {case.state}, {case.priority.value}) is open"
            for case in state.cases.values()
            if case.is_open
        ]
        left += [f"flag {flag_id} is in force" for flag_id in state.flags]
        left += [f"effect {effect_id} is pending" for effect_id in state.pending]
        left += [
            f"{site_id}: signal {pending.seq} waits"
            for site_id, run in state.siteruns.items()
            for pending in run.pending
        ]
        if self.is_committing:
            left.append("steps wait for their commit")
        left += [f"path {key} is down" for key in state.path_faults]
        left += [f"system {key} is cut off" for key in state.ats_faults]
        return left


__all__ = ["NS", "Answered", "Line", "Process"]
