"""Checking a journal file: entry by entry from the first, with nothing but the file, and better with what others kept.

One rule: no secrets, no daemon, no writing. The file may be in use or a copy without its log; memory stays bounded. A
damaged journal is a result, not an error: StoreError says only that there is no journal to check.

Found: any changed byte of an entry or payload, entries missing, exchanged or added, a tail shorter than the recorded
head, a payload that belongs to no entry, content that is gone and that no entry says to have been erased, an entry that
the index of refs does not lead to, a checkpoint that was signed over other entries. A journal rewritten from some entry
on, hashes, head and checkpoints included, is found by a checkpoint that was copied to a second place (`copies`), or by
the key that is known from elsewhere (`keys`). Not looked at, because it is no evidence: open effects, cases, state.
"""

from __future__ import annotations

import multiprocessing
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from arcd.store import Sealed, StoreError
from arcd.store.chain import GENESIS_HASH, SALT_BYTES, commitment, encode_columns, entry_hash
from arcd.store.erasures import unannounced
from arcd.store.evidence import SEALED, Copy, Evidence
from arcd.store.failure import explain, primary_code
from arcd.store.file import check_version
from arcd.store.opening import log_of, open_for_reading, refs_column
from arcd.store.pages import NO_REFS, TELLING, Page, Row, pages, sound
from arcd.store.ranges import ENTRY_BYTES_MIN, Helpers, SoundRange, checked
from arcd.store.reading import era_bits
from arcd.store.ref_index import Helped, index_faults
from protocols.tlog.merkle import HASH_BYTES, Frontier, grow, joined, root
from protocols.tlog.note import VerifierKey

FINDINGS_MAX: Final = 100  # a ruined file would otherwise give as many as it has entries
_UNKNOWN: Final = -(1 << 62)  # refs that were not counted: look closely
_SEQ_MIN: Final = -(1 << 63)
_SEQ_MAX: Final = (1 << 63) - 1

_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

Progress = Callable[[int, int], None]


class Finding(Struct, frozen=True):
    seq: int  # the first entry concerned, 0 for the file itself
    what: str


class Verdict(Struct, frozen=True, kw_only=True):
    """`entries` were read, behind those that were given up and up to `head_seq`; `erased` of them have no payload any
    more, which is a finding only where no entry says so. `signed_seq` is the last entry that a signed checkpoint
    vouches for."""

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
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """`progress` is called with (entries read, entries recorded). StoreError if there is no arcd store at `path`.

    `jobs`: processes that look at a long journal beside each other. What is found does not depend on it.
    """
    if jobs < 2:
        return verify_with(None, path, copies=copies, keys=keys, progress=progress)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        return verify_with(Helpers(pool, jobs), path, copies=copies, keys=keys, progress=progress)


def verify_with(
    helpers: Helpers | None,
    path: Path,
    *,
    copies: Sequence[Copy] = (),
    keys: Sequence[VerifierKey] = (),
    progress: Progress | None = None,
) -> Verdict:
    if not path.is_file():
        raise StoreError(f"{path} does not exist or is not a file; name the journal of an arcd store")
    had_log = log_of(path).exists()
    verdict = _verify(path, had_log, _Walk(copies, keys, helpers), progress)
    if not verdict.ok and not had_log and log_of(path).exists():
        # A daemon has started meanwhile and may have written under the eyes of a reader that took the file for still.
        verdict = _verify(path, True, _Walk(copies, keys, helpers), progress)
    return verdict


def _verify(path: Path, has_log: bool, walk: _Walk, progress: Progress | None) -> Verdict:
    try:
        with closing(open_for_reading(path, has_log)) as connection:
            version = check_version(connection, path)
            if version == 0:
                raise StoreError(f"{path} is empty; name the journal of an arcd store")
            walk.run(connection, Looked(path, has_log, version), progress)
    except (sqlite3.Error, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.Error) and primary_code(error) not in _DAMAGE:
            raise explain(error, path) from error
        walk.report(walk.after_seq, f"the file is damaged from here on ({error})")
    return walk.verdict()


class Looked(Struct, frozen=True):
    """The file, as it was found."""

    path: Path
    has_log: bool
    version: int

    @property
    def size_bytes(self) -> int:
        log = log_of(self.path)
        return self.path.stat().st_size + (log.stat().st_size if log.exists() else 0)

    def is_believable(self, entries: int) -> bool:
        return entries * ENTRY_BYTES_MIN <= self.size_bytes


