"""arcctl arrangements: exceptional arrangements while lines are down.

One rule: the work is moves of the case (`arcctl case move`); here is whose time is up next, who was told, the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from arcd.cli.completion import case_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, PRIORITY_STYLES, QUIET, STRONG, WARNING, Output, render_granted
from arcd.cli.times import parse_instant, rfc3339

app = group("Exceptional arrangements while lines are down: whose time is up next, who was told, the report.")

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Case id, like C12.", autocompletion=case_ids)]


@verb(app, "list", examples=("arcctl arrangements list", "arcctl arrangements list --json"))
def show_all(call: Invocation) -> None:
    """List open ones, the next whose time is up first."""
    value = call.daemon.get("/v1/arrangements", lang=call.language)
    call.out.show(value, _render)


@verb(app, "report", examples=("arcctl arrangements report C12", "arcctl arrangements report C12 --lang sv"))
def report(call: Invocation, case_id: CaseId) -> None:
    """The report for the customer: when what happened, who decided, durations, rounds, cost, who was told."""
    value = call.daemon.get(f"/v1/arrangements/{quote(case_id, safe='')}/report", lang=call.language)
    call.out.show(value, _render_report)


@verb(
    app,
    "inform",
    examples=(
        'arcctl arrangements inform C12 --contact kaisa --how mail --text "A guard stays until the line works"',
        'arcctl arrangements inform C12 --name "Insurer, claims desk" --how phone --reference 88-1203',
        'arcctl arrangements inform C12 --name "Insurer, claims desk" --how phone --over',
    ),
)
def inform(
    call: Invocation,
    case_id: CaseId,
    how: Annotated[str, typer.Option(metavar="WORD", help="mail: arcd writes. phone, …: you have told them.")],
    contact: Annotated[str, typer.Option(metavar="ID", help="A contact of the site or of the centre.")] = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="Somebody else.")] = "",
    over: Annotated[bool, typer.Option("--over", help="They are told that it is over.")] = False,
    text: Annotated[str, typer.Option(metavar="TEXT", help="Added to the mail.")] = "",
    reference: Annotated[str, typer.Option(metavar="TEXT", help="Their number for it, or who took it.")] = "",
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When they were told [now].")] = None,
) -> None:
    """Tell somebody, or record that they were told. Whoever was told is told again before the case can be closed."""
    if bool(contact.strip()) == bool(name.strip()):
        raise UsageError("say who: either --contact ID or --name TEXT")
    body: dict[str, object] = {
        "contact_id": contact, "name": name, "how": how, "over": over, "text": text, "reference": reference,
    }  # fmt: skip
    if at is not None:
        body["told_at"] = rfc3339(parse_instant(at))
    call.out.show(call.daemon.post(f"/v1/cases/{quote(case_id, safe='')}/informed", body), render_granted)


def _render(out: Output, value: Mapping[str, Any]) -> None:
    out.table(
        ("case", "pri", "site", "state", "down since", "time left", "up", "next round", "provider", "still to tell"),
        [
            (
                out.styled(row["case_id"], STRONG),
                out.styled(row["priority"], PRIORITY_STYLES.get(row["priority"], "")),
                f"{row['site_id']}/{row['system_id']} {row['site_name']}".strip(),
                row["state_title"],
                row["fault_since_local"] if row["fault_since"] else "",
                out.styled(_left(row), _style(row)),
                "yes" if row["up_since"] else "",
                row["next_round_local"],
                row["provider"],
                str(row["not_told_again"] or ""),
            )
            for row in value["arrangements"]
        ],
        empty="no line needs an exceptional arrangement",
    )


def _left(row: Mapping[str, Any]) -> str:
    """Minutes, because that is what the limit is spoken of in."""
    left_s = row["left_s"]
    if left_s is None:
        return ""
    return f"{left_s / 60:.0f} min" if left_s >= 0 else f"over by {-left_s / 60:.0f} min"


def _style(row: Mapping[str, Any]) -> str:
    if row["left_s"] is None:
        return QUIET
    return BAD if row["left_s"] < 0 else WARNING if row["soon"] else ""


def _render_report(out: Output, value: Mapping[str, Any]) -> None:
    out.block(value["text"].rstrip("\n"), indent=0)
    if value["instructions"]:
        out.line()
        out.line(out.styled("as the subscriber wants it", STRONG))
        out.block(value["instructions"])
    for name, people in (("rescue department", value["rescue"]), ("providers", value["providers"])):
        for person in people:
            out.line(out.styled(f"{name}: ", QUIET), f"{person['name']} {' '.join(person['phones'])}".strip())
