"""Signed JSON POSTs to the systems of guard companies and other partners.

One rule: the status line is the whole answer. The body of a response is neither kept nor believed, redirects are not
followed (a signed offer goes where the site base says or nowhere), and proxies are not taken from the environment.

A receiver checks `Arcd-Signature` = "v1=" + hex HMAC-SHA-256(secret, Arcd-Timestamp + "." + body), refuses timestamps
that are too old, and takes a repeated `Idempotency-Key` as the same message.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
import msgspec

from arcd import __version__
from arcd.core.effects import DurableEffect, PostWebhook
from arcd.core.facts import EffectOutcome, GuardAnswer
from arcd.effectors import Performed
from arcd.guard_links import LinkSigner

# An offer waits 60 s for its guard (requirements 4.8): one attempt may not use up more than a sixth of that.
CONNECT_S = 3.0
READ_S = 5.0
TOTAL_S = 10.0
SECRET_BYTES_MIN = 16
# Read and let go, so that a receiver that is still writing is not cut off; beyond this it is.
RESPONSE_BYTES_MAX = 64 * 1024

# RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4: the statuses below 500 that ask for another attempt.
_REPEATABLE = frozenset({408, 425, 429})

_TROUBLES: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.ConnectError, "no connection"),
    (httpx.TimeoutException, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (httpx.RemoteProtocolError, "connection broken or answer not HTTP"),
    (httpx.HTTPError, "connection broken"),
)


class WebhookEffector:
    """`now` dates the signature (ns since 1970 UTC). The limits are arguments for slow partners and quick tests."""

    def __init__(
        self,
        *,
        secret: bytes,
        links: LinkSigner,
        now: Callable[[], int],
        ca_file: Path | None = None,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        total_s: float = TOTAL_S,
    ) -> None:
        if len(secret) < SECRET_BYTES_MIN:
            raise ValueError(
                f"the webhook secret has at least {SECRET_BYTES_MIN} bytes; make one: openssl rand -hex 32"
            )
        self._secret = secret
        self._links = links
        self._now = now
        self._total_s = total_s
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=ca_file),
            timeout=httpx.Timeout(read_s, connect=connect_s),
            # A connection kept open may be dead by the next alarm; offers are rare enough for a new one each.
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # every POST stands by itself
            headers={"User-Agent": f"arcd/{__version__}"},
        )

    @property
    def name(self) -> str:
        return "webhook"

    @property
    def handles(self) -> tuple[type, ...]:
        return (PostWebhook,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, PostWebhook)
        body = self._body(effect)
        try:
            request = self._client.build_request("POST", effect.url, content=body, headers=self._headers(effect, body))
        except (httpx.InvalidURL, ValueError):
            return Performed(outcome=EffectOutcome.REFUSED, detail="not a usable URL")
        if request.url.port is not None and not 0 < request.url.port < 65536:  # httpx takes any number
            return Performed(outcome=EffectOutcome.REFUSED, detail="not a usable URL")
        return await self._post(request)

    async def close(self) -> None:
        await self._client.aclose()

    def _body(self, effect: PostWebhook) -> bytes:
        """The same bytes for the same effect, however often it is performed."""
        payload = effect.payload
        if effect.offer_id:
            payload = payload | {
                "links": {
                    "accept": self._links.url(effect.offer_id, GuardAnswer.ACCEPT),
                    "decline": self._links.url(effect.offer_id, GuardAnswer.DECLINE),
                    "page": self._links.url(effect.offer_id),
                }
            }
        return msgspec.json.encode(payload, order="deterministic")

    def _headers(self, effect: PostWebhook, body: bytes) -> dict[str, str]:
        timestamp = str(self._now() // 1_000_000_000)
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": effect.id,
            "Arcd-Topic": effect.topic,
            "Arcd-Timestamp": timestamp,
            "Arcd-Signature": f"v1={hmac.digest(self._secret, timestamp.encode() + b'.' + body, 'sha256').hex()}",
        }

    async def _post(self, request: httpx.Request) -> Performed:
        status: int | None = None
        try:
            async with asyncio.timeout(self._total_s):
                response = await self._client.send(request, stream=True)
                status = response.status_code
                try:
                    await _drain(response)
                finally:
                    await response.aclose()
        except httpx.UnsupportedProtocol:
            return Performed(outcome=EffectOutcome.REFUSED, detail="not an http or https URL")
        except (httpx.HTTPError, TimeoutError) as error:
            # With a status in hand the matter is settled, whatever happened to the rest of the response.
            if status is None:
                return Performed(outcome=EffectOutcome.FAILED, detail=_trouble(error))
        assert status is not None
        return Performed(outcome=_outcome(status), detail=f"HTTP {status}")


async def _drain(response: httpx.Response) -> None:
    seen = 0
    with suppress(httpx.HTTPError):
        async for chunk in response.aiter_raw():
            seen += len(chunk)
            if seen > RESPONSE_BYTES_MAX:
                return


def _outcome(status: int) -> EffectOutcome:
    if 200 <= status < 300:
        return EffectOutcome.DELIVERED
    if status >= 500 or status in _REPEATABLE:
        return EffectOutcome.FAILED
    return EffectOutcome.REFUSED


def _trouble(error: Exception) -> str:
    """One of a few phrases: exception texts may hold host names and must not reach the journal."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "TLS certificate not trusted"
        cause = cause.__cause__ or cause.__context__
    return next(phrase for kind, phrase in _TROUBLES if isinstance(error, kind))
