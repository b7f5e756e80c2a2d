"""The wire formats that a line can be set up with: those of receivers, ESPA 4.4.4, and DC-09 itself.

One rule: a dialect is a codec and its options; that a line is serial or TCP makes no difference to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from protocols.codec import Codec, Profiles
from protocols.dc09 import Dc09Codec
from protocols.espa444 import PROTOCOL, EspaCodec, EspaSettings
from protocols.receiver_lines.dialects import DIALECTS
from protocols.receiver_lines.osborne_hoffman import SESSION_KEY_BYTES

NewCodec = Callable[[], Codec]
DC09 = "dc09"
ESPA = PROTOCOL  # spoken in turns, not only answered: a gateway of its own
NAMES = (DC09, ESPA, *DIALECTS)


class NoOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """DC-09 leaves nothing to choose here; accounts have their own profiles."""


OWN_OPTIONS: Mapping[str, type[Struct]] = {DC09: NoOptions, ESPA: EspaSettings}


def read_options(dialect: str, options: Mapping[str, object]) -> Struct:
    """What the settings say, as the dialect's own options. ValueError names the option and what it may be."""
    wanted: type[Struct] = OWN_OPTIONS.get(dialect) or DIALECTS[dialect].options
    known = [field.name for field in msgspec.structs.fields(wanted)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"there is no option {unknown[0]}; there are: {', '.join(known) or 'none'}")
    try:
        read: Struct = msgspec.convert(dict(options), type=wanted, strict=False)
        return read
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from None


def codec_maker(dialect: str, options: Struct, profiles: Profiles) -> NewCodec:
    """A new codec for each connection."""
    if dialect == ESPA:
        assert isinstance(options, EspaSettings)
        is_nordic = options.is_nordic
        return lambda: EspaCodec(is_nordic=is_nordic)
    if dialect == DC09:
        return lambda: Dc09Codec(profiles, pad=os.urandom)
    kind = DIALECTS[dialect]
    return lambda: kind.make(options, os.urandom(SESSION_KEY_BYTES) if kind.has_greeting else b"")
