"""What is known of an output.

One rule: only what is not at rest is remembered: on, being switched, or unknown. An output nobody has switched is off.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class RelayStatus(StrEnum):
    SWITCHING = "switching"
    ON = "on"
    UNKNOWN = "unknown"  # somebody has to look


class RelayRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    status: RelayStatus
    since: int
    by: str  # who asked
    effect_id: str = ""
    was_on: bool = False  # before it was switched: what it is again when nothing came of it
    case_id: str = ""
    step_id: str = ""
    detail: str = ""  # of the attempt that left it unknown


def relay_key(site_id: str, relay_id: str) -> str:
    """Ids hold no slash (`arcd.sitebase.forms`)."""
    return f"{site_id}/{relay_id}"
