"""arcctl rules explain: which route would take a signal, and why the others would not.

One rule: it is the decision itself, asked for and not acted on: the running daemon's about one of its sites,
or the shipped rules' (with your own over them) about a site that is only described.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import NotFoundError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, Output
from arcd.cli.rules import usable_rules

if TYPE_CHECKING:
    from rules.schema import PackTest

# Marks of rules.explain, and the reasons that deserve a second look.
MARKS = {"●": GOOD, "○": QUIET, "└▶": STRONG, "(life_safety_raised)": BAD, "(plan_missing)": BAD}

# Where a situation is wrong → the option that said so, where they are not called alike.
OPTIONS = {
    ("state", "open_categories"): "--open",
    ("site", "groups"): "--group",
    ("site", "tags"): "--tag",
    ("site", "services"): "--service",
    ("zone", "number"): "--zone",
    ("zone", "kind"): "--zone-kind",
    ("system", "kind"): "--system-kind",
}

Words = Annotated[list[str] | None, typer.Option(metavar="WORD", help="Repeatable.")]


def add_to(app: typer.Typer) -> None:
    examples = (
        "arcctl rules explain --code BA --zone 3 --armed",
        "arcctl rules explain --code 130 --scheme contact_id --group shops --verification 2",
        "arcctl rules explain --site K-1 --code FA",
        "arcctl rules explain --rules /etc/arcd/rules --category fire --weekday sat --at 03:12",
    )
    verb(app, "explain", examples=examples)(explain)


def explain(
    call: Invocation,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Event code: BA, FA, 130, …")] = None,
    scheme: Annotated[str, typer.Option(metavar="sia|contact_id|arcd", help="Table the code is from.")] = "sia",
    qualifier: Annotated[str | None, typer.Option(metavar="WORD", help="new, restore or status [the table's].")] = None,
    category: Annotated[str | None, typer.Option(metavar="WORD", help="fire, intrusion, … [the table's].")] = None,
    zone: Annotated[str | None, typer.Option(metavar="NUMBER", help="Zone or point.")] = None,
    area: Annotated[str | None, typer.Option(metavar="NUMBER", help="Area or partition.")] = None,
    user: Annotated[str | None, typer.Option(metavar="NUMBER", help="User.")] = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Text of the signal.")] = None,
    armed: Annotated[bool | None, typer.Option("--armed/--disarmed", help="Of the signal's area.")] = None,
    verification: Annotated[int, typer.Option(metavar="0…4", min=0, max=4, help="Level of confirmation.")] = 0,
    open_category: Annotated[
        list[str] | None, typer.Option("--open", metavar="WORD", help="Category of an open case; repeatable.")
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Like 03:12; with --site an instant like 2026-12-24T03:12.")
    ] = None,
    site: Annotated[str | None, typer.Option(metavar="ID", help="Ask the daemon about this site.")] = None,
    account: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Ask the daemon about the site of this account.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(metavar="ID", help="System of the site [the one with the zone].")
    ] = None,
    rules: Annotated[Path | None, typer.Option(metavar="DIR", help="Your own rules over the shipped ones.")] = None,
    kind: Annotated[str, typer.Option(metavar="WORD", help="Kind of the site: shop, bank, …")] = "",
    group: Words = None,
    tag: Words = None,
    service: Words = None,
    system_kind: Annotated[str, typer.Option(metavar="WORD", help="intrusion, fire, technical, …")] = "",
    zone_kind: Annotated[str, typer.Option(metavar="WORD", help="door, pir, smoke, …")] = "",
    weekday: Annotated[str | None, typer.Option(metavar="mon…sun", help="Weekday at the site [mon].")] = None,
    holiday: Annotated[bool, typer.Option("--holiday", help="On a public holiday.")] = False,
    unknown_site: Annotated[
        bool, typer.Option("--unknown-site", help="From an account nobody has configured.")
    ] = False,
) -> None:
    """Show the route that takes a signal, and what stopped the others.

    With --site or --account the running daemon answers from its own rules and the site as it is now; else the shipped
    rules answer about a site described by the other options, without a daemon.
    """
    signal = _signal(code, scheme) | _given(
        qualifier=qualifier, category=category, area=area, zone=zone, user=user, text=text
    )
    if "code" not in signal and "category" not in signal:
        raise UsageError("say what came: --code CODE, or --category WORD")
    state = _given(armed=armed, verification=verification, open_categories=open_category)
    described_by = {
        "--rules": rules, "--kind": kind, "--group": group, "--tag": tag, "--service": service,
        "--system-kind": system_kind, "--zone-kind": zone_kind, "--weekday": weekday, "--holiday": holiday,
        "--unknown-site": unknown_site,
    }  # fmt: skip
    if site is not None or account is not None:
        _refuse_both(described_by)
        question = {"signal": signal, "site_id": site or _site_of(call, account or ""), "state": state}
        answer = call.daemon.post("/v1/rules/explain", question | _given(system_id=system, at=at))
    elif system is not None:
        raise UsageError("--system names one of a site's systems; give --site or --account as well")
    else:
        described = {
            "signal": signal,
            "site": "unknown" if unknown_site else _given(kind=kind, groups=group, tags=tag, services=service),
            "zone": _given(number=zone, kind=zone_kind) if zone is not None or zone_kind else None,
            "system": {"kind": system_kind},
            "state": state,
            "time": _given(weekday=weekday, at=at, holiday=holiday),
        }
        answer = _explained(call, rules, {"name": "explain", **described})
    call.out.show(answer, _render)


def _signal(code: str | None, scheme: str) -> dict[str, object]:
    """Codes are upper case in both standards' tables; the daemon's own are not."""
    return _given(scheme=scheme, code=code.upper() if code is not None and scheme != "arcd" else code)


def _refuse_both(described_by: Mapping[str, object]) -> None:
    """What a site is like, the daemon knows: an option that it would not look at must not seem to have counted."""
    given = [option for option, value in described_by.items() if value]
    if given:
        raise UsageError(f"{given[0]} describes a site, and with --site or --account the daemon answers about its own")


def _given(**options: object) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def _explained(call: Invocation, rules: Path | None, described: Mapping[str, object]) -> dict[str, Any]:
    """The daemon's answer to the same question, made here."""
    from rules.explain import render
    from rules.packtest import NOW, signal_of, view_of
    from rules.paths import ValueFault

    situation = _situation(described)
    ruleset = usable_rules(call, rules)
    try:
        signal = signal_of(situation.signal)
    except ValueFault as fault:
        raise UsageError(f"{fault.message}; {fault.advice}") from fault
    explanation = ruleset.explain(signal, view_of(situation), NOW)
    decision = explanation.decision
    return {
        "route": decision.route,
        "plan": decision.plan,
        "priority": decision.priority.value,
        "reason": decision.reason.value,
        "opens_case": decision.opens_case,
        "rules_digest": decision.rules_digest,
        "trace": [
            {"route": step.route, "matched": step.matched, "failing": step.failing} for step in explanation.trace
        ],
        "tree": render(explanation),
    }


