"""Mail intake with real clients: who may speak, what 250 means, what is never relayed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from pydantic import SecretStr

from arcd.clock import VirtualClock
from arcd.field_map import FieldMap
from arcd.gateways import smtp
from arcd.gateways.intake_door import SOURCE_RATE_MAX, STRANGER_RATE_MAX
from arcd.gateways.smtp import CONNECTIONS_PER_SOURCE_MAX, SmtpGateway
from protocols.codec import ReplyKind
from protocols.signals import Qualifier
from tests.arcd.gateways.inbox import Inbox, a_while, listener, vanished
from tests.arcd.gateways.intake import CA, JPEG, OTHER, TOKEN, a_certificate, a_door, a_map
from tests.arcd.gateways.test_listeners import shut_down
from tests.patience import PATIENCE_S, in_time, until

DOMAIN = "intake.example.org"
RECIPIENT = f"{TOKEN}@{DOMAIN}"


class Scene:
    def __init__(self, gateway: SmtpGateway, inbox: Inbox, clock: VirtualClock, port: int, field: FieldMap) -> None:
        self.gateway, self.inbox, self.clock, self.port, self.field = gateway, inbox, clock, port, field

    async def send(self, recipient: str = RECIPIENT, message: EmailMessage | None = None, **options: object) -> str:
        """The reply to the message; SMTPResponseException when it was refused."""
        mail = message or camera_mail()
        _, reply = await aiosmtplib.send(
            mail, sender="cam@example.org", recipients=[recipient], hostname="127.0.0.1", port=self.port,
            timeout=PATIENCE_S, **({"start_tls": False} | options),  # type: ignore[arg-type]  # – handed on as given
        )  # fmt: skip
        return reply


@asynccontextmanager
async def a_scene(
    tmp_path: Path, *, networks: Sequence[str] = ("127.0.0.0/8",), tls: bool = False, user: str = "",
    answers_at_once: bool = True, timeout_s: float = PATIENCE_S, message_bytes_max: int = 50_000,
) -> AsyncIterator[Scene]:  # fmt: skip
    inbox, clock, bound, field = Inbox(answers_at_once=answers_at_once), VirtualClock(), listener(), a_map()
    gateway = SmtpGateway(
        name="smtp",
        door=a_door("smtp", "mail", inbox, clock, tmp_path / "media", field),
        listeners=[bound],
        domain=DOMAIN,
        networks=networks,
        certificate=a_certificate(tmp_path) if tls else None,
        user=user,
        password=SecretStr("secret word") if user else None,
        message_bytes_max=message_bytes_max,
        timeout_s=timeout_s,
    )
    await gateway.start()
    try:
        yield Scene(gateway, inbox, clock, bound.getsockname()[1], field)
    finally:
        await gateway.close()
        await a_while()


def camera_mail(subject: str = "Motion at the gate", number: int = 1, pictures: int = 0) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "cam@example.org", RECIPIENT
    message["Message-ID"] = f"<{number}@camera.example>"
    message.set_content("Camera 3: motion")
    for index in range(pictures):
        message.add_attachment(JPEG, maintype="image", subtype="jpeg", filename=f"{index}.jpg")
    return message


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


async def test_a_mail_is_a_signal_of_its_source(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        assert "taken" in await scene.send()
        (fact,) = scene.inbox.frames
        received, (signal,) = fact.received, fact.received.signals
        assert (received.protocol, received.origin.account, fact.gateway) == ("smtp", "2001", "smtp")
        assert (signal.code, signal.zone, signal.text) == ("BA", "1", "Motion at the gate")
        assert ("source", "cam-gate") in signal.extra
        assert ("body", "Camera 3: motion") in signal.extra
        assert TOKEN.encode() not in received.raw, "an address is a secret here"
        assert b"Message-ID: <1@camera.example>" in received.raw


async def test_a_listener_that_was_shut_down_is_had_again(tmp_path: Path) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncio complains of each accept in vain
    async with a_scene(tmp_path) as scene:
        shut_down(scene.gateway.listeners)
        assert len(await scene.gateway.listeners.look()) == 1
        assert "taken" in await scene.send()
        assert len(scene.inbox.frames) == 1


async def test_a_caller_who_has_gone_before_it_is_let_in_is_let_go(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        complaints = vanished(scene.port)
        assert "taken" in await scene.send()
    assert complaints == []


async def test_a_subject_may_mean_something_else(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.send(message=camera_mail("TAMPER detected", 1))
        await scene.send(message=camera_mail("It is over", 2))
        told = [(s.code, s.qualifier, s.zone) for frame in scene.inbox.frames for s in frame.received.signals]
        assert told == [("TA", Qualifier.NEW, "1"), ("BR", Qualifier.RESTORE, "2")]


async def test_250_leaves_after_the_commit(tmp_path: Path) -> None:
    async with a_scene(tmp_path, answers_at_once=False) as scene:
        sending = asyncio.get_running_loop().create_task(scene.send())
        await until(lambda: bool(scene.inbox.frames))
        await a_while()
        assert not sending.done()
        scene.inbox.answer()
        assert "taken" in await sending


async def test_a_machine_that_refuses_is_no_250(tmp_path: Path) -> None:
    async with a_scene(tmp_path, answers_at_once=False) as scene:
        sending = asyncio.get_running_loop().create_task(scene.send())
        await until(lambda: bool(scene.inbox.frames))
        scene.inbox.answer(kind=ReplyKind.DUH)
        with pytest.raises(aiosmtplib.SMTPDataError, match=r"account is not in force"):
            await sending


async def test_the_same_mail_again_is_the_same_message(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.send()
        await scene.send()
        await scene.send(message=camera_mail(number=2))
        keys = [frame.received.fingerprint for frame in scene.inbox.frames]
        assert (keys[0] == keys[1], keys[1] == keys[2]) == (True, False)
        assert all(frame.received.repeat_s > 0 for frame in scene.inbox.frames)


async def test_pictures_are_kept_beside_the_journal(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        await scene.send(message=camera_mail(pictures=2))
        (signal,) = scene.inbox.frames[0].received.signals
        (kept,) = set(signal.media)
        assert (tmp_path / "media" / kept.removeprefix("media:")).read_bytes() == JPEG
        assert [name for name, _ in signal.extra].count("picture") == 2
        assert JPEG[:20] not in scene.inbox.frames[0].received.raw


async def test_a_full_media_directory_costs_the_picture_and_not_the_signal(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        message = camera_mail()
        message.add_attachment(bytes(20_000), maintype="image", subtype="png", filename="large.png")
        assert "taken" in await scene.send(message=message)
        (signal,) = scene.inbox.frames[0].received.signals
        assert signal.media == ()
        assert "not kept: the media directory is full" in dict(signal.extra)["picture"]


@pytest.mark.parametrize(
    "recipient",
    [
        f"somebody@{DOMAIN}",
        f"{TOKEN}@elsewhere.example",
        f"{TOKEN}x@{DOMAIN}",
        "victim@example.com",
        f"{OTHER}@{DOMAIN}",
    ],
)
async def test_nobody_else_is_a_recipient_and_nothing_is_relayed(tmp_path: Path, recipient: str) -> None:
    async with a_scene(tmp_path) as scene:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await scene.send(recipient)
        assert refused.value.recipients[0].code == 550
        (fact,) = scene.inbox.malformed
        assert (fact.malformed.protocol, fact.malformed.reason) == ("smtp", "unknown_recipient")
        assert TOKEN not in fact.malformed.detail
        assert scene.inbox.frames == []


async def test_whoever_logs_in_over_tls_may_speak(tmp_path: Path) -> None:
    async with a_scene(tmp_path, networks=(), tls=True, user="cameras") as scene:
        login = {"username": "cameras", "password": "secret word", "start_tls": True, "tls_context": trusting()}
        assert "taken" in await scene.send(**login)
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await scene.send(**(login | {"password": "guess"}))
        (fact,) = scene.inbox.malformed
        assert (fact.malformed.reason, "guess" in str(fact)) == ("login", False)
        assert len(scene.inbox.frames) == 1


async def test_without_tls_and_a_login_nobody_from_afar_speaks(tmp_path: Path) -> None:
    async with a_scene(tmp_path, networks=(), tls=True, user="cameras") as scene:
        with pytest.raises(aiosmtplib.SMTPException):
            await scene.send()
        with pytest.raises(aiosmtplib.SMTPException):
            await scene.send(start_tls=True, tls_context=trusting())
        with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
            await scene.send(username="cameras", password="secret word")
        assert scene.inbox.frames == []


async def test_without_a_login_only_the_named_networks_are_answered(tmp_path: Path) -> None:
    async with a_scene(tmp_path, networks=("192.0.2.0/24",)) as scene:
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await scene.send()
        assert scene.inbox.facts == []


async def test_a_mail_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with a_scene(tmp_path, message_bytes_max=2_000) as scene:
        with pytest.raises(aiosmtplib.SMTPException, match=r"(?i)size|too much"):
            await scene.send(message=camera_mail(pictures=20))
        assert scene.inbox.frames == []


async def test_a_line_without_an_end_is_cut_off(tmp_path: Path) -> None:
    async with a_scene(tmp_path, message_bytes_max=2_000) as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        writer.write(f"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode())
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await _pour(reader, writer)
        writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for _ in range(1000):
        writer.write(bytes(10_000))
        await writer.drain()
    await reader.readexactly(1_000_000)


async def test_who_says_nothing_is_let_go(tmp_path: Path) -> None:
    async with a_scene(tmp_path, timeout_s=0.2) as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        assert (await reader.readline()).startswith(b"220 ")
        assert await in_time(reader.read()) == b""
        writer.close()


async def test_connections_of_one_source_are_bounded(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        writers = []
        for _ in range(CONNECTIONS_PER_SOURCE_MAX):
            reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
            assert await reader.readline()
            writers.append(writer)
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        for each in (*writers, writer):
            each.close()


async def test_a_device_that_does_not_stop_is_told_to_come_later(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        (known,) = [scene.gateway.door.find(TOKEN)]
        assert known is not None
        for _ in range(SOURCE_RATE_MAX):
            assert scene.gateway.door.admits(known)
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await scene.send()
        assert refused.value.code == 451
        scene.clock.advance(61)
        assert "taken" in await scene.send()


async def test_an_address_that_keeps_guessing_is_not_listened_to(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        for _ in range(STRANGER_RATE_MAX):
            assert scene.gateway.door.admits_stranger("127.0.0.1")
        with pytest.raises(aiosmtplib.SMTPException, match="too many attempts"):
            await scene.send(f"somebody@{DOMAIN}")
        assert scene.inbox.malformed == []


async def test_a_source_that_was_removed_is_a_stranger(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        scene.field.remove_site("S-1")
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await scene.send()


async def test_one_message_has_one_recipient(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=scene.port, start_tls=False, timeout=PATIENCE_S)
        await client.connect()
        refused, _ = await client.sendmail("a@b.example", [RECIPIENT, f"x{RECIPIENT}"], camera_mail().as_bytes())
        await client.quit()
        assert [each.code for each in refused.values()] == [452]
        assert len(scene.inbox.frames) == 1


async def test_a_defect_of_ours_costs_nobody_a_mail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(raw: bytes) -> None:
        raise AttributeError("a defect")

    monkeypatch.setattr(smtp, "read_mail", break_down)
    async with a_scene(tmp_path) as scene:
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await scene.send()
        assert refused.value.code == 451
        assert "AttributeError" in scene.inbox.malformed[0].malformed.detail


async def test_after_a_stop_a_mail_waits_at_its_sender(tmp_path: Path) -> None:
    async with a_scene(tmp_path) as scene:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=scene.port, start_tls=False, timeout=PATIENCE_S)
        await client.connect()
        await scene.gateway.stop_taking()
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await client.sendmail("a@b.example", [RECIPIENT], camera_mail().as_bytes())
        assert refused.value.code == 421
        client.close()
