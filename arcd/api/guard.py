"""The guard's side: a page to read a job on and to answer it, and the same in JSON for guard companies' systems.

One rule: the link is the right. Whoever holds a genuine token may answer that one offer and see what its guard needs to
know; everybody else learns nothing, not even whether they were close. GET never changes anything.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, cast

from fastapi import APIRouter, FastAPI, Query, Request, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arcd import __version__
from arcd.api.answers import BUSY_RETRY_AFTER_S, View
from arcd.api.authority import AnswerCheck
from arcd.api.authority import router as authority_router
from arcd.api.body_limit import BodyLimit
from arcd.api.desk import Busy, Desk
from arcd.api.guard_answer import BODY_BYTES_MAX, FORM, GivenError, read_answer
from arcd.api.guard_job import Job, job_of
from arcd.api.guard_page import STYLE_SOURCE, Notice, job_page, plain_page
from arcd.api.guard_texts import ANSWERS, FAILED, LANGUAGES, NO_PAGE, PAGE, TOO_MANY, Texts, refusal
from arcd.api.guard_view import JobView, Outcome, job_view, wants_json
from arcd.api.rate_limit import RateLimit
from arcd.api.recorded import Record
from arcd.core.facts import Actor, GuardAnswer, GuardAnswered
from arcd.guard_links import LINK_PATH

RATE_PERIOD_S = 60
# Links are opened, not typed: whoever is wrong this often in a minute is looking for other people's.
UNKNOWN_PER_SOURCE_MAX = 20
# Every answer is a journal entry, granted or not; a guard with a bad connection presses a button a few times.
ANSWERS_PER_OFFER_MAX = 30
SOURCES_MAX = 10_000
IPV6_SOURCE_PREFIX = 64  # what one subscriber gets (RFC 6177)

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{STYLE_SOURCE}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # The address is the right to answer: it must reach no other site, no cache and no index.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

router = APIRouter(tags=["guard"])

Lang = Annotated[str | None, Query(description="fi, sv or en; the guard's own language where it is not said")]


class UnknownLinkError(Exception):
    """No such page, or no such token: nobody is told which."""


def guard_app(desk: Desk, authority: AnswerCheck | None = None) -> FastAPI:
    """With `authority`, the authority's machine may post its answers here as well."""
    app = FastAPI(
        title="arcd guard",
        version=__version__,
        summary="Alarm receiving centre: a guard's answers to a job offer",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.state.unknown = RateLimit(count_max=UNKNOWN_PER_SOURCE_MAX, period_s=RATE_PERIOD_S, keys_max=SOURCES_MAX)
    app.state.answers = RateLimit(count_max=ANSWERS_PER_OFFER_MAX, period_s=RATE_PERIOD_S, keys_max=SOURCES_MAX)
    app.add_exception_handler(UnknownLinkError, _on_unknown)
    app.add_exception_handler(HTTPException, _on_unknown)
    app.add_exception_handler(Exception, _on_failure)
    app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX, refuse=_refused_body)
    app.add_middleware(GuardHeaders)
    app.routes.extend(router.routes)
    if authority is not None:
        app.state.authority = authority
        app.routes.extend(authority_router.routes)
    return app


