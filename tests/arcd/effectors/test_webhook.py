"""Against a real HTTP server on loopback: what is sent, and what each answer comes to."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from arcd.core.effects import PostWebhook
from arcd.core.facts import EffectOutcome
from arcd.effectors.http_attempt import RESPONSE_BYTES_MAX, SECRET_BYTES_MIN
from arcd.effectors.webhook import WebhookEffector
from arcd.guard_links import LinkSigner
from tests.arcd.effectors.far_ends import (
    Certificates,
    Manners,
    flood,
    http_far_end,
    raw,
    reset,
    say_nothing,
    stall_in_body,
    status,
)
from tests.virtual_time import over_loopback

SECRET = b"a webhook secret for the tests"
NOON = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z

DELIVERED, FAILED, REFUSED = EffectOutcome.DELIVERED, EffectOutcome.FAILED, EffectOutcome.REFUSED


def effector(links: LinkSigner, *, now: Callable[[], int] = lambda: NOON, **options: Any) -> WebhookEffector:
    return WebhookEffector(secret=SECRET, links=links, now=now, **options)


def offer(url: str, offer_id: str = "O17") -> PostWebhook:
    return PostWebhook(
        id="E-9", url=url, topic="dispatch.offer", payload={"site": "Käpylä", "eta": 3}, offer_id=offer_id
    )


async def test_a_post_is_signed_and_carries_the_links(links: LinkSigner) -> None:
    async with http_far_end() as far_end:
        webhook = effector(links)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert (performed.outcome, performed.detail) == (DELIVERED, "HTTP 204")
    (post,) = far_end.posts
    assert (post.method, post.target) == ("POST", "/offers")
    assert post.headers["content-type"] == "application/json"
    assert post.headers["idempotency-key"] == "E-9"
    assert post.headers["arcd-topic"] == "dispatch.offer"
    assert post.headers["arcd-timestamp"] == "1767225600"
    wanted = hmac.new(SECRET, b"1767225600." + post.body, hashlib.sha256).hexdigest()
    assert post.headers["arcd-signature"] == f"v1={wanted}"
    page = links.url("O17")
    assert json.loads(post.body) == {
        "site": "Käpylä",
        "eta": 3,
        "links": {"accept": f"{page}/accept", "decline": f"{page}/decline", "page": page},
    }


async def test_what_is_no_offer_has_no_links(links: LinkSigner) -> None:
    async with http_far_end() as far_end:
        webhook = effector(links)
        await webhook.perform(PostWebhook(id="E-9", url=far_end.url, topic="message", payload={"text": "hei"}))
        await webhook.close()
    assert far_end.posts[0].body == b'{"text":"hei"}'


async def test_a_repeat_has_the_same_key_and_body_under_its_own_time(links: LinkSigner) -> None:
    times = iter([NOON, NOON, NOON + 60_000_000_000])
    async with http_far_end() as far_end:
        webhook = effector(links, now=lambda: next(times))
        for _ in range(3):
            await webhook.perform(offer(far_end.url))
        await webhook.close()
    first, again, later = far_end.posts
    assert again == first
    assert later.body == first.body
    assert later.headers["idempotency-key"] == first.headers["idempotency-key"]
    assert later.headers["arcd-timestamp"] == "1767225660"
    assert later.headers["arcd-signature"] != first.headers["arcd-signature"]


@pytest.mark.parametrize(
    ("manners", "outcome", "detail"),
    [
        (status(200), DELIVERED, "HTTP 200"),
        (status(202, body=b"a body that nobody keeps"), DELIVERED, "HTTP 202"),
        (status(302, "Location: /elsewhere"), REFUSED, "HTTP 302"),
        (status(400), REFUSED, "HTTP 400"),
        (status(404), REFUSED, "HTTP 404"),
        (status(410), REFUSED, "HTTP 410"),
        (status(408), FAILED, "HTTP 408"),
        (status(425), FAILED, "HTTP 425"),
        (status(429, "Retry-After: 60"), FAILED, "HTTP 429"),
        (status(500), FAILED, "HTTP 500"),
        (status(503), FAILED, "HTTP 503"),
        (reset, FAILED, "connection broken or answer not HTTP"),
        (raw(b""), FAILED, "connection broken or answer not HTTP"),
        (raw(b"220 mail.example.invalid ESMTP\r\n"), FAILED, "connection broken or answer not HTTP"),
        # The status is the whole answer: what follows it changes nothing.
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut"), DELIVERED, "HTTP 200"),
        (flood, DELIVERED, "HTTP 200"),
    ],
)
async def test_the_answer_decides(links: LinkSigner, manners: Manners, outcome: EffectOutcome, detail: str) -> None:
    async with http_far_end(manners) as far_end:
        webhook = effector(links)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert (performed.outcome, performed.detail) == (outcome, detail)
    assert len(far_end.posts) == 1  # one attempt, and no redirect followed


@over_loopback
async def test_a_silent_receiver_costs_the_read_limit(links: LinkSigner) -> None:
    async with http_far_end(say_nothing) as far_end:
        webhook = effector(links, read_s=0.05)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert (performed.outcome, performed.detail) == (FAILED, "no answer in time")


@over_loopback
async def test_a_silent_receiver_costs_the_total_limit_at_most(links: LinkSigner) -> None:
    async with http_far_end(say_nothing) as far_end:
        webhook = effector(links, total_s=0.05)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert (performed.outcome, performed.detail) == (FAILED, "no answer in time")


@over_loopback
async def test_a_body_that_never_ends_does_not_undo_the_status(links: LinkSigner) -> None:
    async with http_far_end(stall_in_body) as far_end:
        webhook = effector(links, total_s=1.0)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert (performed.outcome, performed.detail) == (DELIVERED, "HTTP 200")


async def test_a_long_body_is_not_read_to_its_end(links: LinkSigner) -> None:
    written = 0

    async def long(writer: Any) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    async with http_far_end(long) as far_end:
        webhook = effector(links)
        await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert written < RESPONSE_BYTES_MAX + 16 * 1024 * 1024  # what kernel buffers may hold, far from all of it


async def test_nobody_listens(links: LinkSigner) -> None:
    async with http_far_end() as far_end:
        url = far_end.url
    webhook = effector(links)
    performed = await webhook.perform(offer(url))
    await webhook.close()
    assert (performed.outcome, performed.detail) == (FAILED, "no connection")


@pytest.mark.parametrize(
    "url", ["ftp://guard.example.org/", "guard.example.org", "http://a\x00b/", "http://127.0.0.1:99999/"]
)
async def test_a_url_that_is_none_is_not_tried_again(links: LinkSigner, url: str) -> None:
    webhook = effector(links)
    performed = await webhook.perform(offer(url))
    await webhook.close()
    assert performed.outcome is REFUSED
    assert url not in performed.detail


async def test_a_private_ca_is_trusted_when_named(links: LinkSigner, certificates: Certificates) -> None:
    async with http_far_end(tls=certificates.server) as far_end:
        webhook = effector(links, ca_file=certificates.ca_file)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert performed.outcome is DELIVERED


async def test_an_unknown_ca_is_not_trusted(links: LinkSigner, certificates: Certificates) -> None:
    async with http_far_end(tls=certificates.server) as far_end:
        webhook = effector(links)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    assert (performed.outcome, performed.detail) == (FAILED, "TLS certificate not trusted")
    assert far_end.posts == []


async def test_cookies_are_not_kept_and_proxies_not_taken(links: LinkSigner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with http_far_end(status(200, "Set-Cookie: session=1")) as far_end:
        webhook = effector(links)
        for _ in range(2):
            assert (await webhook.perform(offer(far_end.url))).outcome is DELIVERED
        await webhook.close()
    assert "cookie" not in far_end.posts[1].headers


def test_a_short_secret_is_refused(links: LinkSigner) -> None:
    with pytest.raises(ValueError, match=f"at least {SECRET_BYTES_MIN} bytes"):
        WebhookEffector(secret=b"x" * (SECRET_BYTES_MIN - 1), links=links, now=lambda: NOON)


async def test_the_secret_and_the_links_stay_out_of_logs_and_reprs(
    links: LinkSigner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with http_far_end() as far_end:
        webhook = effector(links)
        performed = await webhook.perform(offer(far_end.url))
        await webhook.close()
    for text in (caplog.text, repr(webhook), repr(performed)):
        assert SECRET.decode() not in text
        assert links.token("O17") not in text
