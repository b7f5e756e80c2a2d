"""The effector seam: one outgoing channel per file.

One rule: an effector tries once and says what happened. Whether to try again, and whom to turn to next, is decided in
the core, where it is journalled and simulated. Performing the same effect id twice must be harmless to the receiver.
An effector whose attempts take long may say how many run side by side (`at_once_max`).
Effectors are found by name through the entry point group `arcd.effectors`.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from arcd.core.effects import DurableEffect
from arcd.core.facts import EffectOutcome


class Performed(Struct, frozen=True, kw_only=True):
    """What became of one attempt. `detail` may stand in the journal: no body, name or secret in it."""

    outcome: EffectOutcome
    detail: str = ""


class Effector(Protocol):
    """`handles` are the effect types it performs; the runtime keeps one bounded queue per effector."""

    @property
    def name(self) -> str: ...

    @property
    def handles(self) -> tuple[type, ...]: ...

    async def perform(self, effect: DurableEffect) -> Performed:
        """One attempt within the effector's own time limit. Never raises for the other side's faults."""
        ...

    async def close(self) -> None: ...
