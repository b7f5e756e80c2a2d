"""The admin API: JSON over the daemon's Unix socket, for `arcctl` and operator pages.

One rule: every route is a coroutine that reads live state without awaiting in between; a plain function would run in
another thread beside the machine. Who may connect is decided by the socket file's mode; who it was is recorded.
"""

from __future__ import annotations

from fastapi import FastAPI

from arcd import __version__
from arcd.api import (
    arrangements,
    audit,
    audit_export,
    case_authority,
    cases,
    flags,
    forwards,
    identity,
    journal,
    line_report,
    notices,
    paths,
    receiver_lines,
    relays,
    rules,
    rules_past,
    schedules,
    sites,
    status,
)
from arcd.api.answers import DescribedApp, install, refused_body
from arcd.api.asking import PeersOnly
from arcd.api.body_limit import BodyLimit
from arcd.api.desk import Desk
from arcd.api.imports import IMPORT_BYTES_MAX

# A form of 64 fields with 4000 characters each is the largest body but for imports; JSON may escape one in 12 bytes.
BODY_BYTES_MAX = 4 * 1024 * 1024
LARGER_BODIES = dict.fromkeys(("/v1/sites/import", "/v1/rules/reload", "/v1/rules/replay"), IMPORT_BYTES_MAX)


def admin_app(desk: Desk, *, supervisor_group: str = "") -> FastAPI:
    app = DescribedApp(
        title="arcd",
        version=__version__,
        summary="Alarm receiving centre: administration",
        openapi_url="/v1/openapi.json",
        # The interactive pages load scripts from elsewhere; the description is enough.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.state.supervisor_group = supervisor_group
    install(app)
    app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX, larger=LARGER_BODIES, refuse=refused_body)
    app.add_middleware(PeersOnly)  # outermost
    lines = (arrangements, line_report, notices, paths)
    for module in (
        status,
        audit,
        audit_export,
        case_authority,
        cases,
        flags,
        identity,
        sites,
        journal,
        rules,
        rules_past,
        schedules,
        forwards,
        relays,
        receiver_lines,
        *lines,
    ):
        # Whole as they are: what `include_router` takes, FastAPI puts together anew for every application, at its first
        # request: a tenth of a second in which no alarm would be taken.
        app.routes.extend(module.router.routes)
    return app