def _situation(described: Mapping[str, object]) -> PackTest:
    """Read as the tests in packs are read, so that both mean the same."""
    import msgspec
    from pydantic import ValidationError

    from rules.schema import PackTest

    try:
        return PackTest.model_validate_json(msgspec.json.encode(described))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = tuple(str(part) for part in fault["loc"][:2])
        option = OPTIONS.get((place[0], place[-1]), f"--{place[-1].replace('_', '-')}")
        if option == "--at":
            raise UsageError("--at: write the time like 03:12") from None
        raise UsageError(f"{option}: {fault['msg'][:1].lower()}{fault['msg'][1:]}") from None


def _site_of(call: Invocation, account: str) -> str:
    """The site an account belongs to. The daemon lists sites, not accounts, so they are looked through."""
    from arcd.cli.sites import all_sites

    rows = all_sites(call)
    wanted = account.upper()
    with call.out.progress("looking for the account") as report:
        for index, row in enumerate(rows):
            report(index, len(rows))
            site = call.daemon.get(f"/v1/sites/{row['id']}")
            numbers = [each["number"].upper() for system in site["systems"] for each in system["accounts"]]
            if wanted in numbers:
                return str(row["id"])
    raise NotFoundError(f"no site has the account {account}; `arcctl sites list` lists the sites")


def _render(out: Output, value: Mapping[str, Any]) -> None:
    for line in value["tree"].split("\n"):
        style = next((style for mark, style in MARKS.items() if mark in line), "")
        out.line(out.styled(line, style))
