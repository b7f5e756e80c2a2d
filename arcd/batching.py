"""Steps that wait for their commit, and the batch that makes them durable together.

One rule: what a batch holds follows from its steps alone; nothing here waits, sends or reads a clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from arcd.core.case.model import Case
from arcd.core.effects import Answer, DurableEffect, ErasePayloads, PruneEntries, Reply
from arcd.core.station import Stepped
from arcd.store import Batch, CaseRow, Checkpoint, OutboxRow, Record, Sealed, StateRow

Replied = Callable[[Reply | None], None]  # None: the step failed, and whoever sent the frame is told nothing


class Waiting(Struct, frozen=True):
    """A step in a batch and those who wait for its commit."""

    seq: int
    stepped: Stepped
    replied: Replied | None
    asked: asyncio.Future[Answer] | None


def as_batch(steps: Sequence[Waiting], checkpoint: Checkpoint | None) -> Batch:
    """Facts, decisions, effects and cases of these steps, for one transaction."""
    encode = msgspec.json.encode
    records = []
    added: dict[str, OutboxRow] = {}
    settled: dict[str, None] = {}
    cases: dict[str, Case] = {}
    erased: list[int] = []
    cases_gone: list[str] = []
    pruned: Sealed | None = None
    for waiting in steps:
        stepped = waiting.stepped
        record = stepped.record
        records.append(
            Record(
                seq=waiting.seq,
                at=record.fact.at,
                kind=record.fact.__struct_config__.tag,  # type: ignore[arg-type]  # – every fact is tagged by a str
                subject=stepped.subject,
                payload=encode(record),
                refs=stepped.refs,
            )
        )
        for effect_id in stepped.settled:
            if added.pop(effect_id, None) is None:
                settled[effect_id] = None
        for effect in stepped.others:
            if isinstance(effect, ErasePayloads):
                erased += effect.seqs
                cases_gone += effect.cases
            elif isinstance(effect, PruneEntries):
                peaks = tuple(map(bytes.fromhex, effect.peaks))
                pruned = Sealed(through=effect.through, hash=bytes.fromhex(effect.hash), peaks=peaks)
            elif isinstance(effect, DurableEffect) and effect.id in settled:
                # Failed and due again while one commit lasted: its row stands in the store, and goes on standing.
                del settled[effect.id]
            elif isinstance(effect, DurableEffect):
                added[effect.id] = OutboxRow(effect_id=effect.id, seq=waiting.seq, body=encode(effect))
        for case in stepped.cases:
            cases[case.id] = case
    return Batch(
        records=records,
        outbox_added=list(added.values()),
        outbox_settled=list(settled),
        cases=[case_row(case) for case in cases.values()],
        checkpoint=checkpoint,
        erased=erased,
        cases_gone=cases_gone,
        pruned=pruned,
    )


def state_row(table: str, key: str, value: object) -> StateRow:
    """A row of a checkpoint; None: it is gone."""
    return StateRow(table=table, key=key, body=None if value is None else msgspec.json.encode(value))


def case_row(case: Case) -> CaseRow:
    """The projection of a case that lists and searches are answered from."""
    return CaseRow(
        case_id=case.id,
        case_type=case.type,
        site_id=case.site_id,
        state=case.state,
        priority=case.priority.value,
        is_open=case.is_open,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        body=msgspec.json.encode(case),
    )
