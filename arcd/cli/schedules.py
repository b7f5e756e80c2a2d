"""arcctl schedule: what is expected of a site by the clock, and other hours for some days.

One rule: days are the site's; whose word a change needs is decided in the daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from arcd.cli.completion import site_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import GOOD, QUIET, STRONG, WARNING, Output, render_granted

STATE_STYLES = {"open": GOOD, "closed": STRONG, "unknown": QUIET}

app = group("Schedules: openings and closings expected, tests expected, temporary changes.")

SiteId = Annotated[str, typer.Argument(metavar="SITE", help="Site id, like K-1.", autocompletion=site_ids)]
Place = Annotated[str, typer.Argument(metavar="SYSTEM/AREA", help="As `schedule list` shows it, like panel/1.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
By = Annotated[str, typer.Option(metavar="CONTACT", help="Contact id on whose word; a supervisor needs none.")]
Check = Annotated[str, typer.Option(metavar="ID", help="The identity check made of that contact just now.")]


@verb(app, "list", examples=("arcctl schedule list", "arcctl schedule list --site K-1 --json"))
def show_all(
    call: Invocation,
    site: Annotated[str | None, typer.Option(metavar="ID", help="Of this site only.", autocompletion=site_ids)] = None,
) -> None:
    """List areas with a schedule, what is expected of them next, and the tests that are due."""
    areas, tests = call.daemon.get("/v1/schedules", site=site), call.daemon.get("/v1/schedules/tests", site=site)
    value = {"areas": areas["areas"], "tests": tests["tests"], "more": areas["more"] or tests["more"]}
    call.out.show(value, _render)
    if value["more"] and not call.as_json:
        call.out.remark("there are more; name a site with --site")


@verb(
    app,
    "change",
    examples=(
        'arcctl schedule change K-1 panel/1 --hours 08:00-23:00 --reason "Stocktaking" --by helmi --check I812',
        'arcctl schedule change K-1 panel/1 --hours closed --from 2026-12-23 --until 2026-12-27 --reason "Holiday"',
    ),
)
def change(
    call: Invocation,
    site: SiteId,
    place: Place,
    hours: Annotated[str, typer.Option(metavar="HH:MM-HH:MM", help="Hours of each of these days, or closed.")],
    reason: Reason,
    first: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day [today].")] = None,
    last: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day [the first].")] = None,
    by: By = "",
    check: Check = "",
) -> None:
    """Give an area other hours for some days; it ends by itself."""
    body = {**_where(site, place), "hours": hours, "reason": reason, "requested_by": by, "identity_check": check}
    body |= {name: day for name, day in (("from_day", first), ("until_day", last)) if day is not None}
    call.out.show(call.daemon.post("/v1/schedules/changes", body), render_granted)


@verb(app, "withdraw", examples=('arcctl schedule withdraw K-1 panel/1 H812 --reason "Not needed after all"',))
def withdraw(
    call: Invocation,
    site: SiteId,
    place: Place,
    change_id: Annotated[str, typer.Argument(metavar="CHANGE", help="As `schedule list` shows it.")],
    reason: Reason,
    by: By = "",
    check: Check = "",
) -> None:
    """Take a change back: the usual hours hold again."""
    body = {**_where(site, place), "reason": reason, "requested_by": by, "identity_check": check}
    path = f"/v1/schedules/changes/{quote(change_id, safe='')}/withdraw"
    call.out.show(call.daemon.post(path, body), render_granted)


def _where(site: str, place: str) -> dict[str, object]:
    system, slash, area = place.partition("/")
    if not slash or not system or not area:
        raise UsageError(f"{place!r}: write the system and the area like panel/1")
    return {"site_id": site, "system_id": system, "area": area}


def _render(out: Output, value: Mapping[str, Any]) -> None:
    out.table(
        ("site", "area", "today", "state", "next", "changes"),
        [
            (
                f"{row['site_id']} {row['site_name']}".strip(),
                f"{row['system_id']}/{row['area']} {row['name']}".strip(),
                row["today"],
                out.styled(row["state"], STATE_STYLES[row["state"]]),
                f"{row['next']} {row['next_at_local']}".strip(),
                "; ".join(_change(change) for change in row["changes"]),
            )
            for row in value["areas"]
        ],
        empty="no area here has a schedule",
    )
    if value["tests"]:
        out.line()
        out.table(
            ("site", "system", "a test every", "late at", "reset by"),
            [
                (
                    f"{row['site_id']} {row['site_name']}".strip(),
                    row["system_id"],
                    f"{row['interval_s'] / 3600:g} h",
                    out.styled(row["due_local"] or "not expected", STRONG if row["due"] else WARNING),
                    "tests" if row["only_tests_count"] else "any signal",
                )
                for row in value["tests"]
            ],
            empty="",
        )


def _change(change: Mapping[str, Any]) -> str:
    days = (
        change["from_day"]
        if change["from_day"] == change["until_day"]
        else f"{change['from_day']}…{change['until_day']}"
    )
    return f"{change['id']} {days} {change['hours']}"
