"""What is remembered of paths and transmission systems that are down.

One rule: a path that is up has no row. When each of them was last heard is kept beside the state (`watch`) and enters
the journal folded.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class PathFault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A silent path. Key: "<site>/<system>/<path>"."""

    since: int  # when it was last heard: the fault began there, not where we noticed
    detected_at: int
    confirmed_at: int = 0  # 0: it still settles; a frame now, and it was nothing
    nodes: tuple[str, ...] = ()  # what it depends on, from the daemon down to its network
    storm: str = ""  # the node whose storm it belongs to
    is_signalled: bool = False  # it has been put before a person by itself


class AtsFault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A transmission system all of whose paths are down: the site is cut off. Key: "<site>/<system>"."""

    since: int  # when the last of its paths was last heard
    detected_at: int
    storm: str = ""
    is_signalled: bool = False


class Marks(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the last frames of a path have shown of its device. Key: "<site>/<system>/<path>"."""

    hardware: str = ""  # its own address, where it tells it
    receiver: str = ""  # the receiver number it reports to
    host: str = ""  # where it comes from, for paths whose address is fixed


class ChangeKind(StrEnum):
    PATH_FAILED = "path.failed"
    PATH_RESTORED = "path.restored"
    ATS_FAILED = "ats.failed"
    ATS_RESTORED = "ats.restored"


class PathChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A path or a transmission system has failed or is back.

    Confirmed: a silence that ends while it settles is no change. One that is part of a storm is a change like any
    other (`storm` names the node), although nobody is called for it.
    """

    kind: ChangeKind
    at: int
    site_id: str
    system_id: str
    since: int  # start of the fault: when it was last heard
    category: str = ""
    path_id: str = ""  # "" for the transmission system
    storm: str = ""
    limit_s: float = 0.0  # of its reporting time
