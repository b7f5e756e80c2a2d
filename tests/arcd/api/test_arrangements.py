from __future__ import annotations

import httpx

from arcd.core.facts import PartyInformed
from tests.arcd.api.desk import FakeDesk
from tests.arcd.api.lines import comes_back, fails, passes, watched


async def _moves(admin: httpx.AsyncClient, case_id: str, name: str, **form: str) -> httpx.Response:
    return await admin.post(f"/v1/cases/{case_id}/moves/{name}", json={"form": form})


async def test_whose_time_is_up_next(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    assert (await admin.get("/v1/arrangements")).json() == {"arrangements": [], "more": False}
    await fails(desk)
    await passes(desk, 600)
    (row,) = (await admin.get("/v1/arrangements?lang=sv")).json()["arrangements"]
    assert (row["state"], row["state_title"]) == ("operator_notified", "Transmissionsoperatören underrättad")
    assert (row["left_s"], row["soon"]) == (3600 - 785, False)
    assert (row["site_id"], row["system_id"], row["not_told_again"]) == ("S-1", "fire", 1)
    await passes(desk, 2000)
    (row,) = (await admin.get("/v1/arrangements")).json()["arrangements"]
    assert (row["soon"], row["priority"]) == (True, "P4")
    await passes(desk, 900)
    (row,) = (await admin.get("/v1/arrangements")).json()["arrangements"]
    assert (row["state"], row["priority"], row["left_s"], row["limit_at"]) == ("threshold", "P2", None, None)


async def test_the_report_has_names_durations_and_what_the_subscriber_wants(
    admin: httpx.AsyncClient, desk: FakeDesk
) -> None:
    await watched(desk)
    await fails(desk)
    (row,) = (await admin.get("/v1/arrangements")).json()["arrangements"]
    case_id = row["case_id"]
    await _moves(admin, case_id, "contact_rescue", rescue_person="Laine")
    report = (await admin.get(f"/v1/arrangements/{case_id}/report?lang=en")).json()
    assert report["figures"]["rescue_contacted_at"] is not None
    assert report["figures"]["down_s"] == 185
    assert report["instructions"] == "Guard company first."
    assert "With whom (name, post): Laine" in report["text"]
    assert [each["name"] for each in report["informed"]] == ["Kaisa", "Teleoperaattori Oy"]
    assert (await admin.get("/v1/arrangements/C9999/report")).status_code == 404


async def test_a_closed_one_still_has_its_report(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await fails(desk)
    (row,) = (await admin.get("/v1/arrangements")).json()["arrangements"]
    await comes_back(desk)
    await passes(desk, 901)
    await passes(desk, 2 * 86_400)
    assert row["case_id"] not in desk.state.cases
    report = (await admin.get(f"/v1/arrangements/{row['case_id']}/report?lang=fi")).json()
    assert "Tila: Päätetty" in report["text"]
    assert "Yhteys poikki: 3 min 5 s" in report["text"]


async def test_no_other_case_is_an_arrangement(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    case_id = await desk.alarm()
    answer = await admin.get(f"/v1/arrangements/{case_id}/report")
    assert (answer.status_code, answer.json()["rule"]) == (404, "not_found")


async def test_telling_somebody_and_that_it_is_over(admin: httpx.AsyncClient, desk: FakeDesk) -> None:
    await watched(desk)
    await fails(desk)
    (row,) = (await admin.get("/v1/arrangements")).json()["arrangements"]
    place = f"/v1/cases/{row['case_id']}/informed"
    told = await admin.post(place, json={"name": "Insurer", "how": "phone", "told_at": "1970-01-01T02:00"})
    assert told.status_code == 422
    told = await admin.post(place, json={"name": "Insurer", "how": "phone", "reference": "88"})
    assert told.status_code == 200, told.text
    fact = desk.asked[-1]
    assert isinstance(fact, PartyInformed)
    assert (fact.name, fact.reference, fact.is_over) == ("Insurer", "88", False)
    for body, rule in (
        ({"contact_id": "nobody", "how": "phone"}, "informed.contact"),
        ({"how": "phone"}, "informed.name"),
        ({"contact_id": "owe", "how": "mail"}, "informed.address"),
        ({"name": "Bank", "how": "phone", "over": True}, "informed.unknown"),
        ({"name": "Insurer", "how": "mail", "over": True}, "informed.address"),
    ):
        answer = await admin.post(place, json=body)
        assert (answer.status_code, answer.json()["rule"]) == (409, rule)
    assert (await admin.post(place, json={"name": "Insurer", "how": "phone", "over": True})).status_code == 200
    again = await admin.post(place, json={"name": "Insurer", "how": "phone", "over": True})
    assert again.json()["rule"] == "informed.over"
    mailed = await admin.post(place, json={"contact_id": "kaisa", "how": "mail", "text": "A guard stays."})
    assert mailed.status_code == 200
