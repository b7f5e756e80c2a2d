"""A process that commits batches until it is killed or the store fails, and says what has been committed.

    python -m tests.arcd.store.writer PATH RECORDS_PER_BATCH [FILE_BYTES_MAX]

One line per batch on stdout: the head's sequence number. A StoreError ends it with its sentence on stderr and status 3.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

from arcd.store import Batch, Checkpoint, StateRow, StoreError
from arcd.store.sqlite import SqliteStore
from tests.arcd.store.journal import case, effect, record


def batch(first: int, count: int) -> Batch:
    last = first + count - 1
    return Batch(
        records=[record(seq, payload=b'"' + b"x" * 600 + b'"') for seq in range(first, last + 1)],
        outbox_added=[effect(f"e{last}", last)],
        outbox_settled=[f"e{last - count}"],
        cases=[case("C1", state=f"as of {last}")],
        checkpoint=Checkpoint(seq=last, rows=[StateRow(table="last", key="seq", body=str(last).encode())]),
    )


async def write(path: Path, count: int) -> None:
    store = SqliteStore(path)
    restored = await store.open()
    seq = restored.head.seq
    try:
        while True:
            await store.commit(batch(seq + 1, count))
            seq += count
            print(seq, flush=True)
    finally:
        await store.close()


def main() -> int:
    path, count, *file_bytes_max = sys.argv[1:]
    if file_bytes_max:
        limit = int(file_bytes_max[0])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        asyncio.run(write(Path(path), int(count)))
    except StoreError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
