"""What the flags of a site hold back, and what they remember of it.

One rule: a held signal is counted and kept at every flag that covers it, so that two people who test one site at the
same time each find it in their own report.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arcd.core.directory import Entry
from arcd.core.flags.model import (
    EMERGENCIES_MAX,
    HEARD_MAX,
    HELD_FIRST_MAX,
    HELD_LAST_MAX,
    Flag,
    HeldSignal,
)
from arcd.core.siterun import STANDING, TRIGGERS_MAX, Trigger
from arcd.core.state import State
from arcd.core.turn import Turn
from protocols.event_codes import STANDARD
from protocols.signals import LIFE_SAFETY, Qualifier, Signal, bare_address


def flags_at(state: State, site_id: str) -> Iterable[Flag]:
    """Those in force or still to come, the oldest first."""
    return (state.flags[flag_id] for flag_id in state.flags_by_site.get(site_id) or ())


def covering(turn: Turn, entry: Entry, signal: Signal) -> list[Flag]:
    if entry.site.id not in turn.state.flags_by_site:
        return []
    return [
        flag
        for flag in flags_at(turn.state, entry.site.id)
        if flag.starts_at <= turn.at < flag.until and flag.covers(entry.system.id, signal)
    ]


def holding(turn: Turn, entry: Entry, signal: Signal) -> Flag | None:
    """The flag that holds this signal, the narrowest one first, then the oldest; None lets it pass.

    The restore of an alarm from before the flag belongs to that alarm's case and passes.
    """
    flags = covering(turn, entry, signal)
    if not flags or _restores_what_is_live(turn, entry, signal, flags):
        return None
    return max(flags, key=lambda flag: flag.narrowness)


def _restores_what_is_live(turn: Turn, entry: Entry, signal: Signal, flags: list[Flag]) -> bool:
    families, zone = STANDARD.families_ended(signal), bare_address(signal.zone)
    run = turn.state.siteruns.get(entry.site.id)
    if not families or run is None:
        return False
    held = (_is_ended(trigger, entry, zone, families) for flag in flags for trigger in flag.standing)
    live = (_is_ended(trigger, entry, zone, families) for trigger in run.triggers)
    waiting = (
        pending.system_id == entry.system.id
        and bare_address(pending.signal.zone) == zone
        and pending.signal.family in families
        for pending in run.pending
    )
    return not any(held) and (any(live) or any(waiting))


def _is_ended(trigger: Trigger, entry: Entry, zone: str, families: tuple[str, ...]) -> bool:
    return trigger.system_id == entry.system.id and trigger.zone == zone and trigger.family in families


def count_held(turn: Turn, entry: Entry, signal: Signal, index: int) -> None:
    """Remember a signal that `holding` kept back."""
    zone = entry.zones.get(bare_address(signal.zone))
    held = HeldSignal(
        seq=turn.seq,
        at=turn.at,
        account=entry.account.number,
        system_id=entry.system.id,
        signal=signal,
        index=index,
        zone_name=zone[0].name if zone else "",
    )
    for flag in covering(turn, entry, signal):
        turn.state.flags.put(flag.id, _with(flag, entry, held))


def _with(flag: Flag, entry: Entry, held: HeldSignal) -> Flag:
    key = f"{held.system_id}/{bare_address(held.signal.zone)}"
    heard = flag.heard
    if held.signal.qualifier is not Qualifier.RESTORE and (key in heard or len(heard) < HEARD_MAX):
        heard = {**heard, key: heard.get(key, 0) + 1}
    is_emergency = held.signal.category in LIFE_SAFETY and held.signal.qualifier is not Qualifier.RESTORE
    begins = len(flag.first) < HELD_FIRST_MAX
    return replace(
        flag,
        held=flag.held + 1,
        last_held_at=held.at,
        heard=heard,
        first=(*flag.first, held) if begins else flag.first,
        last=flag.last if begins else (*flag.last[1 - HELD_LAST_MAX :], held),
        emergencies=(*flag.emergencies, held)[:EMERGENCIES_MAX] if is_emergency else flag.emergencies,
        emergency_count=flag.emergency_count + is_emergency,
        standing=_standing(flag, entry, held),
    )


def _standing(flag: Flag, entry: Entry, held: HeldSignal) -> tuple[Trigger, ...]:
    signal = held.signal
    zone, area = bare_address(signal.zone), bare_address(signal.area)
    ended = STANDARD.families_ended(signal)
    if ended:
        return tuple(trigger for trigger in flag.standing if not _is_ended(trigger, entry, zone, ended))
    if signal.category not in STANDING or signal.qualifier is not Qualifier.NEW:
        return flag.standing
    if any(_is_ended(trigger, entry, zone, (signal.family,)) for trigger in flag.standing):
        return flag.standing
    trigger = Trigger(
        seq=held.seq,
        at=held.at,
        system_id=held.system_id,
        zone=zone,
        area=area,
        family=signal.family,
        category=signal.category,
    )
    return (*flag.standing[1 - TRIGGERS_MAX :], trigger)


# ------------------------------------------------------------------------------------------------------ made live again


def find_held(state: State, site_id: str, seq: int, index: int = 0) -> HeldSignal | None:
    """A signal that some flag of this site still keeps, in force or ended a while ago."""
    return next(
        (
            held
            for flag in _keepers(state, site_id)
            for held in (*flag.signals(), *flag.emergencies)
            if (held.seq, held.index) == (seq, index)
        ),
        None,
    )


def mark_promoted(turn: Turn, site_id: str, seq: int, index: int = 0) -> None:
    """At every flag that keeps it: a signal is made live once, and what it opens waits for the restore itself."""
    found = find_held(turn.state, site_id, seq, index)
    assert found is not None, "only what is held is promoted"
    zone, family = bare_address(found.signal.zone), found.signal.family

    def marked(kept: tuple[HeldSignal, ...]) -> tuple[HeldSignal, ...]:
        return tuple(replace(held, promoted=True) if (held.seq, held.index) == (seq, index) else held for held in kept)

    for flag in list(_keepers(turn.state, site_id)):
        changed = replace(
            flag,
            first=marked(flag.first),
            last=marked(flag.last),
            emergencies=marked(flag.emergencies),
            standing=tuple(
                trigger
                for trigger in flag.standing
                if (trigger.seq, trigger.zone, trigger.family) != (seq, zone, family)
            ),
        )
        if changed == flag:
            continue
        turn.refs[f"flag/{flag.id}"] = None
        report = turn.state.flag_reports.get(flag.id)
        if report is not None:
            turn.state.flag_reports.put(flag.id, replace(report, flag=changed))
        else:
            turn.state.flags.put(flag.id, changed)


def _keepers(state: State, site_id: str) -> Iterable[Flag]:
    yield from flags_at(state, site_id)
    yield from (report.flag for report in state.flag_reports.values() if report.flag.site_id == site_id)
