"""The outgoing channels that the settings ask for.

One rule: an unreadable secret or certificate ends the start, not the first message.
"""

from __future__ import annotations

from arcd.clock import Clock
from arcd.credentials import CredentialError, read_secret
from arcd.effectors import Effector
from arcd.effectors.mail import MailEffector
from arcd.effectors.webhook import WebhookEffector
from arcd.escalation import Escalation
from arcd.guard_links import LinkSigner
from arcd.settings import Settings
from arcd.start_error import StartError


def make_effectors(settings: Settings, links: LinkSigner, clock: Clock) -> list[Effector]:
    effectors: list[Effector] = []
    try:
        if settings.webhook is not None:
            webhook = settings.webhook
            secret = read_secret(webhook.secret.credential, file=webhook.secret.file).get_secret_value().encode()
            effectors.append(
                WebhookEffector(
                    secret=secret, links=links, now=clock.now, ca_file=webhook.ca_file, total_s=webhook.timeout_s
                )
            )
        if settings.mail is not None:
            effectors.append(_mail(settings, links, clock))
    except (CredentialError, ValueError) as error:
        raise StartError(f"{error}") from None
    return effectors


def make_escalation(settings: Settings, clock: Clock) -> Escalation:
    try:
        return Escalation(settings.escalation, clock.now)
    except (CredentialError, ValueError, OSError) as error:
        raise StartError(f"escalation: {error}") from None


def _mail(settings: Settings, links: LinkSigner, clock: Clock) -> MailEffector:
    mail = settings.mail
    assert mail is not None
    password = None
    if mail.username is not None:
        password = read_secret(mail.password.credential, file=mail.password.file)
    return MailEffector(
        host=mail.host,
        port=mail.port,
        security=mail.security,
        sender=mail.sender,
        sender_name=mail.sender_name,
        username=mail.username,
        password=password,
        ca_file=mail.ca_file,
        links=links,
        now=clock.now,
    )
