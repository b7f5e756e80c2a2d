"""One alarm from the panel to the closed case, everything real: process, disk, wires, web server, mail, arcctl.

The tests of this file are one story, told in order on one daemon: every test begins where the one before it ended.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from tests.e2e.conftest import Centre
from tests.e2e.installations import DUTY, PLAIN, SECOND_GUARD
from tests.process import Ran, until

REPORT = {
    "arrival": "03:31 front door",
    "entry_method": "key from the cabinet",
    "findings": "a poster had come loose",
    "measures": "poster removed, premises walked through",
    "state_left": "locked and armed",
    "persons": "none",
    "keys_returned": "yes",
}


def the_case(centre: Centre) -> dict[str, Any]:
    [row] = centre.installation.arcctl("cases", "--all", "--site", "K-1", "--json").json()["cases"]
    return dict(centre.installation.arcctl("case", "show", row["id"], "--lang", "en", "--json").json())


def done(ran: Ran) -> None:
    assert ran.code == 0, ran.out + ran.err


def test_a_panel_is_acknowledged_and_a_case_is_there_with_site_and_plan(centre: Centre) -> None:
    sent = centre.installation.arcctl(
        "panel", "send", "--account", PLAIN, "--code", "BA", "--zone", "15", "--port",
        str(centre.installation.dc09_port), "--json",
    )  # fmt: skip
    done(sent)
    case = the_case(centre)
    assert case["site"]["name"] == "Kauppa K-1"
    assert case["site"]["instructions"] == "The back door faces the yard."
    assert [(signal["code"], signal["zone_name"]) for signal in case["signals"]] == [("BA", "Stock room")]
    assert case["plan"]["name"] == "intrusion"
    assert "dispatch-guard" in [step["id"] for step in case["plan"]["steps"]]


def test_the_first_guard_is_silent_so_the_second_gets_a_letter_and_then_a_person_is_called(centre: Centre) -> None:
    case_id = the_case(centre)["id"]
    link = centre.letters.link_for(SECOND_GUARD)
    until("a letter to the person on duty", lambda: centre.letters.to(DUTY))
    [offer] = centre.guards.offers_of(case_id)
    assert (offer.guard, offer.payload["site"]["name"], centre.guards.unsigned) == ("first", "Kauppa K-1", 0)
    assert link.startswith(f"http://127.0.0.1:{centre.installation.guard_port}/g/")
    case = the_case(centre)
    assert [each["status"] for each in case["dispatches"][0]["offers"]] == ["timed_out", "timed_out"]
    assert case["dispatches"][0]["status"] == "exhausted"
    assert {step["id"]: step["status"] for step in case["plan"]["steps"]}["call-on-duty"] == "active"


def test_the_second_guard_reads_the_page_and_accepts_late_and_the_first_is_told_no(centre: Centre) -> None:
    link = centre.letters.link_for(SECOND_GUARD)
    with httpx.Client(trust_env=False) as browser:
        page = browser.get(link, headers={"Accept": "text/html"})
        assert page.status_code == httpx.codes.OK
        assert "Kauppa K-1" in page.text
        assert the_case(centre)["dispatches"][0]["status"] == "exhausted", "opening the page accepts nothing"
        assert browser.post(f"{link}/accept", data={"eta_minutes": "12"}).status_code == httpx.codes.OK
        [offer] = centre.guards.offers_of(the_case(centre)["id"])
        late = browser.post(offer.payload["links"]["accept"], json={})
        assert (late.status_code, late.json()["rule"]) == (httpx.codes.CONFLICT, "offer.taken")
    [dispatch] = the_case(centre)["dispatches"]
    assert (dispatch["status"], dispatch["guard_id"]) == ("accepted", "second")


def test_the_guard_goes_there_and_reports(centre: Centre) -> None:
    link = centre.letters.link_for(SECOND_GUARD)
    with httpx.Client(trust_env=False) as phone:
        for answer in ("en_route", "on_site", "inspecting", "secured"):
            said = phone.post(f"{link}/{answer}", json={})
            assert said.status_code == httpx.codes.OK, said.text
        short = phone.post(f"{link}/report", json={"findings": "nothing"})
        assert (short.status_code, short.json()["rule"]) == (httpx.codes.CONFLICT, "report.fields")
        assert phone.post(f"{link}/report", json=REPORT).status_code == httpx.codes.OK
    [dispatch] = the_case(centre)["dispatches"]
    assert (dispatch["status"], dispatch["report"]) == ("reported", REPORT)


def as_installed(centre: Centre) -> Callable[..., Ran]:
    """What a person types starts from nothing."""
    return partial(centre.installation.arcctl, fresh=True)


def test_the_operator_works_through_the_plan_and_closes(centre: Centre) -> None:
    arcctl, case_id = as_installed(centre), the_case(centre)["id"]
    done(arcctl("case", "ack", case_id))
    too_early = arcctl("case", "close", case_id, "--disposition", "user_error", "--note", "poster", "--json")
    assert too_early.code != 0
    assert "mandatory step" in too_early.err
    done(arcctl("case", "step", case_id, "call-keyholders", "done", "--outcome", "answered_verified"))
    done(arcctl("case", "step", case_id, "call-on-duty", "done", "--outcome", "answered_verified"))
    done(arcctl("case", "step", case_id, "assess", "done", "--outcome", "explained"))
    for step in the_case(centre)["plan"]["steps"]:
        if step["mandatory"] and step["kind"] != "close" and step["status"] in ("active", "pending"):
            done(arcctl("case", "step", case_id, step["id"], "skip", "--note", "the matter is explained"))
    done(arcctl("case", "close", case_id, "--disposition", "user_error", "--note", "A poster had come loose"))
    case = the_case(centre)
    assert (case["is_open"], case["state"], case["disposition"]) == (False, "closed", "user_error")


def test_the_journal_tells_the_story_in_order_and_proves_it(centre: Centre) -> None:
    arcctl, case_id = as_installed(centre), the_case(centre)["id"]
    story = arcctl("journal", "show", "--case", case_id).out
    order = [
        "BA Burglary Alarm", f"opened {case_id}", "guard first", "offer.timed_out", "guard second", "person.called",
        "guard.accept", "guard.on_site", "guard.report", "case.closed",
    ]  # fmt: skip
    places = [story.find(words) for words in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    proven = arcctl("journal", "verify", str(centre.installation.journal), "--json")
    done(proven)
    assert proven.json()["ok"]


def test_a_restart_keeps_everything(centre: Centre) -> None:
    arcctl = centre.installation.arcctl
    before, head = the_case(centre), arcctl("journal", "head", "--json").json()
    assert centre.daemon.stop() == 0, centre.installation.said()
    assert centre.installation.verify().ok
    with centre.installation.running(fresh=True):
        after = the_case(centre)
        assert after == before
        assert arcctl("journal", "head", "--json").json()["seq"] > head["seq"], "the stop and the start are journalled"
        assert arcctl("cases", "--json").json()["cases"] == [], "a clean restart is no matter for a person"
    assert centre.installation.verify().ok
