"""An emergency centre's machine on loopback: a real HTTP server that takes CAP alerts and posts its answers back.

What it does with an alert is its manner (`MANNERS`): accept, reject for each of the reasons of requirements 3.2, be
silent, be slow, answer twice, answer out of order, answer nonsense, break the connection. It checks what it gets as a
real one would: the signature, the schema, and that a repeated identifier is the same message.

One rule: it never speaks to anything but loopback.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from lxml import etree

from arcd.api.authority import PATH
from arcd.effectors.cap_http import CONTENT_TYPE
from arcd.effectors.http_attempt import signature, signature_headers
from protocols.cap.message import (
    Alert,
    CapCategory,
    Certainty,
    Info,
    MsgType,
    Named,
    Scope,
    Severity,
    Urgency,
)
from protocols.cap.profile import cap_time
from protocols.cap.reader import read
from protocols.cap.schema import SCHEMA_TEXT
from protocols.cap.writer import write
from tests.arcd.effectors.far_ends import HttpFarEnd, http_far_end, reset, say_nothing, status
from tests.patience import PATIENCE_S

SCHEMA = etree.XMLSchema(etree.fromstring(SCHEMA_TEXT))
SECRET = b"a secret of both sides"
# requirements 3.2, ASAP: why an alarm is rejected.
REASONS = ("invalid address", "invalid event type", "alarm too old", "other")


@dataclass
class Psap:
    """`now` dates its answers; `post_to` is where they go."""

    now: Callable[[], int]
    post_to: str = ""
    manner: str = "accept"
    slow_s: float = 0.0
    far_end: HttpFarEnd = field(default_factory=HttpFarEnd)
    taken: list[Alert] = field(default_factory=list)
    repeats: int = 0
    answered: list[httpx.Response] = field(default_factory=list)
    _bytes: dict[str, bytes] = field(default_factory=dict)
    _count: int = 0

    @property
    def url(self) -> str:
        return self.far_end.url

    async def look(self) -> None:
        """Take what has come since the last look, and answer it by its manner."""
        posts, self.far_end.posts = self.far_end.posts, []
        for post in posts:
            wanted = f"v1={signature(SECRET, post.headers['arcd-timestamp'], post.body)}"
            assert hmac.compare_digest(wanted, post.headers["arcd-signature"])
            assert post.headers["content-type"] == CONTENT_TYPE
            SCHEMA.assertValid(etree.fromstring(post.body))
            alert = read(post.body)
            assert isinstance(alert, Alert)
            assert post.headers["idempotency-key"] == alert.identifier
            if alert.identifier in self._bytes:
                assert self._bytes[alert.identifier] == post.body, "a repeat is the same message"
                self.repeats += 1
                continue  # known: a real centre makes no second call-for-service of it
            self._bytes[alert.identifier] = post.body
            self.taken.append(alert)
            await self._answer(alert)

    async def _answer(self, alert: Alert) -> None:
        accept = self.reply(alert, MsgType.ACK, "ACCEPTED;cfs=2026-1187")
        match self.manner.partition(":")[::2]:
            case "accept", _:
                await self.post(accept)
            case "reject", reason:
                await self.post(self.reply(alert, MsgType.ERROR, f"REJECTED;reason={reason}"))
            case "slow", _:
                await asyncio.sleep(self.slow_s)
                await self.post(accept)
            case "duplicate", _:
                await self.post(accept)
                await self.post(accept)
            case "out_of_order", _:
                dispatched = self.reply(alert, MsgType.UPDATE, "Unit 12 on its way", psap_status="dispatched")
                await self.post(self.reply(alert, MsgType.UPDATE, "Unit 12 is there", psap_status="arrived"))
                await self.post(dispatched)
                await self.post(accept)
            case "malformed", _:
                await self.post_bytes(b"<alert>ACCEPTED")
            case _:
                pass  # silent, reset

    def reply(self, alert: Alert, msg_type: MsgType, note: str, *, psap_status: str = "") -> Alert:
        self._count += 1
        infos: tuple[Info, ...] = ()
        if psap_status:
            infos = (
                Info(
                    categories=(CapCategory.SECURITY,),
                    event="status",
                    urgency=Urgency.UNKNOWN,
                    severity=Severity.UNKNOWN,
                    certainty=Certainty.UNKNOWN,
                    parameters=(Named(name="psap-status", value=psap_status),),
                ),
            )
        return Alert(
            identifier=f"psap.example-{self._count}",
            sender="psap.example",
            sent=cap_time(self.now()),
            status=alert.status,
            msg_type=msg_type,
            scope=Scope.PRIVATE,
            addresses=(alert.sender,),
            note=note,
            references=(alert.reference,),
            infos=infos,
        )

    async def post(self, alert: Alert) -> httpx.Response:
        return await self.post_bytes(write(alert))

    async def post_bytes(self, body: bytes, *, secret: bytes = SECRET) -> httpx.Response:
        headers = {"Content-Type": CONTENT_TYPE, **signature_headers(secret, self.now(), body)}
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as client:
            answer = await client.post(f"{self.post_to}{PATH}", content=body, headers=headers)
        self.answered.append(answer)
        return answer


@asynccontextmanager
async def psap(now: Callable[[], int], manner: str = "accept") -> AsyncIterator[Psap]:
    manners = {"silent_line": say_nothing, "reset": reset}
    async with http_far_end(manners.get(manner, status(202))) as far_end:
        yield Psap(now=now, manner=manner, far_end=far_end)
