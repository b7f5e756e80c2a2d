"""A journal file opened to be looked at: beside the daemon that writes it, or as a copy without its log."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def open_for_reading(path: Path, has_log: bool | None = None) -> sqlite3.Connection:
    """Beside a daemon that writes it. `has_log`: whether its log lies beside it; None: look."""
    # Where no log lies beside the file nobody has it open, and as immutable it is read without leaving files behind
    # (sqlite.org/uri.html), also from a read-only medium. Otherwise what is committed may stand in the log. Without
    # mode=ro a file would be made where there is none.
    mode = "mode=ro" if (log_of(path).exists() if has_log is None else has_log) else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
    # A changed byte may not be UTF-8 any more: it must reach the hash as it is, not stop the reading.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


def refs_column(connection: sqlite3.Connection) -> str:
    """What to select of an entry for its refs: a file that no arcd has opened since version 1 has no such column."""
    return "refs" if int(connection.execute("PRAGMA user_version").fetchone()[0]) > 1 else "NULL"
