"""The receiver dialects by name: what settings, `arcctl decode` and the conformance suite choose from.

One rule: a name here is a name in people's settings; it is never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import Struct

from protocols.codec import Codec
from protocols.receiver_lines.ademco685 import Ademco685Codec, Ademco685Dialect
from protocols.receiver_lines.dc07 import Dc07Codec, Dc07Dialect
from protocols.receiver_lines.fbi_cp220 import FbiCp220Codec, FbiCp220Dialect
from protocols.receiver_lines.galaxy import GalaxyCodec, GalaxyDialect
from protocols.receiver_lines.iti import ItiCodec, ItiDialect
from protocols.receiver_lines.osborne_hoffman import SESSION_KEY_BYTES, OsborneHoffmanCodec, OsborneHoffmanDialect
from protocols.receiver_lines.radionics6500 import Radionics6500Codec, Radionics6500Dialect
from protocols.receiver_lines.surgard import SurGardCodec, SurGardDialect


class DialectKind(Struct, frozen=True, kw_only=True):
    """`options` is the frozen struct of what one installation may set."""

    name: str
    title: str
    options: type[Struct]
    build: Callable[[Any, bytes], Codec]
    # The far end waits for our `greeting`, whose session key is drawn for each connection.
    has_greeting: bool = False

    def make(self, options: Any, session_key: bytes | None = None) -> Codec:
        """A codec for one connection or port. ValueError without the 24 random bytes that a greeting needs."""
        if self.has_greeting and session_key is None:
            raise ValueError(f"{self.name}: each connection needs {SESSION_KEY_BYTES} random bytes as its session key")
        return self.build(options, session_key or bytes(SESSION_KEY_BYTES))


DIALECTS: Final = {
    kind.name: kind
    for kind in (
        DialectKind(
            name="surgard",
            title="Sur-Gard MLR2, System II/III/5",
            options=SurGardDialect,
            build=lambda options, _: SurGardCodec(options),
        ),
        DialectKind(
            name="ademco685",
            title="Ademco 685",
            options=Ademco685Dialect,
            build=lambda options, _: Ademco685Codec(options),
        ),
        DialectKind(
            name="radionics6500",
            title="Radionics/Bosch D6500",
            options=Radionics6500Dialect,
            build=lambda options, _: Radionics6500Codec(options),
        ),
        DialectKind(
            name="dc07",
            title="SIA DC-07, Bosch D6600 SIA/CIS",
            options=Dc07Dialect,
            build=lambda options, _: Dc07Codec(options),
        ),
        DialectKind(
            name="osborne_hoffman",
            title="Osborne-Hoffman over IP (Aritech ATS, Advisor)",
            options=OsborneHoffmanDialect,
            build=lambda options, key: OsborneHoffmanCodec(options, session_key=key),
            has_greeting=True,
        ),
        DialectKind(
            name="iti", title="ITI CS-4000/5000", options=ItiDialect, build=lambda options, _: ItiCodec(options)
        ),
        DialectKind(
            name="fbi_cp220",
            title="FBI CP-220 (experimental)",
            options=FbiCp220Dialect,
            build=lambda options, _: FbiCp220Codec(options),
        ),
        DialectKind(
            name="galaxy",
            title="Honeywell Galaxy SIA blocks over TCP",
            options=GalaxyDialect,
            build=lambda options, _: GalaxyCodec(options),
        ),
    )
}


def read_options(name: str, options: dict[str, object]) -> Any:
    """The dialect's options from plain values. ValueError names the field, and what may stand there."""
    try:
        return msgspec.convert(options, DIALECTS[name].options)
    except msgspec.ValidationError as error:
        raise ValueError(f"dialect {name}: {error}") from None


def make_codec(name: str, options: Any = None, *, session_key: bytes | None = None) -> Codec:
    """A codec by its name. KeyError for a name that is none."""
    kind = DIALECTS[name]
    return kind.make(kind.options() if options is None else options, session_key)
