"""Checking a journal file: entry by entry from the first, with nothing but the file.

One rule: no secrets, no daemon, no writing. The file may be in use or a copy without its log; memory stays bounded. A
damaged journal is a result, not an error: StoreError says only that there is no journal to check.

Found: any changed byte of an entry or payload, entries missing, exchanged or added, a tail shorter than the recorded
head, a payload that belongs to no entry. Not found by any means inside the file: a journal rewritten from the first
entry on, hashes and head included (that is what copies of the head in a second place are for), and what is not
evidence: the index of refs, open effects, cases, state.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from arcd.store import StoreError
from arcd.store.chain import GENESIS_HASH, SALT_BYTES, commitment, encode_entry, entry_hash
from arcd.store.failure import explain, primary_code
from arcd.store.file import check_version

FINDINGS_MAX: Final = 100  # a ruined file would otherwise give as many as it has entries
_PAGE: Final = 1000  # entries read per look at the file; each look is a snapshot, so the daemon's log is not held up
_SEQ_MIN: Final = -(1 << 63)
_SEQ_MAX: Final = (1 << 63) - 1

_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

# Typed loosely on purpose: a hand that changed the file may have changed its types.
_Row = tuple[object, ...]


class Finding(Struct, frozen=True):
    seq: int  # the first entry concerned, 0 for the file itself
    what: str


class Verdict(Struct, frozen=True, kw_only=True):
    """`entries` were read, up to `head_seq`; `erased` of them have no payload any more, which is not a finding."""

    ok: bool
    entries: int
    head_seq: int
    head_hash: str  # hex
    erased: int
    findings: tuple[Finding, ...]


def verify_file(path: Path, *, progress: Callable[[int, int], None] | None = None) -> Verdict:
    """`progress` is called with (entries read, entries recorded). StoreError if there is no arcd store at `path`."""
    if not path.is_file():
        raise StoreError(f"{path} does not exist or is not a file; name the journal of an arcd store")
    had_log = _log(path).exists()
    verdict = _verify(path, had_log, progress)
    if not verdict.ok and not had_log and _log(path).exists():
        # A daemon has started meanwhile and may have written under the eyes of a reader that took the file for still.
        verdict = _verify(path, True, progress)
    return verdict


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _verify(path: Path, has_log: bool, progress: Callable[[int, int], None] | None) -> Verdict:
    walk = _Walk()
    try:
        with closing(open_for_reading(path, has_log)) as connection:
            if check_version(connection, path) == 0:
                raise StoreError(f"{path} is empty; name the journal of an arcd store")
            walk.run(connection, progress)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.Error) and primary_code(error) not in _DAMAGE:
            raise explain(error, path) from error
        walk.report(walk.after_seq, f"the file is damaged from here on ({error})")
    return walk.verdict()


def open_for_reading(path: Path, has_log: bool | None = None) -> sqlite3.Connection:
    """Beside a daemon that writes it. `has_log`: whether its log lies beside it; None: look."""
    # Where no log lies beside the file nobody has it open, and as immutable it is read without leaving files behind
    # (sqlite.org/uri.html), also from a read-only medium. Otherwise what is committed may stand in the log.
    mode = "mode=ro" if (_log(path).exists() if has_log is None else has_log) else "immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)
    # A changed byte may not be UTF-8 any more: it must reach the hash as it is, not stop the reading.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


class _Walk:
    """One pass over the entries; remembers where it is and what it found."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self._unlisted = 0
        self._entries = 0
        self._erased = 0
        self._seq = 0
        self._hash = GENESIS_HASH

    @property
    def after_seq(self) -> int:
        return self._seq + 1

    def report(self, seq: int, what: str) -> None:
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(seq, what))
        else:
            self._unlisted += 1

    def verdict(self) -> Verdict:
        findings = tuple(self._findings)
        if self._unlisted:
            findings += (Finding(self._seq, f"{self._unlisted} further findings are not listed"),)
        return Verdict(
            ok=not findings,
            entries=self._entries,
            head_seq=self._seq,
            head_hash=self._hash.hex(),
            erased=self._erased,
            findings=findings,
        )

    def run(self, connection: sqlite3.Connection, progress: Callable[[int, int], None] | None) -> None:
        recorded = connection.execute(
            "SELECT (SELECT head_seq FROM meta), (SELECT head_hash FROM meta), (SELECT max(seq) FROM entry),"
            " (SELECT max(seq) FROM payload)"  # one look: all of one moment
        ).fetchone()
        head_seq, head_hash, last_seq, last_payload = recorded
        if head_seq is None:
            self.report(0, "the recorded head is missing")
            head_seq = last_seq or 0
        # A running daemon goes on writing: what it adds from here on is left to the next check.
        until = max(head_seq, last_seq or 0, last_payload or 0)
        for page, payloads in _pages(connection, until):
            for row in page:
                self._check(row)
            if payloads != sum(row[7] is not None for row in page):
                self._report_orphans(connection, until)
            if progress is not None:
                progress(self._entries, head_seq)
        self._check_head(head_seq, head_hash)

    def _check(self, row: _Row) -> None:
        seq, at, kind, subject, committed, previous_hash, own_hash, salt, body = row
        assert isinstance(seq, int)
        if seq < 1:
            self.report(seq, f"an entry has the number {seq}; the first is 1")
            return
        if seq != self._seq + 1:
            missing = (
                f"entry {self._seq + 1} is" if seq == self._seq + 2 else f"entries {self._seq + 1} to {seq - 1} are"
            )
            self.report(self._seq + 1, f"{missing} missing")
        elif previous_hash != self._hash:
            before = f"entry {seq - 1}" if seq > 1 else "the start of a journal"
            self.report(seq, f"it does not continue {before}: its previous hash is another")
        if own_hash != _hash_of(seq, at, kind, subject, committed, previous_hash):
            self.report(seq, "it has been changed: its hash is not that of its content")
        self._check_payload(seq, committed, salt, body)
        self._entries += 1
        self._seq = seq
        self._hash = own_hash if isinstance(own_hash, bytes) else b""

    def _check_payload(self, seq: int, committed: object, salt: object, body: object) -> None:
        if salt is None and body is None:
            self._erased += 1
        elif not isinstance(salt, bytes) or not isinstance(body, bytes) or len(salt) != SALT_BYTES:
            self.report(seq, "its payload has been changed: salt or body is not what a payload has")
        elif commitment(salt, body) != committed:
            self.report(seq, "its payload has been changed: it is not the one committed to")

    def _report_orphans(self, connection: sqlite3.Connection, until: int) -> None:
        if any("belongs to no entry" in finding.what for finding in self._findings):
            return  # the first page that noticed has listed them all
        orphans = connection.execute(
            "SELECT seq FROM payload WHERE seq <= ? AND seq NOT IN (SELECT seq FROM entry) ORDER BY seq", (until,)
        )
        for (seq,) in orphans:
            self.report(seq, f"a payload numbered {seq} belongs to no entry")

    def _check_head(self, head_seq: int, head_hash: object) -> None:
        if self._seq < head_seq:
            self.report(self._seq + 1, f"the tail is missing: the recorded head is {head_seq}")
        elif self._seq > head_seq:
            self.report(head_seq + 1, f"entries follow the recorded head {head_seq}")
        elif self._hash != head_hash:
            self.report(head_seq, "it is not the recorded head: the hash recorded for it is another")


