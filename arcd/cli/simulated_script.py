"""A scenario of another device than a DC-09 panel, played step by step.

One rule: `again` sends what was sent, byte for byte; everything else is numbered on from the message before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from msgspec.structs import replace

from arcd.cli.failures import UsageError
from arcd.cli.panel_messages import numbered
from arcd.cli.scripting import Action, Script
from arcd.cli.simulated import Made, Where
from arcd.cli.simulated_protocols import Simulated, new_run, simulated
from arcd.cli.simulated_sending import transmitted


def played(scenario: Script, where: Where) -> Iterator[dict[str, Any] | None]:
    """One item an action: what came of a message, or None for a pause and a close."""
    kind, run = simulated(scenario.panel.protocol), new_run()
    if next((action.kind for action in scenario.actions if action.kind in ("send", "again")), "send") == "again":
        raise UsageError("nothing has been sent that could be sent again")
    made: Made | None = None
    messages = 0
    with closing(kind.carry(where)) as carrier:
        carrier.open()
        for action in scenario.actions:
            if action.kind == "wait":
                time.sleep(action.seconds)
                yield None
                continue
            if action.kind == "close":
                carrier.close()
                yield None
                continue
            if action.kind == "send":
                made = _made(kind, action, numbered(1, messages), run)
                messages += 1
            assert made is not None, "a scenario begins with a message"
            yield _plain(action, transmitted(carrier, made, action.within_s, scenario.panel.retries + 1))


def _made(kind: Simulated, action: Action, number: int, run: str) -> Made:
    assert action.saying is not None, "checked when the scenario was read"
    number = number if action.sequence is None else action.sequence
    return kind.made(replace(action.saying, number=number, run=run), action.options)


def _plain(action: Action, sent: dict[str, Any]) -> dict[str, Any]:
    reply = sent["reply"] or "none"
    return {
        "frame": sent["frame"],
        "expected": action.expect,
        "reply": reply,
        "reply_token": None if sent["reply"] is None else sent["reply"],
        "said": sent["said"],
        "transmissions": sent["transmissions"],
        "elapsed_s": sent["elapsed_s"],
        "as_expected": reply == action.expect,
    }
