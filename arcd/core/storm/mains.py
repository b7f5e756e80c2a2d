"""Mains failures all over a region are one power failure (requirements 4.4: 20 sites within 10 min).

One rule: a site's own mains failure waits for its restore as ever; only where its region storms is nobody called for
it by itself. High-risk sites are called for all the same.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.conditioning.arrival import Arrival
from arcd.core.conditioning.pending import MAINS_FAMILIES
from arcd.core.record import Judged, Judgement
from arcd.core.storm import engine
from arcd.core.storm.finding import MAINS
from arcd.core.storm.model import Child, Phase
from arcd.core.turn import Turn
from protocols.signals import Category, Qualifier

HIGH_RISK = "high_risk"  # a tag of the site base
_STANDS = frozenset({Judged.PENDING, Judged.OPENED, Judged.JOINED, Judged.LOGGED})


def _concerns(arrival: Arrival) -> bool:
    return (
        arrival.signal.category is Category.TROUBLE
        and arrival.signal.family in MAINS_FAMILIES
        and bool(arrival.entry.site.municipality)
    )


def _key(arrival: Arrival) -> str:
    return f"{MAINS}{arrival.site_id}"


def follow(turn: Turn, arrival: Arrival, judgement: Judgement) -> None:
    """A signal that was judged: does its site lose the mains with many others, or have them back?"""
    if not _concerns(arrival) or arrival.is_delayed:
        return
    key = _key(arrival)
    if arrival.signal.qualifier is Qualifier.RESTORE:
        return engine.child_back(turn, key)
    child = turn.state.storm_children.get(key)
    if judgement.judged not in _STANDS or (child is not None and not child.is_back):
        return None
    node = f"{MAINS}{arrival.entry.site.municipality}"
    if engine.active_node(turn, (node,)):
        return _add(turn, node, key)
    engine.add_candidate(turn, key, (node,))
    found = engine.find(turn, of_mains=True)
    if found is None:
        return None
    node, keys = found
    engine.enter(turn, node)
    for other in keys:
        _add(turn, node, other)
    return engine.announce(turn, node)


def _add(turn: Turn, node: str, key: str) -> None:
    site = turn.state.sites[key.removeprefix(MAINS)]
    is_high = HIGH_RISK in site.tags
    engine.add_child(turn, node, key, Child(node=node, label=site.kind or "site"), risk=8 * is_high, site_id=site.id)


def fold(turn: Turn, arrival: Arrival) -> Judgement | None:
    """Its wait for a restore is over, and it is one of many: kept with the storm, which people work on already."""
    if not _concerns(arrival) or arrival.signal.qualifier is Qualifier.RESTORE:
        return None
    key = _key(arrival)
    child = turn.state.storm_children.get(key)
    if child is None or child.is_back or HIGH_RISK in arrival.entry.site.tags:
        return None
    storm = turn.state.storms[child.node]
    if storm.phase is Phase.QUIET:
        return None
    kept = replace(
        child, seq=arrival.seq, at=arrival.at, site_id=arrival.site_id,
        account_key=arrival.entry.key, account=arrival.account, signal=arrival.signal,
    )  # fmt: skip
    turn.state.storm_children.put(key, kept)
    seq = 0 if arrival.seq == turn.seq else arrival.seq
    return Judgement(
        index=arrival.index, seq=seq, judged=Judged.FOLDED, because=engine.code_of(storm.node), case_id=storm.case_id
    )


def forget(turn: Turn, site_id: str) -> None:
    """The site was removed."""
    engine.forget_child(turn, f"{MAINS}{site_id}")
