"""Where the authority's machine posts its answers: CAP 1.2, signed, on the guards' listener.

One rule: a genuine answer becomes a fact whatever it says, and an answer that nobody can read becomes one too; what is
not signed as agreed is nobody's, and learns nothing but that.

The sender signs as we do (`arcd.effectors.http_attempt`): `Arcd-Signature: v1=` + hex HMAC-SHA-256(secret,
`Arcd-Timestamp` + "." + body). Posting the same answer twice is harmless.
"""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import cast

from fastapi import APIRouter, Request, Response

from arcd.api.answers import BUSY_RETRY_AFTER_S
from arcd.api.desk import Busy, Desk
from arcd.api.guard_view import Outcome
from arcd.core.effects import Answer
from arcd.core.facts import AuthorityAnswered, AuthorityUnreadable
from arcd.effectors.http_attempt import check_secret, signature
from protocols.cap.reader import CapMalformed, read

PATH = "/authority/answers"
# How far the two clocks may be apart, and how long a recorded post could be played back: it would be a repeated one.
TIMESTAMP_TOLERANCE_S = 300
RAW_BYTES_MAX = 4096  # of what nobody can read, kept with the fact
NS = 1_000_000_000

router = APIRouter(tags=["authority"])


class AnswerCheck:
    """Knows a genuine answer. Never shows its secret."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        check_secret(secret, "authority")
        self._secret = secret

    def problem(self, timestamp: str, signed: str, body: bytes, now: int) -> str | None:
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
            return "Arcd-Timestamp is missing: seconds since 1970 UTC."
        wanted = f"v1={signature(self._secret, timestamp, body)}"
        if not hmac.compare_digest(wanted.encode(), signed.encode("utf-8", "surrogateescape")):
            return "The signature does not fit: is it the secret agreed on, over the timestamp, a point and the body?"
        if abs(int(timestamp) - now // NS) > TIMESTAMP_TOLERANCE_S:
            return f"The timestamp is more than {TIMESTAMP_TOLERANCE_S} s off: set the clock."
        return None

    def __repr__(self) -> str:
        return "AnswerCheck(****)"


async def take_answer(desk: Desk, source: str, body: bytes) -> Answer:
    """An answer by whatever way it came; Busy when the intake is full."""
    message = read(body)
    if not isinstance(message, CapMalformed):
        return await desk.ask(AuthorityAnswered(at=desk.now(), source=source, message=message))
    return await desk.ask(
        AuthorityUnreadable(
            at=desk.now(),
            source=source,
            reason=message.reason,
            detail=message.detail,
            raw=body[:RAW_BYTES_MAX],
        )
    )


@router.post(PATH, summary="An answer of the authority's machine, as CAP 1.2", response_class=Response)
async def post_answer(request: Request) -> Response:
    desk = cast(Desk, request.app.state.desk)
    check = cast(AnswerCheck, request.app.state.authority)
    body = await request.body()
    timestamp, signed = (request.headers.get(name, "") for name in ("arcd-timestamp", "arcd-signature"))
    problem = check.problem(timestamp, signed, body, desk.now())
    if problem is not None:
        return _said(HTTPStatus.UNAUTHORIZED, "signature", problem)
    try:
        answer = await take_answer(desk, "cap_http", body)
    except Busy:
        headers = {"Retry-After": str(BUSY_RETRY_AFTER_S)}
        return _said(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Ask again in a moment.", headers)
    if answer.granted:
        return _said(HTTPStatus.OK, "", answer.message or "taken", granted=True)
    unreadable = answer.rule == "authority.unreadable"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if unreadable else HTTPStatus.CONFLICT
    return _said(status, answer.rule, answer.message)


def _said(
    status: int, rule: str, message: str, headers: dict[str, str] | None = None, *, granted: bool = False
) -> Response:
    told = Outcome(granted=granted, rule=rule, message=message)
    return Response(told.model_dump_json(exclude={"job"}), status, headers, media_type="application/json")
