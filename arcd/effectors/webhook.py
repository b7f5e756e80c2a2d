"""Signed JSON POSTs to the systems of guard companies and other partners.

One rule: the same effect is the same bytes, however often it is performed, under the same `Idempotency-Key`; what the
answer comes to is `http_attempt`.

A receiver checks `Arcd-Signature` = "v1=" + hex HMAC-SHA-256(secret, Arcd-Timestamp + "." + body), refuses timestamps
that are too old, and takes a repeated `Idempotency-Key` as the same message.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from arcd.core.effects import DurableEffect, PostWebhook
from arcd.core.facts import GuardAnswer
from arcd.effectors import Performed
from arcd.effectors.http_attempt import HttpAttempt, check_secret, signature_headers
from arcd.guard_links import LinkSigner

# An offer waits 60 s for its guard (requirements 4.8): one attempt may not use up more than a sixth of that.
CONNECT_S = 3.0
READ_S = 5.0
TOTAL_S = 10.0


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
        check_secret(secret, "webhook")
        self._secret = secret
        self._links = links
        self._now = now
        self._http = HttpAttempt(ca_file=ca_file, connect_s=connect_s, read_s=read_s, total_s=total_s)

    @property
    def name(self) -> str:
        return "webhook"

    @property
    def handles(self) -> tuple[type, ...]:
        return (PostWebhook,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, PostWebhook)
        body = self._body(effect)
        return await self._http.post(effect.url, body, self._headers(effect, body))

    async def close(self) -> None:
        await self._http.close()

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
        return {
            "Content-Type": "application/json",
            "Idempotency-Key": effect.id,
            "Arcd-Topic": effect.topic,
            **signature_headers(self._secret, self._now(), body),
        }
