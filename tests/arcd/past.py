"""Small journals for tests of what is told from them: the real machine, real frames, entries as a store gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import msgspec

from arcd.core.facts import Actor, AnyFact, CentreImported, DeadlineReached, RulesLoaded, SiteImported, Started
from arcd.core.site import Site
from arcd.core.station import Station, compiled
from arcd.store import Batch, Entry, Record
from arcd.store.memory import MemoryStore
from rules.engine import RuleSet, digest_of
from tests.playbook import START
from tests.sites import a_centre, a_site

NS = 1_000_000_000
ACTOR = Actor(id="os:matti", name="Matti")


@cache
def _ruleset(sources: tuple[tuple[str, str], ...]) -> RuleSet:
    return compiled(dict(sources))


def ruleset(sources: Mapping[str, str]) -> RuleSet:
    """Compiled once for all tests."""
    return _ruleset(tuple(sorted(sources.items())))


class Past:
    """What happened, told in order; time passes by `later`, with every deadline on the way."""

    def __init__(self, sources: Mapping[str, str], *, sites: tuple[Site, ...] | None = None) -> None:
        self.station = Station()
        self.records: list[Record] = []
        self.now = START
        self.rules(sources)
        self.happens(lambda now: Started(at=now, version="test"))
        self.happens(lambda now: CentreImported(at=now, centre=a_centre(), actor=ACTOR))
        for site in (a_site(),) if sites is None else sites:
            self.happens(lambda now, site=site: SiteImported(at=now, site=site, actor=ACTOR))  # type: ignore[misc]

    def rules(self, sources: Mapping[str, str]) -> None:
        self.station.expect(ruleset(sources))
        self.happens(lambda now: RulesLoaded(at=now, digest=digest_of(sources), sources=dict(sources), actor=ACTOR))

    def happens(self, telling: Callable[[int], AnyFact]) -> Record:
        fact = telling(self.now)
        seq = len(self.records) + 1
        stepped = self.station.step(fact, seq)
        record = Record(
            seq=seq,
            at=fact.at,
            kind=str(fact.__struct_config__.tag),
            subject=stepped.subject,
            payload=msgspec.json.encode(stepped.record),
            refs=stepped.refs,
        )
        self.records.append(record)
        return record

    def later(self, seconds: float) -> None:
        until = self.now + round(seconds * NS)
        while (due := self.station.next_deadline()) is not None and due[0] <= until:
            self.now = max(self.now, due[0])
            self.happens(lambda now, due=due: DeadlineReached(at=now, key=due[1], due=due[0]))  # type: ignore[misc]
        self.now = until

    def entries(self) -> list[Entry]:
        nothing = bytes(32)
        return [
            Entry(
                seq=record.seq,
                at=record.at,
                kind=record.kind,
                subject=record.subject,
                commitment=nothing,
                previous_hash=nothing,
                hash=nothing,
                salt=nothing,
                payload=record.payload,
                refs=None,
            )
            for record in self.records
        ]

    async def store(self) -> MemoryStore:
        store = MemoryStore(urandom=bytes)
        await store.open()
        await store.commit(Batch(records=self.records))
        return store
