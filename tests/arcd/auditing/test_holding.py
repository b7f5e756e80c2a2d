"""Which pictures holds are on: those that held entries name, by case, site or period."""

from __future__ import annotations

import hashlib

import pytest

from arcd.auditing.holding import find_held, held_pictures
from arcd.core.audit.model import Hold
from arcd.core.state import State
from arcd.store import Batch, Record
from arcd.store.memory import MemoryStore
from tests.arcd.store.journal import START, case

HOUR_NS = 3_600 * 10**9
PLACES = [f"alarm/{digest[:2]}/{digest}.jpg" for digest in (hashlib.sha256(bytes([n])).hexdigest() for n in range(4))]
SUBJECTS = ("case/C1", "case/C2", "site/K-9", "case/C4")


@pytest.fixture
async def store() -> MemoryStore:
    """Four entries, hours apart, each with a picture; C1 is of site K-1, and its entry does not say so."""
    store = MemoryStore()
    await store.open()
    records = [
        Record(
            seq=seq,
            at=START + seq * HOUR_NS,
            kind="frame_received",
            subject=SUBJECTS[seq - 1],
            payload=b'{"media":["media:%s"]}' % PLACES[seq - 1].encode(),
            refs=(),
        )
        for seq in range(1, 5)
    ]
    await store.commit(Batch(records=records, cases=[case("C1", site_id="K-1", is_open=False)]))
    return store


def iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(START // 10**9 + seconds, UTC).isoformat()


@pytest.mark.parametrize(
    ("holds", "held"),
    [
        ((), set()),
        (("case/C2",), {1}),
        (("site/K-1",), {0}),
        (("site/K-9", "case/C4"), {2, 3}),
        ((f"period/{iso(7_200)}/{iso(10_801)}",), {1, 2}),
        ((f"period/{iso(7_201)}/{iso(10_800)}",), set()),
        (("case/C4", f"period/{iso(0)}/{iso(3_601)}"), {0, 3}),
        (("case/C77",), set()),
    ],
)
async def test_pictures_of_held_entries(store: MemoryStore, holds: tuple[str, ...], held: set[int]) -> None:
    state = State()
    for subject in holds:
        state.holds.put(subject, Hold(placed_at=0, by="os:chief", reason="police"))
    assert await held_pictures(store, state) == {PLACES[index] for index in held}
    found = await find_held(store, state, include_open=False)
    assert {entry.seq - 1 async for entry in store.entries() if found.on(entry)} == held
    state.holds.put("centre", Hold(placed_at=0, by="os:chief", reason="police"))
    assert await held_pictures(store, state) is None
