"""The journal as one output sees it: every signal that is for it, in the order in which they were committed.

One rule: what was said before is no news. Retransmissions, copies over a second path and frames that were not genuine
are passed over (the words that come after a signal are news to whoever can say them); so is what has been erased, which
is counted. Whether a signal is an output's is decided by its own instant: see `arcd.core.forwarding`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

import msgspec
from msgspec import Struct

from arcd.core.effects import Answer
from arcd.core.facts import FrameReceived, SignalPromoted
from arcd.core.record import Judged, StepRecord
from arcd.core.site import Site
from arcd.store import Entry
from protocols.codec import Kind, Origin, Speaker
from protocols.signals import Category, Scheme, Signal

NOT_NEWS = frozenset({Judged.DUPLICATE, Judged.COPY, Judged.REFUSED})
KINDS = frozenset({"frame_received", "signal_promoted"})

_RECORDS = msgspec.json.Decoder(StepRecord)


class Outgoing(Struct, frozen=True, kw_only=True):
    """A signal on its way out. `seq` and `index` name it in the journal; `at` is when we were told of it."""

    seq: int
    index: int
    at: int
    origin: Origin
    signal: Signal


class Read(Struct, frozen=True, kw_only=True):
    """One entry has been read. `lost`: entries at and before it whose content is gone."""

    seq: int
    outgoing: tuple[Outgoing, ...] = ()
    lost: int = 0


class Wanted(Struct, frozen=True, kw_only=True):
    """Which signals are an output's. An empty set is no restriction."""

    sites: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    categories: frozenset[Category] = frozenset()
    held: bool = True  # also what is on test or out of service here
    strangers: bool = False  # also of accounts that are in no site
    words: bool = True  # also a signal's text that came after it; False for what can say none


class Journal(Protocol):
    """What a feed needs of the runtime."""

    def follow(self, after: int) -> AsyncIterator[Entry]: ...

    def entry(self, seq: int) -> AsyncIterator[Entry]:
        """That entry, or none."""
        ...


class Feed:
    """`is_on`: whether the output is wanted at an instant. `site`: a site of today by its id."""

    def __init__(
        self, journal: Journal, wanted: Wanted, *, is_on: Callable[[int], bool], site: Callable[[str], Site | None]
    ) -> None:
        self._journal = journal
        self._wanted = wanted
        self._is_on = is_on
        self._site = site

    async def read(self, after: int) -> AsyncIterator[Read]:
        """Every entry after `after`, and then each new one as it is committed."""
        async for entry in self._journal.follow(after):
            lost = entry.seq - after - 1  # given up, whole
            after = entry.seq
            if entry.kind not in KINDS:
                yield Read(seq=entry.seq, lost=lost)
            elif entry.payload is None:
                yield Read(seq=entry.seq, lost=lost + 1)
            else:
                record = _RECORDS.decode(entry.payload)
                yield Read(seq=entry.seq, lost=lost, outgoing=tuple([each async for each in self._of(entry, record)]))

    async def _of(self, entry: Entry, record: StepRecord) -> AsyncIterator[Outgoing]:
        fact = record.fact
        if isinstance(fact, FrameReceived):
            for outgoing in self._of_frame(entry, fact, record):
                yield outgoing
        elif isinstance(fact, SignalPromoted) and not self._wanted.held and _is_granted(record):
            async for earlier in self._journal.entry(fact.signal_seq):
                if earlier.payload is None:
                    return
                came = _RECORDS.decode(earlier.payload)
                if isinstance(came.fact, FrameReceived) and fact.index < len(came.fact.received.signals):
                    signal = came.fact.received.signals[fact.index]
                    if self._is_for_us(earlier, signal) and self._is_on(entry.at):
                        yield Outgoing(
                            seq=entry.seq, index=0, at=earlier.at, origin=came.fact.received.origin, signal=signal
                        )

    def _of_frame(self, entry: Entry, fact: FrameReceived, record: StepRecord) -> Iterator[Outgoing]:
        received = fact.received
        if received.kind is Kind.LINK_TEST or received.speaker is Speaker.RECEIVER or received.problem is not None:
            return
        if not self._is_on(entry.at):
            return
        judged = {judgement.index: judgement.judged for judgement in record.judgements if not judgement.seq}
        for index, signal in enumerate(received.signals):
            fate = judged.get(index)
            is_words = bool(received.continues) and fate is Judged.COPY and self._wanted.words
            if (fate in NOT_NEWS and not is_words) or (fate is Judged.HELD and not self._wanted.held):
                continue
            if signal.scheme is not Scheme.ARCD and self._is_for_us(entry, signal):
                yield Outgoing(seq=entry.seq, index=index, at=entry.at, origin=received.origin, signal=signal)

    def _is_for_us(self, entry: Entry, signal: Signal) -> bool:
        wanted = self._wanted
        if wanted.categories and signal.category not in wanted.categories:
            return False
        kind, _, site_id = entry.subject.partition("/")
        if kind != "site":
            return wanted.strangers
        if not wanted.sites and not wanted.groups:
            return True
        site = self._site(site_id)
        return site_id in wanted.sites or (site is not None and not wanted.groups.isdisjoint(site.groups))


def _is_granted(record: StepRecord) -> bool:
    return any(isinstance(effect, Answer) and effect.granted for effect in record.effects)
