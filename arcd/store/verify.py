"""Checking a journal file: entry by entry from the first, with nothing but the file, and better with what others kept.

One rule: no secrets, no daemon, no writing. The file may be in use or a copy without its log; memory stays bounded. A
damaged journal is a result, not an error: StoreError says only that there is no journal to check.

Found: any changed byte of an entry or payload, entries missing, exchanged or added, a tail shorter than the recorded
head, a payload that belongs to no entry, an entry that the index of refs does not lead to, a checkpoint that was signed
over other entries. A journal rewritten from some entry on, hashes, head and checkpoints included, is found by a
checkpoint that was copied to a second place (`copies`), or by the key that is known from elsewhere (`keys`). Not looked
at, because it is no evidence: open effects, cases, state.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from msgspec import Struct

from arcd.store import Sealed, StoreError
from arcd.store.chain import GENESIS_HASH, SALT_BYTES, commitment, encode_columns, entry_hash
from arcd.store.evidence import KEY_CHANGED, SEALED, Copy, Evidence
from arcd.store.failure import explain, primary_code
from arcd.store.file import check_version
from arcd.store.reading import era_bits
from protocols.tlog.merkle import HASH_BYTES, Frontier, grow, root
from protocols.tlog.note import VerifierKey

FINDINGS_MAX: Final = 100  # a ruined file would otherwise give as many as it has entries
_PAGE: Final = 1000  # entries read per look at the file; each look is a snapshot, so the daemon's log is not held up
_NO_REFS: Final = b"[]"
_UNKNOWN: Final = -(1 << 62)  # refs that were not counted: look closely
_SEQ_MIN: Final = -(1 << 63)
_SEQ_MAX: Final = (1 << 63) - 1

_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_TELLING: Final = {kind.encode(): kind for kind in (KEY_CHANGED, SEALED)}

# How many rows there are, and how many of them their entries name. One pass; only if it does not come out, each fault
# is looked for. Refs are compared as msgspec and SQLite write JSON; where the two differ, that is the closer look.
_INDEX_COUNTS: Final = (
    "SELECT count(*), count(e.seq) FROM entry_ref AS r LEFT JOIN entry AS e ON e.seq = r.seq"
    " AND (r.ref = e.subject OR instr(e.refs, json_quote(r.ref))) WHERE r.seq > :first AND r.seq <= :until"
)

# Refs of entries that version 1 of the encoding left unchained cannot be known.
_INDEX_FAULTS: Final = (
    (
        "SELECT e.seq, e.subject FROM entry AS e WHERE e.seq > :first AND e.seq <= :until AND NOT EXISTS"
        " (SELECT 1 FROM entry_ref AS r WHERE r.era = e.seq >> :era_bits AND r.ref = e.subject AND r.seq = e.seq)",
        "the index does not lead to it from {ref}",
    ),
    (
        "SELECT e.seq, named.value FROM entry AS e, json_each(iif(json_valid(e.refs), e.refs, '[]')) AS named"
        " WHERE e.seq > :first AND e.seq <= :until AND e.refs <> '[]' AND NOT EXISTS"
        " (SELECT 1 FROM entry_ref AS r WHERE r.era = e.seq >> :era_bits AND r.ref = named.value AND r.seq = e.seq)",
        "the index does not lead to it from {ref}",
    ),
    (
        "SELECT r.seq, r.ref FROM entry_ref AS r JOIN entry AS e ON e.seq = r.seq"
        " WHERE r.seq > :first AND r.seq <= :until AND e.refs IS NOT NULL AND r.ref <> e.subject AND (e.refs = '[]' OR"
        " r.ref NOT IN (SELECT value FROM json_each(iif(json_valid(e.refs), e.refs, '[]'))))",
        "the index leads to it from {ref}, which it does not name",
    ),
)

# Typed loosely on purpose: a hand that changed the file may have changed its types.
_Row = tuple[object, ...]


class Finding(Struct, frozen=True):
    seq: int  # the first entry concerned, 0 for the file itself
    what: str


class Verdict(Struct, frozen=True, kw_only=True):
    """`entries` were read, behind those that were given up and up to `head_seq`; `erased` of them have no payload any
    more, which is not a finding. `signed_seq` is the last entry that a signed checkpoint vouches for."""

    ok: bool
    entries: int
    head_seq: int
    head_hash: str  # hex
    erased: int
    findings: tuple[Finding, ...]
    pruned_through: int = 0
    root: str = ""  # hex, of the Merkle tree at head_seq
    checkpoints: int = 0  # kept with the journal
    copies: int = 0  # brought along and compared
    copies_too_old: int = 0  # of a time that has been given up since
    signed_seq: int = 0
    keys: tuple[str, ...] = ()  # trusted in the end, as verifier keys
    keys_given: bool = False  # else the journal's own word was taken for the first one


def verify_file(
    path: Path,
    *,
    copies: Sequence[Copy] = (),
    keys: Sequence[VerifierKey] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """`progress` is called with (entries read, entries recorded). StoreError if there is no arcd store at `path`."""
    if not path.is_file():
        raise StoreError(f"{path} does not exist or is not a file; name the journal of an arcd store")
    had_log = _log(path).exists()
    verdict = _verify(path, had_log, _Walk(copies, keys), progress)
    if not verdict.ok and not had_log and _log(path).exists():
        # A daemon has started meanwhile and may have written under the eyes of a reader that took the file for still.
        verdict = _verify(path, True, _Walk(copies, keys), progress)
    return verdict


def _log(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _verify(path: Path, has_log: bool, walk: _Walk, progress: Callable[[int, int], None] | None) -> Verdict:
    try:
        with closing(open_for_reading(path, has_log)) as connection:
            version = check_version(connection, path)
            if version == 0:
                raise StoreError(f"{path} is empty; name the journal of an arcd store")
            walk.run(connection, version, progress)
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


def refs_column(connection: sqlite3.Connection) -> str:
    """What to select of an entry for its refs: a file that no arcd has opened since version 1 has no such column."""
    return "refs" if int(connection.execute("PRAGMA user_version").fetchone()[0]) > 1 else "NULL"


class _Walk:
    """One pass over the entries; remembers where it is and what it found."""

    def __init__(self, copies: Iterable[Copy], keys: Sequence[VerifierKey]) -> None:
        self._findings: list[Finding] = []
        self._unlisted = 0
        self._entries = 0
        self._erased = 0
        self._seq = 0
        self._hash = GENESIS_HASH
        self._frontier = Frontier()
        self._sealed: Sealed | None = None
        # Rows that the index of refs must have for the entries behind `_refs_from`, if no ref is the subject itself.
        self._refs_from = 0
        self._refs_count = 0
        self._evidence = Evidence(self.report, keys=keys, copies=copies)

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
        evidence = self._evidence
        return Verdict(
            ok=not findings,
            entries=self._entries,
            head_seq=self._seq,
            head_hash=self._hash.hex(),
            erased=self._erased,
            findings=findings,
            pruned_through=0 if self._sealed is None else self._sealed.through,
            root=root(self._frontier).hex(),
            checkpoints=evidence.own_count,
            copies=evidence.copy_count,
            copies_too_old=evidence.unreachable_count,
            signed_seq=evidence.agreed,
            keys=tuple(map(str, evidence.keys)),
            keys_given=evidence.is_given,
        )

    def run(self, connection: sqlite3.Connection, version: int, progress: Callable[[int, int], None] | None) -> None:
        # Texts are hashed as they lie in the file: nothing is decoded that is not shown to somebody.
        connection.text_factory = bytes
        recorded = connection.execute(
            "SELECT (SELECT head_seq FROM meta), (SELECT head_hash FROM meta), (SELECT max(seq) FROM entry),"
            " (SELECT max(seq) FROM payload)"  # one look: all of one moment
        ).fetchone()
        head_seq, head_hash, last_seq, last_payload = recorded
        if head_seq is None:
            self.report(0, "the recorded head is missing")
            head_seq = last_seq or 0
        if version > 1:
            self._begin(connection)
        # A running daemon goes on writing: what it adds from here on is left to the next check.
        until = max(head_seq, last_seq or 0, last_payload or 0)
        first = _SEQ_MIN if self._sealed is None else self._sealed.through
        for page, payloads in _pages(connection, first, until, refs_column(connection)):
            leaves = self._check_page(page)
            if payloads != sum(row[7] is not None for row in page):
                self._report_orphans(connection, first, until)
            self._grow(connection, version, leaves)
            if progress is not None:
                progress(self._entries, head_seq - max(first, 0))
        self._check_head(head_seq, head_hash)
        if version > 1:
            self._check_tree(connection, until)
            self._check_index(connection, until, era_bits(version))
        self._evidence.ended(self._seq, self._sealed)

    def _begin(self, connection: sqlite3.Connection) -> None:
        """Where entries have been given up, what stands for them."""
        meta = connection.execute("SELECT pruned_through, pruned_hash, pruned_peaks FROM meta").fetchone()
        if meta is None or not meta[0]:
            return
        through, sealed_hash, peaks = meta
        if not (isinstance(through, int) and isinstance(sealed_hash, bytes) and isinstance(peaks, bytes)):
            self.report(0, "what stands for the entries given up has been changed")
            return
        cut = tuple(peaks[place : place + HASH_BYTES] for place in range(0, len(peaks), HASH_BYTES))
        if through < 1 or len(cut) != through.bit_count() or len(peaks) % HASH_BYTES:
            self.report(through, "what stands for the entries given up has been changed: it is no tree of that size")
            return
        self._sealed = Sealed(through=through, hash=sealed_hash, peaks=cut)
        self._seq, self._hash = through, sealed_hash
        self._frontier = Frontier(size=through, peaks=cut)
        own = connection.execute("SELECT body FROM note WHERE size = ?", (through,)).fetchall()
        seals = connection.execute(
            "SELECT body FROM entry AS e JOIN payload AS p ON p.seq = e.seq WHERE kind = ? AND e.seq > ?"
            " ORDER BY e.seq LIMIT 1",
            (SEALED, through),
        ).fetchall()
        self._evidence.starts_after(self._sealed, [_text(body) for (body,) in own], [body for (body,) in seals])

    def _grow(self, connection: sqlite3.Connection, version: int, leaves: list[bytes]) -> None:
        """Take the page's entries into the tree, stopping wherever somebody has signed for its root."""
        size = self._frontier.size
        end = size + len(leaves)
        own = (
            dict(connection.execute("SELECT size, body FROM note WHERE size > ? AND size <= ?", (size, end)))
            if version > 1
            else {}
        )
        for stop in sorted({*own, *self._evidence.sizes(size, end)}):
            self._frontier, _ = grow(self._frontier, leaves[self._frontier.size - size : stop - size])
            tree_root = root(self._frontier)
            if stop in own:
                self._evidence.own(stop, _text(own[stop]), tree_root)
            self._evidence.reached(stop, tree_root)
        self._frontier, _ = grow(self._frontier, leaves[self._frontier.size - size :])

    def _check_page(self, page: list[_Row]) -> list[bytes]:
        """The entries' hashes, as they take their places in the tree.

        A loop of its own for what is as it should be, with as few steps as possible: it runs a billion times in the
        life of a journal. Everything else is looked at closely.
        """
        leaves: list[bytes] = []
        last_seq, last_hash, refs_count = self._seq, self._hash, self._refs_count
        for row in page:
            seq, at, kind, subject, committed, previous_hash, own_hash, salt, body, refs = row
            if (
                seq == last_seq + 1
                and previous_hash == last_hash
                and type(salt) is type(body) is type(own_hash) is bytes
                and len(salt) == SALT_BYTES
                and commitment(salt, body) == committed
                and own_hash == _hash_of(seq, at, kind, subject, committed, previous_hash, refs)
                and (kind not in _TELLING)
                and type(refs) is bytes
            ):
                last_seq, last_hash = seq, own_hash
                refs_count += 1 if refs == _NO_REFS else 2 + refs.count(b'","')
                leaves.append(own_hash)
                continue
            self._entries += last_seq - self._seq
            self._seq, self._hash, self._refs_count = last_seq, last_hash, refs_count
            leaves.append(self._check_closely(row))
            last_seq, last_hash, refs_count = self._seq, self._hash, self._refs_count
        self._entries += last_seq - self._seq
        self._seq, self._hash, self._refs_count = last_seq, last_hash, refs_count
        return leaves

    def _check_closely(self, row: _Row) -> bytes:
        seq, at, kind, subject, committed, previous_hash, own_hash, salt, body, refs = row
        assert isinstance(seq, int)
        if seq < 1:
            self.report(seq, f"an entry has the number {seq}; the first is 1")
            return b""
        if seq != self._seq + 1:
            missing = (
                f"entry {self._seq + 1} is" if seq == self._seq + 2 else f"entries {self._seq + 1} to {seq - 1} are"
            )
            self.report(self._seq + 1, f"{missing} missing")
        elif previous_hash != self._hash:
            before = f"entry {seq - 1}" if seq > 1 else "the start of a journal"
            self.report(seq, f"it does not continue {before}: its previous hash is another")
        if own_hash != _hash_of(seq, at, kind, subject, committed, previous_hash, refs):
            self.report(seq, "it has been changed: its hash is not that of its content")
        self._check_payload(seq, committed, salt, body)
        if isinstance(kind, bytes) and kind in _TELLING:
            self._evidence.entry(seq, _TELLING[kind], body)
        if refs is None:
            self._refs_from, self._refs_count = seq, 0
        else:
            named = 0 if refs == _NO_REFS else 1 + refs.count(b'","') if isinstance(refs, bytes) else _UNKNOWN
            self._refs_count += 1 + named
        self._entries += 1
        self._seq = seq
        self._hash = own_hash if isinstance(own_hash, bytes) else b""
        return self._hash

    def _check_payload(self, seq: int, committed: object, salt: object, body: object) -> None:
        if salt is None and body is None:
            self._erased += 1
        elif not isinstance(salt, bytes) or not isinstance(body, bytes) or len(salt) != SALT_BYTES:
            self.report(seq, "its payload has been changed: salt or body is not what a payload has")
        elif commitment(salt, body) != committed:
            self.report(seq, "its payload has been changed: it is not the one committed to")

    def _report_orphans(self, connection: sqlite3.Connection, first: int, until: int) -> None:
        if any("belongs to no entry" in finding.what for finding in self._findings):
            return  # the first page that noticed has listed them all
        orphans = connection.execute(
            "SELECT seq FROM payload WHERE seq > ? AND seq <= ? AND seq NOT IN (SELECT seq FROM entry) ORDER BY seq",
            (first, until),
        )
        for (seq,) in orphans:
            self.report(seq, f"a payload numbered {seq} belongs to no entry")

    def _check_tree(self, connection: sqlite3.Connection, until: int) -> None:
        """The tree that goes on growing must be the one that the entries make, else every proof would fail."""
        meta = connection.execute("SELECT peaks, head_seq FROM meta").fetchone()
        if meta is not None and meta[1] == self._frontier.size and meta[0] != b"".join(self._frontier.peaks):
            self.report(self._seq, "the Merkle tree kept with the journal is not that of its entries")

    def _check_index(self, connection: sqlite3.Connection, until: int, bits: int) -> None:
        """Whoever is told the story of a case is told all of it."""
        first = max(self._refs_from, 0 if self._sealed is None else self._sealed.through)
        values = {"first": first, "until": min(until, self._seq), "era_bits": bits}
        if connection.execute(_INDEX_COUNTS, values).fetchone() == (self._refs_count, self._refs_count):
            return
        for statement, said in _INDEX_FAULTS:
            for seq, ref in connection.execute(statement, values):
                self.report(seq, said.format(ref=ref.decode("utf-8", "replace") if isinstance(ref, bytes) else ref))

    def _check_head(self, head_seq: int, head_hash: object) -> None:
        if self._seq < head_seq:
            self.report(self._seq + 1, f"the tail is missing: the recorded head is {head_seq}")
        elif self._seq > head_seq:
            self.report(head_seq + 1, f"entries follow the recorded head {head_seq}")
        elif self._hash != head_hash:
            self.report(head_seq, "it is not the recorded head: the hash recorded for it is another")


def _pages(connection: sqlite3.Connection, first: int, until: int, refs: str) -> Iterator[tuple[list[_Row], int]]:
    """The entries behind `first` in order, and how many payloads stand in the same range of numbers, orphans included.

    The range of the last page reaches to `until`, which is past the last entry if the tail is missing.
    """
    after = first
    while True:
        page = connection.execute(
            f"SELECT e.seq, at, kind, subject, commitment, previous_hash, hash, salt, body, {refs}"  # noqa: S608 – fixed
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


def _text(value: object) -> object:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _hash_of(
    seq: object, at: object, kind: object, subject: object, committed: object, previous_hash: object, refs: object
) -> bytes | None:
    """The hash that the columns ought to have; None if they cannot be those of an entry."""
    try:
        # What is of another type or size than an entry has is found out by what is done with it.
        encoded = encode_columns(seq, at, kind, subject, committed, previous_hash, refs)  # type: ignore[arg-type]  # – so
    except (struct.error, TypeError):
        return None
    if len(committed) != 32 or len(previous_hash) != 32:  # type: ignore[arg-type]  # – "32s" pads what is too short
        return None
    return entry_hash(encoded)
