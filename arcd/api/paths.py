"""Routes of supervised paths: how each of them stands, since when, and what it depends on.

One rule: an answer is made of the state and of when each path was last heard; nothing here decides that one is silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from arcd.api.answers import READ_ERRORS, NotFoundError, View
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, Limit, TheDesk
from arcd.api.desk import Desk
from arcd.api.instants import maybe_rfc3339
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.core.calendars import local_text
from arcd.core.site import Site
from arcd.core.state import State
from arcd.core.storm.model import Phase, Storm
from arcd.core.supervision.paths import SupervisedPath, nodes_of, paths_of
from arcd.core.supervision.watch import LATE_PART

NS = 1_000_000_000
KEY_CHARS_MAX = 3 * ID_CHARS_MAX + 2
STATE_CHARS_MAX = 16

router = APIRouter(prefix="/v1/paths", tags=["paths"])

Key = Annotated[str, Query(max_length=KEY_CHARS_MAX, description="Go on after this path")]
SiteId = Annotated[str, Query(max_length=ID_CHARS_MAX)]


class PathView(View):
    """`state`: up, late, settling (silent, and watched for a common cause), failed, unknown (never heard).

    `since` is the start of the fault: when the path was last heard. Limits in seconds.
    """

    path: str  # "<site>/<system>/<path>"
    site_name: str
    kind: str
    category: str
    state: str
    last_heard: str | None
    last_heard_local: str
    since: str | None
    silent_limit_s: float
    reporting_limit_s: float
    interval_s: float | None
    tightened: bool  # an alternative path whose primary is down
    operator: str
    network: str
    circuit: str
    storm: str
    insurer: bool


class PathDetail(PathView):
    nodes: list[str]  # what it depends on, from the daemon down
    system_cut_off_since: str | None
    account: str | None
    receiver: str | None
    line: str | None
    gateway: str | None


class StormView(View):
    id: str
    node: str
    phase: str
    began_at: str | None
    case_id: str
    children: int
    back: int
    categories: dict[str, int]
    highest_risk: list[str]


class Paths(View):
    paths: list[PathView]
    storms: list[StormView]
    more: bool


@router.get("", summary="Supervised paths, and the storms under way", responses=READ_ERRORS, response_model=Paths)
async def list_paths(
    desk: TheDesk,
    record: OnRecord,
    site: SiteId = "",
    state: Annotated[str, Query(max_length=STATE_CHARS_MAX, description="Only paths that are so")] = "",
    after: Key = "",
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    if site and site not in desk.state.sites:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    found: list[tuple[Site, SupervisedPath]] = []
    more = False
    for owner, path in _in_order(desk.state, site, after):
        if state and _state_of(desk, path) != state:
            continue
        if len(found) >= limit:
            more = True
            break
        found.append((owner, path))
    rows = await rendered(found, lambda each: _view(desk, *each))
    storms = [_storm_view(storm).model_dump() for storm in desk.state.storms.values() if storm.phase is not Phase.QUIET]
    await record.read_list("paths", site)
    return rows_answer("paths", rows, storms=storms, more=more)


@router.get("/{site_id}/{system_id}/{path_id}", summary="One path, its limits and its faults", responses=READ_ERRORS)
async def show_path(
    desk: TheDesk,
    record: OnRecord,
    site_id: Annotated[str, Path(max_length=ID_CHARS_MAX)],
    system_id: Annotated[str, Path(max_length=ID_CHARS_MAX)],
    path_id: Annotated[str, Path(max_length=ID_CHARS_MAX)],
) -> PathDetail:
    site = desk.state.sites.get(site_id)
    key = f"{site_id}/{system_id}/{path_id}"
    path = next((each for each in _paths(site) if each.key == key), None) if site is not None else None
    if site is None or path is None:
        raise NotFoundError("There is no such supervised path; `arcctl paths list` lists them.")
    centre = desk.state.centre.get("centre")
    cut_off = desk.state.ats_faults.get(path.system_key)
    assert centre is not None, "sites come after their centre"
    detail = PathDetail(
        **_view(desk, site, path).model_dump(),
        nodes=list(nodes_of(path, centre)),
        system_cut_off_since=maybe_rfc3339(cut_off.since if cut_off is not None else None),
        account=path.path.account,
        receiver=path.path.receiver,
        line=path.path.line,
        gateway=path.path.gateway,
    )
    await record.read("paths", f"site/{site_id}")
    return detail


def _in_order(state: State, site_id: str, after: str) -> Iterator[tuple[Site, SupervisedPath]]:
    begin = after.partition("/")[0]
    for each in [site_id] if site_id else sorted(each for each in state.sites if each >= begin):
        site = state.sites[each]
        for path in sorted(_paths(site), key=lambda path: path.key):
            if each > begin or path.key > after:
                yield site, path


def _paths(site: Site) -> list[SupervisedPath]:
    return [path for system in site.systems for path in paths_of(site, system)]


def _is_alone(state: State, site: Site, path: SupervisedPath) -> bool:
    if path.is_primary:
        return False
    others = (each for each in _paths(site) if each.system_key == path.system_key and each.is_primary)
    return any(each.key in state.path_faults for each in others)


def _state_of(desk: Desk, path: SupervisedPath) -> str:
    fault = desk.state.path_faults.get(path.key)
    if fault is not None:
        return "failed" if fault.confirmed_at else "settling"
    heard = desk.heard_at(path.key)
    if not heard:
        return "unknown"
    return "late" if desk.now() - heard > LATE_PART * path.limits().silent_s * NS else "up"


def _view(desk: Desk, site: Site, path: SupervisedPath) -> PathView:
    fault = desk.state.path_faults.get(path.key)
    heard = desk.heard_at(path.key)
    alone = _is_alone(desk.state, site, path)
    limits = path.limits(is_alone=alone)
    return PathView(
        path=path.key,
        site_name=site.name,
        kind=path.path.kind.value,
        category=path.system.category or "",
        state=_state_of(desk, path),
        last_heard=maybe_rfc3339(heard or None),
        last_heard_local=local_text(site.timezone, heard) if heard else "",
        since=maybe_rfc3339(fault.since if fault is not None else None),
        silent_limit_s=round(limits.silent_s, 3),
        reporting_limit_s=limits.reporting_s,
        interval_s=path.path.interval_s,
        tightened=alone,
        operator=path.operator,
        network=path.path.network,
        circuit=path.path.circuit,
        storm=fault.storm if fault is not None else "",
        insurer=path.system.insurer,
    )


def _storm_view(storm: Storm) -> StormView:
    return StormView(
        id=storm.id,
        node=storm.node,
        phase=storm.phase.value,
        began_at=maybe_rfc3339(storm.began_at),
        case_id=storm.case_id,
        children=storm.children,
        back=storm.back,
        categories=storm.categories,
        highest_risk=[site for _, site in storm.highest],
    )
