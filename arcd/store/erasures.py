"""Content that is gone from a journal although no entry of it says so.

One rule: a payload lies beside the chain, so that it can be erased; that it is gone proves nothing by itself. What is
erased is named by an entry of the same transaction (arcd.core.facts.audit), and entries of that kind are never erased.
Their JSON is read here without the core, as `evidence` does.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

ERASURE: Final = "erasure_requested"
_ERASE: Final = "erase_payloads"

_GONE: Final = "SELECT seq FROM entry WHERE seq > ? AND seq <= ? AND seq NOT IN (SELECT seq FROM payload)"
_SAID: Final = "SELECT body FROM entry AS e JOIN payload AS p ON p.seq = e.seq WHERE e.seq > ? AND e.kind = ?"


class _Effect(Struct):
    effect: str = ""
    seqs: list[int] = []


class _Step(Struct):
    effects: list[_Effect] = []


def unannounced(connection: sqlite3.Connection, first: int, last: int) -> Iterator[int]:
    """Entries in (first, last] whose content is gone, and which no entry says to have been erased.

    A bit for each entry is kept in memory.
    """
    gone = bytearray((last - first) // 8 + 1)
    connection.execute("BEGIN")  # a daemon may erase meanwhile: one moment for both
    try:
        for (seq,) in connection.execute(_GONE, (first, last)):
            gone[(seq - first - 1) >> 3] |= 1 << ((seq - first - 1) & 7)
        for (body,) in connection.execute(_SAID, (first, ERASURE)):
            for seq in _erased(body):
                if first < seq <= last:
                    gone[(seq - first - 1) >> 3] &= ~(1 << ((seq - first - 1) & 7))
    finally:
        connection.execute("COMMIT")
    for place, bits in enumerate(gone):
        if bits:
            yield from (first + 1 + 8 * place + bit for bit in range(8) if bits >> bit & 1)


def _erased(body: object) -> Iterator[int]:
    if isinstance(body, bytes | str):
        with contextlib.suppress(msgspec.DecodeError, msgspec.ValidationError):  # no such entry of ours: says nothing
            for each in msgspec.json.decode(body, type=_Step).effects:
                if each.effect == _ERASE:
                    yield from each.seqs
