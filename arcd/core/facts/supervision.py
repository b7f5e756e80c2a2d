"""Facts of line supervision: paths that fell silent, and paths that speak again."""

from __future__ import annotations

from arcd.core.facts.base import Fact


class PathsSilent(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="paths_silent"):
    """Their limits have passed: "<site>/<system>/<path>" → when it was last heard (ns UTC).

    Times of last hearing are not in the state while a path is up; the fact that decides carries those it decides on.
    """

    silent: dict[str, int]


class PathsHeardAgain(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="paths_heard_again"):
    """Silent paths that have spoken for long enough to be believed: path → when it was last heard (ns UTC)."""

    heard: dict[str, int]
