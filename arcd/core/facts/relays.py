"""What people ask of outputs."""

from __future__ import annotations

from enum import StrEnum

from arcd.core.facts.base import Actor, Fact


class RelayAction(StrEnum):
    PULSE = "pulse"
    ON = "on"
    OFF = "off"
    SETTLE = "settle"  # somebody looked at an output of unknown state, and it is off


class RelayRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="relay_requested"):
    """A door or gate is opened on the word of a contact whose identity was checked just now (R-29, R-31)."""

    site_id: str
    relay_id: str
    action: RelayAction
    reason: str
    actor: Actor
    case_id: str = ""
    step_id: str = ""  # of that case's plan: done when the output has been read back
    requested_by: str = ""  # contact id
    identity_check: str = ""  # of that contact