def _pages(connection: sqlite3.Connection, until: int) -> Iterator[tuple[list[_Row], int]]:
    """The entries in order, and how many payloads stand in the same range of numbers, orphans included.

    The range of the last page reaches to `until`, which is past the last entry if the tail is missing.
    """
    after = _SEQ_MIN
    while True:
        page = connection.execute(
            "SELECT e.seq, at, kind, subject, commitment, previous_hash, hash, salt, body"
            " FROM entry AS e LEFT JOIN payload AS p ON p.seq = e.seq WHERE e.seq > ? AND e.seq <= ?"
            " ORDER BY e.seq LIMIT ?",
            (after, until, _PAGE),
        ).fetchall()
        end = page[-1][0] if len(page) == _PAGE else until
        [payloads] = connection.execute(
            "SELECT count(*) FROM payload WHERE seq > ? AND seq <= ?", (after, end)
        ).fetchone()
        yield page, payloads
        if len(page) < _PAGE:
            return
        after = end


def _hash_of(
    seq: int, at: object, kind: object, subject: object, committed: object, previous_hash: object
) -> bytes | None:
    """The hash that the columns ought to have; None if they cannot be those of an entry."""
    if not (isinstance(at, int) and isinstance(kind, str) and isinstance(subject, str)):
        return None
    if not (isinstance(committed, bytes) and isinstance(previous_hash, bytes)):
        return None
    if len(committed) != 32 or len(previous_hash) != 32:
        return None
    try:
        encoded = encode_entry(
            seq=seq, at=at, kind=kind, subject=subject, commitment=committed, previous_hash=previous_hash
        )
    except (struct.error, UnicodeEncodeError):  # longer than the format allows, or no longer UTF-8
        return None
    return entry_hash(encoded)
