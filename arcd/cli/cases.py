"""arcctl cases and arcctl case: the queue, one case, and what people do with it.

One rule: every act is a request that the daemon grants or refuses; a refusal names the rule and what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from arcd.cli.authority import add_authority
from arcd.cli.case_text import render_case, render_cases
from arcd.cli.completion import case_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import render_granted
from arcd.cli.times import parse_duration

ROWS_MAX = 2000  # as the daemon's lists

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Case id, like C12.", autocompletion=case_ids)]
Field = Annotated[
    list[str] | None, typer.Option("--field", metavar="NAME=VALUE", help="A field of the form; repeatable.")
]

app = group("One case: show it, acknowledge, note, take steps, move, close, open by hand.")


def add_to(root: typer.Typer) -> None:
    verb(root, "cases", examples=("arcctl cases", "arcctl cases --all --site K-1", "arcctl cases --type alarm --json"))(
        cases
    )
    root.add_typer(app, name="case")


def cases(
    call: Invocation,
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    site: Annotated[str | None, typer.Option(metavar="ID", help="Of this site only.")] = None,
    case_type: Annotated[str | None, typer.Option("--type", metavar="TYPE", help="Of this case type only.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=ROWS_MAX, help="Rows at most.")] = 200,
) -> None:
    """List open cases, the most urgent and then the oldest first."""
    value = call.daemon.get("/v1/cases", open=not everything, site=site, type=case_type, limit=limit)
    call.out.show(value, render_cases)
    if value["more"] and not call.as_json:
        call.out.remark(f"there are more; --limit goes up to {ROWS_MAX}")


@verb(app, "show", examples=("arcctl case show C12", "arcctl case show C12 --lang sv"))
def show(call: Invocation, case_id: CaseId) -> None:
    """Show everything about a case: signals, plan and steps, guards, people to call, moves allowed now."""
    call.out.show(call.daemon.get(f"/v1/cases/{_safe(case_id)}", lang=call.language), render_case)


@verb(app, "ack", examples=("arcctl case ack C12",))
def ack(call: Invocation, case_id: CaseId) -> None:
    """Acknowledge a case: you start handling it."""
    _move(call, case_id, "acknowledge", {})


@verb(app, "note", examples=('arcctl case note C12 "Keyholder called back, coming in 20 minutes"',))
def note(call: Invocation, case_id: CaseId, text: Annotated[str, typer.Argument(metavar="TEXT")]) -> None:
    """Write a note into a case."""
    _granted(call, call.daemon.post(f"/v1/cases/{_safe(case_id)}/notes", {"text": text}))


@verb(
    app,
    "step",
    examples=(
        "arcctl case step C12 call-keyholders start",
        "arcctl case step C12 call-keyholders done --outcome answered_verified",
        'arcctl case step C12 view-cameras skip --note "No cameras at this site"',
    ),
)
def step(
    call: Invocation,
    case_id: CaseId,
    step_id: Annotated[str, typer.Argument(metavar="STEP", help="Step id, as `case show` prints it.")],
    action: Annotated[str, typer.Argument(metavar="start|done|skip|fail")],
    outcome: Annotated[str, typer.Option(metavar="WORD", help="Answer of a question, outcome of a call.")] = "",
    reason: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; skipping needs it.")] = "",
    seen_version: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Refuse when the case has changed since this version; sending a guard needs it."
        ),
    ] = 0,
    contact: Annotated[str, typer.Option(metavar="ID", help="Who was called, when the list is called at once.")] = "",
    number: Annotated[
        str, typer.Option(metavar="PHONE", help="The number dialled, if not the contact's next one.")
    ] = "",
) -> None:
    """Start, finish, skip or fail a step of the response plan."""
    if action not in ("start", "done", "skip", "fail"):
        raise UsageError(f"{action!r} is nothing to do with a step; write start, done, skip or fail")
    body = {"action": action, "outcome": outcome, "note": reason, "seen_version": seen_version}
    body |= {"contact_id": contact, "number": number}
    _granted(call, call.daemon.post(f"/v1/cases/{_safe(case_id)}/steps/{_safe(step_id)}", body))


@verb(app, "renew", examples=("arcctl case renew C12", "arcctl case renew C12 --for 10min"))
def renew(
    call: Invocation,
    case_id: CaseId,
    length: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="You will be on the telephone that long.")
    ] = None,
) -> None:
    """Keep your claim on a case; without a word for two minutes it goes back into the queue."""
    hold_s = parse_duration(length) if length is not None else 0
    _granted(call, call.daemon.post(f"/v1/cases/{_safe(case_id)}/renew", {"hold_s": hold_s}))


@verb(
    app,
    "sla",
    examples=(
        'arcctl case sla C12 pause --reason customer_asked --note "Meets the guard at seven"',
        "arcctl case sla C12 resume",
    ),
)
def sla(
    call: Invocation,
    case_id: CaseId,
    action: Annotated[str, typer.Argument(metavar="pause|resume")],
    reason: Annotated[
        str | None,
        typer.Option(
            metavar="WORD",
            help="customer_asked, authority_asked, no_access, unsafe or force_majeure; pausing needs it.",
        ),
    ] = None,
    remark: Annotated[str, typer.Option("--note", metavar="TEXT", help="What should be remembered.")] = "",
) -> None:
    """Stop the clock of the guard's arrival for a reason that is not the guard's, or let it run on."""
    if action not in ("pause", "resume"):
        raise UsageError(f"{action!r} is nothing to do with the clock; write pause or resume")
    body: dict[str, object] = {"action": action, "note": remark}
    if reason is not None:
        body["reason"] = reason
    _granted(call, call.daemon.post(f"/v1/cases/{_safe(case_id)}/sla", body))


@verb(
    app,
    "move",
    examples=("arcctl case move C12 claim", 'arcctl case move C12 park --field reason="Waiting for the locksmith"'),
)
def move(
    call: Invocation,
    case_id: CaseId,
    name: Annotated[str, typer.Argument(metavar="MOVE", help="A move that `case show` lists as allowed now.")],
    field: Field = None,
) -> None:
    """Make a move of the case's life cycle, with the fields its form asks for."""
    _move(call, case_id, name, read_fields(field))


