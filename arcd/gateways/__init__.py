"""The gateway seam: bytes ↔ codec, one transport per file.

One rule: a gateway moves bytes and posts facts. It decides nothing, answers nothing by itself, and stops reading when
the machine has no room. Gateways are found by name through the entry point group `arcd.gateways`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from arcd.core.effects import Reply
from arcd.core.facts import AnyFact
from protocols.codec import Received


class Intake(Protocol):
    """What gateways may ask of the runtime."""

    @property
    def has_room(self) -> bool: ...

    async def room(self) -> None: ...

    def post(self, fact: AnyFact, replied: Callable[[Reply | None], None] | None = None) -> None:
        """`replied` is called once what was posted is committed; with None when it could not be decided: silence."""
        ...

    def heartbeat(self, received: Received, gateway: str, peer: str = "") -> Reply | None: ...

    def hear_line(self, line: str) -> None: ...


class Gateway(Protocol):
    @property
    def name(self) -> str:
        """Stands in every fact it posts: "dc09-tcp"."""
        ...

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens or what it reads, for people; empty before `start`."""
        ...

    async def start(self) -> None:
        """Take the transport. OSError with the address in its message when that is impossible."""
        ...

    async def run(self) -> None:
        """Whatever it must do from time to time; until cancelled."""
        ...

    async def stop_taking(self) -> None:
        """Before a clean stop: take no new bytes; what was posted will still be answered."""
        ...

    async def close(self) -> None: ...
