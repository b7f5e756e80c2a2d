"""Facts about the journal itself: its keys, its segments, what is erased or held, who has read it, whether it verifies.

Numbers of entries and hashes are what the shell found in the store at that instant; what follows from them is decided
in `arcd.core.audit`. Hashes are hex, notes are C2SP signed notes.
"""

from __future__ import annotations

from arcd.core.facts.base import Actor, Fact


class AuditKeyChanged(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="audit_key_changed"):
    """From here on checkpoints are signed by this key. The note names it and is signed by it and by the one before."""

    verifier: str  # NAME+KEYID+BASE64
    note: str
    vouched: bool = True  # False: nobody had the private key before it any more


class SegmentSealed(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="segment_sealed"):
    """A person seals the journal up to `through`: a signed checkpoint of exactly so many entries has been made."""

    through: int
    hash: str  # of that entry
    peaks: tuple[str, ...]  # of the Merkle tree over entries 1 … through
    actor: Actor
    reason: str
    sealed_at: int  # instant of entry `through`
    key_notes: tuple[str, ...] = ()  # of every signing key so far: they outlive the segment


class PruneRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="prune_requested"):
    """A person gives up the entries of a sealed segment, whole."""

    through: int
    actor: Actor
    reason: str
    payloads: int  # how many of its entries still have their payload, those that are never erased aside
    entries_after: int  # ns: the least age that every entry of it must have
    looked_through: int = -1  # the newest entry when holds were looked for: one placed later has not been
    held: str = ""  # a hold that is on an entry of it
    held_seq: int = 0  # that entry


class ErasureRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="erasure_requested"):
    """Somebody, or a retention time that has run out, asks that payloads be erased.

    `subjects`: everything those entries are about (their subject, their refs, the site of a case), for legal holds.
    """

    what: str  # "case/C12", "site/K-1", "entry", "retention/signal"
    seqs: tuple[int, ...]
    actor: Actor
    reason: str
    subjects: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()  # whose rows in lists and searches go as well
    through: int = 0  # retention: the class is done up to this entry
    looked_through: int = -1  # as in PruneRequested


class HoldRequested(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="hold_requested"):
    """A legal hold: no entry about the subject is erased or given up until it is lifted."""

    action: str  # "place", "lift"
    subject: str  # "case/C12", "site/K-1", "period/FROM/UNTIL" (RFC 3339), "centre": everything
    actor: Actor
    reason: str


class SensitiveRead(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="sensitive_read"):
    """A person read, or took away, what holds personal data. `count` reads of one kind are told together.

    `ahead` of them were answered before the record of them was on stable storage, because the disk kept them waiting.
    """

    what: str  # "case", "site", "journal", "export", …
    subject: str
    actor: Actor
    count: int = 1
    since: int = 0  # ns, when the first of several was; 0 is `at`
    ahead: int = 0
    reason: str = ""
    recipient: str = ""  # of an export; of a backup, its file
    digest: str = ""  # hex, of the export; of a backup, the hash of its last entry


class JournalVerified(Fact, frozen=True, kw_only=True, omit_defaults=True, tag="journal_verified"):
    """A person or a timer has verified the journal, outside the daemon, and says how it went."""

    actor: Actor
    head_seq: int
    head_hash: str
    entries: int
    signed_seq: int = 0
    findings: tuple[str, ...] = ()
