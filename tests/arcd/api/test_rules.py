from __future__ import annotations

import httpx
import pytest

from arcd.api.desk import ImportReport
from rules.problems import Problem
from tests.arcd.api.desk import UID, FakeDesk


async def test_the_rules_in_force_are_shown(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    rules = (await admin.get("/v1/rules?lang=fi")).json()
    assert rules["digest"] == desk.rules.digest
    plans = {plan["name"]: plan for plan in rules["plans"]}
    assert (plans["intrusion"]["title"], plans["intrusion"]["priority"]) == ("Murtohälytys, varmistamaton", "P2")
    alarm = next(each for each in rules["case_types"] if each["name"] == "alarm")
    assert alarm["states"]["new"] == "Jonossa"
    assert "intrusion" in rules["packs"]
    assert set(rules["sources"].values()) == {""}
    texts = (await admin.get("/v1/rules?sources=true")).json()["sources"]
    assert texts == desk.rules.sources


async def test_rules_are_reloaded(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    desk.import_report = ImportReport(applied=True, digest="abc")
    answer = await admin.post("/v1/rules/reload", json={})
    assert (answer.status_code, answer.json()["digest"]) == (200, "abc")
    await admin.post("/v1/rules/reload", json={"files": {"packs/x.yaml": "pack: x"}, "dry_run": True})
    assert [(given, actor.id, dry) for _, given, actor, dry, _ in desk.imports] == [
        (None, f"os:{UID}", False),
        ({"packs/x.yaml": "pack: x"}, f"os:{UID}", True),
    ]
    desk.import_report = ImportReport(applied=False, problems=(Problem(file="packs/x.yaml", message="bad"),))
    refused = await admin.post("/v1/rules/reload", json={})
    assert (refused.status_code, refused.json()["rule"]) == (409, "rules.load")


async def explain(admin: httpx.AsyncClient, **question: object) -> dict[str, object]:
    answer = await admin.post("/v1/rules/explain", json=question)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_signal_is_explained(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    told = await explain(admin, signal={"code": "BA", "zone": "3"}, site_id="K-1")
    assert (told["plan"], told["priority"]) == ("intrusion", "P2")
    assert told["rules_digest"] == desk.rules.digest
    assert str(told["route"]).startswith("intrusion/")
    assert "└▶" in str(told["tree"])
    trace = told["trace"]
    assert isinstance(trace, list)
    assert any(step["matched"] for step in trace)
    assert not desk.asked, "nothing is changed"


async def test_what_is_supposed_counts(admin: httpx.AsyncClient) -> None:
    supposed = await explain(admin, signal={"code": "BA"}, site_id="K-1", state={"verification": 2})
    assert supposed["plan"] == "intrusion-confirmed"


async def test_without_a_site_it_is_a_stranger(admin: httpx.AsyncClient) -> None:
    assert (await explain(admin, signal={"code": "BA"}))["reason"] == "unknown_account"


async def test_the_code_table_fills_in_and_can_be_overruled(admin: httpx.AsyncClient) -> None:
    fire = await explain(admin, signal={"scheme": "contact_id", "code": "110"}, site_id="K-1")
    assert str(fire["route"]).startswith("fire/")
    medical = await explain(admin, signal={"code": "BA", "category": "medical"}, site_id="K-1")
    assert str(medical["route"]).startswith("medical")
    wire = await explain(admin, signal={"scheme": "arcd", "code": "wrong_key"}, site_id="K-1")
    assert str(wire["route"]).startswith("arcd/")
    unknown = await explain(admin, signal={"code": "Z9"}, site_id="K-1")
    assert unknown["opens_case"] is True


async def test_a_time_may_be_supposed_in_the_sites_clock(admin: httpx.AsyncClient) -> None:
    await explain(admin, signal={"code": "OP"}, site_id="K-1", at="2026-06-24T03:00")
    answer = await admin.post("/v1/rules/explain", json={"signal": {"code": "BA"}, "at": "noon"})
    assert (answer.status_code, answer.json()["message"][:9]) == (422, "at: write")


@pytest.mark.parametrize(
    ("question", "status", "message"),
    [
        ({"signal": {"code": "BA"}, "site_id": "K-77"}, 404, "There is no such site"),
        (
            {"signal": {"code": "BA"}, "site_id": "K-1", "system_id": "x"},
            404,
            "K-1 has no such system; there are: panel, fire.",
        ),
        ({}, 422, "signal is missing."),
        ({"signal": {"code": "BA", "scheme": "morse"}}, 422, "signal.scheme should be 'sia'"),
        ({"signal": {"code": "BA"}, "state": {"verification": 9}}, 422, "state.verification should be less than"),
    ],
)
async def test_questions_that_cannot_be_answered(
    admin: httpx.AsyncClient, question: dict[str, object], status: int, message: str
) -> None:
    answer = await admin.post("/v1/rules/explain", json=question)
    assert answer.status_code == status
    assert answer.json()["message"].startswith(message)
