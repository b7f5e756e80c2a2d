"""A guard unit: reads offers, says yes, no, nothing, too late or twice, goes there and reports.

One rule: it acts on what has reached it and on what it was answered, as its people would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from arcd.core.case.dispatch import REPORT_FIELDS
from arcd.core.effects import Answer, DurableEffect, PostWebhook, SendMail
from arcd.core.facts import Actor, AnyFact, GuardAnswer, GuardAnswered
from tests.sim.plots import Ratios

if TYPE_CHECKING:
    from tests.sim.world import World

A = GuardAnswer
WAY = (A.EN_ROUTE, A.ON_SITE, A.SECURED, A.REPORT)
LOST_AGAIN_S = 5.0


class GuardUnit:
    def __init__(self, world: World, guard_id: str) -> None:
        self.world = world
        self.id = guard_id
        self._actor = Actor(id=f"guard:{guard_id}")
        self._seen: set[str] = set()  # effect ids: a repeat is known as one
        self._offers: set[str] = set()
        self._gone: set[str] = set()

    def receive(self, effect: DurableEffect) -> None:
        if effect.id in self._seen:
            return
        self._seen.add(effect.id)
        if isinstance(effect, PostWebhook) and effect.topic == "dispatch.withdrawn":
            self._gone.add(str(effect.payload["offer"]))
            return
        offer_id = effect.offer_id if isinstance(effect, SendMail | PostWebhook) else ""
        if offer_id and offer_id not in self._offers:
            self._offers.add(offer_id)
            self._read(offer_id)

    def _read(self, offer_id: str) -> None:
        world = self.world
        rng, ratios = world.rng, world.plot.ratios
        if world.is_calm:
            world.after(rng.uniform(5.0, 20.0), self._say, offer_id, A.ACCEPT)
            return
        manner = rng.choices(
            ("silent", "no", "late", "yes"),
            (ratios.guard_silent, ratios.guard_declines, ratios.guard_late, self._willing(ratios)),
        )[0]
        match manner:
            case "silent":
                return
            case "no":
                world.after(rng.uniform(3.0, 50.0), self._say, offer_id, A.DECLINE)
            case "late":
                world.after(rng.uniform(55.0, 400.0), self._say, offer_id, A.ACCEPT)
            case _:
                world.after(rng.uniform(3.0, 50.0), self._say, offer_id, A.ACCEPT)

    @staticmethod
    def _willing(ratios: Ratios) -> float:
        return 1.0 - ratios.guard_silent - ratios.guard_declines - ratios.guard_late

    # ------------------------------------------------------------------------------------------------------- answering

    def _say(self, offer_id: str, answer: GuardAnswer) -> None:
        if offer_id in self._gone:
            return
        world = self.world
        report = dict.fromkeys(REPORT_FIELDS, "as told") if answer is A.REPORT else {}
        if report and world.rng.random() < 0.2:
            report["force_used"] = "yes"

        def make(at: int) -> AnyFact:
            return GuardAnswered(at=at, offer_id=offer_id, answer=answer, actor=self._actor, report=report)

        def answered(told: Answer | None) -> None:
            self._answered(offer_id, answer, told)

        world.process.ask(make, answered)
        if not world.is_calm and world.rng.random() < world.plot.ratios.guard_twice:
            world.process.ask(make, lambda told: world.oracle.guard_answered(self.id, offer_id, answer, told))

    def _answered(self, offer_id: str, answer: GuardAnswer, told: Answer | None) -> None:
        world = self.world
        world.tell(
            f"{self.id} says {answer.value} to {offer_id}: {'no answer' if told is None else told.rule or 'yes'}"
        )
        if told is None:
            world.after(LOST_AGAIN_S, self._say, offer_id, answer)
            return
        world.oracle.guard_answered(self.id, offer_id, answer, told)
        # "You have accepted this job already": the first answer was committed, and the reply to it was lost.
        if told.granted or told.rule == "offer.accepted" or (told.rule == "offer.answer" and answer in WAY):
            self._go_on(offer_id, answer)

    def _go_on(self, offer_id: str, answer: GuardAnswer) -> None:
        world = self.world
        rng = world.rng
        if answer is A.ACCEPT and not world.is_calm and rng.random() < world.plot.ratios.guard_gives_back:
            world.after(rng.uniform(5.0, 300.0), self._say, offer_id, A.DECLINE)
            return
        following = {A.ACCEPT: A.EN_ROUTE, A.EN_ROUTE: A.ON_SITE, A.ON_SITE: A.SECURED, A.SECURED: A.REPORT}.get(answer)
        if following is not None:
            most_s = 60.0 if world.is_calm else rng.choice((60.0, 400.0, 1500.0))
            world.after(rng.uniform(10.0, most_s), self._say, offer_id, following)
