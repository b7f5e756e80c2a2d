"""Everything the core can want done: the only way it touches the world.

Two sorts. Immediate effects answer the one who caused the step; they are worth nothing after a crash and are dropped
then (`Reply`, `Answer`, `ProfilesChanged`). Durable effects have an id, wait in the outbox, survive a crash, and are
performed at least once under the same id, so performing one twice must be harmless. Their outcome is a fact.
"""

from __future__ import annotations

from msgspec import Struct

from protocols.cap.message import Alert
from protocols.codec import ReplyKind

# -------------------------------------------------------------------------------------------------------- immediate


class Reply(Struct, frozen=True, gc=False, kw_only=True, tag="reply", tag_field="effect"):
    """What the sender of the frame is told. Leaves after the commit, never before."""

    reply: ReplyKind


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="answer", tag_field="effect"):
    """Outcome of a request. A refusal names the rule and says what would be accepted."""

    granted: bool
    rule: str = ""  # "R-62", "case.move", "flag.expiry": what refused it
    message: str = ""
    subject: str = ""  # the case or flag the request made or changed


class ProfilesChanged(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="profiles_changed", tag_field="effect"
):
    """Accounts of a site were imported or removed: the codecs' wire profiles must follow."""

    site_id: str


class ErasePayloads(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="erase_payloads", tag_field="effect"):
    """These entries lose payload and salt, in the very transaction that says so; these cases their rows in lists."""

    seqs: tuple[int, ...]
    cases: tuple[str, ...] = ()


class PruneEntries(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="prune_entries", tag_field="effect"):
    """Entries up to `through` are given up, whole; hash and tree (hex) stand for them."""

    through: int
    hash: str
    peaks: tuple[str, ...]


# ---------------------------------------------------------------------------------------------------------- durable


class SendMail(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="send_mail", tag_field="effect"):
    """`{link}` in the body is replaced by the guard's personal link at the moment of sending, so that the token never
    enters the journal."""

    id: str
    to: tuple[str, ...]
    subject: str
    body: str
    offer_id: str = ""  # set for a job offer: names the link
    case_id: str = ""
    notice_id: str = ""  # of a notice to a transmission operator
    attempt: int = 1


class SendPage(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="send_page", tag_field="effect"):
    """A call to a pager over a paging line. Performed twice it beeps twice, with the same text."""

    id: str
    address: str  # the pager's number
    text: str
    urgency: str = "3"  # ESPA record 6: 1 alarm, 2 high, 3 normal
    beep: str = ""  # ESPA record 3, as the paging system has it set up
    line: str = ""  # "": the first that is set up
    case_id: str = ""
    attempt: int = 1


class PostWebhook(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="post_webhook", tag_field="effect"):
    """A signed JSON POST. `payload` gains `links` at the moment of sending when it is a job offer."""

    id: str
    url: str
    topic: str  # "dispatch.offer", "dispatch.cancel", "message", "line.fault", "line.over"
    payload: dict[str, object]
    offer_id: str = ""
    case_id: str = ""
    notice_id: str = ""  # of a notice to a transmission operator
    attempt: int = 1


class SendAlert(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="send_alert", tag_field="effect"):
    """A CAP message to the authority's machine. Sent again it is the same message, known by its identifier."""

    id: str
    message: Alert
    case_id: str
    attempt: int = 1


class SwitchRelay(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="switch_relay", tag_field="effect"):
    """An output of a field device switched on, off, or on for a while.

    Never performed twice: one that was under way when the daemon ended comes back `resumed`, and then the output is
    read and a pulse that still stands is ended, but nothing is switched on again.
    """

    id: str
    site_id: str
    relay_id: str
    device: str
    coil: int
    on: bool
    expires_at: int  # not switched on after this instant
    pulse_s: float | None = None
    feedback: int | None = None  # the discrete input that follows the contact
    excludes: tuple[tuple[str, int], ...] = ()  # devices and coils of the interlock group: all must be off
    resumed: bool = False
    case_id: str = ""
    attempt: int = 1


JournalEffect = ErasePayloads | PruneEntries  # performed by the commit itself
ImmediateEffect = Reply | Answer | ProfilesChanged | JournalEffect
DurableEffect = SendMail | SendPage | PostWebhook | SendAlert | SwitchRelay
AnyEffect = ImmediateEffect | DurableEffect


class PendingEffect(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A durable effect under way, as the state remembers it."""

    effect: DurableEffect
    waiting: bool = False  # between two attempts