@verb(
    app,
    "close",
    examples=('arcctl case close C12 --disposition user_error --note "Cleaner entered the wrong code"',),
)
def close(
    call: Invocation,
    case_id: CaseId,
    disposition: Annotated[str, typer.Option(metavar="WORD", help="How it ended; `case show` lists the words.")],
    closing_note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What should be remembered.")] = "",
    field: Field = None,
) -> None:
    """Close a case. Refused while a mandatory step is open; the refusal says which."""
    form = {**read_fields(field), "disposition": disposition}
    if closing_note:
        form["note"] = closing_note
    _move(call, case_id, "close", form)


@verb(
    app,
    "open",
    examples=('arcctl case open --type service_request --site K-1 --title "Door contact 3 loose" --priority P4',),
)
def open_case(
    call: Invocation,
    case_type: Annotated[str, typer.Option("--type", metavar="TYPE", help="Case type, as `rules show` lists them.")],
    title: Annotated[str, typer.Option(metavar="TEXT", help="What it is about, in a line.")],
    site: Annotated[str, typer.Option(metavar="ID", help="Site; left out for a matter of the centre.")] = "",
    priority: Annotated[str | None, typer.Option(metavar="P0…P5", help="[the daemon's default, P3]")] = None,
    field: Field = None,
) -> None:
    """Open a case by hand: a request, a report, a door to open."""
    body: dict[str, object] = {"type": case_type, "site_id": site, "title": title, "form": read_fields(field)}
    if priority is not None:
        body["priority"] = priority.upper()
    _granted(call, call.daemon.post("/v1/cases", body))


add_authority(app)


def read_fields(fields: list[str] | None) -> dict[str, str]:
    """`name=value` pairs; a value may hold further `=`."""
    read: dict[str, str] = {}
    for text in fields or ():
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise UsageError(f'--field {text!r}: write it like --field reason="Waiting for the locksmith"')
        if name.strip() in read:
            raise UsageError(f"--field {name.strip()} is given twice; keep one")
        read[name.strip()] = value
    return read


def _move(call: Invocation, case_id: str, name: str, form: Mapping[str, str]) -> None:
    _granted(call, call.daemon.post(f"/v1/cases/{_safe(case_id)}/moves/{_safe(name)}", {"form": dict(form)}))


def _granted(call: Invocation, answer: Mapping[str, Any]) -> None:
    call.out.show(answer, render_granted)


def _safe(part: str) -> str:
    """One segment of a path, whatever was typed."""
    from urllib.parse import quote

    if not part.strip():
        raise UsageError("an id cannot be empty")
    return quote(part.strip(), safe="")
