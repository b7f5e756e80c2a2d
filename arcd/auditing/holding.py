"""Which entries, and which pictures, the legal holds in force are on.

One rule: it is found anew each time it is asked for, and what was looked at is said (`looked_through`), so that the
core can refuse what was found before a hold came.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from msgspec import Struct

from arcd.core.audit.holding import EVERYTHING, period_of
from arcd.core.state import State
from arcd.media import places_in
from arcd.store import CaseQuery, Entry, Store
from arcd.store.precondition import CASES_MAX
from arcd.store.seeking import seq_before

# A clock that was set back leaves instants out of order: so far around a period its entries are looked for.
_CLOCK_SLACK_NS: Final = 3_600 * 1_000_000_000


class Held(Struct, frozen=True):
    looked_through: int  # the newest entry when it was looked for
    by_seq: Mapping[int, str]  # entry → the hold that is on it
    periods: tuple[tuple[int, int, str], ...]
    is_everything: bool

    def on(self, entry: Entry) -> str | None:
        """The hold on an entry, by whatever it is about."""
        if self.is_everything:
            return EVERYTHING
        found = self.by_seq.get(entry.seq)
        if found is not None:
            return found
        return next((hold for first, end, hold in self.periods if first <= entry.at < end), None)


async def find_held(store: Store, state: State, *, include_open: bool) -> Held:
    """With the entries of open cases, if wanted: "open" is on them."""
    looked_through = (await store.head()).seq
    holds = list(state.holds)
    subjects = {subject: subject for subject in holds if subject != EVERYTHING and period_of(subject) is None}
    for subject in list(subjects):
        kind, _, name = subject.partition("/")
        if kind == "site":
            query = CaseQuery(open_only=False, site_id=name, limit=CASES_MAX)
            subjects |= {f"case/{row.case_id}": subject for row in await store.cases(query)}
    if include_open:
        subjects |= {f"case/{case.id}": "open" for case in state.cases.values() if case.is_open}
    by_seq = {}
    for subject, hold in subjects.items():
        async for entry in store.entries(subject=subject):
            by_seq[entry.seq] = hold
    periods = tuple((*period, hold) for hold in holds if (period := period_of(hold)) is not None)
    return Held(looked_through, by_seq, periods, EVERYTHING in holds)


async def held_pictures(store: Store, state: State) -> frozenset[str] | None:
    """Places in the media directory of the pictures that held entries name; None: everything is held."""
    if not len(state.holds):
        return frozenset()
    held = await find_held(store, state, include_open=False)
    if held.is_everything:
        return None
    places: set[str] = set()
    async for entry in _entries_of(store, held):
        if entry.payload is not None:
            places.update(places_in(entry.payload))
    return frozenset(places)


async def _entries_of(store: Store, held: Held) -> AsyncIterator[Entry]:
    for seq in sorted(held.by_seq):
        async for entry in store.entries(after=seq - 1, until=seq):
            yield entry
    for first, end, _ in held.periods:
        after = await seq_before(store, first - _CLOCK_SLACK_NS)
        async for entry in store.entries(after=after):
            if entry.at >= end + _CLOCK_SLACK_NS:
                break
            if first <= entry.at < end:
                yield entry
