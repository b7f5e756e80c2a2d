"""arcctl relay: outputs of field devices (doors, gates, sirens): what is known of them, and switching one.

One rule: it asks and the daemon decides. What became of it is in the list, and on somebody's desk when it went wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from arcd.cli import identity
from arcd.cli.completion import site_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, QUIET, STRONG, WARNING, Output, render_granted
from arcd.cli.times import local, read_instant

STATE_STYLES = {"off": QUIET, "on": STRONG, "switching": WARNING, "unknown": BAD}

app = group("Outputs: doors, gates, sirens. A door opens on the word of a contact who was verified just now.")

Site = Annotated[str, typer.Argument(metavar="SITE", help="Site id, like K-1.", autocompletion=site_ids)]
RelayId = Annotated[str, typer.Argument(metavar="RELAY", help="Relay id, as `relay list` names it.")]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.")]
Case = Annotated[str, typer.Option("--case", metavar="CASE", help="The open case it is done for.")]
Step = Annotated[str, typer.Option("--step", metavar="STEP", help="The step of its plan that this does.")]
By = Annotated[str, typer.Option("--by", metavar="CONTACT", help="On whose word: a door_open_authority of the site.")]
Check = Annotated[str, typer.Option("--check", metavar="ID", help="Their identity check of the last 10 minutes.")]
Word = Annotated[bool, typer.Option("--word", help="Check the contact's word now; it is asked for and not shown.")]
CallBack = Annotated[bool, typer.Option("--call-back", help="You called back the registered number just now.")]


@verb(app, "list", examples=("arcctl relay list K-1", "arcctl relay list K-1 --json"))
def show_all(call: Invocation, site: Site) -> None:
    """List a site's outputs and what is known of each."""
    call.out.show(call.daemon.get("/v1/relays", site=site), _render)


@verb(
    app,
    "pulse",
    examples=(
        'arcctl relay pulse K-1 gate --reason "No keys" --by helmi --call-back',
        'arcctl relay pulse K-1 gate --reason "No keys" --case C12 --by helmi --check I17',
    ),
)
def pulse(
    call: Invocation,
    site: Site,
    relay: RelayId,
    reason: Why,
    case: Case = "",
    step: Step = "",
    by: By = "",
    check: Check = "",
    word: Word = False,
    call_back: CallBack = False,
) -> None:
    """Switch it on for its length. It is read back, and never repeated by itself."""
    if word or call_back:
        if not by:
            raise UsageError("whose word? Name the contact with --by")
        check = str(identity.checked(call, site, by, word=word, called_back=call_back)["subject"])
    _ask(call, site, relay, "pulse", reason, case, step, requested_by=by, identity_check=check)


@verb(app, "on", examples=('arcctl relay on K-1 siren --reason "Intruder in the yard" --case C12 --step announce',))
def on(call: Invocation, site: Site, relay: RelayId, reason: Why, case: Case = "", step: Step = "") -> None:
    """Switch it on until it is switched off."""
    _ask(call, site, relay, "on", reason, case, step)


@verb(app, "off", examples=('arcctl relay off K-1 siren --reason "Guard is there"',))
def off(call: Invocation, site: Site, relay: RelayId, reason: Why, case: Case = "") -> None:
    """Switch it off. That is always allowed."""
    _ask(call, site, relay, "off", reason, case)


@verb(app, "settle", examples=('arcctl relay settle K-1 gate --reason "Camera 2: shut"',))
def settle(call: Invocation, site: Site, relay: RelayId, reason: Why, case: Case = "") -> None:
    """Say that an output of unknown state is off, because somebody has looked."""
    _ask(call, site, relay, "settle", reason, case)


def _ask(
    call: Invocation, site: str, relay: str, action: str, reason: str, case: str, step: str = "", **word: str
) -> None:
    body = {"site_id": site, "relay_id": relay, "action": action, "reason": reason, "case_id": case}
    body |= {"step_id": step, **word}
    call.out.show(call.daemon.post("/v1/relays", body), render_granted)


def _render(out: Output, value: Mapping[str, Any]) -> None:
    rows = []
    for relay in value["relays"]:
        since = read_instant(relay["since"])
        told = f"{relay['by']} {local(since)}" if since is not None else ""
        length = f"{relay['pulse_s']:g} s" if relay["pulse_s"] is not None else "on/off"
        rows.append(
            (
                relay["relay_id"],
                out.styled(relay["state"], STATE_STYLES.get(relay["state"], STRONG)),
                relay["name"] or relay["kind"],
                length,
                relay["interlock"],
                told,
                relay["detail"],
            )
        )
    out.table(
        ("relay", "state", "name", "length", "interlock", "asked by", "detail"), rows, empty="this site has no relays"
    )
