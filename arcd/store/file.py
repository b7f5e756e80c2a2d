"""Taking a store's file: directory, lock, mode, schema version.

One rule: after `take`, this process alone writes the file and its schema is the one this program knows. The lock is an
flock on a file beside the database: the kernel drops it however the process ends, and readers need not ask for it.
What is in the tables does not belong here.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Final

from arcd.store import StoreError
from arcd.store.failure import explained
from protocols.tlog.merkle import Frontier, grow

# The script at index n leads from version n to n + 1. Released scripts are never edited.
SCRIPTS: Final[Sequence[str]] = tuple(
    files("arcd.store").joinpath(f"schema_v{version}.sql").read_text("utf-8") for version in (1, 2, 3)
)
APPLICATION_ID: Final = 0x61726364  # "arcd", set by schema_v1.sql

_TREE_VERSION: Final = 2
_PLANTED: Final = 10_000  # entries read at a time

_FILE_MODE: Final = 0o600  # the journal holds personal data; SQLite gives -wal and -shm the mode of the database
_DIRECTORY_MODE: Final = 0o700


def take(path: Path, scripts: Sequence[str] = SCRIPTS) -> int:
    """Own `path`, creating and migrating it as needed. Returns the lock's descriptor, for `release`."""
    with explained(path):
        _make_directory(path.parent)
        lock = _lock(path)
        try:
            _make_file(path)
            with closing(sqlite3.connect(path, isolation_level=None)) as connection:
                migrate(connection, path, scripts)
        except BaseException:
            release(lock)
            raise
        return lock


def release(lock: int) -> None:
    os.close(lock)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every daemon away from `path`, whether or not it exists, without opening it. StoreError if one has it."""
    _make_directory(path.parent)
    lock = _lock(path)
    hand_over(path.with_name(path.name + ".lock"), path.parent)
    try:
        yield
    finally:
        release(lock)


def hand_over(path: Path, like: Path) -> None:
    """What root has made to whoever owns `like`: root restores, and the daemon has a user of its own."""
    if os.geteuid() == 0:
        owned = like.stat()
        os.chown(path, owned.st_uid, owned.st_gid, follow_symlinks=False)


def check_version(connection: sqlite3.Connection, path: Path, known: int = len(SCRIPTS)) -> int:
    """The schema version of the file, 0 for an empty one. StoreError for a newer one or another program's."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(f"{path} is another program's SQLite database; name another file, or move this one away")
    if version > known:
        raise StoreError(
            f"{path} has schema version {version}, this arcd knows version {known}: a newer arcd has used it; "
            "install that release, or restore a backup made before the upgrade"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, scripts: Sequence[str] = SCRIPTS) -> None:
    """Bring the file to the newest version, each step in a transaction of its own with its version number."""
    version = check_version(connection, path, len(scripts))
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};")
            if scripts is SCRIPTS and number == _TREE_VERSION:
                plant(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def plant(connection: sqlite3.Connection) -> None:
    """Grow the Merkle tree over the entries of a journal that is older than its tree."""
    frontier = Frontier()
    while True:
        page = connection.execute(
            "SELECT hash FROM entry WHERE seq > ? ORDER BY seq LIMIT ?", (frontier.size, _PLANTED)
        ).fetchall()
        frontier, nodes = grow(frontier, [leaf for (leaf,) in page])
        connection.executemany(
            "INSERT INTO tree_node VALUES (?, ?, ?)", [(node.height, node.place, node.hash) for node in nodes]
        )
        if len(page) < _PLANTED:
            break
    connection.execute("UPDATE meta SET peaks = ?", (b"".join(frontier.peaks),))


def _make_directory(directory: Path) -> None:
    if directory.is_dir():
        return
    directory.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    # A new name is durable once its parent is synced; SQLite syncs the directory itself, not the one above.
    descriptor = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int:
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise StoreError(
            f"{path} is in use by another arcd (process {owner}); one journal has one writer: stop that process, or "
            "name another file"
        ) from None
    except BaseException:
        os.close(lock)
        raise
    with suppress(OSError):  # the number is for the message above; a full disk is reported by the database
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode("ascii"))
    return lock


def _make_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    try:
        os.fchmod(descriptor, _FILE_MODE)
    finally:
        os.close(descriptor)
