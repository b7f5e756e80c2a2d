"""How real panels deviate from DC-09, one row each: what is set for an account that says `dialect: NAME`.

One rule: a row only names what somebody has seen, and who. What is harmless for everybody (a binary CRC, an account
that is no hex, NUL between frames) every account is forgiven; a row says then that it is expected and no news. What
would weaken the reading (a CRC that is not checked, a wider window) is set by a row and never guessed from a frame.
Rows come from protocols.md 6, which has one source each unless said; each has a test with its frame.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from protocols.codec import ConnectionPolicy
from protocols.dc09.codec import LINE_ABSENT
from protocols.dc09.frame import BINARY_CRC, DECIMAL_LENGTH

WINDOW_PAST_S: Final = 40.0  # DC-09-2013 5.5.1.9, MINDIFF
WINDOW_FUTURE_S: Final = 20.0  # the same, MAXDIFF


class Dialect(Struct, frozen=True, kw_only=True):
    """`window_past_s` and `window_future_s` bound the panel's clock against ours; an account may set its own."""

    name: str
    panel: str
    says: str  # what deviates, for people
    source: str
    window_past_s: float = WINDOW_PAST_S
    window_future_s: float = WINDOW_FUTURE_S
    ignore_crc: bool = False
    encoding: str = "utf-8"
    month_from_zero: bool = False
    connection: ConnectionPolicy = ConnectionPolicy.KEEP_OPEN
    idle_limit_s: float | None = None  # None: the limit of the settings
    takes_key_change: bool = False
    expected: frozenset[str] = frozenset()  # remarks that are no news of this panel; never one that decides anything


_ROWS: Final = (
    Dialect(
        name="standard",
        panel="any panel that keeps to DC-09",
        says="nothing deviates",
        source="DC-09-2013, DC-09-2021",
    ),
    Dialect(
        name="dc09-2026",
        panel="a panel of revision 2026",
        says="takes a new key as extended data K of an encrypted RSP",
        source="DC-09-2026 5.5.1.8 and Annex H as siadc09 1.0.1 reads them; key rotation announced by SIA 2026-03-03",
        takes_key_change=True,
    ),
    Dialect(
        name="ajax",
        panel="Ajax Hub, Hub 2",
        says="clock up to 80 s off; calls the receiver unavailable when it closes; photo addresses in V",
        source="pysiaalarm #14, eavanvalkenburg/sia #46 (clock); ioBroker.sia #20, sia-ultimate 1.0.2 (closing)",
        window_past_s=120.0,
        window_future_s=120.0,
        idle_limit_s=25 * 3600.0,  # its test period reaches 24 hours (Ajax manual)
    ),
    Dialect(
        name="hikvision",
        panel="Hikvision AX Pro, DS-PW",
        says="link tests with data and R0, sequence always 0000, S in UTF-8, a pad of one letter",
        source="eavanvalkenburg/sia #17, rydikov/adm-cid-alarm-receiver",
    ),
    Dialect(
        name="dahua",
        panel="Dahua ARC",
        says="several frames in one segment; room in R and user in I",
        source="pysiaalarm #54",
    ),
    Dialect(
        name="eldes",
        panel="Eldes ESIM",
        says="CRC over a range nobody has found, length one too high or in decimal, account repeated in R and L",
        source="protocols.md 6 (three frames), pysiaalarm fixture 57150047",
        ignore_crc=True,
        expected=frozenset({DECIMAL_LENGTH}),
    ),
    Dialect(
        name="eaton",
        panel="Eaton, Scantronic",
        says="sequence always 0000, no timestamp, time and user inside the block",
        source="protocols.md 6",
    ),
    Dialect(
        name="trikdis",
        panel="TRIKDIS E16 and others of 2007 to 2012",
        says="CRC as two raw bytes; answered in the same form",
        source="ioBroker.sia getcrcFormat",
        expected=frozenset({BINARY_CRC}),
    ),
    Dialect(
        name="lupusec",
        panel="Lupusec XT",
        says="CRC as two raw bytes; answered in the same form",
        source="pysiaalarm #52",
        expected=frozenset({BINARY_CRC}),
    ),
    Dialect(
        name="pyronix",
        panel="Pyronix Enforcer",
        says="no R; refuses a reply that shows one",
        source="pysiaalarm #88, home-assistant/core #180511",
    ),
    Dialect(
        name="month-from-zero",
        panel="an unnamed Chinese panel",
        says="months counted from 00, L without digits, NUL behind CR",
        source="ioBroker.sia #11, #19",
        month_from_zero=True,
    ),
    Dialect(
        name="focus",
        panel="Focus FC-7688",
        says="an account that is no hex number",
        source="pysiaalarm #36",
    ),
    Dialect(
        name="jablotron",
        panel="Jablotron JA-106K",
        says="several text packets in a block",
        source="protocols.md 6",
    ),
    Dialect(
        name="galaxy-ion40h",
        panel="Resideo (Honeywell) i-on40H",
        says="repeats whole bursts when an ACK is late",
        source="protocols.md 6",
    ),
    Dialect(
        name="iris-4",
        panel="Chiron IRIS-4",
        says="drops the line unless its link tests are acknowledged",
        source="ioBroker.sia #63",
    ),
    Dialect(
        name="one-shot",
        panel="diallers that wait for the receiver to hang up",
        says="send one message a connection and stay silent until it is closed",
        source="one message per connection: utcar, for Aritech ATS and Advisor",
        connection=ConnectionPolicy.CLOSE_AFTER_REPLY,
        idle_limit_s=60.0,
    ),
    Dialect(
        name="no-line",
        panel="diallers that leave L out",
        says="no L field at all, although the standard requires one",
        source="fioletoven/dc09 parser.rs tests",
        expected=frozenset({LINE_ABSENT}),
    ),
)

DIALECTS: Final = {row.name: row for row in _ROWS}
STANDARD: Final = DIALECTS["standard"]


def dialect_of(name: str) -> Dialect:
    """The row of that name; for "" and for one that a later version has dropped, the standard's."""
    return DIALECTS.get(name, STANDARD)
