"""arcctl paths report: how available the lines of a site were, as a table and as a picture.

One rule: figures are the daemon's; nothing is rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from arcd.cli.completion import site_ids
from arcd.cli.failures import CliError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output

MONTHS_DEFAULT = 12


def add_report(app: typer.Typer) -> None:
    verb(
        app,
        "report",
        examples=(
            "arcctl paths report K-2001",
            "arcctl paths report K-2001/fire --year 2026 --chart availability.svg --lang sv",
            "arcctl paths report K-2001/fire/mobile --months 3 --json",
        ),
    )(_report)


def _report(
    call: Invocation,
    line: Annotated[
        str,
        typer.Argument(
            metavar="SITE[/SYSTEM[/PATH]]", help="Whose lines: like K-2001/fire/mobile.", autocompletion=site_ids
        ),
    ],
    months: Annotated[int, typer.Option(metavar="N", help="The last so many months.")] = MONTHS_DEFAULT,
    year: Annotated[int | None, typer.Option(metavar="YEAR", help="The months of this year instead.")] = None,
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the picture there, as SVG.")] = None,
) -> None:
    """Availability by month, faults and how fast they were detected, for each line and for all of them together."""
    site, system, path = _parts(line)
    asked: dict[str, str | int | None] = {"site": site, "system": system, "path": path, "months": months, "year": year}
    value = call.daemon.get("/v1/lines/report", **asked)
    if chart is not None:
        picture = call.daemon.text("/v1/lines/chart", **asked, lang=call.language)
        try:
            chart.write_text(picture, encoding="utf-8")
        except OSError as error:
            raise CliError(f"{chart} cannot be written: {error.strerror}; name another place with --chart") from error
    call.out.show(value, _render)
    if chart is not None and not call.as_json:
        call.out.remark(f"the picture is in {chart}")


def _parts(line: str) -> tuple[str, str, str]:
    parts = line.split("/")
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise UsageError(f"{line!r}: write a site, a system or a path like K-2001, K-2001/fire or K-2001/fire/mobile")
    site, system, path = [*parts, "", ""][:3]
    return site, system, path


def _render(out: Output, value: Mapping[str, Any]) -> None:
    out.line(out.styled(f"{value['site_id']} {value['site_name']}", STRONG), f" · {value['timezone']}")
    for line in value["lines"]:
        out.line()
        name = f"{line['system_id']}/{line['path_id']}" if line["path_id"] else f"{line['system_id']}, all paths"
        circuit = f", circuit {line['circuit']}" if line["circuit"] else ""
        state = out.styled("  DOWN", BAD) if line["is_down"] else ""
        out.line(out.styled(name, STRONG), f"  {line['category']}{circuit}", state)
        rows = [*line["months"], {**line["whole"], "name": "whole"}]
        out.table(
            ("month", "available", "down", "faults", "longest", "detected late"),
            [
                (
                    row["name"],
                    out.styled(percent(row["ratio"]), _style(row["ratio"])),
                    _span(row["down_s"]),
                    str(row["faults"]) if row["watched_s"] else "",
                    _span(row["longest_s"]),
                    str(row["late"]) if row["late"] else "",
                )
                for row in rows
            ],
        )
        _render_detection(out, line["detection"])


def _render_detection(out: Output, detection: Mapping[str, Any]) -> None:
    if not detection["faults"]:
        return
    limit = f" against {_span(detection['limit_s'])}" if detection["limit_s"] else ""
    told = f"detected after {_span(detection['median_s'])} (median), {_span(detection['longest_s'])} at most{limit}"
    out.line(out.styled(told, BAD if detection["late"] else QUIET))


def percent(ratio: float | None) -> str:
    """Rounded down: nothing that failed was there all the time."""
    if ratio is None:
        return "–"
    return "100 %" if ratio == 1 else f"{int(ratio * 1e5 + 1e-6) / 1e3:.3f} %"


def _style(ratio: float | None) -> str:
    return QUIET if ratio is None else GOOD if ratio == 1 else WARNING


def _span(seconds: float | None) -> str:
    from arcd.core.line_service.texts import duration_text

    return duration_text(seconds, "en") if seconds else ""
