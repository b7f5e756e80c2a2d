"""arcctl journal checkpoint, keys, hold, erase, seal, prune: what keeps the journal's proof and the law's terms.

One rule: nothing that cannot be taken back happens without a reason and, at a terminal, without being asked again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from arcd.cli.failures import CliError, UsageError
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, Output
from arcd.cli.times import local_and_utc, parse_instant, read_instant

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stays in the journal.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
CaseOption = Annotated[str | None, typer.Option("--case", metavar="ID", help="This case.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="What was recorded from then (local time) …")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="… until then.")]
SiteOption = Annotated[str | None, typer.Option("--site", metavar="ID", help="This site.")]

keys_app = group("The keys that sign checkpoints.")
hold_app = group("Legal holds: what must not be erased, whatever its retention time.")


def add_to(app: typer.Typer) -> None:
    verb(app, "checkpoint", examples=("arcctl journal checkpoint", "arcctl journal checkpoint --json"))(checkpoint)
    verb(
        app,
        "erase",
        examples=(
            'arcctl journal erase --case C12 --reason "request 2026/17"',
            "arcctl journal erase --expired --dry-run",
            'arcctl journal erase --entry 4711 --reason "sent to the wrong account"',
        ),
    )(erase)
    verb(app, "seal", examples=('arcctl journal seal --reason "end of 2026"', "arcctl journal seal --list"))(seal)
    verb(app, "prune", examples=('arcctl journal prune 120000 --reason "older than 6 years"',))(prune)
    verb(
        app,
        "export",
        examples=('arcctl journal export --case C12 --reason "5560/R/1234/26" --for "Helsinki police"',),
    )(export)
    app.add_typer(keys_app, name="keys")
    app.add_typer(hold_app, name="hold")


def checkpoint(call: Invocation) -> None:
    """Sign where the journal stands now, keep it, send it to its places, and print it: a C2SP checkpoint."""
    call.out.show(call.daemon.post("/v1/audit/checkpoint", {}), _render_note)


@verb(keys_app, "list", examples=("arcctl journal keys list", "arcctl journal keys list --json"))
def keys_list(call: Invocation) -> None:
    """The keys that have signed so far. Write the first one down elsewhere: `verify --key` begins with it."""
    call.out.show(call.daemon.get("/v1/audit/keys"), _render_keys)


@verb(keys_app, "new", examples=("arcctl journal keys new /etc/arcd/audit-key --origin arc.example.org/journal",))
def keys_new(
    call: Invocation,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; never over another one.")],
    origin: Annotated[str, typer.Option("--origin", metavar="NAME", help="audit.origin of the settings.")],
) -> None:
    """Make a signing key. To change keys: name the old file as audit.previous_key for one start."""
    from arcd.auditing.keys import load_signing_key
    from arcd.credentials import CredentialError, create_kek
    from protocols.tlog.note import SEED_BYTES, NoteError, SigningKey

    try:
        SigningKey(origin, bytes(SEED_BYTES))  # a wrong name is said before there is a file that nobody can use
    except NoteError as error:
        raise UsageError(f"--origin {origin!r}: {error}") from None
    try:
        create_kek(path)  # 32 random bytes as hex, in a file of our own: an Ed25519 key is no more (RFC 8032 5.1.5)
        key = load_signing_key(origin, "", file=path)
    except CredentialError as error:
        raise CliError(str(error).replace("key-encryption key", "key")) from None
    call.out.show({"file": str(path), "verifier": str(key.verifier)}, _render_new_key)


@verb(hold_app, "list", examples=("arcctl journal hold list",))
def hold_list(call: Invocation) -> None:
    """The holds in force."""
    call.out.show(call.daemon.get("/v1/audit/holds"), _render_holds)


@verb(
    hold_app,
    "place",
    examples=(
        'arcctl journal hold place --case C12 --reason "5560/R/1234/26"',
        'arcctl journal hold place --since 2026-12-01T00:00 --until 2026-12-03T00:00 --reason "5560/R/1234/26"',
    ),
)
def hold_place(
    call: Invocation,
    reason: Reason,
    case_id: CaseOption = None,
    site: SiteOption = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything there is.")] = False,
) -> None:
    """No entry of it is erased or given up, and no picture, until the hold is lifted. Everything else is."""
    _hold(call, "place", _held_subject(case_id, site, since, until, everything), reason)


@verb(hold_app, "lift", examples=('arcctl journal hold lift --case C12 --reason "case closed by the court"',))
def hold_lift(
    call: Invocation,
    reason: Reason,
    case_id: CaseOption = None,
    site: SiteOption = None,
    since: Since = None,
    until: Until = None,
    everything: Annotated[bool, typer.Option("--all", help="The hold on everything.")] = False,
) -> None:
    """Retention times count again, from the entries' age."""
    _hold(call, "lift", _held_subject(case_id, site, since, until, everything), reason)


def erase(
    call: Invocation,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stays in the journal.")] = "",
    case_id: CaseOption = None,
    site: SiteOption = None,
    entry: Annotated[int | None, typer.Option("--entry", metavar="SEQ", min=1, help="This entry.")] = None,
    expired: Annotated[bool, typer.Option("--expired", help="All whose retention time is over.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many it would be.")] = False,
    yes: Yes = False,
) -> None:
    """Erase the content of entries for good: the entries stay, the chain verifies, and an entry says who and why."""
    subject = f"case/{case_id}" if case_id is not None else f"site/{site}" if site is not None else None
    if [case_id is not None, site is not None, entry is not None, expired].count(True) != 1:
        raise UsageError("give one of --case, --site, --entry and --expired")
    if not reason and not (expired or dry_run):
        raise UsageError("give --reason: it stays when the content has gone")
    if not dry_run:
        what = "everything whose time is over" if expired else subject or f"entry {entry}"
        _ask_again(call, f"Erase the content of {what} for good?", yes)
    order = {"subject": subject, "entry": entry, "expired": expired, "reason": reason, "dry_run": dry_run}
    call.out.show(call.daemon.post("/v1/audit/erase", order), _render_message)


