"""Lines in the settings: what is right, and for every mistake the line and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arcd.gateways.serial import SerialMode
from arcd.settings import Settings, SettingsProblems, load_settings
from arcd.settings.lines import LINES_MAX

GOOD = "  - {name: a, dialect: surgard, connect: '127.0.0.1:1025', heartbeat_s: 30}\n"


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Settings | SettingsProblems:
    monkeypatch.chdir(tmp_path)
    Path("arcd.yaml").write_text(f"lines:\n{text}", encoding="utf-8")
    return load_settings(Path("arcd.yaml"))


def test_three_ways_to_a_receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(
        tmp_path,
        monkeypatch,
        GOOD
        + """\
  - name: serial
    dialect: surgard
    options: {receiver_digits: 2, line_digits: 3}
    serial: {port: /dev/ttyS0, mode: 1200 7E1, flow: hardware}
    heartbeat_s: 0
  - name: open
    dialect: ademco685
    listen: {addresses: ["127.0.0.1:1026"], allow: [192.0.2.0/24, "::1"]}
    heartbeat_s: 45
    silent_after: 2
    receiver: 7
""",
    )
    assert isinstance(settings, Settings), str(settings)
    first, serial, listening = settings.lines
    assert (first.silence_s, first.where) == (90.0, "127.0.0.1:1025")
    assert serial.serial is not None
    assert serial.serial.serial_mode == SerialMode(baud=1200, bits=7, parity="E", stop=1, rtscts=True)
    assert serial.where == "/dev/ttyS0 1200 7E1"
    assert (listening.silence_s, listening.receiver) == (90.0, "7")
    assert listening.listen is not None
    assert [str(network) for network in listening.listen.allow] == ["192.0.2.0/24", "::1/128"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace(", heartbeat_s: 30", ""), "arcd.yaml:2:5: .*heartbeat_s is missing"),
        (GOOD.replace("surgard", "surgart"), "arcd.yaml:2:24: there is no dialect surgart; did you mean surgard"),
        (GOOD.replace("surgard", "morse"), "there is no dialect morse"),
        (GOOD.replace("name: a", "name: Line A"), "arcd.yaml:2:12: this is no name of a line"),
        (GOOD.replace("name: a", "name: dc09-tcp"), "this is no name of a line"),
        (GOOD + GOOD, "arcd.yaml:3:12: two lines are named a"),
        (GOOD.replace("connect: '127.0.0.1:1025', ", ""), "line a is not reached in one way; write serial, connect or"),
        (GOOD.replace("heartbeat_s", "serial: {port: /dev/x}, heartbeat_s"), "line a is not reached in one way"),
        (GOOD.replace("connect: '127.0.0.1:1025'", "serial: {port: /dev/x, mode: 9600}"), "write it like 9600 8N1"),
        (GOOD.replace("connect: '127.0.0.1:1025'", "serial: {port: /dev/x, flow: x}"), "write one of hardware"),
        (GOOD.replace("127.0.0.1", "receiver"), "this is no address"),
        (GOOD.replace("heartbeat_s", "options: {lines: 3}, heartbeat_s"), "surgard: there is no option lines; there"),
        (GOOD.replace("heartbeat_s", "options: {line_digits: x}, heartbeat_s"), "surgard: .*line_digits"),
        (
            GOOD.replace("connect: '127.0.0.1:1025'", "listen: {addresses: ['127.0.0.1:9999'], allow: ['::1']}"),
            "127.0.0.1:9999 is already taken by dc09.tcp",
        ),
        (
            GOOD.replace("connect: '127.0.0.1:1025'", "listen: {addresses: ['127.0.0.1:1'], allow: []}"),
            "nobody may connect; name the receiver's address",
        ),
        (
            GOOD.replace("connect: '127.0.0.1:1025'", "listen: {addresses: ['127.0.0.1:1'], allow: [x]}"),
            "this is no address and no network",
        ),
        (
            "".join(GOOD.replace("name: a", f"name: a{n}") for n in range(LINES_MAX + 1)),
            f"more than {LINES_MAX} lines",
        ),
        (
            "".join(
                GOOD.replace("name: a", f"name: a{n}").replace("connect: '127.0.0.1:1025'", "serial: {port: /dev/x}")
                for n in range(2)
            ),
            "/dev/x is the port of line a0; choose another port",
        ),
        (
            GOOD.replace("surgard", "espa444").replace(
                "connect: '127.0.0.1:1025'", "listen: {addresses: ['127.0.0.1:1'], allow: ['::1']}"
            ),
            "ESPA has one far end; write serial or connect",
        ),
        (GOOD.replace("surgard", "espa444, options: {address: '?'}"), "espa444: .*address"),
        (" yes\n", "must be a list"),
    ],
)
def test_every_mistake_says_where_and_what_to_write(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(tmp_path, monkeypatch, text)
    assert isinstance(found, SettingsProblems)
    said = str(found).replace(" error:", "").replace(" — ", "; ")
    assert re.search(expected, said), said


def test_a_section_whose_lines_are_commented_out_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(tmp_path, monkeypatch, "#  - name: x\n")
    assert isinstance(settings, Settings)
    assert settings.lines == ()


def test_the_example_is_right_when_it_is_uncommented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (Path(__file__).parents[3] / "config" / "arcd.yaml").read_text(encoding="utf-8")
    start, end = example.index("\nlines:\n"), example.index("\n# Automation software")
    body = example[start + len("\nlines:\n") : end]
    settings = read(tmp_path, monkeypatch, re.sub(r"(?m)^#", "", body))
    assert isinstance(settings, Settings), str(settings)
    assert [line.where for line in settings.lines] == [
        "/dev/ttyUSB0 9600 8N2",
        "192.0.2.7:1025",
        "127.0.0.1:1026",
        "/dev/ttyS1 9600 7E2",
    ]
