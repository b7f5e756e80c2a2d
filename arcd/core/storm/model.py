"""A storm and what belongs to it.

One rule: sums and not lists. Ten thousand children are ten thousand small rows and one storm with their counts.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from protocols.signals import Signal


class Phase(StrEnum):
    ACTIVE = "active"
    ENDING = "ending"  # recovered but for a remainder, which is split out when its time has passed
    QUIET = "quiet"  # over; remembered for the number of items its node may give people in an hour


class Storm(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By node: "operator:elisa", "network:elisa:apn-1", "listener:dc09-udp", "daemon", "mains:Espoo"."""

    id: str
    node: str
    began_at: int
    phase: Phase = Phase.ACTIVE
    case_id: str = ""
    children: int = 0  # ever
    back: int = 0  # of them, those that are well again
    categories: dict[str, int] = {}  # ATS category or system kind → children
    highest: tuple[tuple[int, str], ...] = ()  # (risk, site), the highest first
    pairs: int = 0  # children that are paths of a system with two, and stand for it
    pairs_cut_off: int = 0  # of those systems, both paths of which are down
    items: tuple[int, ...] = ()  # when people were given one because of this node, in the last hour


class Candidate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fault that no storm explains yet. Kept as long as it can count towards one."""

    at: int
    nodes: tuple[str, ...]  # root first


class Child(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fault that belongs to a storm, well again or not. The rest is there for mains failures only."""

    node: str
    is_back: bool = False
    label: str = ""
    seq: int = 0
    at: int = 0
    site_id: str = ""
    account_key: str = ""
    account: str = ""
    signal: Signal | None = None  # what a person is told if it remains
