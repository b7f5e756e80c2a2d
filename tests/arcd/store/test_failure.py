"""Every failure becomes a sentence that names the file and says what to do."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from arcd.store import StoreError
from arcd.store.failure import explain, explained, primary_code

PATH = Path("/var/lib/arcd/journal.db")


def sqlite_error(code: int | None) -> sqlite3.Error:
    error = sqlite3.OperationalError("in SQLite's words")
    if code is not None:
        error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), "free space there, then start arcd again"),
        (sqlite_error(sqlite3.SQLITE_READONLY | 1 << 8), "make it writable for arcd"),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), "arcctl journal verify"),
        (sqlite_error(sqlite3.SQLITE_NOTADB), "name another file"),
        (sqlite_error(sqlite3.SQLITE_BUSY), "close what has it open"),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), "check that the directory exists"),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), "look at the kernel log"),
        (sqlite_error(sqlite3.SQLITE_TOOBIG), "please report it"),
        (sqlite_error(sqlite3.SQLITE_ERROR), "cannot be used (in SQLite's words)"),
        (sqlite_error(None), "cannot be used (in SQLite's words)"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "is damaged (malformed database schema)"),
        (OSError(errno.ENOSPC, "No space left on device"), "is full (No space left on device); free space"),
        (OSError(errno.EROFS, "Read-only file system"), "make it writable for arcd"),
        (OSError(errno.EACCES, "Permission denied"), "to the user that runs arcd"),
        (OSError(errno.ENOTDIR, "Not a directory"), "check that the directory exists"),
        (OSError(errno.ENODEV, "No such device"), "cannot be used (No such device)"),
    ],
)
def test_the_sentence_names_file_fact_and_remedy(error: sqlite3.Error | OSError, remedy: str) -> None:
    sentence = str(explain(error, PATH))
    assert str(PATH) in sentence
    assert remedy in sentence


def test_the_original_error_stays_attached_and_others_pass() -> None:
    with pytest.raises(StoreError) as raised, explained(PATH):
        raise sqlite_error(sqlite3.SQLITE_FULL)
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
    with pytest.raises(ZeroDivisionError), explained(PATH):
        raise ZeroDivisionError


def test_extended_codes_are_their_primary_kind() -> None:
    assert primary_code(sqlite_error(sqlite3.SQLITE_IOERR_FSYNC)) == sqlite3.SQLITE_IOERR
    assert primary_code(sqlite_error(None)) is None
