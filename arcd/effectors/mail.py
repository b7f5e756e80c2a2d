"""Plain-text mail through the centre's own mail server.

One rule: only the server's reply codes decide the outcome, and what it said is cut down to codes and a queue id before
it is reported. There is no downgrade: when the settings ask for STARTTLS and the server offers none, nothing is sent.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

import aiosmtplib
from pydantic import SecretStr

from arcd.core.effects import DurableEffect, SendMail
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.guard_links import LinkSigner
from arcd.heeding import heeding_a_stop
from arcd.loopback import is_loopback

# One command may be slow (greylisting, content checks); the whole conversation fits the offer's 60 s twice over.
COMMAND_S = 8.0
TOTAL_S = 20.0
# RFC 5322 2.1.1 allows 998 characters in a line; a subject is read at a glance on a telephone.
SUBJECT_CHARS_MAX = 200
RECIPIENTS_MAX = 100  # RFC 5321 4.5.3.1.8: what every server must take in one conversation

GOODBYE_S = 2.0

_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")  # RFC 3463
_QUEUE_ID = re.compile(r"queued as ([A-Za-z0-9]{1,40})\b", re.IGNORECASE)

# Where a conversation was refused, for the one who reads the journal.
_PHASES: dict[type[aiosmtplib.SMTPResponseException], str] = {
    aiosmtplib.SMTPConnectResponseError: "greeting",
    aiosmtplib.SMTPHeloError: "greeting",
    aiosmtplib.SMTPAuthenticationError: "login",
    aiosmtplib.SMTPSenderRefused: "sender",
    aiosmtplib.SMTPDataError: "message",
}


class MailSecurity(StrEnum):
    TLS = "tls"  # from the first byte, usually port 465 (RFC 8314)
    STARTTLS = "starttls"  # required, not opportunistic; usually port 587
    PLAIN = "plain"  # to this machine only


class MailEffector:
    """`sender` is a bare address; `now` dates the message (ns since 1970 UTC)."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: MailSecurity,
        sender: str,
        links: LinkSigner,
        now: Callable[[], int],
        sender_name: str = "",
        username: str | None = None,
        password: SecretStr | None = None,
        ca_file: Path | None = None,
        command_s: float = COMMAND_S,
        total_s: float = TOTAL_S,
    ) -> None:
        if security is MailSecurity.PLAIN and not is_loopback(host):
            raise ValueError(f"mail to {host} would cross the network unencrypted: use starttls or tls")
        if (username is None) != (password is None):
            raise ValueError("a mail user name and a password come together")
        self._host = host
        self._port = port
        self._security = security
        self._sender = Address(display_name=sender_name, addr_spec=sender)
        self._links = links
        self._now = now
        self._username = username
        self._password = password
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._command_s = command_s
        self._total_s = total_s

    @property
    def name(self) -> str:
        return "mail"

    @property
    def handles(self) -> tuple[type, ...]:
        return (SendMail,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, SendMail)
        recipients = tuple(dict.fromkeys(effect.to))
        if not 0 < len(recipients) <= RECIPIENTS_MAX:
            return Performed(outcome=EffectOutcome.REFUSED, detail=f"{len(recipients)} recipients")
        try:
            message = self._message(effect)
        except ValueError:
            # The e-mail package's own word for an address that is none.
            return Performed(outcome=EffectOutcome.REFUSED, detail="not a usable address")
        return await self._send(recipients, message.as_bytes(policy=SMTP))

    async def close(self) -> None:
        """Nothing is kept open between messages."""

    def _message(self, effect: SendMail) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        # Derived from the effect, so a second performance is recognised as the same message (RFC 5322 3.6.4).
        message["Message-ID"] = f"<{quote(effect.id, safe='')}@{self._sender.domain}>"
        message["Date"] = format_datetime(datetime.fromtimestamp(self._now() // 1_000_000_000, UTC))
        message["From"] = self._sender
        # Several people on a call list have no claim to each other's addresses.
        message["To"] = Address(addr_spec=effect.to[0]) if len(effect.to) == 1 else "undisclosed-recipients:;"
        # Texts of panels end up in subjects: a line end there must not begin a header.
        message["Subject"] = " ".join(effect.subject.split())[:SUBJECT_CHARS_MAX]
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps out-of-office replies away
        body = effect.body
        if effect.offer_id:
            body = body.replace("{link}", self._links.url(effect.offer_id))
        # 7-bit on the wire: no hop can damage ä, and no server needs 8BITMIME.
        message.set_content(body, subtype="plain", charset="utf-8", cte="quoted-printable")
        return message

    async def _send(self, recipients: tuple[str, ...], message: bytes) -> Performed:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._sender.domain,  # the library would ask DNS for ours
            use_tls=self._security is MailSecurity.TLS,
            start_tls=self._security is MailSecurity.STARTTLS,
            tls_context=None if self._security is MailSecurity.PLAIN else self._tls,
            timeout=self._command_s,
        )
        try:
            async with asyncio.timeout(self._total_s):
                with heeding_a_stop():
                    await client.connect()
                    if self._username is not None and self._password is not None:
                        await client.login(self._username, self._password.get_secret_value())
                refusals, reply = await client.sendmail(self._sender.addr_spec, list(recipients), message)
            await _say_goodbye(client)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _turned_down([refusal.code for refusal in error.recipients])
        except aiosmtplib.SMTPResponseException as error:
            return _turned_down([error.code], during=_PHASES.get(type(error), ""))
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Performed(outcome=EffectOutcome.FAILED, detail=_trouble(error))
        except ValueError:  # after OSError: a certificate error is both
            return Performed(outcome=EffectOutcome.REFUSED, detail="not a usable address")
        finally:
            client.close()
        return _accepted(len(recipients), [refusal.code for refusal in refusals.values()], reply)


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """The message is the server's since its 250 (RFC 5321 4.2.5); how the conversation ends changes nothing."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        await client.quit(timeout=GOODBYE_S)


def _accepted(recipients: int, refusals: list[int], reply: str) -> Performed:
    """The server took the message for at least one recipient.

    If it put others off for now (greylisting), the message is due again: those who have it recognise the repeat by its
    Message-ID, and the others would never be told otherwise.
    """
    code, queued = _ENHANCED_CODE.search(reply), _QUEUE_ID.search(reply)
    detail = f"250 {code[0]}" if code else "250"
    if queued:
        detail += f", queued as {queued[1]}"
    if refusals:
        detail += f", accepted for {recipients - len(refusals)} of {recipients}, others {_codes(refusals)}"
    is_put_off = any(_is_for_now(refusal) for refusal in refusals)
    return Performed(outcome=EffectOutcome.FAILED if is_put_off else EffectOutcome.DELIVERED, detail=detail)


def _turned_down(codes: list[int], during: str = "recipients") -> Performed:
    may_repeat = any(_is_for_now(code) for code in codes)
    detail = f"{_codes(codes)} {during}".rstrip()
    return Performed(outcome=EffectOutcome.FAILED if may_repeat else EffectOutcome.REFUSED, detail=detail)


def _is_for_now(code: int) -> bool:
    """RFC 5321 4.2.1: 5yz is for good, 4yz for now. Anything else is no SMTP, and need not last either."""
    return not 500 <= code <= 599


def _codes(codes: list[int]) -> str:
    return "/".join(str(code) if code > 0 else "no SMTP reply" for code in sorted(set(codes)))


def _trouble(error: Exception) -> str:
    """One of a few phrases: exception texts hold host names and must not reach the journal."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "TLS certificate not trusted"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiosmtplib.SMTPConnectError):
        return "no connection"
    if isinstance(error, OSError):
        return "connection broken"
    return "the mail server does not offer the encryption or login that the settings ask for"
