"""Putting a backup in a journal's place, whole or as it stood at an earlier entry.

One rule: nothing is taken away that cannot be had back. The backup is verified before and after; the journal it
replaces is moved aside, never deleted; and the next start writes into the journal that, and from what, it was restored.

Cut at an earlier entry, the state is told anew from the first entry on. That takes every payload: where some have been
erased, only a backup of that time can be restored whole.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from arcd.batching import case_row, state_row
from arcd.core.effects import DurableEffect
from arcd.core.record import StepRecord
from arcd.core.station import Station
from arcd.store import Batch, CaseRow, Checkpoint, OutboxRow, StoreError, offline
from arcd.store.backup import finish, sync
from arcd.store.failure import explained
from arcd.store.file import hand_over, locked, migrate, plant
from arcd.store.sqlite import SqliteStore
from arcd.store.verify import Verdict, verify_file

PROGRESS_ENTRIES: Final = 500
_MARKER_BYTES_MAX: Final = 4_096
_LOGS: Final = ("-wal", "-shm", "-journal")

Progress = Callable[[str, int, int], None]
"""What is being done ("verifying", "telling"), how far, of how much."""


class Marker(Struct, frozen=True, kw_only=True):
    """Left beside a restored journal, for the daemon's next start to take into it."""

    backup: str  # name of the file, without its directory
    head_seq: int
    head_at: int
    head_hash: str  # hex: a marker beside a journal that stands elsewhere is from a restore that was cut off
    by: str  # os:<user>
    at: int


def restore(
    backup: Path, target: Path, *, by: str, at: int, until: int | None = None, replace: bool, progress: Progress
) -> Marker:
    """Put `backup`, up to entry `until`, in the place of `target`. `at`: now, ns UTC.

    StoreError when the backup does not verify, the target is in use or exists and may not be replaced, or no state can
    be told as of `until`. Then the target is as it was.
    """
    _check(verify_file(backup, progress=lambda done, whole: progress("verifying", done, whole)), backup)
    if target.exists() and not replace:
        raise StoreError(f"{target} exists; with --replace it is moved aside first")
    with explained(target), locked(target):
        partial = target.with_name(f".{target.name}.partial")
        try:
            shutil.copyfile(backup, partial)
            partial.chmod(0o600)
            if until is not None:
                _cut(partial, until, progress)
            verdict = verify_file(partial, progress=lambda done, whole: progress("verifying", done, whole))
            _check(verdict, partial)
            marker = Marker(
                backup=backup.name,
                head_seq=verdict.head_seq,
                head_at=offline.extent(partial).last_at,
                head_hash=verdict.head_hash,
                by=by,
                at=at,
            )
            hand_over(partial, target.parent)
            # The marker first: without its journal it says nothing, a restored journal without it would.
            _write_marker(target, marker)
            if target.exists():
                _move_aside(target, at)
            finish(partial, target)
        finally:
            for suffix in ("", *_LOGS, ".lock"):
                partial.with_name(partial.name + suffix).unlink(missing_ok=True)
    return marker


def marker_path(journal: Path) -> Path:
    return journal.with_name(journal.name + ".restored")


def read_marker(journal: Path) -> Marker | None:
    """What a restore has left for the next start. StoreError when it is there and cannot be read."""
    path = marker_path(journal)
    with explained(path):
        try:
            with path.open("rb") as file:
                return msgspec.json.decode(file.read(_MARKER_BYTES_MAX), type=Marker)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{path} should say from what the journal was restored, and does not ({error}); remove it when you know"
            ) from error


def forget_marker(journal: Path) -> None:
    marker_path(journal).unlink(missing_ok=True)


def _check(verdict: Verdict, path: Path) -> None:
    if not verdict.ok:
        found = verdict.findings[0]
        raise StoreError(
            f"{path} does not verify (entry {found.seq}: {found.what}); nothing was restored: take another backup, and "
            "see all findings with `arcctl journal verify`"
        )


def _write_marker(target: Path, marker: Marker) -> None:
    path = marker_path(target)
    path.write_bytes(msgspec.json.encode(marker))
    path.chmod(0o600)
    hand_over(path, path.parent)
    sync(path)


def _move_aside(target: Path, at: int) -> None:
    aside = target.with_name(f"{target.name}.before-restore-{at // 1_000_000_000}")
    for suffix in ("", *_LOGS):  # not the lock: we hold it
        with suppress(FileNotFoundError):
            target.with_name(target.name + suffix).rename(aside.with_name(aside.name + suffix))


# -------------------------------------------------------------------------------------------------- at an earlier entry


def _cut(path: Path, until: int, progress: Progress) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path)
        head, pruned, erased = connection.execute(
            "SELECT (SELECT head_seq FROM meta), (SELECT pruned_through FROM meta), (SELECT count(*) FROM entry AS e"
            " WHERE e.seq <= ? AND NOT EXISTS (SELECT 1 FROM payload AS p WHERE p.seq = e.seq))",
            (until,),
        ).fetchone()
        if not 0 < until <= head:
            raise StoreError(f"the backup ends at entry {head}; there is no entry {until} in it")
        if erased or pruned:
            raise StoreError(
                f"{erased + pruned} entries up to {until} have been erased or given up, so the state of then cannot be "
                "told anew; restore a whole backup of that time"
            )
        _drop_tail(connection, until)
    asyncio.run(_tell_anew(path, until, progress))


def _drop_tail(connection: sqlite3.Connection, until: int) -> None:
    """Entries after `until`, and all that is not evidence. The file is a copy of ours: its guards may be lifted."""
    guards = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        " AND tbl_name IN ('entry', 'payload', 'entry_ref', 'note')"
    ).fetchall()
    connection.execute("BEGIN IMMEDIATE")
    for name, _sql in guards:
        connection.execute(f'DROP TRIGGER "{name}"')
    for table in ("payload", "entry_ref", "entry"):
        connection.execute(f"DELETE FROM {table} WHERE seq > ?", (until,))  # noqa: S608 – three names of ours
    connection.execute("DELETE FROM note WHERE size > ?", (until,))
    for table in ("outbox", "case_row", "state", "tree_node"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 – four names of ours
    connection.execute(
        "UPDATE meta SET checkpoint_seq = 0, head_seq = ?1, head_hash = (SELECT hash FROM entry WHERE seq = ?1)",
        (until,),
    )
    plant(connection)
    for _name, sql in guards:
        connection.execute(sql)
    connection.execute("COMMIT")


async def _tell_anew(path: Path, until: int, progress: Progress) -> None:
    """State, open effects and cases as of the last entry, from nothing but the entries."""
    store, station = SqliteStore(path), Station()
    decoder = msgspec.json.Decoder(StepRecord)
    cases: dict[str, CaseRow] = {}
    await store.open()
    try:
        async for entry in store.entries():
            assert entry.payload is not None, "counted above"
            stepped = station.step(decoder.decode(entry.payload).fact, entry.seq)
            cases.update((case.id, case_row(case)) for case in stepped.cases)
            if entry.seq % PROGRESS_ENTRIES == 0 or entry.seq == until:
                progress("telling", entry.seq, until)
        waiting: list[DurableEffect] = [
            pending.effect for pending in station.state.pending.values() if not pending.waiting
        ]
        rows = [state_row(*changed) for changed in station.take_changed()]
        await store.commit(
            Batch(
                outbox_added=[
                    OutboxRow(effect_id=effect.id, seq=until, body=msgspec.json.encode(effect)) for effect in waiting
                ],
                cases=list(cases.values()),
                checkpoint=Checkpoint(seq=until, rows=rows),
            )
        )
    finally:
        await store.close()
