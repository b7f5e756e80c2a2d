"""A storm's life: entering, its children, recovery, and what remains.

    active ── 95 % back ──▶ ending ── 15 min, the remainder is split out ──▶ quiet ── 1 h after its last item ──▶ gone

One rule: people get one item for all of it, and at most two per node and hour; every child is kept and told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from arcd.core.case.casebook import attach, save
from arcd.core.case.joining import case_signal, open_or_join
from arcd.core.conditioning.closing import close_untouched
from arcd.core.record import Judged, Judgement
from arcd.core.storm.finding import MAINS, find_node
from arcd.core.storm.model import Candidate, Child, Phase, Storm
from arcd.core.storm.texts import SHOWN_MAX, category_text, storm_text
from arcd.core.turn import NS, Turn
from arcd.core.view import signal_view
from protocols.signals import Qualifier, Scheme, Signal
from rules.vocabulary import ARCD_CODES

# requirements 4.4, recovery.
BACK_PART = 0.95
REMAINDER_S = 15 * 60.0
ITEMS_MAX = 2  # that people are given, per node …
ITEMS_WINDOW_S = 3600.0  # … and hour
TALLY_S = 30.0  # after entering, and then every TALLY_AGAIN_S, the case is told how far it has spread
TALLY_AGAIN_S = 60.0
# Counted against their limit longest: nothing older can be part of a storm.
_CANDIDATE_S_MAX = 600.0
# Nodes that are ours: when their children fail together, it is we who do not hear.
_OWN = ("daemon", "listener", "uplink")


# --------------------------------------------------------------------------------------------------------- candidates


def add_candidate(turn: Turn, key: str, nodes: tuple[str, ...]) -> None:
    turn.state.storm_candidates.put(key, Candidate(at=turn.at, nodes=nodes))


def drop_candidate(turn: Turn, key: str) -> None:
    turn.state.storm_candidates.drop(key)


def find(turn: Turn, *, of_mains: bool = False) -> tuple[str, list[str]] | None:
    """A node whose children fail together, and the keys of the faults that it explains."""
    candidates = turn.state.storm_candidates
    oldest = turn.at - int(_CANDIDATE_S_MAX * NS)
    for key in [key for key, each in candidates.items() if each.at < oldest]:
        candidates.drop(key)
    asked = {key: each for key, each in candidates.items() if key.startswith(MAINS) is of_mains}
    node = find_node(asked, turn.at, lambda node: size_of(turn, node))
    if node is None:
        return None
    # Sorted: after a restore the table stands in another order, and the journal must tell the same story.
    return node, sorted(key for key, each in asked.items() if node in each.nodes)


def size_of(turn: Turn, node: str) -> int:
    """How many supervised children a node has."""
    kind, _, name = node.partition(":")
    if kind == "uplink":
        uplink = next((each for each in turn.centre.uplinks if each.id == name), None)
        gateways = uplink.gateways if uplink is not None else ()
        return sum(turn.directory.node_sizes[f"listener:{gateway}"] for gateway in gateways)
    return turn.directory.node_sizes[node]


def active_node(turn: Turn, nodes: Iterable[str]) -> str:
    """The storm among them that is under way, "" for none."""
    for node in nodes:
        storm = turn.state.storms.get(node)
        if storm is not None and storm.phase is Phase.ACTIVE:
            return node
    return ""


# ------------------------------------------------------------------------------------------------------------ entering


def enter(turn: Turn, node: str) -> None:
    known = turn.state.storms.get(node)
    if known is None:
        storm = Storm(id=turn.new_id("W"), node=node, began_at=turn.at)
    else:
        turn.deadlines.clear(f"storm/{known.id}/split")
        turn.deadlines.clear(f"storm/{known.id}/forget")
        storm = replace(known, phase=Phase.ACTIVE)
    turn.state.storms.put(node, storm)
    turn.note("storm.entered", "", storm=storm.id, node=node)
    turn.deadlines.set(f"storm/{storm.id}/tally", turn.after(TALLY_S))


def announce(turn: Turn, node: str) -> None:
    """Give people their item: the open one of this node, a new one, or, after two in an hour, one when it is over."""
    storm = turn.state.storms[node]
    recent = tuple(at for at in storm.items if turn.at - at < int(ITEMS_WINDOW_S * NS))
    storm = replace(storm, items=recent)
    case = turn.state.cases.get(storm.case_id)
    is_open = case is not None and case.is_open
    if not is_open and len(recent) >= ITEMS_MAX:
        turn.state.storms.put(node, replace(storm, case_id=""))
        turn.deadlines.set(f"storm/{storm.id}/item", recent[0] + int(ITEMS_WINDOW_S * NS))
        return turn.note("storm.item_put_off", "", storm=storm.id, node=node, items=len(recent))
    signal = _signal(turn, storm, Qualifier.NEW)
    decision = turn.rules.decide(signal, signal_view(turn, None, signal), turn.at)
    index = len(turn.judgements)
    if not decision.opens_case:
        turn.judgements.append(Judgement(index=index, judged=Judged.LOGGED, because=signal.code, decision=decision))
        turn.state.storms.put(node, storm)
        return None
    case_id, joined = open_or_join(turn, None, signal, decision, account=node[:64], fold_key=f"centre|storm|{node}")
    judged = Judged.JOINED if joined else Judged.OPENED
    turn.judgements.append(
        Judgement(index=index, judged=judged, because=signal.code, case_id=case_id, decision=decision)
    )
    items = recent if joined else (*recent, turn.at)
    turn.state.storms.put(node, replace(storm, case_id=case_id, items=items))
    _tell_case(turn, node)
    return None


def code_of(node: str) -> str:
    if node.startswith(MAINS):
        return "mains_storm"
    return "centre_storm" if node.partition(":")[0] in _OWN else "line_storm"


def _signal(turn: Turn, storm: Storm, qualifier: Qualifier) -> Signal:
    code = code_of(storm.node)
    text = storm_text(turn, storm)
    return Signal(scheme=Scheme.ARCD, code=code, category=ARCD_CODES[code], qualifier=qualifier, family=code, text=text)


# ------------------------------------------------------------------------------------------------------------ children


def add_child(turn: Turn, node: str, key: str, child: Child, *, risk: int, site_id: str) -> None:
    """`risk` orders the sites that are named; 0 names none."""
    storm = turn.state.storms[node]
    drop_candidate(turn, key)
    known = turn.state.storm_children.get(key)
    turn.state.storm_children.put(key, child)
    if known is not None and known.node == node:
        turn.state.storms.put(node, replace(storm, back=storm.back - known.is_back))
        return
    categories = {**storm.categories, child.label: storm.categories.get(child.label, 0) + 1}
    highest = storm.highest
    if risk and (risk, site_id) not in highest:
        highest = tuple(sorted((*highest, (risk, site_id)), key=lambda each: (-each[0], each[1]))[:SHOWN_MAX])
    turn.state.storms.put(node, replace(storm, children=storm.children + 1, categories=categories, highest=highest))


def count_pair(turn: Turn, node: str, *, cut_off: bool) -> None:
    """A system with two paths has lost one (`cut_off` False) or its last one."""
    storm = turn.state.storms[node]
    turn.state.storms.put(
        node, replace(storm, pairs=storm.pairs + (not cut_off), pairs_cut_off=storm.pairs_cut_off + cut_off)
    )


def child_back(turn: Turn, key: str) -> None:
    """A child is well again: told to nobody, and 95 % of them end the storm."""
    drop_candidate(turn, key)
    child = turn.state.storm_children.get(key)
    if child is None or child.is_back:
        return
    turn.state.storm_children.put(key, replace(child, is_back=True))
    storm = turn.state.storms[child.node]
    storm = replace(storm, back=storm.back + 1)
    turn.state.storms.put(storm.node, storm)
    if storm.phase is Phase.ACTIVE and storm.back >= BACK_PART * storm.children:
        _leave(turn, storm)


def forget_child(turn: Turn, key: str) -> None:
    """The site base does not know it any more: it counts as well."""
    child_back(turn, key)
    turn.state.storm_children.drop(key)


def _leave(turn: Turn, storm: Storm) -> None:
    turn.note("storm.left", "", storm=storm.id, node=storm.node, children=storm.children, back=storm.back)
    turn.deadlines.clear(f"storm/{storm.id}/tally")
    turn.deadlines.clear(f"storm/{storm.id}/item")
    turn.deadlines.set(f"storm/{storm.id}/split", turn.after(REMAINDER_S))
    turn.state.storms.put(storm.node, replace(storm, phase=Phase.ENDING))
    _tell_case(turn, storm.node)
    case = turn.state.cases.get(storm.case_id)
    if case is not None and case.is_open:
        attach(turn, case, case_signal(turn, None, _signal(turn, storm, Qualifier.RESTORE), storm.node[:64]))
        close_untouched(turn, case.id, "storm_over", "restored")


# ----------------------------------------------------------------------------------------------------------- deadlines


def storm_of(turn: Turn, storm_id: str) -> Storm | None:
    return next((storm for storm in turn.state.storms.values() if storm.id == storm_id), None)


def tally(turn: Turn, storm: Storm) -> None:
    """How far it has spread, for the people who work on it."""
    if storm.phase is Phase.ACTIVE:
        turn.note("storm.tally", "", storm=storm.id, node=storm.node, children=storm.children, back=storm.back)
        turn.deadlines.set(f"storm/{storm.id}/tally", turn.after(TALLY_AGAIN_S))
        _tell_case(turn, storm.node)


def _tell_case(turn: Turn, node: str) -> None:
    storm = turn.state.storms[node]
    case = turn.state.cases.get(storm.case_id)
    if case is None or not case.is_open:
        return
    told = {
        "storm_children": str(storm.children),
        "storm_back": str(storm.back),
        "storm_categories": category_text(storm),
        "storm_highest_risk": ", ".join(site for _, site in storm.highest),
    }
    if any(case.form.get(name) != value for name, value in told.items()):
        save(turn, replace(case, form={**case.form, **told}))


def put_off_item(turn: Turn, storm: Storm) -> None:
    """The hour of two items has passed, and it storms still."""
    if storm.phase is Phase.ACTIVE:
        announce(turn, storm.node)


def take_remainder(turn: Turn, storm: Storm) -> list[tuple[str, Child]]:
    """Recovered for long enough: what is left of its children, which is its own matter again."""
    children = sorted(turn.state.storm_children.items(), key=lambda each: each[0])
    mine = [(key, child) for key, child in children if child.node == storm.node]
    for key, _ in mine:
        turn.state.storm_children.drop(key)
    left = [(key, child) for key, child in mine if not child.is_back]
    turn.note("storm.split", "", storm=storm.id, node=storm.node, remainder=len(left))
    forget_at = max(storm.items, default=0) + int(ITEMS_WINDOW_S * NS)
    if forget_at > turn.at:
        quiet = Storm(
            id=storm.id, node=storm.node, began_at=storm.began_at, phase=Phase.QUIET,
            case_id=storm.case_id, items=storm.items,
        )  # fmt: skip
        turn.state.storms.put(storm.node, quiet)
        turn.deadlines.set(f"storm/{storm.id}/forget", forget_at)
    else:
        turn.state.storms.drop(storm.node)
    return left


def forget(turn: Turn, storm: Storm) -> None:
    if storm.phase is Phase.QUIET:
        turn.state.storms.drop(storm.node)
