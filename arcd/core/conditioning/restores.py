"""Matching restores to what they end, and reminders ("still present") to what they repeat (requirements 4.4).

One rule: alarms never close because a detector is quiet again. Only categories that the site's policy names close by
themselves, and then only a case that nobody has begun and in which nothing else stands.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal
from arcd.core.case.model import Case
from arcd.core.conditioning import swingers
from arcd.core.conditioning.arrival import Arrival, put_run, run_of
from arcd.core.conditioning.closing import close_untouched
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import Pending, Trigger, Waiting
from arcd.core.turn import Turn
from protocols.event_codes import STANDARD
from protocols.signals import LIFE_SAFETY, Category, Qualifier, bare_address

NEVER_CLOSING = LIFE_SAFETY | {Category.INTRUSION, Category.TAMPER}
# A battery that reports itself well again is still an old battery (requirements 4.4: no auto-close). DC-03 YT YM XT;
# DC-05 302, 309, 311, 338, 384.
BATTERY_FAMILIES = frozenset({"YT", "YM", "XT", "302", "309", "311", "338", "384"})


def match(turn: Turn, arrival: Arrival) -> Judgement | None:
    """A restore ends the oldest trigger of every family it stands for: some codes restore alarm and trouble alike."""
    signal = arrival.signal
    if signal.qualifier is not Qualifier.RESTORE or signal.category is Category.OPEN_CLOSE:
        return None
    families = STANDARD.families_ended(signal)
    waiting = _match_pending(turn, arrival, families)
    run = run_of(turn, arrival.site_id)
    standing = (run.standing(arrival.system_id, arrival.zone, family) for family in families)
    ended = [trigger for trigger in standing if trigger is not None]
    if not ended and not waiting:
        return None
    for trigger in ended:
        run = run.without(trigger)
    put_run(turn, arrival.site_id, run)
    for trigger in ended:
        swingers.count_restored(turn, arrival, trigger.zone, trigger.family, trigger.area)
    for pending in waiting:
        swingers.count_restored(turn, arrival, arrival.zone, pending.signal.family, arrival.area)
    for case_id in dict.fromkeys(trigger.case_id for trigger in ended):
        _attach(turn, arrival, case_id, ended)
    entries = ", ".join(map(str, [*(each.seq for each in ended), *(each.seq for each in waiting)]))
    case_id = ended[0].case_id if ended else ""
    return Judgement(index=arrival.index, judged=Judged.RESTORED, because=f"restores entry {entries}", case_id=case_id)


def _match_pending(turn: Turn, arrival: Arrival, families: tuple[str, ...]) -> list[Pending]:
    """A short mains failure is over before anybody heard of it; an alarm that waits for its user goes on waiting."""
    run = run_of(turn, arrival.site_id)
    matched = [each for each in run.pending if _is_of(each, arrival, families) and not each.is_restored]
    for pending in matched:
        if pending.waits_for is Waiting.RESTORE:
            turn.deadlines.clear(f"site/{arrival.site_id}/pending/{pending.seq}.{pending.index}")
            run = run.without_pending(pending)
        else:
            kept = (replace(each, is_restored=True) if each is pending else each for each in run.pending)
            run = replace(run, pending=tuple(kept))
    if matched:
        put_run(turn, arrival.site_id, run)
    return matched


def _is_of(pending: Pending, arrival: Arrival, families: tuple[str, ...]) -> bool:
    is_same_zone = bare_address(pending.signal.zone) == arrival.zone
    return is_same_zone and pending.system_id == arrival.system_id and pending.signal.family in families


def _attach(turn: Turn, arrival: Arrival, case_id: str, ended: list[Trigger]) -> None:
    case = turn.state.cases.get(case_id)
    if case is None or not case.is_open:
        return
    case = attach(turn, case, case_signal(turn, arrival.entry, arrival.signal, arrival.account))
    if _settles(turn, arrival, case, ended):
        close_untouched(turn, case.id, "restored", "restored")


def _settles(turn: Turn, arrival: Arrival, case: Case, ended: list[Trigger]) -> bool:
    policy = frozenset(arrival.entry.site.conditioning.auto_close_on_restore) - NEVER_CLOSING
    return (
        case.category in policy
        and case.signal_count == len(case.signals)  # all of it is at hand
        and all(each.signal.category in policy for each in case.signals)
        and not any(each.family in BATTERY_FAMILIES for each in ended)
        and not any(each.case_id == case.id for each in run_of(turn, arrival.site_id).triggers)
    )


def still_present(turn: Turn, arrival: Arrival) -> Judgement | None:
    """Contact ID qualifier 6 and DC-03 status reports: a reminder of what stands, not a second alarm.

    When nothing of the kind stands here, the first report was lost and this one counts as it. A life-safety reminder
    whose case has been closed counts as new.
    """
    signal = arrival.signal
    if signal.qualifier is not Qualifier.STATUS:
        return None
    run = run_of(turn, arrival.site_id)
    waiting = next((each for each in run.pending if _is_of(each, arrival, (signal.family,))), None)
    if waiting is not None:
        because = f"still present since entry {waiting.seq}"
        return Judgement(index=arrival.index, judged=Judged.PENDING, because=because)
    trigger = run.standing(arrival.system_id, arrival.zone, signal.family)
    if trigger is None:
        return None
    because = f"still present since entry {trigger.seq}"
    case = turn.state.cases.get(trigger.case_id)
    if case is not None and case.is_open:
        attach(turn, case, case_signal(turn, arrival.entry, signal, arrival.account))
        return Judgement(index=arrival.index, judged=Judged.JOINED, because=because, case_id=case.id)
    if signal.is_life_safety:
        return None
    return Judgement(index=arrival.index, judged=Judged.LOGGED, because=because, case_id=trigger.case_id)
