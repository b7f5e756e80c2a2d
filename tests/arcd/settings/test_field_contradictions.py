"""Buses, mail and HTTP intake: what cannot be meant is told with its line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcd.settings import Settings, SettingsProblems, load_settings
from arcd.settings.values import Address


def read(tmp_path: Path, text: str) -> Settings | SettingsProblems:
    path = tmp_path / "arcd.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def lines(*entries: str) -> str:
    return "modbus:\n  lines:\n" + "".join(f"    - {{{entry}}}\n" for entry in entries)


def test_two_lines_and_a_writer(tmp_path: Path) -> None:
    text = lines(
        'name: plant, tcp: "192.0.2.40:502", devices: {boiler: 1, doors: 2}',
        "name: cellar, serial: /dev/ttyUSB0, parity: N, devices: {pumps: 7}",
    )
    text += '  writers: {listen: ["127.0.0.1:5020"], networks: [192.0.2.0/24], devices: {gate-plc: 5}}\n'
    settings = read(tmp_path, text)
    assert isinstance(settings, Settings), str(settings)
    plant, cellar = settings.modbus.lines
    assert (plant.tcp, plant.devices) == (Address("192.0.2.40", 502), {"boiler": 1, "doors": 2})
    assert (cellar.serial, cellar.parity, cellar.stop_bits) == (Path("/dev/ttyUSB0"), "N", 1)
    assert settings.modbus.writers.networks == ("192.0.2.0/24",)


PLC = 'name: a, tcp: "127.0.0.1:502", devices: {plc: 1}'
WRITERS = 'modbus:\n  writers: {listen: ["127.0.0.1:1502"], networks: [127.0.0.0/8], devices: {a: 1}}\n'
MAIL = 'mail_intake:\n  listen: ["127.0.0.1:2525"]\n'
WANTED = {
    lines("name: a, devices: {plc: 1}"): ":3: error: line a needs one way to be reached — write tcp:",
    lines(PLC, PLC.replace("plc: 1", "two: 1")): ":4: error: there are two lines a",
    lines(PLC, PLC.replace("name: a", "name: b")): ":4: error: device plc is already on a",
    lines(PLC.replace("plc: 1", "plc: 1, two: 1")): ":3: error: plc has unit 1 already",
    lines("name: a, serial: /dev/x, devices: {plc: 0}"): ":3: error: a serial line has no unit 0",
    lines(PLC.replace("plc: 1", "plc: 256")): ":3: error: this must be a whole number from 0 to 255",
    lines(PLC.replace("127.0.0.1", "plc.example")): ":3: error: this is no address to listen on",
    WRITERS.replace(", devices: {a: 1}", ""): ":2: error: writers need devices",
    WRITERS.replace(" networks: [127.0.0.0/8],", ""): ":2: error: anybody could write alarms",
    WRITERS.replace("a: 1", "a: 1, b: 1"): ":2: error: two devices write to one unit",
    WRITERS.replace("127.0.0.0/8", "127.0.0.1/8"): ":2: error: this is no network",
    WRITERS.replace("1502", "9999"): ":2: error: 127.0.0.1:9999 is already taken by dc09.tcp",
    MAIL: ":2: error: nobody could send anything — write user:",
    f"{MAIL}  user: cam\n": ":3: error: the password would cross the network unencrypted — write certificate:",
    'http_intake:\n  listen: "0.0.0.0:8443"\n': ":2: error: tokens would cross the network unencrypted",
}  # fmt: skip


@pytest.mark.parametrize("text", list(WANTED))
def test_what_cannot_be_meant(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert isinstance(found, SettingsProblems)
    told = [line.replace(f"{tmp_path}/arcd.yaml", "") for line in str(found).splitlines()]
    place, _, sentence = WANTED[text].partition(" ")
    assert any(line.startswith(place) and sentence in line for line in told), told
