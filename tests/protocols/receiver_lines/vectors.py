"""The receiver lines that others have captured, printed in a manual or laid out there; sources stand in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from protocols.codec import Codec, Malformed, WireItem
from protocols.receiver_lines.dialects import make_codec, read_options

VECTORS = Path(__file__).parents[2] / "vectors" / "receiver_lines.jsonl"
NOW = 1_780_000_000_000_000_000


def vectors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]


def frame_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["frame_hex"])


def codec_for(vector: dict[str, Any]) -> Codec:
    name = vector["protocol"]
    key = bytes.fromhex(vector["session_key"]) if "session_key" in vector else bytes(24)
    return make_codec(name, read_options(name, vector.get("dialect", {})), session_key=key)


def name_of(vector: dict[str, Any]) -> str:
    return f"{vector['protocol']}:{vector['frame_text'].strip()[:24]}"


def plain(item: WireItem) -> dict[str, Any]:
    """An item in the words of the vector file."""
    if isinstance(item, Malformed):
        return {"malformed": item.reason}
    told: dict[str, Any] = {
        "kind": item.kind.value,
        "token": item.token,
        "speaker": item.speaker.value,
        "account": item.origin.account,
        "receiver": item.origin.receiver,
        "line": item.origin.line,
        "remarks": list(item.remarks),
        "signals": [_plain_signal(signal) for signal in item.signals],
    }
    if item.sequence is not None:
        told["sequence"] = item.sequence
    return told


def _plain_signal(signal: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "scheme": signal.scheme.value,
        "code": signal.code,
        "category": signal.category.value,
        "qualifier": signal.qualifier.value,
    }
    for field in ("area", "zone", "user", "text"):
        if (value := getattr(signal, field)) is not None:
            told[field] = value
    if signal.extra:
        told["extra"] = [list(pair) for pair in signal.extra]
    return told
