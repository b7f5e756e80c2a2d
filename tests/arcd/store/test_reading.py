"""The questions find what they ask for without sorting or scanning."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from arcd.store import CaseQuery
from arcd.store.file import migrate
from arcd.store.reading import Parameters, case_question, cases_question, entries_question


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, Path("memory"))
        yield connection


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (entries_question(5, 9, None, None), "SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (entries_question(5, 9, None, "k"), "SEARCH e USING INDEX entry_kind (kind=? AND rowid>? AND rowid<?)"),
        (entries_question(5, 9, "s", None), "SEARCH r USING PRIMARY KEY (era=? AND ref=? AND seq>? AND seq<?)"),
        (entries_question(5, 9, "s", "k"), "SEARCH r USING PRIMARY KEY (era=? AND ref=? AND seq>? AND seq<?)"),
        (cases_question(CaseQuery()), "USING INDEX case_open"),
        (cases_question(CaseQuery(open_only=False)), "USING INDEX case_age"),
        (cases_question(CaseQuery(open_only=False, site_id="K-1")), "USING INDEX case_site (site_id=?)"),
        (case_question("C1"), "USING PRIMARY KEY (case_id=?)"),
    ],
)
def test_the_index_is_used_and_nothing_is_sorted(
    connection: sqlite3.Connection, question: tuple[str, Parameters], index: str
) -> None:
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question[0]}", question[1])]
    assert any(index in step for step in plan), plan
    assert not any("TEMP B-TREE" in step for step in plan), plan
