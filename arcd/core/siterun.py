"""What is going on at a site right now: armed areas, unrestored alarms, signals that wait, evidence, noisy zones.

One rule: bounded. A site that never restores anything, or sends without end, must not grow without end; what is
forgotten first is the oldest. What any of it means is `arcd.core.conditioning`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from protocols.signals import Category, Signal

AREAS_MAX = 1_000  # whose arming is remembered per site; a panel may name any, beyond it the oldest is forgotten
TRIGGERS_MAX = 200  # unrestored alarms and troubles remembered per site; beyond it the oldest is forgotten
PENDING_MAX = 32  # signals that wait; beyond it the next one is decided at once
SWINGS_MAX = 128  # zones whose trips are counted
SEEN_MAX = 32  # signals remembered for their copy over another path
ACTIVATIONS_MAX = 16  # detectors remembered per confirmation window; the first ones, they anchor it
RATES_MAX = 512  # sources (account, code, zone) whose rate is watched
RATE_TIMES_MAX = 100  # instants remembered per source: no window counts further

# Signals that stand until a restore comes. A duress code has none.
STANDING = frozenset(
    {
        Category.FIRE, Category.HOLDUP, Category.MEDICAL, Category.INTRUSION, Category.TAMPER, Category.TECHNICAL,
        Category.TROUBLE, Category.SUPERVISION, Category.BYPASS,
    }
)  # fmt: skip


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
    is_followed_up: bool = False  # the task about its missing restore has been raised
    is_of_storm: bool = False  # a fault that many sites share says nothing about this one


class Waiting(StrEnum):
    """What a pending signal waits for."""

    RESTORE = "restore"  # a mains failure is nobody's matter while it is short
    OPENING = "opening"  # an alarm at the door may be the user who is about to disarm


class Pending(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A signal that was received and journalled, and is decided on at `due` unless what it waits for comes first."""

    seq: int
    index: int
    at: int
    due: int
    waits_for: Waiting
    signal: Signal
    account: str
    system_id: str
    account_key: str
    is_restored: bool = False  # an alarm whose detector is quiet again: still an alarm


class Swing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Trips and restores of one zone within one armed period."""

    since: int
    area: str
    trips: int = 0  # those that were restored
    is_reported: bool = False


class Activation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A detector that may be confirmed by another, or confirm it."""

    seq: int
    zone: str
    area: str
    technology: str = ""
    confirm_group: str = ""


class Confirming(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A confirmation window: anchored to its first activation, never moved by a later one."""

    first_at: int
    activations: tuple[Activation, ...]


class Seen(Struct, frozen=True, gc=False, kw_only=True, array_like=True):
    """A signal that may come once more over another path."""

    path: str
    at: int
    seq: int
    case_id: str


class SiteRun(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    armed: dict[str, bool] = {}  # "<system>/<area>" → True when closed
    triggers: tuple[Trigger, ...] = ()
    pending: tuple[Pending, ...] = ()
    swings: dict[str, Swing] = {}  # "<system>/<zone>/<family>"
    confirming: dict[str, Confirming] = {}  # "<system>/intrusion", "<system>/holdup"
    seen: dict[str, Seen] = {}  # by what two copies share, the oldest first

    def with_trigger(self, trigger: Trigger) -> SiteRun:
        return replace(self, triggers=(*self.triggers[1 - TRIGGERS_MAX :], trigger))

    def standing(self, system_id: str, zone: str, family: str) -> Trigger | None:
        """The oldest trigger of this system, zone and code family (requirements 4.4, restore matching)."""
        for trigger in self.triggers:
            if trigger.zone == zone and trigger.family == family and trigger.system_id == system_id:
                return trigger
        return None

    def without(self, gone: Trigger) -> SiteRun:
        return replace(self, triggers=tuple(trigger for trigger in self.triggers if trigger is not gone))

    def with_armed(self, area_key: str, armed: bool) -> SiteRun:
        areas = {**self.armed, area_key: armed}
        if len(areas) > AREAS_MAX:
            del areas[next(iter(areas))]
        return replace(self, armed=areas)

    def without_pending(self, gone: Pending) -> SiteRun:
        return replace(self, pending=tuple(pending for pending in self.pending if pending is not gone))

    def with_swing(self, key: str, swing: Swing) -> SiteRun:
        swings = dict(self.swings)
        swings.pop(key, None)
        while len(swings) >= SWINGS_MAX:
            del swings[next(iter(swings))]
        swings[key] = swing
        return replace(self, swings=swings)


class Rate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often one source speaks: the instants inside the window, and a bucket as the instant it is full again."""

    times: tuple[int, ...] = ()
    full_at: int = 0
    last_at: int = 0
    # Set while it runs away: the entry that began it, its case, and what was folded since.
    runaway_seq: int = 0
    case_id: str = ""
    folded: int = 0


class SiteRates(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A table of its own: it changes with nearly every signal, the rest of a site does not."""

    rates: dict[str, Rate] = {}  # "<account>|<scheme>|<code>|<zone>", the one heard longest ago first

    def with_rate(self, key: str, rate: Rate, *, stale_before: int) -> SiteRates:
        rates = dict(self.rates)
        rates.pop(key, None)
        while rates:
            oldest = next(iter(rates))
            if len(rates) < RATES_MAX and (rates[oldest].last_at >= stale_before or rates[oldest].runaway_seq):
                break
            del rates[oldest]
        rates[key] = rate
        return SiteRates(rates=rates)
