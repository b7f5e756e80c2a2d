"""Is it still the same device? What a frame shows of its sender, against what its path has shown before.

A device that was swapped, or somebody who imitates it, comes with another hardware address, another receiver number or
from another place (requirements 2.1, class S1). That proves nothing and is worth a look.

One rule: what is known was shown by a signal, which the journal has. A link test is only compared with it, and where it
differs it goes the same way as a signal, so that nothing is remembered beside the state.
"""

from __future__ import annotations

from arcd.core import troubles
from arcd.core.directory import Entry
from arcd.core.facts import FrameReceived
from arcd.core.supervision.model import Marks
from arcd.core.supervision.paths import SupervisedPath
from arcd.core.turn import Turn
from protocols.codec import Origin

CODE = "path_changed"
HARDWARE_ADDRESS = "xM"  # DC-09 extended data M as `Signal.extra` names it
MARK_CHARS_MAX = 64  # of one that is kept


def host_of(peer: str) -> str:
    """ "192.0.2.7:41234" → "192.0.2.7"; a serial line or a bus has none."""
    return peer.rpartition(":")[0]


def is_other(known: Marks, path: SupervisedPath, origin: Origin, peer: str) -> bool:
    """Whether a link test must be looked at more closely."""
    if known.receiver != (origin.receiver or ""):
        return True
    return path.path.fixed_address and bool(known.host) and known.host != host_of(peer)


def follow(turn: Turn, entry: Entry, path: SupervisedPath, fact: FrameReceived) -> None:
    """A genuine frame: remember what it shows, and say so where it was another before."""
    known = turn.state.path_marks.get(path.key)
    signals = fact.received.signals
    if known is None and not signals:
        return  # the first link tests of a hundred thousand paths are not worth an entry each
    known = known or Marks()
    hardware = next((value for each in signals for name, value in each.extra if name == HARDWARE_ADDRESS), "")
    shown = Marks(
        hardware=hardware[:MARK_CHARS_MAX] or known.hardware,
        receiver=(fact.received.origin.receiver or "")[:MARK_CHARS_MAX],
        host=host_of(fact.peer)[:MARK_CHARS_MAX] if path.path.fixed_address else "",
    )
    if shown == known:
        return
    is_first = path.key not in turn.state.path_marks
    turn.state.path_marks.put(path.key, shown)
    changed = [
        f"{name} {before} → {after}"
        for name, before, after in (
            ("hardware", known.hardware, shown.hardware),
            ("receiver", known.receiver, shown.receiver),
            ("address", known.host, shown.host),
        )
        if before != after and (before or name == "receiver")
    ]
    if is_first or not changed:
        return
    text = f"{path.path.id}: {', '.join(changed)}"
    turn.note("path.changed", "", site=path.site_id, system=path.system.id, path=path.path.id, what=text)
    troubles.raise_trouble(turn, CODE, entry=entry, about=path.path.id, text=text, index=len(turn.judgements))


def forget(turn: Turn, key: str) -> None:
    turn.state.path_marks.drop(key)
