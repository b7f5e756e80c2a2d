"""Everything that can happen: the journal's input vocabulary.

One rule: facts are past tense, carry `at` (ns since 1970 UTC) and are enough, with the state before them, to get the
state after them. Nothing here says what was decided; that stands beside the fact in its journal entry.

A request (`CaseMoveRequested`, …) is a fact too: that somebody asked is what happened, whether or not it was granted.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.site import Centre, Hours, Site
from protocols.cap.message import Alert
from protocols.codec import Malformed, Received
from protocols.dc09.reply_policy import ReplyPolicy
from protocols.signals import Category


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact"):
    """What every fact has. `at` is when the daemon learned of it."""

    at: int


class Actor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked: `os:matti` over the local socket, `guard:g1` by link, `daemon` for the machine itself."""

    id: str
    name: str = ""
    roles: tuple[str, ...] = ()  # SUPERVISOR, or none


SUPERVISOR = "supervisor"
DAEMON = Actor(id="daemon")


# ---------------------------------------------------------------------------------------------------------- the wire


class FrameReceived(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="frame_received"):
    """A whole frame from a premises, genuine or not (`received.problem`)."""

    trace: str
    gateway: str  # which listener: "dc09-tcp"
    peer: str  # "192.0.2.7:41234"
    received: Received


class FrameMalformed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="frame_malformed"):
    """Bytes that were no frame. Folded by the shell per source and minute: `count` arrivals, the first kept whole."""

    trace: str
    gateway: str
    peer: str
    malformed: Malformed
    count: int = 1


class AccountsHeard(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="accounts_heard"):
    """Proof of life since the last such fact: account key → last heard. Keeps heartbeats out of the journal."""

    heard: dict[str, int]


# -------------------------------------------------------------------------------------------------------- the machine


class Started(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="started"):
    version: str
    down_since: int | None = None  # instant of the last journal entry; None on the first start ever
    clean: bool = True  # False: the last run did not say goodbye
    reply_policy: ReplyPolicy = ReplyPolicy()  # in force for this run, so that a replay gives the same replies
    escalation: EscalationPolicy = EscalationPolicy()  # likewise: how an authority is told


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
    """The daemon found something wrong with itself: "disk_low", "commit_slow", …"""

    code: str
    detail: str
    cleared: bool = False


# ---------------------------------------------------------------------------------------------------- administration


class RulesLoaded(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="rules_loaded"):
    """The sources themselves, so that every decision can be traced to the exact text in force."""

    digest: str
    sources: dict[str, str]
    actor: Actor
    # Of what the rules directory held then: a start takes the directory up again only when it has changed since, so
    # that a rollback, or rules given from elsewhere, outlive a restart. "": not known.
    directory_digest: str = ""


class CentreImported(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="centre_imported"):
    centre: Centre
    actor: Actor


class SiteImported(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="site_imported"):
    site: Site
    actor: Actor


class SiteRemoved(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="site_removed"):
    site_id: str
    actor: Actor


class ScheduleChangeRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="schedule_change_requested"):
    """Other hours for an area on some days, on somebody's word. Or, with `withdraws`, an earlier change taken back."""

    site_id: str
    system_id: str
    area: str
    actor: Actor
    hours: Hours = Hours()  # neither opening nor closing: closed all day
    from_day: str = ""  # local dates, "2026-12-23", both included: it ends by itself
    until_day: str = ""
    reason: str = ""
    requested_by: str = ""  # contact id on whose word
    identity_check: str = ""  # of that contact, made just now; "" only for a supervisor's own decision
    withdraws: str = ""  # id of the change


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


# -------------------------------------------------------------------------------------------------------------- cases


class CaseOpenRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="case_open_requested"):
    """A person opens a case by hand: a door opening, a service request, a report."""

    case_type: str
    site_id: str
    title: str
    priority: str
    actor: Actor
    form: dict[str, str] = {}


class CaseMoveRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="case_move_requested"):
    """A move of the case type's life cycle table: acknowledge, park, close, …"""

    case_id: str
    move: str
    actor: Actor
    form: dict[str, str] = {}


class CaseNoted(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="case_noted"):
    case_id: str
    text: str
    actor: Actor


class CaseStepRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="case_step_requested"):
    """An operator starts, finishes or reasons away a step of the response plan."""

    case_id: str
    step_id: str
    action: str  # "start", "done", "skip", "fail"
    actor: Actor
    outcome: str = ""  # answer of an `ask`, outcome of a call attempt
    note: str = ""
    # Step-level lock: the version of the case the operator looked at. 0 does not check; sending somebody out needs one.
    seen_version: int = 0
    # Outcome of a call: who was called, where the plan leaves that open, and at which number.
    contact_id: str = ""
    number: str = ""


class ClaimRenewRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="claim_renew_requested"):
    """The owner is still at it: a console that has the case open says so, or somebody who is about to telephone."""

    case_id: str
    actor: Actor
    hold_s: float = 0.0  # so long the claim shall stand without another word


class SlaClockRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sla_clock_requested"):
    """The clock of a guard's arrival is stopped, for a reason that is not the guard's, or goes on (R-85)."""

    case_id: str
    action: str  # "pause", "resume"
    actor: Actor
    reason: str = ""  # arcd.core.case.sla.PauseReason
    note: str = ""


# ------------------------------------------------------------------------------------------------ the world's answers


class EffectOutcome(StrEnum):
    DELIVERED = "delivered"
    REFUSED = "refused"  # the other side said no for good: do not repeat
    FAILED = "failed"  # did not get through: may be repeated


class EffectReported(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="effect_reported"):
    """What became of one attempt at a durable effect."""

    effect_id: str
    outcome: EffectOutcome
    detail: str = ""  # "250 2.0.0 accepted", "HTTP 503", "connection refused": never a body, a name or a secret


class GuardAnswer(StrEnum):
    """What a guard can say through the link (requirements 4.8)."""

    ACCEPT = "accept"
    DECLINE = "decline"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    INSPECTING = "inspecting"
    SECURED = "secured"
    NEEDS_AUTHORITY = "needs_authority"
    NEEDS_REPAIR = "needs_repair"
    CHECK_IN = "check_in"
    REPORT = "report"


class GuardAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="guard_answered"):
    offer_id: str
    answer: GuardAnswer
    actor: Actor
    eta_s: float | None = None
    report: dict[str, str] = {}


class AuthorityAction(StrEnum):
    NOTIFY = "notify"
    UPDATE = "update"
    CANCEL = "cancel"
    LEVEL = "level"  # of verification: requirements 2.5, the operator is the final arbiter


class AuthorityRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="authority_requested"):
    """An operator wants an authority told, told more, or told that it is over."""

    case_id: str
    action: AuthorityAction
    actor: Actor
    reason: str = ""  # why nevertheless, why it is over, why this level
    text: str = ""  # what to tell besides what the case says by itself
    level: int | None = None
    seen_version: int = 0  # as in CaseStepRequested


class CallAnswer(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    BUSY = "busy"


class AuthorityCalled(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="authority_called"):
    """An operator has called an authority by telephone. The machine never does."""

    case_id: str
    authority: str  # who was called: "Hätäkeskus"
    number: str
    called_at: int
    answer: CallAnswer
    actor: Actor
    person: str = ""  # who answered
    reference: str = ""  # the authority's own
    note: str = ""


class AuthorityAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="authority_answered"):
    """A genuine CAP message of the authority's machine."""

    source: str  # "cap_http", "cap_file"
    message: Alert


class AuthorityUnreadable(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="authority_unreadable"):
    """Something came from the authority's machine that is no usable CAP message; its beginning is kept."""

    source: str
    reason: str
    detail: str
    raw: bytes


AnyFact = (
    FrameReceived
    | FrameMalformed
    | AccountsHeard
    | Started
    | Stopped
    | ClockStepped
    | DeadlineReached
    | StepFailed
    | DaemonTroubled
    | RulesLoaded
    | CentreImported
    | SiteImported
    | SiteRemoved
    | ScheduleChangeRequested
    | FlagStartRequested
    | FlagEndRequested
    | FlagNoticed
    | SignalPromoted
    | IdentityChecked
    | CaseOpenRequested
    | CaseMoveRequested
    | CaseNoted
    | CaseStepRequested
    | ClaimRenewRequested
    | SlaClockRequested
    | EffectReported
    | GuardAnswered
    | AuthorityRequested
    | AuthorityCalled
    | AuthorityAnswered
    | AuthorityUnreadable
)
