"""Route of evidence: one case as a package that an authority can read and check by itself.

One rule: that it leaves, why and to whom is in the journal before the first byte is handed out.
"""

from __future__ import annotations

import asyncio
import hashlib
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Response
from pydantic import Field

from arcd.api.answers import ASK_ERRORS, ApiError, Body, NotFoundError, granted_or_raise
from arcd.api.asking import ID_CHARS_MAX, Asker, TheDesk
from arcd.api.case_view import CaseView, case_view
from arcd.api.desk import Desk
from arcd.api.evidence_report import Custody, evidence_report
from arcd.api.evidence_story import LANGUAGES
from arcd.api.instants import rfc3339
from arcd.api.redaction import has_secret, readable
from arcd.api.site_brief import timezone_of
from arcd.auditing.bundle import Bundle, TooLargeError, gather
from arcd.auditing.package import pack
from arcd.core.audit.keeping import REASON_CHARS_MAX
from arcd.core.case.model import Case
from arcd.core.case.texts import local_clock
from arcd.core.facts import SensitiveRead
from arcd.store.tree import UnprovableError

RECIPIENT_CHARS_MAX = 200
ZIP = "application/zip"

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class ExportOrder(Body):
    case_id: Annotated[str, Field(min_length=1, max_length=ID_CHARS_MAX)]
    reason: Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]
    recipient: Annotated[str, Field(min_length=1, max_length=RECIPIENT_CHARS_MAX)]


@router.post(
    "/export",
    summary="Evidence of one case, as a zip with proofs",
    responses=ASK_ERRORS | {200: {"content": {ZIP: {}}, "description": "The package"}},
    response_class=Response,
)
async def export(desk: TheDesk, actor: Asker, order: ExportOrder) -> Response:
    case = await _find(desk, order.case_id)
    now = desk.now()
    bundle = await _bundle(desk, case)
    centre = desk.state.centre.get("centre")
    custody = Custody(
        exporter=f"{actor.id} {actor.name}".strip(),
        at=now,
        reason=order.reason.strip(),
        recipient=order.recipient.strip(),
        centre=centre.name if centre is not None else "",
    )
    timezone = timezone_of(desk.state, case.site_id)
    views = {
        language: case_view(desk.state, case, desk.rules.case_types.get(case.type), language, now)
        for language in LANGUAGES
    }
    package = await asyncio.to_thread(_packed, bundle, views, custody, timezone)
    digest = hashlib.sha256(package).hexdigest()
    # Before it is handed out, and waited for: a package nobody knows of must not exist.
    granted_or_raise(
        await desk.ask(
            SensitiveRead(
                at=now,
                what="export",
                subject=f"case/{case.id}",
                actor=actor,
                reason=custody.reason,
                recipient=custody.recipient,
                digest=digest,
            )
        )
    )
    name = f"arcd-{case.id}-{bundle.note.size}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Arcd-Digest": digest}
    return Response(package, media_type=ZIP, headers=headers)


async def _bundle(desk: Desk, case: Case) -> Bundle:
    try:
        bundle = await gather(
            store=desk.store,
            state=desk.state,
            checkpoints=desk.audit.checkpoints,
            case_id=case.id,
            site_id=case.site_id,
            has_secret=has_secret,
        )
    except (UnprovableError, TooLargeError) as error:
        raise ApiError(HTTPStatus.CONFLICT, "export.proof", f"{error}.") from None
    if bundle is None:
        message = "Nothing is proved without a signature: set audit.origin and audit.key in the settings."
        raise ApiError(HTTPStatus.CONFLICT, "audit.key", message)
    return bundle


def _packed(bundle: Bundle, views: dict[str, CaseView], custody: Custody, timezone: str) -> bytes:
    """In a thread: a long case is some hundred pages."""
    cases = {language: view.model_dump(mode="json") for language, view in views.items()}
    told = {
        one.entry.seq: readable(one.entry.payload)
        for one in bundle.entries
        if one.entry.payload is not None and one.content in ("whole", "withheld")
    }
    return pack(
        bundle,
        reports={
            language: evidence_report(bundle, case, custody, language, timezone) for language, case in cases.items()
        },
        incident={
            "case": cases["en"],
            "data_in_force": [msgspec.to_builtins(each) for each in bundle.data],
            "entries": [
                {
                    "seq": one.entry.seq,
                    "at": rfc3339(one.entry.at),
                    "at_local": local_clock(one.entry.at, timezone),
                    "kind": one.entry.kind,
                    "content": one.content,
                    "record": told.get(one.entry.seq),
                }
                for one in bundle.entries
            ],
        },
        custody={
            "centre": custody.centre,
            "exported_by": custody.exporter,
            "exported_at": rfc3339(custody.at),
            "exported_at_local": local_clock(custody.at, timezone),
            "reason": custody.reason,
            "recipient": custody.recipient,
            "case": bundle.case_id,
            "journal_entries": bundle.note.size,
            "handed_on": [],
        },
        redacted={one.entry.seq: told[one.entry.seq] for one in bundle.entries if one.content == "withheld"},
    )


async def _find(desk: Desk, case_id: str) -> Case:
    case = desk.state.cases.get(case_id)
    if case is not None:
        return case
    row = await desk.store.case(case_id)
    if row is None:
        raise NotFoundError("There is no such case; `arcctl cases --all` lists them.")
    return msgspec.json.decode(row.body, type=Case)
