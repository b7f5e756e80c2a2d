"""A flag (on test, maintenance) as the API shows it.

One rule: it shows what stands; whether a flag holds a signal is decided in `arcd.core.flags`.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.instants import rfc3339
from arcd.api.site_brief import timezone_of
from arcd.core.case.texts import local_clock
from arcd.core.facts import FlagKind
from arcd.core.flags.model import Flag
from arcd.core.state import State
from protocols.signals import Category


class ScopeView(View):
    systems: list[str]
    areas: list[str]
    zones: list[str]
    categories: list[Category]


class FlagView(View):
    id: str
    kind: FlagKind
    site_id: str
    site_name: str
    scope: ScopeView
    starts_at: str
    starts_at_local: str
    until: str
    until_local: str
    in_force: bool
    reason: str
    placed_by: str
    requested_by: str
    verified_how: str
    held: int
    heard: dict[str, int]


def flag_view(state: State, flag: Flag, now: int) -> FlagView:
    site = state.sites.get(flag.site_id)
    timezone = timezone_of(state, flag.site_id)
    return FlagView(
        id=flag.id,
        kind=flag.kind,
        site_id=flag.site_id,
        site_name=site.name if site is not None else "",
        scope=ScopeView(
            systems=list(flag.scope.systems),
            areas=list(flag.scope.areas),
            zones=list(flag.scope.zones),
            categories=list(flag.scope.categories),
        ),
        starts_at=rfc3339(flag.starts_at),
        starts_at_local=local_clock(flag.starts_at, timezone),
        until=rfc3339(flag.until),
        until_local=local_clock(flag.until, timezone),
        in_force=flag.starts_at <= now < flag.until,
        reason=flag.reason,
        placed_by=flag.placed_by,
        requested_by=flag.requested_by,
        verified_how=flag.verified_how,
        held=flag.held,
        heard=flag.heard,
    )
