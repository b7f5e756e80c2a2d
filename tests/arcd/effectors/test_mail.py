"""Against real SMTP servers on loopback: what arrives, and what each reply comes to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from arcd.core.effects import SendMail
from arcd.core.facts import EffectOutcome
from arcd.effectors.mail import RECIPIENTS_MAX, SUBJECT_CHARS_MAX, MailEffector, MailSecurity
from arcd.guard_links import LinkSigner
from tests.arcd.effectors.far_ends import Certificates, scripted_smtp, smtp_far_end
from tests.virtual_time import over_loopback

NOON = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z

DELIVERED, FAILED, REFUSED = EffectOutcome.DELIVERED, EffectOutcome.FAILED, EffectOutcome.REFUSED


def effector(port: int, links: LinkSigner, **options: Any) -> MailEffector:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "security": MailSecurity.PLAIN,
        "sender": "halytys@arc.example.org",
        "now": lambda: NOON,
    }
    return MailEffector(port=port, links=links, **(settings | options))


def mail(*to: str, **fields: Any) -> SendMail:
    settings: dict[str, Any] = {"id": "E/9", "subject": "Hälytys: Käpylä", "body": "Murtohälytys, ovi 3.\n"}
    return SendMail(to=to or ("guard@example.invalid",), **(settings | fields))


async def test_a_mail_arrives_as_written(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        performed = await effector(far_end.port, links, sender_name="Demohälytyskeskus").perform(mail())
    assert (performed.outcome, performed.detail) == (DELIVERED, "250 2.0.0, queued as 4F2A9C")
    (delivered,) = far_end.delivered
    message = delivered.message
    assert delivered.recipients == ["guard@example.invalid"]
    assert message["Subject"] == "Hälytys: Käpylä"
    assert message["From"] == "Demohälytyskeskus <halytys@arc.example.org>"
    assert message["To"] == "guard@example.invalid"
    assert message["Date"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert delivered.text == "Murtohälytys, ovi 3.\n"
    assert delivered.content.isascii()  # no hop needs 8BITMIME
    assert not delivered.was_encrypted


async def test_a_repeat_is_the_same_message(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        effect, other = mail(), mail(id="E/10")
        for each in (effect, effect, other):
            await effector(far_end.port, links).perform(each)
    first, again, third = [delivered.message["Message-ID"] for delivered in far_end.delivered]
    assert first == again == "<E%2F9@arc.example.org>"
    assert third == "<E%2F10@arc.example.org>"
    assert far_end.delivered[0].content == far_end.delivered[1].content


async def test_an_offer_carries_the_link(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        await effector(far_end.port, links).perform(mail(body="Vastaa: {link}\n", offer_id="O17"))
        await effector(far_end.port, links).perform(mail(body="Tämä ei ole tarjous: {link}\n"))
    assert far_end.delivered[0].text == f"Vastaa: {links.url('O17')}\n"
    assert far_end.delivered[1].text == "Tämä ei ole tarjous: {link}\n"


async def test_a_line_end_in_a_subject_begins_no_header(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        subject = "Murto\r\nBcc: thief@example.invalid\n" + "x" * 300
        await effector(far_end.port, links).perform(mail(subject=subject))
    (delivered,) = far_end.delivered
    assert delivered.message["Bcc"] is None
    assert delivered.message["Subject"].startswith("Murto Bcc: thief@example.invalid xxx")
    assert len(delivered.message["Subject"]) == SUBJECT_CHARS_MAX
    assert delivered.recipients == ["guard@example.invalid"]


async def test_a_dot_on_its_own_line_does_not_end_the_mail(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        await effector(far_end.port, links).perform(mail(body="ennen\n.\njälkeen\n"))
    assert far_end.delivered[0].text == "ennen\n.\njälkeen\n"


async def test_several_people_do_not_see_each_others_addresses(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        performed = await effector(far_end.port, links).perform(
            mail("a@example.invalid", "b@example.invalid", "a@example.invalid")
        )
    (delivered,) = far_end.delivered
    assert performed.outcome is DELIVERED
    assert delivered.recipients == ["a@example.invalid", "b@example.invalid"]
    assert b"@example.invalid" not in delivered.content.replace(b"mail.example.invalid", b"")


def refusing(**replies: str) -> Callable[[str], str]:
    return lambda address: replies.get(address.partition("@")[0], "250 2.1.5 OK")


@pytest.mark.parametrize(
    ("replies", "outcome", "detail"),
    [
        ({"a": "550 5.1.1 <a@x> no"}, DELIVERED, "250 2.0.0, queued as 4F2A9C, accepted for 1 of 2, others 550"),
        # Greylisted: told again, or b would never know; a recognises the repeat.
        ({"b": "450 4.2.0 try later"}, FAILED, "250 2.0.0, queued as 4F2A9C, accepted for 1 of 2, others 450"),
        ({"a": "550 no", "b": "553 no"}, REFUSED, "550/553 recipients"),
        ({"a": "550 no", "b": "451 later"}, FAILED, "451/550 recipients"),
    ],
)  # fmt: skip
async def test_refused_recipients(
    links: LinkSigner, replies: dict[str, str], outcome: EffectOutcome, detail: str
) -> None:
    async with smtp_far_end() as far_end:
        far_end.rcpt = refusing(**replies)
        performed = await effector(far_end.port, links).perform(mail("a@example.invalid", "b@example.invalid"))
    assert (performed.outcome, performed.detail) == (outcome, detail)


@pytest.mark.parametrize(
    ("reply", "outcome", "detail"),
    [
        ("554 5.7.1 guard@example.invalid wants no spam", REFUSED, "554 message"),
        ("452 4.3.1 disk full", FAILED, "452 message"),
        ("250 fine", DELIVERED, "250"),
    ],
)
async def test_the_reply_to_the_message_decides(
    links: LinkSigner, reply: str, outcome: EffectOutcome, detail: str
) -> None:
    async with smtp_far_end() as far_end:
        far_end.data = reply
        performed = await effector(far_end.port, links).perform(mail())
    assert (performed.outcome, performed.detail) == (outcome, detail)


@pytest.mark.parametrize(
    ("replies", "outcome", "detail"),
    [
        ((b"554 5.7.1 go away\r\n",), REFUSED, "554 greeting"),
        ((b"421 4.3.2 shutting down\r\n",), FAILED, "421 greeting"),
        ((b"220 hello\r\n", b"250 hello\r\n", b"550 5.1.8 bad sender\r\n", b"250 reset\r\n"), REFUSED, "550 sender"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), FAILED, "no SMTP reply"),
        ((b"220 hello\r\n", b"250 hello\r\n", b"421 4.4.2 bye\r\n"), FAILED, "421 sender"),
        ((), FAILED, "no connection"),
        # Accepted, and then the server hangs up on QUIT: the message is its own by then.
        (
            (b"220 hello\r\n", b"250 hi\r\n", b"250 sender\r\n", b"250 to\r\n", b"354 go\r\n", b"250 ok\r\n"),
            DELIVERED, "250",
        ),
    ],
)  # fmt: skip
async def test_servers_that_misbehave(
    links: LinkSigner, replies: tuple[bytes, ...], outcome: EffectOutcome, detail: str
) -> None:
    async with scripted_smtp(*replies) as port:
        performed = await effector(port, links).perform(mail(body="lyhyt\n"))
    assert (performed.outcome, performed.detail) == (outcome, detail)


@pytest.mark.parametrize("limit", ["command_s", "total_s"])
@over_loopback
async def test_a_silent_server_costs_the_limit(links: LinkSigner, limit: str) -> None:
    async with scripted_smtp(b"220 hello\r\n", b"") as port:
        performed = await effector(port, links, **{limit: 0.05}).perform(mail())
    assert (performed.outcome, performed.detail) == (FAILED, "no answer in time")


async def test_nobody_listens(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        port = far_end.port
    performed = await effector(port, links).perform(mail())
    assert (performed.outcome, performed.detail) == (FAILED, "no connection")


async def test_starttls(links: LinkSigner, certificates: Certificates) -> None:
    async with smtp_far_end(starttls=certificates.server) as far_end:
        secure = effector(far_end.port, links, security=MailSecurity.STARTTLS, ca_file=certificates.ca_file)
        performed = await secure.perform(mail())
    assert performed.outcome is DELIVERED
    assert far_end.delivered[0].was_encrypted


async def test_tls_from_the_first_byte(links: LinkSigner, certificates: Certificates) -> None:
    async with smtp_far_end(tls=certificates.server) as far_end:
        secure = effector(far_end.port, links, security=MailSecurity.TLS, ca_file=certificates.ca_file)
        performed = await secure.perform(mail())
    assert performed.outcome is DELIVERED
    assert far_end.delivered[0].was_encrypted


@pytest.mark.parametrize("security", [MailSecurity.TLS, MailSecurity.STARTTLS])
async def test_an_unknown_ca_is_not_trusted(
    links: LinkSigner, certificates: Certificates, security: MailSecurity
) -> None:
    tls = certificates.server if security is MailSecurity.TLS else None
    starttls = certificates.server if security is MailSecurity.STARTTLS else None
    async with smtp_far_end(tls=tls, starttls=starttls) as far_end:
        performed = await effector(far_end.port, links, security=security).perform(mail())
    assert (performed.outcome, performed.detail) == (FAILED, "TLS certificate not trusted")
    assert far_end.delivered == []


async def test_without_starttls_nothing_is_sent_in_clear(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        performed = await effector(far_end.port, links, security=MailSecurity.STARTTLS).perform(mail())
    assert performed.outcome is FAILED
    assert "does not offer the encryption" in performed.detail
    assert far_end.delivered == []


@pytest.mark.parametrize(
    ("password", "outcome", "detail"),
    [("correct horse", DELIVERED, "250 2.0.0, queued as 4F2A9C"), ("battery", REFUSED, "535 login")],
)
async def test_login(
    links: LinkSigner,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
    password: str,
    outcome: EffectOutcome,
    detail: str,
) -> None:
    caplog.set_level(logging.DEBUG, logger="aiosmtplib")
    async with smtp_far_end(starttls=certificates.server, asks_login=True) as far_end:
        mailer = effector(
            far_end.port,
            links,
            security=MailSecurity.STARTTLS,
            ca_file=certificates.ca_file,
            username="arcd",
            password=SecretStr(password),
        )
        performed = await mailer.perform(mail())
    assert (performed.outcome, performed.detail) == (outcome, detail)
    assert far_end.logins[0] == "arcd"
    assert password not in repr(vars(mailer)) + repr(performed) + caplog.text


@pytest.mark.parametrize(
    "to", [(), ("not an address",), ("a@example.invalid\r\nRCPT TO:<b@example.invalid>",), ("ä@example.invalid",)]
)
async def test_addresses_that_are_none_are_not_tried_again(links: LinkSigner, to: tuple[str, ...]) -> None:
    async with smtp_far_end() as far_end:
        effect = SendMail(id="E-9", to=to, subject="s", body="b")
        performed = await effector(far_end.port, links).perform(effect)
    assert performed.outcome is REFUSED
    assert far_end.delivered == []


async def test_recipients_are_limited(links: LinkSigner) -> None:
    async with smtp_far_end() as far_end:
        to = [f"a{n}@example.invalid" for n in range(RECIPIENTS_MAX + 1)]
        assert (await effector(far_end.port, links).perform(mail(*to[:-1]))).outcome is DELIVERED
        performed = await effector(far_end.port, links).perform(mail(*to))
    assert (performed.outcome, performed.detail) == (REFUSED, f"{RECIPIENTS_MAX + 1} recipients")


def test_plain_is_for_this_machine_only(links: LinkSigner) -> None:
    with pytest.raises(ValueError, match=r"mail to mail\.example\.org would cross the network unencrypted"):
        effector(25, links, host="mail.example.org")


def test_a_user_name_needs_a_password(links: LinkSigner) -> None:
    with pytest.raises(ValueError, match="come together"):
        effector(25, links, username="arcd")
