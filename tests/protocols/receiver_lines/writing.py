"""The other direction of the vectors: what was read is written again, by the dialect's own writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.codec import Received
from protocols.receiver_lines import (
    ademco685,
    dc07,
    fbi_cp220,
    galaxy,
    iti,
    osborne_hoffman,
    radionics6500,
    surgard,
)
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


def radionics6500_again(received: Received, dialect: Any) -> bytes:
    where = {"receiver": received.origin.receiver or "", "line": received.origin.line or "", "dialect": dialect}
    if received.token == HEARTBEAT:
        return radionics6500.encode_heartbeat(**where)
    (signal,) = received.signals
    return radionics6500.encode_line(signal, account=received.origin.account, **where)


def dc07_again(received: Received, dialect: Any) -> bytes:
    where = {"receiver": received.origin.receiver or "", "line": received.origin.line or ""}
    assert received.sequence is not None
    if received.reply_context:
        data = received.raw.partition(b"[")[2].rpartition(b"]")[0].decode()
        return dc07.encode_quoted(received.token, data, sequence=received.sequence, **where)
    letter = received.raw[7:8].decode()
    if received.token == HEARTBEAT:
        return dc07.encode_heartbeat(sequence=received.sequence, letter=letter, **where)
    (signal,) = received.signals
    return dc07.encode_line(signal, account=received.origin.account, sequence=received.sequence, letter=letter, **where)


def osborne_hoffman_again(received: Received, dialect: Any) -> bytes:
    where = {"receiver": received.origin.receiver or "", "line": received.origin.line or ""}
    account = received.origin.account
    if received.token == HEARTBEAT:
        return osborne_hoffman.encode_heartbeat(account=account, panel_id=received.raw[-9:-1].decode(), **where)
    (signal,) = received.signals
    assert received.sequence is not None
    return osborne_hoffman.encode_event(signal, account=account, sequence=received.sequence, **where)


def iti_again(received: Received, dialect: Any) -> bytes:
    if received.token == HEARTBEAT:
        return iti.encode_heartbeat()
    (signal,) = received.signals
    if received.token == "generic":
        where = {"receiver": received.origin.receiver or "", "line": received.origin.line or ""}
        return iti.encode_generic(signal.code, account=received.origin.account, **where)
    extra = dict(signal.extra)
    fields = {key[-1]: value for key, value in extra.items() if key.startswith("field ")}
    return iti.encode_enhanced(fields, extra["check"])


def fbi_cp220_again(received: Received, dialect: Any) -> bytes:
    origin = received.origin
    assert origin.receiver is not None
    assert origin.line is not None
    (signal,) = received.signals
    return fbi_cp220.encode_line(
        signal.code, account=origin.account, receiver=origin.receiver, line=origin.line, dialect=dialect
    )


def galaxy_again(received: Received, dialect: Any) -> bytes:
    return galaxy.encode_block(received.token.encode(), received.raw[2:-1])


def channel_digits(signal: Any) -> tuple[str, str]:
    """Eight channels of which one has news, and the status digit."""
    extra = dict(signal.extra)
    values = ["5"] * 8
    values[int(extra["channel"]) - 1] = extra["value"]
    return "".join(values), extra["status"]


WRITERS: dict[str, Callable[[Received, Any], bytes]] = {
    "surgard": surgard_again,
    "ademco685": ademco685_again,
    "radionics6500": radionics6500_again,
    "dc07": dc07_again,
    "osborne_hoffman": osborne_hoffman_again,
    "iti": iti_again,
    "fbi_cp220": fbi_cp220_again,
    "galaxy": galaxy_again,
}
