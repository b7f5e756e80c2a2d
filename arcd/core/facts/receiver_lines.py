"""Facts of the lines that alarm receivers and paging systems are connected by: what is set up, lost, open, heard."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from arcd.core.facts.base import Fact


class LineRole(StrEnum):
    RECEIVER = "receiver"  # alarms of many sites come in over it
    PAGER = "pager"  # calls go out, or come in from a nurse call or paging system


class LineFault(StrEnum):
    """Why a port cannot be used. Bounded: what the system said stands beside it."""

    ABSENT = "absent"  # no such port: unplugged; nobody listens at the address
    DENIED = "denied"  # the daemon may not open it
    BUSY = "busy"  # another program has it
    FAILED = "failed"  # it refuses its settings, or broke while in use
    CLOSED = "closed"  # the other side hung up
    SLOW = "slow"  # opening it does not come to an end


class LineSetUp(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as the settings of this run describe it."""

    name: str
    dialect: str
    where: str  # "/dev/ttyS0 9600 8N1", "192.0.2.7:1025"
    role: LineRole = LineRole.RECEIVER
    silence_s: float = 0.0  # without a valid message for so long it is silent; 0: nothing is expected of it


class LineLost(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="line_lost"):
    """The port of a line is gone, or could not be opened. Said once; it is tried again without another word."""

    line: str
    fault: LineFault
    detail: str = ""  # "No such file or directory"


class LineRestored(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="line_restored"):
    """The port of a line is open: at the start, or again."""

    line: str


class LinesHeard(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="lines_heard"):
    """Valid messages since the last such fact, heartbeats too: line → last heard. Keeps those out of the journal."""

    heard: dict[str, int]
