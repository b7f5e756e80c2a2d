"""arcctl sites: the site base in force, and the import that changes it.

One rule: an import is all or nothing, and a dry run shows first what it would do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from arcd.cli.completion import site_ids
from arcd.cli.failures import UsageError
from arcd.cli.imports import import_files
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, QUIET, STRONG, WARNING, Output, render_granted
from arcd.cli.times import local, read_instant

PAGE_ROWS = 2000  # the most the daemon gives at once
SITES_MAX = 50_000  # as a site base may hold

app = group("Sites: list and show what is in force, import a site base directory.")


@verb(app, "list", examples=("arcctl sites list", "arcctl sites list --json"))
def show_all(call: Invocation) -> None:
    """List all sites by id."""
    call.out.show({"sites": all_sites(call)}, _render_sites)


@verb(app, "show", examples=("arcctl sites show K-1", "arcctl sites show K-1 --lang fi"))
def show(
    call: Invocation,
    site: Annotated[str, typer.Argument(metavar="ID", help="Site id, like K-1.", autocompletion=site_ids)],
) -> None:
    """Show a site: systems, accounts, zones, people, flags, what has not been restored."""
    call.out.show(call.daemon.get(f"/v1/sites/{quote(site, safe='')}", lang=call.language), _render_site)


@verb(
    app,
    "import",
    examples=(
        "arcctl sites import /etc/arcd/site-base --dry-run",
        "arcctl sites import /etc/arcd/site-base --remove-missing",
    ),
)
def import_directory(
    call: Invocation,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="With centre.yaml and sites/*.yaml.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    remove_missing: Annotated[
        bool, typer.Option("--remove-missing", help="Remove sites that are in force and not in DIR.")
    ] = False,
) -> None:
    """Import a site base directory, all of it or nothing. Keys named by key_file are read here and sent along."""
    from arcd.cli.key_files import with_keys
    from arcd.cli.source_files import read_directory

    texts = read_directory(directory)
    files: dict[str, str] = {}
    with call.out.progress("reading") as report:
        for name, text in texts.items():
            files[name] = with_keys(text, name, directory)
            report(len(files), len(texts))
    body = {"files": files, "dry_run": dry_run, "remove_missing": remove_missing}
    import_files(call, "/v1/sites/import", body, directory)


@verb(
    app,
    "change-key",
    examples=(
        "arcctl sites change-key K-1 1002 --key-file new.key",
        "arcctl sites change-key K-1 1002 --withdraw",
    ),
)
def change_key(
    call: Invocation,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Site id, like K-1.", autocompletion=site_ids)],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account number of the panel.")],
    key_file: Annotated[Path | None, typer.Option(metavar="PATH", help="File with the new key.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back the one offered.")] = False,
) -> None:
    """Offer a panel in service a new key: it travels in our next answers, under the old key (DC-09-2026, RSP).

    Only for accounts with a dialect that takes one (`arcctl panel dialects`), and only for supervisors. Both keys are
    read until a day after the panel has used the new one; if it has not within 26 hours, the offer ends and a case
    opens. Afterwards write the new key into the site base: an import that still names the old one keeps the new one.
    """
    from arcd.cli.source_files import read_text

    if (key_file is None) != withdraw:
        raise UsageError("give --key-file, or --withdraw")
    key = None if key_file is None else read_text(key_file).strip()
    if key == "":
        raise UsageError(f"{key_file} is empty; it must hold the key")
    path = f"/v1/sites/{quote(site, safe='')}/accounts/{quote(account, safe='')}/key"
    call.out.show(call.daemon.post(path, {} if key is None else {"key": key}), render_granted)


def all_sites(call: Invocation) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while len(rows) < SITES_MAX:
        page = call.daemon.get("/v1/sites", after=rows[-1]["id"] if rows else "", limit=PAGE_ROWS)
        rows += page["sites"]
        if not page["more"] or not page["sites"]:
            break
    return rows


def _render_sites(out: Output, value: Mapping[str, Any]) -> None:
    out.table(
        ("site", "name", "address", "systems", "accounts", "flags", "open cases"),
        [
            (
                out.styled(row["id"], STRONG),
                row["name"],
                ", ".join(part for part in (row["address"], row["municipality"]) if part),
                str(row["systems"]),
                str(row["accounts"]),
                out.styled(row["flags"], WARNING) if row["flags"] else "",
                out.styled(row["cases_open"], BAD) if row["cases_open"] else "",
            )
            for row in value["sites"]
        ],
        empty="no sites; `arcctl sites import DIR` brings them in",
    )


def _render_site(out: Output, site: Mapping[str, Any]) -> None:
    out.line(out.styled(site["id"], STRONG), f" {site['name']}")
    where = ", ".join(part for part in (site["address"], site["municipality"]) if part)
    out.line(f"  {where or 'no address'}; {site['kind'] or 'no kind'}; {site['timezone']}")
    for title in ("customer", "groups", "tags", "services", "languages"):
        text = site[title] if isinstance(site[title], str) else ", ".join(site[title])
        if text:
            out.line(out.styled(f"  {title} ", QUIET), text)
    for hazard in site["hazards"]:
        out.line("  ", out.styled(f"hazard: {hazard}", BAD))
    if site["instructions"]:
        out.block(site["instructions"])
    for system in site["systems"]:
        _render_system(out, system)
    _render_people(out, site)
    for flag in site["flags"]:
        state = "in force" if flag["in_force"] else f"from {flag['starts_at_local']}"
        kind = flag["kind"].replace("_", " ")
        out.line(out.styled(f"{kind} {flag['id']}", WARNING), f" {state} until {flag['until_local']}: {flag['reason']}")
    for trigger in site["unrestored"]:
        out.line(
            out.styled("not restored ", WARNING),
            f"{trigger['category']} zone {trigger['zone'] or '-'} since {trigger['at_local']} {trigger['case_id']}",
        )
    if site["cases_open"]:
        out.line(out.styled("open cases ", BAD), ", ".join(site["cases_open"]))


def _render_system(out: Output, system: Mapping[str, Any]) -> None:
    erc = f", ERC device {system['erc_device']}" if system["erc_device"] else ""
    out.line(out.styled(f"system {system['id']}", "bold cyan"), f" {system['kind']} {system['name']}{erc}")
    for account in system["accounts"]:
        prefix = "".join(
            f" {letter}{account[name]}" for letter, name in (("R", "receiver"), ("L", "line")) if account[name]
        )
        key = ", AES key" if account["key"] else ", no key"
        key += ", a new one is offered" if account.get("offered_key") else ""
        key += f", {account['dialect']}" if account.get("dialect") else ""
        heard = local(read_instant(account["last_heard"])) or "never"
        out.line(f"  account {account['number']}{prefix}{key}", out.styled(f", heard {heard}", QUIET))
    for area in system["areas"]:
        armed = {True: "armed", False: "disarmed", None: "not known"}[area["armed"]]
        out.line(f"  area {area['number']} {area['name']}", out.styled(f"  {armed}", QUIET))
    for zone in system["zones"]:
        more = " ".join(part for part in (zone["kind"], zone["technology"], *zone["tags"]) if part)
        out.line(f"  zone {zone['number']} {zone['name']}", out.styled(f"  {more}", QUIET))


def _render_people(out: Output, site: Mapping[str, Any]) -> None:
    for person in site["contacts"]:
        roles = ", ".join(role.replace("_", " ") for role in person["roles"])
        word = ", code word" if person["code_word"] else ""
        out.line(
            f"  {person['id']} {person['name']} ", " ".join(person["phones"]), out.styled(f"  {roles}{word}", QUIET)
        )
    for name, members in site["call_lists"].items():
        out.line(f"  list {name}: {', '.join(members)}")
    if site["guards"]:
        out.line(f"  guards: {', '.join(guard['name'] for guard in site['guards'])}")
