"""What a panel of ours says, and to whom, from the words of a command line or a script.

One rule: everything is checked before the first byte is sent, and a key never stands in an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from arcd.cli.failures import CliError, UsageError

if TYPE_CHECKING:
    from arcd.cli.wires import Receiver
    from protocols.secrets import WireKey
    from protocols.signals import Signal

KEY_ENVIRONMENT = "ARCD_PANEL_KEY"
DEMO_SETTINGS = Path("config/demo/arcd.yaml")
DEFAULT_ADDRESSES = {"tcp": ("127.0.0.1", 9999), "udp": ("127.0.0.1", 9999), "tls": ("127.0.0.1", 9996)}
SEQUENCE_MAX = 9999

SCHEMES = ("sia", "contact_id", "pulse")
QUALIFIERS = ("new", "restore", "status")


class Event:
    """What the options say about an event; empty when they say nothing."""

    def __init__(self, code: str | None, scheme: str, qualifier: str, *where: str | None) -> None:
        self.code = code
        self.scheme = one_of("--scheme", scheme, SCHEMES)
        self.qualifier = one_of("--qualifier", qualifier, QUALIFIERS)
        self.zone, self.area, self.user, self.text = where

    def encoded(self, account: str) -> tuple[str, str]:
        """(token, data)"""
        from protocols import contact_id, sia
        from protocols.content import DecodedContent

        if self.scheme == "pulse":
            raise ValueError("DC-09 carries no pulse codes; receiver lines do: --protocol surgard")
        content = DecodedContent(account=account, signals=(self.signal(),))
        if self.scheme == "sia":
            return sia.TOKEN, sia.encode_blocks(content)
        return contact_id.TOKEN, contact_id.encode_text(content)

    def signal(self) -> Signal:
        """ValueError for what the scheme has no room for."""
        from protocols import contact_id, sia
        from protocols.content import opaque_signal
        from protocols.signals import Qualifier

        if self.code is None:
            raise ValueError("say what to send: --code CODE, or --null")
        code = self.code.upper()
        if self.scheme == "pulse":
            return opaque_signal(code, "")
        if self.scheme == "sia" and self.qualifier != "new":
            raise ValueError("a SIA code says itself whether it is new or a restore: BA or BR; leave --qualifier out")
        if self.scheme == "contact_id" and self.text is not None:
            raise ValueError("Contact ID has no text; send it as extended data: --extended I…")
        if self.scheme == "sia":
            return sia.signal(code, area=self.area, zone=self.zone, user=self.user, text=self.text)
        if self.zone is not None and self.user is not None:
            raise ValueError("Contact ID has room for a zone or a user, not both")
        address = self.zone or self.user or "000"
        return contact_id.signal(code, Qualifier(self.qualifier), area=self.area or "00", address=address)


def message_of(account: str, *, null: bool, token: str | None, data: str, event: Event) -> tuple[str, str]:
    if (event.code is not None) + null + (token is not None) != 1:
        raise UsageError("say what to send: --code CODE, or --null, or --token TOKEN with --data")
    if null:
        return "NULL", ""
    if token is not None:
        return token, data
    try:
        return event.encoded(account)
    except ValueError as error:
        raise UsageError(str(error)) from error


def wire_key(key: str | None, key_file: Path | None) -> WireKey | None:
    """From the option, the file or the environment; errors never repeat it."""
    from arcd.cli.source_files import read_text
    from protocols.secrets import WireKey

    if key is not None and key_file is not None:
        raise UsageError("give --key or --key-file, not both")
    if key_file is not None:
        key = read_text(key_file).strip()
    elif key is None:
        key = os.environ.get(KEY_ENVIRONMENT)
    if not key:
        if key_file is not None:
            raise UsageError(f"{key_file} is empty; it must hold the key")
        return None
    try:
        return WireKey.parse(key)
    except ValueError as error:
        raise UsageError(f"the key cannot be used: {error}") from None


def receiver_of(
    host: str | None,
    port: int | None,
    *,
    udp: bool = False,
    tls: bool = False,
    ca: Path | None = None,
    server_name: str | None = None,
) -> Receiver:
    """Where to send: as named, else where the demo listens."""
    from arcd.cli.wires import Receiver, Transport

    if udp and tls:
        raise UsageError("--udp and --tls exclude each other: TLS goes over TCP")
    if (ca is not None or server_name is not None) and not tls:
        raise UsageError("--ca and --server-name are for --tls")
    transport = Transport.UDP if udp else Transport.TLS if tls else Transport.TCP
    if host is None or port is None:
        known_host, known_port = _known_address(transport)
        host, port = host or known_host, port or known_port
    return Receiver(host=host, port=port, transport=transport, ca=ca, server_name=server_name)


def _known_address(transport: str) -> tuple[str, int]:
    """Where the demo listens, when arcctl is run from a clone."""
    if not DEMO_SETTINGS.is_file():
        return DEFAULT_ADDRESSES[transport]
    from arcd.settings import Settings, load_settings

    settings = load_settings(DEMO_SETTINGS)
    if not isinstance(settings, Settings):
        raise CliError(f"{settings}\ncorrect the settings, or name --host and --port")
    dc09 = settings.dc09
    by_transport = {"tcp": dc09.tcp, "udp": dc09.udp, "tls": dc09.tls.listen if dc09.tls is not None else ()}
    listeners = by_transport[transport]
    return (listeners[0].host, listeners[0].port) if listeners else DEFAULT_ADDRESSES[transport]


def numbered(first: int, index: int) -> int:
    """0001 follows 9999 (protocols.md 1.1); 0000 only when it was asked for."""
    number = first + index
    return number if number <= SEQUENCE_MAX else (number - 1) % SEQUENCE_MAX + 1


def one_of(option: str, word: str, allowed: tuple[str, ...]) -> str:
    if word not in allowed:
        raise UsageError(f"{option} {word!r}: write one of {', '.join(allowed)}")
    return word
