"""Routes of the journal's proof: checkpoints and keys, legal holds, erasure, seals, and how a verification went.

One rule: who may, and what stands in the way, is the core's to say; here a request becomes a fact and its answer a
sentence. What was found outside the daemon (`arcctl journal verify`) is taken as told, with who told it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from arcd.api.answers import (
    ASK_ERRORS,
    READ_ERRORS,
    ApiError,
    Body,
    Granted,
    NotFoundError,
    UnusableError,
    View,
    granted_or_raise,
)
from arcd.api.asking import ID_CHARS_MAX, Asker, TheDesk
from arcd.api.instants import parse_instant, rfc3339
from arcd.api.site_brief import CENTRE_TIMEZONE
from arcd.auditing.erasing import Erased
from arcd.core.audit.holding import EVERYTHING, PERIOD
from arcd.core.audit.keeping import REASON_CHARS_MAX
from arcd.core.facts import HoldRequested, JournalVerified, SensitiveRead
from arcd.store.verify import FINDINGS_MAX

FINDING_CHARS_MAX = 1_000
PLACE_CHARS_MAX = 1_000
HASH_CHARS = 64

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]
Subject = Annotated[str, Field(min_length=1, max_length=ID_CHARS_MAX + 8, pattern="^((case|site|period)/.+|centre)$")]


class NoteView(View):
    """A signed checkpoint (C2SP). `at` is told by the daemon and not signed."""

    size: int
    at: str
    note: str


class KeyView(View):
    verifier: str
    since_seq: int
    note: str


class Keys(View):
    keys: list[KeyView]
    signing: str | None


class HoldView(View):
    subject: str
    placed_at: str
    by: str
    reason: str


class SealView(View):
    through: int
    hash: str
    sealed_at: str


class Holds(View):
    holds: list[HoldView]


class Seals(View):
    seals: list[SealView]
    pruned_through: int


class HoldOrder(Body):
    action: Literal["place", "lift"]
    subject: Subject
    reason: Reason


class ErasureOrder(Body):
    """One of `subject`, `entry` and `expired`."""

    subject: Annotated[str, Field(pattern="^(case|site)/.+$", max_length=ID_CHARS_MAX + 8)] | None = None
    entry: Annotated[int, Field(ge=1)] | None = None
    expired: bool = False
    reason: Annotated[str, Field(max_length=REASON_CHARS_MAX)] = ""
    dry_run: bool = False


class Because(Body):
    reason: Reason


class PruneOrder(Body):
    through: Annotated[int, Field(ge=1)]
    reason: Reason


class Told(Body):
    """How a verification went, told by who did it."""

    head_seq: Annotated[int, Field(ge=0)]
    head_hash: Annotated[str, Field(min_length=HASH_CHARS, max_length=HASH_CHARS)]
    entries: Annotated[int, Field(ge=0)]
    signed_seq: Annotated[int, Field(ge=0)] = 0
    findings: Annotated[
        tuple[Annotated[str, Field(max_length=FINDING_CHARS_MAX)], ...], Field(max_length=FINDINGS_MAX + 1)
    ] = ()


class Copied(Body):
    """A copy of the whole journal, told by who made it."""

    place: Annotated[str, Field(min_length=1, max_length=PLACE_CHARS_MAX)]
    head_hash: Annotated[str, Field(min_length=HASH_CHARS, max_length=HASH_CHARS)]
    why: Annotated[str, Field(max_length=REASON_CHARS_MAX)] = ""


class ErasedView(View):
    granted: Literal[True] = True
    message: str
    entries: int
    held: int
    dry_run: bool


class SealedView(View):
    granted: Literal[True] = True
    message: str
    through: int
    note: str


@router.post("/checkpoint", summary="Sign where the journal stands now", responses=ASK_ERRORS)
async def sign(desk: TheDesk) -> NoteView:
    note = await desk.audit.checkpoints.sign()
    if note is None:
        message = "This daemon signs nothing: set audit.origin and audit.key in its settings."
        raise ApiError(HTTPStatus.CONFLICT, "audit.key", message)
    return NoteView(size=note.size, at=rfc3339(note.at), note=note.text)


@router.get("/checkpoints", summary="Signed checkpoints by size", responses=READ_ERRORS)
async def checkpoints(desk: TheDesk, after: Annotated[int, Query(ge=0)] = 0) -> list[NoteView]:
    return [
        NoteView(size=note.size, at=rfc3339(note.at), note=note.text)
        for note in await desk.store.notes(after_size=after)
    ]


@router.get(
    "/keys",
    summary="The keys that have signed, oldest first",
    responses=READ_ERRORS,
)
async def keys(desk: TheDesk) -> Keys:
    audit = desk.state.audit.get("audit")
    signing = desk.audit.checkpoints.key
    return Keys(
        keys=[KeyView(verifier=key.verifier, since_seq=key.since_seq, note=key.note) for key in audit.keys]
        if audit is not None
        else [],
        signing=None if signing is None else str(signing.verifier),
    )


@router.get("/holds", summary="Legal holds in force", responses=READ_ERRORS)
async def holds(desk: TheDesk) -> Holds:
    return Holds(
        holds=[
            HoldView(subject=subject, placed_at=rfc3339(hold.placed_at), by=hold.by, reason=hold.reason)
            for subject, hold in sorted(desk.state.holds.items())
        ]
    )


@router.post("/holds", summary="Place or lift a legal hold", responses=ASK_ERRORS)
async def hold(desk: TheDesk, actor: Asker, order: HoldOrder) -> Granted:
    subject = _period(order.subject) if order.subject.startswith(f"{PERIOD}/") else order.subject
    if order.action == "place":
        await _known(desk, subject)
    fact = HoldRequested(at=desk.now(), action=order.action, subject=subject, actor=actor, reason=order.reason.strip())
    return granted_or_raise(await desk.ask(fact))


@router.post("/erase", summary="Erase the content of entries; they stay, and verify", responses=ASK_ERRORS)
async def erase(desk: TheDesk, actor: Asker, order: ErasureOrder) -> ErasedView:
    if [order.subject is not None, order.entry is not None, order.expired].count(True) != 1:
        raise UnusableError("Name one of subject, entry and expired.")
    eraser = desk.audit.eraser
    if order.subject is not None:
        await _known(desk, order.subject)
        done = await eraser.erase(order.subject, actor, order.reason, dry_run=order.dry_run)
    elif order.entry is not None:
        done = await eraser.erase_entry(order.entry, actor, order.reason, dry_run=order.dry_run)
    else:
        done = await eraser.retain(actor, order.reason or "asked for by hand", dry_run=order.dry_run)
    return _erased(done, order.dry_run)


@router.get("/seals", summary="Sealed segments that have not been given up", responses=READ_ERRORS)
async def seals(desk: TheDesk) -> Seals:
    audit = desk.state.audit.get("audit")
    return Seals(
        seals=[
            SealView(through=seal.through, hash=seal.hash, sealed_at=rfc3339(seal.sealed_at)) for seal in audit.seals
        ]
        if audit is not None
        else [],
        pruned_through=0 if audit is None else audit.pruned_through,
    )


@router.post("/seal", summary="End a segment of the journal here, with a signed checkpoint", responses=ASK_ERRORS)
async def seal(desk: TheDesk, actor: Asker, order: Because) -> SealedView:
    answer, note = await desk.audit.seal(actor, order.reason.strip())
    granted_or_raise(answer)
    assert note is not None, "a seal is granted with its checkpoint"
    return SealedView(message=answer.message, through=note.size, note=note.text)


@router.post("/prune", summary="Give up the entries of a sealed segment, whole", responses=ASK_ERRORS)
async def prune(desk: TheDesk, actor: Asker, order: PruneOrder) -> Granted:
    return granted_or_raise(await desk.audit.eraser.prune(order.through, actor, order.reason.strip()))


@router.post("/verified", summary="Tell how a verification of the journal went", responses=ASK_ERRORS)
async def verified(desk: TheDesk, actor: Asker, told: Told) -> Granted:
    return granted_or_raise(
        await desk.ask(
            JournalVerified(
                at=desk.now(),
                actor=actor,
                head_seq=told.head_seq,
                head_hash=told.head_hash,
                entries=told.entries,
                signed_seq=told.signed_seq,
                findings=told.findings,
            )
        )
    )


@router.post("/copied", summary="Tell that the whole journal was copied", responses=ASK_ERRORS)
async def copied(desk: TheDesk, actor: Asker, told: Copied) -> Granted:
    fact = SensitiveRead(
        at=desk.now(),
        what="backup",
        subject=EVERYTHING,
        actor=actor,
        reason=told.why.strip(),
        recipient=told.place,
        digest=told.head_hash,
    )
    return granted_or_raise(await desk.ask(fact))


def _erased(done: Erased, dry_run: bool) -> ErasedView:
    granted_or_raise(done.answer)
    what = "entry" if done.entries == 1 else "entries"
    verb = "would lose" if dry_run else "lost" if done.entries else "had to lose"
    message = f"{done.entries} {what} {verb} their content."
    if done.held:
        message += f" {done.held} are held, or their case is open."
    return ErasedView(message=message, entries=done.entries, held=done.held, dry_run=dry_run)


def _period(subject: str) -> str:
    """As it is written down: both instants in UTC. Local ones are the centre's wall clock."""
    since, _, until = subject.removeprefix(f"{PERIOD}/").partition("/")
    try:
        first, end = parse_instant(since, CENTRE_TIMEZONE), parse_instant(until, CENTRE_TIMEZONE)
    except ValueError as error:
        raise UnusableError(f"subject: period/FROM/UNTIL: {error}.") from None
    if first >= end:
        raise UnusableError("subject: period/FROM/UNTIL: it ends before it begins.")
    return f"{PERIOD}/{rfc3339(first)}/{rfc3339(end)}"


async def _known(desk: TheDesk, subject: str) -> None:
    kind, _, name = subject.partition("/")
    if kind == "case" and name not in desk.state.cases and await desk.store.case(name) is None:
        raise NotFoundError("There is no such case; `arcctl cases --all` lists them.")
    if kind == "site" and name not in desk.state.sites:
        async for _ in desk.store.entries(subject=subject):
            return  # a site that was removed is still in the journal
        raise NotFoundError("There is no such site, and there never was one.")
