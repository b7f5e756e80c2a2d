"""Reading rows back: the questions as SQL, the answers as one JSON text each.

One rule: one answer, one row. fetchall steps once per row, and beside a busy event loop each step waits for the GIL
(packing.py has the figures); json_group_array answers in a single step, so that reading stays possible during an alarm
storm. Bytes travel as hex. Nothing here writes.
"""

from __future__ import annotations

from typing import Final

import msgspec

from arcd.store import NOTES_PAGE, CaseQuery, CaseRow, Entry, SignedNote

ENTRIES_PAGE: Final = 250  # rows that `entries` holds in memory at a time
ERA_BITS: Final = 12  # an era of refs is 2^12 entries (schema_v3.sql)
_ERA_BITS_BEFORE: Final = 16  # until schema version 2

Parameters = dict[str, int | str]

_ENTRY_COLUMNS: Final = """
    json_group_array(json_array(
        seq, at, kind, subject, hex(commitment), hex(previous_hash), hex(hash),
        CASE WHEN salt IS NULL THEN NULL ELSE hex(salt) END, CASE WHEN body IS NULL THEN NULL ELSE hex(body) END, refs
    ))"""
# CROSS JOIN keeps the order of the loops, so that the page comes in sequence without sorting a subject's whole past.
_BY_SUBJECT: Final = f"""
    era CROSS JOIN entry_ref AS r ON r.era = era.n AND r.ref = :subject
        AND era.n BETWEEN (:after + 1) >> {ERA_BITS} AND :until >> {ERA_BITS}
    CROSS JOIN entry AS e ON e.seq = r.seq"""
_CASE_COLUMNS: Final = """
    json_group_array(json_array(
        case_id, case_type, site_id, state, priority, is_open, opened_at, closed_at, hex(body)
    ))"""


def era_bits(version: int) -> int:
    """Of a file with this schema version: the entry numbered `seq` has its refs in era `seq >> era_bits`."""
    return ERA_BITS if version >= 3 else _ERA_BITS_BEFORE


_entries = msgspec.json.Decoder(list[tuple[int, int, str, str, str, str, str, str | None, str | None, str | None]])
_nodes = msgspec.json.Decoder(list[str])
_notes = msgspec.json.Decoder(list[tuple[int, int, str]])
_cases = msgspec.json.Decoder(list[tuple[str, str, str, str, str, int, int, int | None, str]])


def entries_question(after: int, until: int, subject: str | None, kind: str | None) -> tuple[str, Parameters]:
    """One page of the entries in (after, until], in sequence order."""
    source, seq, order = ("entry AS e", "e.seq", "e.seq") if subject is None else (_BY_SUBJECT, "r.seq", "era.n, r.seq")
    of_kind = "" if kind is None else "AND e.kind = :kind" if subject is None else "AND +e.kind = :kind"
    sql = f"""
        SELECT {_ENTRY_COLUMNS} FROM (
            SELECT e.*, p.salt, p.body FROM {source} LEFT JOIN payload AS p ON p.seq = e.seq
            WHERE {seq} > :after AND {seq} <= :until {of_kind} ORDER BY {order} LIMIT :page
        )"""  # noqa: S608 – only the fixed fragments above are put together; values are bound
    parameters: Parameters = {"after": after, "until": until, "page": ENTRIES_PAGE}
    if subject is not None:
        parameters["subject"] = subject
    if kind is not None:
        parameters["kind"] = kind
    return sql, parameters


def entries_answer(text: str) -> list[Entry]:
    unhex = bytes.fromhex
    return [
        Entry(
            seq=seq,
            at=at,
            kind=kind,
            subject=subject,
            commitment=unhex(commitment),
            previous_hash=unhex(previous_hash),
            hash=unhex(own_hash),
            salt=None if salt is None else unhex(salt),
            payload=None if body is None else unhex(body),
            refs=refs,
        )
        for seq, at, kind, subject, commitment, previous_hash, own_hash, salt, body, refs in _entries.decode(text)
    ]


def cases_question(query: CaseQuery) -> tuple[str, Parameters]:
    conditions = ["TRUE"]
    parameters: Parameters = {"limit": query.limit}
    if query.open_only:
        conditions.append("is_open")
    if query.site_id is not None:
        conditions.append("site_id = :site_id")
        parameters["site_id"] = query.site_id
    if query.case_type is not None:
        conditions.append("case_type = :case_type")
        parameters["case_type"] = query.case_type
    sql = f"""
        SELECT {_CASE_COLUMNS} FROM (
            SELECT * FROM case_row WHERE {" AND ".join(conditions)}
            ORDER BY opened_at DESC, case_id DESC LIMIT :limit
        )"""  # noqa: S608 – fixed fragments only
    return sql, parameters


def case_question(case_id: str) -> tuple[str, Parameters]:
    return f"SELECT {_CASE_COLUMNS} FROM case_row WHERE case_id = :case_id", {"case_id": case_id}  # noqa: S608 – fixed


def cases_answer(text: str) -> list[CaseRow]:
    return [
        CaseRow(
            case_id=case_id,
            case_type=case_type,
            site_id=site_id,
            state=state,
            priority=priority,
            is_open=bool(is_open),
            opened_at=opened_at,
            closed_at=closed_at,
            body=bytes.fromhex(body),
        )
        for case_id, case_type, site_id, state, priority, is_open, opened_at, closed_at, body in _cases.decode(text)
    ]


def nodes_question(height: int, first: int, count: int, pruned_through: int | None) -> tuple[str, Parameters]:
    """Height 0 asks the entries themselves; `pruned_through` None asks for what pruned ones left behind."""
    parameters: Parameters = {"first": first, "end": first + count}
    if height or pruned_through is None:
        parameters["height"] = height
        source = "SELECT hash FROM tree_node WHERE height = :height AND place >= :first AND place < :end ORDER BY place"
    else:
        parameters["pruned"] = pruned_through
        source = "SELECT hash FROM entry WHERE seq > max(:first, :pruned) AND seq <= :end ORDER BY seq"
    return f"SELECT json_group_array(hex(hash)) FROM ({source})", parameters  # noqa: S608 – fixed fragments only


def nodes_answer(text: str) -> list[bytes]:
    return [bytes.fromhex(node) for node in _nodes.decode(text)]


NEWEST_NOTE: Final = (
    "SELECT json_group_array(json_array(size, at, body)) FROM (SELECT * FROM note ORDER BY size DESC LIMIT 1)"
)


def notes_question(after_size: int) -> tuple[str, Parameters]:
    sql = """
        SELECT json_group_array(json_array(size, at, body)) FROM (
            SELECT * FROM note WHERE size > :after ORDER BY size LIMIT :page
        )"""
    return sql, {"after": after_size, "page": NOTES_PAGE}


def notes_answer(text: str) -> list[SignedNote]:
    return [SignedNote(size=size, at=at, text=body) for size, at, body in _notes.decode(text)]
