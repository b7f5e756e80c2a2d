"""Answers of the authority's machine: genuine, broken, forged, late. The whole way is in tests/psap."""

from __future__ import annotations

import httpx
import pytest

from arcd.api.authority import PATH, RAW_BYTES_MAX, TIMESTAMP_TOLERANCE_S, AnswerCheck
from arcd.api.guard import guard_app
from arcd.core.facts import AuthorityAnswered, AuthorityUnreadable
from arcd.effectors.http_attempt import signature, signature_headers
from protocols.cap.writer import write
from tests.arcd.api.desk import FakeDesk, client_of
from tests.protocols.cap.alerts import FULL

SECRET = b"a secret of both sides"
NS = 1_000_000_000
BODY = write(FULL)


async def post(desk: FakeDesk, body: bytes = BODY, headers: dict[str, str] | None = None) -> httpx.Response:
    signed = signature_headers(SECRET, desk.now(), body) if headers is None else headers
    async with client_of(guard_app(desk, AnswerCheck(SECRET)), host="198.51.100.7") as client:
        return await client.post(PATH, content=body, headers=signed)


async def test_an_answer_to_nothing_is_a_fact_and_is_said_to_be_one(desk: FakeDesk) -> None:
    answer = await post(desk)
    assert (answer.status_code, answer.json()) == (
        409,
        {"granted": False, "rule": "authority.unknown", "message": "No message of ours has this reference."},
    )
    (fact,) = desk.asked
    assert isinstance(fact, AuthorityAnswered)
    assert (fact.source, fact.message) == ("cap_http", FULL)


async def test_what_cannot_be_read_is_a_fact_too(desk: FakeDesk) -> None:
    answer = await post(desk, b"<alert>" + b"x" * 10_000)
    assert (answer.status_code, answer.json()["rule"]) == (422, "authority.unreadable")
    (fact,) = desk.asked
    assert isinstance(fact, AuthorityUnreadable)
    assert (fact.reason, len(fact.raw)) == ("xml", RAW_BYTES_MAX)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Arcd-Timestamp": ""}, "Arcd-Timestamp is missing"),
        ({"Arcd-Timestamp": "soon"}, "Arcd-Timestamp is missing"),
        ({"Arcd-Timestamp": "1" * 13}, "Arcd-Timestamp is missing"),
        ({"Arcd-Signature": ""}, "The signature does not fit"),
        ({"Arcd-Signature": "v1=00"}, "The signature does not fit"),
        ({"Arcd-Signature": b"v1=\xe4"}, "The signature does not fit"),
    ],
)
async def test_what_is_not_signed_is_nobodys(desk: FakeDesk, change: dict[str, str | bytes], message: str) -> None:
    headers = signature_headers(SECRET, desk.now(), BODY) | change
    answer = await post(desk, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["rule"]) == (401, "signature")
    assert answer.json()["message"].startswith(message)
    assert desk.asked == []


async def test_the_body_is_signed(desk: FakeDesk) -> None:
    answer = await post(desk, BODY, signature_headers(SECRET, desk.now(), BODY + b" "))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("off_s", "status"),
    [
        (TIMESTAMP_TOLERANCE_S, 409),
        (-TIMESTAMP_TOLERANCE_S, 409),
        (TIMESTAMP_TOLERANCE_S + 1, 401),
        (-TIMESTAMP_TOLERANCE_S - 1, 401),
    ],
)
async def test_a_recorded_answer_ages(desk: FakeDesk, off_s: int, status: int) -> None:
    timestamp = str(desk.now() // NS + off_s)
    headers = {"Arcd-Timestamp": timestamp, "Arcd-Signature": f"v1={signature(SECRET, timestamp, BODY)}"}
    assert (await post(desk, headers=headers)).status_code == status


async def test_a_full_intake_asks_to_come_again(desk: FakeDesk) -> None:
    desk.is_busy = True
    answer = await post(desk)
    assert (answer.status_code, answer.json()["rule"]) == (503, "busy")
    assert answer.headers["Retry-After"]


async def test_without_a_machine_there_is_no_such_page(desk: FakeDesk, guard: httpx.AsyncClient) -> None:
    assert (await guard.post(PATH, content=BODY)).status_code == 404


def test_the_check_shows_nothing() -> None:
    assert repr(AnswerCheck(SECRET)) == "AnswerCheck(****)"
    with pytest.raises(ValueError, match="at least 16 bytes"):
        AnswerCheck(b"short")