def export(
    call: Invocation,
    case_id: Annotated[str, typer.Option("--case", metavar="ID", help="This case.")],
    reason: Reason,
    recipient: Annotated[str, typer.Option("--for", metavar="WHO", help="Who gets it.")],
    path: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="[arcd-ID.zip]")] = None,
) -> None:
    """Evidence of one case as a zip: a report in fi, sv and en, the entries, proofs, and a script that checks them."""
    import hashlib

    file = path or Path(f"arcd-{case_id}.zip")
    if file.exists():
        raise UsageError(f"{file} exists; name another file with --out")
    order = {"case_id": case_id, "reason": reason, "recipient": recipient}
    package = call.daemon.fetch("/v1/audit/export", order)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it is full of personal data
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(package)
    except OSError as error:
        raise CliError(f"cannot write {file}: {error.strerror}") from error
    value = {"file": str(file), "bytes": len(package), "sha256": hashlib.sha256(package).hexdigest()}
    call.out.show(value, _render_export)


def seal(
    call: Invocation,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stays in the journal.")] = "",
    list_them: Annotated[bool, typer.Option("--list", help="Show sealed segments instead.")] = False,
) -> None:
    """End a segment here: a signed checkpoint, and an entry that carries it when what came before is given up."""
    if list_them:
        call.out.show(call.daemon.get("/v1/audit/seals"), _render_seals)
        return
    if not reason:
        raise UsageError("give --reason, or --list to see what is sealed")
    call.out.show(call.daemon.post("/v1/audit/seal", {"reason": reason}), _render_message)


def prune(
    call: Invocation,
    through: Annotated[int, typer.Argument(metavar="SEQ", min=1, help="The last entry of a sealed segment.")],
    reason: Reason,
    yes: Yes = False,
) -> None:
    """Give up the entries of a sealed segment, whole. Make a backup first; what follows still verifies."""
    _ask_again(call, f"Give up all entries up to {through} for good?", yes)
    call.out.show(call.daemon.post("/v1/audit/prune", {"through": through, "reason": reason}), _render_message)


def _held_subject(case_id: str | None, site: str | None, since: str | None, until: str | None, everything: bool) -> str:
    if (since is None) != (until is None):
        raise UsageError("a period has --since and --until")
    if [case_id is not None, site is not None, since is not None, everything].count(True) != 1:
        raise UsageError("give one of --case, --site, --since with --until, and --all")
    if since is not None and until is not None:
        return f"period/{parse_instant(since).isoformat()}/{parse_instant(until).isoformat()}"
    return f"case/{case_id}" if case_id is not None else f"site/{site}" if site is not None else "centre"


def _hold(call: Invocation, action: str, subject: str, reason: str) -> None:
    order = {"action": action, "subject": subject, "reason": reason}
    call.out.show(call.daemon.post("/v1/audit/holds", order), _render_message)


def _ask_again(call: Invocation, question: str, yes: bool) -> None:
    if yes or call.as_json:
        return
    if not sys.stdin.isatty():
        raise UsageError("give --yes: nobody is at the terminal to be asked")
    if not typer.confirm(question):
        raise CliError("nothing was done")


def _render_note(out: Output, value: Mapping[str, Any]) -> None:
    for line in value["note"].splitlines():
        out.line(line)


def _render_keys(out: Output, value: Mapping[str, Any]) -> None:
    for key in value["keys"]:
        signs = out.styled(" signs now", GOOD) if key["verifier"] == value["signing"] else ""
        out.line(out.styled(key["verifier"], STRONG), out.styled(f" since entry {key['since_seq']}", QUIET), signs)
    if not value["keys"]:
        out.line("no key has signed anything; set audit.origin and audit.key in the settings")


def _render_new_key(out: Output, value: Mapping[str, Any]) -> None:
    out.line(f"made {value['file']}: keep it secret, and write its verifier key down elsewhere:")
    out.line(out.styled(value["verifier"], STRONG))


def _render_holds(out: Output, value: Mapping[str, Any]) -> None:
    for hold in value["holds"]:
        placed = read_instant(hold["placed_at"])
        since = f" since {local_and_utc(placed)}" if placed is not None else ""
        out.line(out.styled(hold["subject"], STRONG), f"{since} by {hold['by']}: {hold['reason']}")
    if not value["holds"]:
        out.line("nothing is held")


def _render_seals(out: Output, value: Mapping[str, Any]) -> None:
    if value["pruned_through"]:
        out.line(out.styled(f"entries up to {value['pruned_through']} were given up", QUIET))
    for each in value["seals"]:
        out.line("up to entry ", out.styled(each["through"], STRONG), f" of {each['sealed_at']}, {each['hash']}")
    if not value["seals"]:
        out.line("no segment is sealed")


def _render_export(out: Output, value: Mapping[str, Any]) -> None:
    out.line(out.styled(value["file"], STRONG), f", {value['bytes']} bytes, sha256 {value['sha256']}")
    out.line(out.styled("unpack it and check it with: python3 -I verify.py --key KEY", QUIET))


def _render_message(out: Output, value: Mapping[str, Any]) -> None:
    out.line(out.styled(value["message"] or "done", BAD if value.get("granted") is False else GOOD))
