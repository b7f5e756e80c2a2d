"""An effector's queue, and one attempt at what stands in it."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec
import structlog

from arcd.core.effects import DurableEffect, SwitchRelay
from arcd.core.facts import EffectOutcome
from arcd.effectors import Effector, Performed

log = structlog.get_logger(__name__)

# Attempts under way per channel: enough for a storm of dispatches, few enough not to look like one.
EFFECTS_AT_ONCE_MAX = 8


class Channel:
    """An effector's queue. Its length is bounded by the effects the core has asked for, which are in its state."""

    def __init__(self, effector: Effector) -> None:
        self.effector = effector
        self._waiting: deque[DurableEffect] = deque()
        self._filled = asyncio.Semaphore(0)

    @property
    def depth(self) -> int:
        return len(self._waiting)

    def put(self, effect: DurableEffect) -> None:
        self._waiting.append(effect)
        self._filled.release()

    async def take(self) -> DurableEffect:
        await self._filled.acquire()
        return self._waiting.popleft()


def resumed(effect: DurableEffect) -> DurableEffect:
    """From the outbox of an earlier run: what must not happen twice is told that it may have happened."""
    return msgspec.structs.replace(effect, resumed=True) if isinstance(effect, SwitchRelay) else effect


async def attempted(effector: Effector, effect: DurableEffect) -> Performed:
    """One attempt. A defect of the effector is a failed attempt: it must not end the daemon, because the outbox would
    hand it the same effect at every start. A cancellation that nobody asked for is one, too: whoever performs would end
    of it, and no one would notice."""
    try:
        return await effector.perform(effect)
    except (Exception, asyncio.CancelledError) as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and (task is None or task.cancelling()):
            raise
        log.exception("effect.broke", channel=effector.name, effect=effect.id)
        return Performed(outcome=EffectOutcome.FAILED, detail=f"the channel broke: {type(error).__name__}")
