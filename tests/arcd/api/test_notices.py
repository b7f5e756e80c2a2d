from __future__ import annotations

import httpx

from tests.arcd.api.desk import FakeDesk
from tests.arcd.api.lines import comes_back, fails, watched


async def test_a_notice_and_its_answer(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await fails(desk, tells=False)
    (notice,) = (await admin.get("/v1/notices")).json()["notices"]
    assert (notice["told"], notice["operator_name"], notice["count"]) == ("no", "Teleoperaattori Oy", 1)
    assert notice["lines"][0]["line"] == "S-1/fire/mobile"
    place = f"/v1/notices/{notice['id']}/answer"
    assert (await admin.post(place, json={})).json()["rule"] == "notice.answer"
    assert (await admin.post(place, json={"ticket": "1", "repair_expected_at": "soon"})).status_code == 422
    body = {"ticket": "INC-1", "answer": "Fibre cut", "repair_expected_at": "2026-01-01T16:00"}
    assert (await admin.post(place, json=body)).status_code == 200
    (notice,) = (await admin.get("/v1/notices")).json()["notices"]
    assert (notice["ticket"], notice["repair_expected_at"]) == ("INC-1", "2026-01-01T14:00:00Z")
    (row,) = (await admin.get("/v1/arrangements")).json()["arrangements"]
    assert row["state"] == "monitoring"


async def test_what_is_over_is_listed_when_asked_for(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await fails(desk)
    await comes_back(desk)
    assert (await admin.get("/v1/notices")).json()["notices"] == []
    (notice,) = (await admin.get("/v1/notices?open=false&operator=telia")).json()["notices"]
    assert (notice["told"], notice["down"], notice["over_at"] is not None) == ("yes", 0, True)
    assert (await admin.get("/v1/notices?open=false&operator=elisa")).json()["notices"] == []
    assert (await admin.post("/v1/notices/N1/answer", json={"ticket": "1"})).status_code == 404
