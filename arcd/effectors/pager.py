"""Pages over ESPA lines: the last call that reaches a person when the telephone network does not.

One rule: delivered means that the paging system has acknowledged the call, not that somebody has read it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from arcd.core.effects import DurableEffect, SendPage
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.gateways.espa import Paged
from protocols.espa444 import Block, call_to_pager

PAGE_S_MAX = 60.0  # a station that is polled once in some seconds, three attempts of up to 17.5 s each
TEXT_CHARS_MAX = 128  # what known pagers show (zenitel)


class PagerLine(Protocol):
    async def page(self, block: Block) -> Paged: ...


class PagerEffector:
    def __init__(
        self, names: Sequence[str], lines: Callable[[], Mapping[str, PagerLine]], *, page_s_max: float = PAGE_S_MAX
    ) -> None:
        """`names` of the lines that the settings describe; `lines`: those that have been started, by name."""
        self._names = tuple(names)
        self._lines = lines
        self._page_s_max = page_s_max

    @property
    def name(self) -> str:
        return "pager"

    @property
    def handles(self) -> tuple[type, ...]:
        return (SendPage,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, SendPage), "the runtime routes effects by `handles`"
        name = effect.line or next(iter(self._names), "")
        if name not in self._names:
            return Performed(outcome=EffectOutcome.REFUSED, detail=f"there is no paging line {name}".strip())
        line = self._lines().get(name)
        if line is None:  # the outbox is replayed before the first line is open
            return Performed(outcome=EffectOutcome.FAILED, detail=f"line {name} is not started yet")
        block = call_to_pager(effect.address, effect.text[:TEXT_CHARS_MAX], beep=effect.beep, priority=effect.urgency)
        try:
            async with asyncio.timeout(self._page_s_max):
                paged = await line.page(block)
        except TimeoutError:
            return Performed(outcome=EffectOutcome.FAILED, detail=f"nobody polled us for {self._page_s_max:g} s")
        except ValueError as error:
            return Performed(outcome=EffectOutcome.REFUSED, detail=f"{error}")
        if paged.is_delivered:
            return Performed(outcome=EffectOutcome.DELIVERED, detail=paged.detail)
        outcome = EffectOutcome.REFUSED if paged.is_final else EffectOutcome.FAILED
        return Performed(outcome=outcome, detail=paged.detail)

    async def close(self) -> None:
        """The lines are the gateways'."""
