"""A store of every older version, written by the release that had it, is taken over whole."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from arcd.store import Head
from arcd.store.file import SCRIPTS, migrate
from arcd.store.sqlite import SqliteStore
from arcd.store.tree import inclusion_proof, root_at
from arcd.store.verify import Finding, verify_file
from protocols.tlog.merkle import root, verify_inclusion
from tests.arcd.store.journal import START, all_entries, case, counted_salts, effect, records

VECTORS = Path(__file__).parents[2] / "vectors"
# Version 1: seven entries, the fifth erased; refs beside the chain; one effect, one case, a checkpoint at entry 2.
HEAD_V1 = "6b908eb4bb2d8fe57465491fa9aa4808ef61d995aee666268c043b7591dc868e"


# Version 2: 300 entries of as many sites, most of them of one case, the fifth erased; a checkpoint at entry 300.
HEAD_V2 = "10f180365e0534d303d2f8494184b6bf2361e2b4983969d8c2100dd837b2d979"
ROOT_V2 = "b63f703908bae15a6c9bbc581ea642fddf478822a85a1ee894d11e24702d7ae0"


# Erased by the store alone, without the core that would have said so in an entry.
UNSAID = (Finding(5, "its content is gone, and no entry says that it was erased"),)


def unpacked(name: str, directory: Path) -> Path:
    path = directory / "journal.sqlite"
    path.write_bytes(gzip.decompress((VECTORS / name).read_bytes()))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return unpacked("store_v1.sqlite.gz", tmp_path)


@pytest.fixture
def path_v2(tmp_path: Path) -> Path:
    return unpacked("store_v2.sqlite.gz", tmp_path)


def test_a_copy_of_version_1_verifies_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    verdict = verify_file(path)
    assert (verdict.findings, verdict.entries, verdict.erased, verdict.head_hash) == (UNSAID, 7, 1, HEAD_V1)
    assert path.read_bytes() == before


async def test_version_1_is_taken_over_and_goes_on_in_the_newest(path: Path) -> None:
    store = SqliteStore(path, urandom=counted_salts())
    restored = await store.open()
    assert restored.head == Head(seq=7, hash=bytes.fromhex(HEAD_V1), at=START + 7)
    assert (restored.checkpoint_seq, restored.outbox) == (2, [effect("e1", 1)])
    assert await store.case("C2") == case("C2")
    assert [entry.seq for entry in await all_entries(store, subject="case/C2")] == [2, 3]
    assert {entry.refs for entry in await all_entries(store)} == {None}
    await store.commit(records(8, 600))
    entries = await all_entries(store)
    assert [entry.refs for entry in entries[6:8]] == [None, "[]"]
    frontier = await store.frontier()
    assert (frontier.size, root(frontier)) == (600, await root_at(store, 600))
    for seq in (1, 7, 8, 600):
        proof = await inclusion_proof(store, seq, 600)
        assert verify_inclusion(entries[seq - 1].hash, seq - 1, 600, proof, root(frontier))
    await store.close()
    verdict = verify_file(path)
    assert (verdict.findings, verdict.entries, verdict.erased) == (UNSAID, 600, 1)
    assert verdict.root == root(frontier).hex()


async def test_taking_it_over_twice_changes_nothing_more(path: Path) -> None:
    heads = []
    for _ in range(2):
        store = SqliteStore(path)
        await store.open()
        heads.append(await store.frontier())
        await store.close()
    assert heads[0] == heads[1]
    assert heads[0].size == 7


def test_a_copy_of_version_2_verifies_as_it_is(path_v2: Path) -> None:
    before = path_v2.read_bytes()
    verdict = verify_file(path_v2)
    assert (verdict.findings, verdict.entries, verdict.erased, verdict.head_hash) == (UNSAID, 300, 1, HEAD_V2)
    assert verdict.root == ROOT_V2
    assert path_v2.read_bytes() == before


async def test_version_2_is_taken_over_and_goes_on_in_the_newest(path_v2: Path) -> None:
    store = SqliteStore(path_v2, urandom=counted_salts())
    restored = await store.open()
    assert restored.head == Head(seq=300, hash=bytes.fromhex(HEAD_V2), at=START + 300)
    assert (restored.checkpoint_seq, restored.outbox) == (299, [effect("e1", 1)])
    assert root(await store.frontier()).hex() == ROOT_V2
    await store.commit(records(301, 5_000))  # into the second era of refs
    assert [entry.seq for entry in await all_entries(store, subject="flag/F1")] == list(range(4, 300))
    assert [entry.seq for entry in await all_entries(store, subject="site/K-1")] == [1, 2, *range(300, 5_001)]
    await store.close()
    verdict = verify_file(path_v2)
    assert (verdict.findings, verdict.entries, verdict.erased) == (UNSAID, 5_000, 1)


def test_refs_of_many_eras_find_their_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    seqs = (1, 4_095, 4_096, 65_535, 65_536, 200_000)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, SCRIPTS[:2])
        connection.executemany("INSERT INTO entry_ref VALUES (? >> 16, 'site/K-1', ?)", [(seq, seq) for seq in seqs])
        connection.execute("INSERT INTO era VALUES (0), (1), (3)")
        migrate(connection, path)
        found = connection.execute("SELECT era, seq FROM entry_ref ORDER BY era, seq").fetchall()
        assert found == [(seq >> 12, seq) for seq in seqs]
        assert connection.execute("SELECT n FROM era ORDER BY n").fetchall() == [(0,), (1,), (15,), (16,), (48,)]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute("DELETE FROM entry_ref")
