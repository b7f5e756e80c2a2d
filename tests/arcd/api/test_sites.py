from __future__ import annotations

import httpx

from arcd.api.desk import ImportReport
from arcd.core.facts import KeyChangeRequested
from rules.problems import Problem
from tests.arcd.api.desk import SITE, UID, FakeDesk


async def test_sites_are_listed_in_pages(admin: httpx.AsyncClient) -> None:
    answer = (await admin.get("/v1/sites?limit=1")).json()
    assert [row["id"] for row in answer["sites"]] == ["K-1"]
    assert answer["more"]
    row = answer["sites"][0]
    assert (row["systems"], row["accounts"], row["flags"], row["cases_open"]) == (2, 3, 0, 0)
    rest = (await admin.get("/v1/sites?after=K-1")).json()
    assert [row["id"] for row in rest["sites"]] == ["K-2"]
    assert not rest["more"]


async def test_a_site_counts_its_flags_and_cases(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = {
        "kind": "on_test",
        "site_id": "K-1",
        "duration_s": 60,
        "reason": "x",
        "verified_how": "operator",
        "scope": {"systems": ["fire"]},
    }
    await admin.post("/v1/flags", json=body)
    case_id = await desk.alarm("BA")
    row = (await admin.get("/v1/sites")).json()["sites"][0]
    assert (row["flags"], row["cases_open"]) == (1, 1)
    site = (await admin.get("/v1/sites/K-1")).json()
    assert site["cases_open"] == [case_id]
    assert site["unrestored"][0]["zone"] == "3"
    assert site["flags"][0]["reason"] == "x"


async def test_a_site_is_shown_without_secrets(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    site = (await admin.get("/v1/sites/K-1?lang=sv")).json()
    accounts = {account["number"]: account for account in site["systems"][0]["accounts"]}
    assert (accounts["1001"]["key"], accounts["1002"]["key"], accounts["1002"]["previous_key"]) == (False, True, True)
    assert site["contacts"][0]["code_word"] is True
    assert "duress" not in str(site), "not even that there is one"
    assert site["instructions"] == "Nyckeln."
    assert [guard["name"] for guard in site["guards"]] == ["Yksikkö 12", "Enhet 7"]
    assert site["systems"][0]["zones"][0]["name"] == SITE.systems[0].zones[0].name


async def test_last_heard_is_an_instant(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await desk.alarm("BA")
    accounts = (await admin.get("/v1/sites/K-1")).json()["systems"][0]["accounts"]
    assert [account["last_heard"] for account in accounts] == ["2026-01-01T00:00:00Z", None]


async def test_no_such_site(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/sites/K-77")
    assert answer.status_code == 404
    assert "arcctl sites list" in answer.json()["message"]


async def test_an_import_is_handed_to_the_daemon(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    files = {"centre.yaml": "name: x", "sites/a.yaml": "id: K-9"}
    answer = await admin.post("/v1/sites/import", json={"files": files, "remove_missing": True})
    assert answer.status_code == 200
    assert (answer.json()["granted"], answer.json()["added"], answer.json()["unchanged"]) == (True, ["K-9"], 3)
    assert answer.json()["message"] == "In force: 1 added, 0 changed, 0 removed, 3 unchanged."
    what, given, actor, dry_run, remove_missing = desk.imports[0]
    assert (what, dict(given or {}), actor.id, dry_run, remove_missing) == ("sites", files, f"os:{UID}", False, True)


async def test_an_import_with_errors_is_refused_with_all_of_them(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    problem = Problem(file="sites/a.yaml", line=3, column=5, message="no such zone", advice="write 3 instead")
    desk.import_report = ImportReport(applied=False, problems=(problem,))
    answer = await admin.post("/v1/sites/import", json={"files": {"sites/a.yaml": "x"}, "dry_run": True})
    assert answer.status_code == 409
    told = answer.json()
    assert (told["granted"], told["rule"], told["applied"]) == (False, "sites.import", False)
    assert (
        told["problems"][0] | {"file": "sites/a.yaml", "line": 3, "column": 5, "severity": "error"}
        == told["problems"][0]
    )
    assert "sites/a.yaml:3:5" in told["message"]


async def test_an_import_needs_files(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/sites/import", json={})
    assert (answer.status_code, answer.json()["message"]) == (422, "files is missing.")


async def test_a_wrong_file_is_not_repeated(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/sites/import", json={"files": {"a.yaml": {"key": "planted-secret"}}})
    assert answer.status_code == 422
    assert "planted-secret" not in answer.text


async def test_a_change_of_key_is_asked_for_without_the_key_in_any_answer(
    desk: FakeDesk, admin: httpx.AsyncClient
) -> None:
    new = "00112233445566778899aabbccddeeff"
    answer = await admin.post("/v1/sites/K-1/accounts/1002/key", json={"key": new})
    assert answer.status_code == 409, "nobody here is a supervisor"
    assert answer.json()["rule"] == "key.supervisor"
    (fact,) = desk.asked
    assert isinstance(fact, KeyChangeRequested)
    assert (fact.site_id, fact.account, fact.key is not None) == ("K-1", "1002", True)
    wrong = await admin.post("/v1/sites/K-1/accounts/1002/key", json={"key": "tooshort-9731"})
    assert wrong.status_code == 422
    assert "16, 24 or 32" in wrong.json()["message"]
    withdrawn = await admin.post("/v1/sites/K-1/accounts/1002/key", json={})
    assert withdrawn.status_code == 409
    for each in (answer, wrong, withdrawn):
        assert new not in each.text
        assert "9731" not in each.text
