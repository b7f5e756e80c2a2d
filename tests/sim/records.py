"""Checks of what is on record: the chain, two states side by side, and that nobody is left on the way.

One rule: pure; each takes what it looks at and knows no world.
"""

from __future__ import annotations

import msgspec

from arcd.core.effects import SendMail
from arcd.core.record import StepRecord
from arcd.core.state import State
from arcd.store import Record
from arcd.store.chain import GENESIS_HASH, seal
from arcd.store.memory import MemoryStore
from tests.sim.scene import GUARD_OF_ADDRESS

# Never changed by anything but an administrator: compared by what they hold, not by their JSON.
_STATIC = frozenset({"rules", "site", "centre"})


def check_chain(store: MemoryStore) -> None:
    """(7) append-only, chained, complete."""
    previous = GENESIS_HASH
    for number, entry in enumerate(store._entries, start=1):
        assert entry.seq == number, f"entry {entry.seq} where {number} comes next"
        assert entry.previous_hash == previous, f"the chain breaks at entry {number}"
        assert entry.payload is not None
        assert entry.salt is not None
        record = Record(
            seq=entry.seq, at=entry.at, kind=entry.kind, subject=entry.subject, payload=entry.payload,
            refs=tuple(msgspec.json.decode(entry.refs or "[]")),
        )  # fmt: skip
        assert seal(previous, record, entry.salt) == entry, f"entry {number} was changed"
        previous = entry.hash
    assert store._head.hash == previous, "the head is not the last entry"


def check_called_off(record: StepRecord, guard_id: str) -> None:
    """Nobody is left on the way to a matter that is closed."""
    told = {
        GUARD_OF_ADDRESS.get(address)
        for effect in record.effects
        for address in (effect.to if isinstance(effect, SendMail) else (getattr(effect, "url", ""),))
    }
    assert guard_id in told, f"{guard_id} was called off, and nobody tells them"


def states_differ(left: State, right: State) -> list[str]:
    """Names of the tables that differ; as JSON, so that the order inside a value counts as well."""
    encode = msgspec.json.encode
    ours, theirs = left.tables(), right.tables()
    return [
        name
        for name, table in ours.items()
        if (
            dict(table.items()) != dict(theirs[name].items())
            if name in _STATIC
            else {key: encode(row) for key, row in table.items()} != {k: encode(row) for k, row in theirs[name].items()}
        )
    ]
