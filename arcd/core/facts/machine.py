"""Facts about the daemon itself: its starts and stops, its clock, its deadlines, its troubles."""

from __future__ import annotations

from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.facts.base import Fact
from arcd.core.facts.receiver_lines import LineSetUp
from protocols.dc09.reply_policy import ReplyPolicy


class Started(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="started"):
    version: str
    down_since: int | None = None  # instant of the last journal entry; None on the first start ever
    clean: bool = True  # False: the last run did not say goodbye
    reply_policy: ReplyPolicy = ReplyPolicy()  # in force for this run, so that a replay gives the same replies
    escalation: EscalationPolicy = EscalationPolicy()  # likewise: how an authority is told
    # Which boot of the machine this is ("" where nobody says), and ns since it began: a wall clock that was set while
    # the daemon was down is found by them.
    boot_id: str = ""
    boottime: int = 0
    lines: tuple[LineSetUp, ...] = ()  # receiver lines of this run


class Stopped(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="stopped"):
    reason: str


class ClockStepped(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="clock_stepped"):
    """Wall clock against monotonic clock: positive is forward."""

    step_s: float


class DeadlineReached(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="deadline_reached"):
    key: str
    due: int


class StepFailed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="step_failed"):
    """The core could not digest a fact. What it was is kept whole; the state before it still stands."""

    failed_kind: str
    failed_fact: str  # JSON of the fact
    error: str  # exception type and place, no values


class DaemonTroubled(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="daemon_troubled"):
    """The daemon found something wrong with itself (`arcd.degraded`), or well again."""

    code: str
    detail: str
    cleared: bool = False
    about: str = ""  # which of several such parts: "mail"


class JournalRestored(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="journal_restored"):
    """The journal up to the entry before this one came from a backup; what had happened after it is not in it."""

    backup: str  # name of the file
    head_at: int  # instant of the last entry that was restored
    by: str  # os:<user> who restored it
    restored_at: int
