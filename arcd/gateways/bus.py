"""From readings of points to facts: the part that polled devices and devices that write to us share.

One rule: the machine knows which points are active, nobody else does. A reading that differs from what it knows is an
edge, and knowing and reporting it are one fact; so no restart, outage or reload misses an edge or reports it twice.

What cannot be read is never taken to be at rest: after `lost_after_s` it is a fault of the connection, one for each
system that has points there. It ends when all of them have been read for `back_after_s` without a gap: a loose wire is
one fault and not twenty.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from arcd.clock import Clock
from arcd.core.effects import Reply
from arcd.core.facts import FrameReceived
from arcd.field_map import WiredPoint
from arcd.gateways import Intake
from protocols.codec import Kind, Origin, Received
from protocols.made_signals import made_signal
from protocols.modbus_points import Settling, edge, read_point, settle
from protocols.signals import Category, Qualifier, Scheme, Signal

PROTOCOL = "modbus"
DEVICE_LOST = "device_lost"
# A level that the machine did not take (its step failed, and that is before a person) is offered again this often.
AGAIN_S = 60.0
# A device that answers is proof that the way from its system to us lives; polls come each second, this is enough.
ALIVE_S = 30.0

Levels = Callable[[str], bool]
Replied = Callable[[Reply | None], None]


class Bus:
    """One per gateway. `levels` asks the machine whether the point of a key is active."""

    def __init__(self, *, gateway: str, intake: Intake, clock: Clock, levels: Levels) -> None:
        self._gateway = gateway
        self._intake = intake
        self._clock = clock
        self._levels = levels
        self._prefix = os.urandom(4).hex()
        self._count = 0
        self._replied: Replied | None = None  # of the look under way
        self._settling: dict[str, Settling | None] = {}
        self._offered_s: dict[tuple[str, bool], float] = {}
        self._unread_s: dict[str, float] = {}  # lost key → since when a point there cannot be read
        self._read_s: dict[str, float] = {}  # lost key → since when all of a system that was lost can be read again
        self._alive_s: dict[Origin, float] = {}

    def take(
        self, device: str, readings: Mapping[str, Sequence[int]], unread: Mapping[str, str],
        wired: Sequence[WiredPoint], *, lost_after_s: float, back_after_s: float, replied: Replied | None = None,
    ) -> int:  # fmt: skip
        """What one look at a device gave: key → raw values, and key → reason for the points that could not be read.

        Gives the number of facts posted; `replied` is called for each of them once it is committed.
        """
        self._replied = replied
        before = self._count
        now_s = self._clock.monotonic_s()
        reasons: dict[str, str] = {}
        for each in wired:
            if each.key in readings:
                if not self._read(each, readings[each.key], now_s):
                    reasons.setdefault(each.lost_key, f"{each.point.id}: no measurement")
            elif each.key in unread:
                self._settling[each.key] = None
                reasons.setdefault(each.lost_key, unread[each.key])
        systems = {each.lost_key: each for each in wired if each.key in readings or each.key in unread}
        for key, each in systems.items():
            reason = reasons.get(key)
            if reason is None:
                self._unread_s.pop(key, None)
                if self._is_back(key, now_s, back_after_s) and self._differs(key, active=False, now_s=now_s):
                    self._post_lost(device, each, "", active=False)
                self._say_alive(each.origin, now_s)
                continue
            self._read_s.pop(key, None)
            if now_s - self._unread_s.setdefault(key, now_s) >= lost_after_s and self._differs(
                key, active=True, now_s=now_s
            ):
                self._post_lost(device, each, reason, active=True)
        self._post_edges(device, wired, readings, now_s)
        return self._count - before

    def _is_back(self, key: str, now_s: float, back_after_s: float) -> bool:
        if not self._levels(key):
            self._read_s.pop(key, None)
            return True
        return now_s - self._read_s.setdefault(key, now_s) >= back_after_s

    def _read(self, each: WiredPoint, raw: Sequence[int], now_s: float) -> bool:
        sample = read_point(each.point.spec, raw, was_active=self._levels(each.key))
        self._settling[each.key] = settle(self._settling.get(each.key), sample, now_s)
        return sample.active is not None

    def _post_edges(
        self, device: str, wired: Sequence[WiredPoint], readings: Mapping[str, Sequence[int]], now_s: float
    ) -> None:
        """All edges of one system in one frame: what happened together is decided on together."""
        by_system: dict[str, list[tuple[WiredPoint, bool]]] = {}
        for each in wired:
            if each.key not in readings:
                continue
            new = edge(
                self._settling.get(each.key),
                known_active=self._levels(each.key),
                debounce_s=each.point.spec.debounce_s,
                now_s=now_s,
            )
            if new is not None and self._differs(each.key, active=new, now_s=now_s):
                by_system.setdefault(each.lost_key, []).append((each, new))
        for edges in by_system.values():
            signals = tuple(_edge_signal(each, readings[each.key], active=active) for each, active in edges)
            raw = "; ".join(f"{each.point.id}={list(readings[each.key])}" for each, _ in edges)
            levels = {each.key: active for each, active in edges}
            self._post(device, edges[0][0].origin, "edge", signals, f"{device} {raw}", levels)

    def _differs(self, key: str, *, active: bool, now_s: float) -> bool:
        """Whether the machine knows otherwise, and has not been told so a moment ago."""
        if self._levels(key) == active:
            self._offered_s.pop((key, active), None)
            return False
        offered_s = self._offered_s.get((key, active))
        if offered_s is not None and now_s - offered_s < AGAIN_S:
            return False
        self._offered_s[key, active] = now_s
        self._offered_s.pop((key, not active), None)
        return True

    def _post_lost(self, device: str, each: WiredPoint, reason: str, *, active: bool) -> None:
        signal = Signal(
            scheme=Scheme.ARCD,
            code=DEVICE_LOST,
            category=Category.SUPERVISION,
            qualifier=Qualifier.NEW if active else Qualifier.RESTORE,
            family=f"{DEVICE_LOST}:{device}",
            text=f"{device}: {reason}" if reason else device,
        )
        self._post(device, each.origin, "fault", (signal,), f"{device} {reason}", {each.lost_key: active})

    def _say_alive(self, origin: Origin, now_s: float) -> None:
        if now_s - self._alive_s.get(origin, -ALIVE_S) >= ALIVE_S:
            self._alive_s[origin] = now_s
            self._intake.heartbeat(
                Received(
                    protocol=PROTOCOL,
                    kind=Kind.LINK_TEST,
                    token="alive",  # noqa: S106 – the kind of message, no secret
                    origin=origin,
                    session_account=origin.account,
                ),
                self._gateway,
            )

    def _post(
        self, device: str, origin: Origin, token: str, signals: tuple[Signal, ...], raw: str, levels: dict[str, bool]
    ) -> None:
        self._count += 1
        trace = f"{self._prefix}-{self._count:x}"
        received = Received(
            protocol=PROTOCOL,
            kind=Kind.SIGNALS,
            token=token,
            origin=origin,
            session_account=origin.account,
            signals=signals,
            raw=raw.encode(),
            fingerprint=trace,  # an edge is never a retransmission of another
        )
        now = self._clock.now()
        self._intake.post(
            FrameReceived(at=now, trace=trace, gateway=self._gateway, peer=device, received=received, levels=levels),
            self._replied,
        )


def _edge_signal(each: WiredPoint, raw: Sequence[int], *, active: bool) -> Signal:
    point = each.point
    value = read_point(point.spec, raw, was_active=not active).value
    text = point.id if value is None else f"{point.id} {value:g}{' ' + point.unit if point.unit else ''}"
    return made_signal(
        scheme=point.scheme,
        code=point.code,
        qualifier=Qualifier.NEW if active else Qualifier.RESTORE,
        area=point.area,
        zone=point.zone,
        text=text,
        extra=(("device", point.device), ("point", point.id)),
    )
