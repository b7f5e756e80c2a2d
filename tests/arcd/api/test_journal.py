from __future__ import annotations

import json
import os
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from arcd.api import serving
from arcd.api.admin import admin_app
from arcd.api.asking import os_actor
from arcd.api.serving import listen_unix, serve_app
from arcd.core.facts import CaseNoted, SensitiveRead
from tests.arcd.api.desk import FakeDesk
from tests.arcd.store.journal import erase
from tests.patience import PATIENCE_S, in_time


async def test_entries_are_shown_in_order(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    answer = (await admin.get("/v1/journal")).json()
    assert [entry["seq"] for entry in answer["entries"]] == [1, 2, 3, 4]
    assert answer["next"] is None
    last = answer["entries"][-1]
    assert (last["kind"], last["at"], last["erased"]) == ("frame_received", "2026-01-01T00:00:00Z", False)
    assert last["record"]["judgements"][0] | {"judged": "opened", "case_id": case_id} == last["record"]["judgements"][0]
    assert last["previous_hash"] == answer["entries"][-2]["hash"]
    assert "salt" not in last


async def test_secrets_in_facts_are_shown_as_true(admin: httpx.AsyncClient) -> None:
    entries = (await admin.get("/v1/journal?kind=site_imported")).json()["entries"]
    site = entries[0]["record"]["fact"]["site"]
    assert site["systems"][0]["accounts"][1]["key"] is True
    assert site["contacts"][0]["code_word_hash"] is True
    centre = (await admin.get("/v1/journal?kind=centre_imported")).json()["entries"][0]["record"]["fact"]["centre"]
    assert centre["guards"][0]["webhook_url"] == "https://guards.example.invalid/hook"


async def test_entries_are_picked_and_paged(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    await admin.post(f"/v1/cases/{case_id}/notes", json={"text": "x"})
    of_case = (await admin.get(f"/v1/journal?subject=case/{case_id}")).json()["entries"]
    assert [entry["kind"] for entry in of_case] == ["frame_received", "case_noted"]
    of_site = (await admin.get("/v1/journal?subject=site/K-1&kind=site_imported")).json()["entries"]
    assert [entry["seq"] for entry in of_site] == [2]
    first = (await admin.get("/v1/journal?limit=2")).json()
    assert first["next"] == 2
    second = (await admin.get(f"/v1/journal?after={first['next']}&until=4")).json()
    assert [entry["seq"] for entry in second["entries"]] == [3, 4]
    assert second["next"] is None


async def test_entries_since_an_instant(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    for sequence in range(20):
        desk.clock.advance(60)
        await desk.alarm("BA", sequence=str(sequence))
    answer = (await admin.get("/v1/journal?since=2026-01-01T00:18:00Z")).json()
    assert [entry["at"] for entry in answer["entries"]] == [f"2026-01-01T00:{minute}:00Z" for minute in (18, 19, 20)]
    assert (await admin.get("/v1/journal?since=2030-01-01T00:00:00Z")).json()["entries"] == []
    assert len((await admin.get("/v1/journal?since=2001-01-01T00:00:00Z")).json()["entries"]) == 23


async def test_an_erased_entry_is_shown_as_erased(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await erase(desk.store, [2])
    entry = (await admin.get("/v1/journal?after=1&limit=1")).json()["entries"][0]
    assert (entry["erased"], entry["record"]) == (True, None)
    assert len(entry["hash"]) == 64


async def test_the_head_is_where_the_chain_stands(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    head = (await admin.get("/v1/journal/head")).json()
    assert head == {"seq": 3, "at": "2026-01-01T00:00:00Z", "hash": (await desk.store.head()).hash.hex()}


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "limit=0", "limit=5000", "since=then", "subject=" + "x" * 101]
)
async def test_bad_questions(admin: httpx.AsyncClient, query: str) -> None:
    answer = await admin.get(f"/v1/journal?{query}")
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(query.partition("=")[0])


async def test_a_follower_hears_each_new_entry_and_goes_away(desk: FakeDesk, tmp_path: Path) -> None:
    """Over a real socket: what is known of the reader's going away is what the kernel tells."""
    path = tmp_path / "arcd.sock"
    actor = os_actor(os.getuid())
    async with serve_app(admin_app(desk), listen_unix(path)):
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://arcd", timeout=PATIENCE_S) as client:
            async with client.stream("GET", "/v1/journal/follow?after=2") as answer:
                assert answer.headers["content-type"].startswith("application/x-ndjson")
                lines = answer.aiter_lines()
                assert json.loads(await anext(lines))["seq"] == 3
                await desk.take(CaseNoted(at=desk.now(), case_id="C9", text="x", actor=actor))
                assert json.loads(await anext(lines))["kind"] == "case_noted"
                assert desk.following == 1
                assert [fact.what for fact in desk.posted if isinstance(fact, SensitiveRead)] == ["journal"]
        await in_time(desk.left.wait())
    assert desk.following == 0


async def test_a_stop_waits_for_no_follower(
    desk: FakeDesk, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "STOP_TIMEOUT_S", 3600)
    path = tmp_path / "arcd.sock"
    transport = httpx.AsyncHTTPTransport(uds=str(path))
    async with httpx.AsyncClient(transport=transport, base_url="http://arcd", timeout=PATIENCE_S) as client:
        async with AsyncExitStack() as serves:
            await serves.enter_async_context(serve_app(admin_app(desk), listen_unix(path)))
            async with client.stream("GET", "/v1/journal/follow?after=2") as answer:
                lines = answer.aiter_lines()
                assert json.loads(await anext(lines))["seq"] == 3
                await in_time(serves.aclose())
                with pytest.raises(httpx.RemoteProtocolError):
                    await anext(lines)
    await in_time(desk.left.wait())
    assert caplog.records == []
