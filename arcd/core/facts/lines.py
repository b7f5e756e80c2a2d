"""What people say about faults of lines: what the transmission operator answered, and who was told."""

from __future__ import annotations

from arcd.core.facts.base import Actor, Fact


class OperatorAnswered(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="operator_answered"):
    """A transmission operator's answer to a notice, as a person took it (R-19)."""

    notice_id: str
    actor: Actor
    ticket: str = ""
    answer: str = ""
    repair_expected_at: int | None = None


class PartyInformed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="party_informed"):
    """Somebody is told of a case, or that it is over (R-21). Told by mail, the machine writes it."""

    case_id: str
    actor: Actor
    how: str  # "mail": the machine writes; anything else was done already: "phone", "in person"
    contact_id: str = ""  # of the site, else of the centre
    name: str = ""  # of somebody who is no contact
    is_over: bool = False
    text: str = ""  # added to the mail
    reference: str = ""
    told_at: int | None = None
