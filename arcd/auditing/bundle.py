"""Everything that proves one case: its entries, where they stand in the signed tree, and which data were in force.

One rule: other people's matters stay out. An entry of the case comes with its content; of the rules and the site's data
in force only the entry is shown, which proves which version it was without telling what is in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from arcd.auditing.checkpoints import Checkpoints
from arcd.core.state import State
from arcd.store import Entry, SignedNote, Store
from arcd.store.tree import inclusion_proof

ENTRIES_MAX: Final = 50_000  # of one case; a case with more is a report of another kind


class TooLargeError(Exception):
    """The case has more entries than a package holds."""


class ProvedEntry(Struct, frozen=True, kw_only=True):
    """`content`: "whole" (payload and salt are given), "withheld" (it holds a secret of the centre), "erased", or
    "proof only" (of data in force)."""

    entry: Entry
    proof: tuple[bytes, ...]
    content: str


class DataInForce(Struct, frozen=True, kw_only=True):
    """The entry that brought rules or site data into force before the case began."""

    what: str  # "rules", "site"
    seq: int
    at: int
    hash: str


class Bundle(Struct, frozen=True, kw_only=True):
    case_id: str
    note: SignedNote
    key_notes: tuple[str, ...]
    verifiers: tuple[str, ...]
    entries: tuple[ProvedEntry, ...]
    data: tuple[DataInForce, ...]


async def gather(
    *,
    store: Store,
    state: State,
    checkpoints: Checkpoints,
    case_id: str,
    site_id: str,
    has_secret: Callable[[bytes], bool],
) -> Bundle | None:
    """None where nothing is signed: there would be no proof to hand out. StoreError, UnprovableError, TooLargeError."""
    note = await checkpoints.sign()
    if note is None:
        return None
    entries: list[Entry] = []
    async for entry in store.entries(subject=f"case/{case_id}", until=note.size):
        if len(entries) == ENTRIES_MAX:
            raise TooLargeError(f"{case_id} has more than {ENTRIES_MAX} entries")
        entries.append(entry)
    first = entries[0].seq if entries else note.size
    in_force = [
        ("rules", await _newest(store, "rules_loaded", "centre", first)),
        ("site", await _newest(store, "site_imported", f"site/{site_id}", first) if site_id else None),
    ]
    proved = [await _proved(store, entry, note.size, _content(entry, has_secret)) for entry in entries]
    proved += [
        await _proved(store, entry, note.size, "proof only")
        for _, entry in in_force
        if entry is not None and entry.seq not in {one.seq for one in entries}
    ]
    audit = state.audit.get("audit")
    keys = audit.keys if audit is not None else ()
    return Bundle(
        case_id=case_id,
        note=note,
        key_notes=tuple(key.note for key in keys),
        verifiers=tuple(key.verifier for key in keys),
        entries=tuple(sorted(proved, key=lambda one: one.entry.seq)),
        data=tuple(
            DataInForce(what=what, seq=entry.seq, at=entry.at, hash=entry.hash.hex())
            for what, entry in in_force
            if entry is not None
        ),
    )


async def _newest(store: Store, kind: str, subject: str, until: int) -> Entry | None:
    found = None
    async for entry in store.entries(kind=kind, subject=subject, until=until):
        found = entry
    return found


async def _proved(store: Store, entry: Entry, size: int, content: str) -> ProvedEntry:
    return ProvedEntry(entry=entry, proof=tuple(await inclusion_proof(store, entry.seq, size)), content=content)


def _content(entry: Entry, has_secret: Callable[[bytes], bool]) -> str:
    if entry.payload is None:
        return "erased"
    return "withheld" if has_secret(entry.payload) else "whole"
