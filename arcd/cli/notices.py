"""arcctl notices: faults reported to transmission operators, and what they answered.

One rule: what is written to an operator, and when, the daemon decides; here people read it and record the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output, render_granted
from arcd.cli.times import parse_instant, rfc3339

app = group("Notices: faults reported to transmission operators, ticket numbers and answers.")

TOLD = {"yes": GOOD, "no": WARNING, "unreached": BAD}


@verb(app, "list", examples=("arcctl notices list", "arcctl notices list --all --operator teleoperator --json"))
def show_all(
    call: Invocation,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    operator: Annotated[str | None, typer.Option(metavar="ID", help="To this operator only.")] = None,
) -> None:
    """List what transmission operators have been told, the newest first."""
    value = call.daemon.get("/v1/notices", open=not everything, operator=operator)
    call.out.show(value, _render)


@verb(
    app,
    "answer",
    examples=(
        'arcctl notices answer N812 --ticket INC-4711 --answer "Fibre cut, splicing under way" '
        "--expected 2026-12-01T16:00",
    ),
)
def answer(
    call: Invocation,
    notice_id: Annotated[str, typer.Argument(metavar="NOTICE", help="As `notices list` shows it, like N812.")],
    ticket: Annotated[str, typer.Option(metavar="NUMBER", help="The operator's own number for it.")] = "",
    said: Annotated[str, typer.Option("--answer", metavar="TEXT", help="What was said, and by whom.")] = "",
    expected: Annotated[str | None, typer.Option(metavar="TIME", help="When it should be repaired.")] = None,
) -> None:
    """Record the operator's ticket number and answer; the case of the line has them too."""
    from urllib.parse import quote

    if not ticket.strip() and not said.strip():
        raise UsageError("say the ticket number, the answer, or both: --ticket INC-4711 --answer TEXT")
    body: dict[str, object] = {"ticket": ticket, "answer": said}
    if expected is not None:
        body["repair_expected_at"] = rfc3339(parse_instant(expected))
    call.out.show(call.daemon.post(f"/v1/notices/{quote(notice_id, safe='')}/answer", body), render_granted)


def _render(out: Output, value: Mapping[str, Any]) -> None:
    out.table(
        ("notice", "at", "operator", "lines", "down", "told", "ticket", "answer", "over"),
        [
            (
                out.styled(row["id"], STRONG),
                row["at_local"],
                f"{row['operator_name']} {row['operator_phone']}".strip(),
                _lines(row),
                str(row["down"]),
                out.styled(row["told"], TOLD[row["told"]]),
                row["ticket"],
                row["answer"],
                out.styled("yes", QUIET) if row["over_at"] else "",
            )
            for row in value["notices"]
        ],
        empty="no transmission operator waits for anything",
    )
    if value["more"]:
        out.remark("there are more; name an operator with --operator")


def _lines(row: Mapping[str, Any]) -> str:
    first = row["lines"][0]["line"] if row["lines"] else row["site_id"]
    return first if row["count"] == 1 else f"{first} and {row['count'] - 1} more"
