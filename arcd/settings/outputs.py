"""Outputs: automation software and other centres to which committed signals go on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from arcd.settings.lines import AllowedNetwork, SerialSettings
from arcd.settings.sections import Secret
from arcd.settings.values import File, Listen, Listeners, Names, seconds
from arcd.sitebase.times import Week
from protocols.signals import Category
from rules.schema import fault

OUTPUTS_MAX = 16  # each reads the journal once and keeps one connection
ACCOUNTS_MAX = 10_000
CONTACT_ID_CODES_MAX = 1_000  # more than there are SIA codes
AUTOMATION_FORMS = ("surgard", "ademco685")
DC09 = "dc09"
FORMS = (*AUTOMATION_FORMS, DC09)
ALWAYS, SWITCHED = "always", "switched"


def _bounded(outputs: tuple[OutputSettings, ...]) -> tuple[OutputSettings, ...]:
    if len(outputs) > OUTPUTS_MAX:
        raise fault(f"more than {OUTPUTS_MAX} outputs", "let another daemon take some of them")
    return outputs


Number = Annotated[str, BeforeValidator(str), Field(max_length=6, pattern=r"^[0-9A-Za-z]+$")]
Account = Annotated[str, BeforeValidator(str), Field(max_length=16, pattern=r"^[0-9A-Za-z]+$")]


class TlsOutputSettings(BaseModel):
    """DC-09 over TLS. `ca_file`: trust this certificate authority in place of the system's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""  # in the far end's certificate; empty: its address
    ca_file: File | None = None


class DoorSettings(BaseModel):
    """Where automation software connects to us, and from where it may. One connection counts: the newest."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    addresses: Listeners
    allow: tuple[AllowedNetwork, ...]


class ContactIdSettings(BaseModel):
    """Software that reads Contact ID alone. `codes`: SIA code → Contact ID code; `otherwise`: of what has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    codes: Annotated[dict[str, Annotated[str, BeforeValidator(str)]], Field(max_length=CONTACT_ID_CODES_MAX)] = {}
    otherwise: Annotated[str, BeforeValidator(str)] = ""


class OutputSettings(BaseModel):
    """One of `serial`, `connect` and `listen` says how it is reached; `dc09` connects."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    form: Literal["surgard", "ademco685", "dc09"]
    options: dict[str, Any] = {}
    serial: SerialSettings | None = None
    connect: Listen | None = None
    listen: DoorSettings | None = None
    # Numbers that every message bears. dc09: none means as the panel sent it.
    receiver: Number | None = None
    line: Number | None = None
    # Account as we know it → as the far end does. The others go out as they came.
    accounts: Annotated[dict[Account, Account], Field(max_length=ACCOUNTS_MAX)] = {}
    # What came as SIA goes out as Contact ID. ademco685 does so without it; surgard only with it.
    contact_id: ContactIdSettings | None = None

    # Which signals. Empty: no restriction.
    sites: Names = ()
    groups: Names = ()
    categories: Annotated[tuple[Category, ...], Field(max_length=len(Category))] = ()
    on_test: bool = True
    strangers: bool = False

    # dc09 only.
    transport: Literal["tcp", "udp"] = "tcp"
    tls: TlsOutputSettings | None = None
    key: Secret | None = None
    reply_within_s: Annotated[float, seconds(1, 60)] = 10.0
    link_test_s: Annotated[float, seconds(0, 86_400)] = 60.0
    link_account: Account = "0000"
    when: Literal["always", "switched"] | Week = "always"

    @property
    def says_words(self) -> bool:
        """Contact ID on a line has digits only."""
        return self.form != "ademco685" and self.contact_id is None

    @property
    def where(self) -> str:
        if self.serial is not None:
            return f"{self.serial.port} {self.serial.serial_mode}"
        if self.connect is not None:
            return str(self.connect)
        assert self.listen is not None, "checked in arcd.settings.output_contradictions"
        return ", ".join(map(str, self.listen.addresses))


OutputsSettings = Annotated[tuple[OutputSettings, ...], AfterValidator(_bounded)]
