"""A flag as a value: who asked, what it covers, when it ends.

One rule: life safety passes every flag that does not name its category.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.facts import FlagKind, Scope
from protocols.signals import LIFE_SAFETY, Signal, bare_address


class Flag(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    kind: FlagKind
    site_id: str
    scope: Scope
    starts_at: int
    until: int
    reason: str
    placed_by: str
    requested_by: str = ""
    verified_how: str = ""
    held: int = 0  # signals held so far
    # "<system>/<zone>" → how many signals came while it stood: expected against received at the end.
    heard: dict[str, int] = {}

    def covers(self, system_id: str, signal: Signal) -> bool:
        scope = self.scope
        if signal.category in LIFE_SAFETY and signal.category not in scope.categories:
            return False
        if scope.categories and signal.category not in scope.categories:
            return False
        if scope.systems and system_id not in scope.systems:
            return False
        if scope.areas and not among(signal.area, scope.areas):
            return False
        return not scope.zones or among(signal.zone, scope.zones)


def among(address: str | None, addresses: tuple[str, ...]) -> bool:
    bare = bare_address(address)
    return any(bare == bare_address(other) for other in addresses)
