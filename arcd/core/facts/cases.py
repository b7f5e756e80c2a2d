"""What people ask to be done with cases."""

from __future__ import annotations

from msgspec import field

from arcd.core.facts.base import Actor, Fact


class CaseOpenRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="case_open_requested"):
    """A person opens a case by hand: a door opening, a service request, a report."""

    case_type: str
    site_id: str
    title: str
    priority: str
    actor: Actor
    form: dict[str, str] = field(default_factory=dict)


class CaseMoveRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="case_move_requested"):
    """A move of the case type's life cycle table: acknowledge, park, close, …"""

    case_id: str
    move: str
    actor: Actor
    form: dict[str, str] = field(default_factory=dict)


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
