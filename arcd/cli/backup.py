"""arcctl backup and restore: a copy of the journal while arcd runs, and its way back.

One rule: both work on files alone. `backup` needs no daemon and disturbs none; `restore` refuses while one runs.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.journal import STORE_PATHS
from arcd.cli.output import BAD, GOOD, Output
from arcd.cli.times import from_ns, local_and_utc, parse_instant, read_instant, rfc3339

_NAME = "journal-%Y%m%dT%H%M%SZ.sqlite"
_NAMED = "journal-????????T??????Z.sqlite"
KEEP_MAX = 10_000


def add_to(app: typer.Typer) -> None:
    verb(
        app,
        "backup",
        examples=(
            "arcctl backup /backup",
            "arcctl backup /backup --keep 14",
            "arcctl backup /mnt/second/journal.sqlite --journal /var/lib/arcd/journal.sqlite --json",
        ),
    )(backup)
    verb(
        app,
        "restore",
        examples=(
            "arcctl restore /backup/journal-20261201T030000Z.sqlite",
            "arcctl restore /backup/journal-20261201T030000Z.sqlite --replace",
            "arcctl restore /backup/journal-20261201T030000Z.sqlite --until 2026-12-01T02:15 --to /tmp/then.sqlite",
        ),
    )(restore)


Journal = Annotated[Path | None, typer.Option("--journal", metavar="PATH", help="The journal to copy.")]
Keep = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=KEEP_MAX, help="Afterwards delete all but the newest N backups there."),
]


def backup(
    call: Invocation,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A directory, or the name of a new file.")],
    journal: Journal = None,
    keep: Keep = None,
) -> None:
    """Copy the journal while arcd runs, and verify the copy.

    In a directory the file is named after the instant. The copy holds everything: entries, state, open effects.
    Receiver keys in it are sealed, and worth nothing without the key-encryption key (kek): keep a copy of that
    elsewhere.
    """
    from arcd.store import StoreError
    from arcd.store.backup import back_up
    from arcd.store.verify import verify_file

    source = journal or next((known for known in STORE_PATHS if known.exists()), STORE_PATHS[-1])
    if keep is not None and not target.is_dir():
        raise UsageError("--keep takes a directory as TARGET")
    file = target / _now().strftime(_NAME) if target.is_dir() else target
    if not file.parent.is_dir():
        raise UsageError(f"there is no directory {file.parent}; make it first, where only you may read")
    try:
        with call.out.progress("copying") as report:
            back_up(source, file, progress=report)
        with call.out.progress("verifying") as report:
            verdict = verify_file(file, progress=report)
    except StoreError as error:
        raise CliError(str(error)) from error
    removed = _outdated(file.parent, keep) if keep is not None and verdict.ok else []
    for old in removed:
        old.unlink()
    value = {
        "ok": verdict.ok,
        "path": str(file),
        "bytes": file.stat().st_size,
        "entries": verdict.entries,
        "head_seq": verdict.head_seq,
        "head_hash": verdict.head_hash,
        "findings": [{"seq": finding.seq, "what": finding.what} for finding in verdict.findings],
        "removed": [str(old) for old in removed],
    }
    call.out.show(value, _render_backup)
    if not verdict.ok:
        raise FindingError("the journal itself does not verify; the copy is kept as it is")


To = Annotated[Path | None, typer.Option("--to", metavar="PATH", help="Where the journal belongs.")]
Until = Annotated[
    str | None, typer.Option(metavar="SEQ|TIME", help="Only up to this entry, or to this instant (local time).")
]
Replace = Annotated[bool, typer.Option("--replace", help="Move what stands there aside first.")]


def restore(
    call: Invocation,
    backup_file: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file made by `arcctl backup`.")],
    to: To = None,
    until: Until = None,
    replace: Replace = False,
) -> None:
    """Put a backup in the journal's place, whole or as of an earlier entry. arcd must be stopped.

    The backup is verified before and after. The journal it replaces is kept beside it. The next start records in the
    journal that it was restored, and calls the duty person: what came after the backup is not in it.
    """
    from arcd.clock import SystemClock
    from arcd.restoring import restore as put_back
    from arcd.store import StoreError

    target = to or next((known for known in STORE_PATHS if known.parent.exists()), STORE_PATHS[-1])
    try:
        with ExitStack() as stack:
            bars: dict[str, Callable[[int, int], None]] = {}

            def progress(what: str, done: int, whole: int) -> None:
                if what not in bars:
                    bars[what] = stack.enter_context(call.out.progress(what))
                bars[what](done, whole)

            marker = put_back(
                backup_file,
                target,
                by=f"os:{getpass.getuser()}",
                at=SystemClock().now(),
                until=None if until is None else _entry_at(backup_file, until),
                replace=replace,
                progress=progress,
            )
    except StoreError as error:
        raise CliError(str(error)) from error
    value = {
        "path": str(target),
        "backup": str(backup_file),
        "head_seq": marker.head_seq,
        "head_at": rfc3339(from_ns(marker.head_at)),
        "head_hash": marker.head_hash,
    }
    call.out.show(value, _render_restored)


def _entry_at(backup_file: Path, text: str) -> int:
    """`1234`, or the last entry no later than an instant."""
    from arcd.store.offline import last_until

    if text.isascii() and text.isdecimal():
        return int(text)
    instant = parse_instant(text)
    seq = last_until(backup_file, round(instant.timestamp() * 1_000_000_000))
    if seq == 0:
        raise UsageError(f"the backup begins after {local_and_utc(instant)}")
    return seq


def _outdated(directory: Path, keep: int) -> list[Path]:
    return sorted(directory.glob(_NAMED))[:-keep]


def _now() -> datetime:
    from arcd.clock import SystemClock

    return from_ns(SystemClock().now())


def _render_backup(out: Output, value: Mapping[str, Any]) -> None:
    verdict = out.styled("verified", GOOD) if value["ok"] else out.styled("DOES NOT VERIFY", BAD)
    mebibytes = value["bytes"] / (1 << 20)
    out.line(f"{value['path']}: ", verdict, f", {value['entries']} entries, {mebibytes:.1f} MiB")
    for finding in value["findings"]:
        out.line(f"entry {finding['seq']}: {finding['what']}")
    for old in value["removed"]:
        out.line(f"removed {old}")


def _render_restored(out: Output, value: Mapping[str, Any]) -> None:
    head_at = read_instant(value["head_at"])
    assert head_at is not None
    out.line(
        out.styled("restored", GOOD), f" {value['path']}: up to entry {value['head_seq']}, {local_and_utc(head_at)}"
    )
    out.line("start arcd: it records the restore and calls the duty person")
