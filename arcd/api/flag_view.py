"""A flag (on test, maintenance) as the API shows it.

One rule: it shows what stands; whether a flag holds a signal is decided in `arcd.core.flags`.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.site_brief import timezone_of
from arcd.core.case.texts import local_clock
from arcd.core.facts import Every, FlagKind, NoticeKind
from arcd.core.flags.model import Flag, FlagReport, HeldSignal
from arcd.core.flags.reporting import expected_zones
from arcd.core.state import State
from protocols.event_codes import STANDARD
from protocols.signals import Category, Qualifier


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
    override_reason: str
    work_order: str
    owner: str
    informed: list[str]
    series_id: str
    erc_devices: list[str]
    extended: bool
    held: int
    heard: dict[str, int]


class HeldView(View):
    """A signal that was held back. `seq` and `index` name it to whoever makes it live."""

    seq: int
    index: int
    at: str
    at_local: str
    account: str
    system_id: str
    area: str
    zone: str
    zone_name: str
    code: str
    code_name: str
    category: Category
    qualifier: Qualifier
    promoted: bool


class StandingView(View):
    seq: int
    at: str
    at_local: str
    system_id: str
    zone: str
    category: Category


class NoticeView(View):
    kind: NoticeKind
    at: str
    at_local: str
    to: str
    by: str
    reference: str


class SeriesView(View):
    every: Every
    day: int
    at_local: str  # "10:00"
    timezone: str
    ends_at: str


class FlagDetail(FlagView):
    """One flag with all it knows: live while it stands, and as a report for a week after its end."""

    ended_at: str | None
    because: str
    case_id: str  # where somebody accepts the result; "": nothing to accept
    accepted: bool | None  # None: nothing to accept
    announced_first: bool | None  # R-66; None: nobody had to call
    expected: list[str]
    missing: list[str]
    signals: list[HeldView]  # the first and the last; those between stand in the journal
    emergencies: list[HeldView]
    emergency_count: int
    standing: list[StandingView]
    notices: list[NoticeView]
    series: SeriesView | None


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
        override_reason=flag.override_reason,
        work_order=flag.work_order,
        owner=flag.owner,
        informed=list(flag.informed),
        series_id=flag.series_id,
        erc_devices=list(flag.erc_devices),
        extended=flag.extended_ns > 0,
        held=flag.held,
        heard=flag.heard,
    )


def flag_detail(state: State, flag: Flag, report: FlagReport | None, now: int) -> FlagDetail:
    timezone = timezone_of(state, flag.site_id)
    expected = report.expected if report is not None else expected_zones(state, flag)
    case_id = report.case_id if report is not None else ""
    case = state.cases.get(case_id)
    return FlagDetail(
        **dict(flag_view(state, flag, now)) | {"in_force": report is None and flag.starts_at <= now < flag.until},
        ended_at=maybe_rfc3339(report.ended_at if report is not None else None),
        because=report.because if report is not None else "",
        case_id=case_id,
        accepted=(case is None or not case.is_open) if case_id else None,
        announced_first=report.is_announced if report is not None else None,
        expected=list(expected),
        missing=[zone for zone in expected if zone not in flag.heard],
        signals=[_held_view(held, timezone) for held in flag.signals()],
        emergencies=[_held_view(held, timezone) for held in flag.emergencies],
        emergency_count=flag.emergency_count,
        standing=[
            StandingView(
                seq=trigger.seq,
                at=rfc3339(trigger.at),
                at_local=local_clock(trigger.at, timezone),
                system_id=trigger.system_id,
                zone=trigger.zone,
                category=trigger.category,
            )
            for trigger in flag.standing
        ],
        notices=[
            NoticeView(
                kind=notice.kind,
                at=rfc3339(notice.at),
                at_local=local_clock(notice.at, timezone),
                to=notice.to,
                by=notice.by,
                reference=notice.reference,
            )
            for notice in flag.notices
        ],
        series=_series_view(state, flag),
    )


def _held_view(held: HeldSignal, timezone: str) -> HeldView:
    signal = held.signal
    code = STANDARD.lookup(signal.scheme, signal.code)
    return HeldView(
        seq=held.seq,
        index=held.index,
        at=rfc3339(held.at),
        at_local=local_clock(held.at, timezone),
        account=held.account,
        system_id=held.system_id,
        area=signal.area or "",
        zone=signal.zone or "",
        zone_name=held.zone_name,
        code=signal.code,
        code_name=code.name if code is not None else "",
        category=signal.category,
        qualifier=signal.qualifier,
        promoted=held.promoted,
    )


def _series_view(state: State, flag: Flag) -> SeriesView | None:
    series = state.flag_series.get(flag.series_id)
    if series is None:
        return None
    minute = series.recurrence.minute
    return SeriesView(
        every=series.recurrence.every,
        day=series.recurrence.day,
        at_local=f"{minute // 60:02d}:{minute % 60:02d}",
        timezone=series.timezone,
        ends_at=rfc3339(series.ends_at),
    )
