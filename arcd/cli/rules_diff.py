"""arcctl rules diff: what a directory of rules would change, thing by thing and field by field.

One rule: what is compared are rules as they work, with the overlays laid over; a comment or a moved file is no change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import CliError, UnreachableError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output

if TYPE_CHECKING:
    from rules.loader import Loaded

VALUE_CHARS_MAX = 400  # of one side of a change; `--json` has all of it
VERSIONED = ("plan", "case")


def add_to(app: typer.Typer) -> None:
    examples = ("arcctl rules diff /etc/arcd/rules", "arcctl rules diff rules --shipped --json")
    verb(app, "diff", examples=examples)(diff)


def diff(
    call: Invocation,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The changed rules, laid over the shipped ones.")],
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Compare with the shipped rules, not with those in force.")
    ] = False,
) -> None:
    """Show the plans, case types, packs, lists and routes that DIR adds, removes or changes, texts included.

    They are compared with the rules in force; without a daemon, or with --shipped, with the shipped ones.
    """
    import msgspec

    from arcd.cli.rules import usable
    from rules.difference import compare

    after = usable(call, directory)
    before, against = _before(call, shipped=shipped)
    differences = compare(before, after)
    assert before.ruleset is not None, "only what loads is compared"
    assert after.ruleset is not None, "only what loads is compared"
    value = {
        "against": against,
        "before": before.ruleset.digest,
        "after": after.ruleset.digest,
        **msgspec.to_builtins(differences),
    }
    call.out.show(value, _render)


def _before(call: Invocation, *, shipped: bool) -> tuple[Loaded, str]:
    from rules import loader
    from rules import shipped as shipped_rules

    if not shipped:
        try:
            sources = call.daemon.get("/v1/rules", sources=True)["sources"]
        except UnreachableError as error:
            call.out.remark(f"compared with the shipped rules: {error.message}")
        else:
            loaded = loader.load(sources)
            if loaded.ruleset is None:
                raise CliError(
                    f"this arcctl cannot read the rules in force ({loaded.problems[0]}); use the daemon's own release, "
                    "or compare with --shipped"
                )
            return loaded, "in force"
    return loader.load(shipped_rules.sources()), "shipped"


def _render(out: Output, value: Mapping[str, Any]) -> None:
    for thing in value["added"]:
        out.line(out.styled(f"+ {thing['kind']} {thing['name']}", GOOD))
    for thing in value["removed"]:
        out.line(out.styled(f"- {thing['kind']} {thing['name']}", BAD))
    for thing in value["changed"]:
        out.line(out.styled(f"~ {thing['kind']} {thing['name']}", WARNING))
        for field in thing["fields"]:
            _render_field(out, field)
        if thing["kind"] in VERSIONED and all(field["field"] != "version" for field in thing["fields"]):
            out.line(out.styled("    its version is the same: raise it, so that cases say which one they had", WARNING))
    counts = ", ".join(f"{len(value[word])} {word}" for word in ("added", "changed", "removed") if value[word])
    out.line(counts or "no difference", out.styled(f" against the rules {value['against']}", QUIET))


def _render_field(out: Output, field: Mapping[str, Any]) -> None:
    name, before, after = field["field"], field["before"], field["after"]
    if isinstance(before, list) and isinstance(after, list) and sorted(map(str, before)) != sorted(map(str, after)):
        gone = [f"- {_written(value)}" for value in before if value not in after]
        come = [f"+ {_written(value)}" for value in after if value not in before]
        out.line("    ", out.styled(f"{name}: ", STRONG), "  ".join(gone + come))
        return
    out.line("    ", out.styled(f"{name}: ", STRONG), f"{_written(before)} → {_written(after)}")


def _written(value: object) -> str:
    """As short as it can be read."""
    if value is None:
        return "(not set)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}…"
