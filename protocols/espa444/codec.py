"""An ESPA line that is only listened to: every block that goes by, whoever it is for.

One rule: a listener says nothing unasked. For a line on which we have a part, use `link`.
"""

from __future__ import annotations

from protocols.codec import Malformed, Received, ReplyKind, WireItem
from protocols.espa444.block import ACK, NAK, PROTOCOL, received_call
from protocols.espa444.link import TRANSMISSION_ERROR
from protocols.espa444.reading import EspaReader, Token, What


class EspaCodec:
    def __init__(self, *, is_nordic: bool = True) -> None:
        self._reader = EspaReader(is_nordic=is_nordic)

    def greeting(self) -> bytes:
        return b""

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        return _items(self._reader.receive(data))

    def receive_eof(self) -> list[WireItem]:
        return _items(self._reader.finish())

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        if reply is ReplyKind.NONE:
            return b""
        return bytes((ACK,)) if reply is ReplyKind.ACK else TRANSMISSION_ERROR.encode("ascii") + bytes((NAK,))


def _items(tokens: list[Token]) -> list[WireItem]:
    items: list[WireItem] = []
    for token in tokens:
        if token.block is not None:
            items.append(received_call(token.block, token.raw))
        elif token.what is What.BAD_BLOCK:
            items.append(Malformed(protocol=PROTOCOL, reason=token.reason, detail=token.text, raw=token.raw))
        elif token.what is What.NOISE:
            items.append(Malformed(protocol=PROTOCOL, reason="noise", detail="no ENQ or NAK follows", raw=token.raw))
    return items
