"""Options that every verb of `arcctl panel` has: where the receiver is, and the key to seal with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from arcd.cli.panel_messages import KEY_ENVIRONMENT

Host = Annotated[str | None, typer.Option(metavar="NAME", help="Receiver [the demo's, else 127.0.0.1].")]
Port = Annotated[int | None, typer.Option(metavar="PORT", min=1, max=65535, help="[the demo's, else 9999, TLS 9996]")]
Udp = Annotated[bool, typer.Option("--udp", help="Over UDP instead of TCP.")]
Tls = Annotated[bool, typer.Option("--tls", help="Over TLS.")]
Ca = Annotated[Path | None, typer.Option("--ca", metavar="PEM", help="TLS: trust this authority [the system's].")]
ServerName = Annotated[str | None, typer.Option(metavar="NAME", help="TLS: the certificate's name [--host].")]
Key = Annotated[str | None, typer.Option(metavar="KEY", help="AES key; ps shows it: better --key-file.")]
KeyFile = Annotated[Path | None, typer.Option(metavar="PATH", help=f"File with it [{KEY_ENVIRONMENT}].")]
