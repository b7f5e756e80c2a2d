"""Which entries of the journal are an output's: filters, tests, strangers, what was erased, and the hours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from arcd.core.effects import Answer
from arcd.core.facts import Actor, AnyFact, FrameReceived, SignalPromoted
from arcd.core.record import Judged, Judgement, StepRecord
from arcd.core.site import Site
from arcd.forwarding.feed import Feed, Outgoing, Wanted
from arcd.store import Entry
from protocols.codec import Kind, Origin, Problem, Received, Speaker
from protocols.sia import signal
from protocols.signals import Category

SITE = Site(id="K-1", name="Kauppa", groups=("night",))


class Pages:
    """A journal of so many entries, and then silence."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = entries

    async def follow(self, after: int) -> AsyncIterator[Entry]:
        for entry in self.entries:
            if entry.seq > after:
                yield entry

    async def entry(self, seq: int) -> AsyncIterator[Entry]:
        for entry in self.entries:
            if entry.seq == seq:
                yield entry


def entry(seq: int, fact: AnyFact, *judged: Judged, subject: str = "site/K-1", granted: bool = True) -> Entry:
    judgements = tuple(Judgement(index=index, judged=each) for index, each in enumerate(judged))
    record = StepRecord(fact=fact, judgements=judgements, effects=(Answer(granted=granted),))
    return Entry(
        seq=seq, at=seq, kind=str(fact.__struct_config__.tag), subject=subject, commitment=b"", previous_hash=b"",
        hash=b"", salt=b"", payload=msgspec.json.encode(record), refs=None,
    )  # fmt: skip


def frame(*codes: str, **but: object) -> FrameReceived:
    received = Received(
        protocol="dc09", kind=Kind.SIGNALS, token="SIA-DCS", origin=Origin(account="1001"),
        session_account="1001", signals=tuple(signal(code, zone="1") for code in codes),
    )  # fmt: skip
    received = msgspec.structs.replace(received, **but)
    return FrameReceived(at=0, trace="t", gateway="g", peer="p", received=received)


def read(*entries: Entry, wanted: Wanted | None = None, on_from: int = 0) -> tuple[list[Outgoing], int, int]:
    """What goes out, the last entry read, and how many were lost."""

    async def main() -> tuple[list[Outgoing], int, int]:
        feed = Feed(Pages(*entries), wanted or Wanted(), is_on=lambda at: at >= on_from, site={"K-1": SITE}.get)
        reads = [each async for each in feed.read(0)]
        return [out for each in reads for out in each.outgoing], reads[-1].seq, sum(each.lost for each in reads)

    return asyncio.run(main())


def codes(*entries: Entry, wanted: Wanted | None = None, on_from: int = 0) -> list[str]:
    return [outgoing.signal.code for outgoing in read(*entries, wanted=wanted, on_from=on_from)[0]]


def test_signals_in_their_order_and_repetitions_left_out() -> None:
    story = (
        entry(1, frame("BA", "FA"), Judged.OPENED, Judged.JOINED),
        entry(2, frame("BA"), Judged.DUPLICATE),
        entry(3, frame("TA", "BR"), Judged.COPY, Judged.RESTORED),
        entry(4, frame("PA", problem=Problem.WRONG_KEY), Judged.REFUSED),
        entry(5, frame(kind=Kind.LINK_TEST)),
        entry(6, frame("YK", speaker=Speaker.RECEIVER), Judged.OPENED),
        entry(7, frame("OP"), Judged.LOGGED),
    )
    found, last, lost = read(*story)
    assert [(out.seq, out.index, out.signal.code) for out in found] == [
        (1, 0, "BA"), (1, 1, "FA"), (3, 1, "BR"), (7, 0, "OP"),
    ]  # fmt: skip
    assert (last, lost) == (7, 0)


def test_words_that_come_after_a_signal_are_news_to_whoever_can_say_them() -> None:
    story = (
        entry(1, frame("BA"), Judged.OPENED),
        entry(2, frame("BA", continues="f1"), Judged.COPY),
        entry(3, frame("BA", continues="f1"), Judged.DUPLICATE),
    )
    assert [out.seq for out in read(*story)[0]] == [1, 2]
    assert [out.seq for out in read(*story, wanted=Wanted(words=False))[0]] == [1]


def test_what_was_erased_or_given_up_is_counted() -> None:
    erased = msgspec.structs.replace(entry(5, frame("BA"), Judged.OPENED), payload=None)
    found, last, lost = read(erased, entry(6, frame("FA"), Judged.OPENED))
    assert ([out.signal.code for out in found], last, lost) == (["FA"], 6, 5), "four entries were pruned, one erased"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["BA", "FA"]),
        (Wanted(categories=frozenset({Category.FIRE})), ["FA"]),
        (Wanted(sites=frozenset({"K-1"})), ["BA", "FA"]),
        (Wanted(sites=frozenset({"K-2"})), []),
        (Wanted(groups=frozenset({"night"})), ["BA", "FA"]),
        (Wanted(groups=frozenset({"day"})), []),
        (Wanted(sites=frozenset({"K-1"}), groups=frozenset({"day"})), ["BA", "FA"]),
        (Wanted(strangers=True), ["BA", "FA", "PA"]),
    ],
)
def test_filters(wanted: Wanted, expected: list[str]) -> None:
    story = (
        entry(1, frame("BA", "FA"), Judged.OPENED, Judged.OPENED),
        entry(2, frame("PA"), Judged.OPENED, subject="case/C2"),
    )
    assert codes(*story, wanted=wanted) == expected


def test_what_is_on_test_goes_or_goes_when_it_is_made_live() -> None:
    promoted = SignalPromoted(at=0, site_id="K-1", signal_seq=1, index=1, reason="r", actor=Actor(id="os:kim"))
    story = (
        entry(1, frame("BA", "FA"), Judged.OPENED, Judged.HELD),
        entry(2, promoted, granted=False),
        entry(3, promoted),
    )
    assert codes(*story) == ["BA", "FA"], "as it comes, and not a second time"
    unheld = Wanted(held=False)
    found, _, _ = read(*story, wanted=unheld)
    assert [(out.seq, out.signal.code) for out in found] == [(1, "BA"), (3, "FA")]


def test_a_backlog_is_judged_by_the_hours_in_which_it_came() -> None:
    story = [entry(seq, frame("BA"), Judged.OPENED) for seq in range(1, 6)]
    assert [out.seq for out in read(*story, on_from=4)[0]] == [4, 5]
