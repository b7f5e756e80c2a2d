"""Sections about what stands in the field: buses, and the doors through which mail and JSON come in.

One rule: what is reached how is written here; what it means (zone, code, relay, token) is in the site base, where it
changes without a restart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from arcd.settings.sections import Secret, Section
from arcd.settings.values import Address, File, Listen, Listeners, Networks, seconds, whole

BUS_LINES_MAX = 64
DEVICES_MAX = 247  # MODBUS over Serial Line V1.02, 2.2: units 1 to 247

DeviceName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Unit = Annotated[int, whole(0, 255)]  # TCP devices often answer as 0 or 255 (MODBUS Messaging on TCP/IP V1.0b, 4.4.2)
Devices = Annotated[dict[DeviceName, Unit], Field(min_length=1, max_length=DEVICES_MAX)]


class ModbusLineSettings(Section):
    """A line that we poll: `tcp`, or `serial` with its speed."""

    name: DeviceName
    tcp: Annotated[Address, BeforeValidator(Address.parse)] | None = None
    serial: File | None = None
    baud_rate: Annotated[int, whole(300, 4_000_000)] = 19_200
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1
    devices: Devices
    poll_s: Annotated[float, seconds(0.05, 3600)] = 1.0
    timeout_s: Annotated[float, seconds(0.05, 60)] = 1.0
    lost_after_s: Annotated[float, seconds(0, 3600)] = 10.0


class ModbusWriterSettings(Section):
    """Devices that write to us."""

    listen: Listeners = ()
    networks: Networks = ()
    devices: Annotated[dict[DeviceName, Unit], Field(max_length=DEVICES_MAX)] = Field(default_factory=dict)
    silence_s: Annotated[float, seconds(1, 86_400)] = 300.0


class ModbusSettings(Section):
    lines: Annotated[tuple[ModbusLineSettings, ...], Field(max_length=BUS_LINES_MAX)] = ()
    writers: ModbusWriterSettings = ModbusWriterSettings()


class MailIntakeSettings(Section):
    """Mail from cameras and panels. `domain` is what stands behind the @ of the token addresses."""

    listen: Listeners = ()
    domain: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")] = (
        "intake.invalid"
    )
    certificate: File | None = None  # PEM with its key: STARTTLS
    user: Annotated[str, Field(max_length=64)] = ""
    password: Secret = Secret(credential="mail-intake-password")
    networks: Networks = ()  # from here without logging in, and without TLS
    message_bytes_max: Annotated[int, whole(10_000, 100_000_000)] = 10_000_000


class HttpIntakeSettings(Section):
    listen: Listen | None = None
    certificate: File | None = None
    body_bytes_max: Annotated[int, whole(1_000, 100_000_000)] = 8_000_000


class MediaSettings(Section):
    """Pictures that came with signals: kept by retention class, together at most `bytes_max`."""

    directory: File = Path("/var/lib/arcd/media")
    bytes_max: Annotated[int, whole(0, 1 << 50)] = 10 << 30
    retention_days: Annotated[dict[DeviceName, Annotated[int, whole(1, 36_500)]], Field(max_length=32)] = Field(
        default_factory=lambda: {"alarm": 90}
    )
