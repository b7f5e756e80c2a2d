"""A simulator that finds nothing proves nothing: each promise is broken on purpose, and has to be missed.

A planted bug must be found within a few seeds, and by the check that is meant for it. One rule: planted from here;
the daemon has no switch that makes it worse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from arcd.batching import Replied
from arcd.checkpointing import Checkpointer, Snapshot
from arcd.core import clock_steps, intake, station
from arcd.core.account import AccountState
from arcd.core.case import dispatch, joining
from arcd.core.conditioning import pipeline, restores
from arcd.core.deadlines import Deadlines
from arcd.core.effects import Answer, DurableEffect, Reply
from arcd.core.facts import AnyFact, DaemonTroubled, PathsSilent
from arcd.core.flags.model import Flag
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import Pending
from arcd.core.station import Station
from arcd.core.supervision import looking
from arcd.core.supervision.watch import Watch
from arcd.runtime import Runtime
from arcd.store import Batch, Entry, Head, memory
from arcd.store.chain import seal
from arcd.store.memory import MemoryStore
from tests.sim.plots import plots
from tests.sim.running import SimulationError, play
from tests.sim.world import Makings

SEEDS_MAX = 40

Plant = Callable[[pytest.MonkeyPatch], Makings | None]


def hunt(world: str, makings: Makings | None = None, *, seeds: int = SEEDS_MAX) -> str:
    """The first failure in this world, "" when all of them hold."""
    for seed in range(seeds):
        try:
            play(seed, name=world, makings=makings)
        except SimulationError as failure:
            return str(failure.error)
    return ""


# ------------------------------------------------------------------------------------- 1. replies, commits, the store


class AckFirst(Runtime):
    """Answers as soon as it has decided."""

    def _take(self, fact: AnyFact, replied: Replied | None, asked: Any) -> None:
        super()._take(fact, None, asked)
        for effect in self._open[-1].stepped.effects if replied is not None else ():
            if isinstance(effect, Reply) and replied is not None:
                replied(effect)


class AnswerFirst(Runtime):
    """Tells people that it is done before it is on record."""

    def _take(self, fact: AnyFact, replied: Replied | None, asked: Any) -> None:
        super()._take(fact, replied, asked)
        for effect in self._open[-1].stepped.effects if asked is not None else ():
            if isinstance(effect, Answer):
                asked.set_result(effect)


class EffectsFirst(Runtime):
    """Sends at once what it has decided to send."""

    def _take(self, fact: AnyFact, replied: Replied | None, asked: Any) -> None:
        super()._take(fact, replied, asked)
        for effect in self._open[-1].stepped.effects:
            if isinstance(effect, DurableEffect):
                self._enqueue(effect)


class Forgetful(Runtime):
    """Restores its state, and not what was still to be done."""

    async def restore(self) -> int | None:
        last_at = await super().restore()
        for channel in self._channels.values():
            channel._waiting.clear()
        return last_at


def loses_its_outbox(store: MemoryStore) -> MemoryStore:
    survivor = store.crash()
    survivor._outbox.clear()
    return survivor


def loses_the_last_entry(store: MemoryStore) -> MemoryStore:
    """The disk said that it was written."""
    survivor = store.crash()
    if survivor._head.seq > survivor._checkpoint_seq:
        last = survivor._entries.pop()
        survivor._subjects.pop()
        survivor._head = Head(seq=last.seq - 1, hash=last.previous_hash, at=survivor._entries[-1].at)
    return survivor


def ack_first(patch: pytest.MonkeyPatch) -> Makings:
    return Makings(runtime=AckFirst)


def answer_first(patch: pytest.MonkeyPatch) -> Makings:
    return Makings(runtime=AnswerFirst)


def effects_first(patch: pytest.MonkeyPatch) -> Makings:
    return Makings(runtime=EffectsFirst)


def effects_forgotten(patch: pytest.MonkeyPatch) -> Makings:
    return Makings(runtime=Forgetful)


def outbox_lost(patch: pytest.MonkeyPatch) -> Makings:
    return Makings(crashed=loses_its_outbox)


def entry_lost(patch: pytest.MonkeyPatch) -> Makings:
    return Makings(crashed=loses_the_last_entry)


def chain_gap(patch: pytest.MonkeyPatch) -> None:
    def seal_all(batch: Batch, head: Head, urandom: Callable[[int], bytes]) -> list[Entry]:
        return [seal(head.hash, record, urandom(32)) for record in batch.records]

    patch.setattr(memory, "seal_all", seal_all)


def written_as_it_has_become(patch: pytest.MonkeyPatch) -> None:
    def take(self: Checkpointer, seq: int) -> Snapshot:
        tables = {table.name: table for table in self._station.state.tables().values()}
        changed = self._station.take_changed()
        self._seq, self.saved_at = seq, self._clock.now()
        return Snapshot(seq, self.saved_at, ((name, key, tables[name].get(key)) for name, key, _ in changed))

    patch.setattr(Checkpointer, "_take", take)


# -------------------------------------------------------------------------------------------------- 2. time and guards


def _deaf_to(patch: pytest.MonkeyPatch, part: str) -> None:
    really = Deadlines.set

    def set_unless(self: Deadlines, key: str, due: int) -> None:
        if part not in key:
            really(self, key, due)

    patch.setattr(Deadlines, "set", set_unless)


def offer_without_end(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "/offer/")


def retry_forgotten(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "/retry")


def nobody_called(patch: pytest.MonkeyPatch) -> None:
    _deaf_to(patch, "/clock/")


def deadlines_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A restart that does not look what was due."""
    really = Deadlines.rebuild

    def rebuild(self: Deadlines) -> None:
        really(self)
        self._heap.clear()

    patch.setattr(Deadlines, "rebuild", rebuild)


