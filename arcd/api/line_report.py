"""Routes of evidence on lines: availability by month, faults, how fast they were detected, and the picture of it.

One rule: what the state remembers comes from the state; what is older is read from the journal, and the answer says
from when on it knows all of it.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from msgspec import Struct

from arcd.api.answers import READ_ERRORS, NotFoundError, View
from arcd.api.asking import ID_CHARS_MAX, Reading, TheDesk
from arcd.api.availability_chart import LINES_MAX, Line, chart
from arcd.api.desk import Desk
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.pacing import in_portions
from arcd.api.recorded import OnRecord
from arcd.core.line_service.availability import Availability, Window, last_months, months_of
from arcd.core.line_service.evidence import Evidence, evidence, lasted_s
from arcd.core.line_service.history import Fault, LineHistory, failed, restored
from arcd.core.line_service.recording import line_key, path_ids
from arcd.core.record import Note
from arcd.core.site import Site, System
from arcd.core.supervision.model import ChangeKind

MONTHS_MAX = 120
FAULTS_SHOWN_MAX = 500
SVG = "image/svg+xml"

router = APIRouter(prefix="/v1/lines", tags=["lines"])

Id = Annotated[str, Query(max_length=ID_CHARS_MAX)]
MaybeId = Annotated[str, Query(max_length=ID_CHARS_MAX)]
Months = Annotated[int, Query(ge=1, le=MONTHS_MAX, description="The last so many, the present one included")]
Year = Annotated[int | None, Query(ge=2000, le=2200, description="The months of this year instead")]


class PeriodView(View):
    """`ratio` is null where nobody watched the line; times in seconds."""

    name: str
    begins: str
    ends: str
    watched_s: float
    down_s: float
    ratio: float | None
    faults: int
    longest_s: float
    late: int


class FaultView(View):
    """`limit_s` is the reporting time of the category; null where none is known."""

    since: str
    until: str | None
    lasted_s: float
    detected_at: str
    delay_s: float
    limit_s: float | None
    in_time: bool


class DetectionView(View):
    faults: int
    median_s: float | None
    longest_s: float | None
    limit_s: float | None
    late: int


class LineView(View):
    """`path_id` is empty for the whole connection. Faults newest first; `more_faults` were left out. Of the time before
    `complete_from` faults may be missing: their entries in the journal have been erased."""

    system_id: str
    path_id: str
    category: str
    circuit: str
    is_down: bool
    watched_from: str
    complete_from: str
    months: list[PeriodView]
    whole: PeriodView
    longest: FaultView | None
    detection: DetectionView
    faults: list[FaultView]
    more_faults: int


class LineReport(View):
    site_id: str
    site_name: str
    timezone: str
    made_at: str
    lines: list[LineView]


class _Noted(Struct):
    """Of a step's record only this."""

    notes: tuple[Note, ...] = ()


class _Shown(Struct, frozen=True):
    system: System
    path_id: str
    history: LineHistory
    evidence: Evidence


class _Asked(Struct, frozen=True):
    """A site's lines as somebody has asked for them; it has been recorded that they were read."""

    site: Site
    lines: list[_Shown]
    at: int


async def _asked(
    desk: TheDesk,
    record: OnRecord,
    site: Id,
    system: MaybeId = "",
    path: MaybeId = "",
    months: Months = 12,
    year: Year = None,
) -> _Asked:
    place, now = _site(desk, site), desk.now()
    shown = await _shown(desk, place, system, path, _windows(place, months, year, now), now)
    await record.read("lines", f"site/{site}")
    return _Asked(place, shown, now)


Asked = Annotated[_Asked, Depends(_asked)]


@router.get("/report", summary="Availability and faults of a site's lines", responses=READ_ERRORS)
async def report(asked: Asked) -> LineReport:
    return LineReport(
        site_id=asked.site.id,
        site_name=asked.site.name,
        timezone=asked.site.timezone,
        made_at=rfc3339(asked.at),
        lines=[_line_view(each, asked.at) for each in asked.lines],
    )


@router.get(
    "/chart",
    summary="The same as a picture",
    responses=READ_ERRORS | {200: {"content": {SVG: {}}, "description": "SVG"}},
    response_class=Response,
)
async def picture(asked: Asked, language: Reading) -> Response:
    place, shown = asked.site, asked.lines
    several = len({each.system.id for each in shown}) > 1
    lines = [
        Line(
            name=f"{each.system.id}/{each.path_id}" if several and each.path_id else each.path_id,
            category=f"{each.system.id} {each.system.category or ''}" if several else each.system.category or "",
            evidence=each.evidence,
        )
        for each in shown
    ]
    what = " ".join((place.id, place.name) if several else (place.id, place.name, "·", _named(shown[0].system)))
    return Response(chart(what, lines, place.timezone, language, asked.at), media_type=SVG)


def _named(system: System) -> str:
    return system.name or system.id


def _site(desk: Desk, site_id: str) -> Site:
    site = desk.state.sites.get(site_id)
    if site is None:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    return site


