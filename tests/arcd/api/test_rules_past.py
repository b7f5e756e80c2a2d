from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from arcd.api.desk import ImportReport
from arcd.api.rules_past import PROGRESS_ENTRIES
from arcd.core.facts import Actor, CaseNoted, CentreImported, RulesLoaded, SiteImported
from arcd.rules_history import NoSuchRulesError
from rules import shipped
from rules.problems import Problem
from tests.arcd.api.desk import CENTRE, SITE, UID, FakeDesk, shipped_rules

ACTOR = Actor(id="os:matti", name="Matti")
GATE = """\
overlay: here
requires: 1
packs: {intrusion: {lists: {exterior_kinds: {append: [door]}}}}
"""


@pytest.fixture
async def desk() -> FakeDesk:
    """With the rules in its journal, as a daemon's has them."""
    desk = FakeDesk()
    await desk.store.open()
    desk._station.expect(shipped_rules())
    fact = RulesLoaded(at=desk.now(), digest=desk.rules.digest, sources=shipped.sources(), actor=ACTOR)
    await desk.take(fact)
    await desk.take(CentreImported(at=desk.now(), centre=CENTRE, actor=ACTOR))
    await desk.take(SiteImported(at=desk.now(), site=SITE, actor=ACTOR))
    return desk


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_the_history_is_the_newest_first(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    other = {**shipped.sources(), "gate.yaml": GATE}
    desk.clock.advance(60)
    await desk.take(RulesLoaded(at=desk.now(), digest="d" * 64, sources=other, actor=Actor(id="os:maija")))
    [second, first] = (await admin.get("/v1/rules/history")).json()["rules"]
    assert second == {
        "seq": 4, "at": "2026-01-01T00:01:00Z", "digest": "d" * 64, "by": "os:maija", "by_name": "",
        "files": len(other), "in_force": True,
    }  # fmt: skip
    assert (first["by"], first["by_name"], first["in_force"]) == ("os:matti", "Matti", False)
    assert len((await admin.get("/v1/rules/history?limit=1")).json()["rules"]) == 1


async def test_rolling_back(desk: FakeDesk, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.import_report = ImportReport(applied=True, digest="abc", changed=("plan fire",))
    answer = await admin.post("/v1/rules/rollback", json={})
    assert (answer.status_code, answer.json()["digest"], answer.json()["changed"]) == (200, "abc", ["plan fire"])
    await admin.post("/v1/rules/rollback", json={"digest": "0123456", "dry_run": True})
    assert [(given, actor.id, dry) for _, given, actor, dry, _ in desk.imports] == [
        ({"digest": ""}, f"os:{UID}", False),
        ({"digest": "0123456"}, f"os:{UID}", True),
    ]
    desk.import_report = ImportReport(applied=False, problems=(Problem(file="packs/x.yaml", message="too new"),))
    refused = await admin.post("/v1/rules/rollback", json={})
    assert (refused.status_code, refused.json()["rule"]) == (409, "rules.rollback")

    async def none(*_: object, **__: object) -> ImportReport:
        raise NoSuchRulesError("There is nothing to go back to.")

    monkeypatch.setattr(desk, "roll_back_rules", none)
    refused = await admin.post("/v1/rules/rollback", json={})
    assert refused.status_code == 409
    assert refused.json() == {"granted": False, "rule": "rules.rollback", "message": "There is nothing to go back to."}


async def test_the_journal_is_replayed_and_progress_told(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    desk.clock.advance(120)
    for _ in range(PROGRESS_ENTRIES):
        await desk.take(CaseNoted(at=desk.now(), case_id="C0", text="x", actor=ACTOR))  # refused: quick to make
    [progress, report] = lines(await admin.post("/v1/rules/replay", json={"files": {"gate.yaml": GATE}}))
    assert progress == {"done": PROGRESS_ENTRIES, "whole": 4 + PROGRESS_ENTRIES}
    told = report["report"]
    assert (told["decisions"], told["differ"], told["worse"], told["untold"]) == (1, 1, 0, 0)
    [change] = told["changes"]
    assert (change["before"]["route"], change["after"]["route"]) == ("intrusion/alarm", "intrusion/alarm/exterior")
    assert change["examples"][0]["at"] == "2026-01-01T00:00:00Z"
    assert change["examples"][0]["seq"] == int(case_id[1:])
    later = lines(await admin.post("/v1/rules/replay", json={"since": "2026-01-01T00:01:00Z"}))
    assert later[-1]["report"]["decisions"] == 0
    assert not desk.asked, "nothing is changed"


async def test_what_cannot_be_replayed(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    refused = await admin.post("/v1/rules/replay", json={"files": {"x.yaml": "pack: ["}})
    assert (refused.status_code, refused.json()["rule"]) == (409, "rules.replay")
    assert refused.json()["problems"][0]["file"] == "x.yaml"
    wrong = await admin.post("/v1/rules/replay", json={"since": "yesterday"})
    assert (wrong.status_code, wrong.json()["message"][:7]) == (422, "since: ")


async def test_one_replay_at_a_time(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await desk.alarm("BA")
    both = await asyncio.gather(*(admin.post("/v1/rules/replay", json={}) for _ in range(2)))
    assert all(answer.status_code in (200, 409) for answer in both)
    turn = admin._transport.app.state.replaying  # type: ignore[attr-defined]
    async with turn:
        refused = await admin.post("/v1/rules/replay", json={})
    assert (refused.status_code, refused.json()["rule"]) == (409, "rules.replay")
    assert "Another replay is running" in refused.json()["message"]
    assert lines(await admin.post("/v1/rules/replay", json={}))[-1]["report"]["differ"] == 0, "the place is free again"
