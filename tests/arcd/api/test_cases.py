from __future__ import annotations

import httpx
import pytest

from arcd.api.cases import FORM_FIELDS_MAX, TITLE_CHARS_MAX
from arcd.core.case.model import NOTE_CHARS_MAX
from arcd.core.facts import CaseMoveRequested, CaseNoted, CaseOpenRequested, CaseStepRequested
from tests.arcd.api.desk import ANNA, SITE, UID, FakeDesk

ACTOR = f"os:{UID}"


async def closed_case(desk: FakeDesk, admin: httpx.AsyncClient) -> str:
    """A service request, opened and closed by hand through the API."""
    body = {"type": "service_request", "site_id": "K-1", "title": "Lamppu"}
    case_id = (await admin.post("/v1/cases", json=body)).json()["subject"]
    for _ in range(4):
        view = (await admin.get(f"/v1/cases/{case_id}")).json()
        if not view["is_open"]:
            return str(case_id)
        moves = {move["name"]: move for move in view["moves"]}
        closing = next((move for move in moves.values() if move["closes"]), None)
        chosen = closing or next(iter(moves.values()))
        form = {field["name"]: value_for(field) for field in (chosen["form"] or {"fields": []})["fields"]}
        answer = await admin.post(f"/v1/cases/{case_id}/moves/{chosen['name']}", json={"form": form})
        assert answer.status_code == 200, answer.text
    raise AssertionError("it does not close")


def value_for(field: dict[str, object]) -> str:
    choices = field["choices"]
    assert isinstance(choices, dict)
    kinds = {"choice": next(iter(choices), ""), "flag": "no", "number": "1", "instant": "2026-01-01T12:00"}
    return kinds.get(str(field["kind"]), "text")


# -------------------------------------------------------------------------------------------------------------- lists


