"""arcctl rules history and rollback: which rules were in force, and taking earlier ones up again.

One rule: nothing is undone. A rollback is a new entry in the journal, with the person behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from arcd.cli.imports import import_files
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import GOOD, STRONG, Output
from arcd.cli.times import local, read_instant

DIGEST_CHARS_SHOWN = 12


def add_to(app: typer.Typer) -> None:
    verb(app, "history", examples=("arcctl rules history", "arcctl rules history --json"))(history)
    examples = ("arcctl rules rollback", "arcctl rules rollback 4f79f68d62d8 --dry-run")
    verb(app, "rollback", examples=examples)(rollback)


def history(call: Invocation) -> None:
    """List the rule sets that were in force, the newest first: digest, since when, and who put it into force."""
    call.out.show(call.daemon.get("/v1/rules/history"), _render)


def rollback(
    call: Invocation,
    digest: Annotated[
        str | None,
        typer.Argument(metavar="[DIGEST]", help="Its beginning is enough [the rules before the present ones]."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Put rules that were in force before into force again, whole as they were.

    They outlive a restart until the rules directory changes. Rules that this release no longer reads are refused.
    """
    import_files(call, "/v1/rules/rollback", {"digest": digest, "dry_run": dry_run}, None)


def _render(out: Output, value: Mapping[str, Any]) -> None:
    rows = [
        (
            out.styled(row["digest"][:DIGEST_CHARS_SHOWN], STRONG),
            local(read_instant(row["at"])),
            row["by"],
            row["by_name"],
            str(row["files"]),
            out.styled("in force" if row["in_force"] else "", GOOD),
        )
        for row in value["rules"]
    ]
    out.table(("digest", "since", "by", "name", "files", ""), rows, empty="the journal holds no rules")
