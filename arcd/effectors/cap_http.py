"""CAP 1.2 messages to the authority's machine over HTTPS.

One rule: the same message is the same bytes, and its identifier is the `Idempotency-Key`: sent again, it is still one.
That it was taken is the status line; whether it was *accepted* is a CAP message that comes back (`arcd.api.authority`).

The receiver checks the signature as a webhook's is checked, over a secret both sides have; mutual TLS can be added.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arcd.core.effects import DurableEffect, SendAlert
from arcd.effectors import Performed
from arcd.effectors.http_attempt import HttpAttempt, check_secret, signature_headers
from protocols.cap.writer import write

# The answer is waited for 30 s (requirements 3.2); an attempt that uses up a third of that has failed.
CONNECT_S = 3.0
READ_S = 5.0
TOTAL_S = 10.0
CONTENT_TYPE = "application/cap+xml"


class CapHttpEffector:
    """`now` dates the signature (ns since 1970 UTC)."""

    def __init__(
        self,
        *,
        url: str,
        secret: bytes,
        now: Callable[[], int],
        ca_file: Path | None = None,
        certificate: Path | None = None,
        connect_s: float = CONNECT_S,
        read_s: float = READ_S,
        total_s: float = TOTAL_S,
    ) -> None:
        check_secret(secret, "authority")
        self._url = url
        self._secret = secret
        self._now = now
        self._http = HttpAttempt(
            ca_file=ca_file, certificate=certificate, connect_s=connect_s, read_s=read_s, total_s=total_s
        )

    @property
    def name(self) -> str:
        return "cap_http"

    @property
    def handles(self) -> tuple[type, ...]:
        return (SendAlert,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, SendAlert)
        body = write(effect.message)
        headers = {
            "Content-Type": CONTENT_TYPE,
            "Idempotency-Key": effect.message.identifier,
            **signature_headers(self._secret, self._now(), body),
        }
        return await self._http.post(self._url, body, headers)

    async def close(self) -> None:
        await self._http.close()
