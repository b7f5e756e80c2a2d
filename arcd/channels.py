"""The outgoing channels that the settings ask for.

One rule: an unreadable secret or certificate ends the start, not the first message.
"""

from __future__ import annotations

from collections.abc import Sequence

from arcd.auditing.auditor import Auditor
from arcd.auditing.checkpoints import Checkpoints
from arcd.auditing.keys import load_signing_key
from arcd.auditing.places import DirectoryPlace, MailPlace, Place, UrlPlace
from arcd.clock import Clock
from arcd.credentials import CredentialError, read_secret
from arcd.effectors import Effector
from arcd.effectors.mail import MailEffector
from arcd.effectors.webhook import WebhookEffector
from arcd.escalation import Escalation
from arcd.guard_links import LinkSigner
from arcd.metrics import Metrics
from arcd.runtime import Runtime
from arcd.settings import Settings
from arcd.start_error import StartError
from protocols.tlog.note import SigningKey


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


def make_auditor(
    settings: Settings, *, runtime: Runtime, metrics: Metrics, clock: Clock, effectors: Sequence[Effector]
) -> Auditor:
    """What signs, copies and erases. StartError when something is to be signed and there is no key."""
    audit = settings.audit
    try:
        key = load_signing_key(audit.origin, audit.key.credential, file=audit.key.file) if audit.origin else None
        places = _places(settings, effectors) if key is not None else []
    except (CredentialError, ValueError, OSError) as error:
        raise StartError(f"audit: {error}") from None

    def previous_key(name: str) -> SigningKey | None:
        try:
            return load_signing_key(name, audit.previous_key.credential, file=audit.previous_key.file)
        except CredentialError:
            return None  # that it does not vouch for its successor is told in the journal

    checkpoints = Checkpoints(
        store=runtime.store,
        clock=clock,
        metrics=metrics,
        key=key,
        places=places,
        interval_s=audit.interval_s,
        entries_max=audit.entries_max,
    )
    return Auditor(
        store=runtime.store,
        state=runtime.station.state,
        clock=clock,
        ask=runtime.ask,
        asked=runtime.asked,
        post=runtime.post,
        checkpoints=checkpoints,
        days=audit.retention.days(),
        is_retaining=audit.retention.automatic,
        previous_key=previous_key,
    )


def _places(settings: Settings, effectors: Sequence[Effector]) -> list[Place]:
    audit = settings.audit
    places: list[Place] = [
        DirectoryPlace(f"directory-{number}", directory) for number, directory in enumerate(audit.directories, 1)
    ]
    places += [UrlPlace(f"url-{number}", url, ca_file=audit.ca_file) for number, url in enumerate(audit.urls, 1)]
    mail = next((effector for effector in effectors if isinstance(effector, MailEffector)), None)
    if audit.mail_to and mail is None:
        raise ValueError("mail_to needs the section mail")
    if mail is not None:
        places += [
            MailPlace(f"mail-{number}", to, mail, interval_s=audit.mail_interval_s)
            for number, to in enumerate(audit.mail_to, 1)
        ]
    return places


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
