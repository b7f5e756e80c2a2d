"""Everything that is decided before the daemon starts: addresses, limits, places, channels.

One rule: settings are read once, whole, from one YAML file and the environment (`ARCD_SECTION__NAME`, which wins); they
are either all right or a list of problems that says where and what to write instead. No secret stands here, only where
it is found. What people work with (sites, contacts, rules) is not a setting: it is imported, and the journal knows it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.effectors.mail import MailSecurity
from arcd.log import LogFormat, LogLevel
from arcd.loopback import is_loopback
from arcd.setting_values import (
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
from rules.problems import Problem, by_place, write_instead
from rules.schema_errors import fields_at, problems_of
from rules.yaml_source import Node, read

ENVIRONMENT_PREFIX = "ARCD_"
ENVIRONMENT_DELIMITER = "__"


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


class Dc09Settings(Section):
    """Sockets passed by systemd under the name `dc09` take the place of both lists."""

    tcp: Listeners = (Address("127.0.0.1", 9999),)
    udp: Listeners = (Address("127.0.0.1", 9999),)


class LimitSettings(Section):
    # Every connection is a file descriptor: keep the sum well below LimitNOFILE= of the unit (65536).
    connections_max: Annotated[int, whole(1, 60_000)] = 10_000
    # Many panels may stand behind one address: a mobile operator's gateway, a manufacturer's cloud.
    connections_per_source_max: Annotated[int, whole(1, 60_000)] = 1_000
    # protocols.md 1.7: keep a panel's connection for some minutes; the panel closes.
    idle_timeout_s: Annotated[float, seconds(10, 86_400)] = 300.0
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


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        enable_decoding=False,  # values in the environment are plain text, not JSON
        extra="forbid",
        frozen=True,
    )

    store: StoreSettings = StoreSettings()
    dc09: Dc09Settings = Dc09Settings()
    limits: LimitSettings = LimitSettings()
    reply: ReplySettings = ReplySettings()
    api: ApiSettings = ApiSettings()
    metrics: MetricsSettings = MetricsSettings()
    mail: MailSettings | None = None  # None: this channel is not used
    webhook: WebhookSettings | None = None
    escalation: EscalationSettings = EscalationSettings()
    rules: RulesSettings = RulesSettings()
    site_base: SiteBaseSettings = SiteBaseSettings()
    kek: KekSettings = KekSettings()
    log: LogSettings = LogSettings()
    languages: LanguageSettings = LanguageSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (env_settings, init_settings)


_OPTIONAL = frozenset({"mail", "webhook"})


class SettingsProblems(Struct, frozen=True):
    """Why the daemon does not start. `str()` is what the administrator reads."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "\n".join(_readable(problem) for problem in self.problems)


def _readable(problem: Problem) -> str:
    # A variable has no lines.
    return (
        str(problem).replace(f"{problem.file}:1:1:", f"{problem.file}:", 1) if problem.file[:1] == "$" else str(problem)
    )


# -------------------------------------------------------------------------------------------------------------- reading


def load_settings(path: Path | None) -> Settings | SettingsProblems:
    """The file (None: defaults) with the environment over it. Relative paths count from the working directory."""
    root = _read_file(path)
    if isinstance(root, SettingsProblems):
        return root
    plain = root.plain()
    assert isinstance(plain, dict)
    # A section whose lines are all commented out is one with the defaults.
    plain = {name: {} if value is None and name not in _OPTIONAL else value for name, value in plain.items()}
    unknown = tuple(_unknown_variables(os.environ))
    _lay_environment_over(root, EnvSettingsSource(Settings)())
    try:
        settings = Settings(**plain)
    except ValidationError as error:
        return SettingsProblems(tuple(sorted((*problems_of(error, root, Settings), *unknown), key=by_place)))
    found = (*unknown, *_contradictions(settings, root))
    return SettingsProblems(tuple(sorted(found, key=by_place))) if found else settings


def _read_file(path: Path | None) -> Node | SettingsProblems:
    file = "defaults" if path is None else str(path)
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            what = os.strerror(error.errno or 0) if isinstance(error, OSError) else "it is not UTF-8 text"
            advice = "name the file with --config, or copy config/arcd.yaml there"
            return SettingsProblems((Problem(file=file, message=f"cannot read the settings: {what}", advice=advice),))
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return Node(file, 1, 1, {})
    document = read(text, file)
    if document.root is None or document.problems:
        return SettingsProblems(document.problems)
    if not isinstance(document.root.value, dict):
        return SettingsProblems(
            (document.root.problem((), "the settings must be a mapping", "write store: and so on"),)
        )
    return document.root


