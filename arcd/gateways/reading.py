"""From decoded items to facts: the part that every transport shares.

One rule: a genuine link test that changes nothing is answered at once; everything else goes through the machine, and
its reply leaves when the machine says so. Bytes that were no frame are folded per source and minute, so that a broken
modem fills one row and not the journal; the first of each minute is kept whole, the rest are counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec import Struct

from arcd.clock import Clock
from arcd.core.effects import Reply
from arcd.core.facts import FrameMalformed, FrameReceived
from arcd.gateways import Intake
from protocols.codec import Codec, Kind, Malformed, Received, WireItem

FOLD_S = 60.0
SWEEP_S = 5.0  # how often a gateway looks for what is due: folds, idle connections
# Sources with malformed bytes told apart at once; what comes from others meanwhile is folded under one name.
SOURCES_MAX = 1_000
RAW_BYTES_MAX = 4_096  # of malformed bytes kept in the journal
# A source with more malformed items than this in one fold is noisy: what does not even begin like a frame is counted
# without being looked at.
NOISY_COUNT = 1_000

Write = Callable[[bytes], None]


class _Fold(Struct):
    first: FrameMalformed
    count: int


class Reader:
    """One per gateway."""

    def __init__(self, *, gateway: str, intake: Intake, clock: Clock) -> None:
        self._gateway = gateway
        self._intake = intake
        self._clock = clock
        self._trace_prefix = os.urandom(4).hex()
        self._traces = 0
        self._folds: dict[str, _Fold] = {}
        self._folded_at = clock.monotonic_s()

    def take(self, codec: Codec, item: WireItem, peer: str, write: Write) -> None:
        """`write` sends a reply to the one who sent the item: once for every frame, b"" where nothing is said."""
        if not isinstance(item, Received):
            return self.malformed(item, peer)
        if item.kind is Kind.LINK_TEST:
            heard = self._intake.heartbeat(item, self._gateway, peer)
            if heard is not None:
                return write(codec.encode_reply(item, heard.reply, self._clock.now()))

        def replied(reply: Reply | None) -> None:
            write(b"" if reply is None else codec.encode_reply(item, reply.reply, self._clock.now()))

        return self.received(item, peer, replied)

    def received(self, received: Received, peer: str, replied: Callable[[Reply | None], None]) -> None:
        """`replied` is called once what was received is committed."""
        self._intake.post(
            FrameReceived(
                at=self._clock.now(), trace=self._new_trace(), gateway=self._gateway, peer=peer, received=received
            ),
            replied,
        )

    def malformed(self, malformed: Malformed, peer: str) -> None:
        """Bytes that were no frame: the first of a source and minute whole, the others counted."""
        source = peer.rpartition(":")[0]
        if source not in self._folds and len(self._folds) >= SOURCES_MAX:
            source = "*"
        fold = self._folds.get(source)
        if fold is not None:
            fold.count += 1
            return
        kept = Malformed(
            protocol=malformed.protocol,
            reason=malformed.reason,
            detail=malformed.detail,
            raw=malformed.raw[:RAW_BYTES_MAX],
        )
        fact = FrameMalformed(
            at=self._clock.now(), trace=self._new_trace(), gateway=self._gateway, peer=peer, malformed=kept
        )
        self._folds[source] = _Fold(first=fact, count=0)
        self._intake.post(fact)

    def is_noisy(self, source: str) -> bool:
        fold = self._folds.get(source)
        return fold is not None and fold.count >= NOISY_COUNT

    def count_noise(self, source: str) -> None:
        """One more of a noisy source."""
        self._folds[source].count += 1

    def fold(self) -> None:
        """Once in a while: what was only counted becomes a fact, and the next malformed bytes are kept whole again."""
        if self._clock.monotonic_s() - self._folded_at >= FOLD_S:
            self.flush()

    def flush(self) -> None:
        self._folded_at = self._clock.monotonic_s()
        folds, self._folds = self._folds, {}
        for fold in folds.values():
            if fold.count:
                first = fold.first
                self._intake.post(
                    FrameMalformed(
                        at=self._clock.now(),
                        trace=self._new_trace(),
                        gateway=first.gateway,
                        peer=first.peer,
                        malformed=first.malformed,
                        count=fold.count,
                    )
                )

    def _new_trace(self) -> str:
        self._traces += 1
        return f"{self._trace_prefix}-{self._traces:x}"
