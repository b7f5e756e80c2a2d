"""A site was imported or removed: everything that follows from its data follows here.

One rule: nothing of a removed site is left behind, and nothing that somebody still has to work on is removed.
"""

from __future__ import annotations

from arcd.core import field_levels, replays
from arcd.core.conditioning import pipeline as conditioning
from arcd.core.effects import ProfilesChanged
from arcd.core.facts import SiteImported, SiteRemoved
from arcd.core.line_service import following as lines
from arcd.core.relays import switching
from arcd.core.schedules import watching
from arcd.core.supervision import stepping as supervision
from arcd.core.turn import Turn


def on_site(turn: Turn, fact: SiteImported | SiteRemoved) -> None:
    if isinstance(fact, SiteImported):
        site_id = fact.site.id
        previous = turn.state.sites.get(site_id)
        turn.paths_before = turn.directory.paths_of_site(site_id)
        turn.state.sites.put(site_id, fact.site)
        turn.directory.put(fact.site)
        watching.on_site(turn, previous, fact.site, site_id)
        lines.on_site(turn, previous, fact.site, site_id)
        field_levels.on_site(turn, previous, fact.site)
        switching.on_site(turn, previous, fact.site)
    else:
        site_id = fact.site_id
        if site_id not in turn.state.sites:
            return turn.refuse("site.unknown", f"No site {site_id}.")
        if turn.state.open_by_site.get(site_id):
            return turn.refuse("site.open_cases", f"{site_id} has open cases; close them first.")
        if conditioning.is_waiting(turn, site_id):
            return turn.refuse("site.pending", f"A signal of {site_id} still waits to be decided; try again later.")
        for entry in turn.directory.of_site(site_id):
            turn.state.accounts.drop(entry.key)
            replays.forget(turn.state, entry.key)
        turn.paths_before = turn.directory.paths_of_site(site_id)
        conditioning.forget(turn, site_id)
        watching.on_site(turn, turn.state.sites[site_id], None, site_id)
        lines.on_site(turn, turn.state.sites[site_id], None, site_id)
        field_levels.on_site(turn, turn.state.sites[site_id], None)
        switching.on_site(turn, turn.state.sites[site_id], None)
        turn.state.sites.drop(site_id)
        turn.directory.remove(site_id)
    supervision.on_site(turn, site_id)
    turn.refs[f"site/{site_id}"] = None
    turn.effects.append(ProfilesChanged(site_id=site_id))
    return turn.grant(site_id)
