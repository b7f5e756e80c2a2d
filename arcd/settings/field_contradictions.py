"""What is right line by line and cannot be right together, in the sections of `field_sections`."""

from __future__ import annotations

from collections.abc import Iterator

from arcd.loopback import is_loopback
from arcd.settings.field_sections import HttpIntakeSettings, MailIntakeSettings, ModbusSettings
from rules.problems import Problem
from rules.yaml_source import Node


def field_contradictions(
    modbus: ModbusSettings, mail: MailIntakeSettings, http: HttpIntakeSettings, root: Node
) -> Iterator[Problem]:
    yield from _modbus(modbus, root)
    yield from _writers(modbus, root)
    yield from _mail(mail, root)
    yield from _http(http, root)


def _modbus(modbus: ModbusSettings, root: Node) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    names: set[str] = set()
    for index, line in enumerate(modbus.lines):
        here = ("modbus", "lines", index)
        if line.name in names:
            yield root.problem((*here, "name"), f"there are two lines {line.name}", "give every line its own name")
        names.add(line.name)
        if (line.tcp is None) == (line.serial is None):
            advice = 'write tcp: "192.0.2.7:502", or serial: /dev/ttyUSB0'
            yield root.problem(here, f"line {line.name} needs one way to be reached", advice)
        units: dict[int, str] = {}
        for device, unit in line.devices.items():
            place = (*here, "devices", device)
            if device in owners:
                message = f"device {device} is already on {owners[device]}"
                yield root.problem(place, message, "give every device its own name")
            if unit in units:
                yield root.problem(place, f"{units[unit]} has unit {unit} already", "give every device its own unit")
            if line.serial is not None and not 1 <= unit <= 247:
                yield root.problem(place, f"a serial line has no unit {unit}", "write one from 1 to 247")
            owners.setdefault(device, line.name)
            units.setdefault(unit, device)
    for device in modbus.writers.devices:
        if device in owners:
            yield root.problem(
                ("modbus", "writers", "devices", device),
                f"device {device} is already polled on {owners[device]}",
                "choose another name",
            )


def _writers(modbus: ModbusSettings, root: Node) -> Iterator[Problem]:
    writers, here = modbus.writers, ("modbus", "writers")
    if len(set(writers.devices.values())) != len(writers.devices):
        yield root.problem((*here, "devices"), "two devices write to one unit", "give every device its own unit")
    if bool(writers.listen) != bool(writers.devices):
        missing = "devices" if writers.listen else "listen"
        yield root.problem(here, f"writers need {missing}", "write both listen and devices, or neither")
    if writers.listen and not writers.networks:
        # Modbus has neither passwords nor encryption: the address is all that tells a device from a stranger.
        advice = 'write networks: ["192.0.2.0/24"]: where the devices are'
        yield root.problem(here, "anybody could write alarms", advice)


def _mail(mail: MailIntakeSettings, root: Node) -> Iterator[Problem]:
    here = ("mail_intake",)
    if not mail.listen:
        return
    if not mail.user and not mail.networks:
        advice = "write user: (with certificate:), or networks: [192.0.2.0/24]"
        yield root.problem(here, "nobody could send anything", advice)
    if mail.user and mail.certificate is None:
        advice = "write certificate: <PEM file with its key>"
        yield root.problem((*here, "user"), "the password would cross the network unencrypted", advice)


def _http(http: HttpIntakeSettings, root: Node) -> Iterator[Problem]:
    if http.listen is not None and http.certificate is None and not is_loopback(http.listen.host):
        advice = "write certificate: <PEM file with its key>, or listen on 127.0.0.1 behind a web server that has one"
        yield root.problem(("http_intake", "listen"), "tokens would cross the network unencrypted", advice)
