"""How fast a journal is verified, beside the bare hashes that verifying cannot do without.

    python -m tests.bench.verify [ENTRIES]

One process, one core, processor time: other work on the machine does not count. The payloads are as large as those of a
busy centre's journal. "Bare hashing" computes the same four SHA-256 an entry (commitment: two; entry; tree node) over
the same bytes and nothing else: no file, no comparison. With several processes it is the clock on the wall, the start
of the processes included, and what all of them together took of the processors.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from arcd.store import Batch, Record
from arcd.store.chain import commitment, encode_entry, entry_hash
from arcd.store.sqlite import SqliteStore
from arcd.store.verify import verify_file
from protocols.tlog.merkle import node_hash
from tests.arcd.store.journal import START

ENTRIES = 300_000
PAYLOAD_BYTES = 600  # the mean of a day's signals and what follows from them
BATCH = 1_000
RUNS = 3


def record(seq: int) -> Record:
    body = b'{"fact":{"fact":"frame_received","at":1790000000000000000,"x":"%s"}}' % (b"z" * (PAYLOAD_BYTES - 66))
    refs = (f"case/C{seq // 3}",)
    return Record(
        seq=seq, at=START + seq, kind="frame_received", subject=f"site/K-{seq % 999}", payload=body, refs=refs
    )


async def fill(path: Path, entries: int) -> None:
    store = SqliteStore(path)
    await store.open()
    for first in range(1, entries + 1, BATCH):
        await store.commit(Batch(records=[record(seq) for seq in range(first, first + BATCH)]))
    await store.close()


def bare(entries: int) -> float:
    """Entries a second."""
    salt, previous = bytes(32), bytes(32)
    payload = record(1).payload
    encoded = encode_entry(
        seq=1,
        at=START,
        kind="frame_received",
        subject="site/K-123",
        commitment=bytes(32),
        previous_hash=previous,
        refs='["case/C12345"]',
    )
    began_s = time.process_time()
    for _ in range(entries):
        commitment(salt, payload)
        node_hash(previous, entry_hash(encoded))
    return entries / (time.process_time() - began_s)


def at_once(path: Path, entries: int, jobs: int) -> tuple[float, float]:
    """Entries a second by the clock, and for a second of all processors' time."""
    best = 0.0, 0.0
    for _ in range(RUNS):
        began_s, used_s = time.perf_counter(), processors_s()
        assert verify_file(path, jobs=jobs).ok
        rates = entries / (time.perf_counter() - began_s), entries / (processors_s() - used_s)
        best = max(best, rates)
    return best


def processors_s() -> float:
    """Of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "journal.sqlite"
        asyncio.run(fill(path, entries))
        verified = bare_rate = 0.0
        for _ in range(RUNS):
            began_s = time.process_time()
            verdict = verify_file(path)
            verified = max(verified, entries / (time.process_time() - began_s))
            assert verdict.ok
            bare_rate = max(bare_rate, bare(entries))
        shared = [(jobs, *at_once(path, entries, jobs)) for jobs in range(1, (os.cpu_count() or 1) + 1)]
    print(f"bare hashing    {bare_rate:>10,.0f} entries/s")
    print(f"journal verify  {verified:>10,.0f} entries/s, {verified / bare_rate:.0%} of it")
    for jobs, walled, a_core in shared:
        print(f"  {jobs} at once       {walled:>10,.0f} entries/s by the clock, {a_core:,.0f} a second of processor")


if __name__ == "__main__":
    main()
