"""What mail and JSON intake share: who is speaking, how often, and what the machine said to it.

One rule: the sender is told "taken" after the commit and not before. A token says who is speaking; whoever has none
is counted and shown, and told nothing that helps to find one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import structlog
from msgspec.structs import replace

from arcd.api.rate_limit import RateLimit
from arcd.clock import Clock
from arcd.core.effects import Reply
from arcd.core.field import REPEAT_S
from arcd.credentials import TokenSafe
from arcd.field_map import FieldMap, KnownSource
from arcd.gateways import Intake
from arcd.gateways.reading import Reader
from arcd.media import SWEEP_S, Kept, MediaStore
from arcd.metrics import Metrics
from arcd.store import StoreError
from protocols.codec import Kind, Malformed, Received, ReplyKind
from protocols.mail_message import Picture
from protocols.signals import Signal

log = structlog.get_logger(__name__)

COMMIT_S = 20.0  # longer than any healthy commit; the sender then repeats
ROOM_S = 10.0
FOLD_S = 5.0
RATE_PERIOD_S = 60.0
SOURCE_RATE_MAX = 120  # messages of one source; a camera that sends more is broken, and is told to come later
STRANGER_RATE_MAX = 30  # attempts without a token from one address
LOGIN_RATE_MAX = 300  # of one address
KEYS_MAX = 10_000
RAW_BYTES_MAX = 16_384  # of a message kept in the journal
TURNED_AWAY_BYTES_MAX = 4_096  # of one that was not taken
_HIDDEN = "****"

HeldPictures = Callable[[], Awaitable[frozenset[str] | None]]
"""Places of pictures that a legal hold is on; None: of all."""


async def nothing_held() -> frozenset[str]:
    return frozenset()


class IntakeDoor:
    """One per gateway. `protocol` is "smtp" or "http", `kind` what a source must allow: "mail" or "http"."""

    def __init__(
        self, *, gateway: str, protocol: str, kind: str, field: FieldMap, tokens: TokenSafe, media: MediaStore,
        intake: Intake, clock: Clock, metrics: Metrics, held: HeldPictures = nothing_held,
    ) -> None:  # fmt: skip
        self.reader = Reader(gateway=gateway, intake=intake, clock=clock)
        self.media = media
        self.metrics = metrics
        self._gateway = gateway
        self._protocol = protocol
        self._kind = kind
        self._field = field
        self._tokens = tokens
        self._intake = intake
        self._clock = clock
        self._held = held
        self._sources = RateLimit(count_max=SOURCE_RATE_MAX, period_s=RATE_PERIOD_S, keys_max=KEYS_MAX)
        self._logins = RateLimit(count_max=LOGIN_RATE_MAX, period_s=RATE_PERIOD_S, keys_max=KEYS_MAX)
        self._strangers = RateLimit(count_max=STRANGER_RATE_MAX, period_s=RATE_PERIOD_S, keys_max=KEYS_MAX)

    async def keep_house(self) -> None:
        """Fold what was only counted, and remove pictures whose time is over; until cancelled."""
        swept_s = self._clock.monotonic_s()
        while True:
            self.reader.fold()
            await asyncio.sleep(FOLD_S)
            if self._clock.monotonic_s() - swept_s >= SWEEP_S:
                swept_s = self._clock.monotonic_s()
                await self._sweep()

    async def _sweep(self) -> None:
        try:
            held = await self._held()
        except StoreError as error:
            log.error("media.not_swept", error=str(error))  # the next hour; what may be held stays until then
            return
        if held is not None:
            await asyncio.to_thread(self.media.sweep, held)

    def find(self, token: str) -> KnownSource | None:
        found = self._field.source_of(self._tokens.digest(token))
        return found if found is not None and self._kind in found.source.by else None

    def admits(self, known: KnownSource) -> bool:
        is_slow_enough = self._sources.admits(known.source.digest, self._clock.now())
        if not is_slow_enough:
            self.metrics.connection_refused("rate")
        return is_slow_enough

    def admits_stranger(self, host: str) -> bool:
        """False when this address has tried too often: it is not even listened to for a while."""
        return self._strangers.admits(host, self._clock.now())

    def admits_login(self, host: str) -> bool:
        """Right or wrong, so that guessing goes no faster than many cameras behind one address."""
        return self._logins.admits(host, self._clock.now())

    def turned_away(self, reason: str, detail: str, raw: bytes, peer: str, *, token: str = "") -> None:
        """Before a person: the first of an address and minute whole, the others counted."""
        raw = _shown(token, raw, TURNED_AWAY_BYTES_MAX)
        self.reader.malformed(Malformed(protocol=self._protocol, reason=reason, detail=detail, raw=raw), peer)

    async def keep(self, pictures: Sequence[Picture], retention: str) -> list[Kept]:
        return [await asyncio.to_thread(self.media.keep, picture.data, picture.type, retention) for picture in pictures]

    async def take(
        self, known: KnownSource, signal: Signal, *, token: str, key: str, raw: bytes, remarks: tuple[str, ...],
        kept: Sequence[Kept], peer: str,
    ) -> ReplyKind | None:  # fmt: skip
        """The machine's reply once it is committed; None when there was no room, no commit in time or no decision."""
        pictures = tuple(f"media:{each.place}" for each in kept if each.place)
        described = tuple(("picture", each.as_text()) for each in kept)
        signal = replace(
            signal,
            media=(*signal.media, *pictures),
            extra=(("source", known.source.id), *signal.extra, *described),
        )
        signal = _hide_in_signal(token, signal)
        received = Received(
            protocol=self._protocol,
            kind=Kind.SIGNALS,
            token=self._kind,
            origin=known.origin,
            session_account=known.origin.account,
            signals=(signal,),
            remarks=remarks,
            raw=_shown(token, raw, RAW_BYTES_MAX),
            fingerprint=key,
            repeat_s=REPEAT_S,
        )
        return await self._committed(received, peer)

    def alive(self, known: KnownSource) -> bool:
        """Proof of life that reports nothing. True when the machine knows the account."""
        received = Received(
            protocol=self._protocol,
            kind=Kind.LINK_TEST,
            token="alive",  # noqa: S106 – the kind of message, no secret
            origin=known.origin,
            session_account=known.origin.account,
        )
        return self._intake.heartbeat(received, self._gateway) is not None

    async def _committed(self, received: Received, peer: str) -> ReplyKind | None:
        told: asyncio.Future[ReplyKind | None] = asyncio.get_running_loop().create_future()

        def replied(reply: Reply | None) -> None:
            if not told.done():
                told.set_result(None if reply is None else reply.reply)

        try:
            async with asyncio.timeout(ROOM_S):
                await self._intake.room()
            self.reader.received(received, peer, replied)
            async with asyncio.timeout(COMMIT_S):
                return await told
        except TimeoutError:
            return None


def hide(token: str, text: str) -> str:
    """Devices write their own address into subjects and texts, in any case; the journal is read by many."""
    return re.sub(re.escape(token), _HIDDEN, text, flags=re.IGNORECASE) if token else text


def _shown(token: str, raw: bytes, bytes_max: int) -> bytes:
    """The beginning of a message, and no part of a token at its end."""
    part = raw[: bytes_max + len(token)]
    if token:
        own = token.lower().encode()
        part = re.sub(re.escape(own), _HIDDEN.encode(), part, flags=re.IGNORECASE)
        cut = (length for length in range(len(own) - 1, 7, -1) if part[-len(own) :].lower().endswith(own[:length]))
        if length := next(cut, 0):  # one that the end has cut in two
            part = part[:-length]
    return part[:bytes_max]


def _hide_in_signal(token: str, signal: Signal) -> Signal:
    return replace(
        signal,
        text=hide(token, signal.text) if signal.text else signal.text,
        media=tuple(hide(token, each) for each in signal.media),
        extra=tuple((name, hide(token, value)) for name, value in signal.extra),
    )
