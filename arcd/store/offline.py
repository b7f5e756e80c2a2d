"""Reading a journal file beside the daemon that writes it, or a copy of it: entries in order, and nothing more.

One rule: never written, never locked, never waited for. What the chain says of the entries is `verify`'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from arcd.store import Entry, StoreError
from arcd.store.failure import explained
from arcd.store.file import check_version
from arcd.store.opening import open_for_reading, refs_column

_PAGE: Final = 1_000  # entries held in memory at a time


class Extent(Struct, frozen=True, kw_only=True):
    """What the file holds when it is looked at; a running daemon adds to it."""

    last_seq: int
    last_at: int


def extent(path: Path) -> Extent:
    """StoreError when there is no journal to read at `path`."""
    with explained(path), closing(connected(path)) as connection:
        row = connection.execute("SELECT seq, at FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    return Extent(last_seq=row[0], last_at=row[1]) if row is not None else Extent(last_seq=0, last_at=0)


def last_until(path: Path, at: int) -> int:
    """The number of the last entry no later than `at` (ns UTC), 0 when the journal begins later.

    Instants may step back where somebody set the clock; counted is the last entry before the first that is later.
    """
    question = "SELECT coalesce((SELECT min(seq) FROM entry WHERE at > ?) - 1, (SELECT max(seq) FROM entry), 0)"
    with explained(path), closing(connected(path)) as connection:
        return int(connection.execute(question, (at,)).fetchone()[0])


def entries(path: Path, *, until: int, kind: str | None = None) -> Iterator[Entry]:
    """Entries 1 … `until`, of one kind or all. Each page is a look of its own: the daemon's log is not held up."""
    of_kind = "" if kind is None else "AND e.kind = :kind"
    question = (
        f"SELECT e.seq, at, kind, subject, commitment, previous_hash, hash, salt, body, {{refs}}"  # noqa: S608 – fixed
        f" FROM entry AS e LEFT JOIN payload AS p ON p.seq = e.seq WHERE e.seq > :after AND e.seq <= :until {of_kind}"
        " ORDER BY e.seq LIMIT :page"
    )
    after = 0
    with explained(path), closing(connected(path)) as connection:
        question = question.format(refs=refs_column(connection))
        while True:
            asked = {"after": after, "until": until, "kind": kind, "page": _PAGE}
            rows = connection.execute(question, asked).fetchall()
            for seq, at, told_kind, subject, commitment, previous_hash, own_hash, salt, body, refs in rows:
                yield Entry(
                    seq=seq,
                    at=at,
                    kind=told_kind,
                    subject=subject,
                    commitment=commitment,
                    previous_hash=previous_hash,
                    hash=own_hash,
                    salt=salt,
                    payload=body,
                    refs=refs,
                )
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]


def connected(path: Path) -> sqlite3.Connection:
    """For reading alone. StoreError when there is no journal at `path`: SQLite itself would make a file there."""
    if not path.is_file():
        raise StoreError(f"{path} does not exist or is not a file; name the journal of an arcd store")
    connection = open_for_reading(path)
    try:
        if check_version(connection, path) == 0:
            raise StoreError(f"{path} is empty; name the journal of an arcd store")
    except BaseException:
        connection.close()
        raise
    return connection
