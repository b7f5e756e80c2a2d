"""What one setting may look like: addresses, numbers, places. Each check says what to write instead.

One rule: a value is judged by itself here; what contradicts another setting is found in `arcd.settings`.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from arcd.loopback import is_loopback
from protocols.cap.profile import NAME
from rules.schema import fault

# Leaves room in an identifier (protocols.cap.profile.NAME_CHARS_MAX) for the 26 characters behind it.
CAP_NAME_CHARS_MAX = 100
LISTENERS_MAX = 16  # per transport; each is a socket with its own limits


class Address(NamedTuple):
    """Where to listen. An IP address, because a name could mean something else tomorrow."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"

    def clashes_with(self, other: Address) -> bool:
        """Whether the kernel would refuse the second one. Port 0 never clashes; IPv6 sockets here are IPv6 only."""
        if self.port != other.port or not self.port or self.is_ipv6 != other.is_ipv6:
            return False
        return self.host == other.host or bool({self.host, other.host} & {"0.0.0.0", "::"})  # noqa: S104 – compared only

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.host

    @classmethod
    def parse(cls, text: object) -> Address:
        """ "127.0.0.1:9999" or "[::1]:9999". Port 0 lets the kernel choose one."""
        if isinstance(text, Address):
            return text
        host, _, port = str(text).rpartition(":")
        try:
            ip = ipaddress.ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
            if (ip.version == 6) != host.startswith("["):
                raise ValueError("an IPv6 address stands in brackets")
            if not port.isascii() or not port.isdecimal() or int(port) > 65535:
                raise ValueError("no port")
        except ValueError:
            raise fault("this is no address to listen on", "write it like 127.0.0.1:9999 or [::1]:9999") from None
        return cls(str(ip), int(port))


def whole(least: int, most: int) -> BeforeValidator:
    def check(value: object) -> int:
        text = str(value)
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise fault(f"this must be a whole number from {least} to {most}", "write digits only")
        return int(text)

    return BeforeValidator(check)


def seconds(least: float, most: float) -> BeforeValidator:
    def check(value: object) -> float:
        text = str(value)
        if (
            isinstance(value, bool)
            or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text)
            or not (least <= float(text) <= most)
        ):
            raise fault(f"this must be a number of seconds from {least:g} to {most:g}", "write it like 10 or 2.5")
        return float(text)

    return BeforeValidator(check)


def as_list(value: object) -> object:
    """From the environment a list comes as text: "127.0.0.1:9999,[::1]:9999"."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _credential_name(name: str) -> str:
    # systemd.exec(5) LoadCredential=: a plain file name.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise fault("this is no name of a credential", "write the name given in LoadCredential=, like webhook-secret")
    return name


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_page = parts.scheme in {"http", "https"} and parts.hostname and not parts.query and not parts.fragment
    except ValueError:  # "http://[": brackets that do not close
        is_page = False
    if not is_page:
        raise fault("this is no address of a web page", "write it like https://guard.example.org")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise fault("guards' personal links would cross the network unencrypted", "write an https:// address")
    return url.rstrip("/")


def _machine_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment
    except ValueError:
        is_http = False
    if not is_http:
        raise fault("this is no address to post messages to", "write it like https://psap.example.org/cap")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise fault("reports of emergencies would cross the network unencrypted", "write an https:// address")
    return url


def _cap_name(name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > CAP_NAME_CHARS_MAX:
        raise fault("this is no name for CAP messages", "write it like arc.example.org; no spaces, commas, < or &")
    return name


def _bounded(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    if len(addresses) > LISTENERS_MAX:
        raise fault(f"more than {LISTENERS_MAX} addresses to listen on", "listen on 0.0.0.0 or [::] instead")
    return addresses


def _path(value: object) -> Path:
    text = str(value)
    if not isinstance(value, str | Path) or not text or "\0" in text:
        raise fault("this is no path", "write it like /var/lib/arcd, in quotes if it looks like a number")
    return Path(text)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise fault("this is no network", "write it like 192.0.2.0/24 or 192.0.2.7/32") from None


File = Annotated[Path, BeforeValidator(_path)]
Listen = Annotated[Address, BeforeValidator(Address.parse)]
Listeners = Annotated[tuple[Listen, ...], BeforeValidator(as_list), AfterValidator(_bounded)]
CredentialName = Annotated[str, AfterValidator(_credential_name)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
MachineUrl = Annotated[str, AfterValidator(_machine_url)]
CapName = Annotated[str, AfterValidator(_cap_name)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(as_list)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Language = Literal["fi", "sv", "en"]
Languages = Annotated[tuple[Language, ...], BeforeValidator(as_list)]
