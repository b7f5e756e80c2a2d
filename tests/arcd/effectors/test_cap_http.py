"""Against a real HTTP server on loopback: what is sent, over what, and what each answer comes to."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from typing import Any

import pytest
from msgspec.structs import replace

from arcd.core.effects import SendAlert
from arcd.core.facts import EffectOutcome
from arcd.effectors.cap_http import CapHttpEffector
from protocols.cap.reader import read
from tests.arcd.effectors.far_ends import Certificates, Manners, http_far_end, reset, status
from tests.protocols.cap.alerts import FULL

SECRET = b"a secret of both sides"
NOON = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
DELIVERED, FAILED, REFUSED = EffectOutcome.DELIVERED, EffectOutcome.FAILED, EffectOutcome.REFUSED


def effector(url: str, **options: Any) -> CapHttpEffector:
    return CapHttpEffector(url=url, secret=SECRET, now=lambda: NOON, **options)


def an_alert(effect_id: str = "E1") -> SendAlert:
    return SendAlert(id=effect_id, message=FULL, case_id="C10")


async def test_a_message_is_signed_and_known_by_its_identifier() -> None:
    async with http_far_end() as far_end:
        cap = effector(far_end.url)
        for effect_id in ("E1", "E2"):
            assert (await cap.perform(an_alert(effect_id))).outcome is DELIVERED
        await cap.close()
    first, second = far_end.posts
    assert first.body == second.body, "sent again it is the same message"
    assert read(first.body) == FULL
    assert first.headers["content-type"] == "application/cap+xml"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == FULL.identifier
    wanted = hmac.new(SECRET, b"1767225600." + first.body, hashlib.sha256).hexdigest()
    assert first.headers["arcd-signature"] == f"v1={wanted}"


@pytest.mark.parametrize(
    ("manners", "outcome", "detail"),
    [
        (status(202), DELIVERED, "HTTP 202"),
        (status(404), REFUSED, "HTTP 404"),
        (status(401), REFUSED, "HTTP 401"),
        (status(429), FAILED, "HTTP 429"),
        (status(503), FAILED, "HTTP 503"),
        (status(307, "Location: http://127.0.0.1:1/"), REFUSED, "HTTP 307"),
        (reset, FAILED, "connection broken"),
    ],
)
async def test_what_the_status_line_comes_to(manners: Manners, outcome: EffectOutcome, detail: str) -> None:
    async with http_far_end(manners) as far_end:
        cap = effector(far_end.url)
        performed = await cap.perform(an_alert())
        await cap.close()
    assert performed.outcome is outcome
    assert performed.detail.startswith(detail)


async def test_mutual_tls(certificates: Certificates) -> None:
    certificate = certificates.ca_file.parent / "server.pem"  # any under that authority will do
    certificates.server.verify_mode = ssl.CERT_REQUIRED
    certificates.server.load_verify_locations(certificates.ca_file)
    try:
        async with http_far_end(tls=certificates.server) as far_end:
            with_one = effector(far_end.url, ca_file=certificates.ca_file, certificate=certificate)
            without = effector(far_end.url, ca_file=certificates.ca_file)
            outcomes = [(await each.perform(an_alert())).outcome for each in (with_one, without)]
            for each in (with_one, without):
                await each.close()
    finally:
        certificates.server.verify_mode = ssl.CERT_NONE
    assert outcomes == [DELIVERED, FAILED]


def test_a_short_secret_is_none() -> None:
    with pytest.raises(ValueError, match="the authority secret has at least 16 bytes"):
        CapHttpEffector(url="https://psap.example", secret=b"short", now=lambda: NOON)


async def test_another_message_is_another() -> None:
    async with http_far_end() as far_end:
        cap = effector(far_end.url)
        await cap.perform(SendAlert(id="E1", message=replace(FULL, identifier="other"), case_id="C10"))
        await cap.close()
    assert far_end.posts[0].headers["idempotency-key"] == "other"
