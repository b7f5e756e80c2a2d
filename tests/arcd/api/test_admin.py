"""The application as a whole: who is let in, what every answer has in common, what it says of itself."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from arcd.api.admin import BODY_BYTES_MAX, LARGER_BODIES, admin_app
from arcd.api.answers import View
from arcd.api.asking import os_actor
from arcd.api.cases import Cases
from arcd.api.flags import Flags
from arcd.api.journal import Entries
from arcd.api.serving import listen_unix, serve_app
from arcd.api.sites import Sites
from arcd.store import StoreError
from tests.arcd.api.desk import FakeDesk, client_of
from tests.patience import PATIENCE_S

ROUTES = {
    ("GET", "/v1/status"),
    ("GET", "/v1/cases"),
    ("POST", "/v1/cases"),
    ("GET", "/v1/cases/{case_id}"),
    ("POST", "/v1/cases/{case_id}/moves/{move}"),
    ("POST", "/v1/cases/{case_id}/notes"),
    ("POST", "/v1/cases/{case_id}/steps/{step}"),
    ("POST", "/v1/cases/{case_id}/renew"),
    ("POST", "/v1/cases/{case_id}/sla"),
    ("GET", "/v1/paths"),
    ("GET", "/v1/paths/{site_id}/{system_id}/{path_id}"),
    ("GET", "/v1/outputs"),
    ("POST", "/v1/outputs/{name}"),
    ("GET", "/v1/relays"),
    ("POST", "/v1/relays"),
    ("POST", "/v1/sites/{site_id}/accounts/{account}/key"),
    ("GET", "/v1/notices"),
    ("POST", "/v1/notices/{notice_id}/answer"),
    ("GET", "/v1/arrangements"),
    ("GET", "/v1/arrangements/{case_id}/report"),
    ("POST", "/v1/cases/{case_id}/informed"),
    ("GET", "/v1/lines/report"),
    ("GET", "/v1/lines/chart"),
    ("GET", "/v1/receiver-lines/{name}/capture"),
    ("GET", "/v1/schedules"),
    ("GET", "/v1/schedules/tests"),
    ("POST", "/v1/schedules/changes"),
    ("POST", "/v1/schedules/changes/{change_id}/withdraw"),
    ("GET", "/v1/flags"),
    ("POST", "/v1/flags"),
    ("GET", "/v1/flags/{flag_id}"),
    ("POST", "/v1/flags/{flag_id}/end"),
    ("POST", "/v1/flags/{flag_id}/notices"),
    ("POST", "/v1/flags/{flag_id}/signals/{seq}/promote"),
    ("POST", "/v1/identity-checks"),
    ("GET", "/v1/sites"),
    ("GET", "/v1/sites/{site_id}"),
    ("POST", "/v1/sites/import"),
    ("GET", "/v1/journal"),
    ("POST", "/v1/audit/checkpoint"),
    ("GET", "/v1/audit/checkpoints"),
    ("GET", "/v1/audit/keys"),
    ("GET", "/v1/audit/holds"),
    ("POST", "/v1/audit/holds"),
    ("POST", "/v1/audit/erase"),
    ("GET", "/v1/audit/seals"),
    ("POST", "/v1/audit/seal"),
    ("POST", "/v1/audit/prune"),
    ("POST", "/v1/audit/verified"),
    ("POST", "/v1/audit/copied"),
    ("POST", "/v1/audit/export"),
    ("GET", "/v1/journal/head"),
    ("GET", "/v1/cases/{case_id}/authority"),
    ("POST", "/v1/cases/{case_id}/authority/{action}"),
    ("POST", "/v1/cases/{case_id}/authority/calls"),
    ("GET", "/v1/journal/follow"),
    ("GET", "/v1/rules"),
    ("GET", "/v1/rules/history"),
    ("POST", "/v1/rules/reload"),
    ("POST", "/v1/rules/replay"),
    ("POST", "/v1/rules/rollback"),
    ("POST", "/v1/rules/explain"),
}


def described(desk: FakeDesk) -> dict[tuple[str, str], dict[str, Any]]:
    paths = admin_app(desk).openapi()["paths"]
    return {(method.upper(), path): route for path, routes in paths.items() for method, route in routes.items()}


async def test_the_routes_are_these_and_each_says_what_it_does(desk: FakeDesk) -> None:
    routes = described(desk)
    assert set(routes) == ROUTES
    for place, route in routes.items():
        assert route.get("summary"), place
        assert len(route["summary"].split()) >= 3, f"{place}: {route['summary']} is the function's name"
        assert route["responses"].keys() >= {"403", "404", "422"}, place


async def test_what_the_description_refers_to_is_in_it(desk: FakeDesk) -> None:
    text = json.dumps(description := admin_app(desk).openapi())
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert referred >= {"Refused", "Granted"}
    assert referred <= description["components"]["schemas"].keys()


async def test_the_description_is_served(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/openapi.json")
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "arcd")
    for page in ("/docs", "/redoc"):
        assert (await admin.get(page)).status_code == 404


@pytest.mark.parametrize("host", ["127.0.0.1", "", "uid:", "uid:root", "uid:-1", "uid:٣"])
async def test_only_a_peer_of_the_socket_is_let_in(desk: FakeDesk, host: str) -> None:
    async with client_of(admin_app(desk), host=host) as client:
        for method, path in sorted({*ROUTES, ("GET", "/v1/openapi.json"), ("GET", "/v1/nothing")}):
            answer = await client.request(method, path.replace("{", "").replace("}", ""), json={})
            assert (answer.status_code, answer.json()["rule"]) == (403, "peer"), path
    assert not desk.asked
    assert not desk.imports


async def test_over_a_real_socket_the_os_user_is_the_actor(desk: FakeDesk, tmp_path: Path) -> None:
    case_id = await desk.alarm("BA")
    path = tmp_path / "arcd.sock"
    async with serve_app(admin_app(desk), listen_unix(path)):
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        headers = {"X-Forwarded-For": "uid:0", "Forwarded": "for=uid:0"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://arcd", timeout=PATIENCE_S, headers=headers
        ) as client:
            answer = await client.post(f"/v1/cases/{case_id}/notes", json={"text": "x"})
            large = await client.post("/v1/cases", content=b"x" * (BODY_BYTES_MAX + 1))
    assert answer.status_code == 200, answer.text
    assert desk.asked[-1].actor == os_actor(os.getuid())  # type: ignore[union-attr]  # – a note has an actor
    assert large.status_code == 413


async def test_busy_is_said_with_a_time_to_come_back(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    desk.is_busy = True
    answer = await admin.post(f"/v1/cases/{case_id}/notes", json={"text": "x"})
    assert (answer.status_code, answer.json()["rule"], answer.headers["Retry-After"]) == (503, "busy", "2")


async def test_a_store_that_fails_is_said(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    desk.store.fail_next_commit = StoreError("the disk is full; make room")
    answer = await admin.post(f"/v1/cases/{case_id}/notes", json={"text": "x"})
    assert (answer.status_code, answer.json()["rule"]) == (503, "store")
    assert answer.json()["message"] == "the disk is full; make room"


async def test_a_defect_of_ours_is_said_without_its_innards(
    desk: FakeDesk, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("innards")

    monkeypatch.setattr(desk, "status", fail)
    answer = await admin.get("/v1/status")
    assert (answer.status_code, answer.json()["rule"]) == (500, "internal")
    assert "innards" not in answer.text


async def test_what_is_not_there_points_to_what_is(admin: httpx.AsyncClient) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("DELETE", "/v1/cases", 405), ("GET", "/v1/cases/", 404)):
        answer = await admin.request(method, path)
        assert answer.status_code == status
        assert answer.json()["granted"] is False
        assert answer.json()["message"]
    assert (await admin.request("DELETE", "/v1/cases")).headers["Allow"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a JSON body is needed."),
        (b"{", "the body is not JSON: "),
        (b"[]", "the body is not a JSON object."),
        (b'"x"', "the body is not a JSON object."),
        (b"\xff", "The body cannot be read: send JSON in UTF-8."),
    ],
)
async def test_what_is_no_json_object_is_said(admin: httpx.AsyncClient, content: bytes, message: str) -> None:
    answer = await admin.post("/v1/cases", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["granted"] is False
    assert answer.json()["message"].startswith(message), answer.text


async def test_bodies_are_limited_and_imports_less(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    assert (await admin.post("/v1/cases", content=b" " * (BODY_BYTES_MAX + 1))).status_code == 413
    for path, bytes_max in LARGER_BODIES.items():
        assert bytes_max > BODY_BYTES_MAX
        text = "x" * (BODY_BYTES_MAX + 1)
        answer = await admin.post(path, json={"files": {"a.yaml": text}})
        assert answer.status_code == (409 if path == "/v1/rules/replay" else 200), "taken, and read as rules"
    assert len(desk.imports) == 2


async def test_lists_are_what_the_description_says(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    """Their rows are rendered one by one, past the framework's own check."""
    await desk.alarm("BA")
    test = {"kind": "on_test", "site_id": "K-1", "duration_s": 60, "reason": "x", "verified_how": "operator"}
    await admin.post("/v1/flags", json=test)
    models: list[tuple[str, type[View]]] = [
        ("/v1/cases", Cases), ("/v1/sites", Sites), ("/v1/flags", Flags), ("/v1/journal", Entries),
    ]  # fmt: skip
    for path, model in models:
        answer = await admin.get(path)
        shown = model.model_validate_json(answer.content)
        assert shown.model_dump(mode="json") == answer.json()
        assert next(iter(answer.json().values())), f"{path} is empty"


async def test_no_answer_to_anything_holds_a_secret(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    """The client's own hook searches every body; here every readable place is visited once."""
    case_id = await desk.alarm("BA")
    for path in (
        "/v1/status", "/v1/cases", f"/v1/cases/{case_id}", "/v1/flags", "/v1/sites", "/v1/sites/K-1", "/v1/journal",
        "/v1/journal/head", "/v1/rules?sources=true",
    ):  # fmt: skip
        assert (await admin.get(path)).status_code == 200
    journal = (await admin.get("/v1/journal")).json()
    assert "code_word_hash" in json.dumps(journal), "the search would find something"
