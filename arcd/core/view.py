"""The small snapshot a rule decides on, built from what the machine knows.

One rule: it copies, it never judges.
"""

from __future__ import annotations

from arcd.core.case.model import Case
from arcd.core.directory import Entry, local_time
from arcd.core.turn import Turn
from protocols.signals import Category, Signal, bare_address
from rules.model import View

_NO_CATEGORIES: frozenset[Category] = frozenset()


def signal_view(turn: Turn, entry: Entry | None, signal: Signal, *, verification: int = 0) -> View:
    if entry is None:
        local = local_time("Europe/Helsinki", turn.at)
        return View(weekday=local.weekday, minute=local.minute, is_holiday=local.is_holiday)
    site_id = entry.site.id
    local = local_time(entry.site.timezone, turn.at)
    run = turn.state.siteruns.get(site_id)
    zone = entry.zones.get(bare_address(signal.zone))
    return View(
        site=entry.site_view,
        zone=zone[1] if zone else None,
        system_kind=entry.system.kind,
        armed=run.armed.get(area_key(entry.system.id, signal.area)) if run else None,
        verification=verification,
        open_categories=open_categories(turn, site_id),
        weekday=local.weekday,
        minute=local.minute,
        is_holiday=local.is_holiday,
    )


def case_view(turn: Turn, case: Case) -> View:
    """What conditions on plan steps see."""
    first = case.signals[0] if case.signals else None
    site = turn.state.sites.get(case.site_id)
    if site is None or first is None:
        local = local_time(site.timezone if site else "Europe/Helsinki", turn.at)
        return View(
            site=site.view() if site else None, verification=case.verification,
            weekday=local.weekday, minute=local.minute, is_holiday=local.is_holiday,
        )  # fmt: skip
    entry = next((each for each in turn.directory.of_site(site.id) if each.system.id == first.system_id), None)
    return signal_view(turn, entry, first.signal, verification=case.verification)


def open_categories(turn: Turn, site_id: str) -> frozenset[Category]:
    """Categories of the site's open cases."""
    case_ids = turn.state.open_by_site.get(site_id)
    if not case_ids:
        return _NO_CATEGORIES
    cases = (turn.state.cases.get(case_id) for case_id in case_ids)
    return frozenset(case.category for case in cases if case is not None and case.category is not None)


def area_key(system_id: str, area: str | None) -> str:
    return f"{system_id}/{bare_address(area)}"
