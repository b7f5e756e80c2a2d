"""The index of refs, by which the story of a case or a site is found, held against what the entries say themselves.

One rule: the index is no evidence, but whoever is told a story by it must be told all of it, and nothing that is not in
it. One pass counts; only if that does not come out, each fault is looked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from arcd.store.opening import open_for_reading
from arcd.store.ranges import Helpers, answer, ask

_ERAS_AT_ONCE: Final = 16  # counted by one helper

# How many rows there are, and how many of them are where they belong and named by their entries. One pass. Refs are
# compared as msgspec and SQLite write JSON; where the two differ, that is the closer look.
_INDEX_COUNTS: Final = (
    "SELECT count(*), count(e.seq) FROM entry_ref AS r LEFT JOIN entry AS e ON e.seq = r.seq"
    " AND r.era = r.seq >> :era_bits AND (r.ref = e.subject OR instr(e.refs, json_quote(r.ref)))"
    " WHERE r.seq > :first AND r.seq <= :until"
)
_ERA_COUNTS: Final = _INDEX_COUNTS.replace("WHERE", "WHERE r.era BETWEEN :era AND :last_era AND")
_ERAS: Final = "SELECT n FROM era WHERE n BETWEEN :era AND :last_era ORDER BY n"

# Refs of entries that version 1 of the encoding left unchained cannot be known.
_INDEX_FAULTS: Final = (
    (
        "SELECT e.seq, e.subject FROM entry AS e WHERE e.seq > :first AND e.seq <= :until AND NOT EXISTS"
        " (SELECT 1 FROM entry_ref AS r WHERE r.era = e.seq >> :era_bits AND r.ref = e.subject AND r.seq = e.seq)",
        "the index does not lead to it from {ref}",
    ),
    (
        "SELECT e.seq, named.value FROM entry AS e, json_each(iif(json_valid(e.refs), e.refs, '[]')) AS named"
        " WHERE e.seq > :first AND e.seq <= :until AND e.refs <> '[]' AND NOT EXISTS"
        " (SELECT 1 FROM entry_ref AS r WHERE r.era = e.seq >> :era_bits AND r.ref = named.value AND r.seq = e.seq)",
        "the index does not lead to it from {ref}",
    ),
    (
        "SELECT r.seq, r.ref FROM entry_ref AS r JOIN entry AS e ON e.seq = r.seq"
        " WHERE r.seq > :first AND r.seq <= :until AND e.refs IS NOT NULL AND r.ref <> e.subject AND (e.refs = '[]' OR"
        " r.ref NOT IN (SELECT value FROM json_each(iif(json_valid(e.refs), e.refs, '[]'))))",
        "the index leads to it from {ref}, which it does not name",
    ),
)


class Helped(Struct, frozen=True):
    helpers: Helpers
    path: Path
    has_log: bool


def index_faults(
    connection: sqlite3.Connection, first: int, until: int, *, bits: int, expected: int, helped: Helped | None
) -> Iterator[tuple[int, str]]:
    """Entry and fault. `expected`: rows of entries `first` + 1 … `until`, if no ref of them is the subject itself.

    `bits`: entries in an era, as a power of two (`reading.era_bits`).
    """
    values = {"first": first, "until": until, "era_bits": bits}
    yield from _missing_eras(connection, values)
    counted = (
        connection.execute(_INDEX_COUNTS, values).fetchone() if helped is None else _counted(connection, helped, values)
    )
    if counted == (expected, expected):
        return
    for statement, said in _INDEX_FAULTS:
        for seq, ref in connection.execute(statement, values):
            yield seq, said.format(ref=ref.decode("utf-8", "replace") if isinstance(ref, bytes) else ref)


def _missing_eras(connection: sqlite3.Connection, values: dict[str, int]) -> Iterator[tuple[int, str]]:
    """The list of eras, through which every question about a subject goes."""
    if values["until"] <= values["first"]:
        return
    era, last_era = (values["first"] + 1) >> values["era_bits"], values["until"] >> values["era_bits"]
    listed = [there for (there,) in connection.execute(_ERAS, {"era": era, "last_era": last_era})]
    for there in (*listed, last_era + 1):
        if there > era:
            begin, end = era << values["era_bits"], (there << values["era_bits"]) - 1
            begin, end = max(begin, values["first"] + 1), min(end, values["until"])
            yield begin, f"the index leads to none of the entries {begin} to {end}: their era is not in its list"
        era = there + 1


def _counted(connection: sqlite3.Connection, helped: Helped, values: dict[str, int]) -> tuple[int, int] | None:
    """As `_INDEX_COUNTS` does, era by era. A row that claims an era that is not its own is not counted as named."""
    eras = range(values["first"] >> values["era_bits"], (values["until"] >> values["era_bits"]) + 1, _ERAS_AT_ONCE)
    asked = [ask(helped.helpers, count_named, helped.path, helped.has_log, era, values) for era in eras]
    total = "SELECT count(*) FROM entry_ref WHERE seq > :first AND seq <= :until"
    [rows] = connection.execute(total, values).fetchone()
    named = [answer(each) for each in asked]
    return None if None in named else (rows, sum(each for each in named if each is not None))


def count_named(path: Path, has_log: bool, era: int, values: dict[str, int]) -> int | None:
    """Rows of some eras that are theirs and that the entries they lead to name. None: it cannot be read."""
    eras = {"era": era, "last_era": era + _ERAS_AT_ONCE - 1}
    try:
        with closing(open_for_reading(path, has_log)) as connection:
            connection.text_factory = bytes
            return int(connection.execute(_ERA_COUNTS, values | eras).fetchone()[1])
    except sqlite3.Error:
        return None
