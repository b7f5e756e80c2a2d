from __future__ import annotations

import httpx

from tests.arcd.api.desk import FakeDesk


async def test_the_daemon_says_how_it_is(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    status = (await admin.get("/v1/status")).json()
    assert (status["ok"], status["version"], status["up_s"]) == (False, "0.1.0", 5.5)
    assert status["now"] == "2026-01-01T00:00:00Z"
    assert (status["cases_open"], status["outbox"]) == ({"P2": 1}, {"webhook": 2})
    assert status["listeners"] == [{"name": "dc09-tcp", "address": "127.0.0.1:9999/tcp"}]
    assert status["lines"][0] == {
        "name": "surgard-1", "dialect": "surgard", "where": "/dev/ttyS0 9600 8N2", "state": "absent",
        "since": "2025-12-31T23:59:55Z", "last_heard": "2025-12-31T23:59:50Z",
    }  # fmt: skip
    assert (status["lines"][1]["since"], status["lines"][1]["last_heard"]) == (None, None)
    assert status["checks"][1] == {"name": "mail", "ok": False, "detail": "refused"}
