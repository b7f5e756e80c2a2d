from __future__ import annotations

import json
from functools import cache
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from arcd.core.facts import FlagStartRequested, IdentityChecked, IdentityOutcome, SiteImported
from arcd.core.site import ContactRole
from arcd.credentials import hash_word
from protocols.signals import Category
from tests.arcd.api.desk import ANNA, SITE, UID, FakeDesk
from tests.playbook import OPERATOR

WORD, DURESS_WORD = "Kiitäjä 7", "pilvi"
CHECK = {"site_id": "K-1", "contact_id": "anna"}


@cache
def hashes() -> tuple[str, str]:
    return hash_word(WORD), hash_word(DURESS_WORD)


@pytest.fixture(autouse=True)
async def _anna_has_words(desk: FakeDesk) -> None:
    code, duress = hashes()
    anna = replace(
        ANNA,
        roles=(ContactRole.ON_TEST_AUTHORITY,),
        code_word_hash=code,
        duress_word_hash=duress,
    )
    mute = replace(ANNA, id="mute", code_word_hash=None, duress_word_hash=None)
    await desk.take(SiteImported(at=desk.now(), site=replace(SITE, contacts=(anna, mute)), actor=OPERATOR))


def checked(desk: FakeDesk) -> IdentityChecked:
    fact = desk.asked[-1]
    assert isinstance(fact, IdentityChecked)
    return fact


async def test_the_word_is_compared_and_goes_no_further(
    desk: FakeDesk, admin: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for word in (WORD, "  kiitäjä   7 ", "wrong-word-nobody-has", DURESS_WORD):
        answer = await admin.post("/v1/identity-checks", json=CHECK | {"word": word})
        assert word.strip() not in answer.text
    told = [fact.outcome for fact in desk.asked if isinstance(fact, IdentityChecked)]
    assert told == [
        IdentityOutcome.PASSED, IdentityOutcome.PASSED, IdentityOutcome.FAILED, IdentityOutcome.DURESS,
    ]  # fmt: skip
    assert checked(desk).actor.id == f"os:{UID}"
    journal = json.dumps((await admin.get("/v1/journal")).json()) + caplog.text
    for word in ("Kiitäjä", "kiitäjä", "wrong-word", DURESS_WORD):
        assert word not in journal


async def test_the_answer_to_a_duress_word_is_the_answer_to_the_right_one(
    desk: FakeDesk, admin: httpx.AsyncClient
) -> None:
    quiet = await admin.post("/v1/identity-checks", json=CHECK | {"word": WORD})
    under_threat = await admin.post("/v1/identity-checks", json=CHECK | {"word": DURESS_WORD})
    assert (quiet.status_code, under_threat.status_code) == (200, 200)
    ids = (quiet.json()["subject"], under_threat.json()["subject"])
    assert quiet.content.replace(ids[0].encode(), b"I") == under_threat.content.replace(ids[1].encode(), b"I")
    assert {*quiet.headers} == {*under_threat.headers}
    assert all(each[0] == "I" and each[1:].isdecimal() for each in ids)
    (case,) = desk.state.cases.values()
    assert (case.category, case.priority.value, case.site_id, case.plan and case.plan.name) == (
        Category.DURESS, "P0", "K-1", "duress",
    )  # fmt: skip
    # And so is what it lets happen.
    test = {"kind": "on_test", "site_id": "K-1", "reason": "koestus", "requested_by": "anna"}
    placed = [await admin.post("/v1/flags", json=test | {"identity_check": each}) for each in ids]
    assert [answer.status_code for answer in placed] == [201, 201]
    assert placed[0].json() | {"subject": ""} == placed[1].json() | {"subject": ""}
    shown = [(await admin.get(f"/v1/flags/{answer.json()['subject']}")).json() for answer in placed]
    for one in shown:
        del one["id"]
    assert shown[0] == shown[1]


async def test_three_wrong_words_lock_the_contact(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    for _ in range(3):
        answer = await admin.post("/v1/identity-checks", json=CHECK | {"word": "x"})
        assert (answer.status_code, answer.json()["rule"]) == (409, "R-29")
    answer = await admin.post("/v1/identity-checks", json=CHECK | {"word": WORD})
    assert (answer.status_code, answer.json()["rule"]) == (409, "identity.attempts")
    assert "Call back the registered number" in answer.json()["message"]


async def test_a_call_back_is_level_two(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/identity-checks", json=CHECK | {"called_back": True})
    assert answer.status_code == 200
    assert (checked(desk).level, checked(desk).outcome) == (2, IdentityOutcome.PASSED)
    await admin.post("/v1/identity-checks", json=CHECK | {"called_back": True, "word": DURESS_WORD})
    assert (checked(desk).level, checked(desk).outcome) == (2, IdentityOutcome.DURESS)
    await admin.post("/v1/identity-checks", json=CHECK | {"word": WORD})
    assert checked(desk).level == 1


async def test_who_has_no_word_is_called_back(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/identity-checks", json=CHECK | {"contact_id": "mute", "word": "x"})
    assert (answer.status_code, answer.json()["rule"]) == (409, "R-29")
    assert "call back" in answer.json()["message"]
    assert not desk.asked, "nobody guessed anything"


@pytest.mark.parametrize("change", [{"site_id": "K-7"}, {"contact_id": "nobody"}])
async def test_nobody_is_not_verified(admin: httpx.AsyncClient, change: dict[str, str]) -> None:
    answer = await admin.post("/v1/identity-checks", json=CHECK | {"word": "x"} | change)
    assert answer.status_code == 404
    assert "arcctl sites show" in answer.json()["message"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "give the word the caller said"),
        ({"word": "secret-" * 20}, "word: "),
        ({"word": 5}, "word should be a valid string."),
        ({"word": ["secret-"]}, "word should be a valid string."),
        ({"words": "secret-"}, "words is not known here"),
    ],
)
async def test_what_is_no_check_is_said_without_the_word(
    desk: FakeDesk, admin: httpx.AsyncClient, change: dict[str, Any], message: str
) -> None:
    answer = await admin.post("/v1/identity-checks", json=CHECK | change)
    assert answer.status_code == 422
    assert message in answer.json()["message"], answer.text
    assert "secret-" not in answer.text
    assert not desk.asked


async def test_a_check_goes_with_the_request(desk: FakeDesk, admin: httpx.AsyncClient) -> None:
    check = (await admin.post("/v1/identity-checks", json=CHECK | {"word": WORD})).json()["subject"]
    body = {"kind": "on_test", "site_id": "K-1", "reason": "x", "requested_by": "anna", "identity_check": check}
    assert (await admin.post("/v1/flags", json=body)).status_code == 201
    fact = desk.asked[-1]
    assert isinstance(fact, FlagStartRequested)
    assert (fact.identity_check, fact.verified_how) == (check, "")
