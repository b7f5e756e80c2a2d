"""Facts about flags (on test, maintenance) and about who is on the telephone."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from arcd.core.facts.base import Actor, Fact
from protocols.signals import Category


class FlagKind(StrEnum):
    ON_TEST = "on_test"
    MAINTENANCE = "maintenance"  # out of service (huolto)


class Scope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a flag covers. Empty means all of the site. Life safety is covered only where a category names it."""

    systems: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()


class Every(StrEnum):
    WEEK = "week"
    MONTH = "month"


class Recurrence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a flag comes again, on the site's wall clock."""

    every: Every
    day: int  # of the week, Monday 1 … Sunday 7; of the month 1 … 31, in a shorter one its last
    minute: int  # of the local day


class FlagStartRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="flag_start_requested"):
    """Somebody asks to put a site on test or out of service. An expiry and a person are mandatory.

    With `recurrence` it is the first of a series: `until` less the start says how long each one lasts.
    """

    kind: FlagKind
    site_id: str
    scope: Scope
    until: int
    reason: str
    actor: Actor  # who typed it
    requested_by: str = ""  # contact id on whose word it was placed
    verified_how: str = ""  # "operator" or "work_order": on the word of whoever typed it; "": by the identity check
    identity_check: str = ""
    override_reason: str = ""  # why outside the hours of R-63
    work_order: str = ""  # the technician's, as proof of being sent
    owner: str = ""  # contact who answers for it and is reminded; "": who asked
    informed: tuple[str, ...] = ()  # parties who were told beforehand
    starts_at: int | None = None
    recurrence: Recurrence | None = None
    series_until: int | None = None  # the series ends here; None: after a year


class FlagEndRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="flag_end_requested"):
    flag_id: str
    reason: str
    actor: Actor
    whole_series: bool = False


class NoticeKind(StrEnum):
    ANNOUNCED = "announced"  # the tester called the emergency response centre before the test alarm
    START = "start"  # it knows that the device is disconnected
    END = "end"  # and that it is back


class FlagNoticed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="flag_noticed"):
    """Somebody outside was told about a flag."""

    flag_id: str
    kind: NoticeKind
    to: str  # who took the call
    actor: Actor
    reference: str = ""
    told_at: int | None = None  # None: just now


class SignalPromoted(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="signal_promoted"):
    """An operator makes a signal that a flag held back live: it is judged as if the flag had not stood."""

    site_id: str
    signal_seq: int  # the journal entry it came with
    reason: str
    actor: Actor
    index: int = 0  # of the signals in that entry


class IdentityOutcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    DURESS = "duress"


class IdentityChecked(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="identity_checked"):
    """Somebody on the telephone said who they are, and the word was compared. The word itself is nowhere."""

    site_id: str
    contact_id: str
    outcome: IdentityOutcome
    level: int  # requirements 4.7: 1 name and code word, 2 call-back to the registered number
    actor: Actor
