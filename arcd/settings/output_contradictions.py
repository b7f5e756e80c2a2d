"""What is right line by line and cannot be right together, in the section `outputs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arcd.dialects import read_options
from arcd.forwarding.forms import AUTOMATION
from arcd.loopback import is_loopback
from arcd.settings.outputs import ALWAYS, DC09, OutputSettings
from protocols.counterparts import ContactIdOnly
from rules.problems import Problem
from rules.yaml_source import Node


def output_contradictions(
    outputs: tuple[OutputSettings, ...], lines: Mapping[str, str], root: Node
) -> Iterator[Problem]:
    """`lines`: serial port → receiver line on it."""
    names: set[str] = set()
    ports = dict(lines)
    for index, output in enumerate(outputs):
        here = ("outputs", index)
        if output.name in names:
            yield root.problem((*here, "name"), f"two outputs are named {output.name}", "give one another name")
        names.add(output.name)
        if sum(way is not None for way in (output.serial, output.connect, output.listen)) != 1:
            advice = "write connect" if output.form == DC09 else "write serial, connect or listen"
            yield root.problem(here, f"output {output.name} is not reached in one way", advice)
            continue
        if output.serial is not None:
            owner = ports.setdefault(str(output.serial.port), output.name)
            if owner != output.name:
                said = f"{output.serial.port} is the port of {owner}"
                yield root.problem((*here, "serial", "port"), said, "choose another port")
        if output.listen is not None and not output.listen.allow:
            yield root.problem((*here, "listen", "allow"), "nobody may connect", "name the software's address")
        yield from _dc09(output, here, root) if output.form == DC09 else _automation(output, here, root)


def _automation(output: OutputSettings, here: tuple[str | int, ...], root: Node) -> Iterator[Problem]:
    for name in ("tls", "key"):
        if getattr(output, name) is not None:
            yield root.problem((*here, name), f"{output.form} has no {name}", "remove it, or write form: dc09")
    if output.when != ALWAYS:
        advice = "remove it: software that is not running gets everything when it comes back"
        yield root.problem((*here, "when"), "an automation line is always on", advice)
    try:
        options = read_options(output.form, output.options)
        AUTOMATION[output.form](options, output.receiver, output.line)
    except ValueError as error:
        yield root.problem((*here, "options"), f"{output.form}: {error}", "see the comments in config/arcd.yaml")
    if output.contact_id is not None:
        try:
            ContactIdOnly(output.contact_id.codes, output.contact_id.otherwise)
        except ValueError as error:
            yield root.problem((*here, "contact_id"), str(error), "see protocols/data/sia_to_contact_id.tsv")


def _dc09(output: OutputSettings, here: tuple[str | int, ...], root: Node) -> Iterator[Problem]:
    if output.connect is None:
        yield root.problem(here, "DC-09 connects to the other centre", "write connect")
        return
    if output.options:
        yield root.problem((*here, "options"), "dc09 has no options", "remove it")
    if output.contact_id is not None:
        yield root.problem((*here, "contact_id"), "dc09 sends SIA and Contact ID as they came", "remove it")
    if output.transport == "udp" and output.tls is not None:
        yield root.problem((*here, "tls"), "there is no TLS over UDP", "remove it, or write transport: tcp")
    if output.key is None and output.tls is None and not is_loopback(output.connect.host):
        advice = "write key: {credential: forward-key}, or tls:"
        yield root.problem(here, "alarms would cross the network unencrypted", advice)
