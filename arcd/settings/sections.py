"""The sections of the settings file, one class each, with the default and the reason of every value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.effectors.mail import MailSecurity
from arcd.log import LogFormat, LogLevel
from arcd.settings.values import (
    Address,
    BaseUrl,
    CapName,
    CredentialName,
    File,
    Language,
    Languages,
    Listen,
    Listeners,
    MachineUrl,
    Names,
    seconds,
    whole,
)
from protocols.codec import ReplyKind
from protocols.dc09 import ReplyPolicy


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Section):
    """Where a secret is: a file if one is named, else the credential that systemd hands over under this name.

    The values go to `arcd.credentials.read_credential(secret.credential, file=secret.file)`.
    """

    credential: CredentialName
    file: File | None = None


# ------------------------------------------------------------------------------------------------------------- sections


class StoreSettings(Section):
    path: File = Path("/var/lib/arcd/journal.sqlite")
    # Below this the daemon raises an alarm of its own; the journal never stops itself to save space.
    free_bytes_min: Annotated[int, whole(0, 1 << 50)] = 1 << 30
    checkpoint_interval_s: Annotated[float, seconds(1, 3600)] = 60.0


class TlsSettings(Section):
    """DC-09 over TLS. Sockets passed by systemd under the name `dc09-tls` take the place of the list."""

    listen: Listeners = (Address("127.0.0.1", 9996),)
    certificate: File  # PEM, the chain after it
    key: Secret = Secret(credential="tls-key")  # PEM, without a password
    client_ca: File | None = None  # panels have to show a certificate of this authority


class Dc09Settings(Section):
    """Sockets passed by systemd under the name `dc09` take the place of both lists."""

    tcp: Listeners = (Address("127.0.0.1", 9999),)
    udp: Listeners = (Address("127.0.0.1", 9999),)
    tls: TlsSettings | None = None


class LimitSettings(Section):
    # Every connection is a file descriptor: keep the sum well below LimitNOFILE= of the unit (65536).
    connections_max: Annotated[int, whole(1, 60_000)] = 10_000
    # Many panels may stand behind one address: a mobile operator's gateway, a manufacturer's cloud.
    connections_per_source_max: Annotated[int, whole(1, 60_000)] = 1_000
    # protocols.md 1.7: keep a panel's connection for some minutes; the panel closes.
    idle_timeout_s: Annotated[float, seconds(10, 86_400)] = 300.0
    # A frame that was begun must be ended within this. The longest takes some seconds on a GSM line.
    frame_timeout_s: Annotated[float, seconds(1, 300)] = 30.0
    queue_depth_max: Annotated[int, whole(1, 1_000_000)] = 10_000
    batch_max: Annotated[int, whole(1, 10_000)] = 1_000
    # Effects waiting for one channel in memory; more wait in the outbox.
    channel_queue_depth_max: Annotated[int, whole(1, 100_000)] = 1_000


class ReplySettings(Section):
    """What `protocols.dc09.ReplyPolicy` leaves to the installation; the fields are the same."""

    unknown_account: Literal["duh", "nak", "none"] = "duh"
    plaintext_of_keyed_account: Literal["duh", "nak", "none"] = "duh"
    skewed_plaintext: Literal["ack", "nak"] = "ack"
    opaque: Literal["ack", "duh"] = "ack"

    def policy(self) -> ReplyPolicy:
        return ReplyPolicy(**{name: ReplyKind(choice) for name, choice in self})


class ApiSettings(Section):
    socket: File = Path("/run/arcd/arcd.sock")
    # Members of this group of the operating system are supervisors; a group that does not exist has none.
    supervisor_group: Annotated[str, Field(max_length=32)] = "arcd-supervisors"
    guard_listen: Listen | None = Address("127.0.0.1", 9997)
    guard_base_url: BaseUrl = "http://127.0.0.1:9997"


class MetricsSettings(Section):
    listen: Listen | None = Address("127.0.0.1", 9998)


class MailSettings(Section):
    host: str
    port: Annotated[int, whole(1, 65_535)] = 587
    security: MailSecurity = MailSecurity.STARTTLS
    sender: str
    sender_name: str = ""
    username: str | None = None
    password: Secret = Secret(credential="mail-password")
    ca_file: File | None = None


class WebhookSettings(Section):
    secret: Secret = Secret(credential="webhook-secret")
    timeout_s: Annotated[float, seconds(1, 60)] = 10.0
    ca_file: File | None = None


class EscalationSettings(Section):
    """How an authority is told. Built in: an operator calls, and whatever a machine is sent is an exercise (R-5)."""

    connector: Connector = Connector.MANUAL_PHONE
    url: MachineUrl | None = None  # cap_http
    directory: File | None = None  # cap_file
    sender: CapName = "arcd.invalid"
    addressee: CapName = "psap"
    # Both, and the site's own consent (erc_actual in the site base), make a message Actual.
    actual: bool = False
    actual_sites: Names = ()
    # requirements 3.2: one resend after the first, "call by phone now" after the second.
    response_timeout_s: Annotated[float, seconds(5, 300)] = 30.0
    phone_after_s: Annotated[float, seconds(5, 300)] = 60.0
    age_max_s: Annotated[float, seconds(30, 3600)] = 300.0
    secret: Secret = Secret(credential="authority-secret")
    ca_file: File | None = None
    certificate: File | None = None  # ours, with its key: mutual TLS

    def policy(self) -> EscalationPolicy:
        return EscalationPolicy(
            connector=self.connector,
            sender=self.sender,
            addressee=self.addressee,
            actual=self.actual,
            actual_sites=self.actual_sites,
            response_timeout_s=self.response_timeout_s,
            phone_after_s=self.phone_after_s,
            age_max_s=self.age_max_s,
        )


class RulesSettings(Section):
    """The shipped rules always apply; the overlay directory changes them and adds to them."""

    overlay: File | None = None


class SiteBaseSettings(Section):
    directory: File = Path("/etc/arcd/site-base")


class KekSettings(Section):
    """The key-encryption key: this file if named, else the credential `kek`."""

    file: File | None = None


class LogSettings(Section):
    format: LogFormat = "auto"
    level: LogLevel = "info"


class LanguageSettings(Section):
    """What pages offer, and what is shown to somebody who asks for none of them."""

    offered: Languages = ("fi", "sv", "en")
    default: Language = "fi"
