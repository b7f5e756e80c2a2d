"""arcctl panel script: play a scenario of a panel, and say where the receiver did not answer as expected.

One rule: a reply that was not expected is shown and ends the scenario, because what follows was written for another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import FindingError, UsageError
from arcd.cli.invocation import Invocation, verb
from arcd.cli.output import BAD, GOOD, QUIET, Output
from arcd.cli.panel_messages import numbered, receiver_of, wire_key
from arcd.cli.panel_options import (
    Ca,
    Host,
    Key,
    KeyFile,
    ListenHere,
    Mode,
    Port,
    Serial,
    ServerName,
    Tls,
    Udp,
    only_elsewhere,
)
from arcd.cli.times import span

if TYPE_CHECKING:
    from arcd.cli.dialling import Panel, Sent
    from arcd.cli.scripting import Action, Script
    from arcd.cli.wires import Wire

CONNECT_S = 10.0


def add_to(app: typer.Typer) -> None:
    verb(
        app,
        "script",
        examples=(
            "arcctl panel script burglary.yaml",
            "arcctl panel script burglary.yaml --udp --host 127.0.0.1 --port 9999 --json",
            "arcctl panel script receiver.yaml --serial /dev/ttyUSB0",
        ),
    )(script)


def script(
    call: Invocation,
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="The scenario.")],
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on after an unexpected reply.")] = False,
    key: Key = None,
    key_file: KeyFile = None,
    host: Host = None,
    port: Port = None,
    udp: Udp = False,
    tls: Tls = False,
    ca: Ca = None,
    server_name: ServerName = None,
    serial: Serial = None,
    mode: Mode = "9600 8N1",
    listen: ListenHere = False,
) -> None:
    """Send, wait, repeat and expect as a file says.

    panel: {account: "1001"} names the panel; also receiver, line, key_file, binary_crc, timestamp, retries. Below
    steps: each dash is one thing: send: {code, zone, …} as the options of `panel send`, again: true, wait: 2s,
    close: true, or repeat: 3 with steps: of its own. expect: is ack (when nothing is said), nak, duh or none, and
    within: how long it may take. With panel: {protocol: NAME, options: {…}} another device plays it (arcctl panel
    protocols), and send: takes options: of its own. Exit code 0 only when every reply was the expected one.
    """
    from arcd.cli.scripting import ScriptError, read_script
    from arcd.cli.source_files import read_text
    from arcd.cli.wires import SocketWire

    try:
        scenario = read_script(read_text(file), file)
    except ScriptError as error:
        for problem in error.before:
            call.out.error(problem)
        raise
    if scenario.panel.protocol != "dc09":
        if key is not None or key_file is not None:
            raise UsageError("keys are DC-09's; leave them out of this scenario")
        from arcd.cli.simulated import where_of
        from arcd.cli.simulated_protocols import simulated
        from arcd.cli.simulated_script import played

        place = where_of(
            scenario.panel.protocol, simulated(scenario.panel.protocol).ways, host=host, port=port, serial=serial,
            mode=mode, udp=udp, tls=tls, listen=listen, ca=ca, server_name=server_name, timeout_s=CONNECT_S,
        )  # fmt: skip
        steps = played(scenario, place)
        return _finish(call, str(place), scenario, _told(call, scenario, steps, keep_going=keep_going))
    only_elsewhere(None, serial, is_listening=listen)
    own_key = scenario.panel.key_file
    if own_key is not None and key is None and key_file is None:
        key_file = file.parent / own_key
    where = receiver_of(host, port, udp=udp, tls=tls, ca=ca, server_name=server_name)
    with closing(SocketWire(where, connect_timeout_s=CONNECT_S)) as wire:
        panel = _panel(scenario, wire, key, key_file)
        told = _told(call, scenario, _performed(scenario, panel, wire), keep_going=keep_going)
    return _finish(call, str(where), scenario, told)


def _panel(scenario: Script, wire: Wire, key: str | None, key_file: Path | None) -> Panel:
    from arcd.cli.dialling import Panel
    from arcd.clock import SystemClock
    from protocols.dc09 import Dialler

    form = scenario.panel
    dialler = Dialler(
        account=form.account,
        receiver=form.receiver,
        line=form.line,
        key=wire_key(key, key_file),
        is_binary_crc=form.binary_crc,
    )
    return Panel(dialler, wire, SystemClock(), timeout_s=5.0, transmissions_max=form.retries + 1)


def _told(
    call: Invocation, scenario: Script, steps: Iterator[dict[str, Any] | None], *, keep_going: bool
) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    with call.out.progress(f"account {scenario.panel.account}") as done:
        for number, one in enumerate(steps, start=1):
            done(number, len(scenario.actions))
            if one is None:
                continue
            told.append({"step": number, **one})
            if not call.as_json:
                _render_step(call.out, told[-1])
            if not one["as_expected"] and not keep_going:
                break
    return told


def _performed(scenario: Script, panel: Panel, wire: Wire) -> Iterator[dict[str, Any] | None]:
    """One item an action: what came of a message, or None for a pause and a close."""
    import time

    messages = 0
    for action in scenario.actions:
        if action.kind == "wait":
            time.sleep(action.seconds)
            yield None
        elif action.kind == "close":
            wire.close()
            yield None
        else:
            sent = _sent(action, panel, messages, is_stamped=scenario.panel.timestamp or panel.is_keyed)
            messages += action.kind == "send"
            yield _plain(action, sent)


def _sent(action: Action, panel: Panel, messages: int, *, is_stamped: bool) -> Sent:
    panel.timeout_s = action.within_s
    try:
        if action.kind == "again":
            return panel.again()
        assert action.message is not None
        panel.clock_offset_s = action.clock_offset_s
        sequence = numbered(1, messages) if action.sequence is None else action.sequence
        corrects = action.expect != "nak"  # else the correction would hide what was expected
        return panel.send(
            *action.message, sequence, extended=action.extended,
            is_stamped=is_stamped or bool(action.clock_offset_s), corrects_clock=corrects,
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error)) from error


def _plain(action: Action, sent: Sent) -> dict[str, Any]:
    from protocols.dc09.body import blank_keys

    reply = "none" if sent.reply is None else sent.reply.kind.value
    return {
        "frame": blank_keys(sent.frame).decode("latin-1"),
        "sequence": sent.sequence,
        "expected": action.expect,
        "reply": reply,
        "reply_token": None if sent.reply is None else sent.reply.token,
        "elapsed_s": round(sent.elapsed_s, 6),
        "as_expected": reply == action.expect,
    }


def _render_step(out: Output, step: Mapping[str, Any]) -> None:
    is_good = step["as_expected"]
    wanted = "" if is_good else f", expected {step['expected'].upper()}"
    reply = "no reply" if step["reply"] == "none" else (step["reply_token"] or step["reply"]).upper()
    out.line(
        out.styled(f"{reply}{wanted}", GOOD if is_good else BAD),
        f" in {span(step['elapsed_s'])}  ",
        out.styled(step["frame"], QUIET),
    )


def _finish(call: Invocation, receiver: str, scenario: Script, told: list[dict[str, Any]]) -> None:
    wanted = sum(action.kind in ("send", "again") for action in scenario.actions)
    as_expected = sum(step["as_expected"] for step in told)
    elapsed = sorted(step["elapsed_s"] for step in told)
    value = {
        "receiver": receiver,
        "messages": wanted,
        "as_expected": as_expected,
        "elapsed_s": {
            "p50": elapsed[len(elapsed) // 2] if elapsed else None,
            "p99": elapsed[min(len(elapsed) - 1, len(elapsed) * 99 // 100)] if elapsed else None,
        },
        "steps": told,
    }
    call.out.show(value, _render_summary)
    if as_expected < wanted:
        raise FindingError("")


def _render_summary(out: Output, value: Mapping[str, Any]) -> None:
    style = GOOD if value["as_expected"] == value["messages"] else BAD
    text = f"{value['as_expected']} of {value['messages']} as expected"
    times = value["elapsed_s"]
    tail = "" if times["p50"] is None else f"; p50 {span(times['p50'])}, p99 {span(times['p99'])}"
    out.line(out.styled(text, style), tail)
