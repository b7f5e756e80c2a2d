"""Signed journals in a file, and hands that change them: what tests of evidence begin with."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from arcd.store import Batch, Checkpoint, Record, Sealed, SignedNote
from arcd.store.evidence import KEY_CHANGED, SEALED, Copy, KeyStatement
from arcd.store.sqlite import SqliteStore
from protocols.tlog.checkpoint import TreeHead
from protocols.tlog.merkle import root
from protocols.tlog.note import SigningKey, encode_note
from tests.arcd.store.journal import START, counted_salts, record

ORIGIN = "arc.example/journal"
KEY = SigningKey(ORIGIN, b"\1" * 32)
NEXT_KEY = SigningKey(ORIGIN, b"\2" * 32)
THIEF = SigningKey(ORIGIN, b"\3" * 32)

GUARDS = (
    "entry_is_never_changed",
    "entry_is_never_deleted",
    "payload_is_never_changed",
    "ref_is_never_changed",
    "ref_is_never_deleted",
    "note_is_never_changed",
    "note_is_never_deleted",
)


def key_record(seq: int, key: SigningKey, *by: SigningKey) -> Record:
    statement = KeyStatement(origin=key.verifier.name, verifier=str(key.verifier)).text()
    note = encode_note(statement, [key, *by])
    return telling(seq, KEY_CHANGED, {"verifier": str(key.verifier), "note": note})


def telling(seq: int, kind: str, fact: dict[str, object]) -> Record:
    payload = msgspec.json.encode({"fact": {"fact": kind, **fact}})
    return Record(seq=seq, at=START + seq, kind=kind, subject="centre", payload=payload)


def signed_note(store_size: int, tree_root: bytes, key: SigningKey, origin: str = "") -> SignedNote:
    head = TreeHead(origin=origin or key.verifier.name, size=store_size, root=tree_root)
    return SignedNote(size=store_size, at=START, text=encode_note(head.text(), [key]))


class Journal:
    """A store being written, one entry or checkpoint after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = SqliteStore(path, urandom=counted_salts())
        self.copies: list[Copy] = []

    async def __aenter__(self) -> Journal:
        await self.store.open()
        return self

    async def __aexit__(self, *what: object) -> None:
        await self.store.close()

    async def add(self, *records: Record) -> None:
        await self.store.commit(Batch(records=list(records)))

    async def grow(self, until: int, **columns: str) -> None:
        seq = (await self.store.head()).seq
        await self.add(*(record(number, refs=[f"case/C{number}"], **columns) for number in range(seq + 1, until + 1)))

    async def sign(self, key: SigningKey = KEY) -> Copy:
        frontier = await self.store.frontier()
        note = signed_note(frontier.size, root(frontier), key)
        await self.store.keep_note(note)
        copy = Copy(f"copy-{frontier.size}", note.text)
        self.copies.append(copy)
        return copy

    async def seal(self, key: SigningKey = KEY, key_notes: Sequence[str] = ()) -> Sealed:
        """A checkpoint, and the entry that a segment ends before it."""
        await self.sign(key)
        head, frontier = await self.store.head(), await self.store.frontier()
        sealed = Sealed(through=head.seq, hash=head.hash, peaks=frontier.peaks)
        fact: dict[str, object] = {
            "through": sealed.through,
            "hash": sealed.hash.hex(),
            "peaks": [peak.hex() for peak in sealed.peaks],
            "key_notes": list(key_notes),
        }
        await self.add(telling(head.seq + 1, SEALED, fact))
        return sealed

    async def prune(self, sealed: Sealed) -> None:
        head = await self.store.head()
        await self.store.commit(Batch(checkpoint=Checkpoint(seq=head.seq, rows=[]), pruned=sealed))
        while await self.store.sweep(3):
            pass


def tamper(path: Path, *statements: str) -> None:
    """As somebody would who may write the file and knows SQL."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for guard in GUARDS:
            connection.execute(f"DROP TRIGGER IF EXISTS {guard}")
        for statement in statements:
            connection.execute(statement)
