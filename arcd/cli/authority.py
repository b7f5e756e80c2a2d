"""arcctl case authority: telling the emergency centre or the police, and recording what they answered.

One rule: nothing here calls anybody. The operator calls; this shows what to say and writes down what was said.
"""

from __future__ import annotations

from typing import Annotated

import typer

from arcd.cli.authority_text import render_authority
from arcd.cli.completion import case_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import render_granted

ACTIONS = ("show", "notify", "answer", "update", "cancel", "level")
EXAMPLES = (
    "arcctl case authority C12 show --lang fi",
    "arcctl case authority C12 notify",
    'arcctl case authority C12 notify --reason "Guard sees two people inside"',
    'arcctl case authority C12 answer --authority "Hätäkeskus" --number 112 --person Salo '
    "--reference 2026-1187 --outcome accepted",
    'arcctl case authority C12 update --text "The keyholder is there with the keys"',
    'arcctl case authority C12 cancel --reason "Cleaner, verified by code word"',
    'arcctl case authority C12 level 3 --reason "Seen on camera 2"',
)


def add_authority(app: typer.Typer) -> None:
    verb(app, "authority", examples=EXAMPLES)(authority)


def authority(
    call: Invocation,
    case_id: Annotated[str, typer.Argument(metavar="CASE", help="Case id, like C12.", autocompletion=case_ids)],
    action: Annotated[str, typer.Argument(metavar="|".join(ACTIONS))] = "show",
    level: Annotated[int | None, typer.Argument(metavar="0…4", help="Verification level, for level.")] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why: confirms a check, or ends the matter.")] = "",
    text: Annotated[str, typer.Option(metavar="TEXT", help="What is new, besides what the case says.")] = "",
    who: Annotated[str, typer.Option("--authority", metavar="NAME", help="answer: who was called.")] = "",
    number: Annotated[str, typer.Option(metavar="NUMBER", help="answer: the number that was called.")] = "",
    person: Annotated[str, typer.Option(metavar="NAME", help="answer: who answered there.")] = "",
    reference: Annotated[str, typer.Option(metavar="REF", help="answer: their reference.")] = "",
    outcome: Annotated[
        str, typer.Option(metavar="accepted|rejected|no_answer|busy", help="answer: what came of it.")
    ] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="answer: when, like 2026-12-01T16:00. [just now]")] = "",
    seen_version: Annotated[
        int, typer.Option(metavar="N", min=0, help="Refuse when the case has changed since this version.")
    ] = 0,
) -> None:
    """Tell an authority about a case, and record its answer: the script, the decision, the call."""
    from urllib.parse import quote

    if action not in ACTIONS:
        raise UsageError(f"{action!r} is nothing to do here; write {', '.join(ACTIONS)}")
    place = f"/v1/cases/{quote(case_id.strip(), safe='')}/authority"
    if action == "show":
        call.out.show(call.daemon.get(place, lang=call.language), render_authority)
        return
    body: dict[str, object]
    if action == "answer":
        if not outcome:
            raise UsageError("say what came of the call: --outcome accepted, rejected, no_answer or busy")
        body = {"authority": who, "number": number, "answer": outcome, "called_at": at, "person": person}
        answer = call.daemon.post(f"{place}/calls", {**body, "reference": reference, "note": text})
    else:
        if (level is not None) != (action == "level"):
            raise UsageError("a number from 0 to 4 goes with level, and only with it")
        body = {"reason": reason, "text": text, "level": level, "seen_version": seen_version}
        answer = call.daemon.post(f"{place}/{action}", body)
    call.out.show(answer, render_granted)
