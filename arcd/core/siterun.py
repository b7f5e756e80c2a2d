"""What is going on at a site right now: armed areas, unrestored alarms, recent signals.

One rule: bounded. A site that never restores anything must not grow without end.
"""

from __future__ import annotations

from msgspec import Struct

from protocols.signals import Category

TRIGGERS_MAX = 200  # unrestored alarms and troubles remembered per site; beyond it the oldest is forgotten


class Trigger(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An alarm or trouble waiting for its restore."""

    seq: int
    at: int
    system_id: str
    zone: str  # without leading zeros; "" for none
    area: str
    family: str
    category: Category
    case_id: str = ""


class SiteRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    armed: dict[str, bool] = {}  # "<system>/<area>" → True when closed
    triggers: tuple[Trigger, ...] = ()

    def with_trigger(self, trigger: Trigger) -> SiteRun:
        return SiteRun(armed=self.armed, triggers=(*self.triggers[1 - TRIGGERS_MAX :], trigger))

    def standing(self, system_id: str, zone: str, family: str) -> Trigger | None:
        """The oldest trigger of this system, zone and code family (requirements 4.4, restore matching)."""
        return next(
            (
                trigger
                for trigger in self.triggers
                if trigger.system_id == system_id and trigger.zone == zone and trigger.family == family
            ),
            None,
        )

    def without(self, gone: Trigger) -> SiteRun:
        return SiteRun(armed=self.armed, triggers=tuple(trigger for trigger in self.triggers if trigger is not gone))

    def with_armed(self, area_key: str, armed: bool) -> SiteRun:
        return SiteRun(armed={**self.armed, area_key: armed}, triggers=self.triggers)
