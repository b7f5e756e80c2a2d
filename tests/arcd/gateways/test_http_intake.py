"""JSON intake with a real client: what 200 means, and what every other answer tells the sender to do."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from arcd.clock import VirtualClock
from arcd.core.effects import Reply
from arcd.gateways.http_intake import HttpIntake
from arcd.gateways.intake_door import SOURCE_RATE_MAX, STRANGER_RATE_MAX
from protocols.codec import Received, ReplyKind
from protocols.signals import Qualifier
from tests.arcd.gateways.inbox import Inbox, a_while, listener
from tests.arcd.gateways.intake import CA, JPEG, OTHER, TOKEN, a_certificate, a_door, a_map
from tests.arcd.gateways.test_listeners import shut_down
from tests.patience import PATIENCE_S, in_time, until

BEARER = {"Authorization": f"Bearer {TOKEN}"}
CLOUD = {"Authorization": f"Bearer {OTHER}"}


class Heard(Inbox):
    """Knows the account of every source."""

    alive = 0

    def heartbeat(self, received: Received, gateway: str) -> Reply | None:
        self.alive += received.origin.account == "2001"
        return Reply(reply=ReplyKind.ACK)


class Scene:
    def __init__(self, gateway: HttpIntake, inbox: Heard, clock: VirtualClock, client: httpx.AsyncClient) -> None:
        self.gateway, self.inbox, self.clock, self.client = gateway, inbox, clock, client

    async def post(self, body: object, headers: dict[str, str] | None = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.post("/v1/signals", content=content, headers=BEARER if headers is None else headers)


@asynccontextmanager
async def a_scene(
    tmp_path: Path, *, tls: bool = False, answers_at_once: bool = True, body_bytes_max: int = 20_000
) -> AsyncIterator[Scene]:
    inbox, clock, bound = Heard(answers_at_once=answers_at_once), VirtualClock(), listener()
    bound.setblocking(False)
    gateway = HttpIntake(
        name="http",
        door=a_door("http", "http", inbox, clock, tmp_path / "media", a_map()),
        listener=bound,
        body_bytes_max=body_bytes_max,
        certificate=a_certificate(tmp_path) if tls else None,
    )
    port = bound.getsockname()[1]
    await gateway.start()
    try:
        async with httpx.AsyncClient(
            base_url=f"{'https' if tls else 'http'}://127.0.0.1:{port}",
            verify=trusting(),
            timeout=PATIENCE_S,
            trust_env=False,
        ) as client:
            yield Scene(gateway, inbox, clock, client)
    finally:
        await gateway.close()
        await a_while()


async def test_a_message_is_a_signal_of_its_source(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        answer = await scene.post(
            {
                "id": "m-1", "text": "Liiketunnistus", "occurred_at": "2026-11-29T17:04:05+02:00", "user": "7",
                "media": ["https://cloud.example/clip/1"],
            }
        )  # fmt: skip
        assert (answer.status_code, answer.json()) == (200, {"taken": True, "id": "m-1"})
        (fact,) = scene.inbox.frames
        received, (signal,) = fact.received, fact.received.signals
        assert (received.protocol, received.origin.account) == ("http", "2001")
        assert (signal.code, signal.zone, signal.user, signal.text) == ("BA", "1", "7", "Liiketunnistus")
        assert signal.occurred_at == 1_795_964_645_000_000_000
        assert signal.media == ("https://cloud.example/clip/1",)
        assert TOKEN.encode() not in received.raw


async def test_a_message_may_name_code_zone_and_qualifier(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.post({"id": "1", "code": "FA", "zone": "2", "qualifier": "restore"}, CLOUD)
        (signal,) = scene.inbox.frames[0].received.signals
        assert (signal.code, signal.zone, signal.qualifier) == ("FR", "2", Qualifier.RESTORE)


async def test_200_leaves_after_the_commit(tmp_path: Path) -> None:
    async with a_scene(tmp_path, answers_at_once=False) as scene:
        posting = asyncio.get_running_loop().create_task(scene.post({"id": "1"}))
        await until(lambda: bool(scene.inbox.frames))
        await a_while()
        assert not posting.done()
        scene.inbox.answer()
        assert (await posting).status_code == 200


@pytest.mark.parametrize("tls", [False, True])
async def test_a_listener_that_was_shut_down_is_had_again(tmp_path: Path, tls: bool) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncio complains of each accept in vain
    async with a_scene(tmp_path, tls=tls) as scene:
        assert (await scene.post({"id": "1"})).status_code == 200
        shut_down(scene.gateway.listeners)
        assert len(await scene.gateway.listeners.look()) == 1
        assert (await scene.post({"id": "2"})).status_code == 200, "over the connection that stood"
        async with httpx.AsyncClient(
            base_url=scene.client.base_url, verify=trusting(), timeout=PATIENCE_S, trust_env=False
        ) as another:
            answer = await another.post("/v1/signals", json={"id": "3"}, headers=BEARER)
        assert answer.status_code == 200
        assert len(scene.inbox.frames) == 3


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


async def test_a_machine_that_refuses_is_no_200(tmp_path: Path) -> None:
    async with a_scene(tmp_path, answers_at_once=False) as scene:
        posting = asyncio.get_running_loop().create_task(scene.post({"id": "1"}))
        await until(lambda: bool(scene.inbox.frames))
        scene.inbox.answer(kind=ReplyKind.DUH)
        assert (await posting).status_code == 409


async def test_the_same_id_is_the_same_message_and_another_source_has_ids_of_its_own(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.post({"id": "1", "code": "BA"})
        await scene.post({"id": "1", "code": "BA", "text": "posted again"})
        await scene.post({"id": "2", "code": "BA"})
        await scene.post({"id": "1", "code": "BA"}, CLOUD)
        first, again, second, others = (frame.received.fingerprint for frame in scene.inbox.frames)
        assert first == again
        assert len({first, second, others}) == 3


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": f"Bearer {TOKEN}x"}],
)
async def test_nobody_without_a_token_is_listened_to(tmp_path: Path, headers: dict[str, str]) -> None:
    async with a_scene(tmp_path) as scene:
        answer = await scene.post({"id": "1"}, headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "Authorization: Bearer" in answer.json()["message"]
        assert [fact.malformed.reason for fact in scene.inbox.malformed] == ["unknown_source"]
        assert scene.inbox.frames == []


async def test_a_strangers_body_is_not_even_read(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        reader, writer = await asyncio.open_connection(*scene.gateway.addresses[0].split(":"))
        writer.write(b"POST /v1/signals HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert b" 401 " in await in_time(reader.readline())
        writer.close()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        ({}, "id"),
        ({"id": ""}, "id"),
        ({"id": "1", "colour": "red"}, "colour"),
        ({"id": "1", "code": "ba"}, "code"),
        ({"id": "1", "zone": "a/b"}, "zone"),
        ({"id": "1", "qualifier": "maybe"}, "qualifier"),
        ({"id": "1", "text": "x" * 501}, "text"),
        ({"id": "1", "occurred_at": "yesterday"}, "occurred_at"),
        ({"id": "1", "media": ["javascript:alert(1)"]}, "media"),
        ({"id": "1", "pictures": [{"type": "text/html", "data": ""}]}, "pictures"),
    ],
)
async def test_what_is_no_message_is_kept_and_told(tmp_path: Path, body: object, told: str) -> None:
    async with a_scene(tmp_path) as scene:
        answer = await scene.post(body)
        assert answer.status_code == 422
        assert told in answer.json()["message"] or told == "JSON"
        (fact,) = scene.inbox.malformed
        assert (fact.malformed.reason, "cam-gate" in fact.malformed.detail) == ("syntax", True)


@pytest.mark.parametrize("year", ["0001", "1999", "2200", "9999"])
async def test_a_time_nobody_can_mean(tmp_path: Path, year: str) -> None:
    async with a_scene(tmp_path) as scene:
        answer = await scene.post({"id": "1", "occurred_at": f"{year}-01-01T00:00:00Z"})
        assert (answer.status_code, "occurred_at" in answer.json()["message"]) == (422, True)
        assert scene.inbox.frames == []


async def test_a_source_without_a_code_has_to_name_one(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        answer = await scene.post({"id": "1"}, CLOUD)
        assert (answer.status_code, "event code" in answer.json()["message"]) == (422, True)


async def test_pictures_are_kept_beside_the_journal(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        picture = {"name": "gate.jpg", "type": "image/jpeg", "data": base64.b64encode(JPEG).decode()}
        assert (await scene.post({"id": "1", "pictures": [picture]})).status_code == 200
        (frame,) = scene.inbox.frames
        (kept,) = frame.received.signals[0].media
        assert (tmp_path / "media" / kept.removeprefix("media:")).read_bytes() == JPEG
        assert len(frame.received.raw) < 300


async def test_a_body_that_is_too_large(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        assert (await scene.post(b"x" * 20_001)).status_code == 413
        assert scene.inbox.frames == []


async def test_proof_of_life_is_no_signal(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        assert (await scene.post({"id": "1", "alive": True})).status_code == 200
        assert (scene.inbox.alive, scene.inbox.facts) == (1, [])


async def test_a_device_that_does_not_stop_is_told_to_come_later(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        known = scene.gateway._door.find(TOKEN)
        assert known is not None
        for _ in range(SOURCE_RATE_MAX):
            assert scene.gateway._door.admits(known)
        answer = await scene.post({"id": "1"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        scene.clock.advance(61)
        assert (await scene.post({"id": "1"})).status_code == 200


async def test_an_address_that_keeps_guessing_fills_no_queue(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        statuses = [(await scene.post({"id": "1"}, {})).status_code for _ in range(STRANGER_RATE_MAX + 1)]
        assert statuses == [401] * STRANGER_RATE_MAX + [429]
        assert len(scene.inbox.malformed) == 1, "the first whole, the others counted"


async def test_over_tls(tmp_path: Path) -> None:
    async with a_scene(tmp_path, tls=True) as scene:
        assert (await scene.post({"id": "1"})).status_code == 200
        with pytest.raises(httpx.HTTPError):
            async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as plain:
                await plain.post(f"http://{scene.gateway.addresses[0]}/v1/signals", headers=BEARER, content=b"{}")


async def test_a_full_machine_is_waited_for(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        scene.inbox.fill()
        posting = asyncio.get_running_loop().create_task(scene.post({"id": "1"}))
        await until(lambda: scene.inbox.waiting)
        await a_while()
        assert (scene.inbox.frames, posting.done()) == ([], False)
        scene.inbox.empty()
        assert (await posting).status_code == 200


async def test_after_a_stop_the_sender_keeps_it(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.gateway.stop_taking()
        answer = await scene.post({"id": "1"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert scene.inbox.frames == []


async def test_other_places_and_other_methods(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        assert (await scene.client.get("/v1/signals", headers=BEARER)).status_code == 405
        assert (await scene.client.post("/", headers=BEARER)).status_code == 404
