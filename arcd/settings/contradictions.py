"""What is right line by line and cannot be right together."""

from __future__ import annotations

from collections.abc import Iterator

from arcd.core.case.authority.policy import Connector
from arcd.dialects import ESPA, NAMES, read_options
from arcd.effectors.mail import MailSecurity
from arcd.loopback import is_loopback
from arcd.settings.field_contradictions import field_contradictions
from arcd.settings.output_contradictions import output_contradictions
from arcd.settings.sections import EscalationSettings
from arcd.settings.values import (
    Address,
)
from arcd.settings.whole import Settings
from rules.problems import Problem, write_instead
from rules.yaml_source import Node


def contradictions(settings: Settings, root: Node) -> Iterator[Problem]:
    yield from _double_listeners(settings, root)
    yield from _escalation(settings.escalation, root)
    yield from _lines(settings, root)
    on_ports = {str(line.serial.port): f"line {line.name}" for line in settings.lines if line.serial is not None}
    yield from output_contradictions(settings.outputs, on_ports, root)
    if settings.languages.default not in settings.languages.offered:
        yield root.problem(
            ("languages", "default"), "the default language is not offered", "add it to languages.offered"
        )
    if settings.limits.connections_per_source_max > settings.limits.connections_max:
        yield root.problem(
            ("limits", "connections_per_source_max"),
            "one source may have more connections than all together",
            f"write at most {settings.limits.connections_max}",
        )
    yield from field_contradictions(settings.modbus, settings.mail_intake, settings.http_intake, root)
    mail = settings.mail
    if mail is not None and mail.security is MailSecurity.PLAIN and not is_loopback(mail.host):
        yield root.problem(
            ("mail", "security"), "mail would cross the network unencrypted", "write starttls or tls instead"
        )


def _escalation(escalation: EscalationSettings, root: Node) -> Iterator[Problem]:
    """A machine connector that is half set up would be found out in the first emergency."""
    here = "escalation"
    if escalation.connector is Connector.CAP_HTTP and escalation.url is None:
        yield root.problem((here, "connector"), "cap_http has no address to post to", "write escalation.url")
    if escalation.connector is Connector.CAP_FILE and escalation.directory is None:
        yield root.problem((here, "connector"), "cap_file has no directory", "write escalation.directory")
    is_machine = escalation.connector is not Connector.MANUAL_PHONE
    if is_machine and escalation.sender == EscalationSettings().sender:
        advice = "write escalation.sender: the name agreed with the authority"
        yield root.problem((here, "connector"), "the authority would not know who sends", advice)
    if escalation.actual and not is_machine:
        yield root.problem((here, "actual"), "manual_phone sends nothing", "remove it, or choose another connector")
    if escalation.actual and not escalation.actual_sites:
        advice = 'write the ids of the sites that may, or ["*"] for every one that consents'
        yield root.problem((here, "actual_sites"), "messages may be Actual for no site", advice)
    if escalation.phone_after_s <= escalation.response_timeout_s:
        advice = f"write more than {escalation.response_timeout_s:g}"
        yield root.problem((here, "phone_after_s"), "the resend would come after the call for a person", advice)


def _lines(settings: Settings, root: Node) -> Iterator[Problem]:
    names: dict[str, int] = {}
    ports: dict[str, str] = {}
    for index, line in enumerate(settings.lines):
        here = ("lines", index)
        if names.setdefault(line.name, index) != index:
            yield root.problem((*here, "name"), f"two lines are named {line.name}", "give one another name")
        if sum(way is not None for way in (line.serial, line.connect, line.listen)) != 1:
            yield root.problem(here, f"line {line.name} is not reached in one way", "write serial, connect or listen")
        if line.serial is not None:
            owner = ports.setdefault(str(line.serial.port), line.name)
            if owner != line.name:
                said = f"{line.serial.port} is the port of line {owner}"
                yield root.problem((*here, "serial", "port"), said, "choose another port")
        if line.listen is not None and not line.listen.allow:
            yield root.problem((*here, "listen", "allow"), "nobody may connect", "name the receiver's address")
        if line.dialect not in NAMES:
            advice = write_instead(line.dialect, NAMES) or f"dialects: {', '.join(sorted(NAMES))}"
            yield root.problem((*here, "dialect"), f"there is no dialect {line.dialect}", advice)
            continue
        if line.dialect == ESPA and line.listen is not None:
            yield root.problem((*here, "listen"), "ESPA has one far end", "write serial or connect")
        try:
            read_options(line.dialect, line.options)
        except ValueError as error:
            yield root.problem((*here, "options"), f"{line.dialect}: {error}", "see the comments in config/arcd.yaml")


def _double_listeners(settings: Settings, root: Node) -> Iterator[Problem]:
    """Monitoring and guards' pages on the panels' address would be reachable from the panels' network."""
    taken: dict[Address, str] = {}
    places: list[tuple[tuple[str | int, ...], Address]] = [
        (("dc09", "tcp", index), address) for index, address in enumerate(settings.dc09.tcp)
    ]
    for index, address in enumerate(settings.dc09.tls.listen if settings.dc09.tls is not None else ()):
        places.append((("dc09", "tls", "listen", index), address))
    places += [
        (("lines", number, "listen", "addresses", index), address)
        for number, line in enumerate(settings.lines)
        for index, address in enumerate(line.listen.addresses if line.listen is not None else ())
    ]
    places += [
        (("outputs", number, "listen", "addresses", index), address)
        for number, output in enumerate(settings.outputs)
        for index, address in enumerate(output.listen.addresses if output.listen is not None else ())
    ]
    if settings.api.guard_listen is not None:
        places.append((("api", "guard_listen"), settings.api.guard_listen))
    if settings.metrics.listen is not None:
        places.append((("metrics", "listen"), settings.metrics.listen))
    for section, listeners in (
        (("modbus", "writers", "listen"), settings.modbus.writers.listen),
        (("mail_intake", "listen"), settings.mail_intake.listen),
    ):
        places += [((*section, index), address) for index, address in enumerate(listeners)]
    if settings.http_intake.listen is not None:
        places.append((("http_intake", "listen"), settings.http_intake.listen))
    for path, address in places:
        name = ".".join(str(step) for step in path if isinstance(step, str))
        for earlier, owner in taken.items():
            if address.clashes_with(earlier):
                yield root.problem(path, f"{address} is already taken by {owner} ({earlier})", "choose another port")
        taken.setdefault(address, name)
    for index, address in enumerate(settings.dc09.udp):
        if any(address.clashes_with(earlier) for earlier in settings.dc09.udp[:index]):
            yield root.problem(("dc09", "udp", index), f"{address} is named twice", "remove one of the two")
