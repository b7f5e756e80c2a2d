"""arcctl status: is the daemon well, and what is waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from arcd.cli.failures import FindingError
from arcd.cli.forwards import state_of
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, PRIORITY_STYLES, QUIET, STRONG, Output
from arcd.cli.times import local, read_instant, span


def add_to(app: typer.Typer) -> None:
    verb(app, "status", examples=("arcctl status", "arcctl status --json"))(status)


def status(call: Invocation) -> None:
    """Show whether the daemon is well: checks, listeners, open cases, what waits to be sent.

    Exit code 1 when one of its checks fails.
    """
    value = call.daemon.get("/v1/status")
    call.out.show(value, _render)
    if not value["ok"]:
        raise FindingError("")


def _render(out: Output, value: Mapping[str, Any]) -> None:
    well = out.styled("well", GOOD) if value["ok"] else out.styled("in trouble", BAD)
    since = local(read_instant(value["started_at"]))
    out.line("arcd ", out.styled(value["version"], STRONG), " is ", well, f", up {span(value['up_s'])} (since {since})")
    for check in value["checks"]:
        mark = out.styled("ok   ", GOOD) if check["ok"] else out.styled("FAIL ", BAD)
        out.line("  ", mark, f"{check['name']}", out.styled(f"  {check['detail']}", QUIET))
    for listener in value["listeners"]:
        out.line(out.styled("  listens ", QUIET), f"{listener['name']} on {listener['address']}")
    for line in value["lines"]:
        state = out.styled("ok   ", GOOD) if line["state"] == "well" else out.styled("FAIL ", BAD)
        heard = f"heard {local(read_instant(line['last_heard']))}" if line["last_heard"] else "not heard yet"
        since = f", {line['state']} since {local(read_instant(line['since']))}" if line["since"] else ""
        out.line(
            "  ",
            state,
            f"line {line['name']}",
            out.styled(f"  {line['where']} ({line['dialect']}), {heard}{since}", QUIET),
        )
    for each in value["outputs"]:
        waits = f", {each['waiting']} waiting since {local(read_instant(each['oldest']))}" if each["oldest"] else ""
        said = out.styled(f"  {each['form']} {each['where']}, {each['detail']}{waits}", QUIET)
        out.line("  ", state_of(out, each), f"   output {each['name']}", said)
    cases = [
        out.styled(f"{priority} {count} ", PRIORITY_STYLES.get(priority, ""))
        for priority, count in sorted(value["cases_open"].items())
        if count
    ]
    out.line(out.styled("  open cases ", QUIET), *(cases or [out.styled("none", GOOD)]))
    waiting = ", ".join(f"{channel} {count}" for channel, count in sorted(value["outbox"].items()) if count)
    out.line(out.styled("  to be sent ", QUIET), waiting or "nothing")
    out.line(
        out.styled("  site base ", QUIET),
        f"{value['sites']} sites, {value['accounts']} accounts, {value['flags']} flags in force",
    )
    out.line(
        out.styled("  journal ", QUIET),
        f"entry {value['journal_seq']}, rules {value['rules_digest'][:12]}, queue {value['queue_depth']}",
    )
