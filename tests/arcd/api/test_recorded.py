"""Every route that shows something of a site or a case says so in the journal, and every other one has its reason."""

from __future__ import annotations

from typing import Final

import httpx
import pytest

from arcd.api.admin import admin_app
from arcd.api.arrangements import CASE_TYPE
from arcd.api.asking import os_actor
from arcd.core.facts import SensitiveRead
from tests.arcd.api.desk import UID, FakeDesk
from tests.arcd.api.lines import LINE, fails, watched
from tests.arcd.api.test_admin import described
from tests.arcd.api.test_guard import path_of

# Route as it is asked → what is recorded, and of what. {case} is a case of site K-1.
READS: Final = {
    "/v1/cases": ("cases", "centre"),
    "/v1/cases?site=K-1": ("cases", "site/K-1"),
    "/v1/cases/{case}": ("case", "case/{case}"),
    "/v1/cases/{case}/authority": ("authority", "case/{case}"),
    "/v1/paths": ("paths", "centre"),
    f"/v1/paths/{LINE}": ("paths", "site/S-1"),
    "/v1/flags/{flag}": ("flag", "site/K-1"),
    "/v1/arrangements/{arrangement}/report": ("arrangement", "case/{arrangement}"),
    "/v1/relays?site=K-1": ("relays", "site/K-1"),
    "/v1/notices": ("notices", "centre"),
    "/v1/arrangements": ("arrangements", "centre"),
    "/v1/lines/report?site=S-1": ("lines", "site/S-1"),
    "/v1/lines/chart?site=S-1": ("lines", "site/S-1"),
    "/v1/schedules": ("schedules", "centre"),
    "/v1/schedules/tests?site=K-1": ("schedules", "site/K-1"),
    "/v1/flags": ("flags", "centre"),
    "/v1/sites": ("sites", "centre"),
    "/v1/sites/K-1": ("site", "site/K-1"),
    "/v1/journal": ("journal", "centre"),
    "/v1/journal?subject=case/{case}": ("journal", "case/{case}"),
}
# Streams, which do not end by themselves: tried over a real socket, and on a real line.
STREAMS: Final = {
    "/v1/journal/follow": "test_journal.py",
    "/v1/receiver-lines/{name}/capture": "tests/e2e/test_lines.py",
}
NOTHING_PERSONAL: Final = {
    "/v1/status": "counts, addresses of our own listeners, states of our own lines and outputs",
    "/v1/outputs": "names and counts of our own outputs",
    "/v1/journal/head": "a number and a hash",
    "/v1/audit/checkpoints": "numbers and signatures",
    "/v1/audit/keys": "public keys",
    "/v1/audit/holds": "ids, and why they are held",
    "/v1/audit/seals": "numbers and hashes",
    "/v1/rules": "rules",
    "/v1/rules/history": "rules, and who of the centre changed them",
}


def reads_of(desk: FakeDesk) -> list[SensitiveRead]:
    return [fact for fact in desk.posted if isinstance(fact, SensitiveRead)]


def route_of(path: str) -> str:
    named = path.partition("?")[0].replace(LINE, "{site_id}/{system_id}/{path_id}").replace("K-1", "{site_id}")
    for name in ("{case}", "{arrangement}"):
        named = named.replace(name, "{case_id}")
    return named.replace("{flag}", "{flag_id}")


def test_each_route_is_recorded_or_has_a_reason_not_to_be(desk: FakeDesk) -> None:
    tables = [set(map(route_of, READS)), set(STREAMS), set(NOTHING_PERSONAL)]
    assert sum(map(len, tables)) == len(set.union(*tables)), "a route is in one table only"
    assert set.union(*tables) == {path for method, path in described(desk) if method == "GET"}


