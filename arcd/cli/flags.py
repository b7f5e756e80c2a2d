"""arcctl test and arcctl maintenance: put a site on test or out of service, with an end and a person behind it.

One rule: the same verbs for both; how long each may be and who may ask is decided in the daemon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from arcd.cli.cases import render_granted
from arcd.cli.completion import flag_ids, site_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import GOOD, QUIET, STRONG, WARNING, Output
from arcd.cli.times import parse_duration


def flag_verbs(kind: str, *, word: str, help_text: str, length: str) -> typer.Typer:
    """start, stop and list for one kind of flag."""
    app = group(help_text)
    starts = (
        f'arcctl {word} start K-1 --for {length} --reason "Yearly test" --by c1 --verified code_word',
        f'arcctl {word} start K-1 --until 2026-12-01T16:00 --zone 3 --zone 4 --reason "Glazing" --verified operator',
        f'arcctl {word} start K-1 --for {length} --category fire --reason "Sprinklers" --by c1 --verified call_back',
    )
    verb(app, "start", examples=starts)(_starting(kind))
    verb(app, "stop", examples=(f'arcctl {word} stop F34 --reason "Finished early"',))(stop)
    verb(app, "list", examples=(f"arcctl {word} list", f"arcctl {word} list --json"))(_listing(kind))
    return app


def _starting(kind: str) -> Callable[..., None]:
    def start(
        call: Invocation,
        site: Annotated[str, typer.Argument(metavar="SITE", help="Site id, like K-1.", autocompletion=site_ids)],
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
        length: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="90s, 45min, 2h, 1d12h.")] = None,
        until: Annotated[
            str | None, typer.Option(metavar="INSTANT", help="End, in the site's time: 2026-12-01T16:00.")
        ] = None,
        begin: Annotated[str | None, typer.Option("--from", metavar="INSTANT", help="Start later than now.")] = None,
        system: Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this system; repeatable.")] = None,
        area: Annotated[list[str] | None, typer.Option(metavar="NUMBER", help="Only this area; repeatable.")] = None,
        zone: Annotated[list[str] | None, typer.Option(metavar="NUMBER", help="Only this zone; repeatable.")] = None,
        category: Annotated[
            list[str] | None,
            typer.Option(metavar="WORD", help="Only this; fire, holdup, duress, medical must be named. Repeatable."),
        ] = None,
        by: Annotated[str, typer.Option(metavar="CONTACT", help="Contact id on whose word it is placed.")] = "",
        verified: Annotated[str, typer.Option(metavar="HOW", help="code_word, call_back, in_person or operator.")] = "",
    ) -> None:
        """Start it for a whole site or a part. Signals are still received, acknowledged and kept."""
        if (length is None) == (until is None):
            raise UsageError("say when it ends: either --for or --until")
        scope = {"systems": system, "areas": area, "zones": zone, "categories": category}
        body: dict[str, object] = {
            "kind": kind,
            "site_id": site,
            "reason": reason,
            "requested_by": by,
            "verified_how": verified,
            "scope": {name: names for name, names in scope.items() if names},
        }
        body |= {"duration_s": parse_duration(length)} if length is not None else {"until": until}
        if begin is not None:
            body["starts_at"] = begin
        answer = call.daemon.post("/v1/flags", body)
        flags = call.daemon.get("/v1/flags", kind=kind)["flags"]
        placed = next((flag for flag in flags if flag["id"] == answer["subject"]), None)
        call.out.show({**answer, "flag": placed}, _render_started)

    return start


def stop(
    call: Invocation,
    flag_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", autocompletion=flag_ids)],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
) -> None:
    """End it now: what comes from here on is live."""
    call.out.show(call.daemon.post(f"/v1/flags/{quote(flag_id, safe='')}/end", {"reason": reason}), render_granted)


def _listing(kind: str) -> Callable[..., None]:
    def show_all(call: Invocation) -> None:
        """List what is in force or still to come, the earliest end first."""
        call.out.show(call.daemon.get("/v1/flags", kind=kind), _render_flags)

    return show_all


test_app = flag_verbs(
    "on_test", word="test", length="2h", help_text="On test (koestus): signals of a site or a part are only logged."
)
maintenance_app = flag_verbs(
    "maintenance", word="maintenance", length="5d", help_text="Out of service (huolto): planned, longer, with an end."
)


def _render_started(out: Output, answer: Mapping[str, Any]) -> None:
    flag = answer["flag"]
    if flag is None:
        render_granted(out, answer)
        return
    out.line(
        out.styled("done", GOOD),
        f" {flag['id']}: {flag['site_id']} {flag['site_name']}, {_scope(flag)}, until ",
        out.styled(flag["until_local"], STRONG),
    )


def _render_flags(out: Output, value: Mapping[str, Any]) -> None:
    out.table(
        ("id", "site", "covers", "until", "state", "held", "placed by", "on the word of", "reason"),
        [
            (
                out.styled(flag["id"], STRONG),
                f"{flag['site_id']} {flag['site_name']}".strip(),
                _scope(flag),
                flag["until_local"],
                out.styled("in force", WARNING)
                if flag["in_force"]
                else out.styled(f"from {flag['starts_at_local']}", QUIET),
                str(flag["held"]),
                flag["placed_by"],
                f"{flag['requested_by']} {flag['verified_how']}".strip(),
                flag["reason"],
            )
            for flag in value["flags"]
        ],
        empty="nothing is on test or out of service here",
    )


def _scope(flag: Mapping[str, Any]) -> str:
    names = {"systems": "system", "areas": "area", "zones": "zone", "categories": "only"}
    parts = [f"{names[part]} {', '.join(members)}" for part, members in flag["scope"].items() if members]
    told = "; ".join(parts) or "all"
    return told if flag["scope"]["categories"] else f"{told} (not life safety)"
