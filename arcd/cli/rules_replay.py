"""arcctl rules replay: which of yesterday's decisions changed rules would have made otherwise.

One rule: it reads. The journal is told again in this process from its file, beside the daemon; where the file may not
be read the daemon tells it. Exit code 1 says that somebody's life safety would be served worse.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.journal import STORE_PATHS
from arcd.cli.output import BAD, GOOD, PRIORITY_STYLES, QUIET, STRONG, WARNING, Output
from arcd.cli.rules import usable_rules
from arcd.cli.times import NS_PER_S, ago_or_instant, from_ns, local, read_instant, rfc3339

LIFE_SAFETY_WORSE = "life safety would be served worse"


def add_to(app: typer.Typer) -> None:
    examples = (
        "arcctl rules replay --since 30d --with /etc/arcd/rules",
        "arcctl rules replay --with rules --since 2026-11-01T00:00 --json",
        "arcctl rules replay --with rules --store /backup/journal.sqlite",
    )
    verb(app, "replay", examples=examples)(replay)


def replay(
    call: Invocation,
    changed: Annotated[
        Path | None, typer.Option("--with", metavar="DIR", help="The changed rules, over the shipped ones [none].")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Compare from here on: 30d ago, or 2026-12-01T06:00 local [all].")
    ] = None,
    store: Annotated[Path | None, typer.Option(metavar="PATH", help="The journal file, or a copy of it.")] = None,
) -> None:
    """Run the journal's past signals through changed rules and show which decisions would differ.

    Every decision is asked for with what was known at that instant: the site as it was, armed or not, its open cases.
    What would have followed from another decision is not played on. Exit code 1 when a fire, hold-up, duress or medical
    signal would have been answered less urgently, without a case, or by no route of its own.
    """
    from arcd.clock import SystemClock

    begin = None if since is None else ago_or_instant(since, from_ns(SystemClock().now()))
    path = _journal(call, store)
    if path is not None:
        value = _from_file(call, path, changed, 0 if begin is None else int(begin.timestamp()) * NS_PER_S)
    else:
        value = _from_daemon(call, changed, None if begin is None else rfc3339(begin))
    shown = {
        **value,
        "journal": str(path) if path is not None else str(call.daemon.socket),
        "since": None if begin is None else rfc3339(begin),
    }
    call.out.show(shown, _render)
    if value["worse"]:
        raise FindingError(LIFE_SAFETY_WORSE)


def _journal(call: Invocation, store: Path | None) -> Path | None:
    """The file asked for, else the one a daemon here writes if it may be read; None: ask the daemon."""
    if store is not None:
        if not os.access(store, os.R_OK) or not store.is_file():
            raise UsageError(f"there is no readable journal at {store}; name the file, or leave --store out")
        return store
    if call.is_daemon_named:
        return None
    return next((path for path in STORE_PATHS if os.access(path, os.R_OK)), None)


def _from_file(call: Invocation, path: Path, changed: Path | None, since: int) -> dict[str, Any]:
    from arcd.replaying import plain, replay_file
    from arcd.store import StoreError

    rules = usable_rules(call, changed)
    try:
        with call.out.progress("replaying") as report, _without_collector():
            return plain(replay_file(path, rules, since=since, progress=report))
    except StoreError as error:
        raise CliError(str(error)) from error


@contextmanager
def _without_collector() -> Iterator[None]:
    """State is frozen values that hold no circles; looking for some over and over makes this four times slower."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _from_daemon(call: Invocation, changed: Path | None, since: str | None) -> dict[str, Any]:
    from arcd.cli.source_files import read_directory

    usable_rules(call, changed)  # a mistake is better told here, with the file's own path
    body = {"files": {} if changed is None else read_directory(changed), "since": since}
    with call.out.progress("replaying") as report, closing(call.daemon.lines("/v1/rules/replay", body=body)) as lines:
        for line in lines:
            if "report" in line:
                return dict(line["report"])
            report(line["done"], line["whole"])
    raise CliError("the daemon ended the replay before its end; `journalctl -u arcd` says why")


def _render(out: Output, value: Mapping[str, Any]) -> None:
    begin = read_instant(value["since"])
    since = f" since {local(begin)}" if begin is not None else ""
    out.line(out.styled(f"{value['journal']}: {value['entries']} entries; rules {value['digest'][:12]}", QUIET))
    for change in value["changes"]:
        _render_change(out, change)
    for name, count in value["plans"].items():
        out.line(
            out.styled(f"{count} × ", STRONG), f"plan {name}, which reads otherwise: `arcctl rules diff` shows how"
        )
    differ = f"{value['differ']} would differ" if value["differ"] else "none would differ"
    style = BAD if value["worse"] else WARNING if value["differ"] else GOOD
    out.line(f"{value['decisions']} decisions{since}: ", out.styled(differ, style))
    for sentence in _remarks(value):
        out.remark(sentence)


def _render_change(out: Output, change: Mapping[str, Any]) -> None:
    before, after = change["before"], change["after"]
    routes = before["route"] if before["route"] == after["route"] else f"{before['route']} → {after['route']}"
    life = f"  {change['worse']} × life safety, worse" if change["worse"] else ""
    out.line(out.styled(f"{change['count']} × {routes}", STRONG), out.styled(life, BAD))
    told = [f"{name} {before[name]} → {after[name]}" for name in ("plan", "reason") if before[name] != after[name]] or [
        f"plan {before['plan']}"
    ]
    if before["opens_case"] != after["opens_case"]:
        told.append("opens a case now" if after["opens_case"] else "opens no case any more")
    if before["priority"] != after["priority"]:
        style = PRIORITY_STYLES.get(min(before["priority"], after["priority"]), "")
        priority = out.styled(f", {before['priority']} → {after['priority']}", style)
        out.line("    ", ", ".join(told), priority)
    else:
        out.line("    ", ", ".join(told))
    for example in change["examples"]:
        out.line(out.styled(f"    {_told(example)}", QUIET))


def _told(example: Mapping[str, Any]) -> str:
    place = example["site_id"] or (f"account {example['account']}" if example["account"] else "the daemon itself")
    zone = f" zone {example['zone']}" if example["zone"] else ""
    restore = " restore" if example["qualifier"] == "restore" else ""
    when = local(read_instant(example["at"]))
    return f"{place}: {example['code']} ({example['category']}{restore}){zone}, {when}, entry {example['seq']}"


def _remarks(value: Mapping[str, Any]) -> Iterator[str]:
    if value["erased"]:
        yield f"{value['erased']} entries with signals have been erased and were passed over"
    if value["untold"]:
        yield f"{value['untold']} entries cannot be told again by this release and were passed over"
    if value["otherwise"]:
        yield f"{value['otherwise']} entries would be decided otherwise by this release under the very same rules"
    for digest in value["unusable"]:
        yield f"the rules {digest[:12]} no longer load; those before them stood in"
