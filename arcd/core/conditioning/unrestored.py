"""What stands and was never restored (requirements 4.4, unrestored follow-up).

One rule: an alarm that stays on is somebody's task after a while, once; the site has one deadline for all of them.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.conditioning.arrival import Arrival, put_run, run_of
from arcd.core.conditioning.tickets import open_ticket
from arcd.core.directory import Entry
from arcd.core.site import Conditioning
from arcd.core.siterun import STANDING, Trigger
from arcd.core.turn import NS, Turn
from protocols.signals import LIFE_SAFETY, Category, Qualifier

_ALARMS = LIFE_SAFETY | {Category.INTRUSION, Category.TAMPER, Category.TECHNICAL}
# Fire, gas, heat and sprinkler points out of use (DC-03 FB GB KB SB, DC-05 571): one hour (requirements 4.4).
FIRE_DISABLED_FAMILIES = frozenset({"FB", "GB", "KB", "SB", "571"})
FIRE_DISABLED_S = 3600.0
SHOWN_MAX = 20  # zones named in one note; the rest is counted


def remember(turn: Turn, arrival: Arrival, case_id: str) -> None:
    """The signal opened or joined a case: its restore is expected from now on."""
    signal = arrival.signal
    if signal.category not in STANDING or signal.qualifier is Qualifier.RESTORE:
        return
    run = run_of(turn, arrival.site_id)
    standing = run.standing(arrival.system_id, arrival.zone, signal.family)
    if standing is not None and standing.case_id == case_id:
        return  # still unrestored from before: one restore will end it
    if standing is not None:
        run = run.without(standing)  # its case was closed unrestored; the next restore belongs to this alarm
    trigger = Trigger(
        seq=arrival.seq,
        at=arrival.at,
        system_id=arrival.system_id,
        zone=arrival.zone,
        area=arrival.area,
        family=signal.family,
        category=signal.category,
        case_id=case_id,
        is_of_storm=arrival.is_of_storm,
    )
    put_run(turn, arrival.site_id, run.with_trigger(trigger))
    due, key = _due(trigger, arrival.entry.site.conditioning), _deadline(arrival.site_id)
    if due is not None and due < (turn.deadlines.due_of(key) or due + 1):
        turn.deadlines.set(key, max(turn.at, due))


def _due(trigger: Trigger, conditioning: Conditioning) -> int | None:
    """When a person is asked to look; None where the site wants nobody asked."""
    if trigger.family in FIRE_DISABLED_FAMILIES:
        wait_s = FIRE_DISABLED_S
    elif trigger.category in _ALARMS:
        wait_s = conditioning.unrestored_alarm_s
    else:
        wait_s = conditioning.unrestored_trouble_s
    return trigger.at + int(wait_s * NS) if wait_s > 0 else None


def on_deadline(turn: Turn, entry: Entry) -> None:
    """Some triggers may have been restored meanwhile; the deadline is then set for the next one."""
    site = entry.site
    run = run_of(turn, site.id)
    open_dues = ((one, _due(one, site.conditioning)) for one in run.triggers if not one.is_followed_up)
    late = [trigger for trigger, due in open_dues if due is not None and due <= turn.at]
    if late:
        marked = (replace(each, is_followed_up=True) if each in late else each for each in run.triggers)
        run = replace(run, triggers=tuple(marked))
        put_run(turn, site.id, run)
        case_id = open_ticket(turn, entry, "unrestored", about="", text=_listed(late))
        turn.note("unrestored", case_id, site=site.id, count=len(late), what=_listed(late))
    dues = (_due(trigger, site.conditioning) for trigger in run.triggers if not trigger.is_followed_up)
    coming = [due for due in dues if due is not None]
    if coming:
        turn.deadlines.set(_deadline(site.id), min(coming))


def report(turn: Turn, arrival: Arrival) -> None:
    """At arming and disarming: what of this system still stands."""
    run = run_of(turn, arrival.site_id)
    left = [trigger for trigger in run.triggers if trigger.system_id == arrival.system_id]
    if left:
        turn.note("unrestored", "", site=arrival.site_id, count=len(left), what=_listed(left))


def _listed(triggers: list[Trigger]) -> str:
    shown = [" ".join(part for part in (one.family, one.zone, f"({one.seq})") if part) for one in triggers[:SHOWN_MAX]]
    return ", ".join(shown)


def _deadline(site_id: str) -> str:
    return f"site/{site_id}/unrestored"
