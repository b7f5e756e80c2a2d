"""The second tier: the same world around the runtime's own loop, on virtual time.

Here nothing of the runtime is played: `run` turns, its tasks commit, perform and keep time; a crash cancels it where it
stands, a full disk raises in the middle of its commit, SIGTERM drains it as the daemon does. It is some five times
slower than the first tier, so it sees fewer seeds.

One rule: what happens in the world is the same code as in the first tier; only time and waiting are the loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from arcd.core.effects import DurableEffect, PostWebhook, SendMail
from arcd.core.facts import EffectOutcome, Started, Stopped
from arcd.effectors import Performed
from arcd.runtime import RuntimeLimits
from arcd.store import Batch, StoreError
from arcd.store.memory import MemoryStore
from tests.sim.plots import Plot, plot_of
from tests.sim.process import FOLD_LOOK_S, LIMITS, Process
from tests.sim.running import Run, SimulationError
from tests.sim.scene import NS, VERSION
from tests.sim.world import Teller, World
from tests.virtual_time import VirtualTimeLoop


class KilledError(Exception):
    """SIGKILL at a named moment: nothing after it happens."""


class OutsideEffector:
    """One channel: the attempt is the world's, the waiting is the runtime's."""

    def __init__(self, process: LoopedProcess, name: str, handles: tuple[type, ...]) -> None:
        self.name = name
        self.handles = handles
        self._process = process
        self._attempts: dict[tuple[str, int], asyncio.Future[Performed]] = {}

    async def perform(self, effect: DurableEffect) -> Performed:
        ended = self._attempts[effect.id, effect.attempt] = asyncio.get_running_loop().create_future()
        self._process.world.outside.attempt(self._process, self.name, effect)
        return await ended

    def end(self, effect: DurableEffect, performed: Performed) -> None:
        ended = self._attempts.pop((effect.id, effect.attempt))
        if not ended.done():
            ended.set_result(performed)

    async def close(self) -> None: ...


class LoopedProcess(Process):
    world: LoopedWorld

    def __init__(self, world: LoopedWorld, store: MemoryStore) -> None:
        super().__init__(world, store)
        store.before_commit = self._syncs
        self._life: asyncio.Task[None] | None = None

    def _limits(self) -> RuntimeLimits:
        return self.world.rng.choice(LIMITS)

    def _effectors(self) -> list[Any]:
        self._channels = {
            "mail": OutsideEffector(self, "mail", (SendMail,)),
            "webhook": OutsideEffector(self, "webhook", (PostWebhook,)),
        }
        return list(self._channels.values())

    def start(self) -> None:
        self._life = self.world.loop.create_task(self._live())

    async def _live(self) -> None:
        """From restore to the end, however it comes."""
        runtime, clock = self.runtime, self.world.clock
        clock.step()
        last_at = await runtime.restore()
        self.is_up = True
        self.world.oracle.restored(self)
        machine = runtime.station.state.machine["machine"]
        runtime.post(
            Started(
                at=clock.now(), version=VERSION, down_since=last_at, clean=machine.stopped_cleanly,
                boot_id=clock.boot_id, boottime=round(clock.monotonic_s() * NS),
            )
        )  # fmt: skip
        runtime.supervise()
        self.world.after(FOLD_LOOK_S, self._fold)
        why = "stopped in good order"
        try:
            await runtime.run()
            await runtime.checkpoint()
        except* (KilledError, StoreError) as errors:
            why = str(errors.exceptions[0])
        except* asyncio.CancelledError:
            why = "killed"
        except* Exception as errors:  # noqa: BLE001 – whatever ends a life otherwise is the failure of its seed
            self.world.fail(errors.exceptions[0])
        if not self.world.is_over:
            self._end(why)

    # ----------------------------------------------------------------------------------------------- the disk and ends

    async def _syncs(self, batch: Batch) -> None:
        await asyncio.sleep(self.world.disk.sync_s())
        if self.world.take_armed("before_commit"):
            raise KilledError("killed before a commit")
        if self.world.disk.is_full:
            raise StoreError("the disk is full")

    async def _kept(self, batch: Batch) -> None:
        await super()._kept(batch)
        for record in batch.records:
            self.world.last_facts.append((record.seq, record.kind))  # type: ignore[arg-type] # – to be printed only
        if self.world.take_armed("after_commit"):
            raise KilledError("killed after a commit, before anybody was told")

    def crash(self, why: str, *, is_kept: bool = False) -> None:
        if self.is_up and self._life is not None:
            self.is_up = False
            self._life.cancel()

    def stop(self) -> None:
        if self.is_up and not self.world.disk.is_full:
            self.world.loop.create_task(self._drain())

    async def _drain(self) -> None:
        self.runtime.flush_heard()
        self.runtime.post(Stopped(at=self.world.clock.now(), reason="asked to stop"))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10.0):
                await self.runtime.drained()
        self.is_up = False
        self.runtime.finish()

    # ------------------------------------------------------------------------------- what the runtime's own loop does

    def pump(self) -> None: ...

    def heard(self) -> None: ...

    def look_at_clock(self) -> None: ...

    def wake_at(self) -> int | None:
        return None

    def report(self, channel: str, effect: DurableEffect, outcome: EffectOutcome, detail: str) -> None:
        self._channels[channel].end(effect, Performed(outcome=outcome, detail=detail))

    @property
    def is_committing(self) -> bool:
        return self.is_up and self.runtime.depth > 0

    def unfinished(self) -> list[str]:
        return super().unfinished() if self.is_up else ["the daemon is down"]


class LoopedWorld(World):
    """Time is the loop's, and the agenda its timers."""

    def __init__(self, seed: int, plot: Plot, *, teller: Teller | None = None) -> None:
        self._loop: VirtualTimeLoop | None = None
        self._error: BaseException | None = None
        self.is_over = False
        super().__init__(seed, plot, teller=teller)

    @property
    def loop(self) -> VirtualTimeLoop:
        if self._loop is None:
            self._loop = VirtualTimeLoop(self.clock)
            self._loop.set_exception_handler(lambda _, context: self.fail(context.get("exception")))
        return self._loop

    @property
    def time(self) -> int:
        return round(self.clock.monotonic_s() * NS) if hasattr(self, "clock") else 0

    @time.setter
    def time(self, time: int) -> None: ...

    def _new_process(self, store: MemoryStore) -> Process:
        self.lives += 1
        return LoopedProcess(self, store)

    def after(self, seconds: float, do: Callable[..., object], *args: Any) -> None:
        self.loop.call_later(seconds, do, *args)

    def fail(self, error: BaseException | None) -> None:
        self._error = self._error or error or AssertionError("the loop is broken")
        self.loop.stop()

    def run_until(self, end: int) -> None:
        try:
            self.loop.run_until_complete(asyncio.sleep((end - self.time) / NS))
        except RuntimeError:  # stopped before its time
            assert self._error is not None
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.is_over = True
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


def play_looped(seed: int, *, name: str = "", teller: Teller | None = None) -> Run:
    world = LoopedWorld(seed, plot_of(seed, name), teller=teller)
    try:
        world.run()
    except Exception as error:
        raise SimulationError(world, error) from error
    finally:
        world.close()
    return Run(
        seed=seed, world=world.plot.name, hours=world.time / NS / 3600, entries=world.oracle.entries,
        lives=world.lives, head=world.process.store._head.hash.hex(),
    )  # fmt: skip