class GuardHeaders:
    """ASGI middleware: `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


@router.get(
    f"{LINK_PATH}/{{token}}",
    summary="The job behind a guard's link; opening it changes nothing",
    responses={200: {"model": JobView, "content": {"text/html": {}}}, 404: {"description": "No such link"}},
    response_class=Response,
)
async def show_job(request: Request, token: str, lang: Lang = None) -> Response:
    visit = Visit(request, token, lang)
    job = visit.job()
    if job.place is not None:
        actor = Actor(id=f"guard:{job.guard_id}", name=job.guard_name)
        await Record(visit.desk, actor).read("job", f"case/{job.case_id}")
    return visit.shown()


@router.post(
    f"{LINK_PATH}/{{token}}/{{answer}}",
    summary="Answer: accept, decline, en_route, on_site, … report",
    responses={
        200: {"model": Outcome, "content": {"text/html": {}}},
        404: {"description": "No such link"},
        409: {"model": Outcome, "description": "Not possible now; `rule` names why"},
        422: {"model": Outcome, "description": "The answer was not understood"},
        429: {"model": Outcome, "description": "Too many answers in a row"},
        503: {"model": Outcome, "description": "Ask again after Retry-After"},
    },
    response_class=Response,
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": {"eta_minutes": 12}},
                FORM: {"schema": {"type": "object"}},
            }
        }
    },
)
async def give_answer(request: Request, token: str, answer: str, lang: Lang = None) -> Response:
    visit = Visit(request, token, lang)
    try:
        said = GuardAnswer(answer)
    except ValueError:
        raise UnknownLinkError from None
    limit = cast(RateLimit, request.app.state.answers)
    if not limit.admits(visit.offer_id, visit.desk.now()):
        return visit.refused(HTTPStatus.TOO_MANY_REQUESTS, "rate", retry_after_s=RATE_PERIOD_S)
    try:
        given = read_answer(said, request.headers.get("content-type", ""), await request.body())
    except GivenError as error:
        return visit.refused(HTTPStatus.UNPROCESSABLE_ENTITY, error.rule, message=str(error))
    job = visit.job()
    if not job.guard_id:  # nobody is left to answer as
        return visit.refused(HTTPStatus.CONFLICT, "offer.gone")
    fact = GuardAnswered(
        at=visit.desk.now(),
        offer_id=visit.offer_id,
        answer=said,
        actor=Actor(id=f"guard:{job.guard_id}", name=job.guard_name),
        eta_s=given.eta_s,
        report=given.report,
    )
    try:
        outcome = await visit.desk.ask(fact)
    except Busy:
        return visit.refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy", retry_after_s=BUSY_RETRY_AFTER_S)
    if outcome.granted:
        return visit.granted(said)
    return visit.refused(HTTPStatus.CONFLICT, outcome.rule, message=outcome.message, entered=given.report)


class Visit:
    """One request with a genuine token, and the ways to answer it. UnknownLinkError without one."""

    def __init__(self, request: Request, token: str, lang: str | None) -> None:
        self.desk = _desk(request)
        offer_id = self.desk.links.offer_of(token)
        if offer_id is None:
            raise UnknownLinkError
        self.offer_id = offer_id
        self._language = lang if lang in LANGUAGES else None
        self._wants_json = _wants_json(request)
        # Relative to where the browser is, so that a proxy may serve this under any path.
        self._href = token if request.method == "GET" else f"../{token}"

    def job(self) -> Job:
        """As it stands now."""
        return job_of(self.desk.state, self.offer_id, self._language)

    def shown(self) -> Response:
        job = self.job()
        return _json(job_view(job, self.desk.links)) if self._wants_json else _html(job_page(job, href=self._href))

    def granted(self, said: GuardAnswer) -> Response:
        job = self.job()
        if self._wants_json:
            message = f"Recorded: {said.value}."
            return _json(Outcome(granted=True, rule="", message=message, job=job_view(job, self.desk.links)))
        notice = Notice(text=PAGE["recorded"][job.language].format(answer=ANSWERS[said][job.language]))
        return _html(job_page(job, href=self._href, notice=notice))

    def refused(
        self,
        status: int,
        rule: str,
        *,
        message: str = "",
        retry_after_s: int | None = None,
        entered: Mapping[str, str] | None = None,
    ) -> Response:
        """`message` is for systems; people read the rule's text in their language."""
        job = self.job()
        headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else None
        if self._wants_json:
            told, view = message or refusal(rule, "en"), job_view(job, self.desk.links)
            return _json(Outcome(granted=False, rule=rule, message=told, job=view), status, headers)
        notice = Notice(text=refusal(rule, job.language), refused=True)
        return _html(job_page(job, href=self._href, notice=notice, entered=entered), status, headers)


async def _on_unknown(request: Request, error: Exception) -> Response:
    """Also for every path and method that does not exist here: probing for those is counted alike."""
    limits = cast(RateLimit, request.app.state.unknown)
    if not limits.admits(_source(request), _desk(request).now()):
        headers = {"Retry-After": str(RATE_PERIOD_S)}
        return _nothing(request, HTTPStatus.TOO_MANY_REQUESTS, "rate", TOO_MANY, headers)
    return _nothing(request, HTTPStatus.NOT_FOUND, "not_found", NO_PAGE)


async def _on_failure(request: Request, error: Exception) -> Response:
    response = _nothing(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal", FAILED)
    response.headers.update(HEADERS)  # outside of every middleware
    return response


def _refused_body(status: int, message: str) -> Response:
    return _json(Outcome(granted=False, rule="body", message=message), status)


def _nothing(request: Request, status: int, rule: str, texts: Texts, headers: dict[str, str] | None = None) -> Response:
    if _wants_json(request):
        return _json(Outcome(granted=False, rule=rule, message=texts["en"]), status, headers)
    return _html(plain_page(texts), status, headers)


# ------------------------------------------------------------------------------------------------------ small readings


def _desk(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


def _wants_json(request: Request) -> bool:
    return wants_json(request.headers.get("accept", ""), request.headers.get("content-type", ""))


def _source(request: Request) -> str:
    """The address, or the network an IPv6 subscriber has to themselves."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, IPV6_SOURCE_PREFIX), strict=False))
    return str(address)


def _html(page: bytes, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    return Response(page, status, headers, media_type="text/html")


def _json(view: View, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    return Response(view.model_dump_json(), status, headers, media_type="application/json")
