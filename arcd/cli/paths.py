"""arcctl paths: supervised transmission paths, how each of them stands, and what many of them share.

One rule: it shows what the daemon knows; a path that is late is not down yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from arcd.cli.completion import site_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output
from arcd.cli.path_report import add_report
from arcd.cli.times import local, read_instant, span

PAGE_ROWS = 2000  # the most the daemon gives at once
PATHS_MAX = 500_000
STATES = {"up": GOOD, "late": WARNING, "settling": WARNING, "failed": BAD, "unknown": QUIET}

app = group("Paths: line supervision, path by path, and the storms that many of them share.")


@verb(
    app,
    "list",
    examples=(
        "arcctl paths list",
        "arcctl paths list --state failed",
        "arcctl paths list K-2001 --json",
    ),
)
def show_all(
    call: Invocation,
    site: Annotated[str | None, typer.Argument(metavar="SITE", help="Only this site.", autocompletion=site_ids)] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help=f"Only paths that are {', '.join(STATES)}.")
    ] = None,
) -> None:
    """List supervised paths with their state, and the storms under way."""
    if state is not None and state not in STATES:
        raise UsageError(f"{state!r} is no state of a path; write one of {', '.join(STATES)}")
    rows: list[dict[str, Any]] = []
    storms: list[dict[str, Any]] = []
    while len(rows) < PATHS_MAX:
        after = rows[-1]["path"] if rows else ""
        page = call.daemon.get("/v1/paths", site=site or "", state=state or "", after=after, limit=PAGE_ROWS)
        rows += page["paths"]
        storms = page["storms"]
        if not page["more"] or not page["paths"]:
            break
    call.out.show({"paths": rows, "storms": storms}, _render_all)


@verb(app, "show", examples=("arcctl paths show K-2001/fire/mobile", "arcctl paths show K-2001/fire/mobile --json"))
def show(
    call: Invocation,
    path: Annotated[
        str, typer.Argument(metavar="SITE/SYSTEM/PATH", help="As `paths list` shows it.", autocompletion=site_ids)
    ],
) -> None:
    """Show a path: state, limits, when it was last heard, and what it depends on."""
    if path.count("/") != 2:
        raise UsageError(f"{path!r}: write the path like K-2001/fire/mobile; `arcctl paths list` shows them")
    call.out.show(call.daemon.get(f"/v1/paths/{quote(path, safe='/')}"), _render)


add_report(app)


def _render_all(out: Output, value: Mapping[str, Any]) -> None:
    for storm in value["storms"]:
        name = out.styled(f"storm {storm['node']}", BAD)
        shared = ", ".join(f"{category} {count}" for category, count in sorted(storm["categories"].items()))
        case = f", case {storm['case_id']}" if storm["case_id"] else ""
        down = f"{storm['children'] - storm['back']} of {storm['children']} down"
        out.line(name, f" {storm['phase']}: {down} ({shared}){case}")
    out.table(
        ("path", "site", "category", "state", "last heard", "silent after", "operator", "storm"),
        [
            (
                out.styled(row["path"], STRONG),
                row["site_name"],
                f"{row['category']} {row['kind']}",
                out.styled(row["state"], STATES[row["state"]]),
                local(read_instant(row["last_heard"])) or "never",
                span(row["silent_limit_s"]),
                " / ".join(part for part in (row["operator"], row["network"]) if part),
                row["storm"],
            )
            for row in value["paths"]
        ],
        empty="no path is supervised so; a system is supervised when it has a category: in the site base",
    )


def _render(out: Output, row: Mapping[str, Any]) -> None:
    out.line(out.styled(row["path"], STRONG), f" {row['site_name']}; {row['category']} {row['kind']}")
    since = read_instant(row["since"])
    down = f", down since {local(since)}" if since is not None else ""
    out.line("  ", out.styled(row["state"], STATES[row["state"]]), down)
    out.line(f"  last heard {local(read_instant(row['last_heard'])) or 'never'}")
    tightened = ", tightened: the primary path is down" if row["tightened"] else ""
    every = f", a heartbeat every {span(row['interval_s'])}" if row["interval_s"] else ""
    reported = f"reported within {span(row['reporting_limit_s'])}"
    out.line(f"  silent after {span(row['silent_limit_s'])}, {reported}{every}{tightened}")
    cut_off = read_instant(row["system_cut_off_since"])
    if cut_off is not None:
        out.line("  ", out.styled(f"the whole system is cut off since {local(cut_off)}", BAD))
    told = [f"{name} {row[name]}" for name in ("account", "receiver", "line", "gateway") if row[name]]
    out.line(f"  frames: {', '.join(told) or 'all of the system'}")
    out.line(f"  depends on {' → '.join(row['nodes'])}" + (f", circuit {row['circuit']}" if row["circuit"] else ""))
    if row["storm"]:
        out.line("  ", out.styled(f"part of the storm at {row['storm']}", BAD))
