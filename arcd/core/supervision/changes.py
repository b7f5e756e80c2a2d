"""The one place that every change of a path and of a transmission system goes through.

One rule: whoever wants to know of failures and restores (notices to transmission operators, exceptional arrangements,
evidence of availability) is called from here, with the start of the fault and not the moment of its detection.
"""

from __future__ import annotations

from arcd.core.line_service import following
from arcd.core.supervision.model import ChangeKind, PathChange
from arcd.core.turn import NS, Turn

_ENDS = (ChangeKind.PATH_RESTORED, ChangeKind.ATS_RESTORED)


def on_path_change(turn: Turn, change: PathChange) -> None:
    turn.refs[f"site/{change.site_id}"] = None
    following.on_change(turn, change)
    turn.note(
        change.kind.value,
        "",
        site=change.site_id,
        system=change.system_id,
        path=change.path_id,
        category=change.category,
        since=change.since,
        storm=change.storm,
        down_s=round((change.at - change.since) / NS, 3) if change.kind in _ENDS else None,
    )
