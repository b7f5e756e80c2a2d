"""A notice to a transmission operator: which lines are down, whether it arrived, and what was answered (R-19).

One rule: bounded. The first lines are named; of the others there is a count, and each is found through the table
`line_notices` as long as it is down.
"""

from __future__ import annotations

from msgspec import Struct

LISTED_MAX = 50  # lines named in a notice
WAITING = ""  # a line in `line_notices` that is down and not yet in any notice


class NoticeLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    key: str  # "<site>/<system>/<path>"
    operator_id: str = ""
    since: int  # when it was last heard
    up_at: int | None = None
    held_until: int = 0  # reported no earlier


class OperatorNotice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """To one operator about one fault: of one site, or of many at once."""

    id: str
    operator_id: str
    at: int
    site_id: str = ""  # "": many sites
    lines: tuple[NoticeLine, ...] = ()  # the first of them
    count: int = 0  # all of them
    down: int = 0  # of which are still down
    effect_id: str = ""  # "": no address to write to
    delivered_at: int | None = None
    is_undelivered: bool = False  # for good: nobody was told
    ticket: str = ""
    answer: str = ""
    answered_at: int | None = None
    answered_by: str = ""
    repair_expected_at: int | None = None
    told_until: str = ""  # cases of its lines up to this key know that it was told
    over_at: int | None = None  # the lines are back: when they were told so, or need not be
    over_effect_id: str = ""
    over_delivered_at: int | None = None

    @property
    def is_wide(self) -> bool:
        return not self.site_id
