"""One notification of an authority as a value: what was checked, what was told, what was answered.

One rule: a case has at most one, and bounded. Later messages refer to its first (requirements 4.9, dedup).
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from protocols.cap.message import Alert

NEWS_MAX = 50  # answers shown with the case; all of them are in the journal
SEEN_MAX = 200  # identifiers of answers, to know a repeated one
MESSAGES_MAX = 50  # ours; an update beyond it is for the telephone
PHONE_TASKS_MAX = 50
CALLS_MAX = 50


class CheckResult(StrEnum):
    PASSED = "passed"
    CONFIRM = "confirm"  # an operator may go on, with a reason
    REFUSED = "refused"


class Check(Struct, frozen=True, kw_only=True):
    """One check of R-80. `because` is a key of `script.BECAUSE`."""

    name: str
    result: CheckResult
    because: str


class AuthorityStatus(StrEnum):
    CREATED = "created"  # the plan has come to it; an operator decides
    GATED = "gated"  # a check asks for an operator's reason first
    CALLING = "calling"  # an operator is asked to call
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"  # also: the message did not get through
    CANCELLED = "cancelled"
    CLOSED = "closed"


# The authority has been told, or may have been: a second Alert would be a second emergency.
TOLD = frozenset(
    {
        AuthorityStatus.CALLING,
        AuthorityStatus.SENT,
        AuthorityStatus.ACCEPTED,
        AuthorityStatus.REJECTED,
        AuthorityStatus.NO_ANSWER,
        AuthorityStatus.CANCELLED,
    }
)


class Purpose(StrEnum):
    NOTIFY = "notify"
    UPDATE = "update"
    CANCEL = "cancel"


class SentMessage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    alert: Alert
    purpose: Purpose
    effect_ids: tuple[str, ...] = ()  # one, and another when it was sent again
    delivered_at: int | None = None
    answer: str = ""  # "accepted", "rejected", "undelivered"


class PhoneCall(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an operator says about a call they made."""

    at: int
    called_at: int
    authority: str
    number: str
    answer: str  # CallAnswer
    by: str
    person: str = ""
    reference: str = ""
    note: str = ""


class PhoneTask(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """ "Call by phone now": open until a call is recorded or the reason for it is gone."""

    asked_at: int
    purpose: Purpose
    because: str  # a key of `script.PHONE_BECAUSE`
    text: str = ""  # what to tell besides the script
    settled_at: int | None = None
    settled_how: str = ""  # "called", "answered", "cancelled", "skipped", "closed"
    calls: tuple[PhoneCall, ...] = ()


class News(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the authority's machine said."""

    at: int
    sent: str
    identifier: str
    kind: str  # "accepted", "rejected", "receipt", "update", "outdated", "status_differs"
    text: str = ""
    status: str = ""  # "dispatched", "arrived", "closed", "question" where it says one


class AuthorityNotification(Struct, frozen=True, kw_only=True, omit_defaults=True):
    created_at: int
    status: AuthorityStatus = AuthorityStatus.CREATED
    step_id: str = ""  # the step of the plan that asked for it; "" when an operator did
    recipients: str = ""  # its call list: whom to phone
    checks: tuple[Check, ...] = ()
    override_reason: str = ""
    overridden_by: str = ""
    actual: bool = False  # what the first message said, and every later one
    told_level: int = 0
    told_cancel: bool = False
    messages: tuple[SentMessage, ...] = ()
    awaiting: str = ""  # identifier of the message whose answer is waited for
    phone: tuple[PhoneTask, ...] = ()
    reference: str = ""  # the authority's own, of the call-for-service
    rejected_because: str = ""
    answered_sent: int = 0  # the newest decisive answer's own time: an older one that comes late changes nothing
    news: tuple[News, ...] = ()
    seen: tuple[str, ...] = ()

    @property
    def open_phone(self) -> PhoneTask | None:
        return self.phone[-1] if self.phone and self.phone[-1].settled_at is None else None

    @property
    def is_told(self) -> bool:
        return self.status in TOLD

    def message(self, identifier: str) -> SentMessage | None:
        return next((each for each in self.messages if each.alert.identifier == identifier), None)

    @property
    def first(self) -> SentMessage | None:
        return self.messages[0] if self.messages else None
