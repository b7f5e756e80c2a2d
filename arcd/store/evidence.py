"""What vouches for a journal from outside its chain: signed checkpoints, the keys behind them, and sealed heads.

One rule: a checkpoint proves nothing until its signature holds under a key that is trusted. Trusted are the keys that
the one who verifies brings along, and every key that a trusted one has signed for; who brings none trusts the first
key that the journal names, which proves that the journal agrees with itself and no more.

Entries are looked at as they are: two kinds say something about keys and segments (arcd.core.facts.audit), and their
JSON is read here without the core, so that a journal of another release verifies too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from arcd.store import Sealed
from protocols.tlog.checkpoint import TreeHead, decode_tree_head
from protocols.tlog.merkle import Frontier, root
from protocols.tlog.note import NoteError, VerifierKey, decode_note, decode_verifier_key, signers

KEY_CHANGED: Final = "audit_key_changed"
SEALED: Final = "segment_sealed"
_GIVEN_UP: Final = "entries up to here were given up, and"
COPIES_MAX: Final = 1_000_000  # of checkpoints, brought along


class KeyStatement(Struct, frozen=True, kw_only=True):
    """The text of a note that names a key: signed by that key, and by the one before it."""

    origin: str
    verifier: str

    def text(self) -> str:
        return f"{self.origin}\nkey\n{self.verifier}\n"


class Copy(Struct, frozen=True):
    """A signed checkpoint as somebody kept it elsewhere. `source` is where it was found, for messages."""

    source: str
    text: str


class _KeyFact(Struct):
    note: str


class _SealFact(Struct):
    through: int
    hash: str
    peaks: list[str]
    key_notes: list[str] = []


class _KeyEntry(Struct):
    fact: _KeyFact


class _SealEntry(Struct):
    fact: _SealFact


_key_entry = msgspec.json.Decoder(_KeyEntry)
_seal_entry = msgspec.json.Decoder(_SealEntry)

Report = Callable[[int, str], None]


class Evidence:
    """Collects while a journal is walked, in order, and reports (entry, what is wrong)."""

    def __init__(self, report: Report, *, keys: Sequence[VerifierKey] = (), copies: Iterable[Copy] = ()) -> None:
        self._report = report
        self._keys = list(keys)
        self._is_given = bool(keys)
        self._copies: dict[int, list[tuple[str, TreeHead, str]]] = {}
        self.own_count = 0
        self.copy_count = 0
        self.unreachable_count = 0  # copies older than what has been given up
        self.agreed = 0  # the largest size whose signed root is that of the entries
        self._seals: set[tuple[int, str, tuple[str, ...]]] = set()
        for copy in copies:
            self._take(copy)

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        return tuple(self._keys)

    @property
    def is_given(self) -> bool:
        return self._is_given

    def sizes(self, after: int, until: int) -> list[int]:
        return sorted(size for size in self._copies if after < size <= until)

    # ---------------------------------------------------------------------------------------------------- as it comes

    def entry(self, seq: int, kind: object, body: object) -> None:
        if not isinstance(body, bytes):
            return self._report(seq, "it is of a kind that is never erased, and its payload is gone")
        try:
            if kind == KEY_CHANGED:
                self._key_named(seq, _key_entry.decode(body).fact.note)
            else:
                fact = _seal_entry.decode(body).fact
                self._seals.add((fact.through, fact.hash, tuple(fact.peaks)))
                for note in fact.key_notes:
                    self._key_named(seq, note)
        except (msgspec.DecodeError, msgspec.ValidationError):
            self._report(seq, "its payload cannot be read")

    def own(self, size: int, encoded: object, tree_root: bytes) -> None:
        """A checkpoint that stands in the journal's own file."""
        self.own_count += 1
        source = "the checkpoint kept with it"
        head = self._opened(source, encoded) if isinstance(encoded, str) else None
        if head is None:
            return self._report(size, f"{source} is none")
        if head.size != size:
            return self._report(size, f"{source} is one of {head.size} entries")
        self._compare(source, head, str(encoded), tree_root)

    def reached(self, size: int, tree_root: bytes) -> None:
        for source, head, encoded in self._copies.pop(size, ()):
            self.copy_count += 1
            self._compare(source, head, encoded, tree_root)

    def starts_after(self, sealed: Sealed, own_notes: Sequence[object], seal_payloads: Iterable[object]) -> None:
        """The journal begins behind entries that were given up.

        The keys that were named in them stand in the entry of the seal, which comes behind what they have signed.
        """
        for body in seal_payloads:
            with contextlib.suppress(msgspec.MsgspecError, TypeError):  # reported where the entry itself is reached
                for note in _seal_entry.decode(body).fact.key_notes:  # type: ignore[arg-type]  # – whatever stands there
                    self._key_named(sealed.through, note)
        tree_root = root(Frontier(size=sealed.through, peaks=sealed.peaks))
        for encoded in own_notes:
            self.own(sealed.through, encoded, tree_root)
        self.reached(sealed.through, tree_root)
        gone = [size for size in self._copies if size < sealed.through]
        for size in gone:
            self.unreachable_count += len(self._copies.pop(size))

    def ended(self, size: int, sealed: Sealed | None) -> None:
        if sealed is not None:
            said = (sealed.through, sealed.hash.hex(), tuple(peak.hex() for peak in sealed.peaks))
            if said not in self._seals:
                self._report(
                    sealed.through, "entries up to here were given up, and no entry says that they were sealed"
                )
            elif self._is_given and self.agreed < sealed.through:
                self._report(
                    sealed.through, "entries up to here were given up, and no signed checkpoint stands for them"
                )
        for beyond in sorted(self._copies):
            for source, head, encoded in self._copies[beyond]:
                self.copy_count += 1
                if self._signed(source, beyond, head, encoded):
                    self._report(
                        size + 1, f"the tail is missing: {source} was signed over {beyond} entries, here are {size}"
                    )

    # --------------------------------------------------------------------------------------------------------- inside

    def _take(self, copy: Copy) -> None:
        head = self._opened(copy.source, copy.text)
        if head is None:
            self._report(0, f"{copy.source} is no signed checkpoint")
        elif sum(map(len, self._copies.values())) < COPIES_MAX:
            self._copies.setdefault(head.size, []).append((copy.source, head, copy.text))

    def _opened(self, source: str, encoded: str) -> TreeHead | None:
        try:
            return decode_tree_head(decode_note(encoded).text)
        except NoteError:
            return None

    def _compare(self, source: str, head: TreeHead, encoded: str, tree_root: bytes) -> None:
        if not self._signed(source, head.size, head, encoded):
            return
        if head.root == tree_root:
            self.agreed = max(self.agreed, head.size)
            return
        between = f"entries {self.agreed + 1} to {head.size}" if self.agreed < head.size - 1 else f"entry {head.size}"
        self._report(
            self.agreed + 1, f"{between} are not what was signed: the root of {source} ({head.size} entries) is another"
        )

    def _signed(self, source: str, seq: int, head: TreeHead, encoded: str) -> bool:
        try:
            by = signers(decode_note(encoded), self._keys)
        except NoteError as error:
            self._report(seq, f"{source} is forged or damaged: {error}")
            return False
        if not any(key.name == head.origin for key in by):
            self._report(seq, f"{source} is signed by no key that is trusted here")
            return False
        return True

    def _key_named(self, seq: int, encoded: str) -> None:
        try:
            note = decode_note(encoded)
            origin, what, verifier, *rest = note.text.split("\n")
            key = decode_verifier_key(verifier)
            if what != "key" or rest != [""] or key.name != origin or not signers(note, [key]):
                raise NoteError("the key has not signed for itself")
            by = signers(note, self._keys)
        except ValueError as error:
            return self._report(seq, f"it names a signing key, and cannot be believed: {error}")
        if key in self._keys:
            return None
        if by or (not self._keys and not self._is_given):
            self._keys.append(key)
            return None
        return self._report(seq, f"it names the signing key {key.id.hex()}, for which no trusted key has signed")


def key_notes(entries: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """The notes about keys in (kind, payload) of entries, oldest first."""
    for kind, body in entries:
        if kind == KEY_CHANGED:
            yield _key_entry.decode(body).fact.note
