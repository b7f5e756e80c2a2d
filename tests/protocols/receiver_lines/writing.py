"""The other direction of the vectors: what was read is written again, by the dialect's own writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.codec import Received
from protocols.receiver_lines import ademco685, surgard
from protocols.receiver_lines.line_codec import HEARTBEAT, STATUS


def surgard_again(received: Received, dialect: Any) -> bytes:
    where = {"receiver": received.origin.receiver or "", "line": received.origin.line or "", "dialect": dialect}
    if received.token == HEARTBEAT:
        return surgard.encode_heartbeat(**where)
    (signal,) = received.signals
    if received.token == STATUS:
        return surgard.encode_status(signal, **where)
    if received.token == "8":
        return surgard.encode_channels(*channel_digits(signal), account=received.origin.account, **where)
    return surgard.encode_line(signal, account=received.origin.account, **where)


def ademco685_again(received: Received, dialect: Any) -> bytes:
    if received.token == HEARTBEAT:
        return ademco685.encode_heartbeat(dialect=dialect)
    where = {"receiver": received.origin.receiver or "", "line": received.origin.line or "", "dialect": dialect}
    (signal,) = received.signals
    return ademco685.encode_line(signal, account=received.origin.account, **where)


def channel_digits(signal: Any) -> tuple[str, str]:
    """Eight channels of which one has news, and the status digit."""
    extra = dict(signal.extra)
    values = ["5"] * 8
    values[int(extra["channel"]) - 1] = extra["value"]
    return "".join(values), extra["status"]


WRITERS: dict[str, Callable[[Received, Any], bytes]] = {"surgard": surgard_again, "ademco685": ademco685_again}
