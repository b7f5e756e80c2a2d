"""One shift, played once: what it left is compared line by line, and told again in every way there is."""

from __future__ import annotations

import difflib

import msgspec
import pytest

from arcd.core.effects import DurableEffect
from arcd.core.facts import FrameReceived
from arcd.core.record import StepRecord
from arcd.core.station import Station
from arcd.replaying import Replay
from arcd.store import Entry
from arcd.store.chain import GENESIS_HASH, commitment, encode_entry, entry_hash
from protocols.codec import ReplyKind
from tests.arcd.core.conftest import _rules_compiled_once  # noqa: F401 – a fixture, for the whole module
from tests.arcd.core.invariants import Outbox, check_state, check_step, same_state
from tests.shift.centre import HERE
from tests.shift.playing import Played, play

SIGNALS_MIN = 300
RESTARTS = 4


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(tmp_path_factory.mktemp("sites"))


@pytest.fixture(scope="module")
def records(played: Played) -> list[tuple[int, StepRecord]]:
    decode = msgspec.json.Decoder(StepRecord).decode
    return [(entry.seq, decode(_payload(entry))) for entry in played.entries]


def _payload(entry: Entry) -> bytes:
    assert entry.payload is not None
    return entry.payload


def test_the_list_of_cases_is_the_one_that_was_expected(played: Played) -> None:
    expected = (HERE / "cases.txt").read_text("utf-8")
    compared = difflib.unified_diff(
        expected.splitlines(), played.table.splitlines(), "cases.txt", "played", lineterm=""
    )
    assert played.table == expected, "\n".join(["the shift went otherwise (see tests/shift/__init__.py)", *compared])


def test_every_frame_was_answered_and_every_signal_judged(
    played: Played, records: list[tuple[int, StepRecord]]
) -> None:
    frames = [record for _, record in records if isinstance(record.fact, FrameReceived)]
    signals = sum(len(record.fact.received.signals) for record in frames if isinstance(record.fact, FrameReceived))
    assert signals == played.script.signals >= SIGNALS_MIN
    assert all(judgement.because for record in frames for judgement in record.judgements)
    answered = sum(played.centre.replies.values()) - played.centre.replies[ReplyKind.NONE.value]
    assert answered == len(frames) + played.centre.observer.link_tests


def test_what_was_asked_of_the_world_was_done_once(played: Played, records: list[tuple[int, StepRecord]]) -> None:
    asked = [effect.id for _, record in records for effect in record.effects if isinstance(effect, DurableEffect)]
    done = [effect.id for channel in (played.centre.mail, played.centre.webhook) for effect in channel.attempts]
    assert len(set(asked)) == len(asked)
    assert sorted(done) == sorted(asked), "what was asked for and what left are not the same"
    assert not played.centre.runtime.station.state.pending


def test_the_journal_tells_the_same_shift_again(played: Played, records: list[tuple[int, StepRecord]]) -> None:
    """From the start, and from a restart at several times of the night, with every invariant held at every step."""
    again, outbox = Station(), Outbox()
    restarted: list[Station] = []
    every = len(records) // (RESTARTS + 1)
    for number, (seq, record) in enumerate(records, start=1):
        stepped = again.step(record.fact, seq)
        assert stepped.record == record, f"entry {seq} is told differently the second time"
        for station in restarted:
            assert station.step(record.fact, seq) == stepped, f"entry {seq} after a restart"
        outbox.follow(stepped)
        check_step(stepped)
        check_state(again, outbox)
        if number % every == 0 and len(restarted) < RESTARTS:
            restarted.append(Station())
            tables = again.state.dump()
            restarted[-1].restore((name, key, body) for name, rows in tables.items() for key, body in rows.items())
    for station in (again, *restarted):
        same_state(played.centre.runtime.station.state, station.state)
        assert station.next_deadline() == played.centre.runtime.station.next_deadline()


def test_the_chain_holds_from_the_first_entry_to_the_last(played: Played) -> None:
    previous = GENESIS_HASH
    for number, entry in enumerate(played.entries, start=1):
        assert entry.seq == number
        assert entry.salt is not None
        assert entry.commitment == commitment(entry.salt, _payload(entry))
        encoded = encode_entry(
            seq=entry.seq, at=entry.at, kind=entry.kind, subject=entry.subject, commitment=entry.commitment,
            previous_hash=previous, refs=entry.refs,
        )  # fmt: skip
        assert entry.previous_hash == previous
        assert entry.hash == entry_hash(encoded)
        previous = entry.hash


def test_under_the_same_rules_every_decision_is_the_same(played: Played) -> None:
    told = Replay(played.centre.runtime.station.rules)
    for entry in played.entries:
        told.take(entry)
    report = told.report()
    assert report.decisions > SIGNALS_MIN // 2
    assert (report.differ, report.worse, report.otherwise, report.untold, report.erased) == (0, 0, 0, 0, 0)
    assert (report.changes, report.plans, report.unusable) == ((), {}, ())


def test_the_list_of_the_store_is_the_machines_own(played: Played) -> None:
    """Cases that the machine has forgotten since are on the list as they were closed."""
    state = played.centre.runtime.station.state
    listed = {case.id: case for case in played.cases}
    assert {case.id: case for case in state.cases.values()}.items() <= listed.items()
    assert all(not listed[case_id].is_open for case_id in listed.keys() - set(state.cases))