def _windows(site: Site, months: int, year: int | None, now: int) -> list[Window]:
    if year is None:
        return last_months(site.timezone, now, months)
    return months_of(site.timezone, year)


async def _shown(desk: Desk, site: Site, system_id: str, path_id: str, windows: list[Window], now: int) -> list[_Shown]:
    places = [
        (system, path)
        for system in site.systems
        for path in ("", *path_ids(system))
        if path_ids(system) and system_id in ("", system.id) and path_id in ("", path)
    ]
    if not places:
        raise NotFoundError(f"No supervised line of {site.id} is called that; `arcctl paths list` lists them.")
    histories = {}
    for system, path in places[:LINES_MAX]:
        key = line_key(site.id, system.id, path)
        watched_from = desk.state.line_watched.get(f"{site.id}/{system.id}") or now
        histories[key] = desk.state.line_histories.get(key) or LineHistory(watched_from=watched_from)
    older = {key: history for key, history in histories.items() if history.complete_from > windows[0].begins}
    if older:
        histories |= await _from_journal(desk, site.id, older)
    shown = []
    for system, path in places[:LINES_MAX]:
        history = histories[line_key(site.id, system.id, path)]
        found = evidence(windows, [(history.watched_from, now)], history.faults, now)
        shown.append(_Shown(system, path, history, found))
    return shown


async def _from_journal(desk: Desk, site_id: str, wanted: dict[str, LineHistory]) -> dict[str, LineHistory]:
    """Faults that the state has forgotten, before those it knows."""
    told = {key: LineHistory(watched_from=history.watched_from) for key, history in wanted.items()}
    found: dict[str, list[Fault]] = {key: [] for key in wanted}
    decoder, erased_until = msgspec.json.Decoder(_Noted), 0
    async with aclosing(desk.store.entries(subject=f"site/{site_id}")) as entries:  # type: ignore[type-var]  # – a generator
        async for entry in in_portions(entries):
            if entry.payload is None:
                erased_until = entry.at
                continue
            for note in decoder.decode(entry.payload).notes:
                _fold(told, found, note, entry.at)
    whole = {}
    for key, history in wanted.items():
        older = [fault for fault in found[key] if fault.since < history.faults[0].since]
        whole[key] = msgspec.structs.replace(history, faults=(*older, *history.faults), complete_from=erased_until)
    return whole


def _fold(told: dict[str, LineHistory], found: dict[str, list[Fault]], note: Note, at: int) -> None:
    if note.what not in set(ChangeKind):
        return
    detail = note.detail
    key = line_key(str(detail.get("site")), str(detail.get("system")), str(detail.get("path") or ""))
    if key not in told:
        return
    if note.what in (ChangeKind.PATH_FAILED, ChangeKind.ATS_FAILED):
        since, limit_s = detail.get("since"), detail.get("limit_s")
        fault = Fault(
            since=since if isinstance(since, int) else at,
            detected_at=at,
            limit_s=float(limit_s) if isinstance(limit_s, int | float) else 0.0,
        )
        told[key] = failed(told[key], fault)
        return
    history = restored(told[key], at)
    found[key] += history.faults
    told[key] = msgspec.structs.replace(history, faults=())


# ---------------------------------------------------------------------------------------------------------------- views


def _line_view(shown: _Shown, now: int) -> LineView:
    found, history = shown.evidence, shown.history
    path = next((path for path in shown.system.paths if path.id == shown.path_id), None)
    newest = [_fault_view(fault, now) for fault in reversed(found.faults)]
    return LineView(
        system_id=shown.system.id,
        path_id=shown.path_id,
        category=shown.system.category or "",
        circuit=path.circuit if path else "",
        is_down=bool(history.faults) and history.faults[-1].until is None,
        watched_from=rfc3339(history.watched_from),
        complete_from=rfc3339(max(history.watched_from, history.complete_from)),
        months=[_period_view(each) for each in found.windows],
        whole=_period_view(found.whole),
        longest=_fault_view(found.longest, now) if found.longest else None,
        detection=DetectionView(
            faults=found.detection.faults,
            median_s=found.detection.median_s,
            longest_s=found.detection.longest_s,
            limit_s=found.detection.limit_s,
            late=found.detection.late,
        ),
        faults=newest[:FAULTS_SHOWN_MAX],
        more_faults=max(0, len(newest) - FAULTS_SHOWN_MAX),
    )


def _period_view(period: Availability) -> PeriodView:
    return PeriodView(
        name=period.window.name,
        begins=rfc3339(period.window.begins),
        ends=rfc3339(period.window.ends),
        watched_s=period.watched_s,
        down_s=period.down_s,
        ratio=period.ratio,
        faults=period.faults,
        longest_s=period.longest_s,
        late=period.late,
    )


def _fault_view(fault: Fault, now: int) -> FaultView:
    return FaultView(
        since=rfc3339(fault.since),
        until=maybe_rfc3339(fault.until),
        lasted_s=lasted_s(fault, now),
        detected_at=rfc3339(fault.detected_at),
        delay_s=fault.delay_s,
        limit_s=fault.limit_s or None,
        in_time=fault.is_in_time,
    )
