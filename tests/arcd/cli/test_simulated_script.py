"""arcctl panel script with another protocol: a receiver's line, a Modbus device, a cloud panel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arcd.cli.scripting import read_script
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.in_thread import in_thread
from tests.arcd.cli.test_simulated_sending import Software, software  # noqa: F401 – a fixture
from tests.arcd.gateways import test_http_intake, test_modbus_writers
from tests.arcd.gateways.intake import TOKEN

LINE = """\
panel: {protocol: surgard, account: "1001", options: {receiver_digits: 3}}
steps:
  - send: {code: BA, zone: 3}
  - again: true
  - wait: 0.01
  - repeat: 2
    steps:
      - send: {scheme: contact_id, code: 130, zone: 15, area: 1, qualifier: restore}
      - send: {link_test: true}
  - send: {scheme: pulse, code: "31"}
    expect: none
    within: 0.05
"""


def test_a_receivers_night(arcctl: Arcctl, software: Callable[..., Software]) -> None:  # noqa: F811 – the fixture
    far = software("surgard", lambda number: number < 7, {"receiver_digits": 3})
    Path("night.yaml").write_text(LINE)
    ran = arcctl("panel", "script", "night.yaml", "--port", str(far.port), "--json")
    assert ran.code == 0, ran.err + ran.out
    value = ran.json()
    assert (value["messages"], value["as_expected"]) == (7, 7)
    assert [received.token for received in far.received[2:4]] == ["5", "heartbeat"]
    assert far.received[0].raw == far.received[1].raw
    assert far.received[0].origin.receiver == "001"


def test_a_door_opens_and_closes(arcctl: Arcctl) -> None:
    Path("door.yaml").write_text("""\
panel: {protocol: modbus, options: {unit: 7}}
steps:
  - send: {options: {coil: 3, alternates: false}}
  - close: true
  - send: {options: {coil: 3, value: 0}}
  - send: {options: {coil: 3, unit: 8}}
    expect: nak
""")
    with in_thread(test_modbus_writers.a_scene) as (_, scene):
        ran = arcctl("panel", "script", "door.yaml", "--port", str(scene.port))
        assert ran.code == 0, ran.err + ran.out
        assert scene.machine.take() == [("BA", "new"), ("BR", "restore")]
    assert "3 of 3 as expected" in ran.out


def test_a_number_is_what_the_option_is(tmp_path: Path) -> None:
    """A digit is a text in ESPA, and YAML reads a number."""
    script = read_script(
        "panel: {protocol: espa444, account: 0042, options: {station: 2, is_nordic: false}}\n"
        "steps: [{send: {text: Hei, options: {priority: 1}}}]\n",
        tmp_path / "x.yaml",
    )
    options = script.actions[0].options
    assert (options.station, options.priority, options.is_nordic) == ("2", "1", False)


def test_files_stand_beside_the_scenario(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "token").write_text(TOKEN)
    (tmp_path / "plans" / "cloud.yaml").write_text("""\
panel: {protocol: json, options: {token_file: token}}
steps:
  - send: {code: BA, zone: 1}
  - close: true
  - again: true
  - send: {link_test: true}
""")
    with in_thread(lambda: test_http_intake.a_scene(tmp_path)) as (_, far):
        ran = arcctl("panel", "script", "plans/cloud.yaml", "--port", str(far.client.base_url.port))
    assert ran.code == 0, ran.err + ran.out
    assert far.inbox.alive == 1
    assert len({fact.received.fingerprint for fact in far.inbox.frames}) == 1, "again is the same message"


@pytest.mark.parametrize(
    ("panel", "step", "said"),
    [
        ('{protocol: morse, account: "1"}', "send: {code: BA}", "write one of dc09, surgard"),
        ("{protocol: surgard}", "send: {code: BA}", "--account NUMBER"),
        ('{protocol: surgard, account: "1", options: {speed: 3}}', "send: {code: BA}", "it has receiver_digits"),
        ('{protocol: surgard, account: "1", timestamp: true}', "send: {code: BA}", "are DC-09's"),
        ('{protocol: surgard, account: "1"}', "send: {token: X}", "are DC-09's"),
        ('{protocol: surgard, account: "1"}', "send: {}", "say what to send"),
        ('{protocol: surgard, account: "1"}', "{send: {code: BA}, expect: duh}", "has no DUH"),
        ('{protocol: surgard, account: "1"}', "again: true", "nothing has been sent"),
        ('{account: "1", options: {unit: 1}}', "send: {code: BA}", "options are another protocol's"),
        ('{account: "1"}', "send: {code: BA, options: {unit: 1}}", "another protocol's"),
        ("{}", "send: {code: BA}", "a DC-09 panel names its account"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(arcctl: Arcctl, panel: str, step: str, said: str) -> None:
    Path("x.yaml").write_text(f"panel: {panel}\nsteps:\n  - {step}\n")
    ran = arcctl("panel", "script", "x.yaml", "--port", "9")
    assert ran.code == 2, ran.out
    assert said in ran.err, ran.err
