"""Which evidence a signal adds up to (requirements 2.5, 4.4): a second detector, a second press, a failed path.

One rule: a confirmation window is anchored to its first activation. A later one may confirm inside it and never moves
it; when it has passed, the next activation opens a new window and is unconfirmed.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.conditioning.arrival import ALARMS, Arrival, put_run, run_of
from arcd.core.conditioning.levels import PANEL, PATH, SEQUENTIAL
from arcd.core.siterun import ACTIVATIONS_MAX, Activation, Confirming, SiteRun
from arcd.core.turn import NS, Turn
from protocols.signals import Category, Qualifier, bare_address

# The panel has confirmed it itself: verified, cross point (DC-03 BV, BM), intrusion verifier (DC-05 139).
PANEL_VERIFIED_CODES = frozenset({"BV", "BM", "139"})
# Outdoor and near alarms (DC-05), exit alarms and exit errors (DC-03 EA, EZ; DC-05 374): external detectors do not
# count (requirements 2.5), and somebody who leaves too late trips two detectors as well.
NO_EVIDENCE_CODES = frozenset({"136", "138", "EA", "EZ", "374"})
HOLDUP = frozenset({Category.HOLDUP, Category.DURESS})


def weigh(turn: Turn, arrival: Arrival) -> tuple[str, ...]:
    """Remember the activation, and say what it proves together with those before it."""
    signal = arrival.signal
    if signal.qualifier is not Qualifier.NEW or signal.category not in ALARMS:
        return ()
    evidence = []
    if signal.category is Category.INTRUSION:
        if signal.code in PANEL_VERIFIED_CODES:
            evidence.append(PANEL)
        if _second_detector(turn, arrival):
            evidence.append(SEQUENTIAL)
    elif signal.category in HOLDUP and _second_press(turn, arrival):
        evidence.append(SEQUENTIAL)
    if _path_failed(turn, arrival):
        evidence.append(PATH)
    return tuple(evidence)


def _second_detector(turn: Turn, arrival: Arrival) -> bool:
    activation = _activation(arrival)
    if activation is None:
        return False
    window_ns = int(arrival.entry.site.conditioning.confirm_window_s * NS)
    if window_ns <= 0:
        return False
    run, key = run_of(turn, arrival.site_id), f"{arrival.system_id}/intrusion"
    window = run.confirming.get(key)
    at = arrival.happened_at
    if window is None or abs(at - window.first_at) > window_ns:
        _put_window(turn, arrival, run, key, Confirming(first_at=at, activations=(activation,)))
        return False
    if len(window.activations) < ACTIVATIONS_MAX and activation.zone not in {one.zone for one in window.activations}:
        _put_window(turn, arrival, run, key, replace(window, activations=(*window.activations, activation)))
    return any(are_independent(one, activation) for one in window.activations)


def _activation(arrival: Arrival) -> Activation | None:
    """None when it cannot confirm: outdoors, no zone, or one that the site base does not describe."""
    configured = arrival.entry.zones.get(arrival.zone)
    if configured is None or configured[0].exterior or arrival.signal.code in NO_EVIDENCE_CODES:
        return None
    zone = configured[0]
    return Activation(
        seq=arrival.seq,
        zone=arrival.zone,
        area=arrival.area or bare_address(zone.area),
        technology=zone.technology,
        confirm_group=zone.confirm_group,
    )


def are_independent(one: Activation, other: Activation) -> bool:
    """Separate zones; of one technology only where their coverage does not overlap (DD 243 per requirements 2.5)."""
    if one.zone == other.zone:
        return False
    overlap = one.confirm_group != "" and one.confirm_group == other.confirm_group
    differ = one.technology != "" and other.technology != "" and one.technology != other.technology
    return differ or not overlap


def _second_press(turn: Turn, arrival: Arrival) -> bool:
    """Far enough apart to be no bouncing button, near enough to be the same robbery; the same button counts."""
    conditioning = arrival.entry.site.conditioning
    window_ns = int(conditioning.holdup_confirm_window_s * NS)
    if window_ns <= 0:
        return False
    run, key = run_of(turn, arrival.site_id), f"{arrival.system_id}/holdup"
    window = run.confirming.get(key)
    at = arrival.happened_at
    if window is None or abs(at - window.first_at) > window_ns:
        activation = Activation(seq=arrival.seq, zone=arrival.zone, area=arrival.area)
        _put_window(turn, arrival, run, key, Confirming(first_at=at, activations=(activation,)))
        return False
    return abs(at - window.first_at) >= int(conditioning.holdup_confirm_gap_s * NS)


def _put_window(turn: Turn, arrival: Arrival, run: SiteRun, key: str, window: Confirming) -> None:
    put_run(turn, arrival.site_id, replace(run, confirming={**run.confirming, key: window}))


def _path_failed(turn: Turn, arrival: Arrival) -> bool:
    """A path of this site is down and fell inside the window. One that is back was no cut cable."""
    window_ns = int(arrival.entry.site.conditioning.path_alarm_window_s * NS)
    return window_ns > 0 and any(
        trigger.category is Category.SUPERVISION
        and not trigger.is_of_storm
        and abs(arrival.happened_at - trigger.at) <= window_ns
        for trigger in run_of(turn, arrival.site_id).triggers
    )


def clear_by_opening(run: SiteRun, system_id: str, area: str) -> SiteRun:
    """Who disarms explains what was tripped before. An opening without an area is one of the whole system."""
    key = f"{system_id}/intrusion"
    window = run.confirming.get(key)
    if window is None:
        return run
    left = tuple(one for one in window.activations if area and one.area and one.area != area)
    confirming = {other: each for other, each in run.confirming.items() if other != key}
    if left:
        # The anchor stays: a window never grows, whatever is taken out of it.
        confirming[key] = replace(window, activations=left)
    return replace(run, confirming=confirming)
