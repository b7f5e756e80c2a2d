"""Routes of the site base: lists, one site, and the import.

One rule: sealed keys and hashes have no way out (`arcd.api.site_view`), and what an import sends in is never repeated.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field, SecretStr

from arcd.api.answers import (
    ASK_ERRORS,
    READ_ERRORS,
    Body,
    Granted,
    NotFoundError,
    UnusableError,
    View,
    granted_or_raise,
)
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, Asker, Limit, Reading, TheDesk
from arcd.api.imports import IMPORT_ERRORS, Files, Imported, imported
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.api.site_view import SiteRow, SiteView, site_row, site_view
from protocols.secrets import WireKey

KEY_CHARS_MAX = 80  # "ascii:" or "hex:" and 64 digits

router = APIRouter(prefix="/v1/sites", tags=["sites"])


class Sites(View):
    sites: list[SiteRow]
    more: bool


class SiteImport(Body):
    files: Files
    dry_run: bool = False
    remove_missing: bool = False


@router.get("", summary="Sites by id", responses=READ_ERRORS, response_model=Sites)
async def list_sites(
    desk: TheDesk,
    record: OnRecord,
    after: Annotated[str, Query(max_length=ID_CHARS_MAX, description="Go on after this id")] = "",
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    state = desk.state
    site_ids = sorted(site_id for site_id in state.sites if site_id > after)
    flags = Counter(flag.site_id for flag in state.flags.values())
    sites = [state.sites[site_id] for site_id in site_ids[:limit]]
    rows = await rendered(sites, lambda site: site_row(state, site, flags[site.id]))
    await record.read("sites")
    return rows_answer("sites", rows, more=len(site_ids) > limit)


@router.get("/{site_id}", summary="One site: systems, zones, people, flags", responses=READ_ERRORS)
async def show_site(
    desk: TheDesk, record: OnRecord, language: Reading, site_id: Annotated[str, Path(max_length=ID_CHARS_MAX)]
) -> SiteView:
    site = desk.state.sites.get(site_id)
    if site is None:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    view = site_view(desk.state, site, language, desk.now(), desk.heard_at)
    await record.read("site", f"site/{site_id}")
    return view


class KeyChange(Body):
    """`key` as it is written in a site base; left out: the one offered is withdrawn."""

    key: Annotated[SecretStr | None, Field(max_length=KEY_CHARS_MAX)] = None


@router.post(
    "/{site_id}/accounts/{account}/key",
    summary="Offer a panel a new key, or withdraw the one offered",
    responses=ASK_ERRORS,
)
async def change_key(
    desk: TheDesk,
    actor: Asker,
    site_id: Annotated[str, Path(max_length=ID_CHARS_MAX)],
    account: Annotated[str, Path(max_length=ID_CHARS_MAX)],
    wanted: KeyChange,
) -> Granted:
    key = None
    if wanted.key is not None:
        try:
            key = WireKey.parse(wanted.key.get_secret_value())
        except ValueError as error:
            raise UnusableError(f"The key cannot be used: {error}.") from None
    return granted_or_raise(await desk.change_key(site_id, account, key, actor))


@router.post(
    "/import",
    summary="Import the site base, all of it or nothing",
    responses=ASK_ERRORS | IMPORT_ERRORS,
    response_model=Imported,
)
async def import_sites(desk: TheDesk, actor: Asker, wanted: SiteImport) -> JSONResponse:
    report = await desk.import_sites(wanted.files, actor, dry_run=wanted.dry_run, remove_missing=wanted.remove_missing)
    return imported(report, "sites.import", dry_run=wanted.dry_run)