async def test_the_queue_is_by_priority_and_then_by_age(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    first = await desk.alarm("BA")
    desk.clock.advance(1)
    technical = await desk.alarm("WA", account="2001", zone=None)
    desk.clock.advance(1)
    fire = await desk.alarm("FA", account="1003")
    answer = (await admin.get("/v1/cases")).json()
    rows = answer["cases"]
    assert [row["id"] for row in rows[:2]] == [fire, first]
    assert technical in [row["id"] for row in rows[2:]]
    assert [row["priority"] for row in rows] == sorted(row["priority"] for row in rows)
    assert not answer["more"]
    row = next(row for row in rows if row["id"] == first)
    assert row["site_name"] == SITE.name
    assert row["opened_at"] == "2026-01-01T00:00:00Z"
    assert row["opened_at_local"] == "01.01.2026 02:00:00", "the site's wall clock"
    assert {"type", "state", "title", "site_id", "acknowledged_at", "owner", "attention", "signal_count"} <= set(row)


async def test_lists_are_filtered_and_limited(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    await desk.alarm("BA")
    await desk.alarm("WA", account="2001", zone=None)
    assert {row["site_id"] for row in (await admin.get("/v1/cases?site=K-2")).json()["cases"]} == {"K-2"}
    assert (await admin.get("/v1/cases?type=service_request")).json()["cases"] == []
    one = (await admin.get("/v1/cases?limit=1")).json()
    assert (len(one["cases"]), one["more"]) == (1, True)
    for limit in ("0", "2001", "many"):
        assert (await admin.get(f"/v1/cases?limit={limit}")).status_code == 422


async def test_closed_cases_follow_the_open_ones(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    closed = await closed_case(desk, admin)
    open_id = await desk.alarm("BA")
    assert [row["id"] for row in (await admin.get("/v1/cases")).json()["cases"]] == [open_id]
    everything = (await admin.get("/v1/cases?open=false")).json()
    assert [row["id"] for row in everything["cases"]] == [open_id, closed]
    assert everything["cases"][1]["closed_at"] is not None
    assert (await admin.get("/v1/cases?open=false&limit=1")).json()["more"]


# ------------------------------------------------------------------------------------------------------------ one case


async def test_a_case_is_shown_with_everything_an_operator_needs(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    desk.clock.advance(5)
    view = (await admin.get(f"/v1/cases/{case_id}?lang=fi")).json()
    signal = view["signals"][0]
    assert (signal["code"], signal["name"]) == ("BA", "Burglary Alarm")
    assert (signal["zone"], signal["zone_name"]) == ("3", SITE.systems[0].zones[0].name)
    assert signal["at_local"] == "01.01.2026 02:00:00"
    assert signal["category_text"] == "murtohälytys"
    assert view["plan"]["name"] == "intrusion"
    steps = {step["id"]: step for step in view["plan"]["steps"]}
    assert steps["dispatch-guard"]["status"] == "active"
    assert steps["dispatch-guard"]["due"] is not None
    assert steps["call-keyholders"]["call_list"] == [] or steps["call-keyholders"]["call_list"][0]["name"] == ANNA.name
    assert view["dispatches"][0]["offers"][0]["guard_name"] == "Yksikkö 12"
    site = view["site"]
    assert site["hazards"] == list(SITE.hazards)
    assert site["instructions"].startswith("Avain on")
    assert site["contacts"][0]["phones"] == ["+358 40 555 0101"]
    assert site["contacts"][0]["code_word"] is True
    assert site["call_lists"] == {"keyholders": ["anna"]}
    moves = {move["name"]: move for move in view["moves"]}
    assert "acknowledge" in moves
    assert "resume" not in moves, "not from this state"
    assert any(deadline["key"].startswith("offer/") for deadline in view["deadlines"])
    assert not any(deadline["overdue"] for deadline in view["deadlines"])


async def test_moves_come_with_their_forms(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    await admin.post(f"/v1/cases/{case_id}/moves/acknowledge", json={})
    view = (await admin.get(f"/v1/cases/{case_id}?lang=sv")).json()
    closing = next(move for move in view["moves"] if move["name"] == "close")
    assert closing["closes"]
    assert closing["target_title"] == "Avslutat"
    fields = {field["name"]: field for field in closing["form"]["fields"]}
    assert fields["disposition"]["choices"]["real_fire"] == "Brand eller rök"
    assert fields["disposition"]["mandatory"]


@pytest.mark.parametrize(
    ("lang", "title"), [("fi", "Jonossa"), ("sv", "I kö"), ("en", "In the queue"), ("", "In the queue")]
)
async def test_texts_are_in_the_asked_language_else_the_centres(
    desk: FakeDesk, admin: httpx.AsyncClient, lang: str, title: str
) -> None:
    case_id = await desk.alarm("BA")
    query = f"?lang={lang}" if lang else ""
    assert (await admin.get(f"/v1/cases/{case_id}{query}")).json()["state_title"] == title


async def test_a_due_deadline_is_shown_as_overdue(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    desk.clock.advance(86_400)
    assert any(each["overdue"] for each in (await admin.get(f"/v1/cases/{case_id}")).json()["deadlines"])


async def test_a_case_the_machine_has_forgotten_comes_from_the_store(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await closed_case(desk, admin)
    live = (await admin.get(f"/v1/cases/{case_id}")).json()
    desk.state.cases.drop(case_id)
    stored = (await admin.get(f"/v1/cases/{case_id}")).json()
    assert stored == live
    assert not stored["is_open"]


async def test_there_is_no_such_case(admin: httpx.AsyncClient) -> None:
    for answer in (
        await admin.get("/v1/cases/C999"),
        await admin.post("/v1/cases/C999/notes", json={"text": "x"}),
        await admin.post("/v1/cases/C999/moves/close", json={}),
        await admin.post("/v1/cases/C999/steps/x", json={"action": "done"}),
    ):
        assert answer.status_code == 404
        assert answer.json() == {
            "granted": False,
            "rule": "not_found",
            "message": "There is no such case; `arcctl cases --all` lists them.",
        }


# ----------------------------------------------------------------------------------------------------------- requests


async def test_a_case_is_opened_by_hand(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    body = {"type": "service_request", "site_id": "K-1", "title": "Lamppu", "priority": "P4"}
    answer = await admin.post("/v1/cases", json=body)
    assert answer.status_code == 201
    case_id = answer.json()["subject"]
    assert answer.headers["Location"] == f"/v1/cases/{case_id}"
    fact = desk.asked[-1]
    assert isinstance(fact, CaseOpenRequested)
    assert (fact.actor.id, fact.title, fact.priority, fact.at) == (ACTOR, "Lamppu", "P4", desk.now())
    assert (await admin.get(f"/v1/cases/{case_id}")).json()["opened_by"] == ACTOR


async def test_the_core_refuses_by_name(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/cases", json={"type": "no_such"})
    assert answer.status_code == 409
    assert answer.json()["rule"] == "case.type"
    case_id = await desk.alarm("BA")
    answer = await admin.post(f"/v1/cases/{case_id}/moves/resume", json={})
    assert (answer.status_code, answer.json()["rule"]) == (409, "case.move")
    assert set(answer.json()) == {"granted", "rule", "message"}


async def test_a_move_carries_its_form_and_the_actor(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    answer = await admin.post(f"/v1/cases/{case_id}/moves/acknowledge", json={})
    assert (answer.status_code, answer.json()) == (200, {"granted": True, "subject": case_id, "message": ""})
    form = {"reason": "odotetaan", "return_at": "2026-01-01T12:00"}
    assert (await admin.post(f"/v1/cases/{case_id}/moves/park", json={"form": form})).status_code == 200
    fact = desk.asked[-1]
    assert isinstance(fact, CaseMoveRequested)
    assert fact.actor.id == ACTOR
    assert fact.form["return_at"] == "1767261600000000000", "the site's noon, in ns"


async def test_an_instant_nobody_can_read_is_named(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    await admin.post(f"/v1/cases/{case_id}/moves/acknowledge", json={})
    asked = len(desk.asked)
    form = {"reason": "x", "return_at": "tomorrow"}
    answer = await admin.post(f"/v1/cases/{case_id}/moves/park", json={"form": form})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("form.return_at: write a time like")
    assert len(desk.asked) == asked


async def test_a_note_is_written(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    assert (await admin.post(f"/v1/cases/{case_id}/notes", json={"text": "Soitettu"})).status_code == 200
    assert isinstance(desk.asked[-1], CaseNoted)
    note = (await admin.get(f"/v1/cases/{case_id}")).json()["notes"][0]
    assert (note["text"], note["by"]) == ("Soitettu", ACTOR)


async def test_a_step_is_done_and_the_lock_is_passed_on(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    version = (await admin.get(f"/v1/cases/{case_id}")).json()["version"]
    path = f"/v1/cases/{case_id}/steps/dispatch-guard"
    stale = await admin.post(path, json={"action": "skip", "note": "x", "seen_version": version + 7})
    assert (stale.status_code, stale.json()["rule"]) == (409, "step.lock")
    done = await admin.post(path, json={"action": "skip", "note": "not needed", "seen_version": version})
    assert done.status_code == 200, done.text
    fact = desk.asked[-1]
    assert isinstance(fact, CaseStepRequested)
    assert (fact.step_id, fact.action, fact.note, fact.actor.id) == ("dispatch-guard", "skip", "not needed", ACTOR)


async def test_an_unknown_step_is_answered_with_the_known_ones(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    answer = await admin.post(f"/v1/cases/{case_id}/steps/nope", json={"action": "done"})
    assert answer.status_code == 404
    assert "dispatch-guard" in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/v1/cases", {"site_id": "K-1"}, "type is missing."),
        ("/v1/cases", {"type": "alarm", "colour": 1}, "colour is not known here."),
        ("/v1/cases", {"type": "alarm", "title": "x" * (TITLE_CHARS_MAX + 1)}, "title: String should have at most 200"),
        ("/v1/cases", {"type": "alarm", "priority": "P9"}, "priority should be 'P0', 'P1'"),
        (
            "/v1/cases",
            {"type": "alarm", "form": {f"f{n}": "" for n in range(FORM_FIELDS_MAX + 1)}},
            "form: Dictionary should",
        ),
        ("/v1/cases/C5/notes", {"text": ""}, "text: String should have at least 1"),
        ("/v1/cases/C5/notes", {"text": "x" * (NOTE_CHARS_MAX + 1)}, "text: String should have at most 4000"),
        ("/v1/cases/C5/steps/x", {"action": "eat"}, "action: String should match pattern"),
        ("/v1/cases/C5/steps/x", {"action": "done", "seen_version": -1}, "seen_version should be greater than"),
        ("/v1/cases/C5/moves/x", {"form": {"note": 5}}, "form.note should be a valid string."),
        ("/v1/cases/" + "C" * 65 + "/notes", {"text": "x"}, "case_id: String should have at most 64"),
    ],
)
async def test_bad_bodies_are_answered_in_one_sentence(
    desk: FakeDesk, admin: httpx.AsyncClient, path: str, body: dict[str, object], message: str
) -> None:
    answer = await admin.post(path, json=body)
    assert answer.status_code == 422
    told = answer.json()
    assert told["message"].startswith(message)
    assert (told["granted"], told["rule"]) == (False, "request")
    assert not desk.asked


# ------------------------------------------------------------------------------------------------- claims and clocks


async def test_the_queue_ages_and_says_how_loudly_it_calls(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    old = await desk.alarm("BA")
    desk.clock.advance(100)
    new = await desk.alarm("HA", zone="4", sequence="2")
    rows = (await admin.get("/v1/cases")).json()["cases"]
    assert [(row["id"], row["priority"], row["effective_priority"], row["alert"]) for row in rows] == [
        (new, "P0", "P0", "none"), (old, "P2", "P1", "audible"),
    ]  # fmt: skip


async def test_an_owner_keeps_the_claim(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    refused = await admin.post(f"/v1/cases/{case_id}/renew", json={})
    assert (refused.status_code, refused.json()["rule"]) == (409, "claim.owner")
    await admin.post(f"/v1/cases/{case_id}/moves/acknowledge", json={})
    assert (await admin.post(f"/v1/cases/{case_id}/renew", json={"hold_s": 600})).status_code == 200
    assert (await admin.post(f"/v1/cases/{case_id}/renew", json={"hold_s": 1801})).status_code == 422
    assert (await admin.post("/v1/cases/C99/renew", json={})).status_code == 404


async def test_the_clock_of_a_guard_is_stopped_and_shown(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    path = f"/v1/cases/{case_id}/sla"
    before = (await admin.get(f"/v1/cases/{case_id}")).json()["dispatches"][0]
    assert (before["sla_due"], before["sla_paused"]) == ("2026-01-01T00:30:00Z", "")
    assert (await admin.post(path, json={"action": "pause"})).json()["rule"] == "sla.reason"
    assert (await admin.post(path, json={"action": "pause", "reason": "lunch"})).status_code == 422
    assert (await admin.post(path, json={"action": "pause", "reason": "no_access", "note": "x"})).status_code == 200
    desk.clock.advance(60)
    shown = (await admin.get(f"/v1/cases/{case_id}")).json()["dispatches"][0]
    assert (shown["sla_due"], shown["sla_paused"]) == ("2026-01-01T00:31:00Z", "no_access")
    assert (await admin.post(path, json={"action": "resume"})).status_code == 200
    assert (await admin.post("/v1/cases/C99/sla", json={"action": "resume"})).status_code == 404


async def test_a_call_says_who_and_where(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    case_id = await desk.alarm("BA")
    body = {"action": "done", "outcome": "no_answer", "contact_id": "anna", "number": "+358 9 555 000"}
    assert (await admin.post(f"/v1/cases/{case_id}/steps/call-keyholders", json=body)).status_code == 200
    steps = (await admin.get(f"/v1/cases/{case_id}")).json()["plan"]["steps"]
    (attempt,) = next(step for step in steps if step["id"] == "call-keyholders")["attempts"]
    assert (attempt["contact_id"], attempt["number"], attempt["outcome"]) == ("anna", "+358 9 555 000", "no_answer")
