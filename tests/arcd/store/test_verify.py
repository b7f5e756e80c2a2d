"""Whatever is done to a journal file, verification says so and says where; what is allowed passes."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from pathlib import Path

import pytest

from arcd.store import Batch, Head, StoreError
from arcd.store.chain import seal
from arcd.store.erasures import ERASURE
from arcd.store.pages import PAGE
from arcd.store.precondition import seal_all
from arcd.store.ranges import Helpers
from arcd.store.sqlite import SqliteStore
from arcd.store.verify import FINDINGS_MAX, Finding, verify_file, verify_with
from tests.arcd.store.journal import counted_salts, erase, record, records
from tests.arcd.store.verifying import verified

COUNT = 5
GUARDS = (
    "entry_is_never_changed",
    "entry_is_never_deleted",
    "payload_is_never_changed",
    "ref_is_never_changed",
    "ref_is_never_deleted",
    "note_is_never_changed",
    "note_is_never_deleted",
)


UNSAID = "its content is gone, and no entry says that it was erased"


async def write(path: Path, *batches: Batch, erased: tuple[int, ...] = ()) -> Head:
    store = SqliteStore(path, urandom=counted_salts())
    await store.open()
    for batch in batches:
        await store.commit(batch)
    if erased:
        await erase(store, erased)
    head = await store.head()
    await store.close()
    return head


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "journal.db"
    asyncio.run(write(path, records(1, COUNT)))
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "copy.db"))


def tamper(path: Path, *statements: str) -> None:
    """As somebody would who may write the file and knows SQL."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for guard in GUARDS:
            connection.execute(f"DROP TRIGGER IF EXISTS {guard}")
        for statement in statements:
            connection.execute(statement)


def found(path: Path) -> list[int]:
    verdict = verified(path)
    assert verdict.ok == (not verdict.findings)
    return [finding.seq for finding in verdict.findings]


