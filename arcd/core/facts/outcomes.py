"""What the world answers: effects, guards, authorities."""

from __future__ import annotations

from enum import StrEnum

from msgspec import field

from arcd.core.facts.base import Actor, Fact
from protocols.cap.message import Alert


class EffectOutcome(StrEnum):
    DELIVERED = "delivered"
    REFUSED = "refused"  # the other side said no for good: do not repeat
    FAILED = "failed"  # did not get through: may be repeated
    UNKNOWN = "unknown"  # may have happened or not: never repeated, a person finds out


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
    report: dict[str, str] = field(default_factory=dict)


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
