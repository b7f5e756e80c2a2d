"""What the DC-09 tests share: a fixed time, a fixed pad, keys of every length, and a receiver made from a profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from protocols.codec import Received, WireProfile
from protocols.dc09 import Dc09Codec
from protocols.dc09.timestamp import parse_timestamp
from protocols.secrets import WireKey

VECTORS = Path(__file__).parents[2] / "vectors"

_at = parse_timestamp(b"12:00:00,06-15-2026")
assert _at is not None
NOW = _at
SECOND = 1_000_000_000

KEY = WireKey(bytes(range(16)))
OTHER_KEY = WireKey(bytes(range(16, 32)))
KEYS = (KEY, WireKey(bytes(range(24))), WireKey(bytes(range(32))))
KEY_TEXT = bytes(range(16)).hex().upper()

EVER_S = 1e11  # a window that any timestamp is in


def pad(count: int) -> bytes:
    """Looks random enough to break a reader, forbidden bytes included."""
    return bytes((7 * at + 0x5B) % 256 for at in range(count))


def receiver(profile: WireProfile | None = None, *, datagram: bool = False) -> Dc09Codec:
    chosen = profile or WireProfile()
    return Dc09Codec(lambda account: chosen, pad=pad, datagram=datagram)


def received_from(frame: bytes, profile: WireProfile | None = None, now: int = NOW) -> Received:
    (item,) = receiver(profile).receive_data(frame, now)
    assert isinstance(item, Received), item
    return item


def vectors(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text(encoding="utf-8").splitlines()]
