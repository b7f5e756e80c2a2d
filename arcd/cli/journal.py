"""arcctl journal: read the story, follow it as it happens, prove that nobody rewrote it.

One rule: `verify` trusts nothing but the file: no daemon, no secrets, no network.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.journal_text import render_entry
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, Output
from arcd.cli.times import ago_or_instant, from_ns, local_and_utc, read_instant, rfc3339

PAGE_ROWS = 1000
RECENT_ROWS = 50  # shown when nothing says how many
ROWS_MAX = 100_000  # of one answer; a longer story is read in parts
STORE_NAME = "journal.sqlite"
JOBS_MAX = 64
JOBS_DEFAULT = max(1, (os.cpu_count() or 1) - 1)  # one stays with the daemon
STORE_PATHS = (Path("var") / STORE_NAME, Path("/var/lib/arcd") / STORE_NAME)  # from a clone, else as systemd runs it

app = group("The journal: show the story, verify it, sign it, export a case, erase and hold what the law says.")


@verb(
    app,
    "show",
    examples=(
        "arcctl journal show",
        "arcctl journal show --case C12",
        "arcctl journal show --site K-1 --since 2h",
        "arcctl journal show --kind frame_malformed --since 2026-12-01T06:00 --json",
    ),
)
def show(
    call: Invocation,
    case_id: Annotated[str | None, typer.Option("--case", metavar="ID", help="The whole story of this case.")] = None,
    site: Annotated[str | None, typer.Option(metavar="ID", help="Of this site.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="SUBJECT", help="Of any subject, like flag/F34.")] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only this kind, like frame_received.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="2h ago, or 2026-12-01T06:00 local.")] = None,
    entry: Annotated[int | None, typer.Option(metavar="SEQ", min=1, help="Only the entry with this number.")] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=ROWS_MAX, help=f"The newest N [{RECENT_ROWS}, a case: all].")
    ] = None,
) -> None:
    """Tell what happened, what was decided and why, and what became of it, in order.

    Without options the newest entries are shown.
    """
    named = [f"case/{case_id}"] * (case_id is not None) + [f"site/{site}"] * (site is not None)
    named += [subject] if subject is not None else []
    if len(named) > 1:
        raise UsageError("give one of --case, --site and --subject")
    query: dict[str, str | int | None] = {
        "subject": named[0] if named else None,
        "kind": kind,
        "since": None if since is None else rfc3339(_instant(since)),
        "after": None if entry is None else entry - 1,
        "until": entry,
    }
    is_all = case_id is not None or since is not None
    wanted = limit or (ROWS_MAX if is_all else RECENT_ROWS)
    entries = deque(_pages(call, query, wanted), maxlen=wanted)
    call.out.show({"entries": list(entries)}, _render_entries)
    if len(entries) == ROWS_MAX and not call.as_json:
        call.out.remark(f"only the newest {ROWS_MAX} entries are shown; narrow it with --since or --kind")


@verb(app, "follow", examples=("arcctl journal follow", "arcctl journal follow --after 0 --json"))
def follow(
    call: Invocation,
    after: Annotated[int | None, typer.Option(metavar="SEQ", min=0, help="Begin behind this entry [now].")] = None,
) -> None:
    """Tell each thing as it happens, until interrupted. With --json one line per entry."""
    head = call.daemon.get("/v1/journal/head")["seq"]
    if after is not None and after > head:
        raise UsageError(f"the journal ends at entry {head}; --after {after} would pass over all that comes until then")
    begin = head if after is None else after
    try:
        with closing(call.daemon.lines("/v1/journal/follow", after=begin)) as entries:
            for entry in entries:
                call.out.show_line(entry, render_entry)
    except KeyboardInterrupt:
        return
    call.out.remark("the daemon has ended the stream")


@verb(app, "head", examples=("arcctl journal head", "arcctl journal head --json"))
def head(call: Invocation) -> None:
    """Show where the chain stands, to be written down elsewhere: a later `verify` must lead to the same hash."""
    call.out.show(call.daemon.get("/v1/journal/head"), _render_head)


@verb(
    app,
    "verify",
    examples=(
        "arcctl journal verify",
        "arcctl journal verify /backup/journal.sqlite --json",
        "arcctl journal verify --copy /mnt/witness --key arc.example.org/journal+0a1b2c3d+AX…",
        "arcctl journal verify --report",
    ),
)
def verify(
    call: Invocation,
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="The journal, or a copy of it.")] = None,
    store: Annotated[Path | None, typer.Option("--store", metavar="PATH", help="The same as PATH.")] = None,
    copies: Annotated[
        list[Path] | None,
        typer.Option("--copy", metavar="PATH", help="A checkpoint that was copied elsewhere, or a directory of them."),
    ] = None,
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="A verifier key known from elsewhere, or a file that holds it."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=JOBS_MAX, help="Processes at work on it [all processors but one]."),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Tell the daemon how it went (metrics, a case).")] = False,
) -> None:
    """Check every entry of a journal file against the chain, the signed checkpoints, and copies of them.

    Needs no daemon and no secrets; both may be running. Without --copy and --key a journal that was rewritten from the
    beginning, keys and all, cannot be told from a true one. Exit code 1 when anything was changed, is missing or stands
    in another order; each finding says where.
    """
    from arcd.cli.evidence_files import read_copies, read_keys
    from arcd.store import StoreError
    from arcd.store.verify import verify_file

    if path is not None and store is not None and path != store:
        raise UsageError("give PATH or --store, not both")
    file = path or store or next((known for known in STORE_PATHS if known.exists()), STORE_PATHS[-1])
    if not file.is_file():
        raise UsageError(f"there is no journal at {file}; name the file: arcctl journal verify PATH")
    try:
        known, brought = read_keys(keys or ()), read_copies(copies or ())
        with call.out.progress("verifying") as progress:
            verdict = verify_file(file, copies=brought, keys=known, jobs=jobs or JOBS_DEFAULT, progress=progress)
    except StoreError as error:
        raise CliError(str(error)) from error
    value = {
        "ok": verdict.ok,
        "path": str(file),
        "entries": verdict.entries,
        "head_seq": verdict.head_seq,
        "head_hash": verdict.head_hash,
        "root": verdict.root,
        "erased": verdict.erased,
        "pruned_through": verdict.pruned_through,
        "checkpoints": verdict.checkpoints,
        "copies": verdict.copies,
        "copies_too_old": verdict.copies_too_old,
        "signed_seq": verdict.signed_seq,
        "keys": list(verdict.keys),
        "keys_given": verdict.keys_given,
        "findings": [{"seq": finding.seq, "what": finding.what} for finding in verdict.findings],
    }
    call.out.show(value, _render_verdict)
    if report:
        call.daemon.post(
            "/v1/audit/verified",
            {
                **{name: value[name] for name in ("head_seq", "head_hash", "entries", "signed_seq")},
                "findings": [f"entry {finding.seq}: {finding.what}"[:1000] for finding in verdict.findings],
            },
        )
    if not verdict.ok:
        raise FindingError("")


def _pages(call: Invocation, query: dict[str, str | int | None], wanted: int) -> Iterator[dict[str, Any]]:
    """Entries that match, in order; where nothing narrows them, only about as many as are wanted."""
    after = query.pop("after")
    if after is None and not any(query.values()):
        after = max(0, int(call.daemon.get("/v1/journal/head")["seq"]) - wanted)
    with call.out.progress("reading") as report:
        count = 0
        while after is not None or count == 0:
            page = call.daemon.get("/v1/journal", after=after, limit=min(PAGE_ROWS, wanted), **query)
            yield from page["entries"]
            count += len(page["entries"])
            report(count, count)
            after = page["next"]
            query["since"] = None  # `after` is behind it now
            if after is None:
                return


def _instant(text: str) -> Any:
    """`2h` ago, or an instant."""
    from arcd.clock import SystemClock

    return ago_or_instant(text, from_ns(SystemClock().now()))


def _render_entries(out: Output, value: Mapping[str, Any]) -> None:
    if not value["entries"]:
        out.line(out.styled("nothing in the journal fits that", QUIET))
    for entry in value["entries"]:
        render_entry(out, entry)


def _render_head(out: Output, value: Mapping[str, Any]) -> None:
    if not value["seq"]:
        out.line("the journal is empty")
        return
    instant = read_instant(value["at"])
    assert instant is not None, "an entry has an instant"
    out.line("entry ", out.styled(value["seq"], STRONG), f" of {local_and_utc(instant)}")
    out.line(value["hash"])


def _render_verdict(out: Output, value: Mapping[str, Any]) -> None:
    for finding in value["findings"]:
        out.line(out.styled(f"entry {finding['seq']}: ", STRONG), out.styled(finding["what"], BAD))
    erased = f", {value['erased']} with erased content" if value["erased"] else ""
    verdict = out.styled("intact", GOOD) if value["ok"] else out.styled("NOT INTACT", BAD)
    out.line(f"{value['path']}: ", verdict, f": {value['entries']} entries{erased}")
    if value["pruned_through"]:
        out.line(
            out.styled(f"entries up to {value['pruned_through']} were given up; a sealed head stands for them", QUIET)
        )
    if value["signed_seq"]:
        known = "keys given" if value["keys_given"] else "keys as the journal names them"
        out.line(
            out.styled(
                f"signed up to entry {value['signed_seq']}: {value['checkpoints']} checkpoints in the file,"
                f" {value['copies']} copies from elsewhere; {known}",
                QUIET,
            )
        )
    elif value["ok"]:
        why = "the first is due within audit.interval_s" if value["keys"] else "see audit: in the settings"
        out.line(out.styled(f"no signed checkpoint vouches for it; {why}", QUIET))
    out.line(out.styled(f"head: entry {value['head_seq']}, {value['head_hash']}", QUIET))
