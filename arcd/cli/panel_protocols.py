"""arcctl panel protocols: what can be spoken, over which way, and what may be set.

One rule: it shows the table that `send`, `flood` and `script` speak by, nothing written beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import QUIET, Output

if TYPE_CHECKING:
    from arcd.cli.simulated_protocols import Simulated


def add_to(app: typer.Typer) -> None:
    verb(app, "protocols", examples=("arcctl panel protocols", "arcctl panel protocols --json"))(protocols)


def protocols(call: Invocation) -> None:
    """List the protocols that send, flood and script speak beside DC-09, each with its ways, options and an example."""
    from arcd.cli.simulated_protocols import SIMULATED

    call.out.show([_plain(each) for each in SIMULATED.values()], _render)


def _plain(each: Simulated) -> dict[str, Any]:
    import msgspec

    options = {
        field.name: field.default
        for field in msgspec.structs.fields(each.options)
        if field.default is None or isinstance(field.default, str | int | float)
    }
    return {
        "name": each.name,
        "title": each.title,
        "ways": list(each.ways),
        "options": options,
        "example": f"arcctl panel send --protocol {each.name} {each.example}",
    }


def _render(out: Output, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        out.line(row["name"], out.styled(f"  {row['title']}; over {', '.join(row['ways'])}", QUIET))
        out.line(f"    {row['example']}")
        if row["options"]:
            shown = ", ".join(f"{name} [{_said(value)}]" for name, value in row["options"].items())
            out.line(out.styled(f"    options: {shown}", QUIET))


def _said(value: object) -> str:
    """As it would be written; a control character as its name in Python."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value.encode("unicode_escape").decode() if isinstance(value, str) else str(value)