async def test_an_untouched_journal_verifies(tmp_path: Path) -> None:
    head = await write(tmp_path / "j.db", records(1, 3), records(4, 2500))
    calls: list[tuple[int, int]] = []
    verdict = verified(tmp_path / "j.db", progress=lambda done, total: calls.append((done, total)))
    assert (verdict.ok, verdict.entries, verdict.erased, verdict.findings) == (True, 2500, 0, ())
    assert (verdict.head_seq, verdict.head_hash) == (2500, head.hash.hex())
    assert calls == [(PAGE * n, 2500) for n in range(1, 2500 // PAGE + 1)] + [(2500, 2500)]


async def test_a_journal_without_entries_verifies(tmp_path: Path) -> None:
    await write(tmp_path / "j.db")
    verdict = verified(tmp_path / "j.db")
    assert (verdict.ok, verdict.entries, verdict.head_seq, verdict.head_hash) == (True, 0, 0, "00" * 32)


async def test_erased_payloads_are_counted_and_are_no_finding(tmp_path: Path) -> None:
    await write(tmp_path / "j.db", records(1, 5), erased=(1, 4))
    verdict = verified(tmp_path / "j.db")
    assert (verdict.ok, verdict.entries, verdict.erased) == (True, 6, 2)


async def test_content_that_no_entry_says_to_be_erased_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await write(path, records(1, 20), erased=(1, 9))
    tamper(path, "DELETE FROM payload WHERE seq IN (2, 17, 20)")
    verdict = verified(path)
    assert verdict.erased == 5
    assert verdict.findings == tuple(Finding(seq, UNSAID) for seq in (2, 17, 20))
    tamper(path, "DELETE FROM payload WHERE seq = 21")
    assert {finding.seq for finding in verified(path).findings} == {1, 2, 9, 17, 20, 21}, "nor is what says it erased"


@pytest.mark.parametrize(
    "said", [b"\xff", b"[]", b'{"effects":[{"seqs":[2]}]}', b'{"effects":[{"effect":"answer","seqs":[2]}]}']
)
async def test_an_entry_that_erases_nothing_announces_nothing(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "j.db"
    await write(path, Batch(records=[record(1), record(2), record(3, kind=ERASURE, payload=said)]))
    tamper(path, "DELETE FROM payload WHERE seq = 2")
    assert [finding.seq for finding in verified(path).findings] == [2]


def test_a_copy_is_read_without_leaving_anything_beside_it(path: Path) -> None:
    path.chmod(0o400)
    assert found(path) == []
    assert [file.name for file in path.parent.iterdir()] == [path.name]


async def test_a_journal_in_use_and_a_copy_with_its_log(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "j.db")
    await store.open()
    await store.commit(records(1, 3))
    assert verified(tmp_path / "j.db").entries == 3
    (tmp_path / "copy").mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"j.db{suffix}", tmp_path / "copy")
    await store.commit(records(4, 4))
    assert verified(tmp_path / "j.db").entries == 4
    assert verified(tmp_path / "copy" / "j.db").entries == 3
    await store.close()


BLOBS = ["commitment", "previous_hash", "hash"]
FLIPS = [
    *((f"UPDATE entry SET {name} = {name} + 1 WHERE seq = 3", 3) for name in ("at",)),
    *((f"UPDATE entry SET {name} = 'X' || substr({name}, 2) WHERE seq = 3", 3) for name in ("kind", "subject")),
    *((f"UPDATE entry SET {name} = CAST(x'ff' AS TEXT) || {name} WHERE seq = 3", 3) for name in ("kind", "subject")),
    *((f"UPDATE entry SET {name} = substr({name}, 2) WHERE seq = 3", 3) for name in (*BLOBS, "kind", "subject")),
    *((f"UPDATE entry SET {name} = x'' WHERE seq = 3", 3) for name in BLOBS),
    ("UPDATE entry SET kind = kind || substr(subject, 1, 1), subject = substr(subject, 2) WHERE seq = 3", 3),
    ("UPDATE entry SET refs = '[\"case/C1\"]' WHERE seq = 3", 3),
    ("UPDATE entry SET refs = NULL WHERE seq = 3", 3),
    ("UPDATE entry SET refs = CAST(x'ff' AS TEXT) WHERE seq = 3", 3),
    ("UPDATE meta SET peaks = zeroblob(64)", 5),
    ("DELETE FROM entry_ref WHERE seq = 3", 3),
    ("INSERT INTO entry_ref VALUES (0, 'case/C9', 3)", 3),
    ("UPDATE entry_ref SET era = era + 1 WHERE seq = 3", 3),
    ("UPDATE entry_ref SET era = era + 1000 WHERE seq = 3", 3),
    ("DELETE FROM era", 1),
    ("UPDATE payload SET body = CAST(body || ' ' AS BLOB) WHERE seq = 3", 3),
    ("UPDATE payload SET body = x'' WHERE seq = 3", 3),
    ("UPDATE payload SET salt = x'' WHERE seq = 3", 3),
    ("UPDATE entry SET hash = zeroblob(32) WHERE seq = 5", 5),
    ("UPDATE meta SET head_hash = zeroblob(32)", 5),
    ("UPDATE meta SET head_seq = 9", 6),
    ("UPDATE meta SET head_seq = 4", 5),
    ("DELETE FROM meta", 0),
]


@pytest.mark.parametrize(("statement", "seq"), FLIPS)
def test_a_changed_column_is_found_where_it_is(path: Path, statement: str, seq: int) -> None:
    tamper(path, statement)
    assert found(path)[0] == seq


@pytest.mark.parametrize(
    ("table", "column"), [*(("entry", name) for name in BLOBS), ("payload", "salt"), ("payload", "body")]
)
def test_every_byte_of_every_blob_counts(path: Path, table: str, column: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        [(value,)] = connection.execute(f"SELECT {column} FROM {table} WHERE seq = 3").fetchall()
    for index in range(len(value)):
        changed = bytearray(value)
        changed[index] ^= 1 << index % 8
        tamper(path, f"UPDATE {table} SET {column} = x'{changed.hex()}' WHERE seq = 3")
        assert found(path)[0] == 3, f"byte {index}"
    tamper(path, f"UPDATE {table} SET {column} = x'{value.hex()}' WHERE seq = 3")
    assert found(path) == []


@pytest.mark.parametrize(
    ("statements", "seq", "said"),
    [
        (["DELETE FROM payload WHERE seq = 3", "DELETE FROM entry WHERE seq = 3"], 3, "entry 3 is missing"),
        (["DELETE FROM payload WHERE seq < 4", "DELETE FROM entry WHERE seq < 4"], 1, "entries 1 to 3 are missing"),
        (["DELETE FROM payload WHERE seq > 3", "DELETE FROM entry WHERE seq > 3"], 4, "the recorded head is 5"),
        (["DELETE FROM payload", "DELETE FROM entry"], 1, "the tail is missing: the recorded head is 5"),
        (["DELETE FROM entry WHERE seq = 3"], 3, "entry 3 is missing"),
        (["UPDATE entry SET seq = -seq WHERE seq = 3"], -3, "the first is 1"),
        (["UPDATE payload SET seq = 9 WHERE seq = 3"], 9, "a payload numbered 9 belongs to no entry"),
        (["UPDATE payload SET seq = -9 WHERE seq = 3"], -9, "a payload numbered -9 belongs to no entry"),
        (["UPDATE entry SET previous_hash = zeroblob(32) WHERE seq = 4"], 4, "it does not continue entry 3"),
        (["UPDATE entry SET previous_hash = hash WHERE seq = 1"], 1, "it does not continue the start of a journal"),
    ],
)
def test_what_is_missing_or_added_is_named(path: Path, statements: list[str], seq: int, said: str) -> None:
    tamper(path, *statements)
    findings = verified(path).findings
    assert any(finding.seq == seq and said in finding.what for finding in findings), findings


def test_exchanged_entries_are_found(path: Path) -> None:
    for table in ("entry", "payload"):
        tamper(path, *(f"UPDATE {table} SET seq = {new} WHERE seq = {old}" for old, new in ((2, 99), (3, 2), (99, 3))))
    assert {2, 3} <= set(found(path))


def test_exchanged_payloads_are_found(path: Path) -> None:
    tamper(path, *(f"UPDATE payload SET seq = {new} WHERE seq = {old}" for old, new in ((2, 99), (3, 2), (99, 3))))
    assert found(path) == [2, 3]


def test_an_entry_forged_onto_the_end_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        [(tail,)] = connection.execute("SELECT hash FROM entry WHERE seq = 5").fetchall()
    forged = seal(tail, record(6), bytes(32))
    tamper(
        path,
        f"INSERT INTO entry VALUES (6, {forged.at}, '{forged.kind}', '{forged.subject}', x'{forged.commitment.hex()}',"
        f" x'{tail.hex()}', x'{forged.hash.hex()}', '[]')",
    )
    assert verified(path).findings == (
        Finding(6, "entries follow the recorded head 5"),
        Finding(6, "the index does not lead to it from site/K-1"),
        Finding(6, UNSAID),
    )


def test_a_rewritten_entry_breaks_the_link_of_the_next_even_if_its_hash_is_right(path: Path) -> None:
    before = Head(seq=0, hash=bytes(32), at=0)
    forged = seal_all(records(1, 2), before, counted_salts())[0]
    other = seal(bytes(32), record(1, subject="site/K-2"), forged.salt or b"")
    tamper(path, f"UPDATE entry SET subject = 'site/K-2', hash = x'{other.hash.hex()}' WHERE seq = 1")
    first, *rest = verified(path).findings
    assert first == Finding(2, "it does not continue entry 1: its previous hash is another")
    assert {
        "the index does not lead to it from site/K-2",
        "the index leads to it from site/K-1, which it does not name",
    } < {finding.what for finding in rest}


async def test_the_list_of_findings_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await write(path, records(1, 3 * FINDINGS_MAX))
    tamper(path, "UPDATE payload SET body = x'00'")
    findings = verified(path).findings
    assert len(findings) == FINDINGS_MAX + 1
    assert findings[-1].what == f"{2 * FINDINGS_MAX} further findings are not listed"


async def test_any_byte_of_the_file_itself(tmp_path: Path) -> None:
    """Raw damage: never an unexplained error, and never overlooked where an entry or a payload stands."""
    path = tmp_path / "j.db"
    marked = [record(seq, kind="kindmark", subject="subjectmark", payload=b"payloadmark" * 20) for seq in range(1, 40)]
    await write(path, Batch(records=marked))
    data = bytearray(path.read_bytes())
    places = range(0, len(data), 401)
    for place in places:
        data[place] ^= 0xFF
        path.write_bytes(data)
        with suppress(StoreError):
            verified(path, is_raw=True)
        data[place] ^= 0xFF
    overlooked = []
    for mark in (b"kindmark" + b"subjectmark", b"payloadmark"):
        place = data.find(mark)
        while place >= 0:
            data[place] ^= 0x01
            path.write_bytes(data)
            if verified(path, is_raw=True).ok:
                overlooked.append(place)
            data[place] ^= 0x01
            place = data.find(mark, place + 1000)
    assert overlooked == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (
            lambda path: sqlite3.connect(path).executescript("CREATE TABLE t (x)").connection.close(),
            "another program's",
        ),
    ],
)
def test_where_there_is_no_journal_is_an_error(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    path = tmp_path / "j.db"
    make(path)
    with pytest.raises(StoreError, match=said):
        verified(path)


def test_a_file_that_is_no_database_is_a_finding(path: Path) -> None:
    path.write_bytes(b"\xff" * 5000)
    verdict = verified(path)
    assert [finding.seq for finding in verdict.findings] == [1]
    assert "damaged" in verdict.findings[0].what


async def test_processes_of_their_own_find_the_same(tmp_path: Path) -> None:
    """With a forged entry in one range, an erased one in another, and a checkpoint's worth of ranges that are sound."""
    path = tmp_path / "j.db"
    await write(path, *(records(first, first + 999) for first in range(1, 6_000, 1_000)), erased=(7,))
    for statement in (
        "SELECT 1",
        "UPDATE entry SET at = at + 1 WHERE seq = 3000",
        "DELETE FROM entry_ref WHERE seq = 9",
    ):
        tamper(path, statement)
        alone = verify_file(path)
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            told: list[int] = []
            helpers = Helpers(pool, 2, span=512, entries_min=0)
            assert verify_with(helpers, path, progress=lambda done, _, told=told: told.append(done)) == alone
        assert told == sorted(told)
        assert told[-1] == 6_001


async def test_helpers_that_die_leave_the_work_to_who_asked(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await write(path, records(1, 500))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        with suppress(BrokenProcessPool):
            pool.submit(os._exit, 1).result()
        assert verify_with(Helpers(pool, 1, span=64, entries_min=0), path) == verify_file(path)


async def test_a_forged_number_makes_no_work_for_years(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await write(path, records(1, 50))
    tamper(path, "UPDATE payload SET seq = 1 << 60 WHERE seq = 50", "UPDATE entry SET seq = 1 << 60 WHERE seq = 50")
    assert "entries 50 to" in verified(path).findings[0].what
    tamper(path, "UPDATE meta SET head_seq = 1 << 61")
    assert not verified(path).ok
