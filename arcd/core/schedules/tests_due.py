"""Periodic tests that do not come (requirements 4.4).

One rule: counted in UTC from the last report, so that the hour the clocks are moved by needs no thought. The day that
one report was missed because we were not there is nobody's fault: the panel gets a whole interval again.
"""

from __future__ import annotations

from arcd.core.calendars import NS, local_text
from arcd.core.directory import Entry
from arcd.core.schedules.areas import ABSENT_S
from arcd.core.schedules.matters import raise_matter, settle
from arcd.core.site import Site, System
from arcd.core.turn import Turn
from protocols.event_codes import is_test_report
from protocols.signals import Signal

CODE = "test_overdue"
# requirements 4.4: a test every 24 h is late after 25 h and 30 min of jitter; a shorter interval gets as
# much in proportion.
GRACE_S, JITTER_S, USUAL_S = 3600.0, 1800.0, 24 * 3600.0


def allowance_s(interval_s: float) -> float:
    return (GRACE_S + JITTER_S) * min(1.0, interval_s / USUAL_S)


def key_of(site_id: str, system_id: str) -> str:
    """A system's id is its own only within its site."""
    return f"testdue/{site_id}/{system_id}"


def expect(turn: Turn, site_id: str, system: System) -> None:
    if system.test_interval_s is not None:
        due = turn.after(system.test_interval_s + allowance_s(system.test_interval_s))
        turn.deadlines.set(key_of(site_id, system.id), due)


def hear(turn: Turn, entry: Entry, signal: Signal) -> None:
    """Any genuine signal shows that the way is open; where only tests count, a test report does."""
    system = entry.system
    if system.test_interval_s is None or (system.only_tests_count and not is_test_report(signal)):
        return
    expect(turn, entry.site.id, system)
    case_id = turn.state.folds.get(f"{entry.site.id}|{CODE}|{system.id}")
    if case_id is not None:
        settle(turn, entry, CODE, case_id)


def on_deadline(turn: Turn, site_id: str, system_id: str, due: int) -> None:
    site = turn.state.sites.get(site_id)
    entry = next((each for each in turn.directory.of_site(site_id) if each.system.id == system_id), None)
    if site is None or entry is None or entry.system.test_interval_s is None:
        return
    turn.refs[f"site/{site_id}"] = None
    expect(turn, site_id, entry.system)
    if turn.at - due > int(ABSENT_S * NS):
        turn.note("test.put_off", site=site_id, system=system_id)
        return
    expected_at = due - int(JITTER_S * min(1.0, entry.system.test_interval_s / USUAL_S) * NS)
    raise_matter(turn, entry, CODE, fold=system_id, time=local_text(site.timezone, expected_at))


def on_site(turn: Turn, previous: Site | None, site: Site | None, site_id: str) -> None:
    """An unchanged interval goes on from the last report; a new one begins now."""
    before = {system.id: system.test_interval_s for system in (previous.systems if previous else ())}
    now = {system.id: system for system in (site.systems if site else ())}
    for system_id in before.keys() - now.keys():
        turn.deadlines.clear(key_of(site_id, system_id))
    for system in now.values():
        key = key_of(site_id, system.id)
        if system.test_interval_s is None or not system.accounts:
            turn.deadlines.clear(key)
        elif system.test_interval_s != before.get(system.id) or turn.deadlines.due_of(key) is None:
            expect(turn, site_id, system)
