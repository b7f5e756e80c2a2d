"""Every codec there is, with frames of its own: what the conformance suite and the fuzz targets run.

A new codec joins by one `Way`. One rule: the frames are others' wherever there are any (tests/vectors).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from protocols import contact_id, sia
from protocols.codec import Codec, WireProfile
from protocols.dc09 import Dc09Codec, Dialler
from protocols.dc09 import frame as dc09_frame
from protocols.espa444 import EspaCodec, call_to_pager, encode_block
from protocols.espa444.block import BLOCK_BYTES_MAX as ESPA_BYTES_MAX
from protocols.receiver_lines import galaxy, osborne_hoffman, surgard
from protocols.receiver_lines.cutting import LINE_BYTES_MAX, NOISE_KEPT_BYTES_MAX
from protocols.receiver_lines.dialects import make_codec, read_options
from protocols.secrets import WireKey
from tests.wire import IDLE

NOW = 1_780_000_000_000_000_000
SESSION_KEY = bytes.fromhex("4bcee48bdd7e6b08496328a76c14becec761a8dac4ca078b")
KEY = WireKey(bytes(range(16)))
VECTORS = Path(__file__).parent / "vectors"


@dataclass(frozen=True)
class Way:
    """One codec: how it is made, frames it must read, and what may stand around them."""

    name: str
    make: Callable[[], Codec]
    frames: tuple[bytes, ...]
    bytes_max: int  # what it may hold back between two reads
    idle: bytes = IDLE  # around frames, and no news
    noise: bytes | None = b"?noise?"  # that it can tell from a frame in front of it


def pad(count: int) -> bytes:
    return bytes((7 * at + 0x5B) % 256 for at in range(count))


def _dialect(name: str, options: dict[str, object] | None = None) -> Callable[[], Codec]:
    return lambda: make_codec(name, read_options(name, options or {}), session_key=SESSION_KEY)


def _frames(name: str, options: dict[str, object] | None = None) -> tuple[bytes, ...]:
    """Frames of the vector file that this dialect reads as they stand."""
    rows = [json.loads(line) for line in (VECTORS / "receiver_lines.jsonl").read_text(encoding="utf-8").splitlines()]
    return tuple(
        bytes.fromhex(row["frame_hex"])
        for row in rows
        if row["protocol"] == name and row.get("dialect", {}) == (options or {})
    )


def _dc09_frames(*, key: WireKey | None) -> tuple[bytes, ...]:
    dialler = Dialler(account="1234", key=key)
    stamp = {} if key is None else {"now": NOW, "pad": pad}
    return (
        dialler.null(sequence=1, **stamp),  # type: ignore[arg-type]  # – the two of `stamp` by name
        dialler.sia_dcs("Nri1/BA001^Käpyläntie^/OP7", sequence=2, extended=("Vhttp://x/1", "X093W23.456"), **stamp),  # type: ignore[arg-type]  # – likewise
        dialler.adm_cid("1130 01 015", sequence=3, **stamp),  # type: ignore[arg-type]  # – likewise
    )


def _dc09(key: WireKey | None) -> Callable[[], Codec]:
    profile = WireProfile(key=key)
    return lambda: Dc09Codec(lambda account: profile, pad=pad)


# Lines without an opening byte take whatever stands before them for their own beginning, so noise has to end first.
UNOPENED_NOISE = b"\x01?\x7f\x14"
SYSTEM: dict[str, object] = {"line_digits": 3}
_LINE_MAX = LINE_BYTES_MAX + NOISE_KEPT_BYTES_MAX
_SEALED = tuple(
    osborne_hoffman.seal(clear, SESSION_KEY)
    for clear in (
        osborne_hoffman.encode_heartbeat(account="001465"),
        b"\n" + osborne_hoffman.encode_event(sia.signal("BA", zone="21"), account="001465", sequence="0007") + b"\r",
        osborne_hoffman.encode_event(contact_id.signal("130"), account="001465", sequence="0008"),
    )
)

WAYS: tuple[Way, ...] = (
    Way("dc09", _dc09(None), _dc09_frames(key=None), dc09_frame.BUFFER_BYTES_MAX + dc09_frame.NOISE_KEPT_BYTES_MAX),
    Way("dc09_aes", _dc09(KEY), _dc09_frames(key=KEY), dc09_frame.BUFFER_BYTES_MAX + dc09_frame.NOISE_KEPT_BYTES_MAX),
    Way("surgard", _dialect("surgard"), _frames("surgard"), _LINE_MAX, noise=UNOPENED_NOISE),
    Way(
        "surgard_system",
        _dialect("surgard", SYSTEM),
        (*_frames("surgard", SYSTEM), surgard.encode_heartbeat(dialect=surgard.SYSTEM)),
        _LINE_MAX,
        noise=UNOPENED_NOISE,
    ),
    Way("ademco685", _dialect("ademco685"), _frames("ademco685"), _LINE_MAX),
    Way("radionics6500", _dialect("radionics6500"), _frames("radionics6500"), _LINE_MAX, noise=UNOPENED_NOISE),
    Way("dc07", _dialect("dc07"), _frames("dc07"), _LINE_MAX),
    Way("iti", _dialect("iti"), _frames("iti"), _LINE_MAX),
    Way(
        "iti_enhanced",
        _dialect("iti", {"is_enhanced": True}),
        _frames("iti", {"is_enhanced": True}),
        _LINE_MAX,
        noise=b"\x01?\x7f\r",
    ),
    Way(
        "fbi_cp220",
        _dialect("fbi_cp220", {"is_experimental": True}),
        _frames("fbi_cp220", {"is_experimental": True}),
        _LINE_MAX,
        noise=b"\x01?\x7f\r",
    ),
    Way("osborne_hoffman", _dialect("osborne_hoffman"), _SEALED, 2 * 1024, idle=b"", noise=None),
    Way(
        "osborne_hoffman_plain",
        _dialect("osborne_hoffman", {"is_encrypted": False}),
        tuple(frame.strip() + b"\r" for frame in _frames("osborne_hoffman", {"is_encrypted": False})),
        2 * 1024,
        noise=b"?noise?\r",
    ),
    Way("galaxy", _dialect("galaxy"), _frames("galaxy"), galaxy.BLOCK_BYTES_MAX + NOISE_KEPT_BYTES_MAX + 64),
    Way(
        "espa444",
        EspaCodec,
        (encode_block(call_to_pager("550", "Murto, Käpyläntie 3"), is_nordic=True),),
        ESPA_BYTES_MAX + 64,
    ),
)
