"""arcctl panel script: a scenario against a receiver on real sockets, and every mistake in the file with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcd.cli.scripting import ACTIONS_MAX, read_script
from protocols.codec import Received
from tests.arcd.cli.conftest import Arcctl, Ran
from tests.arcd.cli.receiver import KEY, Receiver, receiving

BURGLARY = """\
panel: {account: "1001", line: "3"}
steps:
  - send: {code: BA, zone: 3, area: 1, extended: [IBack door]}
  - again: true
  - wait: 0.01
  - repeat: 2
    steps:
      - send: {scheme: contact_id, code: 130, zone: 15, area: 1, qualifier: restore}
        within: 2s
      - send: {link_test: true}
  - close: true
  - send: {code: OP, user: 7, sequence: 77}
"""


def play(arcctl: Arcctl, receiver: Receiver, text: str, *options: str) -> Ran:
    Path("scenario.yaml").write_text(text)
    return arcctl("panel", "script", "scenario.yaml", "--port", str(receiver.port), *options)


@pytest.mark.parametrize("udp", [False, True])
def test_a_scenario_is_played_in_order(arcctl: Arcctl, udp: bool) -> None:
    with receiving(udp=udp) as receiver:
        ran = play(arcctl, receiver, BURGLARY, "--json", *(["--udp"] * udp))
    assert ran.code == 0, ran.err + ran.out
    value = ran.json()
    assert (value["messages"], value["as_expected"]) == (7, 7)
    assert [step["sequence"] for step in value["steps"]] == [1, 1, 2, 3, 4, 5, 77]
    items = [item for item in receiver.received if isinstance(item, Received)]
    assert [item.token for item in items] == ["SIA-DCS", "SIA-DCS", "ADM-CID", "NULL", "ADM-CID", "NULL", "SIA-DCS"]
    assert receiver.raw[0] == receiver.raw[1]
    assert items[0].signals[0].text == "Back door"
    assert {item.origin.line for item in items} == {"3"}
    if not udp:
        assert receiver.connections == 2


def test_what_was_not_expected_ends_it_unless_it_should_go_on(arcctl: Arcctl) -> None:
    text = 'panel: {account: "9999"}\nsteps:\n  - send: {code: BA}\n  - send: {code: FA}\n    expect: duh\n'
    with receiving() as receiver:
        ran = play(arcctl, receiver, text)
        going = play(arcctl, receiver, text, "--keep-going")
    assert ran.code == going.code == 1
    assert "DUH, expected ACK" in ran.out
    assert "0 of 2 as expected" in ran.out
    assert "1 of 2 as expected" in going.out
    assert len(receiver.received) == 3


def test_a_wrong_clock_and_silence_can_be_expected(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "wire.key").write_text(KEY)
    text = """\
panel: {account: "1002", key_file: wire.key}
steps:
  - send: {code: FA, zone: 1, clock_offset_s: -3600}
    expect: nak
  - send: {code: FA, zone: 1}
"""
    with receiving() as receiver:
        ran = play(arcctl, receiver, text)
    assert ran.code == 0, ran.out + ran.err
    assert KEY not in ran.out + ran.err

    def silent(number: int, reply: bytes) -> list[bytes]:
        return []

    with receiving(silent) as receiver:
        ran = play(
            arcctl,
            receiver,
            'panel: {account: "1001"}\nsteps:\n  - send: {link_test: true}\n    expect: none\n    within: 0.05\n',
        )
    assert ran.code == 0, ran.out


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ("  - sned: {code: BA}\n", "scenario.yaml:3:5: error: unknown field sned"),
        ("  - {send: {code: BA}, wait: 1s}\n", "a step is one thing"),
        ("  - {expect: ack}\n", "a step is one thing"),
        ("  - repeat: 2\n", "repeat and steps belong together"),
        ("  - {send: {code: BA}, expect: maybe}\n", "write one of"),
        ("  - {wait: soon}\n", "this is not a duration"),
        ("  - {wait: 2h}\n", "3600"),
        ("  - send: {}\n", "say what to send"),
        ("  - send: {code: BAD}\n", "scenario.yaml:"),
        ("  - send: {scheme: contact_id, code: 130, text: x}\n", "Contact ID has no text"),
        ("  []\n", "steps"),
        ("  - again: true\n", "nothing has been sent"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(arcctl: Arcctl, steps: str, wanted: str) -> None:
    with receiving() as receiver:
        ran = play(arcctl, receiver, f'panel: {{account: "1001"}}\nsteps:\n{steps}')
    assert ran.code == 2, ran.out
    assert wanted in ran.err
    assert receiver.received == []


def test_how_much_it_may_send_is_bounded() -> None:
    deep = "  - repeat: 1000\n    steps:\n      - repeat: 1000\n        steps:\n          - send: {link_test: true}\n"
    with pytest.raises(Exception, match=f"more than {ACTIONS_MAX} messages"):
        read_script(f'panel: {{account: "1"}}\nsteps:\n{deep}', Path("x.yaml"))
    nested = "- send: {link_test: true}\n"
    for _ in range(4):
        inner = "".join(f"    {line}\n" for line in nested.splitlines())
        nested = f"- repeat: 1\n  steps:\n{inner}"
    with pytest.raises(Exception, match="at most 4"):
        read_script(f'panel: {{account: "1"}}\nsteps:\n{nested}', Path("x.yaml"))


def test_every_mistake_is_told_on_a_line_of_its_own(arcctl: Arcctl) -> None:
    text = 'panel: {acount: "1"}\nsteps:\n  - {send: {code: BA}, expct: ack}\n'
    with receiving() as receiver:
        ran, told = play(arcctl, receiver, text), play(arcctl, receiver, text, "--json").json()
    places = [line.split(" error: ")[0] for line in ran.err.splitlines()]
    assert places == ["error: scenario.yaml:1:9:", "error: scenario.yaml:3:24:"]
    assert told["error"]["message"].count("\n") == 1
