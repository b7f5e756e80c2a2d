"""What is known of points on a bus: which are active.

One rule: a level is forgotten only together with its point. A point that comes into the site base is taken to be at
rest, so that one that stands active from the start is reported.
"""

from __future__ import annotations

from arcd.core.site import Site
from arcd.core.turn import Turn

# Stands in the place of a point's id: the device itself does not answer.
LOST = "!lost"


def level_key(site_id: str, point_id: str) -> str:
    """Ids hold no slash (`arcd.sitebase.forms`)."""
    return f"{site_id}/{point_id}"


def lost_key(site_id: str, system_id: str, device: str) -> str:
    return f"{site_id}/{LOST}/{system_id}/{device}"


def keys_of(site: Site | None) -> frozenset[str]:
    if site is None:
        return frozenset()
    keys = set()
    for system in site.systems:
        for point in system.points:
            keys.add(level_key(site.id, point.id))
            keys.add(lost_key(site.id, system.id, point.device))
    return frozenset(keys)


def on_site(turn: Turn, previous: Site | None, site: Site | None) -> None:
    for key in keys_of(previous) - keys_of(site):
        turn.state.levels.drop(key)


def remember(turn: Turn, key: str, *, active: bool) -> None:
    if active:
        turn.state.levels.put(key, True)
    else:
        turn.state.levels.drop(key)
