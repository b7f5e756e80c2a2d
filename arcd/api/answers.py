"""What the admin API answers: granted, refused, not found, not understood, busy – always as one readable sentence.

One rule: every answer that is no success has the same three fields (`granted`, `rule`, `message`), and the message says
what to do. A value that somebody sent is never repeated in it: it may have been a secret in the wrong place.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from arcd.api.desk import Busy
from arcd.core.effects import Answer
from arcd.store import StoreError

BUSY_RETRY_AFTER_S = 2
FAULTS_SHOWN_MAX = 8


class View(BaseModel):
    """A value of an answer. Fields are named one by one, so that nothing leaves by being added elsewhere."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(BaseModel):
    """A value of a request. A field nobody knows is a typing error, not a wish to be ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Granted(View):
    granted: Literal[True] = True
    subject: str = ""
    message: str = ""


class Refused(View):
    granted: Literal[False] = False
    rule: str
    message: str


class ApiError(Exception):
    """Ends a request with `status` and a refusal."""

    def __init__(self, status: int, rule: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.rule = rule
        self.message = message
        self.headers = headers


class NotFoundError(ApiError):
    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.NOT_FOUND, "not_found", message)


class UnusableError(ApiError):
    """The request cannot be understood as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, "request", message)


def granted_or_raise(answer: Answer) -> Granted:
    if not answer.granted:
        raise ApiError(HTTPStatus.CONFLICT, answer.rule, answer.message)
    return Granted(subject=answer.subject, message=answer.message)


def created(answer: Answer, response: Response, place: str) -> Granted:
    """201 with the address of what was made: `place` followed by its id."""
    granted = granted_or_raise(answer)
    response.headers["Location"] = f"{place}/{granted.subject}"
    return granted


# For the OpenAPI description: what every route may answer besides its success.
Responses = dict[int | str, dict[str, Any]]


def _refusing(description: str) -> dict[str, Any]:
    # As `"model": Refused` would have it; but of that FastAPI makes a serializer for every status of every route.
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{Refused.__name__}"}}}
    return {"description": description, "content": content}


READ_ERRORS: Responses = {
    403: _refusing("Not a caller on the Unix socket"),
    404: _refusing("There is no such thing"),
    422: _refusing("The request was not understood"),
}
ASK_ERRORS: Responses = READ_ERRORS | {
    409: _refusing("Refused; `rule` names what refused it"),
    413: _refusing("The body is too large"),
    503: _refusing("The intake is full; ask again after Retry-After"),
}


class DescribedApp(FastAPI):
    """Whose description also holds what `READ_ERRORS` and `ASK_ERRORS` refer to."""

    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        described["components"]["schemas"][Refused.__name__] = Refused.model_json_schema(mode="serialization")
        return described


def install(app: FastAPI) -> None:
    """Give the application these answers for everything that can go wrong."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(Busy, _on_busy)
    app.add_exception_handler(StoreError, _on_store_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_failure)


def _refused(status: int, rule: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(Refused(rule=rule, message=message).model_dump(), status_code=status, headers=headers)


def refused_peer() -> Response:
    return _refused(HTTPStatus.FORBIDDEN, "peer", "The admin API answers on its Unix socket only.")


def refused_body(status: int, message: str) -> Response:
    return _refused(status, "body", message)


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _refused(error.status, error.rule, error.message, error.headers)


async def _on_busy(request: Request, error: Exception) -> Response:
    message = "The daemon has more to do than it can take in; nothing was changed. Ask again in a moment."
    return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy", message, {"Retry-After": str(BUSY_RETRY_AFTER_S)})


async def _on_store_error(request: Request, error: Exception) -> Response:
    return _refused(HTTPStatus.SERVICE_UNAVAILABLE, "store", str(error))


async def _on_failure(request: Request, error: Exception) -> Response:
    return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "This failed inside the daemon; its log says how.")


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = {
        400: "The body cannot be read: send JSON in UTF-8.",
        404: "There is no such route; /v1/openapi.json lists them.",
        405: "This route does not take that method; /v1/openapi.json lists them.",
    }.get(error.status_code, str(error.detail))
    return _refused(error.status_code, f"http.{error.status_code}", phrase, dict(error.headers or {}))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _refused(HTTPStatus.UNPROCESSABLE_ENTITY, "request", sentence(error.errors()))


def sentence(faults: Sequence[Any]) -> str:
    """pydantic's list of faults as one sentence, without the values that were sent."""
    told = [_fault(fault) for fault in faults[:FAULTS_SHOWN_MAX]]
    more = len(faults) - len(told)
    return "; ".join(told) + (f"; and {more} more." if more else ".")


def _fault(fault: dict[str, Any]) -> str:
    kind, place = fault["type"], [str(part) for part in fault["loc"]]
    name = ".".join(place[1:]) or place[0]
    if kind == "missing":
        return "a JSON body is needed" if place == ["body"] else f"{name} is missing"
    if kind in ("model_attributes_type", "model_type"):
        return "the body is not a JSON object" if name == "body" else f"{name} is not an object"
    if kind == "extra_forbidden":
        return f"{name} is not known here"
    if kind == "json_invalid":
        return f"the body is not JSON: {fault.get('ctx', {}).get('error', 'syntax error')}"
    if kind == "value_error":
        text = str(fault["ctx"]["error"])
        return text if name == "body" else f"{name}: {text}"
    # pydantic: "Input should be 'start' or 'done'"; its other messages read the same way.
    text = str(fault["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{name} should be {text}" if text != fault["msg"] else f"{name}: {text}"
