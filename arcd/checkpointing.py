"""When the state is saved, and with which batch it becomes durable.

One rule: a checkpoint holds the state as it was behind one entry, and goes with a batch that reaches that entry or lies
behind it. What the state holds is never edited, so keeping its changed rows is a list of them; their encoding, the long
part, is spread over the batches that follow, because every signal of a batch waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from arcd.batching import Waiting, state_row
from arcd.clock import Clock
from arcd.core.station import Station
from arcd.store import Checkpoint, StateRow

NS = 1_000_000_000
# A checkpoint after so many entries, or after the interval of the settings: a restart replays at most this tail, in
# some 45 µs an entry. In a flood every account's row changes from one checkpoint to the next.
CHECKPOINT_ENTRIES_MAX = 50_000


class Snapshot:
    """The rows that had changed when entry `seq` had been stepped, at the instant `at`."""

    def __init__(self, seq: int, at: int, changed: Iterable[tuple[str, str, object]]) -> None:
        self.seq = seq
        self.at = at
        self.rows: list[StateRow] = []
        self._left: Iterator[tuple[str, str, object]] = iter(changed)

    def encode(self, bytes_max: int) -> bool:
        """Encode further rows, at least one, until they are about so many bytes. True when all rows are encoded."""
        size = 0
        for table, key, value in self._left:
            row = state_row(table, key, value)
            self.rows.append(row)
            size += len(row.body or b"")
            if size >= bytes_max:
                return False
        return True


class Checkpointer:
    def __init__(self, station: Station, clock: Clock, *, interval_s: float, part_bytes_max: int) -> None:
        self._station = station
        self._clock = clock
        self._interval_ns = round(interval_s * NS)
        self._part_bytes_max = part_bytes_max
        self._seq = 0
        self._is_asked = False
        self._snapshot: Snapshot | None = None
        self.saved_at = 0  # the instant of the newest snapshot

    def restored(self, seq: int) -> None:
        """The store's newest checkpoint is as of `seq`."""
        self._seq, self.saved_at = seq, self._clock.now()

    def ask(self) -> None:
        """The next batch needs one that covers it."""
        self._is_asked = True

    def batch(self, opened: Sequence[Waiting], steps_max: int) -> tuple[Sequence[Waiting], Checkpoint | None]:
        """What of the steps goes into the next batch, and the checkpoint that goes with it.

        `opened`: all that are in no batch yet, without a gap up to the newest. `steps_max` is kept, but for a
        checkpoint: everything up to it goes along.
        """
        newest = opened[-1].seq
        if self._is_asked:
            return opened, self.whole(newest)
        if self._snapshot is None and self._is_due(newest):
            self._snapshot = self._take(newest)
        snapshot = self._snapshot
        if snapshot is None or not snapshot.encode(self._part_bytes_max):
            return opened[:steps_max], None
        self._snapshot = None
        up_to_it = snapshot.seq - opened[0].seq + 1
        return opened[: max(steps_max, up_to_it)], Checkpoint(seq=snapshot.seq, rows=snapshot.rows)

    def whole(self, seq: int) -> Checkpoint:
        """As of `seq`, the newest entry, at once, whatever it costs."""
        earlier, newest = self._snapshot, self._take(seq)
        self._snapshot, self._is_asked = None, False
        rows: list[StateRow] = []
        for snapshot in (earlier, newest):
            if snapshot is not None:
                while not snapshot.encode(self._part_bytes_max):
                    pass
                rows += snapshot.rows  # of a row that is in both, the later one holds
        return Checkpoint(seq=seq, rows=rows)

    def _is_due(self, seq: int) -> bool:
        is_old = self._clock.now() - self.saved_at >= self._interval_ns
        return is_old or seq - self._seq >= CHECKPOINT_ENTRIES_MAX

    def _take(self, seq: int) -> Snapshot:
        self._seq, self.saved_at = seq, self._clock.now()
        return Snapshot(seq, self.saved_at, self._station.take_changed())
