"""Placing and ending flags, and what they hold back meanwhile.

One rule: every flag has an expiry and a person behind it. The full rules on who may place one stand with the decisions;
here are the bounds nobody may leave.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.directory import Entry
from arcd.core.facts import FlagEndRequested, FlagKind, FlagStartRequested
from arcd.core.flags.model import Flag, among
from arcd.core.site import Site
from arcd.core.turn import NS, Turn
from protocols.signals import Signal, bare_address

ON_TEST_MAX_S = 8 * 3600.0  # requirements 4.2
MAINTENANCE_MAX_S = 90 * 86400.0
WARN_BEFORE_S = 15 * 60.0  # requirements 4.2: the requester is warned before the test ends
REASON_CHARS_MAX = 500


def holding(turn: Turn, entry: Entry, signal: Signal) -> Flag | None:
    """The flag in force that holds this signal, the oldest one first; None lets it pass."""
    for flag in turn.state.flags.values():
        if (
            flag.site_id == entry.site.id
            and flag.starts_at <= turn.at < flag.until
            and flag.covers(entry.system.id, signal)
        ):
            return flag
    return None


def count_held(turn: Turn, flag: Flag, entry: Entry, signal: Signal) -> None:
    key = f"{entry.system.id}/{bare_address(signal.zone)}"
    heard = {**flag.heard, key: flag.heard.get(key, 0) + 1}
    turn.state.flags.put(flag.id, replace(flag, held=flag.held + 1, heard=heard))


def start(turn: Turn, fact: FlagStartRequested) -> None:
    site = turn.state.sites.get(fact.site_id)
    if site is None:
        return turn.refuse("flag.site", f"No site {fact.site_id}. `arcctl sites show` lists them.")
    refusal = _refusal(turn, fact, site)
    if refusal is not None:
        return turn.refuse(*refusal)
    starts_at = max(turn.at, fact.starts_at or turn.at)
    flag = Flag(
        id=turn.new_id("F"),
        kind=fact.kind,
        site_id=site.id,
        scope=fact.scope,
        starts_at=starts_at,
        until=fact.until,
        reason=fact.reason,
        placed_by=fact.actor.id,
        requested_by=fact.requested_by,
        verified_how=fact.verified_how,
    )
    turn.state.flags.put(flag.id, flag)
    turn.refs[f"site/{site.id}"] = None
    turn.deadlines.set(f"flag/{flag.id}/end", flag.until)
    if flag.until - int(WARN_BEFORE_S * NS) > starts_at:
        turn.deadlines.set(f"flag/{flag.id}/warn", flag.until - int(WARN_BEFORE_S * NS))
    turn.note("flag.started", flag.id, kind=flag.kind, site=site.id, until=flag.until, by=fact.actor.id)
    return turn.grant(flag.id)


def _refusal(turn: Turn, fact: FlagStartRequested, site: Site) -> tuple[str, str] | None:
    longest = ON_TEST_MAX_S if fact.kind is FlagKind.ON_TEST else MAINTENANCE_MAX_S
    starts_at = max(turn.at, fact.starts_at or turn.at)
    if not fact.actor.id:
        return "flag.actor", "A flag needs a person behind it."
    if not fact.reason.strip() or len(fact.reason) > REASON_CHARS_MAX:
        return "flag.reason", f"Say why, in 1 to {REASON_CHARS_MAX} characters."
    if fact.until <= starts_at:
        return "flag.expiry", "The expiry must lie after the start."
    if fact.until - starts_at > longest * NS:
        hours = longest / 3600
        return "flag.expiry", f"At most {hours:.0f} h for {fact.kind.value}. Place a shorter one and renew it."
    systems = {system.id for system in site.systems}
    unknown = [system for system in fact.scope.systems if system not in systems]
    if unknown:
        return "flag.scope", f"No system {unknown[0]} at {site.id}; there are {', '.join(sorted(systems))}."
    zones = {bare_address(zone.number) for system in site.systems for zone in system.zones}
    missing = [zone for zone in fact.scope.zones if bare_address(zone) not in zones]
    if missing:
        return "flag.scope", f"No zone {missing[0]} at {site.id}."
    return None


def end(turn: Turn, fact: FlagEndRequested) -> None:
    flag = turn.state.flags.get(fact.flag_id)
    if flag is None:
        return turn.refuse("flag.unknown", f"No flag {fact.flag_id} is in force.")
    _finish(turn, flag, because=f"ended by {fact.actor.id}: {fact.reason}")
    return turn.grant(flag.id)


def on_deadline(turn: Turn, flag_id: str, what: str) -> None:
    flag = turn.state.flags.get(flag_id)
    assert flag is not None, "a flag's deadline outlived it"
    if what == "warn":
        turn.note("flag.ending", flag.id, site=flag.site_id, until=flag.until)
    else:
        _finish(turn, flag, because="expired")


def _finish(turn: Turn, flag: Flag, *, because: str) -> None:
    turn.state.flags.drop(flag.id)
    turn.deadlines.clear_all(f"flag/{flag.id}")
    turn.refs[f"site/{flag.site_id}"] = None
    expected = _expected_zones(turn, flag)
    missing = sorted(set(expected) - set(flag.heard))
    turn.note(
        "flag.ended", flag.id, kind=flag.kind, site=flag.site_id, because=because, held=flag.held,
        missing=", ".join(missing),
    )  # fmt: skip


def _expected_zones(turn: Turn, flag: Flag) -> list[str]:
    """Zones a test of this scope should have heard from."""
    site = turn.state.sites.get(flag.site_id)
    if site is None or flag.kind is not FlagKind.ON_TEST:
        return []
    return [
        f"{system.id}/{bare_address(zone.number)}"
        for system in site.systems
        if not flag.scope.systems or system.id in flag.scope.systems
        for zone in system.zones
        if (not flag.scope.zones or among(zone.number, flag.scope.zones))
        and (not flag.scope.areas or among(zone.area, flag.scope.areas))
    ]
