"""A copy of a journal while the daemon writes it: one snapshot, synced, in a single file.

One rule: a backup stands under its name only when it is whole and synced; what was interrupted is not mistaken for one.
The daemon is never waited for and never waits (a pinned snapshot lets its log grow meanwhile, and nothing else).
Whether what was copied verifies is `verify`'s; putting a backup back is `arcd.restoring`'s.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from arcd.store import StoreError
from arcd.store.failure import explained
from arcd.store.file import check_version
from arcd.store.opening import open_for_reading

PAGES_AT_ONCE: Final = 4_096  # 16 MiB between two looks at the progress
_FILE_MODE: Final = 0o600

Progress = Callable[[int, int], None]


def back_up(source: Path, target: Path, *, progress: Progress | None = None) -> None:
    """Copy the journal at `source` to the new file `target`. `progress`: pages done, pages in all.

    StoreError: no journal there, `target` exists, no room, not readable. Nothing is left of a failed copy.
    """
    if not source.is_file():
        raise StoreError(f"{source} does not exist or is not a file; name the journal of an arcd store")
    if target.exists():
        raise StoreError(f"{target} exists; a backup replaces nothing: name another file, or move that one away")
    partial = target.with_name(f".{target.name}.partial")
    with explained(target):
        _make(partial)
        try:
            with explained(source):
                _copy(source, partial, progress)
            finish(partial, target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


def finish(partial: Path, target: Path) -> None:
    """Give a whole file its name, durably."""
    sync(partial)
    partial.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(partial: Path) -> None:
    """The journal holds personal data: nobody else may read the copy, not even while it grows."""
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE))


def _copy(source: Path, partial: Path, progress: Progress | None) -> None:
    with closing(open_for_reading(source)) as reading, closing(sqlite3.connect(partial, isolation_level=None)) as copy:
        if check_version(reading, source) == 0:
            raise StoreError(f"{source} is empty; name the journal of an arcd store")
        # Without a read transaction of our own SQLite would start over whenever the daemon commits between two steps.
        reading.execute("BEGIN")
        reading.execute("SELECT head_seq FROM meta").fetchone()

        def told(_status: int, remaining: int, pages: int) -> None:
            if progress is not None:
                progress(pages - remaining, pages)

        reading.backup(copy, pages=PAGES_AT_ONCE, progress=told, sleep=0)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it; the daemon sets its own again