def clock_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(clock_steps, "follow", lambda turn, step: None)


def double_dispatch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dispatch, "_refusal", lambda dispatch, offer, fact: None)
    patch.setattr(dispatch, "_withdraw_others", lambda turn, case, dispatch, winner_id: case)


def offers_to_all(patch: pytest.MonkeyPatch) -> None:
    """Whoever is slow is not told that the job is gone, and may still take it."""
    really = dispatch._refusal

    def refusal(job: Any, offer: Any, fact: Any) -> Any:
        refused = really(job, offer, fact)
        return None if refused is not None and refused[0] == "offer.taken" else refused

    patch.setattr(dispatch, "_refusal", refusal)


def not_called_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dispatch, "_tell_withdrawn", lambda turn, case, offer, guard: None)


# ---------------------------------------------------------------------------------------------------------- 3. signals


def muted_holdup(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Flag, "covers", lambda self, system_id, signal: True)


def second_case(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AccountState, "find_recent", lambda self, fingerprint: None)


def no_folding(patch: pytest.MonkeyPatch) -> None:
    """Every path opens a case of its own."""
    patch.setattr(joining, "_open_case", lambda turn, fold_key: None)


def restore_closes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(restores, "_settles", lambda turn, arrival, case, ended: True)


def forgotten_in_the_end(patch: pytest.MonkeyPatch) -> None:
    """A signal that waits is forgotten when its time comes."""
    patch.setattr(pipeline, "_decide_pending", lambda turn, entry, waited, evidence: _logged(waited))


def _logged(waited: Pending) -> Judgement:
    return Judgement(index=waited.index, seq=waited.seq, judged=Judged.LOGGED, because="forgotten")


def unjudged(patch: pytest.MonkeyPatch) -> None:
    """Acknowledged, and nothing was decided."""
    patch.setattr(intake, "_judge_signals", lambda *_: None)


# ------------------------------------------------------------------------------------------------------------ 4. paths


def blamed_at_the_return(patch: pytest.MonkeyPatch) -> None:
    """The look that finds our own link back goes on to whose limit has passed meanwhile."""

    def hasty(watch: Watch, now: int) -> list[AnyFact]:
        facts = looking.look(watch, now)
        if any(isinstance(fact, DaemonTroubled) and fact.cleared for fact in facts):
            facts += [PathsSilent(at=now, silent=silent)] if (silent := watch.take_silent(now)) else []
        return facts

    patch.setattr(station, "look", hasty)


# --------------------------------------------------------------------------------------------------- 5. what is planted

PLANTED: dict[str, tuple[Plant, str, str]] = {
    "an ACK that leaves before its commit": (ack_first, "crashing", "is not in the journal"),
    "an answer that leaves before its commit": (answer_first, "crashing", "somebody was told"),
    "effects that a restart forgets": (effects_forgotten, "crashing", "an effect was forgotten"),
    "an outbox that a crash loses": (outbox_lost, "crashing", "disagree on what is under way"),
    "an entry that the disk loses": (entry_lost, "crashing", "other than the journal says"),
    "a checkpoint of what came behind it": (written_as_it_has_become, "crashing", "other than the journal says"),
    "a gap in the chain": (chain_gap, "full disk", "chain breaks"),
    "an offer that never times out": (offer_without_end, "unwilling guards", "without an end"),
    "a retry that is forgotten": (retry_forgotten, "unwilling guards", "is pending"),
    "a case that calls for nobody": (nobody_called, "testing", "neither a deadline nor an owner"),
    "deadlines that a restart forgets": (deadlines_forgotten, "crashing", "a deadline was forgotten"),
    "waits that follow a false clock": (clock_believed, "false clock", "timed out after|has been open for"),
    "two guards for one job": (double_dispatch, "unwilling guards", "hold"),
    "a job that is taken twice": (offers_to_all, "unwilling guards", "hold"),
    "effects that leave before their commit": (effects_first, "crashing", "does not know of it"),
    "a guard who is not called off": (not_called_off, "everything", "nobody tells them"),
    "a hold-up that a test mutes": (muted_holdup, "testing", "no test names it"),
    "a retransmission that counts twice": (second_case, "bad lines", "was taken twice"),
    "a case for every path": (no_folding, "bad lines", "beside"),
    "a restore that closes an alarm": (restore_closes, "crashing", "closed by itself"),
    "a signal that waits and is forgotten": (forgotten_in_the_end, "bad lines", "was logged"),
    "a frame on which nothing is decided": (unjudged, "crashing", "have no judgement"),
    "paths that are blamed for our own link": (blamed_at_the_return, "watched paths", "after its own link was"),
}  # fmt: skip
"""What is planted → how, in which world it is looked for, and the check that has to find it."""


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_bug_is_found(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, world, found_by = PLANTED[what]
    error = hunt(world, plant(monkeypatch))
    assert error, f"{what}: not found in {SEEDS_MAX} seeds of “{world}”"
    assert any(phrase in error for phrase in found_by.split("|")), error


TABLES = ("account", "case", "deadline", "flag", "fold", "open_by_site", "pending", "rate", "siterun")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_missing_from_the_checkpoint_is_found(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Station.take_changed

    def take_changed(self: Station) -> list[tuple[str, str, object]]:
        return [row for row in really(self) if row[0] != table]

    monkeypatch.setattr(Station, "take_changed", take_changed)
    error = hunt("everything")
    assert "restored, and other than the journal says" in error, error or f"{table}: not found"


@pytest.fixture(autouse=True, scope="module")
def _worlds_hold() -> None:
    """Nothing is planted: then nothing is found, in the very seeds that are used here."""
    for world in sorted({world for _, world, _ in PLANTED.values()}):
        assert world in {plot.name for plot in plots()}
        assert not hunt(world, seeds=4)
