"""What every effector promises the runtime (arcd.effectors), run over each of them against a real far end.

A new effector joins by a `Channel` that can play the far end's parts.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import get_args

import pytest
from msgspec.structs import replace

from arcd.core.effects import DurableEffect, PostWebhook, SendAlert, SendMail, SwitchRelay
from arcd.core.facts import EffectOutcome
from arcd.effectors import Effector, Performed, mail, webhook
from arcd.effectors.cap_http import CapHttpEffector
from arcd.effectors.mail import MailEffector, MailSecurity
from arcd.effectors.memory import MemoryEffector
from arcd.effectors.relay import RelayEffector
from arcd.effectors.webhook import WebhookEffector
from arcd.guard_links import LinkSigner
from arcd.modbus_lines import ModbusLines
from tests.arcd.effectors.far_ends import http_far_end, raw, say_nothing, scripted_smtp, smtp_far_end, status
from tests.arcd.gateways.plant import a_line, scripted_bus, tcp_plant
from tests.patience import PATIENCE_S
from tests.protocols.cap.alerts import FULL

LINKS = LinkSigner(bytes(32), "https://guard.example.org")
SECRET = b"a webhook secret for the tests"
PRIVATE = ("Käpyläntie", "guard@example.invalid", SECRET.decode(), LINKS.token("O17"), "127.0.0.1")


@dataclass
class Channel:
    """An effector, effects for it, and the ids under which the far end has taken messages."""

    effector: Effector
    effect: Callable[[str], DurableEffect]
    taken: Callable[[], list[str]]


def a_mail(effect_id: str) -> SendMail:
    return SendMail(
        id=effect_id, to=("guard@example.invalid",), subject="Käpyläntie 3", body="Käpyläntie {link}", offer_id="O17"
    )


def a_post(url: str) -> Callable[[str], PostWebhook]:
    return lambda effect_id: PostWebhook(
        id=effect_id, url=url, topic="dispatch.offer", payload={"site": "Käpyläntie 3"}, offer_id="O17"
    )


# Only the mute far end is waited for: its limit is short, the others' are the shipped ones, so that a busy machine
# cannot change an outcome.
IMPATIENT_S = 0.1


def a_mailer(port: int, total_s: float = mail.TOTAL_S) -> MailEffector:
    return MailEffector(
        host="127.0.0.1",
        port=port,
        security=MailSecurity.PLAIN,
        sender="arc@example.org",
        links=LINKS,
        now=lambda: 0,
        total_s=total_s,
    )


def a_webhook(total_s: float = webhook.TOTAL_S) -> WebhookEffector:
    return WebhookEffector(secret=SECRET, links=LINKS, now=lambda: 0, total_s=total_s)


@asynccontextmanager
async def mail_channel(manners: str) -> AsyncIterator[Channel]:
    if manners in ("mute", "dead", "absurd"):
        async with scripted_smtp(b"\x00\xff" * 4096 + b"\r\n" if manners == "absurd" else b"") as port:
            total_s = IMPATIENT_S if manners == "mute" else mail.TOTAL_S
            yield Channel(a_mailer(port, total_s), a_mail, list)
        return
    async with smtp_far_end() as far_end:
        far_end.data = {"willing": "250 2.0.0 ok", "refusing": "554 no", "busy": "451 later"}.get(manners, "250 ok")
        port = 1 if manners == "absent" else far_end.port
        yield Channel(a_mailer(port), a_mail, lambda: [str(d.message["Message-ID"]) for d in far_end.delivered])


HTTP_MANNERS = {
    "willing": status(200),
    "refusing": status(403),
    "busy": status(503),
    "mute": say_nothing,
    "dead": say_nothing,
    "absurd": raw(b"\x00\xff" * 4096 + b"\r\n\r\n"),
    "absent": status(500),
}


@asynccontextmanager
async def webhook_channel(manners: str) -> AsyncIterator[Channel]:
    async with http_far_end(HTTP_MANNERS[manners]) as far_end:
        url = "http://127.0.0.1:1/" if manners == "absent" else far_end.url
        limits = {"total_s": IMPATIENT_S} if manners == "mute" else {}
        yield Channel(
            a_webhook(**limits), a_post(url), lambda: [post.headers["idempotency-key"] for post in far_end.posts]
        )


@asynccontextmanager
async def memory_channel(manners: str) -> AsyncIterator[Channel]:
    outcome = {"willing": EffectOutcome.DELIVERED, "refusing": EffectOutcome.REFUSED}.get(manners, EffectOutcome.FAILED)
    effector = MemoryEffector(answers=[Performed(outcome=outcome, detail=manners)] * 50)
    yield Channel(effector, a_mail, lambda: [effect.id for effect in effector.attempts])


def an_alert(effect_id: str) -> SendAlert:
    """One message an id: a repeat has the same identifier, which is what its receiver knows it by."""
    return SendAlert(id=effect_id, message=replace(FULL, identifier=f"arc.example-{effect_id}"), case_id="C10")


@asynccontextmanager
async def cap_http_channel(manners: str) -> AsyncIterator[Channel]:
    async with http_far_end(HTTP_MANNERS[manners]) as far_end:
        limits = {"total_s": IMPATIENT_S} if manners == "mute" else {}
        url = "http://127.0.0.1:1/" if manners == "absent" else far_end.url
        effector = CapHttpEffector(url=url, secret=SECRET, now=lambda: 0, **limits)
        yield Channel(effector, an_alert, lambda: [post.headers["idempotency-key"] for post in far_end.posts])


def a_switch(effect_id: str) -> SwitchRelay:
    """E-1 is coil 1: what a device takes has no name but its coil."""
    return SwitchRelay(
        id=effect_id, site_id="S-1", relay_id="siren", device="plc", coil=int(effect_id[2:]), on=True, expires_at=1
    )


def beyond(effect_id: str) -> SwitchRelay:
    return replace(a_switch(effect_id), coil=int(effect_id[2:]) + 1000)


@asynccontextmanager
async def relay_channel(manners: str) -> AsyncIterator[Channel]:
    if manners in ("mute", "dead", "absurd"):
        async with scripted_bus(b"\x00\xff" * 300 if manners == "absurd" else b"") as address:
            lines = ModbusLines([a_line(address, timeout_s=PATIENCE_S if manners == "dead" else IMPATIENT_S)])
            yield Channel(RelayEffector(lines=lines, now=lambda: 0, settle_s=0.0), a_switch, list)
            await lines.close()
        return
    async with tcp_plant(is_busy=manners == "busy") as (plant, address):
        lines = ModbusLines([a_line(("127.0.0.1", 1) if manners == "absent" else address)])
        effector = RelayEffector(lines=lines, now=lambda: 0, settle_s=0.0)
        yield Channel(effector, beyond if manners == "refusing" else a_switch, lambda: plant.switched_on)
        await lines.close()


CHANNELS = {
    "relay": relay_channel,
    "cap_http": cap_http_channel,
    "mail": mail_channel,
    "webhook": webhook_channel,
    "memory": memory_channel,
}
each_channel = pytest.mark.parametrize("channel_name", sorted(CHANNELS))


@each_channel
async def test_it_says_what_it_is(channel_name: str) -> None:
    async with CHANNELS[channel_name]("willing") as channel:
        effector = channel.effector
        assert effector.name == channel_name
        assert effector.handles
        assert set(effector.handles) <= set(get_args(DurableEffect))
        assert isinstance(channel.effect("E-1"), effector.handles)
        await effector.close()


@each_channel
@pytest.mark.parametrize(
    ("manners", "outcome"),
    [
        ("willing", EffectOutcome.DELIVERED),
        ("refusing", EffectOutcome.REFUSED),
        ("busy", EffectOutcome.FAILED),
        ("mute", EffectOutcome.FAILED),
        ("absurd", EffectOutcome.FAILED),
        ("absent", EffectOutcome.FAILED),
    ],
)
async def test_the_far_end_decides_and_is_never_an_exception(
    channel_name: str, manners: str, outcome: EffectOutcome
) -> None:
    async with CHANNELS[channel_name](manners) as channel:
        performed = await channel.effector.perform(channel.effect("E-1"))
        await channel.effector.close()
    assert performed.outcome is outcome
    assert performed.detail
    assert len(performed.detail) <= 200  # it goes into the journal, again and again
    for private in PRIVATE:
        assert private not in performed.detail


@each_channel
async def test_performing_twice_is_one_message_to_a_receiver_that_knows_repeats(channel_name: str) -> None:
    async with CHANNELS[channel_name]("willing") as channel:
        for effect_id in ("E-1", "E-1", "E-2"):
            assert (await channel.effector.perform(channel.effect(effect_id))).outcome is EffectOutcome.DELIVERED
        await channel.effector.close()
        # A device knows no ids, so its channel does: it takes nothing a second time.
        times = [1, 1] if channel_name == "relay" else [1, 2]
        assert sorted(Counter(channel.taken()).values()) == times


@each_channel
async def test_one_attempt_is_one_attempt(channel_name: str) -> None:
    async with CHANNELS[channel_name]("busy") as channel:
        await channel.effector.perform(channel.effect("E-1"))
        await channel.effector.close()
        assert len(channel.taken()) <= 1


@each_channel
async def test_several_at_once(channel_name: str) -> None:
    async with CHANNELS[channel_name]("willing") as channel:
        effects = [channel.effect(f"E-{n}") for n in range(20)]
        outcomes = await asyncio.gather(*(channel.effector.perform(effect) for effect in effects))
        await channel.effector.close()
        assert {performed.outcome for performed in outcomes} == {EffectOutcome.DELIVERED}
        assert len(set(channel.taken())) == 20


@pytest.mark.parametrize("channel_name", ["cap_http", "mail", "relay", "webhook"])
async def test_a_stop_interrupts_it(channel_name: str) -> None:
    """Shutdown cancels; the effect stays in the outbox. No socket may be left (warnings are errors here)."""
    async with CHANNELS[channel_name]("dead") as channel:
        attempt = asyncio.get_running_loop().create_task(channel.effector.perform(channel.effect("E-1")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(attempt), 0.02)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        await channel.effector.close()