@pytest.mark.parametrize("path", READS)
async def test_what_is_shown_is_recorded(desk: FakeDesk, admin: httpx.AsyncClient, path: str) -> None:
    """With why, where that is asked for."""
    names = {"case": await desk.alarm("BA")}
    await watched(desk)
    await fails(desk)
    names["arrangement"] = next(case.id for case in desk.state.cases.values() if case.type == CASE_TYPE)
    flag = {"kind": "on_test", "site_id": "K-1", "reason": "huolto", "duration_s": 60, "verified_how": "operator"}
    names["flag"] = (await admin.post("/v1/flags", json=flag)).json()["subject"]
    query = "&why=%202026/17" if "?" in path else "?why=%202026/17"
    answer = await admin.get(path.format(**names) + query)
    assert answer.status_code == 200, answer.text
    [read] = reads_of(desk)
    what, subject = READS[path]
    assert (read.what, read.subject, read.reason) == (what, subject.format(**names), "2026/17")
    assert (read.actor, read.at, read.count) == (os_actor(UID), desk.now(), 1)


@pytest.mark.parametrize("path", NOTHING_PERSONAL)
async def test_what_is_nobodys_is_not(desk: FakeDesk, admin: httpx.AsyncClient, path: str) -> None:
    await desk.alarm("BA")
    assert (await admin.get(path)).status_code == 200
    assert not reads_of(desk)


async def test_what_is_not_there_is_no_read(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    for path in ("/v1/cases/C99", "/v1/sites/K-99", "/v1/flags/F9", "/v1/paths/K-1/panel/none"):
        assert (await admin.get(path)).status_code == 404
    assert not reads_of(desk)


async def test_an_explanation_of_a_site_is_a_read_of_it(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    signal = {"scheme": "sia", "code": "BA"}
    assert (await admin.post("/v1/rules/explain", json={"signal": signal})).status_code == 200
    assert not reads_of(desk)
    assert (await admin.post("/v1/rules/explain", json={"signal": signal, "site_id": "K-1"})).status_code == 200
    assert [(read.what, read.subject) for read in reads_of(desk)] == [("explanation", "site/K-1")]


async def test_a_replay_of_the_past_is_a_read_of_all_of_it(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/v1/rules/replay", json={"files": {}})).status_code == 200
    assert [(read.what, read.subject) for read in reads_of(desk)] == [("replay", "centre")]


async def test_a_case_is_shown_and_worked_on_while_the_disk_takes_nothing(
    desk: FakeDesk, admin: httpx.AsyncClient
) -> None:
    case_id = await desk.alarm("BA")
    desk.is_stuck = True
    answer = await admin.get(f"/v1/cases/{case_id}")
    assert (answer.status_code, answer.json()["id"]) == (200, case_id)
    assert len(reads_of(desk)) == 1, "the record waits for the disk"
    desk.audit.reads.finish()
    assert reads_of(desk)[1].ahead == 1


async def test_what_a_guard_sees_of_a_job_is_recorded(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    for _ in range(2):
        assert (await guard.get(path_of(desk, f"{case_id}-1"))).status_code == 200
    [read] = reads_of(desk)
    assert (read.what, read.subject, read.actor.id) == ("job", f"case/{case_id}", "guard:g1")
    assert (await guard.get("/g/nonsense")).status_code == 404
    assert len(reads_of(desk)) == 1


def test_the_reason_has_a_limit_in_every_description(desk: FakeDesk) -> None:
    paths = admin_app(desk).openapi()["paths"]
    for place in ("/v1/cases/{case_id}", "/v1/journal", "/v1/sites/{site_id}"):
        [why] = [each for each in paths[place]["get"]["parameters"] if each["name"] == "why"]
        assert why["schema"]["maxLength"] == 500, place


@pytest.mark.parametrize("path", ["/v1/cases?site=%00", "/v1/flags?site=K%001", "/v1/journal?subject=case/C1%00"])
async def test_what_could_not_be_stored_is_refused(desk: FakeDesk, admin: httpx.AsyncClient, path: str) -> None:
    """An entry that the store refuses would end the daemon."""
    assert (await admin.get(path)).status_code == 422
    assert not reads_of(desk)
