"""The effector twin that performs nothing and remembers everything. For tests, simulation and dry runs.

One rule: it behaves like a real channel as far as the runtime can tell. What the far end answers is scripted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from arcd.core.effects import DurableEffect, PostWebhook, SendMail
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed

_DELIVERED = Performed(outcome=EffectOutcome.DELIVERED, detail="memory")


class MemoryEffector:
    """`attempts` holds every effect in the order performed, also those that did not get through."""

    def __init__(
        self,
        *,
        name: str = "memory",
        handles: tuple[type, ...] = (SendMail, PostWebhook),
        answers: Iterable[Performed] = (),
    ) -> None:
        self._name = name
        self._handles = handles
        self._answers = deque(answers)
        self.attempts: list[DurableEffect] = []
        self.delivered: dict[str, DurableEffect] = {}  # by id: what a receiver that knows repeats is left with
        self.is_closed = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def handles(self) -> tuple[type, ...]:
        return self._handles

    def answer_next(self, *answers: Performed) -> None:
        """What the next attempts come to, in order; after them every attempt is delivered."""
        self._answers.extend(answers)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, self._handles), "the runtime routes effects by `handles`"
        assert not self.is_closed, "performed after close"
        self.attempts.append(effect)
        performed = self._answers.popleft() if self._answers else _DELIVERED
        if performed.outcome is EffectOutcome.DELIVERED:
            self.delivered.setdefault(effect.id, effect)
        return performed

    async def close(self) -> None:
        self.is_closed = True
