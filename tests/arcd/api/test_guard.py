from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx
import pytest

from arcd.api.guard import ANSWERS_PER_OFFER_MAX, HEADERS, RATE_PERIOD_S, UNKNOWN_PER_SOURCE_MAX, guard_app
from arcd.api.guard_answer import BODY_BYTES_MAX
from arcd.core.case.dispatch import REPORT_FIELDS, REPORT_FLAGS
from arcd.core.facts import CaseStepRequested, DeadlineReached, GuardAnswer, GuardAnswered
from tests.arcd.api.desk import ANNA, BASE_URL, NASTY, SECRETS, FakeDesk, client_of

JSON = {"Accept": "application/json"}
REPORT = {name: f"tieto {name}" for name in REPORT_FIELDS}


async def offer(desk: FakeDesk) -> str:
    """An alarm whose job has been offered to g1; the path of their page."""
    case_id = await desk.alarm("BA")
    return path_of(desk, f"{case_id}-1")


def path_of(desk: FakeDesk, offer_id: str) -> str:
    return desk.links.url(offer_id).removeprefix(BASE_URL)


async def accepted(desk: FakeDesk, guard: httpx.AsyncClient) -> str:
    path = await offer(desk)
    assert (await guard.post(f"{path}/accept", headers=JSON)).status_code == 200
    return path


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.forms: dict[str, list[str]] = {}
        self.text = ""
        self._form = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        named = dict(attrs)
        if tag == "form":
            self._form = named["action"] or ""
            self.forms[self._form] = []
        elif tag in ("input", "textarea", "select"):
            self.forms[self._form].append(named["name"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


# ---------------------------------------------------------------------------------------------------------- the page


async def test_the_page_tells_the_job_in_the_guards_language(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    answer = await guard.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Page(answer.text)
    for told in (
        "Sinulle tarjotaan tehtävää. Vastaa viimeistään 01.01.2026 02:01:00.",
        f"Murtohälytys – Kioski {NASTY}",
        "Esimerkkitie 5 <b>, Helsinki",
        "Koira <i>",
        "Avain on talonmiehellä.",
        "Älä soita <ovikelloa>.",
        f"01.01.2026 02:00:00, murtohälytys, alue 1, silmukka 3, Ovi {NASTY}",
    ):
        assert told in page.text
    token = path.rpartition("/")[2]
    assert page.forms == {f"{token}/accept?lang=fi": ["eta_minutes"], f"{token}/decline?lang=fi": []}


async def test_what_came_from_elsewhere_is_escaped(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    """Names and texts with tags in them are shown as written, and make no element and no attribute."""
    path = await accepted(desk, guard)
    for answer in (await guard.get(path), await guard.post(f"{path}/on_site"), await guard.post(f"{path}/nonsense")):
        page = Page(answer.text)
        assert not {"script", "b", "i", "ovikelloa", "img", "iframe"} & set(page.tags)
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert "<script" not in answer.text


async def test_need_to_know_only(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await accepted(desk, guard)
    for text in ((await guard.get(path)).text, (await guard.get(path, headers=JSON)).text):
        for hidden in (*ANNA.phones, "Anna", "anna@", "+358 40 555 0001", "boss", "Enhet 7", "1001", "K-1", *SECRETS):
            assert hidden not in text, hidden


async def test_opening_the_page_changes_nothing(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    before = desk.state.dump()
    for target in (path, f"{path}?lang=en", f"{path}/accept", f"{path}/accept?eta_minutes=5"):
        await guard.get(target)
        await guard.head(target)
    assert desk.state.dump() == before
    assert not desk.asked


async def test_every_answer_has_the_headers(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    for answer in (
        await guard.get(path),
        await guard.get(path, headers=JSON),
        await guard.get("/g/forged"),
        await guard.get("/"),
        await guard.post(f"{path}/accept", content=b"x" * (BODY_BYTES_MAX + 1)),
        await guard.post(f"{path}/accept"),
        await guard.put(path),
    ):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_nothing_is_loaded_and_no_script_is_needed(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await accepted(desk, guard)
    text = (await guard.get(path)).text
    assert not re.search(r"https?:|//|<script|<link|<img|@import|url\(", text)


@pytest.mark.parametrize(("lang", "word"), [("fi", "Vastaa"), ("sv", "Svara"), ("en", "Answer"), ("xx", "Vastaa")])
async def test_another_language_can_be_chosen(desk: FakeDesk, guard: httpx.AsyncClient, lang: str, word: str) -> None:
    path = await offer(desk)
    text = (await guard.get(f"{path}?lang={lang}")).text
    assert f"<h2>{word}</h2>" in text
    assert f'<html lang="{lang if lang != "xx" else "fi"}">' in text


# ------------------------------------------------------------------------------------------------------- from the page


async def test_a_guard_goes_through_the_whole_job_on_the_page(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    case_id = next(iter(desk.state.cases))
    taken = await guard.post(f"{path}/accept", data={"eta_minutes": "12,5"})
    assert taken.status_code == 200
    assert "Kirjattu: Otan tehtävän." in taken.text
    assert "Tehtävä on sinun." in taken.text
    assert "01.01.2026 02:12:30" in taken.text, "the estimate"
    fact = desk.asked[-1]
    assert isinstance(fact, GuardAnswered)
    assert (fact.offer_id, fact.answer, fact.eta_s) == (f"{case_id}-1", GuardAnswer.ACCEPT, 750.0)
    assert (fact.actor.id, fact.actor.name) == ("guard:g1", "Yksikkö 12")
    for answer in ("en_route", "on_site", "inspecting", "check_in", "secured"):
        assert (await guard.post(f"{path}/{answer}")).status_code == 200
    page = Page((await guard.get(path)).text)
    token = path.rpartition("/")[2]
    assert page.forms[f"{token}/report?lang=fi"] == [*REPORT_FIELDS, *REPORT_FLAGS]
    done = await guard.post(f"{path}/report", data=REPORT)
    assert done.status_code == 200
    assert "Raporttisi on vastaanotettu." in done.text
    assert "Esimerkkitie" not in done.text, "the job is over"
    assert desk.state.cases[case_id].dispatches[0].report == REPORT


async def test_the_forms_of_an_answer_lead_back_to_the_same_place(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    """A page reached by POST is one level deeper; its forms must still resolve."""
    path = await offer(desk)
    answer = await guard.post(f"{path}/accept?lang=sv")
    for action in Page(answer.text).forms:
        resolved = answer.url.join(action)
        assert str(resolved.path).startswith(f"{path}/")
        assert resolved.query == b"lang=sv"


async def test_an_incomplete_report_comes_back_filled(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await accepted(desk, guard)
    await guard.post(f"{path}/on_site")
    await guard.post(f"{path}/secured")
    answer = await guard.post(f"{path}/report", data=REPORT | {"measures": " ", "findings": f"ikkuna {NASTY}\r\nrikki"})
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "Raportista puuttuu tietoja." in page.text
    assert f"ikkuna {NASTY}\nrikki" in page.text
    assert ("value", "tieto entry_method") in page.attributes
    assert "script" not in page.tags


async def test_no_is_an_answer_and_the_job_goes_on(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    answer = await guard.post(f"{path}/decline")
    assert "Olet hylännyt tehtävän." in answer.text
    assert "Esimerkkitie" not in answer.text
    second = await guard.get(path_of(desk, f"{next(iter(desk.state.cases))}-2"))
    assert "Du erbjuds ett uppdrag." in second.text


async def test_whoever_is_too_late_is_told_politely(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    case_id = next(iter(desk.state.cases))
    desk.clock.advance(61)
    due = desk.state.deadlines[f"case/{case_id}/offer/{case_id}-1"]
    await desk.take(DeadlineReached(at=desk.now(), key=f"case/{case_id}/offer/{case_id}-1", due=due))
    late = await guard.get(path)
    assert "Vastausaika on päättynyt, mutta tehtävä on vielä vapaa." in late.text
    assert "/accept" in late.text
    assert (await guard.post(f"{path_of(desk, f'{case_id}-2')}/accept")).status_code == 200
    taken = await guard.get(path)
    assert "Toinen vartija hoitaa tehtävän." in taken.text
    assert "<form" not in taken.text
    assert "Kioski" not in taken.text
    again = await guard.post(f"{path}/accept")
    assert again.status_code == 409
    assert 'class="notice refused"' in again.text


async def test_a_job_called_off_is_told(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await accepted(desk, guard)
    case_id = next(iter(desk.state.cases))
    actor = desk.asked[-1].actor  # type: ignore[union-attr]  # – an answer has an actor
    await desk.take(
        CaseStepRequested(
            at=desk.now(), case_id=case_id, step_id="dispatch-guard", action="skip", actor=actor, note="x"
        )
    )
    assert "Tehtävä on peruttu." in (await guard.get(path)).text


async def test_a_job_that_is_over_and_forgotten_says_so_in_every_language(
    desk: FakeDesk, guard: httpx.AsyncClient
) -> None:
    path = path_of(desk, "C99-1")
    shown = await guard.get(path)
    assert shown.status_code == 200
    for told in ("Tehtävä on päättynyt.", "Uppdraget är avslutat.", "The job has ended."):
        assert told in shown.text
    answered = await guard.post(f"{path}/accept", headers=JSON)
    assert (answered.status_code, answered.json()["rule"]) == (409, "offer.gone")
    assert not desk.asked, "nobody is left to answer as"


# ------------------------------------------------------------------------------------------------------- for systems


async def test_a_system_answers_in_json(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    job = (await guard.get(path, headers=JSON)).json()
    assert (job["standing"], job["status"], job["priority"]) == ("offered", "offered", "P2")
    assert job["links"] == {
        "accept": f"{BASE_URL}{path}/accept",
        "decline": f"{BASE_URL}{path}/decline",
    }
    taken = await guard.post(f"{path}/accept", json={"eta_minutes": 12})
    assert taken.status_code == 200
    assert (taken.json()["granted"], taken.json()["job"]["standing"]) == (True, "yours")
    fact = desk.asked[-1]
    assert isinstance(fact, GuardAnswered)
    assert fact.eta_s == 720
    for answer in ("on_site", "secured"):
        await guard.post(f"{path}/{answer}", json={})
    reported = await guard.post(f"{path}/report", json={"report": REPORT})
    assert (reported.status_code, reported.json()["job"]["standing"]) == (200, "reported")
    assert reported.json()["job"]["site"] is None


async def test_a_refusal_names_its_rule(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await accepted(desk, guard)
    answer = await guard.post(f"{path}/accept", headers=JSON)
    assert (answer.status_code, answer.json()["rule"]) == (409, "offer.accepted")
    answer = await guard.post(f"{path}/report", json={"report": {"arrival": "x"}})
    assert answer.json()["granted"] is False


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b'{"eta_minutes": "soon"}'),
        ("application/json", b'{"eta_minutes": -1}'),
        ("application/json", b'{"eta_minutes": 1e9}'),
        ("application/json", b'{"colour": "red"}'),
        ("application/x-www-form-urlencoded", b"eta_minutes=nan"),
        ("application/x-www-form-urlencoded", b"a=%ff"),
        ("text/plain", b"yes"),
    ],
)
async def test_what_is_not_understood_changes_nothing(
    desk: FakeDesk, guard: httpx.AsyncClient, content_type: str, content: bytes
) -> None:
    path = await offer(desk)
    answer = await guard.post(f"{path}/accept", content=content, headers=JSON | {"Content-Type": content_type})
    assert (answer.status_code, answer.json()["rule"]) == (422, "request")
    shown = await guard.post(
        f"{path}/accept", content=content, headers={"Content-Type": content_type, "Accept": "text/html"}
    )
    assert "Vastausta ei ymmärretty." in shown.text
    assert not desk.asked


async def test_busy_is_said_with_a_time_to_come_back(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    desk.is_busy = True
    answer = await guard.post(f"{path}/accept")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "Yritä hetken kuluttua uudelleen." in answer.text


# ------------------------------------------------------------------------------------------------------------ strangers


async def test_a_forged_token_learns_nothing(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    token = path.rpartition("/")[2]
    forged = [token[:-1], token + "A", token.upper(), "C4-1", "", "x" * 5000, token.replace("C4", "C5")]
    answers = [await guard.get(f"/g/{each}") for each in forged] + [await guard.post(f"/g/{token}/steal")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1, "the same to all"
    told = await guard.get("/g/x", headers=JSON)
    assert told.json() == {
        "granted": False,
        "rule": "not_found",
        "message": "There is no such page. Check that the link is complete.",
        "job": None,
    }


async def test_guessing_is_slowed_down_and_genuine_links_are_not(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    statuses = [(await guard.get(f"/g/{n}")).status_code for n in range(UNKNOWN_PER_SOURCE_MAX + 2)]
    assert statuses == [404] * UNKNOWN_PER_SOURCE_MAX + [429, 429]
    slowed = await guard.get("/g/x")
    assert slowed.headers["Retry-After"] == str(RATE_PERIOD_S)
    assert (await guard.get(path)).status_code == 200
    assert (await guard.post(f"{path}/accept")).status_code == 200
    desk.clock.advance(RATE_PERIOD_S)
    assert (await guard.get("/g/x")).status_code == 404


async def test_sources_are_counted_by_network(desk: FakeDesk) -> None:
    app = guard_app(desk)
    for host in ("2001:db8:1:2::1", "2001:db8:1:2::2"):
        async with client_of(app, host=host) as client:
            last = [(await client.get("/g/x")).status_code for _ in range(UNKNOWN_PER_SOURCE_MAX)]
    assert set(last) == {429}, "one subscriber has the whole /64"
    for host in ("2001:db8:1:3::1", "198.51.100.9", "unknown"):
        async with client_of(app, host=host) as client:
            assert (await client.get("/g/x")).status_code == 404


async def test_one_offer_cannot_fill_the_journal(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    path = await offer(desk)
    statuses = [(await guard.post(f"{path}/check_in")).status_code for _ in range(ANSWERS_PER_OFFER_MAX + 1)]
    assert statuses == [409] * ANSWERS_PER_OFFER_MAX + [429]
    assert len(desk.asked) == ANSWERS_PER_OFFER_MAX


async def test_a_defect_of_ours_is_said_without_its_innards(
    desk: FakeDesk, guard: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await offer(desk)

    async def fail(fact: object) -> None:
        raise RuntimeError("innards")

    monkeypatch.setattr(desk, "ask", fail)
    answer = await guard.post(f"{path}/accept")
    assert answer.status_code == 500
    assert "Soita hälytyskeskukseen." in answer.text
    assert "innards" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_the_application_describes_itself(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    paths = guard_app(desk).openapi()["paths"]
    assert {(method, path) for path, routes in paths.items() for method in routes} == {
        ("get", "/g/{token}"),
        ("post", "/g/{token}/{answer}"),
    }
    assert all(len(route["summary"].split()) >= 3 for routes in paths.values() for route in routes.values())
    assert (await guard.get("/openapi.json")).status_code == 404, "to nobody outside"
