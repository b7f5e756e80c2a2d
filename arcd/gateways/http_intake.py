"""Signals that cloud panels and cameras post as JSON: POST /v1/signals.

One rule: 200 leaves after the commit, and only then; every other answer says what to do. The sender names each message
(`id`), so that one whose answer got lost is posted again without being taken twice.

    POST /v1/signals
    Authorization: Bearer <the source's token>
    {"id": "7f3a-19", "code": "BA", "zone": "3", "text": "Line crossing, gate", "occurred_at": "2026-11-29T15:04:05Z",
     "pictures": [{"name": "gate.jpg", "type": "image/jpeg", "data": "<base64>"}], "media": ["https://…/clip/19"]}

`id` is the only field that must be there: code, zone and area are the source's own where the message names none. With
`"alive": true` the message is proof of life and nothing else. Fields nobody knows are refused: they would be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from arcd.api.body_limit import BodyLimit
from arcd.api.serving import Served, serve_app
from arcd.field_map import KnownSource
from arcd.gateways.intake_door import IntakeDoor, hide
from arcd.gateways.listeners import Listeners
from protocols.codec import ReplyKind
from protocols.made_signals import made_signal
from protocols.mail_message import PICTURES_MAX, Picture
from protocols.signals import Qualifier, Signal

PROTOCOL = "http"
RETRY_AFTER_S = 5
RATE_RETRY_AFTER_S = 60
BODY_TIMEOUT_S = 20.0
YEARS = range(2000, 2200)  # instants are ns since 1970 in 64 bits, which end in 2262
UNKNOWN = "Send the token given for this device: Authorization: Bearer <token>."

Short = Annotated[str, Meta(min_length=1, max_length=64)]
Number = Annotated[str, Meta(pattern="^[0-9A-Za-z]{1,8}$")]


class PostedPicture(Struct, frozen=True, forbid_unknown_fields=True):
    type: Annotated[str, Meta(pattern="^image/[a-z0-9.+-]{1,40}$")]
    data: bytes
    name: Annotated[str, Meta(max_length=100)] = ""


class Posted(Struct, frozen=True, forbid_unknown_fields=True):
    """The message. Limits are part of what the sender is told when one is not kept."""

    id: Annotated[str, Meta(min_length=1, max_length=100)]
    code: Annotated[str, Meta(pattern="^[0-9A-Z]{2,3}$")] | None = None
    qualifier: Literal["new", "restore", "status"] = "new"
    zone: Number | None = None
    area: Number | None = None
    user: Number | None = None
    text: Annotated[str, Meta(max_length=500)] = ""
    occurred_at: datetime | None = None
    media: Annotated[list[Annotated[str, Meta(pattern="^https?://[!-~]{1,2000}$")]], Meta(max_length=10)] = []
    pictures: Annotated[list[PostedPicture], Meta(max_length=PICTURES_MAX)] = []
    alive: bool = False


class HttpIntake:
    def __init__(
        self, *, name: str, door: IntakeDoor, listener: socket.socket, body_bytes_max: int,
        certificate: Path | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self._door = door
        self.listeners = Listeners(name, [listener], self._begin)
        self._body_bytes_max = body_bytes_max
        self._certificate = certificate
        self._is_taking = True
        self._served = contextlib.AsyncExitStack()
        self._served_at: Served | None = None
        self._decoder = msgspec.json.Decoder(Posted)

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.listeners.addresses

    async def start(self) -> None:
        await self.listeners.start()

    async def _begin(self, listener: socket.socket) -> asyncio.Server:
        if self._served_at is not None:
            return await self._served_at.move(listener)
        app = Starlette(routes=[Route("/v1/signals", self._signals, methods=["POST"])])
        app.add_middleware(
            BodyLimit, bytes_max=self._body_bytes_max, refuse=_refuse, timeout_s=BODY_TIMEOUT_S
        )  # fmt: skip
        self._served_at = await self._served.enter_async_context(
            serve_app(_Doorkeeper(app, self._unknown), listener, certificate=self._certificate)
        )
        return self._served_at.server

    async def run(self) -> None:
        await self._door.keep_house()

    async def stop_taking(self) -> None:
        self._is_taking = False
        self._door.reader.flush()

    async def close(self) -> None:
        self.listeners.close()
        await self._served.aclose()

    async def _signals(self, request: Request) -> Response:
        peer = f"{request.client.host}:{request.client.port}" if request.client is not None else ""
        known, token = self._who(request.headers.get("authorization", ""))
        if known is None:  # removed by a reload while its body was read
            return _refuse(401, UNKNOWN)
        if not self._is_taking:
            return _refuse(503, "Going down: post it again in a few seconds.")
        if not self._door.admits(known):
            return _refuse(429, "Too many messages from this device: post it again in a minute.")
        body = await request.body()
        try:
            posted = self._decoder.decode(body)
        except msgspec.DecodeError as error:
            wrong = hide(token, str(error))
            self._door.turned_away("syntax", f"{known.source.id}: {wrong}"[:200], body, peer, token=token)
            return _refuse(422, f"This is no message as it should be: {wrong}.")
        if posted.alive:
            is_known = self._door.alive(known)
            return _taken(posted) if is_known else _refuse(409, "The account of this device is not in force.")
        if posted.occurred_at is not None and posted.occurred_at.year not in YEARS:
            return _refuse(422, f"occurred_at lies outside {YEARS.start} to {YEARS.stop - 1}: set the device's clock.")
        if posted.code is None and not known.source.code:
            return _refuse(422, "Name the event code: this device has none of its own.")
        return await self._take(known, posted, token, body, peer)

    def _unknown(self, scope: Scope) -> Response | None:
        """The answer to whoever has no token here; None for a source."""
        if self._who(Headers(scope=scope).get("authorization", ""))[0] is not None:
            return None
        host, port = scope.get("client") or ("", 0)
        if not self._door.admits_stranger(host):
            return _refuse(429, "Too many attempts from this address: try again in a minute.")
        self._door.turned_away("unknown_source", "no token, or one that nobody here knows", b"", f"{host}:{port}")
        return _refuse(401, UNKNOWN)

    def _who(self, authorization: str) -> tuple[KnownSource | None, str]:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or not token.isascii():
            return None, ""
        return self._door.find(token), token

    async def _take(self, known: KnownSource, posted: Posted, token: str, body: bytes, peer: str) -> Response:
        pictures = [Picture(name=each.name, type=each.type, data=each.data) for each in posted.pictures]
        kept = await self._door.keep(pictures, known.source.retention)
        key = hashlib.sha256(f"{known.source.digest}\0{posted.id}".encode()).hexdigest()
        # The journal holds what was said; pictures lie beside it, and their base64 would only fill it.
        said = msgspec.json.encode(msgspec.structs.replace(posted, pictures=[])) if pictures else body
        reply = await self._door.take(
            known, _signal_of(known, posted), token=token, key=key, raw=said, remarks=(), kept=kept, peer=peer
        )
        if reply is ReplyKind.ACK:
            return _taken(posted)
        if reply is None:
            return _refuse(503, "Not taken yet: post the same message again in a few seconds.")
        return _refuse(409, "Not taken: the account of this device is not in force.")


class _Doorkeeper:
    """ASGI: asks who it is before anything of the body is read."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Scope], Response | None]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refuse(scope) if scope["type"] == "http" else None
        await (self._app if refused is None else refused)(scope, receive, send)


def _signal_of(known: KnownSource, posted: Posted) -> Signal:
    source = known.source
    signal = made_signal(
        scheme=source.scheme,
        code=posted.code or source.code,
        qualifier=Qualifier(posted.qualifier),
        zone=posted.zone or source.zone,
        area=posted.area or source.area,
        text=posted.text or None,
        occurred_at=_instant(posted.occurred_at),
        media=tuple(posted.media),
        extra=(("id", posted.id),),
    )
    return msgspec.structs.replace(signal, user=posted.user) if posted.user is not None else signal


def _instant(at: datetime | None) -> int | None:
    """ns since 1970 UTC. Without an offset it is UTC: a device far away cannot mean our wall clock."""
    if at is None:
        return None
    return int((at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() * 1_000_000_000)


def _taken(posted: Posted) -> JSONResponse:
    return JSONResponse({"taken": True, "id": posted.id})


def _refuse(status: int, message: str) -> JSONResponse:
    headers = {}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = str(RATE_RETRY_AFTER_S)
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    elif status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"taken": False, "message": message}, status_code=status, headers=headers)
