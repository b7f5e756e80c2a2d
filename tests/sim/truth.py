"""What really happened, whatever the centre makes of it.

One rule: written by the world alone, before anything is sent.
"""

from __future__ import annotations

from msgspec import Struct, field

from arcd.core.record import Judgement

ALARM, LIFE, ROUTINE, TROUBLE, RESTORE = "alarm", "life", "routine", "trouble", "restore"
# What each code is to the people at the site; nothing is asked of the centre's own tables.
SORTS = {
    "BA": ALARM, "TA": ALARM, "HA": LIFE, "FA": LIFE, "MA": LIFE, "BR": RESTORE, "HR": RESTORE, "FR": RESTORE,
    "TR": RESTORE, "OP": ROUTINE, "CL": ROUTINE, "RP": ROUTINE, "BC": ROUTINE, "AT": TROUBLE, "AR": RESTORE,
    "YC": TROUBLE, "YK": RESTORE, "YT": TROUBLE, "YR": RESTORE,
}  # fmt: skip


class Happening(Struct, kw_only=True):
    """One event at one site, told once or, over two paths, twice."""

    site_id: str
    code: str
    zone: str
    at: int  # true time
    is_of_burst: bool = False  # a source that does not stop: may be folded
    messages: list[Message] = field(default_factory=list)

    @property
    def sort(self) -> str:
        return SORTS[self.code]


class Judged(Struct, frozen=True, kw_only=True):
    """What the journal says of a message, and when."""

    seq: int
    at: int  # true time
    judgement: Judgement


class Message(Struct, kw_only=True):
    """One frame's worth, as its panel keeps it until it is acknowledged."""

    happening: Happening
    account: str
    sequence: int
    code: str
    data: str
    extended: tuple[str, ...] = ()
    frame: bytes = b""
    sealed: bytes = b""  # its timestamp, where nobody on the way can change that; a header they can
    acknowledged_at: int | None = None
    judged: list[Judged] = field(default_factory=list)
