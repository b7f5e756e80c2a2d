"""What becomes of a path that fell silent: settling, failed, restored; and of the transmission system it is part of.

    silent ── settles ──▶ failed: by itself before a person, or as a child of a storm ── heard again ──▶ restored

One rule: silence is decided on once and by a fact that carries when the path was last heard; everything after that
follows from the tables. Every confirmed change goes through `changes.on_path_change`.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arcd.core.facts import PathsHeardAgain, PathsSilent
from arcd.core.storm import engine as storms
from arcd.core.storm.model import Child
from arcd.core.supervision import substitution
from arcd.core.supervision.changes import on_path_change
from arcd.core.supervision.model import AtsFault, ChangeKind, PathChange, PathFault
from arcd.core.supervision.paths import SupervisedPath, nodes_of
from arcd.core.supervision.signals import ATS_FAULT, PATH_FAULT, tell
from arcd.core.turn import NS, Turn
from protocols.signals import Qualifier
from rules.ats_categories import CATEGORIES

HIGH_RISK = "high_risk"  # a tag of the site base
SERVICE = "line_supervision"  # of the contract


# --------------------------------------------------------------------------------------------------------------- silent


def on_silent(turn: Turn, fact: PathsSilent) -> None:
    """They settle first, all that came together as one; what belongs to a storm under way is its child at once."""
    settling: dict[float, list[str]] = {}
    of_storm: list[str] = []
    for key, heard in fact.silent.items():
        path = turn.directory.paths.get(key)
        if path is None or key in turn.state.path_faults:
            continue
        nodes = nodes_of(path, turn.centre)
        turn.state.path_faults.put(key, PathFault(since=heard, detected_at=turn.at, nodes=nodes))
        turn.state.path_heard.drop(key)
        if storms.active_node(turn, nodes):
            of_storm.append(key)
        else:
            storms.add_candidate(turn, key, nodes)
            settle_s = path.limits(is_alone=is_alone(turn, path)).settle_s
            settling.setdefault(settle_s, []).append(key)
    for settle_s, keys in settling.items():
        name = turn.new_id("L")
        turn.state.settling.put(name, tuple(keys))
        turn.deadlines.set(f"settle/{name}", turn.after(settle_s))
    _confirm(turn, of_storm)
    turn.note("paths.silent", "", settling=sum(map(len, settling.values())), of_storm=len(of_storm))


def is_alone(turn: Turn, path: SupervisedPath) -> bool:
    """An alternative path whose primary is down (requirements 2.1): its limit tightens."""
    if path.is_primary:
        return False
    others = turn.directory.paths_of_system(path.system_key)
    return any(other.is_primary and other.key in turn.state.path_faults for other in others)


def on_settled(turn: Turn, name: str) -> None:
    """Time to say what it is: one cause that many share, or each by itself."""
    keys = turn.state.settling.get(name) or ()
    turn.state.settling.drop(name)
    raise_storms(turn)
    _confirm(turn, [key for key in keys if _is_settling(turn, key)])


def _is_settling(turn: Turn, key: str) -> bool:
    fault = turn.state.path_faults.get(key)
    return fault is not None and not fault.confirmed_at


def raise_storms(turn: Turn) -> None:
    while (found := storms.find(turn)) is not None:
        node, keys = found
        storms.enter(turn, node)
        for key in keys:
            storms.drop_candidate(turn, key)
        _confirm(turn, [key for key in keys if key in turn.state.path_faults], node=node)
        storms.announce(turn, node)


def give_up_settling(turn: Turn) -> int:
    """It was us: what was about to be blamed on the paths is taken back. Returns how many."""
    keys = [key for key, fault in turn.state.path_faults.items() if not fault.confirmed_at]
    for key in keys:
        turn.state.path_faults.drop(key)
        storms.drop_candidate(turn, key)
    for name in list(turn.state.settling):
        turn.state.settling.drop(name)
        turn.deadlines.clear(f"settle/{name}")
    return len(keys)


# --------------------------------------------------------------------------------------------------------------- failed


def _confirm(turn: Turn, keys: Iterable[str], *, node: str = "") -> None:
    """First all of them are down, then people are told: a system that lost both its paths is one matter."""
    paths = [path for key in keys if (path := turn.directory.paths.get(key)) is not None]
    for path in paths:
        _fail_path(turn, path, node)
    for path in paths:
        _fail_system(turn, path)
    for path in paths:
        _tell_failed(turn, path)


def _fail_path(turn: Turn, path: SupervisedPath, node: str) -> None:
    fault = turn.state.path_faults[path.key]
    node = node or storms.active_node(turn, fault.nodes)
    is_new = not fault.confirmed_at
    turn.state.path_faults.put(path.key, replace(fault, confirmed_at=fault.confirmed_at or turn.at, storm=node))
    if node:
        assert path.system.category is not None
        child = Child(node=node, label=path.system.category)
        storms.add_child(turn, node, path.key, child, risk=_risk(turn, path), site_id=path.site_id)
        if len(turn.directory.paths_of_system(path.system_key)) > 1 and not _system_is_down(turn, path):
            storms.count_pair(turn, node, cut_off=False)
    if is_new:
        _change(turn, ChangeKind.PATH_FAILED, path, fault.since, storm=node, path_id=path.path.id)


def _fail_system(turn: Turn, path: SupervisedPath) -> None:
    known = turn.state.ats_faults.get(path.system_key)
    storm = turn.state.path_faults[path.key].storm
    if known is not None:
        if storm and not known.storm:
            turn.state.ats_faults.put(path.system_key, replace(known, storm=storm))
        return
    if not _system_is_down(turn, path):
        return
    faults = [turn.state.path_faults[other.key] for other in turn.directory.paths_of_system(path.system_key)]
    since = max(fault.since for fault in faults)
    turn.state.ats_faults.put(path.system_key, AtsFault(since=since, detected_at=turn.at, storm=storm))
    if storm and len(faults) > 1:
        storms.count_pair(turn, storm, cut_off=True)
    _change(turn, ChangeKind.ATS_FAILED, path, since, storm=storm)


def _system_is_down(turn: Turn, path: SupervisedPath) -> bool:
    faults = (turn.state.path_faults.get(other.key) for other in turn.directory.paths_of_system(path.system_key))
    return all(fault is not None and fault.confirmed_at for fault in faults)


def _tell_failed(turn: Turn, path: SupervisedPath) -> None:
    """Before a person: the system where it is cut off, else the path. Of a storm only what breaks out of it."""
    fault, cut_off = turn.state.path_faults[path.key], turn.state.ats_faults.get(path.system_key)
    if cut_off is None:
        if not fault.storm and not fault.is_signalled:
            _tell_path(turn, path)
    elif not cut_off.is_signalled and (not cut_off.storm or _breaks_out(turn, path, cut_off)):
        _tell_system(turn, path)


def _tell_path(turn: Turn, path: SupervisedPath) -> None:
    fault = turn.state.path_faults[path.key]
    turn.state.path_faults.put(path.key, replace(fault, is_signalled=True))
    tell(turn, path, PATH_FAULT, Qualifier.NEW, since=fault.since, is_of_storm=bool(fault.storm))
    _reported(turn, path, fault.since)


def _tell_system(turn: Turn, path: SupervisedPath) -> None:
    cut_off = turn.state.ats_faults[path.system_key]
    turn.state.ats_faults.put(path.system_key, replace(cut_off, is_signalled=True))
    tell(turn, path, ATS_FAULT, Qualifier.NEW, since=cut_off.since, is_of_storm=bool(cut_off.storm))
    _reported(turn, path, cut_off.since)


def _reported(turn: Turn, path: SupervisedPath, since: int) -> None:
    turn.note(
        "path.reported", "", site=path.site_id, system=path.system.id, path=path.path.id,
        category=path.system.category, delay_s=round((turn.at - since) / NS, 3),
    )  # fmt: skip


def _breaks_out(turn: Turn, path: SupervisedPath, cut_off: AtsFault) -> bool:
    """requirements 4.4: (a) high risk, or a high category whose contract says so; (b) both paths gone where peers lost
    one. (c), an alarm from it, is `on_alarm`; (d), the arrangement clock of a fire line, runs outside the storm."""
    site = turn.state.sites[path.site_id]
    assert path.system.category is not None
    if HIGH_RISK in site.tags or (CATEGORIES[path.system.category].high and SERVICE in site.services):
        return True
    if len(turn.directory.paths_of_system(path.system_key)) < 2:
        return False
    storm = turn.state.storms[cut_off.storm]
    return storm.pairs_cut_off * 2 <= storm.pairs


def _risk(turn: Turn, path: SupervisedPath) -> int:
    """Who is named first when thousands are silent: high-risk sites, fire, high categories, insured."""
    site = turn.state.sites[path.site_id]
    assert path.system.category is not None
    return (
        8 * (HIGH_RISK in site.tags)
        + 4 * (path.system.kind == "fire")
        + 2 * CATEGORIES[path.system.category].high
        + path.system.insurer
    )


def on_alarm(turn: Turn, system_key: str) -> None:
    """Breakout (c): an alarm came from a system that is down as one of many, or was about to be."""
    paths = turn.directory.paths_of_system(system_key)
    settling = [path for path in paths if _is_settling(turn, path.key)]
    _confirm(turn, [path.key for path in settling])
    cut_off = turn.state.ats_faults.get(system_key)
    if cut_off is not None:
        if not cut_off.is_signalled:
            _tell_system(turn, paths[0])
        return
    for path in paths:
        fault = turn.state.path_faults.get(path.key)
        if fault is not None and not fault.is_signalled:
            _tell_path(turn, path)


# ------------------------------------------------------------------------------------------------------------- restored


def on_heard_again(turn: Turn, fact: PathsHeardAgain) -> None:
    for key in fact.heard:
        fault, path = turn.state.path_faults.get(key), turn.directory.paths.get(key)
        if fault is None or path is None:
            continue
        turn.state.path_faults.drop(key)
        storms.child_back(turn, key)
        if not fault.confirmed_at:
            turn.note("path.settled_itself", "", site=path.site_id, system=path.system.id, path=path.path.id)
            continue
        _change(turn, ChangeKind.PATH_RESTORED, path, fault.since, storm=fault.storm, path_id=path.path.id)
        _restore_system(turn, path)
        if fault.is_signalled:
            tell(turn, path, PATH_FAULT, Qualifier.RESTORE, since=fault.since)


def _restore_system(turn: Turn, path: SupervisedPath) -> None:
    cut_off = turn.state.ats_faults.get(path.system_key)
    if cut_off is None:
        return
    turn.state.ats_faults.drop(path.system_key)
    _change(turn, ChangeKind.ATS_RESTORED, path, cut_off.since, storm=cut_off.storm)
    if cut_off.is_signalled:
        tell(turn, path, ATS_FAULT, Qualifier.RESTORE, since=cut_off.since)
        # What was part of the system's fault is a matter of its own now.
        for other in turn.directory.paths_of_system(path.system_key):
            fault = turn.state.path_faults.get(other.key)
            if fault is not None and not fault.storm and not fault.is_signalled:
                _tell_path(turn, other)


def on_split(turn: Turn, keys: Iterable[str]) -> None:
    """What a storm left behind is told one by one."""
    left = []
    for key in keys:
        fault = turn.state.path_faults.get(key)
        path = turn.directory.paths.get(key)
        if fault is None or path is None:
            continue
        turn.state.path_faults.put(key, replace(fault, storm=""))
        cut_off = turn.state.ats_faults.get(path.system_key)
        if cut_off is not None and cut_off.storm == fault.storm:
            turn.state.ats_faults.put(path.system_key, replace(cut_off, storm=""))
        left.append(path)
    for path in left:
        _tell_failed(turn, path)


def forget(turn: Turn, key: str) -> None:
    """The site base does not know this path any more."""
    turn.state.path_faults.drop(key)
    turn.state.path_heard.drop(key)
    substitution.forget(turn, key)
    storms.forget_child(turn, key)
    turn.state.ats_faults.drop(key.rpartition("/")[0])


def _change(
    turn: Turn, kind: ChangeKind, path: SupervisedPath, since: int, *, storm: str = "", path_id: str = ""
) -> None:
    on_path_change(
        turn,
        PathChange(
            kind=kind,
            at=turn.at,
            site_id=path.site_id,
            system_id=path.system.id,
            path_id=path_id,
            since=since,
            category=path.system.category or "",
            storm=storm,
            limit_s=path.limits().reporting_s,
        ),
    )
