"""Legal holds, erasure, seals and pruning: who may ask, what stands in the way, and what follows.

One rule: a legal hold overrides everything, retention times included, and nothing is erased or given up that a restart
or the proof of the rest would need. Which entries are meant was found by the shell; whether they may go is decided
here, so that a hold placed a moment ago counts.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from arcd.core.audit.holding import EVERYTHING, is_holdable, period_of
from arcd.core.audit.model import Audit, Hold, Seal, SigningKey
from arcd.core.effects import ErasePayloads, PruneEntries
from arcd.core.facts import (
    DAEMON,
    SUPERVISOR,
    Actor,
    AuditKeyChanged,
    ErasureRequested,
    HoldRequested,
    JournalVerified,
    PruneRequested,
    SegmentSealed,
    SensitiveRead,
)
from arcd.core.troubles import raise_trouble
from arcd.core.turn import Turn

REASON_CHARS_MAX: Final = 500
ERASED_AT_ONCE_MAX: Final = 5_000  # entries of one request; more are several requests
HOLDS_MAX: Final = 10_000
SEALS_MAX: Final = 1_000

_KEY: Final = "audit"

Refusal = tuple[str, str]


AuditFact = (
    AuditKeyChanged
    | SegmentSealed
    | PruneRequested
    | ErasureRequested
    | HoldRequested
    | SensitiveRead
    | JournalVerified
)


def keep(turn: Turn, fact: AuditFact) -> None:
    match fact:
        case AuditKeyChanged():
            key_changed(turn, fact)
        case SegmentSealed():
            sealed(turn, fact)
        case PruneRequested():
            pruned(turn, fact)
        case ErasureRequested():
            erased(turn, fact)
        case HoldRequested():
            hold(turn, fact)
        case SensitiveRead():
            read(turn, fact)
        case JournalVerified():
            verified(turn, fact)


def audit_of(turn: Turn) -> Audit:
    return turn.state.audit.get(_KEY) or Audit()


def key_changed(turn: Turn, fact: AuditKeyChanged) -> None:
    audit = audit_of(turn)
    key = SigningKey(verifier=fact.verifier, note=fact.note, since_seq=turn.seq)
    turn.state.audit.put(_KEY, replace(audit, keys=(*audit.keys, key)))
    turn.note("audit.key_changed", verifier=fact.verifier, vouched=fact.vouched)
    if not fact.vouched:
        raise_trouble(turn, "signing_key_changed", entry=None, about="self", text=fact.verifier)


def sealed(turn: Turn, fact: SegmentSealed) -> None:
    audit = audit_of(turn)
    last = audit.seals[-1].through if audit.seals else audit.pruned_through
    if refusal := _reason_refusal(fact.reason):
        return turn.refuse(*refusal)
    if fact.through <= last:
        return turn.refuse("seal.nothing", f"Entries up to {last} are sealed already, and nothing follows them.")
    if len(audit.seals) >= SEALS_MAX:
        return turn.refuse("seal.many", f"{SEALS_MAX} segments are sealed; prune the oldest first.")
    seal = Seal(through=fact.through, hash=fact.hash, peaks=fact.peaks, sealed_at=fact.sealed_at)
    turn.state.audit.put(_KEY, replace(audit, seals=(*audit.seals, seal)))
    turn.note("audit.sealed", through=fact.through, by=fact.actor.id)
    return turn.grant(str(fact.through), f"Entries up to {fact.through} are sealed.")


def pruned(turn: Turn, fact: PruneRequested) -> None:
    audit = audit_of(turn)
    seal = next((seal for seal in audit.seals if seal.through == fact.through), None)
    refusal = _person_refusal(fact.actor) or _reason_refusal(fact.reason)
    if refusal is None and seal is None:
        refusal = "prune.seal", f"No sealed segment ends at entry {fact.through}; `arcctl journal seal` makes one."
    refusal = refusal or _held_refusal(turn, fact)
    if refusal is None and fact.payloads:
        refusal = (
            "prune.payloads",
            (f"{fact.payloads} entries of it still have their content; their retention time has not run out."),
        )
    if refusal is None and seal is not None and seal.sealed_at > fact.entries_after:
        refusal = "prune.age", "Its newest entry is younger than the longest retention time of the settings."
    if refusal is not None or seal is None:
        return turn.refuse(*(refusal or ("prune.seal", "")))
    rest = tuple(other for other in audit.seals if other.through > seal.through)
    turn.state.audit.put(_KEY, replace(audit, seals=rest, pruned_through=seal.through))
    turn.effects.append(PruneEntries(through=seal.through, hash=seal.hash, peaks=seal.peaks))
    turn.note("audit.pruned", through=seal.through, by=fact.actor.id)
    return turn.grant(str(seal.through), f"Entries up to {seal.through} are given up.")


def erased(turn: Turn, fact: ErasureRequested) -> None:
    refusal = (
        _person_refusal(fact.actor)
        or _reason_refusal(fact.reason)
        or _size_refusal(fact)
        or _hold_refusal(turn, fact)
        or _open_refusal(turn, fact)
    )
    if refusal is not None:
        return turn.refuse(*refusal)
    for subject in fact.subjects if len(fact.subjects) <= 20 else ():
        turn.refs[subject] = None  # the tombstone belongs to the story of what was erased
    audit = audit_of(turn)
    if fact.through:
        done = {**audit.retained_through, fact.what.removeprefix("retention/"): fact.through}
        turn.state.audit.put(_KEY, replace(audit, retained_through=done))
    if fact.seqs or fact.cases:
        turn.effects.append(ErasePayloads(seqs=fact.seqs, cases=fact.cases))
    turn.note("audit.erased", what=fact.what, entries=len(fact.seqs), by=fact.actor.id)
    return turn.grant(fact.what, f"The content of {len(fact.seqs)} entries is erased.")


def hold(turn: Turn, fact: HoldRequested) -> None:
    subject = fact.subject
    standing = turn.state.holds.get(subject)
    if refusal := _reason_refusal(fact.reason) or _subject_refusal(subject):
        return turn.refuse(*refusal)
    turn.refs[subject] = None
    if fact.action == "place":
        if standing is not None:
            return turn.refuse("hold.standing", f"{subject} is held already, by {standing.by}: {standing.reason}")
        if len(turn.state.holds) >= HOLDS_MAX:
            return turn.refuse("hold.many", f"{HOLDS_MAX} holds stand; place one on {EVERYTHING}, or lift some.")
        turn.state.holds.put(subject, Hold(placed_at=turn.at, by=fact.actor.id, reason=fact.reason, seq=turn.seq))
        turn.note("audit.hold_placed", on=subject, by=fact.actor.id)
        return turn.grant(subject, f"Nothing about {subject} is erased until the hold is lifted.")
    if refusal := _person_refusal(fact.actor):
        return turn.refuse(*refusal)
    if standing is None:
        return turn.refuse("hold.none", f"There is no hold on {subject}; `arcctl journal hold list` shows them.")
    turn.state.holds.drop(subject)
    # What was passed over for its sake is looked at again.
    turn.state.audit.put(_KEY, replace(audit_of(turn), retained_through={}))
    turn.note("audit.hold_lifted", on=subject, by=fact.actor.id)
    return turn.grant(subject, f"The hold on {subject} is lifted.")


def read(turn: Turn, fact: SensitiveRead) -> None:
    turn.refs[fact.subject] = None
    turn.note("audit.read", what=fact.what, by=fact.actor.id, count=fact.count)
    turn.grant(fact.subject)


def verified(turn: Turn, fact: JournalVerified) -> None:
    turn.note("audit.verified", head=fact.head_seq, findings=len(fact.findings), by=fact.actor.id)
    if fact.findings:
        raise_trouble(turn, "journal_damaged", entry=None, about="self", text=fact.findings[0])
    turn.grant("journal")


def _person_refusal(actor: Actor) -> Refusal | None:
    if actor == DAEMON or SUPERVISOR in actor.roles:
        return None
    return "supervisor", "Only a supervisor may; members of the group api.supervisor_group of the settings are."


def _reason_refusal(reason: str) -> Refusal | None:
    if reason.strip() and len(reason) <= REASON_CHARS_MAX:
        return None
    return "reason", f"Say why, in 1 to {REASON_CHARS_MAX} characters: it stays when the content has gone."


def _subject_refusal(subject: str) -> Refusal | None:
    if is_holdable(subject):
        return None
    return "hold.subject", f"A hold is on case/ID, on site/ID, on period/FROM/UNTIL, or on {EVERYTHING}."


def _held_refusal(turn: Turn, fact: PruneRequested) -> Refusal | None:
    """Entries go from the oldest on, so one that is held keeps all behind it, but nothing before it."""
    everything = turn.state.holds.get(EVERYTHING)
    if everything is not None:
        return "hold", f"There is a legal hold on {EVERYTHING}, by {everything.by}: {everything.reason}"
    if fact.held:
        return "hold", (
            f"Entry {fact.held_seq} of it is under the legal hold on {fact.held}; segments that end before it may go."
        )
    return _late_refusal(turn, fact.looked_through, only_periods=False)


def _late_refusal(turn: Turn, looked_through: int, *, only_periods: bool) -> Refusal | None:
    """A hold that was placed after the shell had looked which entries are held."""
    for subject, hold in turn.state.holds.items():
        if hold.seq > looked_through and (not only_periods or period_of(subject) is not None):
            return "hold", f"A legal hold on {subject} was placed meanwhile; ask again."
    return None


def _size_refusal(fact: ErasureRequested) -> Refusal | None:
    if len(fact.seqs) > ERASED_AT_ONCE_MAX:
        return "erase.many", f"At most {ERASED_AT_ONCE_MAX} entries at once."
    return None


def _hold_refusal(turn: Turn, fact: ErasureRequested) -> Refusal | None:
    if not fact.seqs and not fact.cases:
        return None
    for subject in (EVERYTHING, *fact.subjects):
        held = turn.state.holds.get(subject)
        if held is not None:
            return "hold", f"{subject} is under a legal hold by {held.by}: {held.reason}"
    # What an entry is about stands in the request; when it was recorded does not.
    return _late_refusal(turn, fact.looked_through, only_periods=True)


def _open_refusal(turn: Turn, fact: ErasureRequested) -> Refusal | None:
    for case_id in fact.cases:
        case = turn.state.cases.get(case_id)
        if case is not None and case.is_open:
            return "erase.open", f"{case_id} is open; close it first."
        if case is not None:
            return "erase.recent", f"{case_id} was closed less than a day ago and is still shown; ask again tomorrow."
    return None
