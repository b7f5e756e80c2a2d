"""What one step leaves in the journal beside its fact: judgements on signals, notes on everything else, effects.

One rule: enough for a person to understand, months later, what the machine did and why, without the code at hand.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from arcd.core.effects import AnyEffect
from arcd.core.facts import AnyFact
from rules.model import Decision


class Judged(StrEnum):
    """What became of a signal."""

    OPENED = "opened"  # a new case
    JOINED = "joined"  # attached to an open case
    LOGGED = "logged"  # kept in the site's history; its plan asks nothing of anyone
    RESTORED = "restored"  # matched an unrestored alarm or trouble
    DUPLICATE = "duplicate"  # a retransmission: acknowledged again, counted once
    COPY = "copy"  # the same message over another path: attached to what became of the first
    PENDING = "pending"  # waits for a restore or an opening; judged again at its deadline
    SWINGER = "swinger"  # a zone that trips and restores without end: logged, one ticket
    HELD = "held"  # on test or out of service
    REFUSED = "refused"  # not genuine: see the trouble raised instead
    FOLDED = "folded"  # counted in the case of a trouble or of a source that runs away


class Judgement(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One signal's fate. `index` counts the signals of the frame from 0; `because` is the rule in a few words.

    `seq` names the entry the signal came with when that is another one: it waited, or was made live later.
    """

    index: int
    judged: Judged
    because: str = ""
    case_id: str = ""
    flag_id: str = ""
    seq: int = 0
    decision: Decision | None = None


class Note(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Anything else that happened in the step: "case.opened", "step.started", "dispatch.accepted", …"""

    what: str
    subject: str = ""  # case or flag id
    detail: dict[str, str | int | float | bool | None] = {}


class StepRecord(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The payload of one journal entry."""

    fact: AnyFact
    judgements: tuple[Judgement, ...] = ()
    notes: tuple[Note, ...] = ()
    effects: tuple[AnyEffect, ...] = ()
