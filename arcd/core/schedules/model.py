"""What is remembered of an area's openings and closings.

One rule: bounded. The past is the journal's; here is what the next judgement needs.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from arcd.core.calendars import Change

CHANGES_MAX = 50  # temporary changes in force or still to come, per area


class AreaRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    armed: bool | None = None  # by the last opening or closing heard; one frame may hold both
    opened_at: int | None = None
    closed_at: int | None = None
    changes: tuple[Change, ...] = ()  # in the order they were made
    standing: dict[str, str] = {}  # code of a matter that the next opening or closing ends → its case

    @property
    def is_open(self) -> bool:
        return self.armed is False

    @property
    def is_closed(self) -> bool:
        return self.armed is True

    def without_past_changes(self, today: str) -> AreaRun:
        return replace(self, changes=tuple(change for change in self.changes if change.until_day >= today))


def area_id(site_id: str, system_id: str, area: str) -> str:
    """ "K-1/panel/1": ids have no slash. `area` without leading zeros."""
    return f"{site_id}/{system_id}/{area}"
