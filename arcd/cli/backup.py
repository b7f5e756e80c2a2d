"""arcctl backup and restore: a copy of the journal while arcd runs, and its way back.

One rule: both work on files alone. `backup` needs no daemon and disturbs none; `restore` refuses while one runs.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.journal import STORE_PATHS
from arcd.cli.output import BAD, GOOD, Output
from arcd.cli.times import from_ns, local_and_utc, parse_instant, read_instant, rfc3339

if TYPE_CHECKING:
    from arcd.media_backup import Kept

NS = 1_000_000_000
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
            "arcctl backup /backup --without-media",
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
MEDIA_HELP = "The media directory of the settings [media, beside the journal]."
Media = Annotated[Path | None, typer.Option("--media", metavar="DIR", help=MEDIA_HELP)]
WithoutMedia = Annotated[bool, typer.Option("--without-media", help="The journal alone, without its pictures.")]
LOSSES_SHOWN = 20


def backup(
    call: Invocation,
    target: Annotated[Path, typer.Argument(metavar="TARGET", help="A directory, or the name of a new file.")],
    journal: Journal = None,
    keep: Keep = None,
    media: Media = None,
    without_media: WithoutMedia = False,
) -> None:
    """Copy the journal and its pictures while arcd runs, and verify the copies.

    In a directory the file is named after the instant. The copy holds everything: entries, state, open effects, and in
    a directory beside it (.media) every picture that an entry names. Receiver keys in it are sealed, and worth nothing
    without the key-encryption key (kek): keep a copy of that elsewhere.
    """
    from arcd import media_backup
    from arcd.store import StoreError
    from arcd.store.backup import back_up
    from arcd.store.verify import verify_file

    source = journal or next((known for known in STORE_PATHS if known.exists()), STORE_PATHS[-1])
    if keep is not None and not target.is_dir():
        raise UsageError("--keep takes a directory as TARGET")
    file = target / _now().strftime(_NAME) if target.is_dir() else target
    is_copied = False
    if not file.parent.is_dir():
        raise UsageError(f"there is no directory {file.parent}; make it first, where only you may read")
    try:
        with call.out.progress("copying") as report:
            back_up(source, file, progress=report)
        is_copied = True
        with call.out.progress("verifying") as report:
            verdict = verify_file(file, progress=report)
        pictures = None
        if not without_media:
            with call.out.progress("pictures") as report:
                pictures = media_backup.save(
                    file, media or source.parent / "media", at=round(_now().timestamp()) * NS, progress=report
                )
    except StoreError as error:
        stands = f" ({file} is a copy of the journal without its pictures)" if is_copied else ""
        raise CliError(f"{error}{stands}") from error
    _tell(call, file, verdict.head_hash)
    lost = pictures is not None and bool(pictures.lost)
    removed = _outdated(file.parent, keep) if keep is not None and verdict.ok and not lost else []
    for old in removed:
        old.unlink()
        media_backup.remove(old)
    value = {
        "ok": verdict.ok,
        "path": str(file),
        "bytes": file.stat().st_size,
        "entries": verdict.entries,
        "head_seq": verdict.head_seq,
        "head_hash": verdict.head_hash,
        "findings": [{"seq": finding.seq, "what": finding.what} for finding in verdict.findings],
        "media": _media_value(pictures, media_backup.media_of(file)),
        "removed": [str(old) for old in removed],
    }
    call.out.show(value, _render_backup)
    if not verdict.ok:
        raise FindingError("the journal itself does not verify; the copy is kept as it is")
    if lost:
        raise FindingError("pictures are lost; everything else is in the backup, and no older one was removed")


def _tell(call: Invocation, file: Path, head_hash: str) -> None:
    """Who takes all of it away stands in the journal, if there is a daemon to write it down."""
    try:
        place = str(file.absolute()).encode(errors="backslashreplace").decode()  # a name may be any bytes
        told = {"place": place, "head_hash": head_hash, "why": call.why}
        call.daemon.post("/v1/audit/copied", told)
    except CliError as error:
        call.out.remark(f"that a copy was made stands in no journal: {error.message}")


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
    media: Media = None,
    without_media: WithoutMedia = False,
) -> None:
    """Put a backup in the journal's place, whole or as of an earlier entry. arcd must be stopped.

    The backup is verified before and after. The journal it replaces is kept beside it. The next start records in the
    journal that it was restored, and calls the duty person: what came after the backup is not in it. Pictures go back
    into the media directory; what is there already stays.
    """
    from arcd import media_backup
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

            if not without_media:
                media_backup.check(backup_file)
            marker = put_back(
                backup_file,
                target,
                by=f"os:{getpass.getuser()}",
                at=SystemClock().now(),
                until=None if until is None else _entry_at(backup_file, until),
                replace=replace,
                progress=progress,
            )
            directory = media or target.parent / "media"
            pictures = None
            if not without_media:
                pictures = media_backup.put_back(
                    backup_file,
                    target,
                    directory,
                    at=marker.at,
                    progress=lambda done, whole: progress("pictures", done, whole),
                )
    except StoreError as error:
        raise CliError(str(error)) from error
    value = {
        "path": str(target),
        "backup": str(backup_file),
        "head_seq": marker.head_seq,
        "head_at": rfc3339(from_ns(marker.head_at)),
        "head_hash": marker.head_hash,
        "media": _media_value(pictures, directory),
    }
    call.out.show(value, _render_restored)
    if pictures is not None and pictures.lost:
        raise FindingError("pictures are lost; the journal and everything else is restored")


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


def _media_value(pictures: Kept | None, directory: Path) -> dict[str, Any] | None:
    if pictures is None:
        return None
    return {
        "path": str(directory),
        "pictures": pictures.pictures,
        "bytes": pictures.size_bytes,
        "linked": pictures.linked,
        "expired": pictures.expired,
        "lost": [{"place": loss.place, "seq": loss.seq, "why": loss.why} for loss in pictures.lost],
    }


def _render_media(out: Output, value: Mapping[str, Any] | None) -> None:
    if value is None:
        return
    what = "picture" if value["pictures"] == 1 else "pictures"
    expired = f", {value['expired']} gone by their retention time" if value["expired"] else ""
    out.line(f"{value['path']}: {value['pictures']} {what}, {value['bytes'] / (1 << 20):.1f} MiB{expired}")
    for loss in value["lost"][:LOSSES_SHOWN]:
        out.line(out.styled("LOST", BAD), f" {loss['place']}: {loss['why']} (entry {loss['seq']})")
    if len(value["lost"]) > LOSSES_SHOWN:
        out.line(f"and {len(value['lost']) - LOSSES_SHOWN} more: --json lists them all")


def _render_backup(out: Output, value: Mapping[str, Any]) -> None:
    verdict = out.styled("verified", GOOD) if value["ok"] else out.styled("DOES NOT VERIFY", BAD)
    mebibytes = value["bytes"] / (1 << 20)
    out.line(f"{value['path']}: ", verdict, f", {value['entries']} entries, {mebibytes:.1f} MiB")
    for finding in value["findings"]:
        out.line(f"entry {finding['seq']}: {finding['what']}")
    _render_media(out, value["media"])
    for old in value["removed"]:
        out.line(f"removed {old}")


def _render_restored(out: Output, value: Mapping[str, Any]) -> None:
    head_at = read_instant(value["head_at"])
    assert head_at is not None
    out.line(
        out.styled("restored", GOOD), f" {value['path']}: up to entry {value['head_seq']}, {local_and_utc(head_at)}"
    )
    _render_media(out, value["media"])
    out.line("start arcd: it records the restore and calls the duty person")
