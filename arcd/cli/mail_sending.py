"""A camera that reports by mail: one message to the address of its source.

One rule: 250 to the message is success and nothing else is; the token that the address is made of is never shown.
"""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
from msgspec import Struct

from arcd.cli.simulated import Answer, Made, Saying, Where, shortened
from arcd.cli.source_files import read_text


class MailOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the system's sources in the site base: the file with its token, and mail_intake.domain of the settings."""

    token_file: str = ""
    domain: str = ""
    sender: str = "arcctl@panel.invalid"
    login: str = ""
    password_file: str = ""

    def __post_init__(self) -> None:
        if bool(self.login) != bool(self.password_file):
            raise ValueError("login and password_file belong together")

    def recipient(self) -> str:
        return f"{read_text(Path(self.token_file)).strip()}@{self.domain}"

    def password(self) -> str:
        return read_text(Path(self.password_file)).strip() if self.password_file else ""


def make_mail(saying: Saying, options: MailOptions) -> Made:
    """The text, or else the code, is the subject. ValueError for what a mail cannot say."""
    if saying.event is None:
        raise ValueError("mail has no sign of life: send a message")
    if not options.token_file or not options.domain:
        raise ValueError("say to whom: --option token_file=PATH and --option domain=NAME")
    subject = saying.event.text or saying.event.code
    if not subject:
        raise ValueError("say what the subject is: --text TEXT")
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = options.sender
    message["Message-ID"] = f"<{saying.run}.{saying.number}@panel.invalid>"
    message.set_content(f"{subject}\n")
    return Made(f"mail to …@{options.domain}: {subject}", (message.as_bytes(),), options)


class MailCarrier:
    """A connection for each message, as cameras make them."""

    def __init__(self, where: Where) -> None:
        self._receiver = where.receiver
        self._is_tls = where.is_tls

    def open(self) -> None:
        pass

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        (message,) = made.parts
        recipient, password = made.options.recipient(), made.options.password()
        try:
            return asyncio.run(self._deliver(message, made.options, recipient, password, timeout_s))
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return Answer("nak", shortened(f"{first.code} {first.message}"))
        except aiosmtplib.SMTPResponseException as error:
            return Answer("nak", shortened(f"{error.code} {error.message}"))
        except aiosmtplib.SMTPTimeoutError:
            return Answer(None, "nothing came in time")
        except aiosmtplib.SMTPServerDisconnected:
            return Answer(None, "the connection was closed: is this address admitted?")
        except aiosmtplib.SMTPConnectError as error:
            cause = error.__cause__
            raise self._receiver.failure(cause if isinstance(cause, OSError) else OSError(str(error))) from error
        except aiosmtplib.SMTPException as error:
            return Answer(None, shortened(str(error)))

    def close(self) -> None:
        pass

    async def _deliver(
        self, message: bytes, options: MailOptions, recipient: str, password: str, timeout_s: float
    ) -> Answer:
        receiver = self._receiver
        client = aiosmtplib.SMTP(hostname=receiver.host, port=receiver.port, timeout=timeout_s, start_tls=False)
        sealed: asyncio.BaseTransport | None = None
        try:
            async with client:
                if self._is_tls:
                    name = receiver.server_name or receiver.host
                    await client.starttls(tls_context=receiver.tls_context(), server_hostname=name)
                    sealed = client.transport
                if options.login:
                    await client.login(options.login, password)
                _, said = await client.sendmail(options.sender, [recipient], message)
        finally:
            if isinstance(sealed, asyncio.WriteTransport):
                sealed.abort()  # goodbye has been said; TLS would say its own, and the loop does not live to hear it
        return Answer("ack", shortened(f"250 {said}"))
