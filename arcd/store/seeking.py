"""Finding the place of an instant in a journal."""

from __future__ import annotations

from arcd.store import Store


async def seq_before(store: Store, instant: int) -> int:
    """The last entry before an instant, by halving: instants follow the sequence but for steps of the clock."""
    low, high = 0, (await store.head()).seq
    while low < high:
        middle = (low + high + 1) // 2
        at = None
        async for entry in store.entries(after=middle - 1, until=middle):
            at = entry.at
        if at is not None and at < instant:
            low = middle
        else:
            high = middle - 1
    return low
