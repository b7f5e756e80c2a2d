"""Facts of the wire: frames, bytes that were none, proof of life."""

from __future__ import annotations

from msgspec import field

from arcd.core.facts.base import Fact
from protocols.codec import Malformed, Received


class FrameReceived(Fact, frozen=True, gc=False, kw_only=True, omit_defaults=True, tag="frame_received"):
    """A whole frame from a premises, genuine or not (`received.problem`)."""

    trace: str
    gateway: str  # which listener: "dc09-tcp"
    peer: str  # "192.0.2.7:41234"
    received: Received
    # Points on a bus (`arcd.core.field_levels`) that are active from now on, or at rest again. What is known of a point
    # changes with the fact that reports it, so a restart neither misses an edge nor reports one twice.
    levels: dict[str, bool] = field(default_factory=dict)


class FrameMalformed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="frame_malformed"):
    """Bytes that were no frame. Folded by the shell per source and minute: `count` arrivals, the first kept whole."""

    trace: str
    gateway: str
    peer: str
    malformed: Malformed
    count: int = 1


class AccountsHeard(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="accounts_heard"):
    """Proof of life since the last such fact: account key → last heard. Keeps heartbeats out of the journal.

    Supervised paths are told of otherwise. `paths` names those that speak seldom, each with its own instant; all that
    speak often and are up were heard since the instant in `floors`, by the length of silence they are allowed.
    """

    heard: dict[str, int]
    paths: dict[str, int] = {}  # noqa: RUF012 – msgspec copies an empty default for every instance
    floors: dict[str, int] = {}  # noqa: RUF012 – likewise
