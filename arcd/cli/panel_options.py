"""Options that every verb of `arcctl panel` has: what is spoken, where the receiver is, and the key to seal with.

One rule: an option that one protocol has and another has not is refused there, never ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arcd.cli.failures import UsageError
from arcd.cli.panel_messages import KEY_ENVIRONMENT, Event

if TYPE_CHECKING:
    from arcd.cli.simulated import Saying

Host = Annotated[str | None, typer.Option(metavar="NAME", help="Receiver [the demo's, else 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(metavar="PORT", min=1, max=65535, help="[the demo's, else 9999, TLS 9996]")]
Udp = Annotated[bool, typer.Option("--udp", help="Over UDP instead of TCP.")]
Tls = Annotated[bool, typer.Option("--tls", help="Over TLS.")]
Ca = Annotated[Path | None, typer.Option("--ca", metavar="PEM", help="TLS: trust this authority [the system's].")]
ServerName = Annotated[str | None, typer.Option(metavar="NAME", help="TLS: the certificate's name [--host].")]
Key = Annotated[str | None, typer.Option(metavar="KEY", help="AES key; ps shows it: better --key-file.")]
KeyFile = Annotated[Path | None, typer.Option(metavar="PATH", help=f"File with it [{KEY_ENVIRONMENT}].")]
Protocol = Annotated[str, typer.Option(metavar="NAME", help="Of `arcctl panel protocols`.")]
Option = Annotated[
    list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="Of that protocol; repeatable.")
]
Serial = Annotated[str | None, typer.Option(metavar="PATH", help="A line's serial port instead of TCP.")]
Mode = Annotated[str, typer.Option(metavar="MODE", help="Of the serial port.")]
ListenHere = Annotated[bool, typer.Option("--listen", help="Wait at --port for the line to connect to us.")]


def only_elsewhere(option: list[str] | None, serial: str | None, *, is_listening: bool) -> None:
    """UsageError for what a DC-09 panel has not."""
    asked = (("--option", bool(option)), ("--serial", serial is not None), ("--listen", is_listening))
    for name, is_asked in asked:
        if is_asked:
            raise UsageError(f"{name} is for another --protocol than dc09; see arcctl panel protocols")


def named_account(account: str) -> str:
    if not account:
        raise UsageError("a DC-09 panel names its account: --account NUMBER")
    return account


def saying_of(
    account: str, event: Event | None, number: int, run: str, receiver: str | None = None, line: str = "0"
) -> Saying:
    """Line "0" is what a DC-09 panel says; a receiver's lines count from 1."""
    from arcd.cli.simulated import Saying

    return Saying(
        account=account, event=event, number=number, run=run, receiver=receiver, line=None if line == "0" else line
    )