def _lay_environment_over(root: Node, values: Mapping[str, Any], name: str = ENVIRONMENT_PREFIX) -> None:
    """So that a problem with a value from the environment names the variable, as one from the file names its line."""
    assert isinstance(root.value, dict)
    for key, value in values.items():
        variable = f"{name}{key.upper()}"
        node = root.value.get(key)
        if not isinstance(value, Mapping):
            root.value[key] = Node(f"${variable}", 1, 1, str(value))
        else:
            if node is None or not isinstance(node.value, dict):
                root.value[key] = Node(f"${variable}{ENVIRONMENT_DELIMITER}…", 1, 1, {})
            _lay_environment_over(root.value[key], value, f"{variable}{ENVIRONMENT_DELIMITER}")
        root.key_marks.setdefault(key, (1, 1))


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[Problem]:
    """`ARCD_STROE__PATH` would otherwise be passed over in silence. Other programs' ARCD_… without `__` are theirs."""
    names = fields_at(Settings, ())
    sections = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in names}
    for variable in environ:
        section, delimiter, _ = variable.upper().partition(ENVIRONMENT_DELIMITER)
        if delimiter and section.startswith(ENVIRONMENT_PREFIX) and section not in sections:
            name = section.removeprefix(ENVIRONMENT_PREFIX).casefold()
            advice = write_instead(name, names) or f"sections: {', '.join(names)}"
            yield Problem(file=f"${variable}", message=f"there is no section {name}", advice=advice)


# ------------------------------------------------------------------------------------------------------- contradictions


def _contradictions(settings: Settings, root: Node) -> Iterator[Problem]:
    """What is right line by line and cannot be right together."""
    yield from _double_listeners(settings, root)
    yield from _escalation(settings.escalation, root)
    if settings.languages.default not in settings.languages.offered:
        yield root.problem(
            ("languages", "default"), "the default language is not offered", "add it to languages.offered"
        )
    if settings.limits.connections_per_source_max > settings.limits.connections_max:
        yield root.problem(
            ("limits", "connections_per_source_max"),
            "one source may have more connections than all together",
            f"write at most {settings.limits.connections_max}",
        )
    mail = settings.mail
    if mail is not None and mail.security is MailSecurity.PLAIN and not is_loopback(mail.host):
        yield root.problem(
            ("mail", "security"), "mail would cross the network unencrypted", "write starttls or tls instead"
        )


def _escalation(escalation: EscalationSettings, root: Node) -> Iterator[Problem]:
    """A machine connector that is half set up would be found out in the first emergency."""
    here = "escalation"
    if escalation.connector is Connector.CAP_HTTP and escalation.url is None:
        yield root.problem((here, "connector"), "cap_http has no address to post to", "write escalation.url")
    if escalation.connector is Connector.CAP_FILE and escalation.directory is None:
        yield root.problem((here, "connector"), "cap_file has no directory", "write escalation.directory")
    is_machine = escalation.connector is not Connector.MANUAL_PHONE
    if is_machine and escalation.sender == EscalationSettings().sender:
        advice = "write escalation.sender: the name agreed with the authority"
        yield root.problem((here, "connector"), "the authority would not know who sends", advice)
    if escalation.actual and not is_machine:
        yield root.problem((here, "actual"), "manual_phone sends nothing", "remove it, or choose another connector")
    if escalation.actual and not escalation.actual_sites:
        advice = 'write the ids of the sites that may, or ["*"] for every one that consents'
        yield root.problem((here, "actual_sites"), "messages may be Actual for no site", advice)
    if escalation.phone_after_s <= escalation.response_timeout_s:
        advice = f"write more than {escalation.response_timeout_s:g}"
        yield root.problem((here, "phone_after_s"), "the resend would come after the call for a person", advice)


def _double_listeners(settings: Settings, root: Node) -> Iterator[Problem]:
    """Monitoring and guards' pages on the panels' address would be reachable from the panels' network."""
    taken: dict[Address, str] = {}
    places: list[tuple[tuple[str | int, ...], Address]] = [
        (("dc09", "tcp", index), address) for index, address in enumerate(settings.dc09.tcp)
    ]
    if settings.api.guard_listen is not None:
        places.append((("api", "guard_listen"), settings.api.guard_listen))
    if settings.metrics.listen is not None:
        places.append((("metrics", "listen"), settings.metrics.listen))
    for path, address in places:
        name = ".".join(str(step) for step in path if isinstance(step, str))
        for earlier, owner in taken.items():
            if address.clashes_with(earlier):
                yield root.problem(path, f"{address} is already taken by {owner} ({earlier})", "choose another port")
        taken.setdefault(address, name)
    for index, address in enumerate(settings.dc09.udp):
        if any(address.clashes_with(earlier) for earlier in settings.dc09.udp[:index]):
            yield root.problem(("dc09", "udp", index), f"{address} is named twice", "remove one of the two")
