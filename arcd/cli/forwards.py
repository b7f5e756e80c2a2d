"""arcctl forward: outputs to automation software and to other centres, how far each has come, and hand-over.

One rule: it asks and the daemon decides. Every switch has a reason and an end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, Output, render_granted
from arcd.cli.times import local, parse_duration, read_instant

app = group("Outputs: automation software, and another centre for the night. How far each has come; hand-over.")

Name = Annotated[str, typer.Argument(metavar="OUTPUT", help="Its name in the settings, as `forward list` shows it.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]
Length = Annotated[str, typer.Option("--for", metavar="DURATION", help="45min, 12h, 2d; at most 7 days.")]


@verb(app, "list", examples=("arcctl forward list", "arcctl forward list --json"))
def show_all(call: Invocation) -> None:
    """List the outputs: whether each is up, what waits, how old it is."""
    call.out.show(call.daemon.get("/v1/outputs"), _render)


@verb(app, "on", examples=('arcctl forward on night --for 12h --reason "Nobody on the evening shift"',))
def on(call: Invocation, output: Name, reason: Why, length: Length) -> None:
    """Forward signals from now on, whatever the hours say. They stay open here as well."""
    _switch(call, output, reason, length, is_on=True)


@verb(app, "off", examples=('arcctl forward off night --for 8h --reason "Their line is being rebuilt"',))
def off(call: Invocation, output: Name, reason: Why, length: Length) -> None:
    """Forward nothing that comes from now on. What came before still goes."""
    _switch(call, output, reason, length, is_on=False)


def _switch(call: Invocation, output: str, reason: str, length: str, *, is_on: bool) -> None:
    try:
        lasts_s = parse_duration(length)
    except ValueError as error:
        raise UsageError(f"--for {length}: {error}") from None
    body = {"on": is_on, "lasts_s": lasts_s, "reason": reason}
    call.out.show(call.daemon.post(f"/v1/outputs/{output}", body), render_granted)


def _render(out: Output, value: Mapping[str, Any]) -> None:
    out.table(
        ("output", "state", "to", "waiting", "since", "sent", "refused", "detail"),
        [_row(out, each) for each in value["outputs"]],
        empty="no outputs: section outputs of the settings",
    )


def _row(out: Output, each: Mapping[str, Any]) -> tuple[Any, ...]:
    waiting = str(each["waiting"]) if each["waiting"] else ""
    oldest = read_instant(each["oldest"])
    since = local(oldest) if oldest is not None else ""
    done = (str(each["sent"]), str(each["refused"] or ""))
    detail = each["detail"] + (f"; {each['shortened']} without a number" if each["shortened"] else "")
    return (each["name"], state_of(out, each), f"{each['form']} {each['where']}", waiting, since, *done, detail)


def state_of(out: Output, each: Mapping[str, Any]) -> Any:
    if not each["is_on"]:
        return out.styled("off", QUIET)
    return out.styled("up", GOOD) if each["is_up"] else out.styled("DOWN", BAD)
