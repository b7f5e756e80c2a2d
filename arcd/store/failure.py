"""Failures of SQLite and of the file system, said so that an administrator knows what to do.

One rule: every error becomes one StoreError that names the file, the fact and the remedy. What happens then (the
process ends unacknowledged) is decided elsewhere.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from arcd.store import StoreError

_FULL = "the disk that holds {path} is full ({detail}); free space there, then start arcd again"
_NOT_ALLOWED = "{path} may not be written ({detail}); give the directory and the file to the user that runs arcd"
_READ_ONLY = "{path} is on a read-only file system or is itself read-only ({detail}); make it writable for arcd"
_DAMAGED = (
    "{path} is damaged ({detail}); keep a copy of it, see how far it verifies with `arcctl journal verify`, then "
    "restore the newest backup"
)
_FOREIGN = "{path} is not an arcd store ({detail}); name another file, or move this one away"
_BUSY = "{path} is locked by another program ({detail}); close what has it open for writing, then start arcd again"
_NO_WAY = "{path} cannot be opened ({detail}); check that the directory exists and that arcd may write there"
_DISK = "the disk that holds {path} does not read or write reliably ({detail}); look at the kernel log and replace it"
_TOO_BIG = "{path} cannot hold a value that large ({detail}); this is a defect of arcd, please report it"
_OTHER = "{path} cannot be used ({detail})"

# Primary result codes, https://www.sqlite.org/rescode.html
_BY_SQLITE_CODE: Final = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_PERM: _NOT_ALLOWED,
    sqlite3.SQLITE_AUTH: _NOT_ALLOWED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _FOREIGN,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CANTOPEN: _NO_WAY,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_TOOBIG: _TOO_BIG,
}
_BY_ERRNO: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EROFS: _READ_ONLY,
    errno.ENOENT: _NO_WAY,
    errno.ENOTDIR: _NO_WAY,
    errno.EISDIR: _FOREIGN,
    errno.EIO: _DISK,
}


def primary_code(error: sqlite3.Error) -> int | None:
    """The low byte of an extended result code. None where the sqlite3 module itself raised."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def explain(error: sqlite3.Error | UnicodeDecodeError | OSError, path: Path) -> StoreError:
    if isinstance(error, UnicodeDecodeError):
        # sqlite3 quotes the schema in its message about a damaged one, and fails if that is not UTF-8 any more.
        return StoreError(_DAMAGED.format(path=path, detail="malformed database schema"))
    if isinstance(error, OSError):
        sentence = _BY_ERRNO.get(error.errno or 0, _OTHER)
        return StoreError(sentence.format(path=path, detail=error.strerror or str(error)))
    code = primary_code(error)
    sentence = _OTHER if code is None else _BY_SQLITE_CODE.get(code, _OTHER)
    return StoreError(sentence.format(path=path, detail=error))


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite or the file system raises inside into a StoreError about `path`."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
        raise explain(error, path) from error
