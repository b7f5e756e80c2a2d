"""Where facts and deadlines meet what is expected.

One rule: it says who is asked, and judges nothing.
"""

from __future__ import annotations

from arcd.core.directory import Entry
from arcd.core.record import Judged, Judgement
from arcd.core.schedules import areas, tests_due
from arcd.core.site import Site
from arcd.core.turn import Turn
from protocols.signals import Category, Signal


def hear(turn: Turn, entry: Entry, signal: Signal, judgement: Judgement) -> None:
    """A genuine signal of this site, after it was judged. One that came over two paths is heard once."""
    if judgement.judged is Judged.COPY:
        return
    if signal.category is Category.OPEN_CLOSE:
        areas.hear(turn, entry, signal, judgement.index)
    if entry.system.test_interval_s is not None:
        tests_due.hear(turn, entry, signal)


def on_deadline(turn: Turn, owner: str, site_id: str, rest: list[str], due: int) -> None:
    if owner == "testdue":
        (system_id,) = rest
        tests_due.on_deadline(turn, site_id, system_id, due)
    else:
        system_id, area = rest
        areas.on_deadline(turn, site_id, system_id, area, due)


def on_site(turn: Turn, previous: Site | None, site: Site | None, site_id: str) -> None:
    """The site base has changed; `site` is None when it was removed."""
    areas.on_site(turn, previous, site, site_id)
    tests_due.on_site(turn, previous, site, site_id)
