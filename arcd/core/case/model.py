"""A case as a value: anything people work on, from an alarm to a door opening.

One rule: bounded and complete. What an operator needs to see and what a restart needs to go on stands here; the long
story stands in the journal, under the case's id.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from arcd.core.case.authority.model import AuthorityNotification
from arcd.core.site import Contact
from protocols.signals import Category, Signal
from rules.model import Plan, Priority

# The first signals tell how it began, the last how it stands; those between are counted and stay in the journal.
SIGNALS_FIRST_MAX = 20
SIGNALS_LAST_MAX = 20
NOTES_MAX = 500
NOTE_CHARS_MAX = 4000
# Of a case type that keeps its moves: how it began, and how it stands; all of them are in the journal.
MOVES_FIRST_MAX = 50
MOVES_LAST_MAX = 100
INFORMED_MAX = 100


class CaseSignal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A signal as attached to a case. `seq` names its journal entry."""

    seq: int
    at: int
    signal: Signal
    account: str
    system_id: str = ""
    zone_name: str = ""
    repeats: int = 0  # retransmissions and folded repeats after it
    last_at: int | None = None  # the last of those folded
    copies: int = 0  # arrivals over another path
    delayed_s: float = 0.0  # how old it was when it came, by the panel's clock; 0: on time


class StepStatus(StrEnum):
    PENDING = "pending"  # not reached yet, or a reserve step nobody has jumped to
    ACTIVE = "active"
    OVERDUE = "overdue"  # its timeout ran out; it can still be done
    DONE = "done"
    SKIPPED = "skipped"  # with a reason
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"  # its condition did not hold when it was reached


SETTLED = frozenset({StepStatus.DONE, StepStatus.SKIPPED, StepStatus.FAILED, StepStatus.NOT_APPLICABLE})


class CallAttempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    at: int
    contact_id: str
    outcome: str
    by: str
    number: str = ""  # as dialled: evidence


class StepState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    status: StepStatus = StepStatus.PENDING
    started_at: int | None = None
    ended_at: int | None = None
    by: str = ""
    outcome: str = ""
    note: str = ""
    # call: the list as it stood when the step started, whose turn it is, and what was tried.
    call_list: tuple[Contact, ...] = ()
    next_call: int = 0
    attempts: tuple[CallAttempt, ...] = ()


class DispatchStatus(StrEnum):
    """requirements 4.8."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ON_SITE = "on_site"
    INSPECTING = "inspecting"
    SECURED = "secured"
    NEEDS_AUTHORITY = "needs_authority"
    NEEDS_REPAIR = "needs_repair"
    REPORTED = "reported"
    EXHAUSTED = "exhausted"  # no guard left to offer it to
    CANCELLED = "cancelled"


class OfferStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TIMED_OUT = "timed_out"
    UNDELIVERED = "undelivered"
    WITHDRAWN = "withdrawn"


class Offer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    guard_id: str
    at: int
    status: OfferStatus = OfferStatus.OPEN
    answered_at: int | None = None
    effect_ids: tuple[str, ...] = ()
    failed_effects: int = 0


class SlaPause(Struct, frozen=True, kw_only=True, omit_defaults=True):
    at: int
    reason: str
    by: str
    until: int | None = None  # None: it lasts
    note: str = ""


class Dispatch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One guard job. Offers are made in the order of `guard_ids`; at most one of them is ever accepted."""

    step_id: str
    guard_ids: tuple[str, ...]
    decided_at: int
    status: DispatchStatus = DispatchStatus.OFFERED
    offers: tuple[Offer, ...] = ()
    guard_id: str = ""  # who accepted
    accepted_at: int | None = None
    on_site_at: int | None = None
    eta: int | None = None
    offer_timeout_s: float = 60.0
    sla_s: float | None = None
    sla_started_at: int | None = None  # decided_at, or the signal's receipt where the contract says so
    sla_pauses: tuple[SlaPause, ...] = ()
    sla_warned: bool = False
    sla_breached: bool = False
    report: dict[str, str] = {}


class CaseNote(Struct, frozen=True, kw_only=True):
    at: int
    by: str
    text: str


class MoveMade(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A move with what was filled in for it: a round that is reported every hour overwrites no earlier one."""

    at: int
    move: str
    state: str  # where it led
    by: str
    form: dict[str, str] = {}


class ClockCalls(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How often one clock of a case type has called for somebody lately, whichever the case."""

    since: int
    count: int = 0


class Informed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who was told of the matter; who was told once is told again when it is over (R-21)."""

    party: str  # "operator/telia", "contact/helmi", or a name as written
    name: str
    how: str  # "mail", "phone", …
    at: int
    by: str
    reference: str = ""
    address: str = ""  # where the machine can write again
    language: str = ""
    over_at: int | None = None
    over_how: str = ""
    over_by: str = ""
    over_reference: str = ""


class Case(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    type: str
    state: str
    site_id: str  # "" for a matter of the centre itself
    fold_key: str  # what later signals must match to join while it is open
    title: str
    category: Category | None = None
    priority: Priority = Priority.P2
    opened_at: int = 0
    opened_by: str = "daemon"
    closed_at: int | None = None
    # The site as it stood when the case opened is in the journal; the name is here for lists.
    site_name: str = ""
    route: str = ""
    rules_digest: str = ""
    plan: Plan | None = None  # the version in force, frozen into the case
    steps: tuple[StepState, ...] = ()
    flow: str = ""  # the step that holds the plan's flow; "" when the plan has run to its end
    dispatches: tuple[Dispatch, ...] = ()
    authority: AuthorityNotification | None = None
    signals: tuple[CaseSignal, ...] = ()
    signal_count: int = 0
    notes: tuple[CaseNote, ...] = ()
    form: dict[str, str] = {}
    owner: str = ""
    returned_at: int | None = None  # when it came back into the queue: its clocks count from there
    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    verification: int = 0
    verified_by: str = ""  # the operator who set it; "" while it is the machine's proposal
    evidence: tuple[str, ...] = ()  # what the verification rests on, arcd.core.conditioning.levels
    plan_held: str = ""  # why the plan waits for a person before it starts: "delayed"
    proposal: str = ""  # the disposition that the machine proposes
    attention: int = 0  # how often a clock or an unanswered step has called for a person
    disposition: str = ""
    moves_made: tuple[MoveMade, ...] = ()  # of case types that keep them
    informed: tuple[Informed, ...] = ()
    version: int = 1  # grows with every change: the step-level lock compares it

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def step(self, step_id: str) -> StepState | None:
        return next((step for step in self.steps if step.id == step_id), None)

    def with_step(self, state: StepState) -> Case:
        return replace(self, steps=tuple(state if old.id == state.id else old for old in self.steps))

    def with_dispatch(self, dispatch: Dispatch) -> Case:
        """A step that is done again has a dispatch of its own; its decision tells it from the one before."""
        job = (dispatch.step_id, dispatch.decided_at)
        return replace(
            self,
            dispatches=tuple(dispatch if (old.step_id, old.decided_at) == job else old for old in self.dispatches),
        )

    def dispatch_of_offer(self, offer_id: str) -> Dispatch | None:
        return next(
            (dispatch for dispatch in self.dispatches if any(offer.id == offer_id for offer in dispatch.offers)), None
        )
