from __future__ import annotations

import httpx
import pytest

from arcd.api import asking
from arcd.api.flags import SCOPE_NAMES_MAX
from arcd.core.facts import (
    SUPERVISOR,
    Actor,
    Every,
    FlagEndRequested,
    FlagKind,
    FlagStartRequested,
    Recurrence,
)
from arcd.core.flags.placing import REASON_CHARS_MAX
from protocols.signals import Category
from tests.arcd.api.desk import UID, FakeDesk

NS = 1_000_000_000
TEST = {
    "kind": "on_test",
    "site_id": "K-1",
    "duration_s": 7200,
    "reason": "vuosikoestus",
    "verified_how": "operator",
}


async def test_a_site_goes_on_test(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = TEST | {
        "scope": {"systems": ["panel"], "zones": ["3"], "categories": ["intrusion"]},
        "requested_by": "anna",
    }
    answer = await admin.post("/v1/flags", json=body)
    assert answer.status_code == 201, answer.text
    flag_id = answer.json()["subject"]
    assert answer.headers["Location"] == f"/v1/flags/{flag_id}"
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert (fact.kind, fact.until - desk.now()) == (FlagKind.ON_TEST, 7200 * NS)
    assert (fact.actor.id, fact.requested_by, fact.verified_how) == (f"os:{UID}", "anna", "operator")
    assert (fact.scope.systems, fact.scope.zones, fact.scope.categories) == (("panel",), ("3",), (Category.INTRUSION,))

    shown = (await admin.get("/v1/flags")).json()["flags"][0]
    assert (shown["id"], shown["in_force"]) == (flag_id, True)
    assert (shown["until"], shown["until_local"]) == ("2026-01-01T02:00:00Z", "01.01.2026 04:00:00")


async def test_an_end_is_read_as_the_sites_local_time(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = TEST | {"kind": "maintenance", "duration_s": None, "until": "2026-01-05T16:00"}
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
        ({"kind": "maintenance", "duration_s": None}, "say when it ends: either until or duration_s."),
        ({"until": "2026-01-01T12:00"}, "say when it ends: either until or duration_s."),
        ({"duration_s": None, "until": "soon"}, "until: write a time like"),
        ({"starts_at": "1026-01-01T12:00"}, "starts_at: the year lies between"),
        ({"duration_s": 0}, "duration_s should be greater than 0."),
        ({"reason": ""}, "reason: String should have at least 1"),
        ({"reason": "x" * (REASON_CHARS_MAX + 1)}, "reason: String should have at most 500"),
        ({"verified_how": "code_word"}, "verified_how should be"),
        ({"informed": ["x"] * 21}, "informed: Tuple should have at most 20"),
        ({"recurrence": {"every": "day", "day": 1, "at": "10:00"}}, "recurrence.every should be 'week' or 'month'."),
        ({"recurrence": {"every": "week", "day": 1, "at": "24:00"}}, "recurrence.at: String should match"),
        ({"recurrence": {"every": "month", "day": 32, "at": "10:00"}}, "recurrence.day should be less than"),
        (
            {
                "recurrence": {"every": "month", "day": 3, "at": "10:00"},
                "duration_s": None,
                "until": "2026-02-01T10:00",
            },
            "what comes again has a duration_s, not an until.",
        ),
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


# ---------------------------------------------------------------------------------------------------- the whole of one


async def test_a_test_lasts_two_hours_unless_somebody_says_otherwise(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/v1/flags", json=TEST | {"duration_s": None})).status_code == 201
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert fact.until - fact.at == 7200 * NS


async def test_everything_that_can_be_asked_reaches_the_core(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = TEST | {
        "verified_how": "work_order",
        "work_order": "TT-18",
        "override_reason": "shop is open",
        "owner": "boss",
        "informed": ["naapurit"],
        "recurrence": {"every": "month", "day": 5, "at": "10:05"},
        "series_until": "2026-11-30T12:00",
    }
    answer = await admin.post("/v1/flags", json=body)
    assert answer.status_code == 201, answer.text
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert fact.recurrence == Recurrence(every=Every.MONTH, day=5, minute=605)
    assert fact.series_until == 1_796_032_800 * NS, "10:00 UTC"
    assert (fact.work_order, fact.override_reason, fact.owner, fact.informed) == (
        "TT-18", "shop is open", "boss", ("naapurit",),
    )  # fmt: skip
    shown = (await admin.get(answer.headers["Location"])).json()
    assert shown["starts_at_local"] == "05.01.2026 10:05:00"
    assert shown["series"] == {
        "every": "month",
        "day": 5,
        "at_local": "10:05",
        "timezone": "Europe/Helsinki",
        "ends_at": "2026-11-30T10:00:00Z",
    }
    ended = await admin.post(f"{answer.headers['Location']}/end", json={"reason": "x", "whole_series": True})
    assert ended.status_code == 200
    assert (await admin.get("/v1/flags")).json()["flags"] == []


async def test_one_test_live_and_afterwards(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = TEST | {"scope": {"categories": ["intrusion", "fire"], "systems": ["panel"]}}
    place = (await admin.post("/v1/flags", json=body)).headers["Location"]
    assert await desk.alarm("BA", zone="3") == ""
    await desk.alarm("FA", zone="4", sequence="2")
    live = (await admin.get(place)).json()
    assert (live["in_force"], live["ended_at"], live["held"], live["missing"]) == (True, None, 2, [])
    assert live["expected"] == ["panel/3", "panel/4"]
    assert [(held["code"], held["zone"], held["promoted"]) for held in live["signals"]] == [
        ("BA", "3", False), ("FA", "4", False),
    ]  # fmt: skip
    assert live["signals"][0]["code_name"] == "Burglary Alarm"
    assert [held["code"] for held in live["emergencies"]] == ["FA"]
    assert [(one["zone"], one["category"]) for one in live["standing"]] == [("3", "intrusion"), ("4", "fire")]

    seq = live["emergencies"][0]["seq"]
    promoted = await admin.post(f"{place}/signals/{seq}/promote", json={"reason": "it burns"})
    assert promoted.status_code == 200, promoted.text
    assert desk.state.cases[promoted.json()["subject"]].category is Category.FIRE
    again = await admin.post(f"{place}/signals/{seq}/promote", json={"reason": "it burns"})
    assert (again.status_code, again.json()["rule"]) == (409, "flag.promote")

    assert (await admin.post(f"{place}/end", json={"reason": "valmis"})).status_code == 200
    report = (await admin.get(place)).json()
    assert (report["in_force"], report["ended_at"] is not None, report["accepted"]) == (False, True, False)
    assert [one["zone"] for one in report["standing"]] == ["3"], "what was made live is that case's"
    assert report["emergencies"][0]["promoted"]
    assert desk.state.cases[report["case_id"]].type == "test_result"


async def test_a_notice_is_recorded(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    place = (await admin.post("/v1/flags", json=TEST | {"kind": "maintenance"})).headers["Location"]
    told = {"kind": "start", "to": "HÄKE", "reference": "7", "told_at": "2026-01-01T01:30"}
    assert (await admin.post(f"{place}/notices", json=told)).status_code == 200
    (notice,) = (await admin.get(place)).json()["notices"]
    assert (notice["kind"], notice["to"], notice["reference"], notice["at"]) == (
        "start", "HÄKE", "7", "2025-12-31T23:30:00Z",
    )  # fmt: skip
    again = await admin.post(f"{place}/notices", json=told)
    assert (again.status_code, again.json()["rule"]) == (409, "flag.notice")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", None),
        ("/notices", {"kind": "start", "to": "x"}),
        ("/signals/1/promote", {"reason": "x"}),
        ("/end", {"reason": "x"}),
    ],
)
async def test_no_such_flag(admin: httpx.AsyncClient, path: str, body: dict[str, str] | None) -> None:
    method = "GET" if body is None else "POST"
    answer = await admin.request(method, f"/v1/flags/F999{path}", json=body)
    assert answer.status_code == 404
    assert "arcctl" in answer.json()["message"]


async def test_the_list_of_one_site(admin: httpx.AsyncClient) -> None:
    await admin.post("/v1/flags", json=TEST)
    await admin.post("/v1/flags", json=TEST | {"site_id": "K-2"})
    listed = (await admin.get("/v1/flags?site=K-2")).json()["flags"]
    assert [flag["site_id"] for flag in listed] == ["K-2"]


async def test_a_supervisor_may_place_longer_tests(
    desk: FakeDesk, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "os_actor", lambda uid, group: Actor(id="os:saara", roles=(SUPERVISOR,)))
    assert (await admin.post("/v1/flags", json=TEST | {"duration_s": 24 * 3600})).status_code == 201
