"""Lines: alarm receivers and paging systems that are connected by a serial port or over TCP."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from arcd.gateways.serial import SerialMode
from arcd.settings.values import File, Listen, Listeners, seconds, whole
from rules.schema import fault

LINES_MAX = 32  # each is a port, a connection and a thread while it opens
CONNECTIONS_MAX = 1_000


def _name(name: str) -> str:
    # It is a metric's word, a deadline's key and a fact's gateway.
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", name) or name.startswith("dc09-"):
        raise fault("this is no name of a line", "write it like surgard-1: small letters, digits and dashes")
    return name


def _mode(mode: object) -> SerialMode:
    try:
        return mode if isinstance(mode, SerialMode) else SerialMode.parse(str(mode))
    except ValueError as error:
        raise fault("this is no mode of a serial port", str(error)) from None


def _network(text: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        raise fault("this is no address and no network", "write it like 192.0.2.7 or 192.0.2.0/24") from None


AllowedNetwork = Annotated[Any, BeforeValidator(_network)]


def _bounded(lines: tuple[LineSettings, ...]) -> tuple[LineSettings, ...]:
    if len(lines) > LINES_MAX:
        raise fault(f"more than {LINES_MAX} lines", "let another daemon take some of them")
    return lines


class SerialSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    port: File
    mode: Annotated[Any, BeforeValidator(_mode)] = SerialMode()
    flow: Literal["none", "hardware", "software"] = "none"

    @property
    def serial_mode(self) -> SerialMode:
        mode = self.mode
        assert isinstance(mode, SerialMode)
        return SerialMode(
            baud=mode.baud, bits=mode.bits, parity=mode.parity, stop=mode.stop,
            rtscts=self.flow == "hardware", xonxoff=self.flow == "software",
        )  # fmt: skip


class ListenSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    addresses: Listeners
    allow: tuple[AllowedNetwork, ...]
    connections_max: Annotated[int, whole(1, CONNECTIONS_MAX)] = 16


class LineSettings(BaseModel):
    """One of `serial`, `connect` and `listen` says how it is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_name)]
    dialect: str
    options: dict[str, Any] = {}
    serial: SerialSettings | None = None
    connect: Listen | None = None
    listen: ListenSettings | None = None
    receiver: Annotated[str, BeforeValidator(str)] | None = None
    # No default: that nothing is expected of a receiver must have been decided by somebody.
    heartbeat_s: Annotated[float, seconds(0, 86_400)]
    silent_after: Annotated[int, whole(1, 100)] = 3

    @property
    def silence_s(self) -> float:
        return self.heartbeat_s * self.silent_after

    @property
    def where(self) -> str:
        if self.serial is not None:
            return f"{self.serial.port} {self.serial.serial_mode}"
        if self.connect is not None:
            return str(self.connect)
        assert self.listen is not None, "checked in arcd.settings.contradictions"
        return ", ".join(map(str, self.listen.addresses))


LinesSettings = Annotated[tuple[LineSettings, ...], AfterValidator(_bounded)]
