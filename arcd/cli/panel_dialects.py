"""arcctl panel dialects: which panels are known to deviate from DC-09, and what `dialect:` sets for them.

One rule: it shows the table the daemon reads by, nothing written beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import QUIET, Output

if TYPE_CHECKING:
    from protocols.dc09.dialects import Dialect


def add_to(app: typer.Typer) -> None:
    verb(app, "dialects", examples=("arcctl panel dialects", "arcctl panel dialects --json"))(dialects)


def dialects(call: Invocation) -> None:
    """List the dialects an account of the site base may name, with the panel, what is set for it and who says so."""
    from protocols.dc09.dialects import DIALECTS

    call.out.show([_plain(row) for row in DIALECTS.values()], _render)


def _plain(row: Dialect) -> dict[str, Any]:
    import msgspec

    from protocols.dc09.dialects import STANDARD

    value: dict[str, Any] = msgspec.to_builtins(row)
    words = ("name", "panel", "says", "source")
    sets = {
        name: sorted(value[name]) if name == "expected" else value[name]
        for name in value
        if name not in words and getattr(row, name) != getattr(STANDARD, name)
    }
    return {name: value[name] for name in words} | {"sets": sets}


def _render(out: Output, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        out.line(row["name"], out.styled(f"  {row['panel']}", QUIET))
        out.line(f"    {row['says']}")
        for name, value in row["sets"].items():
            text = ", ".join(value) if isinstance(value, list) else f"{value:g}" if name.endswith("_s") else f"{value}"
            out.line(f"    {name}: {text.lower()}")
        out.line(out.styled(f"    source: {row['source']}", QUIET))
