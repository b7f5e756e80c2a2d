"""Be any device for a moment: say one thing, or the same thing many times, and show what was answered.

One rule: as in `arcctl panel send` over DC-09, what was sent is shown as it was and only an ACK of it is success. A
device waits for its answer before it says anything more, and so do we.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from arcd.cli.failures import FindingError
from arcd.cli.invocation import Invocation
from arcd.cli.output import BAD, GOOD, QUIET, Output
from arcd.cli.simulated import Carrier, Made, Saying, Where
from arcd.cli.simulated_protocols import Simulated
from arcd.cli.times import span
from arcd.clock import SystemClock


def send_simulated(
    call: Invocation,
    protocol: Simulated,
    where: Where,
    options: Any,
    sayings: list[Saying],
    *,
    pause_s: float,
    timeout_s: float,
    transmissions_max: int,
) -> None:
    protocol.made(sayings[0], options)  # what cannot be said is told before anybody is asked
    carrier = protocol.carry(where)
    told: list[dict[str, Any]] = []
    try:
        if where.is_listening:
            call.out.remark(f"waiting for the line to connect to {where}")
        carrier.open()
        for saying in sayings:
            if told and pause_s:
                time.sleep(pause_s)
            told.append(transmitted(carrier, protocol.made(saying, options), timeout_s, transmissions_max))
            if not call.as_json:
                _render(call.out, told[-1], protocol)
    finally:
        carrier.close()
    acknowledged = sum(each["acknowledged"] for each in told)
    if call.as_json:
        call.out.show({"receiver": str(where), "messages": told, "acknowledged": acknowledged}, lambda *_: None)
    if acknowledged < len(told):
        raise FindingError("" if call.as_json else f"{len(told) - acknowledged} of {len(told)} were not acknowledged")


def transmitted(carrier: Carrier, made: Made, timeout_s: float, transmissions_max: int) -> dict[str, Any]:
    """The same bytes again until something answers them, as the JSON document tells it."""
    clock = SystemClock()
    began_s, transmissions = clock.monotonic_s(), 0
    while True:
        answer = carrier.deliver(made, timeout_s)
        transmissions += 1
        if answer.kind is not None or transmissions >= transmissions_max:
            break
    return {
        "frame": made.shown,
        "transmissions": transmissions,
        "acknowledged": answer.kind == "ack",
        "reply": answer.kind,
        "said": answer.said,
        "elapsed_s": round(clock.monotonic_s() - began_s, 6),
    }


def _render(out: Output, sent: Mapping[str, Any], protocol: Simulated) -> None:
    out.line(f"sent  {sent['frame']}")
    times = f", sent {sent['transmissions']} times" if sent["transmissions"] > 1 else ""
    reply = (sent["reply"] or "no reply").upper() if sent["reply"] else "no reply"
    out.line(
        "reply ", out.styled(reply, GOOD if sent["acknowledged"] else BAD), f" in {span(sent['elapsed_s'])}{times}"
    )
    if sent["said"] and not (sent["acknowledged"] and protocol.refusal):
        out.line(out.styled(f"      {sent['said']}", QUIET))
    if sent["reply"] == "nak" and protocol.refusal:
        out.line(out.styled(f"      {protocol.refusal}", QUIET))
