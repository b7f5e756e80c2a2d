"""Where facts and deadlines meet supervision: who is asked, in which order.

One rule: it routes, and keeps the watch in step with the tables; decisions are in `faults` and `arcd.core.storm`.
"""

from __future__ import annotations

from arcd.core.conditioning import pipeline
from arcd.core.conditioning.arrival import ALARMS
from arcd.core.directory import Directory, Entry
from arcd.core.facts import (
    AccountsHeard,
    AnyFact,
    ClockStepped,
    DaemonTroubled,
    FrameReceived,
    SiteImported,
    SiteRemoved,
    Started,
)
from arcd.core.state import State
from arcd.core.storm import engine as storms
from arcd.core.storm import mains
from arcd.core.supervision import faults, substitution
from arcd.core.supervision.model import PathFault
from arcd.core.supervision.paths import SupervisedPath, find_path
from arcd.core.supervision.watch import Watch
from arcd.core.turn import Turn

# Our own: whatever was about to be blamed on paths is taken back, and each gets a whole limit again (requirements 4.4).
OWN_FAULTS = frozenset({"stalled", "listener_rebound", "listener_down", "uplink_lost"})


# ------------------------------------------------------------------------------------------------------------ in a step


def on_frame(turn: Turn, fact: FrameReceived, entry: Entry) -> None:
    """A genuine frame, after its signals were judged."""
    path = find_path(entry.paths, fact.received.origin, fact.gateway)
    if path is not None:
        turn.heard_path = path.key
        substitution.follow(turn, entry, path, fact)
    if len(turn.state.path_faults) and entry.paths:
        signals = fact.received.signals
        if any(signal.category in ALARMS or signal.is_life_safety for signal in signals):
            faults.on_alarm(turn, entry.paths[0].system_key)


def on_own_fault(turn: Turn) -> None:
    held = faults.give_up_settling(turn)
    if len(turn.directory.paths):
        turn.note("supervision.held", "", paths=held)


def on_deadline(turn: Turn, owner: str, name: str, rest: list[str]) -> None:
    if owner == "settle":
        return faults.on_settled(turn, name)
    storm = storms.storm_of(turn, name)
    assert storm is not None, f"a deadline of storm {name}, which is gone"
    match rest:
        case ["tally"]:
            storms.tally(turn, storm)
        case ["item"]:
            storms.put_off_item(turn, storm)
        case ["split"]:
            left = storms.take_remainder(turn, storm)
            faults.on_split(turn, [key for key, _ in left])
            for _, child in left:
                if child.signal is not None:
                    turn.judgements += pipeline.decide_left(turn, child)
        case ["forget"]:
            storms.forget(turn, storm)
        case _:
            raise AssertionError(f"nobody set a deadline like storm/{name}/{'/'.join(rest)}")
    return None


def on_heard(turn: Turn, fact: AccountsHeard) -> None:
    for key, at in fact.paths.items():
        if at > (turn.state.path_heard.get(key) or 0) and key in turn.directory.paths:
            turn.state.path_heard.put(key, at)
    for limit, at in fact.floors.items():
        if at != turn.state.path_floors.get(limit):
            turn.state.path_floors.put(limit, at)


def on_site(turn: Turn, site_id: str) -> None:
    """The site base has changed, and the directory with it."""
    now = {path.key for path in turn.directory.paths_of_site(site_id)}
    for path in turn.paths_before:
        if path.key not in now:
            faults.forget(turn, path.key)
    if site_id not in turn.state.sites:
        mains.forget(turn, site_id)


# --------------------------------------------------------------------------------------------------------- after a step


def follow(watch: Watch, turn: Turn, fact: AnyFact) -> None:
    """The step stands: bring the watch to where the tables are."""
    if turn.clock_step:
        watch.shift(turn.clock_step)
    match fact:
        case FrameReceived():
            if turn.heard_path:
                watch.hear(turn.heard_path, fact.at)
        case Started() | ClockStepped():
            watch.begin(fact.at)
        case DaemonTroubled() if fact.code in OWN_FAULTS:
            watch.begin(fact.at)
        case SiteImported():
            _follow_site(watch, turn, fact.site.id, fact.at)
        case SiteRemoved():
            _follow_site(watch, turn, fact.site_id, fact.at)
        case _:
            pass
    for key in turn.state.changed_keys(turn.state.path_faults):
        fault = turn.state.path_faults.get(key)
        watch.follow(key, fault)
        path = turn.directory.paths.get(key)
        if path is not None and path.is_primary:
            _tighten(watch, turn.directory, path, fault)


def _follow_site(watch: Watch, turn: Turn, site_id: str, at: int) -> None:
    now = turn.directory.paths_of_site(site_id)
    kept = {path.key for path in now}
    for path in turn.paths_before:
        if path.key not in kept:
            watch.remove(path.key)
    for path in now:
        watch.put(path, at)


def _tighten(watch: Watch, directory: Directory, primary: SupervisedPath, fault: PathFault | None) -> None:
    """requirements 2.1: the alternative path's limit is another while the primary is down.

    It counts from where the primary was last heard, so that a site that lost both is reported as soon as one that has
    only that one: its panel turns to the alternative path when nobody answers on the primary.
    """
    for other in directory.paths_of_system(primary.system_key):
        if not other.is_primary:
            limits = other.limits(is_alone=fault is not None)
            watch.limit(other.key, limits.silent_s, fault.since if fault is not None else 0)


def rebuild(watch: Watch, directory: Directory, state: State) -> None:
    """From the tables, before the tail of the journal is stepped through."""
    watch.rebuild(
        directory.paths.values(), dict(state.path_faults.items()), dict(state.path_heard.items()),
        dict(state.path_floors.items()),
    )  # fmt: skip
    for key, fault in state.path_faults.items():
        path = directory.paths.get(key)
        if path is not None and path.is_primary:
            _tighten(watch, directory, path, fault)
