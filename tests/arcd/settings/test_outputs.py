"""Outputs in the settings: what is right, and for every mistake the line and what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arcd.settings import Settings, SettingsProblems, load_settings
from arcd.settings.outputs import OUTPUTS_MAX

GOOD = "  - {name: a, form: surgard, connect: '127.0.0.1:1025'}\n"
NIGHT = "  - {name: n, form: dc09, connect: '192.0.2.9:9999', key: {credential: forward-key}}\n"


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Settings | SettingsProblems:
    monkeypatch.chdir(tmp_path)
    Path("arcd.yaml").write_text(f"outputs:\n{text}", encoding="utf-8")
    return load_settings(Path("arcd.yaml"))


def test_the_example_is_right_when_it_is_uncommented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = (Path(__file__).parents[3] / "config" / "arcd.yaml").read_text(encoding="utf-8")
    start, end = example.index("\noutputs:\n"), example.index("\nlimits:\n")
    body = "\n".join(
        line for line in example[start + len("\noutputs:\n") : end].splitlines() if not re.match(r"#( \w|$)", line)
    )
    settings = read(tmp_path, monkeypatch, re.sub(r"(?m)^#", "", body))
    assert isinstance(settings, Settings), str(settings)
    assert [output.where for output in settings.outputs] == ["127.0.0.1:1025", "192.0.2.9:9999"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("surgard", "morse"), "arcd.yaml:2:21: "),
        (GOOD.replace(", connect: '127.0.0.1:1025'", ""), "output a is not reached in one way"),
        (GOOD + GOOD, "arcd.yaml:3:12: .*two outputs are named a"),
        (GOOD.replace("connect:", "line: 12, connect:"), "receiver '1' and line '12'"),
        (GOOD.replace("connect:", "options: {line_digts: 3}, connect:"), "line_digts"),
        (GOOD.replace("connect: '127.0.0.1:1025'", "listen: {addresses: ['127.0.0.1:1'], allow: []}"), "nobody may"),
        (GOOD.replace("connect:", "when: switched, connect:"), "an automation line is always on"),
        (GOOD.replace("connect:", "contact_id: {codes: {ba: 130}}, connect:"), "'ba' is no SIA code"),
        (NIGHT.replace("key:", "contact_id: {}, key:"), "dc09 sends SIA and Contact ID as they came"),
        (GOOD.replace("connect:", "categories: [smoke], connect:"), "arcd.yaml:2:"),
        (NIGHT.replace(", key: {credential: forward-key}", ""), "alarms would cross the network unencrypted"),
        (NIGHT.replace("key:", "transport: udp, tls: {}, key:"), "there is no TLS over UDP"),
        (NIGHT.replace("key:", "when: {mon: '8-16'}, key:"), "these are not hours"),
        (NIGHT.replace("connect: '192.0.2.9:9999'", "serial: {port: /dev/ttyS0}"), "DC-09 connects"),
        ("".join(GOOD.replace("name: a", f"name: a{n}") for n in range(OUTPUTS_MAX + 1)), "more than 16 outputs"),
    ],
)
def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str) -> None:
    problems = read(tmp_path, monkeypatch, text)
    assert isinstance(problems, SettingsProblems), problems
    assert re.search(expected, str(problems)), str(problems)
