"""Which state goes with which batch."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arcd.batching import Waiting
from arcd.checkpointing import CHECKPOINT_ENTRIES_MAX, Checkpointer
from arcd.clock import VirtualClock
from arcd.core.facts import Stopped
from arcd.core.record import StepRecord
from arcd.core.station import Station, Stepped
from arcd.store import Checkpoint

INTERVAL_S = 60.0
ROW_BYTES = 2  # of the values used here
STEPPED = Stepped(
    record=StepRecord(fact=Stopped(at=1, reason="asked to stop")),
    subject="",
    refs=(),
    reply=None,
    others=(),
    settled=(),
    cases=(),
)

Rows = dict[str, bytes | None]


class Bench:
    """A station that remembers when paths were heard, and steps of which only the number counts."""

    def __init__(self, part_bytes_max: int) -> None:
        self.clock = VirtualClock()
        self.station = Station()
        self.checkpointer = Checkpointer(self.station, self.clock, interval_s=INTERVAL_S, part_bytes_max=part_bytes_max)
        self.checkpointer.restored(0)
        self.seq = 0
        self.opened: list[Waiting] = []

    def step(self, **heard: int) -> None:
        """The next entry, which changes these rows."""
        self.seq += 1
        self.opened.append(Waiting(self.seq, STEPPED, None, None))
        for path, at in heard.items():
            self.station.state.path_heard.put(path, at)
        self.station.state.keep()

    def batch(self, steps_max: int = 1_000) -> tuple[list[int], Checkpoint | None]:
        steps, checkpoint = self.checkpointer.batch(self.opened, steps_max)
        self.opened = self.opened[len(steps) :]
        return [step.seq for step in steps], checkpoint


def rows(checkpoint: Checkpoint | None) -> Rows:
    assert checkpoint is not None
    return {row.key: row.body for row in checkpoint.rows}


def test_a_small_state_goes_with_the_batch_in_which_it_is_due() -> None:
    bench = Bench(part_bytes_max=100)
    bench.step(a=10)
    assert bench.batch() == ([1], None)
    bench.clock.advance(INTERVAL_S)
    bench.step(b=11)
    seqs, checkpoint = bench.batch()
    assert (seqs, checkpoint and checkpoint.seq, rows(checkpoint)) == ([2], 2, {"a": b"10", "b": b"11"})
    bench.step(c=12)
    assert bench.batch() == ([3], None)


def test_a_large_one_is_spread_and_stays_as_it_was_when_it_was_due() -> None:
    bench = Bench(part_bytes_max=ROW_BYTES)
    bench.clock.advance(INTERVAL_S)
    bench.step(a=10, b=11, c=12)
    assert bench.batch() == ([1], None)
    bench.step(a=20, d=21)  # later than the checkpoint
    assert bench.batch() == ([2], None)
    bench.step(b=30)
    assert bench.batch() == ([3], None)  # all rows are encoded, which the next look finds
    bench.step()
    seqs, checkpoint = bench.batch()
    assert (seqs, checkpoint and checkpoint.seq) == ([4], 1)
    assert rows(checkpoint) == {"a": b"10", "b": b"11", "c": b"12"}
    bench.clock.advance(INTERVAL_S)
    bench.step()
    for _ in range(3):
        _, checkpoint = bench.batch()
        bench.step()
    _, checkpoint = bench.batch()
    assert (checkpoint and checkpoint.seq, rows(checkpoint)) == (5, {"a": b"20", "b": b"30", "d": b"21"})


def test_what_is_erased_asks_for_all_of_it_at_once() -> None:
    bench = Bench(part_bytes_max=ROW_BYTES)
    bench.clock.advance(INTERVAL_S)
    bench.step(a=10, b=11, c=12)
    assert bench.batch() == ([1], None)
    bench.step(a=20)
    bench.checkpointer.ask()
    seqs, checkpoint = bench.batch(steps_max=1)
    assert (seqs, checkpoint and checkpoint.seq) == ([2], 2)
    assert rows(checkpoint) == {"a": b"20", "b": b"11", "c": b"12"}
    bench.step(b=30)
    assert bench.batch() == ([3], None), "asked for once"


def test_everything_up_to_a_checkpoint_goes_along() -> None:
    bench = Bench(part_bytes_max=100)
    bench.clock.advance(INTERVAL_S)
    for at in range(5):
        bench.step(a=10 + at)
    seqs, checkpoint = bench.batch(steps_max=2)
    assert (seqs, checkpoint and checkpoint.seq) == ([1, 2, 3, 4, 5], 5)


def test_many_entries_are_as_good_as_a_long_time() -> None:
    bench = Bench(part_bytes_max=100)
    for _ in range(CHECKPOINT_ENTRIES_MAX - 1):
        bench.step()
    assert bench.batch()[1] is None
    bench.step(a=10)
    assert rows(bench.batch()[1]) == {"a": b"10"}


CHANGES = st.dictionaries(st.sampled_from("abcdef"), st.none() | st.integers(10, 99), max_size=6)
DOINGS = st.one_of(CHANGES, st.sampled_from(["time", "batch", "ask"]))


@given(part_bytes_max=st.integers(1, 12), steps_max=st.integers(1, 4), doings=st.lists(DOINGS, max_size=60))
def test_checkpoints_on_top_of_each_other_are_the_state_as_it_was(
    part_bytes_max: int, steps_max: int, doings: list[dict[str, int | None] | str]
) -> None:
    bench = Bench(part_bytes_max)
    was: dict[int, Rows] = {0: {}}  # the whole state behind each entry
    saved: Rows = {}
    saved_seq = 0

    def take(seqs: list[int], checkpoint: Checkpoint | None) -> None:
        nonlocal saved, saved_seq
        if checkpoint is not None:
            assert saved_seq <= checkpoint.seq <= max(seqs, default=bench.seq)
            saved_seq = checkpoint.seq
            saved = {key: body for key, body in (saved | rows(checkpoint)).items() if body is not None}
            assert saved == was[saved_seq]

    for doing in doings:
        if doing == "time":
            bench.clock.advance(INTERVAL_S)
        elif doing == "ask":
            bench.checkpointer.ask()
        elif isinstance(doing, dict):
            table = bench.station.state.path_heard
            for key in (key for key, at in doing.items() if at is None):
                table.drop(key)
            bench.step(**{key: at for key, at in doing.items() if at is not None})
            was[bench.seq] = {key: str(at).encode() for key, at in table.items()}
        elif bench.opened:
            take(*bench.batch(steps_max))
    take([step.seq for step in bench.opened], bench.checkpointer.whole(bench.seq))
    assert saved_seq == bench.seq
