"""Where effects go: mail and webhooks, which fail, refuse, take their time, and do not always know what became of it.

One rule: a channel tries once. What arrives arrives at the guard it was for; the id tells the guard what it knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arcd.core.effects import DurableEffect, PostWebhook, SendMail
from arcd.core.facts import EffectOutcome
from tests.sim.scene import GUARD_OF_ADDRESS

if TYPE_CHECKING:
    from tests.sim.process import Process
    from tests.sim.world import World

SLOW_S = 60.0


class Outside:
    def __init__(self, world: World) -> None:
        self._world = world
        self.deliveries = 0

    def attempt(self, process: Process, channel: str, effect: DurableEffect) -> None:
        world = self._world
        world.oracle.left(effect)
        rng, ratios = world.rng, world.plot.ratios
        outcome, arrives = EffectOutcome.DELIVERED, True
        wait_s = rng.uniform(0.02, 0.5)
        if not world.is_calm:
            draw = rng.random()
            if world.network.is_down or draw < ratios.effect_fails:
                outcome, arrives = EffectOutcome.FAILED, False
            elif draw < ratios.effect_fails + ratios.effect_refused:
                outcome, arrives = EffectOutcome.REFUSED, False
            elif draw < ratios.effect_fails + ratios.effect_refused + ratios.effect_unsure:
                outcome = EffectOutcome.FAILED
            if rng.random() < ratios.effect_slow:
                wait_s = rng.uniform(1.0, SLOW_S)
        world.after(wait_s, self._arrive, process, channel, effect, outcome, arrives)

    def _arrive(
        self, process: Process, channel: str, effect: DurableEffect, outcome: EffectOutcome, arrives: bool
    ) -> None:
        if not process.is_up and self._world.rng.random() < 0.5:
            return  # it died before the far end had all of it
        if arrives:
            self._deliver(effect)
        if not process.is_up:
            return
        if self._world.take_armed("after_effect"):
            process.crash("killed after an effect, before its outcome was known")
            return
        process.report(channel, effect, outcome, "simulated")

    def _deliver(self, effect: DurableEffect) -> None:
        self.deliveries += 1
        addresses: tuple[str, ...] = ()
        if isinstance(effect, SendMail):
            addresses = effect.to
        elif isinstance(effect, PostWebhook):
            addresses = (effect.url,)
        for address in addresses:
            guard_id = GUARD_OF_ADDRESS.get(address)
            if guard_id is not None:
                self._world.guards[guard_id].receive(effect)
