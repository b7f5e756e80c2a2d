"""The tree of verbs, and the options that stand before them."""

from __future__ import annotations

from typing import Annotated

import typer

from arcd.cli import (
    arrangements,
    backup,
    capture,
    cases,
    decode,
    explain,
    flags,
    forwards,
    guard,
    journal,
    journal_audit,
    notices,
    panel,
    panel_dialects,
    panel_flood,
    panel_protocols,
    panel_script,
    paths,
    relays,
    rules,
    rules_diff,
    rules_history,
    rules_replay,
    schedules,
    sites,
    status,
)
from arcd.cli.invocation import AsJson, Language, Socket, Why
from arcd.cli.output import prepare_streams

app = typer.Typer(
    name="arcctl",
    help="Operate an alarm receiving centre run by arcd.",
    epilog="Exit codes: 0 done, 1 refused or something found, 2 wrong usage, 3 the daemon cannot be reached.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
status.add_to(app)
cases.add_to(app)
decode.add_to(app)
backup.add_to(app)
explain.add_to(rules.app)
rules_diff.add_to(rules.app)
rules_replay.add_to(rules.app)
rules_history.add_to(rules.app)
journal_audit.add_to(journal.app)
app.add_typer(flags.test_app, name="test")
app.add_typer(flags.maintenance_app, name="maintenance")
app.add_typer(schedules.app, name="schedule")
app.add_typer(sites.app, name="sites")
app.add_typer(paths.app, name="paths")
app.add_typer(notices.app, name="notices")
app.add_typer(arrangements.app, name="arrangements")
app.add_typer(relays.app, name="relay")
app.add_typer(forwards.app, name="forward")
app.add_typer(journal.app, name="journal")
app.add_typer(rules.app, name="rules")
panel_dialects.add_to(panel.app)
panel_flood.add_to(panel.app)
panel_protocols.add_to(panel.app)
panel_script.add_to(panel.app)
app.add_typer(panel.app, name="panel")
app.add_typer(capture.app, name="capture")
app.add_typer(guard.app, name="guard")


def _version(asked: bool) -> None:
    if asked:
        from arcd import __version__

        typer.echo(f"arcctl {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")]


@app.callback()
def _before_verb(
    as_json: AsJson = False, socket: Socket = None, language: Language = None, why: Why = None, version: Version = False
) -> None:
    """Operate an alarm receiving centre run by arcd."""


def main() -> None:
    prepare_streams()
    app(prog_name="arcctl")
