"""Routes of the journal's proof, against the real core: what is granted, refused, and what it leaves in the journal."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from arcd.core.facts import Actor, CaseMoveRequested, ErasureRequested, HoldRequested, SensitiveRead
from protocols.tlog.checkpoint import decode_tree_head
from protocols.tlog.note import decode_note, signers
from tests.arcd.api.desk import FakeDesk


async def post(admin: httpx.AsyncClient, path: str, **body: Any) -> tuple[int, Any]:
    answer = await admin.post(f"/v1/audit/{path}", json=body)
    return answer.status_code, answer.json()


async def test_a_checkpoint_is_signed_kept_and_shown(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await desk.alarm("BA")
    code, value = await post(admin, "checkpoint")
    head = decode_tree_head(decode_note(value["note"]).text)
    assert (code, value["size"], head.size) == (200, (await desk.store.head()).seq, value["size"])
    assert signers(decode_note(value["note"]), [desk.audit_key.verifier])
    shown = (await admin.get("/v1/audit/checkpoints")).json()
    assert shown == [value]
    assert (await admin.get(f"/v1/audit/checkpoints?after={value['size']}")).json() == []


async def test_a_daemon_without_a_key_says_what_to_set(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    desk.audit.checkpoints._key = None
    for path, body in (
        ("checkpoint", {}),
        ("seal", {"reason": "year"}),
        ("export", {"case_id": await desk.alarm("BA"), "reason": "r", "recipient": "police"}),
    ):
        code, value = await post(admin, path, **body)
        assert code == 409, path
        assert "audit.origin" in value["message"], path


async def test_keys_are_those_of_the_journal(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await desk.audit.begin()
    [fact] = desk.posted
    await desk.take(fact)
    value = (await admin.get("/v1/audit/keys")).json()
    verifier = str(desk.audit_key.verifier)
    assert value["signing"] == verifier
    assert [key["verifier"] for key in value["keys"]] == [verifier]
    await desk.audit.begin()
    assert len(desk.posted) == 1, "said once"


async def test_a_hold_is_placed_shown_and_lifted_by_a_supervisor(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    order = {"action": "place", "subject": f"case/{case_id}", "reason": "police"}
    assert (await post(admin, "holds", **order))[0] == 200
    [hold] = (await admin.get("/v1/audit/holds")).json()["holds"]
    assert (hold["subject"], hold["reason"], hold["by"]) == (f"case/{case_id}", "police", "os:4000000000")
    code, value = await post(admin, "holds", **{**order, "action": "lift"})
    assert (code, value["rule"]) == (409, "supervisor")
    assert isinstance(desk.asked[-1], HoldRequested)


async def test_a_period_is_held_in_utc(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    period = "period/2026-12-01T00:00/2026-12-03T00:00:00+02:00"
    assert (await post(admin, "holds", action="place", subject=period, reason="police"))[0] == 200
    [hold] = (await admin.get("/v1/audit/holds")).json()["holds"]
    assert hold["subject"] == "period/2026-11-30T22:00:00Z/2026-12-02T22:00:00Z", "local time is Helsinki's"


@pytest.mark.parametrize("subject", ["case/C999", "site/nowhere"])
async def test_what_does_not_exist_is_neither_held_nor_erased(admin: httpx.AsyncClient, subject: str) -> None:
    assert (await post(admin, "holds", action="place", subject=subject, reason="r"))[0] == 404
    assert (await post(admin, "erase", subject=subject, reason="r"))[0] == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("holds", {"action": "place", "subject": "C1", "reason": "r"}),
        ("holds", {"action": "place", "subject": "period/2026-12-01T00:00", "reason": "r"}),
        ("holds", {"action": "place", "subject": "period/2026-12-03T00:00/2026-12-01T00:00", "reason": "r"}),
        ("holds", {"action": "place", "subject": "period/yesterday/today", "reason": "r"}),
        ("holds", {"action": "freeze", "subject": "centre", "reason": "r"}),
        ("holds", {"action": "place", "subject": "centre", "reason": ""}),
        ("erase", {"reason": "r"}),
        ("erase", {"reason": "r", "entry": 1, "expired": True}),
        ("erase", {"reason": "r", "entry": 0}),
        ("erase", {"reason": "r", "subject": "contact/anna"}),
        ("seal", {"reason": ""}),
        ("prune", {"through": 0, "reason": "r"}),
        ("verified", {"head_seq": 1, "head_hash": "short", "entries": 1}),
        ("export", {"case_id": "C1", "reason": "r"}),
    ],
)
async def test_what_is_not_understood(desk: FakeDesk, admin: httpx.AsyncClient, path: str, body: Any) -> None:
    assert (await post(admin, path, **body))[0] == 422
    assert not desk.asked


async def test_a_dry_run_counts_and_asks_nothing(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    code, value = await post(admin, "erase", subject=f"case/{case_id}", dry_run=True)
    assert (code, value["entries"], value["dry_run"]) == (200, 1, True)
    assert not desk.asked


async def test_erasing_is_the_supervisors(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    code, value = await post(admin, "erase", entry=2, reason="wrong account")
    assert (code, value["rule"]) == (409, "supervisor")
    [fact] = desk.asked
    assert isinstance(fact, ErasureRequested)
    assert (fact.seqs, fact.reason, fact.what) == ((2,), "wrong account", "entry")


async def test_a_segment_is_sealed_with_its_checkpoint(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await desk.alarm("BA")
    through = (await desk.store.head()).seq
    code, value = await post(admin, "seal", reason="year")
    assert (code, value["through"]) == (200, through)
    assert decode_tree_head(decode_note(value["note"]).text).size == through
    [seal] = (await admin.get("/v1/audit/seals")).json()["seals"]
    assert seal["through"] == through
    code, value = await post(admin, "prune", through=through, reason="old")
    assert (code, value["rule"]) == (409, "supervisor")


async def test_a_verification_is_told(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    told = {"head_seq": 3, "head_hash": "ab" * 32, "entries": 3}
    assert (await post(admin, "verified", **told))[0] == 200
    assert (await post(admin, "verified", **told, findings=["entry 2: changed"]))[0] == 200
    assert any(case.category == "tamper" for case in desk.state.cases.values())


async def test_reading_the_journal_is_told_once(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    for _ in range(3):
        await admin.get(f"/v1/journal?subject=case/{case_id}")
        await admin.get("/v1/journal/head")
    assert [(type(fact), fact.subject) for fact in desk.posted if isinstance(fact, SensitiveRead)] == [
        (SensitiveRead, f"case/{case_id}")
    ]
    await admin.get("/v1/journal")
    assert len(desk.posted) == 2


async def test_a_closed_case_may_be_held(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    await desk.take(CaseMoveRequested(at=desk.now(), case_id=case_id, move="acknowledge", actor=Actor(id="os:x")))
    code, _ = await post(admin, "holds", action="place", subject=f"case/{case_id}", reason="r")
    assert code == 200


async def test_a_copy_of_everything_is_told(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    assert (await post(admin, "copied", place="/backup/j.sqlite", head_hash="ab" * 32, why="nightly"))[0] == 200
    [fact] = desk.asked
    assert isinstance(fact, SensitiveRead)
    assert (fact.what, fact.subject, fact.recipient, fact.reason) == ("backup", "centre", "/backup/j.sqlite", "nightly")
    assert (await post(admin, "copied", place="/backup/j.sqlite", head_hash="short"))[0] == 422
