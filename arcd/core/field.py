"""What stands in the field and is no panel: points on a bus, relays, cameras and services that send mail or JSON.

One rule: frozen values without secrets in clear, parts of `arcd.core.site.System`. How a bus is reached is in the
settings (`modbus:`); a device is named here and nothing more.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from protocols.modbus_points import PointSpec
from protocols.signals import Scheme


class Point(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An input of a field device that speaks for a zone of this system."""

    id: str
    device: str  # its name in the settings
    spec: PointSpec
    code: str
    scheme: Scheme = Scheme.SIA
    zone: str | None = None
    area: str | None = None
    unit: str = ""  # of the measured value, for people: "°C"


class RelayKind(StrEnum):
    DOOR = "door"
    GATE = "gate"
    SIREN = "siren"
    ANNOUNCEMENT = "announcement"
    OTHER = "other"


OPENS_A_WAY = frozenset({RelayKind.DOOR, RelayKind.GATE})


class Relay(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An output of a field device. Relays of one interlock group are never on together."""

    id: str
    device: str
    coil: int
    name: str = ""
    kind: RelayKind = RelayKind.OTHER
    pulse_s: float | None = None  # None: it is switched on and off; else it goes off by itself after so long
    interlock: str = ""
    feedback: int | None = None  # a discrete input that follows the contact; None: the coil itself is read back
    # requirements 4.7: of the one who asks for a door or gate; other relays ask for none.
    identity_level: int = 2


# A mail server gives up after days, a client after minutes; a camera's next picture has another Message-ID.
REPEAT_S = 3600.0


class SubjectRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mail whose subject fits the pattern (shell wildcards, whatever the case) means this instead."""

    subject: str
    code: str = ""  # "": as the source says
    zone: str | None = None
    area: str | None = None
    restore: bool = False


class Source(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A camera or service that reports by mail or HTTP on behalf of an account. `digest` is the keyed digest of its
    token (`arcd.credentials.TokenSafe`); the token itself is nowhere."""

    id: str
    account: str
    digest: str
    by: tuple[str, ...] = ("mail", "http")
    code: str = ""  # "": the sender has to name one, which mail cannot
    scheme: Scheme = Scheme.SIA
    zone: str | None = None
    area: str | None = None
    subjects: tuple[SubjectRule, ...] = ()
    retention: str = "alarm"  # class of its pictures in the media directory (settings, media:)
