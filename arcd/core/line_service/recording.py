"""Keeping the history of lines (R-17, R-78): since when each has been watched, and its faults.

One rule: a line that never failed has no history of its own; its system's first day of watching is enough.
"""

from __future__ import annotations

from arcd.core.line_service.history import Fault, LineHistory, failed, restored
from arcd.core.site import Site, System
from arcd.core.supervision.model import ChangeKind, PathChange
from arcd.core.turn import Turn

ONLY_PATH = "path"  # of a system with a category that names no paths


def keys_of(site: Site | None) -> dict[str, None]:
    """Of the paths that are supervised."""
    if site is None:
        return {}
    return {f"{site.id}/{system.id}/{path}": None for system in site.systems for path in path_ids(system)}


def path_ids(system: System) -> tuple[str, ...]:
    if system.category is None or not system.accounts:
        return ()
    return tuple(path.id for path in system.paths) or (ONLY_PATH,)


def line_key(site_id: str, system_id: str, path_id: str) -> str:
    """ "<site>/<system>" for all paths together."""
    return f"{site_id}/{system_id}/{path_id}" if path_id else f"{site_id}/{system_id}"


def record(turn: Turn, change: PathChange) -> None:
    key = line_key(change.site_id, change.system_id, change.path_id)
    history = turn.state.line_histories.get(key)
    if change.kind in (ChangeKind.PATH_FAILED, ChangeKind.ATS_FAILED):
        if history is None:
            watched_from = turn.state.line_watched.get(f"{change.site_id}/{change.system_id}")
            history = LineHistory(watched_from=min(watched_from or change.since, change.since))
        fault = Fault(since=change.since, detected_at=change.at, limit_s=change.limit_s)
        turn.state.line_histories.put(key, failed(history, fault))
    elif history is not None:
        turn.state.line_histories.put(key, restored(history, change.at))


def on_site(turn: Turn, previous: Site | None, site: Site | None, site_id: str) -> None:
    before = {system.id: path_ids(system) for system in (previous.systems if previous else ())}
    now = {system.id: path_ids(system) for system in (site.systems if site else ())}
    for system_id, paths in before.items():
        gone = [path_id for path_id in paths if path_id not in now.get(system_id, ())]
        if paths and not now.get(system_id):
            turn.state.line_watched.drop(f"{site_id}/{system_id}")
            gone.append("")
        for path_id in gone:
            turn.state.line_histories.drop(line_key(site_id, system_id, path_id))
    for system_id, paths in now.items():
        if paths and f"{site_id}/{system_id}" not in turn.state.line_watched:
            turn.state.line_watched.put(f"{site_id}/{system_id}", turn.at)
        elif paths and before.get(system_id):
            for path_id in paths:
                if path_id not in before[system_id]:  # younger than its system
                    turn.state.line_histories.put(
                        line_key(site_id, system_id, path_id), LineHistory(watched_from=turn.at)
                    )
