"""Placing a flag: what is asked for, held against every rule, and then in force or waiting for its time.

One rule: every flag has an expiry and a person behind it. Who may ask is `authority`; how one ends is `ending`.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import casebook
from arcd.core.case.model import NOTES_MAX, CaseNote
from arcd.core.facts import DAEMON, SUPERVISOR, Every, FlagKind, FlagStartRequested, NoticeKind, Recurrence, Scope
from arcd.core.flags import notices
from arcd.core.flags.authority import (
    Refusal,
    contract_refusal,
    erc_systems,
    first_start,
    hours_refusal,
    person_refusal,
    requester,
    warnings,
)
from arcd.core.flags.local_days import next_at, next_start
from arcd.core.flags.model import Flag, FlagSeries
from arcd.core.identity.checking import recent_check
from arcd.core.site import ContactRole, Site
from arcd.core.turn import NS, Turn
from protocols.signals import LIFE_SAFETY, bare_address

# requirements 4.2
ON_TEST_DEFAULT_S = 2 * 3600.0
ON_TEST_MAX_S = 8 * 3600.0
ON_TEST_SUPERVISOR_MAX_S = 24 * 3600.0
WARN_BEFORE_S = 15 * 60.0
MAINTENANCE_MAX_S = 90 * 86400.0
AHEAD_MAX_S = 366 * 86400.0  # a test planned for later than this is forgotten by everybody but the machine
SERIES_S = 366 * 86400.0  # somebody has to want a series again every year
FLAGS_PER_SITE_MAX = 20
INFORMED_MAX = 20
REASON_CHARS_MAX = 500
WORD_CHARS_MAX = 200  # a work order, a party that was told
REMIND_MINUTE = 8 * 60  # maintenance is reminded of when the working day begins


def start(turn: Turn, fact: FlagStartRequested) -> None:
    site = turn.state.sites.get(fact.site_id)
    if site is None:
        return turn.refuse("flag.site", f"No site {fact.site_id}. `arcctl sites list` lists them.")
    turn.refs[f"site/{site.id}"] = None
    refusal = _refusal(turn, fact, site)
    if refusal is not None:
        return turn.refuse(*refusal)
    connected = erc_systems(site, fact.scope)
    starts_at = first_start(turn, fact, site)
    flag = Flag(
        id=turn.new_id("F"),
        kind=fact.kind,
        site_id=site.id,
        scope=fact.scope,
        starts_at=starts_at,
        until=starts_at + _length(turn, fact),
        reason=fact.reason,
        placed_by=fact.actor.id,
        requested_by=fact.requested_by,
        verified_how=fact.verified_how or "identity_check",
        identity_check=fact.identity_check,
        override_reason=fact.override_reason,
        work_order=fact.work_order,
        owner=fact.owner or fact.requested_by,
        informed=fact.informed,
        series_id=_begin_series(turn, fact, site),
        erc_devices=tuple(system.erc_device or "" for system in connected),
    )
    put_in_place(turn, flag)
    _tell_duress_case(turn, flag)
    return turn.grant(flag.id, " ".join(warnings(fact, flag.id, starts_at, connected)))


def _length(turn: Turn, fact: FlagStartRequested) -> int:
    return fact.until - max(turn.at, fact.starts_at or turn.at)


def _begin_series(turn: Turn, fact: FlagStartRequested, site: Site) -> str:
    if fact.recurrence is None:
        return ""
    ends_at = fact.series_until if fact.series_until is not None else turn.after(SERIES_S)
    series = FlagSeries(id=turn.new_id("R"), recurrence=fact.recurrence, timezone=site.timezone, ends_at=ends_at)
    turn.state.flag_series.put(series.id, series)
    return series.id


def put_in_place(turn: Turn, flag: Flag) -> None:
    """In force now, or at its start; with every deadline of its life."""
    site_id = flag.site_id
    turn.state.flags.put(flag.id, flag)
    turn.state.flags_by_site.put(site_id, (*(turn.state.flags_by_site.get(site_id) or ()), flag.id))
    turn.refs[f"site/{site_id}"] = None
    set_end(turn, flag)
    turn.note("flag.placed", flag.id, kind=flag.kind, site=site_id, until=flag.until, by=flag.placed_by)
    if flag.starts_at > turn.at:
        turn.deadlines.set(f"flag/{flag.id}/start", flag.starts_at)
    else:
        come_into_force(turn, flag)


def set_end(turn: Turn, flag: Flag) -> None:
    turn.deadlines.set(f"flag/{flag.id}/end", flag.until)
    warn_at = flag.until - int(WARN_BEFORE_S * NS)
    if warn_at > max(turn.at, flag.starts_at):
        turn.deadlines.set(f"flag/{flag.id}/warn", warn_at)


def come_into_force(turn: Turn, flag: Flag) -> None:
    turn.note("flag.started", flag.id, kind=flag.kind, site=flag.site_id, until=flag.until)
    if flag.kind is FlagKind.MAINTENANCE:
        notices.owe(turn, flag, NoticeKind.START)
        remind_next(turn, flag)


def remind_next(turn: Turn, flag: Flag) -> None:
    site = turn.state.sites.get(flag.site_id)
    morning = next_at(site.timezone if site else "Europe/Helsinki", turn.at, REMIND_MINUTE)
    if morning < flag.until:
        turn.deadlines.set(f"flag/{flag.id}/remind", morning)


def place_next(turn: Turn, ended: Flag) -> str | None:
    """The next flag of a series, placed as its first one was. Returns why there is none, or None."""
    series = turn.state.flag_series.get(ended.series_id)
    site = turn.state.sites.get(ended.site_id)
    if series is None:
        return None
    if site is None:
        turn.state.flag_series.drop(series.id)
        return None
    connected = erc_systems(site, ended.scope)
    after = max(turn.at, ended.starts_at)
    starts_at = next_start(series.recurrence, series.timezone, after, working_days=bool(connected))
    if starts_at >= series.ends_at:
        turn.state.flag_series.drop(series.id)
        turn.note("flag.series_ended", ended.id, series=series.id)
        return None
    contact = requester(site, ended.requested_by)
    if connected and (contact is None or ContactRole.ALARM_CONTACT not in contact.roles):
        refusal: Refusal = "R-62", f"{ended.requested_by} is no alarm contact of {site.id} any more."
    else:
        refusal = contract_refusal(ended.kind, connected) or _scope_refusal(ended.scope, site)
    if refusal is not None:
        turn.state.flag_series.drop(series.id)
        turn.note("flag.series_refused", ended.id, series=series.id, rule=refusal[0], message=refusal[1])
        return f"{refusal[0]}: {refusal[1]}"
    following = Flag(
        id=turn.new_id("F"),
        kind=ended.kind,
        site_id=ended.site_id,
        scope=ended.scope,
        starts_at=starts_at,
        until=starts_at + ended.until - ended.starts_at - ended.extended_ns,
        reason=ended.reason,
        placed_by=DAEMON.id,
        requested_by=ended.requested_by,
        verified_how="series",
        override_reason=ended.override_reason,
        work_order=ended.work_order,
        owner=ended.owner,
        informed=ended.informed,
        series_id=series.id,
        erc_devices=tuple(system.erc_device or "" for system in connected),
    )
    put_in_place(turn, following)
    return None


def _tell_duress_case(turn: Turn, flag: Flag) -> None:
    """Those who answer a call for help learn what was asked for under threat; nobody else does."""
    check = recent_check(turn, flag.site_id, flag.requested_by, flag.identity_check)
    case = turn.state.cases.get(check.duress_case) if check is not None and check.duress_case else None
    if case is None or not case.is_open or len(case.notes) >= NOTES_MAX:
        return
    note = CaseNote(at=turn.at, by=DAEMON.id, text=f"{flag.id}: {flag.kind.value}, {flag.reason}")
    casebook.save(turn, replace(case, notes=(*case.notes, note)))


# ------------------------------------------------------------------------------------------------------------- refusals


def _refusal(turn: Turn, fact: FlagStartRequested, site: Site) -> Refusal:
    if not fact.actor.id:
        return "flag.actor", "A flag needs a person behind it."
    if not fact.reason.strip() or len(fact.reason) > REASON_CHARS_MAX:
        return "flag.reason", f"Say why, in 1 to {REASON_CHARS_MAX} characters."
    if len(turn.state.flags_by_site.get(site.id) or ()) >= FLAGS_PER_SITE_MAX:
        return "flag.count", f"{site.id} has {FLAGS_PER_SITE_MAX} flags already; end one first."
    connected = erc_systems(site, fact.scope)
    return (
        _words_refusal(turn, fact, site)
        or _life_refusal(fact)
        or _scope_refusal(fact.scope, site)
        or _series_refusal(turn, fact)
        or _expiry_refusal(turn, fact)
        or person_refusal(turn, fact, site)
        or contract_refusal(fact.kind, connected)
        or hours_refusal(fact, first_start(turn, fact, site), connected)
    )


def _words_refusal(turn: Turn, fact: FlagStartRequested, site: Site) -> Refusal:
    words = (fact.override_reason, fact.work_order, *fact.informed)
    if any(len(word) > REASON_CHARS_MAX for word in words) or len(fact.informed) > INFORMED_MAX:
        return "flag.words", f"At most {INFORMED_MAX} parties and {REASON_CHARS_MAX} characters of each text."
    if fact.owner and site.contact(fact.owner) is None and turn.centre.contact(fact.owner) is None:
        return "flag.owner", f"{fact.owner} is no contact of {site.id} or of the centre: the owner must be reachable."
    return None


def _life_refusal(fact: FlagStartRequested) -> Refusal:
    """Design promise 4: a test that names it, and nothing else, holds back what life depends on."""
    named = sorted(LIFE_SAFETY & set(fact.scope.categories))
    if not named or fact.kind is FlagKind.ON_TEST:
        return None
    return "flag.life_safety", (
        f"Maintenance never holds back {', '.join(named)}. Put the site on test for it, "
        f"{ON_TEST_SUPERVISOR_MAX_S / 3600:.0f} h at a time, beside the maintenance."
    )


def _scope_refusal(scope: Scope, site: Site) -> Refusal:
    systems = {system.id for system in site.systems}
    unknown = [system for system in scope.systems if system not in systems]
    if unknown:
        return "flag.scope", f"No system {unknown[0]} at {site.id}; there are {', '.join(sorted(systems))}."
    chosen = [system for system in site.systems if not scope.systems or system.id in scope.systems]
    zones = {bare_address(zone.number) for system in chosen for zone in system.zones}
    missing = [zone for zone in scope.zones if bare_address(zone) not in zones]
    if missing:
        return "flag.scope", f"No zone {missing[0]} at {site.id}."
    areas = {bare_address(area.number) for system in chosen for area in system.areas}
    areas |= {bare_address(zone.area) for system in chosen for zone in system.zones}
    missing = [area for area in scope.areas if bare_address(area) not in areas]
    if missing:
        return "flag.scope", f"No area {missing[0]} at {site.id}."
    return None


def _expiry_refusal(turn: Turn, fact: FlagStartRequested) -> Refusal:
    length, ahead = _length(turn, fact), (fact.starts_at or turn.at) - turn.at
    if length <= 0:
        return "flag.expiry", "The expiry must lie after the start."
    if ahead > AHEAD_MAX_S * NS:
        return "flag.expiry", f"At most {AHEAD_MAX_S / 86400:.0f} days ahead."
    if fact.kind is FlagKind.MAINTENANCE:
        if length > MAINTENANCE_MAX_S * NS:
            return "flag.expiry", f"At most {MAINTENANCE_MAX_S / 86400:.0f} days of maintenance."
        return None
    if length > ON_TEST_SUPERVISOR_MAX_S * NS:
        return "flag.expiry", f"At most {ON_TEST_SUPERVISOR_MAX_S / 3600:.0f} h on test: longer work is maintenance."
    if length > ON_TEST_MAX_S * NS and SUPERVISOR not in fact.actor.roles:
        hours = f"{ON_TEST_MAX_S / 3600:.0f} h for on_test, {ON_TEST_SUPERVISOR_MAX_S / 3600:.0f} h by a supervisor"
        return "flag.expiry", f"At most {hours}. Longer work is maintenance."
    return None


def _series_refusal(turn: Turn, fact: FlagStartRequested) -> Refusal:
    if fact.recurrence is None:
        return None if fact.series_until is None else ("flag.series", "Only what comes again has an end of its series.")
    if not _is_possible(fact.recurrence):
        return "flag.series", "A week has days 1 (Monday) to 7, a month days 1 to 31, a day minutes 0 to 1439."
    ends_at = fact.series_until
    if ends_at is not None and not turn.at < ends_at <= turn.after(SERIES_S):
        return "flag.series", f"A series ends within {SERIES_S / 86400:.0f} days; then somebody has to want it again."
    return None


def _is_possible(recurrence: Recurrence) -> bool:
    days = 7 if recurrence.every is Every.WEEK else 31
    return 1 <= recurrence.day <= days and 0 <= recurrence.minute < 1440
