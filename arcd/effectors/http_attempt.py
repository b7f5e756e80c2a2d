"""One signed POST over HTTP: what every channel that posts has in common.

One rule: the status line is the whole answer. The body of a response is neither kept nor believed, redirects are not
followed (what is signed goes where it is meant to go or nowhere), and proxies are not taken from the environment.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx

from arcd import __version__
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed

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


class HttpAttempt:
    """A client for single attempts. `certificate`: a PEM file with our certificate and its key, for mutual TLS."""

    def __init__(
        self, *, ca_file: Path | None, connect_s: float, read_s: float, total_s: float, certificate: Path | None = None
    ) -> None:
        tls = ssl.create_default_context(cafile=ca_file)
        if certificate is not None:
            tls.load_cert_chain(certificate)
        self._total_s = total_s
        self._client = httpx.AsyncClient(
            verify=tls,
            timeout=httpx.Timeout(read_s, connect=connect_s),
            # A connection kept open may be dead by the next alarm; posts are rare enough for a new one each.
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # every POST stands by itself
            headers={"User-Agent": f"arcd/{__version__}"},
        )

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Performed:
        try:
            request = self._client.build_request("POST", url, content=body, headers=headers)
        except (httpx.InvalidURL, ValueError):
            return Performed(outcome=EffectOutcome.REFUSED, detail="not a usable URL")
        if request.url.port is not None and not 0 < request.url.port < 65536:  # httpx takes any number
            return Performed(outcome=EffectOutcome.REFUSED, detail="not a usable URL")
        return await self._send(request)

    async def close(self) -> None:
        await self._client.aclose()

    async def _send(self, request: httpx.Request) -> Performed:
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


def check_secret(secret: bytes, what: str) -> None:
    if len(secret) < SECRET_BYTES_MIN:
        raise ValueError(f"the {what} secret has at least {SECRET_BYTES_MIN} bytes; make one: openssl rand -hex 32")


def signature_headers(secret: bytes, at: int, body: bytes) -> dict[str, str]:
    """What a receiver checks: `Arcd-Signature` is over the timestamp, a point and the body."""
    timestamp = str(at // 1_000_000_000)
    return {"Arcd-Timestamp": timestamp, "Arcd-Signature": f"v1={signature(secret, timestamp, body)}"}


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    return hmac.digest(secret, timestamp.encode() + b"." + body, "sha256").hex()


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
