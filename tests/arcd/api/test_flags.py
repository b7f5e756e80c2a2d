from __future__ import annotations

import httpx
import pytest

from arcd.api.flags import SCOPE_NAMES_MAX
from arcd.core.facts import FlagEndRequested, FlagKind, FlagStartRequested
from arcd.core.flags.placing import REASON_CHARS_MAX
from protocols.signals import Category
from tests.arcd.api.desk import UID, FakeDesk

NS = 1_000_000_000
TEST = {"kind": "on_test", "site_id": "K-1", "duration_s": 7200, "reason": "vuosikoestus"}


async def test_a_site_goes_on_test(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = TEST | {
        "scope": {"systems": ["panel"], "zones": ["3"], "categories": ["intrusion"]},
        "requested_by": "anna",
        "verified_how": "code_word",
    }
    answer = await admin.post("/v1/flags", json=body)
    assert answer.status_code == 201, answer.text
    flag_id = answer.json()["subject"]
    assert answer.headers["Location"] == f"/v1/flags/{flag_id}"
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert (fact.kind, fact.until - desk.now()) == (FlagKind.ON_TEST, 7200 * NS)
    assert (fact.actor.id, fact.requested_by, fact.verified_how) == (f"os:{UID}", "anna", "code_word")
    assert (fact.scope.systems, fact.scope.zones, fact.scope.categories) == (("panel",), ("3",), (Category.INTRUSION,))

    shown = (await admin.get("/v1/flags")).json()["flags"][0]
    assert (shown["id"], shown["in_force"]) == (flag_id, True)
    assert (shown["until"], shown["until_local"]) == ("2026-01-01T02:00:00Z", "01.01.2026 04:00:00")


async def test_an_end_is_read_as_the_sites_local_time(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = {"kind": "maintenance", "site_id": "K-1", "reason": "remontti", "until": "2026-01-05T16:00"}
    assert (await admin.post("/v1/flags", json=body)).status_code == 201
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert fact.until == 1_767_621_600 * NS, "14:00 UTC"


async def test_a_duration_runs_from_the_planned_start(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = TEST | {"starts_at": "2026-01-01T10:00:00Z", "duration_s": 60}
    assert (await admin.post("/v1/flags", json=body)).status_code == 201
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert fact.starts_at is not None
    assert fact.until - fact.starts_at == 60 * NS
    assert not (await admin.get("/v1/flags")).json()["flags"][0]["in_force"]


async def test_flags_are_listed_by_kind_and_end(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await admin.post("/v1/flags", json=TEST | {"duration_s": 300})
    await admin.post("/v1/flags", json=TEST | {"duration_s": 60})
    await admin.post("/v1/flags", json=TEST | {"kind": "maintenance", "duration_s": 30})
    ends = [flag["until"] for flag in (await admin.get("/v1/flags?kind=on_test")).json()["flags"]]
    assert ends == ["2026-01-01T00:01:00Z", "2026-01-01T00:05:00Z"]
    one = (await admin.get("/v1/flags?limit=1")).json()
    assert (len(one["flags"]), one["more"]) == (1, True)
    assert (await admin.get("/v1/flags?kind=nap")).json()["message"] == "kind should be 'on_test' or 'maintenance'."


async def test_a_flag_is_ended(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    flag_id = (await admin.post("/v1/flags", json=TEST)).json()["subject"]
    answer = await admin.post(f"/v1/flags/{flag_id}/end", json={"reason": "valmis"})
    assert (answer.status_code, answer.json()["granted"]) == (200, True)
    fact = desk.asked[-1]
    assert isinstance(fact, FlagEndRequested)
    assert (fact.flag_id, fact.reason, fact.actor.id) == (flag_id, "valmis", f"os:{UID}")
    assert (await admin.get("/v1/flags")).json()["flags"] == []
    gone = await admin.post(f"/v1/flags/{flag_id}/end", json={"reason": "again"})
    assert gone.status_code == 404
    assert "arcctl test list" in gone.json()["message"]


async def test_the_core_refuses_what_is_too_long(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/flags", json=TEST | {"duration_s": 9 * 3600})
    assert (answer.status_code, answer.json()["rule"]) == (409, "flag.expiry")
    assert not desk.state.flags


async def test_no_such_site(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/flags", json=TEST | {"site_id": "K-77"})
    assert answer.status_code == 404
    assert "arcctl sites list" in answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration_s": None}, "say when it ends: either until or duration_s."),
        ({"until": "2026-01-01T12:00"}, "say when it ends: either until or duration_s."),
        ({"duration_s": None, "until": "soon"}, "until: write a time like"),
        ({"starts_at": "1026-01-01T12:00"}, "starts_at: the year lies between"),
        ({"duration_s": 0}, "duration_s should be greater than 0."),
        ({"reason": ""}, "reason: String should have at least 1"),
        ({"reason": "x" * (REASON_CHARS_MAX + 1)}, "reason: String should have at most 500"),
        ({"kind": "nap"}, "kind should be 'on_test' or 'maintenance'."),
        ({"scope": {"zones": ["1"] * (SCOPE_NAMES_MAX + 1)}}, "scope.zones: Tuple should have at most 200"),
        ({"scope": {"categories": ["weather"]}}, "scope.categories.0 should be 'fire'"),
        ({"scope": {"doors": []}}, "scope.doors is not known here."),
    ],
)
async def test_bad_requests_are_answered_in_one_sentence(
    desk: FakeDesk, admin: httpx.AsyncClient, change: dict[str, object], message: str
) -> None:
    answer = await admin.post("/v1/flags", json=TEST | change)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(message)
    assert not desk.asked
