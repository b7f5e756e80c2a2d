"""The input protocols that arcctl can be the far side of: name → what is said, how it goes, how the answer is judged.

One rule: a protocol stands here once, and `send`, `flood` and `script` speak it because it stands here. DC-09 has its
own dialler (`protocols.dc09.dialler`): its panels have clocks and keys.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec import Struct

from arcd.cli.espa_calling import EspaCarrier, EspaOptions, make_call
from arcd.cli.failures import UsageError
from arcd.cli.json_posting import JsonCarrier, JsonOptions, make_post
from arcd.cli.line_carrier import REFUSED, LineCarrier, maker
from arcd.cli.mail_sending import MailCarrier, MailOptions, make_mail
from arcd.cli.modbus_writing import ModbusCarrier, ModbusOptions, make_request
from arcd.cli.simulated import Carrier, Made, Saying, Way, Where
from protocols.receiver_lines.dialects import DIALECTS

DC09: Final = "dc09"
OVER_IP_ONLY: Final = frozenset({"osborne_hoffman", "galaxy"})
BY_LINE: Final[tuple[Way, ...]] = ("serial", "tcp", "listen")
OPTIONS_MAX: Final = 50


class Simulated(Struct, frozen=True, kw_only=True):
    """`make` raises ValueError for what has no place in a message; `options` is the struct of what may be set."""

    name: str
    title: str
    options: type[Any]
    ways: tuple[Way, ...]
    make: Callable[[Saying, Any], Made]
    carry: Callable[[Where], Carrier]
    is_accounted: bool = True  # a message names an account
    example: str
    refusal: str = ""  # what a NAK means, where it does not say so itself

    def read_options(self, given: Mapping[str, object]) -> Any:
        """Words of a command line or a script as the protocol's options. UsageError names the one that is wrong."""
        if len(given) > OPTIONS_MAX:
            raise UsageError(f"at most {OPTIONS_MAX} options")
        # YAML reads `station: 2` as a number and a command line as a text: both mean what the option is.
        words = {name: value if isinstance(value, str) else str(value).lower() for name, value in given.items()}
        try:
            return msgspec.convert(words, self.options, strict=False)
        except msgspec.ValidationError as error:
            names = ", ".join(field.name for field in msgspec.structs.fields(self.options))
            raise UsageError(f"--option for {self.name}: {error}; it has {names}") from None

    def made(self, saying: Saying, options: Any) -> Made:
        """UsageError for what has no place in a message."""
        if self.is_accounted and not saying.account:
            raise UsageError(f"{self.name} names an account in each message: --account NUMBER")
        try:
            return self.make(saying, options)
        except ValueError as error:
            raise UsageError(str(error)) from error


_LINE_EXAMPLES: Final = {
    "surgard": "--account 1001 --code BA --zone 3 --serial /dev/ttyUSB0",
    "ademco685": "--account 1001 --scheme contact_id --code 130 --zone 3 --port 1026",
    "radionics6500": "--account 1001 --scheme contact_id --code 130 --zone 3 --serial /dev/ttyUSB0 --mode '1200 7E1'",
    "dc07": "--account 1001 --code BA --zone 3 --port 1025 --listen",
    "osborne_hoffman": "--account 1001 --code BA --zone 3 --port 12300",
    "galaxy": "--account 1001 --code BA --zone 3 --text Portti --port 10002",
    "iti": "--account 1001 --scheme pulse --code 23 --serial /dev/ttyUSB0",
    "fbi_cp220": "--account 001001 --scheme pulse --code 1 --serial /dev/ttyUSB0 --option is_experimental=true",
}


def _line(name: str) -> Simulated:
    kind = DIALECTS[name]
    return Simulated(
        name=name,
        title=kind.title,
        options=kind.options,
        ways=("tcp",) if name in OVER_IP_ONLY else BY_LINE,
        make=maker(name),
        carry=lambda where: LineCarrier(where, name),
        example=_LINE_EXAMPLES[name],
        refusal=REFUSED,
    )


SIMULATED: Final = {
    each.name: each
    for each in (
        *map(_line, DIALECTS),
        Simulated(
            name="espa444",
            title="ESPA 4.4.4, as the control station that calls",
            options=EspaOptions,
            ways=BY_LINE,
            make=make_call,
            carry=EspaCarrier,
            example="--account 550 --text 'Huone 101' --serial /dev/ttyUSB0 --mode '9600 7E2'",
        ),
        Simulated(
            name="modbus",
            title="Modbus TCP, as a device that writes to us",
            options=ModbusOptions,
            ways=("tcp",),
            make=make_request,
            carry=ModbusCarrier,
            is_accounted=False,
            example="--port 5020 --option unit=7 --option coil=3 --option value=1",
        ),
        Simulated(
            name="mail",
            title="Mail (SMTP), as a camera sends it",
            options=MailOptions,
            ways=("tcp", "tls"),
            make=make_mail,
            carry=MailCarrier,
            is_accounted=False,
            example="--port 2525 --text Liike --option token_file=cam-gate --option domain=intake.example.org",
        ),
        Simulated(
            name="json",
            title="JSON over HTTP, as a cloud panel posts it",
            options=JsonOptions,
            ways=("tcp", "tls"),
            make=make_post,
            carry=JsonCarrier,
            is_accounted=False,
            example="--port 8480 --code BA --zone 1 --option token_file=cam-gate",
        ),
    )
}


def simulated(name: str) -> Simulated:
    """UsageError for a name that is none."""
    if name not in SIMULATED:
        raise UsageError(f"--protocol {name!r}: write one of {', '.join((DC09, *SIMULATED))}")
    return SIMULATED[name]


def given_options(words: list[str] | None) -> dict[str, object]:
    """NAME=VALUE, as often as there are options. UsageError for a word that is none."""
    found: dict[str, object] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name or name in found:
            raise UsageError(f"--option {word!r}: write NAME=VALUE, each name once; see arcctl panel protocols")
        found[name] = value
    return found


new_run = partial(secrets.token_hex, 6)
