"""Who is asking, in which language, and what of: the parts every admin route takes from its request.

One rule: the actor is what the kernel says about the other end of the socket (SO_PEERCRED, by `arcd.api.serving`),
never what a request claims. A caller without one, over TCP or through a proxy, gets nothing.
"""

from __future__ import annotations

import grp
import os
import pwd
from enum import StrEnum
from typing import Annotated, cast

from fastapi import Depends, Query, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from arcd.api.answers import refused_peer
from arcd.api.desk import Desk
from arcd.core.facts import SUPERVISOR, Actor

PEER_PREFIX = "uid:"
ROWS_DEFAULT = 200
ROWS_MAX = 2000  # of any list: one answer is a screen or a script's page, not a dump
ID_CHARS_MAX = 64
TEXT_CHARS_MAX = 4000


class Language(StrEnum):
    FI = "fi"
    SV = "sv"
    EN = "en"


def os_actor(uid: int, supervisor_group: str = "") -> Actor:
    """The person behind a user id: `os:matti`; `os:1000` where the system has no name for it.

    Members of the supervisors' group, as the operating system knows it, have that role.
    """
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Actor(id=f"os:{uid}")
    roles = (SUPERVISOR,) if _is_member(entry, supervisor_group) else ()
    return Actor(id=f"os:{entry.pw_name}", name=entry.pw_gecos.partition(",")[0], roles=roles)


def _is_member(entry: pwd.struct_passwd, group: str) -> bool:
    try:
        group_id = grp.getgrnam(group).gr_gid
    except KeyError:
        return False
    return group_id in os.getgrouplist(entry.pw_name, entry.pw_gid)


class PeersOnly:
    """ASGI middleware: whom the kernel does not vouch for is refused whatever is asked, before anything is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _uid(scope) is None:
            return await refused_peer()(scope, receive, send)
        await self._app(scope, receive, send)


def _uid(scope: Scope) -> int | None:
    host = scope["client"][0] if scope["client"] else ""
    uid = host.removeprefix(PEER_PREFIX)
    return int(uid) if uid != host and uid.isascii() and uid.isdecimal() else None


def peer_actor(request: Request) -> Actor:
    # Not a coroutine on purpose: a user name may come from a directory server, so FastAPI asks for it in a thread.
    uid = _uid(request.scope)
    assert uid is not None, "nobody else comes so far"
    return os_actor(uid, request.app.state.supervisor_group)


async def desk_of(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


async def language_of(
    request: Request, lang: Annotated[Language | None, Query(description="Language of the texts")] = None
) -> str:
    if lang is not None:
        return lang.value
    centre = cast(Desk, request.app.state.desk).state.centre.get("centre")
    return centre.language if centre is not None else Language.FI.value


Asker = Annotated[Actor, Depends(peer_actor)]
TheDesk = Annotated[Desk, Depends(desk_of)]
Reading = Annotated[str, Depends(language_of)]
Limit = Annotated[int, Query(ge=1, le=ROWS_MAX, description="Rows at most")]
