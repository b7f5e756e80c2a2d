"""Finds the entries that are to lose their content, or to be given up, and asks the core.

One rule: it only looks and asks. Each request is small (`ERASED_AT_ONCE_MAX`) and waits for its answer before the next
one, so that signals pass between them; what it may not touch is left out here and refused there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from arcd.auditing.holding import Held, find_held, held_pictures
from arcd.clock import Clock
from arcd.core.audit.holding import EVERYTHING
from arcd.core.audit.keeping import ERASED_AT_ONCE_MAX
from arcd.core.audit.retention import RetentionClass, class_of, kinds_of
from arcd.core.effects import Answer
from arcd.core.facts import DAEMON, Actor, AnyFact, ErasureRequested, PruneRequested
from arcd.core.state import State
from arcd.store import Entry, Store

NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * NS
SWEPT_AT_ONCE: Final = 1_000  # entries
RETENTION_REASON: Final = "the retention time is over"

Ask = Callable[[AnyFact], Awaitable[Answer]]

_refs = msgspec.json.Decoder(list[str])


class Erased(Struct, frozen=True, kw_only=True):
    """`answer` is the refusal, or the last grant; `entries` lost their content, or would have on a dry run."""

    answer: Answer
    entries: int
    held: int = 0  # passed over for a legal hold, or because their case is open


class Eraser:
    def __init__(
        self, *, store: Store, state: State, ask: Ask, clock: Clock, days: Mapping[RetentionClass, int]
    ) -> None:
        self._store = store
        self._state = state
        self._ask = ask
        self._clock = clock
        self._days = days
        self._lock = asyncio.Lock()  # one request is under way at a time: a commit holds one portion

    # ----------------------------------------------------------------------------------------------- asked for by name

    async def erase(self, subject: str, actor: Actor, reason: str, *, dry_run: bool = False) -> Erased:
        """Everything that stands in the journal about a closed case, or about a site ("case/C12", "site/K-1")."""
        kind, _, name = subject.partition("/")
        cases = (name,) if kind == "case" else ()
        about = {subject}
        if kind == "case":
            row = await self._store.case(name)
            if row is not None and row.site_id:
                about.add(f"site/{row.site_id}")
        found = [entry async for entry in self._with_content(subject)]
        return await self._request(subject, found, about, actor, reason, cases=cases, dry_run=dry_run)

    async def erase_entry(self, seq: int, actor: Actor, reason: str, *, dry_run: bool = False) -> Erased:
        found = [
            entry
            async for entry in self._store.entries(after=seq - 1, until=seq)
            if entry.payload is not None and class_of(entry.kind) is not RetentionClass.PERMANENT
        ]
        return await self._request("entry", found, set(), actor, reason, cases=(), dry_run=dry_run)

    async def _with_content(self, subject: str) -> AsyncIterator[Entry]:
        async for entry in self._store.entries(subject=subject):
            if entry.payload is not None and class_of(entry.kind) is not RetentionClass.PERMANENT:
                yield entry

    async def _request(
        self,
        what: str,
        found: list[Entry],
        about: set[str],
        actor: Actor,
        reason: str,
        *,
        cases: tuple[str, ...],
        dry_run: bool,
    ) -> Erased:
        held = await find_held(self._store, self._state, include_open=False)
        done = 0
        answer = Answer(granted=True, subject=what)
        portions = range(0, max(len(found), 1), ERASED_AT_ONCE_MAX)
        if dry_run:
            return Erased(answer=answer, entries=len(found))
        async with self._lock:
            for first in portions:
                portion = found[first : first + ERASED_AT_ONCE_MAX]
                subjects = about | {named for entry in portion for named in _named(entry)}
                subjects |= {hold for entry in portion if (hold := held.on(entry)) is not None}
                answer = await self._ask(
                    ErasureRequested(
                        at=self._clock.now(),
                        what=what,
                        seqs=tuple(entry.seq for entry in portion),
                        actor=actor,
                        reason=reason,
                        subjects=tuple(sorted(subjects)),
                        cases=cases,
                        looked_through=held.looked_through,
                    )
                )
                if not answer.granted:
                    break
                done += len(portion)
            await self._sweep()
        return Erased(answer=answer, entries=done)

    # ------------------------------------------------------------------------------------------------ by retention time

    async def retain(self, actor: Actor = DAEMON, reason: str = RETENTION_REASON, *, dry_run: bool = False) -> Erased:
        """Erase what has been kept as long as its class says."""
        entries = passed = 0
        held = await find_held(self._store, self._state, include_open=True)
        answer = Answer(granted=True, subject="retention")
        for name, days in self._days.items():
            until = self._clock.now() - days * DAY_NS
            over, skipped, through = await self._over(name, until, held)
            passed += skipped
            if dry_run or not over:
                entries += len(over)
                continue
            async with self._lock:
                for first in range(0, len(over), ERASED_AT_ONCE_MAX):
                    portion = over[first : first + ERASED_AT_ONCE_MAX]
                    is_last = first + ERASED_AT_ONCE_MAX >= len(over)
                    answer = await self._ask(
                        ErasureRequested(
                            at=self._clock.now(),
                            what=f"retention/{name}",
                            seqs=tuple(entry.seq for entry in portion),
                            actor=actor,
                            reason=reason,
                            subjects=tuple(sorted({named for entry in portion for named in _named(entry)})),
                            through=through if is_last else 0,
                            looked_through=held.looked_through,
                        )
                    )
                    if not answer.granted:
                        return Erased(answer=answer, entries=entries, held=passed)
                    entries += len(portion)
                await self._sweep()
        return Erased(answer=answer, entries=entries, held=passed)

    async def _over(self, name: RetentionClass, until: int, held: Held) -> tuple[list[Entry], int, int]:
        """Entries of the class whose time is over, how many of them are held, and up to where that was looked at."""
        audit = self._state.audit.get("audit")
        after = audit.retained_through.get(name, 0) if audit is not None else 0
        over: list[Entry] = []
        skipped = through = 0
        for kind in kinds_of(name):
            async for entry in self._store.entries(after=after, kind=kind):
                if entry.at >= until:
                    break
                if name is RetentionClass.CONTRACT and not await self._has_ended(entry, until):
                    continue
                if entry.payload is None:
                    continue
                if held.on(entry) is not None or EVERYTHING in self._state.holds:
                    skipped += 1
                    continue
                over.append(entry)
                through = max(through, entry.seq)
        over.sort(key=lambda entry: entry.seq)
        # Site data are looked at anew each time: what ends them is not their age. So is what a hold has kept.
        return over, skipped, 0 if skipped or name is RetentionClass.CONTRACT else through

    async def _has_ended(self, entry: Entry, until: int) -> bool:
        """Site data are counted from the end of the assignment (Act 1085/2015 section 73)."""
        kind, _, site_id = entry.subject.partition("/")
        if kind != "site" or site_id in self._state.sites:
            return False
        ended_at = None
        async for removal in self._store.entries(subject=entry.subject, kind="site_removed"):
            ended_at = removal.at
        return ended_at is not None and ended_at < until

    async def held_pictures(self) -> frozenset[str] | None:
        """Places in the media directory that holds are on; None: everything is held."""
        return await held_pictures(self._store, self._state)

    # -------------------------------------------------------------------------------------------------------- pruning

    async def prune(self, through: int, actor: Actor, reason: str) -> Answer:
        """Give up the entries of a sealed segment whose content has all been erased."""
        async with self._lock:
            payloads = 0
            held = await find_held(self._store, self._state, include_open=False)
            first_held: tuple[str, int] = "", 0
            async for entry in self._store.entries(until=through):
                hold = held.on(entry)
                if hold is not None and not first_held[0]:
                    first_held = hold, entry.seq
                if entry.payload is not None and class_of(entry.kind) is not RetentionClass.PERMANENT:
                    payloads += 1
            longest = max(self._days.values(), default=0)
            answer = await self._ask(
                PruneRequested(
                    at=self._clock.now(),
                    through=through,
                    actor=actor,
                    reason=reason,
                    payloads=payloads,
                    entries_after=self._clock.now() - longest * DAY_NS,
                    looked_through=held.looked_through,
                    held=first_held[0],
                    held_seq=first_held[1],
                )
            )
            if answer.granted:
                await self._sweep()
            return answer

    async def _sweep(self) -> None:
        """Until nothing is left of what was given up, in portions between which signals are committed."""
        while await self._store.sweep(SWEPT_AT_ONCE):
            pass  # the store's own await lets commits in between


def _named(entry: Entry) -> list[str]:
    return [entry.subject, *(_refs.decode(entry.refs) if entry.refs is not None else ())]
