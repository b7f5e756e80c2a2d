from __future__ import annotations

import httpx
import pytest

from arcd.core.facts import PathsSilent
from tests.arcd.api.desk import FakeDesk
from tests.arcd.api.lines import LINE, comes_back, fails, watched

PATH = f"/v1/paths/{LINE}"


async def test_a_path_from_never_heard_to_down_and_back(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    (row,) = (await admin.get("/v1/paths")).json()["paths"]
    assert (row["path"], row["state"], row["last_heard"]) == (LINE, "unknown", None)
    desk._station.watch.hear(LINE, desk.now())
    assert (await admin.get(PATH)).json()["state"] == "up"
    desk.clock.advance(120)
    assert (await admin.get(PATH)).json()["state"] == "late"
    await fails(desk)
    shown = (await admin.get(PATH)).json()
    assert (shown["state"], shown["since"]) == ("failed", "2026-01-01T00:02:00Z")
    assert shown["system_cut_off_since"] == shown["since"]
    assert shown["nodes"][0] == "daemon"
    assert (shown["category"], shown["reporting_limit_s"], shown["silent_limit_s"]) == ("SP4", 180, 145)
    await comes_back(desk)
    desk._station.watch.hear(LINE, desk.now())
    assert (await admin.get(PATH)).json()["state"] == "up"


async def test_settling_is_no_fault_yet(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await desk.take(PathsSilent(at=desk.now(), silent={LINE: desk.now()}))
    assert (await admin.get(PATH)).json()["state"] == "settling"


async def test_the_list_is_asked_by_site_and_state_and_goes_on(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    assert (await admin.get("/v1/paths?state=failed")).json() == {"paths": [], "storms": [], "more": False}
    assert len((await admin.get("/v1/paths?site=S-1&state=unknown")).json()["paths"]) == 1
    assert (await admin.get("/v1/paths?site=K-1")).json()["paths"] == []
    assert (await admin.get(f"/v1/paths?after={LINE}")).json()["paths"] == []
    assert (await admin.get("/v1/paths?site=S-9")).status_code == 404


@pytest.mark.parametrize("path", ["S-9/fire/mobile", "S-1/fire/other", "S-1/other/mobile"])
async def test_a_path_that_is_not_there(admin: httpx.AsyncClient, desk: FakeDesk, path: str) -> None:
    await watched(desk)
    answer = await admin.get(f"/v1/paths/{path}")
    assert answer.status_code == 404
    assert "arcctl paths list" in answer.text


async def test_an_account_on_a_supervised_path_was_heard_when_its_path_was(
    admin: httpx.AsyncClient, desk: FakeDesk
) -> None:
    await watched(desk)
    desk._station.watch.hear(LINE, desk.now())
    (system,) = (await admin.get("/v1/sites/S-1")).json()["systems"]
    assert [account["last_heard"] for account in system["accounts"]] == ["2026-01-01T00:00:00Z"]
