from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from msgspec.structs import replace

from arcd.core.facts import Actor, ScheduleChangeRequested, SiteImported
from arcd.core.schedules.changing import REASON_CHARS_MAX
from arcd.core.site import Account, Area, Hours, Schedule, System
from tests.arcd.api.desk import SITE, UID, FakeDesk

DAY = Hours(opens=480, closes=1260)
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), DAY)
PANEL = System(
    id="panel",
    kind="intrusion",
    accounts=(Account(number="1001"),),
    areas=(
        Area(number="01", name="Myymälä", reports_open_close=True, schedule=Schedule(weekdays=WEEK)),
        Area(number="2", schedule=Schedule(weekdays=WEEK, by_exception=True)),
        Area(number="3"),
    ),
    test_interval_s=86_400.0,
)
PLACE = {"site_id": "K-1", "system_id": "panel", "area": "1", "reason": "Inventaario"}
CHANGES = "/v1/schedules/changes"


@pytest.fixture
async def watched(desk: FakeDesk) -> FakeDesk:
    """A site that is expected to open, close and test."""
    await desk.take(SiteImported(at=desk.now(), site=replace(SITE, systems=(PANEL,)), actor=Actor(id="os:test")))
    return desk


async def test_what_is_expected_of_a_site(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = (await admin.get("/v1/schedules")).json()
    shop, quiet = answer["areas"]
    assert not answer["more"]
    assert shop == {
        "site_id": "K-1", "site_name": SITE.name, "system_id": "panel", "area": "01", "name": "Myymälä",
        "today": "08:00-21:00", "state": "unknown",
        "next": "opens", "next_at": "2026-01-01T06:00:00Z", "next_at_local": "1.1. 08:00",
        "late_at": "2026-01-01T06:15:00Z", "changes": [],
    }  # fmt: skip
    assert (quiet["area"], quiet["next"], quiet["next_at"], quiet["next_at_local"]) == ("2", "", None, "")


async def test_the_state_follows_what_was_heard(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    for code, state in (("CL", "closed"), ("OP", "open")):
        await watched.alarm(code, zone="4", sequence=code)
        assert (await admin.get("/v1/schedules", params={"site": "K-1"})).json()["areas"][0]["state"] == state


async def test_which_tests_are_expected(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = (await admin.get("/v1/schedules/tests")).json()
    assert answer == {
        "tests": [
            {
                "site_id": "K-1", "site_name": SITE.name, "system_id": "panel", "interval_s": 86_400.0,
                "only_tests_count": False, "due": "2026-01-02T01:30:00Z", "due_local": "2.1. 03:30",
            }
        ],
        "more": False,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/schedules", "/v1/schedules/tests"])
async def test_lists_are_bounded_and_know_their_sites(watched: FakeDesk, admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.get(path, params={"site": "K-9"})).status_code == 404
    assert (await admin.get(path, params={"site": "K-2"})).json()["more"] is False
    assert (await admin.get("/v1/schedules", params={"limit": 1})).json()["more"] is True


async def test_a_change_is_asked_for_and_refused_without_a_word(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = await admin.post(CHANGES, json=PLACE | {"hours": "08:00-23:00"})
    assert (answer.status_code, answer.json()["rule"]) == (409, "R-29")
    fact = watched.asked[-1]
    assert isinstance(fact, ScheduleChangeRequested)
    today = datetime.fromtimestamp(watched.now() / 1e9, UTC).date().isoformat()
    assert (fact.hours, fact.from_day, fact.until_day) == (Hours(opens=480, closes=1380), today, today)
    assert fact.actor.id == f"os:{UID}"


async def test_what_is_written_reaches_the_core(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = PLACE | {
        "hours": "closed", "from_day": "2026-01-05", "until_day": "2026-01-07", "requested_by": "anna",
        "identity_check": "I5",
    }  # fmt: skip
    await admin.post(CHANGES, json=body)
    fact = watched.asked[-1]
    assert isinstance(fact, ScheduleChangeRequested)
    assert (fact.hours, fact.from_day, fact.until_day) == (Hours(), "2026-01-05", "2026-01-07")
    assert (fact.requested_by, fact.identity_check, fact.reason) == ("anna", "I5", "Inventaario")
    await admin.post(f"{CHANGES}/H7/withdraw", json=PLACE | {"requested_by": "anna", "identity_check": "I5"})
    fact = watched.asked[-1]
    assert isinstance(fact, ScheduleChangeRequested)
    assert (fact.withdraws, fact.requested_by) == ("H7", "anna")


async def test_a_granted_change_is_listed(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    boss = Actor(id="os:pomo", roles=("supervisor",))
    fact = ScheduleChangeRequested(
        at=watched.now(), site_id="K-1", system_id="panel", area="1", actor=boss, hours=Hours(opens=600, closes=900),
        from_day="2026-01-01", until_day="2026-01-01", reason="Inventaario",
    )  # fmt: skip
    answer = await watched.ask(fact)
    shop = (await admin.get("/v1/schedules")).json()["areas"][0]
    assert shop["today"] == "10:00-15:00"
    assert shop["changes"] == [
        {
            "id": answer.subject, "hours": "10:00-15:00", "from_day": "2026-01-01", "until_day": "2026-01-01",
            "reason": "Inventaario", "by": "os:pomo", "requested_by": "",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"hours": "8-21"}, 'hours: these are not hours; write them like "08:00-21:00", or closed.'),
        ({"hours": "08:00-08:00"}, "hours: it would open and close at once"),
    ],
)
async def test_hours_nobody_could_keep(
    watched: FakeDesk, admin: httpx.AsyncClient, body: dict[str, str], said: str
) -> None:
    answer = await admin.post(CHANGES, json=PLACE | body)
    assert answer.status_code == 422
    assert said in answer.text.replace('\\"', '"')
    assert watched.asked == []


async def test_unknown_sites_and_long_reasons(watched: FakeDesk, admin: httpx.AsyncClient) -> None:
    for path in (CHANGES, f"{CHANGES}/H1/withdraw"):
        body = PLACE | ({"hours": "closed"} if path == CHANGES else {})
        assert (await admin.post(path, json=body | {"site_id": "K-9"})).status_code == 404
        assert (await admin.post(path, json=body | {"reason": "x" * (REASON_CHARS_MAX + 1)})).status_code == 422
