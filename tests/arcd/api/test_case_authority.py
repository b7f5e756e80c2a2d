"""Telling an authority over the admin API: what is shown, what is asked, what is recorded."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from arcd.core.facts import AuthorityCalled, AuthorityRequested
from tests.arcd.api.desk import FakeDesk

CALL = {
    "authority": "Hätäkeskus",
    "number": "+358 40 555 0180",
    "answer": "accepted",
    "person": "Salo",
    "reference": "P-77",
}


async def a_holdup(desk: FakeDesk) -> str:
    return await desk.alarm("HA")


async def shown(admin: httpx.AsyncClient, case_id: str, lang: str = "en") -> dict[str, Any]:
    answer = await admin.get(f"/v1/cases/{case_id}/authority?lang={lang}")
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


async def test_a_holdup_is_to_be_called_in_at_once(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    seen = await shown(admin, await a_holdup(desk))
    assert (seen["connector"], seen["status"], seen["call_now"]) == ("manual_phone", "calling", True)
    assert seen["status_text"] == "CALL BY PHONE NOW"
    assert seen["script"][0] == "This is the alarm receiving centre Keskus. I report: Hold-up alarm."
    assert set(seen["fields"]) == {"authority", "number", "called_at", "answer", "person", "reference"}
    assert {check["result"] for check in seen["checks"]} == {"passed"}


@pytest.mark.parametrize(("lang", "words"), [("fi", "SOITA PUHELIMELLA NYT"), ("sv", "RING PER TELEFON NU")])
async def test_in_the_operators_language(desk: FakeDesk, admin: httpx.AsyncClient, lang: str, words: str) -> None:
    assert (await shown(admin, await a_holdup(desk), lang))["status_text"] == words


async def test_a_call_is_recorded(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await a_holdup(desk)
    answer = await admin.post(f"/v1/cases/{case_id}/authority/calls", json=CALL)
    assert (answer.status_code, answer.json()["subject"]) == (200, case_id)
    fact = desk.asked[-1]
    assert isinstance(fact, AuthorityCalled)
    assert (fact.called_at, fact.actor.id) == (desk.now(), "os:4000000000")
    seen = await shown(admin, case_id)
    assert (seen["status"], seen["reference"], seen["call_now"]) == ("accepted", "P-77", False)
    (call,) = seen["phone"][0]["calls"]
    assert (call["person"], call["answer_text"]) == ("Salo", "the report was taken")


async def test_what_is_missing_is_named(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await a_holdup(desk)
    answer = await admin.post(f"/v1/cases/{case_id}/authority/calls", json=CALL | {"reference": ""})
    assert (answer.status_code, answer.json()["rule"]) == (409, "authority.fields")
    answer = await admin.post(f"/v1/cases/{case_id}/authority/calls", json=CALL | {"called_at": "yesterday"})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("called_at: write a time like")
    answer = await admin.post(f"/v1/cases/{case_id}/authority/calls", json=CALL | {"answer": "maybe"})
    assert answer.status_code == 422


async def test_an_action_is_a_fact(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    body = {"level": 3, "reason": "Seen on camera"}
    assert (await admin.post(f"/v1/cases/{case_id}/authority/level", json=body)).status_code == 200
    fact = desk.asked[-1]
    assert isinstance(fact, AuthorityRequested)
    assert (fact.level, fact.reason) == (3, "Seen on camera")
    assert (await shown(admin, case_id))["level_text"] == "a threat to property is confirmed"


async def test_a_refusal_says_what_would_be_taken(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    answer = await admin.post(f"/v1/cases/{case_id}/authority/notify", json={})
    assert (answer.status_code, answer.json()["rule"]) == (409, "gate.confirm")
    assert "--reason" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/cases/C99/authority"),
        ("POST", "/v1/cases/C99/authority/notify"),
        ("POST", "/v1/cases/C99/authority/calls"),
    ],
)
async def test_no_such_case(desk: FakeDesk, admin: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await admin.request(method, path, json=CALL if path.endswith("calls") else {})
    assert (answer.status_code, answer.json()["rule"]) == (404, "not_found")


async def test_no_such_action(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    assert (await admin.post(f"/v1/cases/{case_id}/authority/dial", json={})).status_code == 422


async def test_it_is_part_of_the_case(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await a_holdup(desk)
    case = (await admin.get(f"/v1/cases/{case_id}")).json()
    assert case["authority"]["call_now"] is True
