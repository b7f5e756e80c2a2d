"""Ranges of a journal file checked beside each other, one process each: for who has cores to spare.

One rule: a helper says that a range is sound from its first entry to its last, or says nothing. Whoever asked checks a
range of which nothing was said by itself, in order, so that what is found, and in which words, does not depend on how
many have looked. That a range follows the one before it is seen by who puts them together.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct

from arcd.store.opening import open_for_reading
from arcd.store.pages import pages, sound
from protocols.tlog.merkle import HASH_BYTES, Frontier, grow

T = TypeVar("T")

SPAN: Final = 1 << 14  # entries; a power of two, so that a range is a complete subtree of the Merkle tree
ENTRY_BYTES_MIN: Final = 100  # no entry takes less of a file: a forged number of entries is not believed
_AHEAD: Final = 2  # ranges asked for, a helper, before the first of them is waited for


class SoundRange(Struct, frozen=True):
    previous_hash: bytes  # what its first entry says that it follows
    hash: bytes  # of its last entry
    erased: int
    refs: int
    frontier: Frontier  # of a tree of these entries alone
    at: dict[int, Frontier]  # the same, at sizes of the whole journal that were asked for


class Helpers(Struct, frozen=True):
    pool: Executor
    count: int
    span: int = SPAN
    entries_min: int = 8 * SPAN  # of fewer, all is done before a process has started


def spans(begin: int, end: int, span: int) -> Iterator[tuple[int, int]]:
    """(first, last] from `begin`, a multiple of `span`, to `end`."""
    for first in range(begin, end, span):
        yield first, min(first + span, end)


def checked(
    helpers: Helpers, path: Path, has_log: bool, begin: int, end: int, stops: Callable[[int, int], Sequence[int]]
) -> Iterator[tuple[int, int, SoundRange | None]]:
    """Each range in order, and what a helper has said of it. `stops`: sizes at which the tree's root will be asked."""
    waiting: deque[tuple[int, int, Future[SoundRange | None]]] = deque()
    try:
        for first, last in spans(begin, end, helpers.span):
            asked = ask(helpers, check_range, path, has_log, first, last, tuple(stops(first, last)))
            waiting.append((first, last, asked))
            if len(waiting) > helpers.count * _AHEAD:
                first, last, asked = waiting.popleft()
                yield first, last, answer(asked)
        while waiting:
            first, last, asked = waiting.popleft()
            yield first, last, answer(asked)
    finally:
        for _, _, asked in waiting:
            asked.cancel()


def ask(helpers: Helpers, question: Callable[..., T | None], *given: object) -> Future[T | None]:
    try:
        return helpers.pool.submit(question, *given)
    except BrokenExecutor:
        unanswered: Future[T | None] = Future()
        unanswered.set_result(None)
        return unanswered


def answer(asked: Future[T | None]) -> T | None:
    """None also from a helper that is no more."""
    try:
        return asked.result()
    except BrokenExecutor:
        return None


def check_range(path: Path, has_log: bool, first: int, last: int, stops: tuple[int, ...]) -> SoundRange | None:
    """None: something of entries `first` + 1 … `last` wants a closer look."""
    frontier, at = Frontier(), dict[int, Frontier]()
    seq, erased, refs = first, 0, 0
    previous_hash = last_hash = b""
    try:
        with closing(open_for_reading(path, has_log)) as connection:
            connection.text_factory = bytes
            for page in pages(connection, first, last, "refs"):
                if seq == first and page.entries:
                    claimed = page.entries[0][5]
                    if not isinstance(claimed, bytes) or len(claimed) != HASH_BYTES:
                        return None
                    previous_hash = last_hash = claimed
                found = sound(page, 0, seq, last_hash)
                if page.has_orphans or len(found.leaves) != len(page.entries):
                    return None
                if not found.leaves:
                    break
                begin, seq, last_hash = seq, seq + len(found.leaves), found.leaves[-1]
                erased, refs = erased + found.erased, refs + found.refs
                done = begin
                for stop in (*(stop for stop in stops if begin < stop <= seq), seq):
                    frontier, _ = grow(frontier, found.leaves[done - begin : stop - begin])
                    at[stop], done = frontier, stop
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    if seq != last:
        return None
    return SoundRange(
        previous_hash, last_hash, erased, refs, frontier, {size: each for size, each in at.items() if size in stops}
    )
