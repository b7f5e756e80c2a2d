"""ESPA 4.4.4: the multidrop serial protocol between alarm, telephone and paging systems.

    block    SOH header STX records ETX BCC, and the characters inside       reading   bytes → polls, selects, blocks, …
    link     who may speak when: one state machine, for a station and for the control station
    codec    the blocks of a line that is only listened to

Sources: gscott.me.uk/ESPA.4.4.4 (protocol, chardesc, datablock), the zenitel wiki's example, and digimat-espa for
times. ESPA over TCP carries the same bytes (port 2023 on one product); ESPA-X is another protocol.
"""

from protocols.espa444.block import (
    PROTOCOL,
    Block,
    BlockError,
    CallType,
    Header,
    Priority,
    RecordType,
    call_to_pager,
    encode_block,
    received_call,
)
from protocols.espa444.codec import EspaCodec
from protocols.espa444.link import EspaEvent, EspaLink, EspaSettings, Happened, Role, State
from protocols.espa444.reading import EspaReader, Token, What

__all__ = [
    "PROTOCOL",
    "Block",
    "BlockError",
    "CallType",
    "EspaCodec",
    "EspaEvent",
    "EspaLink",
    "EspaReader",
    "EspaSettings",
    "Happened",
    "Header",
    "Priority",
    "RecordType",
    "Role",
    "State",
    "Token",
    "What",
    "call_to_pager",
    "encode_block",
    "received_call",
]