class _Walk:
    """One pass over the entries; remembers where it is and what it found."""

    def __init__(self, copies: Iterable[Copy], keys: Sequence[VerifierKey], helpers: Helpers | None = None) -> None:
        self._helpers = helpers
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

    def run(self, connection: sqlite3.Connection, looked: Looked, progress: Progress | None) -> None:
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
        if looked.version > 1:
            self._begin(connection)
        # A running daemon goes on writing: what it adds from here on is left to the next check.
        until = max(head_seq, last_seq or 0, last_payload or 0)
        first = _SEQ_MIN if self._sealed is None else self._sealed.through
        helpers = self._asked(looked, max(first, 0), last_seq or 0)
        expected = head_seq - max(first, 0)
        for begin, end, found in self._ranges(connection, looked, helpers, first, last_seq or 0, until):
            if found is None or not self._take(connection, begin, found):
                for page in pages(connection, begin, end, refs_column(connection)):
                    leaves = self._check_page(page)
                    if page.has_orphans:
                        self._report_orphans(connection, first, until)
                    self._grow(connection, looked.version, leaves)
                    if progress is not None:
                        progress(self._entries, expected)
            elif progress is not None:
                progress(self._entries, expected)
        self._check_head(head_seq, head_hash)
        if looked.version > 1:
            self._check_tree(connection, until)
            helped = None if helpers is None else Helped(helpers, looked.path, looked.has_log)
            self._check_index(connection, until, era_bits(looked.version), helped)
        self._check_erased(connection, looked)
        self._evidence.ended(self._seq, self._sealed)

    def _asked(self, looked: Looked, first: int, last: int) -> Helpers | None:
        """The helpers, if it is worth asking them. A forged number must not make work for years."""
        if self._helpers is None or looked.version < 2 or not looked.is_believable(last - first):
            return None
        return self._helpers if last - first >= self._helpers.entries_min else None

    def _ranges(
        self, connection: sqlite3.Connection, looked: Looked, helpers: Helpers | None, first: int, last: int, until: int
    ) -> Iterator[tuple[int, int, SoundRange | None]]:
        """(first, last] in order from `first` to `until`, and what a helper has said of it."""
        if helpers is None:
            yield first, until, None
            return
        begin = -(-max(first, 0) // helpers.span) * helpers.span  # where a complete subtree can begin
        yield first, min(begin, until), None
        if begin < last:
            stops = partial(self._stops, connection)
            yield from checked(helpers, looked.path, looked.has_log, begin, last, stops)
            yield last, until, None

    def _stops(self, connection: sqlite3.Connection, first: int, last: int) -> list[int]:
        """Sizes in a range at which somebody has signed for the tree's root."""
        own = connection.execute("SELECT size FROM note WHERE size > ? AND size <= ?", (first, last))
        return sorted({*(size for (size,) in own), *self._evidence.sizes(first, last)})

    def _take(self, connection: sqlite3.Connection, begin: int, found: SoundRange) -> bool:
        """A range that a helper found sound; False when it must be looked at here all the same."""
        before = self._frontier
        stops = self._stops(connection, begin, begin + found.frontier.size)
        follows = self._seq == before.size == begin and self._hash == found.previous_hash
        if not follows or not set(stops) <= set(found.at):
            return False
        own = dict(
            connection.execute(
                "SELECT size, body FROM note WHERE size > ? AND size <= ?", (begin, begin + found.frontier.size)
            )
        )
        for stop in stops:
            self._signed_for(stop, own, root(joined(before, found.at[stop])))
        self._frontier = joined(before, found.frontier)
        self._entries += found.frontier.size
        self._erased += found.erased
        self._refs_count += found.refs
        self._seq, self._hash = self._frontier.size, found.hash
        return True

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
            self._signed_for(stop, own, root(self._frontier))
        self._frontier, _ = grow(self._frontier, leaves[self._frontier.size - size :])

    def _signed_for(self, size: int, own: Mapping[int, object], tree_root: bytes) -> None:
        if size in own:
            self._evidence.own(size, _text(own[size]), tree_root)
        self._evidence.reached(size, tree_root)

    def _check_page(self, page: Page) -> list[bytes]:
        """The entries' hashes, as they take their places in the tree."""
        leaves: list[bytes] = []
        while len(leaves) < len(page.entries):
            found = sound(page, len(leaves), self._seq, self._hash)
            leaves += found.leaves
            if found.leaves:
                self._entries += len(found.leaves)
                self._erased += found.erased
                self._refs_count += found.refs
                self._seq += len(found.leaves)
                self._hash = found.leaves[-1]
            if len(leaves) < len(page.entries):
                leaves.append(self._check_closely(page.entries[len(leaves)], page.payloads[len(leaves)]))
        return leaves

    def _check_closely(self, entry: Row, payload: Row) -> bytes:
        seq, at, kind, subject, committed, previous_hash, own_hash, refs = entry
        _, salt, body = payload
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
        if isinstance(kind, bytes) and kind in TELLING:
            self._evidence.entry(seq, TELLING[kind], body)
        if refs is None:
            self._refs_from, self._refs_count = seq, 0
        else:
            named = 0 if refs == NO_REFS else 1 + refs.count(b'","') if isinstance(refs, bytes) else _UNKNOWN
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

    def _check_index(self, connection: sqlite3.Connection, until: int, bits: int, helped: Helped | None) -> None:
        """Whoever is told the story of a case is told all of it."""
        first = max(self._refs_from, 0 if self._sealed is None else self._sealed.through)
        last = min(until, self._seq)
        for seq, said in index_faults(connection, first, last, bits=bits, expected=self._refs_count, helped=helped):
            self.report(seq, said)

    def _check_erased(self, connection: sqlite3.Connection, looked: Looked) -> None:
        """Whoever takes content away by hand leaves the chain whole."""
        first = 0 if self._sealed is None else self._sealed.through
        if self._erased and looked.is_believable(self._seq - first):
            for seq in unannounced(connection, first, self._seq):
                self.report(seq, "its content is gone, and no entry says that it was erased")

    def _check_head(self, head_seq: int, head_hash: object) -> None:
        if self._seq < head_seq:
            self.report(self._seq + 1, f"the tail is missing: the recorded head is {head_seq}")
        elif self._seq > head_seq:
            self.report(head_seq + 1, f"entries follow the recorded head {head_seq}")
        elif self._hash != head_hash:
            self.report(head_seq, "it is not the recorded head: the hash recorded for it is another")


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
