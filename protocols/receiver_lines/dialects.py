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
from protocols.receiver_lines.surgard import SurGardCodec, SurGardDialect


class DialectKind(Struct, frozen=True, kw_only=True):
    """`options` is the frozen struct of what one installation may set; `make` takes one of those."""

    name: str
    title: str
    options: type[Struct]
    make: Callable[[Any], Codec]
    # The far end waits for our `greeting`, whose session key is drawn for each connection.
    has_greeting: bool = False


DIALECTS: Final = {
    kind.name: kind
    for kind in (
        DialectKind(name="surgard", title="Sur-Gard MLR2, System II/III/5", options=SurGardDialect, make=SurGardCodec),
        DialectKind(name="ademco685", title="Ademco 685", options=Ademco685Dialect, make=Ademco685Codec),
    )
}


def read_options(name: str, options: dict[str, object]) -> Struct:
    """The dialect's options from plain values. ValueError names the field, and what may stand there."""
    try:
        return msgspec.convert(options, DIALECTS[name].options)
    except msgspec.ValidationError as error:
        raise ValueError(f"dialect {name}: {error}") from None


def make_codec(name: str, options: Struct | None = None) -> Codec:
    """A codec for one connection or port. KeyError for a name that is none."""
    kind = DIALECTS[name]
    return kind.make(kind.options() if options is None else options)
