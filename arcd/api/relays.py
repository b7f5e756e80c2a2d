"""Routes of outputs: what is known of them, and switching one.

One rule: a POST becomes one fact and its answer is the core's. Nothing is checked here that is checked there.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from arcd.api.answers import ASK_ERRORS, READ_ERRORS, Body, Granted, NotFoundError, View, granted_or_raise
from arcd.api.asking import ID_CHARS_MAX, Asker, TheDesk
from arcd.api.instants import rfc3339
from arcd.api.recorded import OnRecord
from arcd.core.facts import RelayAction, RelayRequested
from arcd.core.relays.model import relay_key
from arcd.core.relays.switching import REASON_CHARS_MAX
from arcd.core.site import Site
from arcd.core.state import State

router = APIRouter(prefix="/v1/relays", tags=["relays"])

Id = Annotated[str, Field(max_length=ID_CHARS_MAX)]


class RelayRow(View):
    site_id: str
    relay_id: str
    name: str
    kind: str
    device: str
    coil: int
    pulse_s: float | None
    interlock: str
    identity_level: int
    state: str  # "off", "switching", "on", "unknown"
    by: str
    since: str | None  # ISO 8601, UTC
    detail: str


class Relays(View):
    relays: list[RelayRow]


class Switching(Body):
    site_id: Id
    relay_id: Id
    action: RelayAction
    reason: Annotated[str, Field(max_length=REASON_CHARS_MAX)]
    case_id: Id = ""
    step_id: Id = ""
    requested_by: Id = ""
    identity_check: Id = ""


@router.get("", summary="Outputs of a site and what is known of them", responses=READ_ERRORS)
async def list_relays(desk: TheDesk, record: OnRecord, site: Annotated[str, Query(max_length=ID_CHARS_MAX)]) -> Relays:
    found = desk.state.sites.get(site)
    if found is None:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    relays = Relays(relays=_rows(desk.state, found))
    await record.read("relays", f"site/{site}")
    return relays


@router.post("", summary="Switch an output, or settle one of unknown state", responses=ASK_ERRORS)
async def switch_relay(desk: TheDesk, actor: Asker, wanted: Switching) -> Granted:
    fact = RelayRequested(
        at=desk.now(),
        site_id=wanted.site_id,
        relay_id=wanted.relay_id,
        action=wanted.action,
        reason=wanted.reason,
        actor=actor,
        case_id=wanted.case_id,
        step_id=wanted.step_id,
        requested_by=wanted.requested_by,
        identity_check=wanted.identity_check,
    )
    return granted_or_raise(await desk.ask(fact))


def _rows(state: State, site: Site) -> list[RelayRow]:
    rows = []
    for system in site.systems:
        for relay in system.relays:
            run = state.relays.get(relay_key(site.id, relay.id))
            rows.append(
                RelayRow(
                    site_id=site.id,
                    relay_id=relay.id,
                    name=relay.name,
                    kind=relay.kind.value,
                    device=relay.device,
                    coil=relay.coil,
                    pulse_s=relay.pulse_s,
                    interlock=relay.interlock,
                    identity_level=relay.identity_level,
                    state=run.status.value if run is not None else "off",
                    by=run.by if run is not None else "",
                    since=rfc3339(run.since) if run is not None else None,
                    detail=run.detail if run is not None else "",
                )
            )
    return rows
