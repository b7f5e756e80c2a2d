"""Receiver lines on the real daemon: a serial port on a pseudo-terminal, a receiver that listens, one that connects.

The tests of this file are one story, told in order on one daemon: every test begins where the one before it ended.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from arcd.core.facts import FrameReceived
from arcd.core.record import Judged
from protocols.receiver_lines.surgard import SurGardDialect, encode_heartbeat, encode_line
from protocols.sia import signal
from tests.arcd.gateways.far_receiver import ACK, Cable
from tests.e2e.installations import centre, site
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, free_ports, until

HEARTBEAT_S = 1.0
SILENT_AFTER = 2


@dataclass
class Lines:
    installation: Installation
    daemon: Daemon
    cable: Cable
    receiver: socket.socket  # listens, as System 5 does
    translator_port: int  # where we listen

    def cases(self) -> list[dict[str, Any]]:
        return list(self.installation.arcctl("cases", "--all", "--json").json()["cases"])

    def line_cases(self, name: str) -> list[str]:
        """States of the cases of one line."""
        found = [case for case in self.cases() if case["type"] == "service_request" and not case["site_id"]]
        shown = [self.installation.arcctl("case", "show", case["id"], "--json").json() for case in found]
        return [case["state"] for case in shown if case["signals"][0]["account"] == name]

    def line(self, name: str) -> dict[str, Any]:
        status = self.installation.arcctl("status", "--json").json()
        return next(line for line in status["lines"] if line["name"] == name)

    def got(self, wanted: bytes = ACK) -> None:
        until("an answer on the serial line", lambda: self.cable.read() == wanted)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lines]:
    directory = tmp_path_factory.mktemp("arcd")
    cable = Cable(directory).plug()
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        receiver.settimeout(PATIENCE_S)
        heartbeat = {"heartbeat_s": HEARTBEAT_S, "silent_after": SILENT_AFTER}
        settings = [
            {"name": "surgard-1", "dialect": "surgard", "serial": {"port": str(cable.path), "mode": "9600 8N2"},
             "heartbeat_s": 0},
            {"name": "system5", "dialect": "surgard", "options": {"line_digits": 3}, "heartbeat_s": 0,
             "connect": f"127.0.0.1:{receiver.getsockname()[1]}"},
            {"name": "translator", "dialect": "ademco685", **heartbeat,
             "listen": {"addresses": [f"127.0.0.1:{port}"], "allow": ["127.0.0.1"]}},
        ]  # fmt: skip
        installation = Installation(
            directory, centre=centre([]), sites=[site("K-1", "1001"), site("K-2", "1002")], settings={"lines": settings}
        )
        lines = Lines(installation, installation.launch().wait_ready(), cable, receiver, port)
        try:
            yield lines
            assert lines.daemon.stop() == 0, installation.said()
        finally:
            lines.daemon.kill()
    cable.unplug()


def alarm(code: str = "BA", zone: str = "15", account: str = "1001") -> bytes:
    return encode_line(signal(code, area="1", zone=zone), account=account)


def test_a_message_on_the_serial_line_is_a_case_and_is_acknowledged(lines: Lines) -> None:
    until("the port is open", lambda: lines.line("surgard-1")["state"] == "well")
    lines.cable.send(encode_heartbeat())
    lines.got()
    lines.cable.send(alarm())
    lines.got()
    [case] = [case for case in lines.cases() if case["site_id"] == "K-1"]
    assert case["priority"] == "P2"
    assert lines.line("surgard-1")["last_heard"] is not None


def test_what_was_acknowledged_is_in_the_journal_and_a_repetition_is_known_after_a_crash(lines: Lines) -> None:
    lines.daemon.kill()
    last = [record.fact for _, record in lines.installation.records() if isinstance(record.fact, FrameReceived)][-1]
    assert (last.gateway, last.received.origin.account) == ("surgard-1", "1001")
    lines.daemon = lines.installation.launch().wait_ready()
    until("the port is open again", lambda: lines.line("surgard-1")["state"] == "well")
    lines.cable.send(alarm())  # our ACK was lost: it says it again
    lines.got()
    judged = [
        record.judgements[0].judged
        for _, record in lines.installation.records()
        if isinstance(record.fact, FrameReceived)
    ]
    assert judged[-1] is Judged.DUPLICATE


def test_a_line_is_recorded_while_it_works(lines: Lines) -> None:
    out = lines.installation.directory / "line.capture"
    with ThreadPoolExecutor(1) as recorder:
        record = recorder.submit(
            lines.installation.arcctl, "capture", "line", "surgard-1", "--out", str(out), "--for", "4s"
        )
        until("the recording has begun", lambda: out.exists() and out.stat().st_size)
        lines.cable.send(alarm(zone="14"))
        lines.got()
        ran = record.result()
    assert ran.code == 0, ran.err
    ran = lines.installation.arcctl("capture", "replay", str(out))
    assert ran.code == 0, ran.err
    assert "BA new 1 14" in ran.out
    assert "we answered 06" in ran.out
    ran = lines.installation.arcctl("journal", "show", "--kind", "sensitive_read")
    assert "has read line of line/surgard-1" in ran.out
    unknown = lines.installation.arcctl("capture", "line", "no-such", "--out", str(out.with_name("other")))
    assert unknown.code == 1
    assert "There is no line of that name" in unknown.err


def test_unplugged_is_a_case_and_plugged_in_again_closes_it(lines: Lines) -> None:
    lines.cable.unplug()
    assert until("a case", lambda: lines.line_cases("surgard-1")) == ["open"]
    assert lines.line("surgard-1")["state"] in ("closed", "absent")
    lines.cable.plug()
    until("it is well again", lambda: lines.line("surgard-1")["state"] == "well")
    lines.cable.send(alarm(zone="16"))
    lines.got()
    until("the case is closed", lambda: lines.line_cases("surgard-1") == ["closed"])


def test_a_receiver_that_listens_is_connected_to_and_after_a_cut_again(lines: Lines) -> None:
    lines.receiver.accept()[0].close()  # by the daemon that was killed
    dialect = SurGardDialect(line_digits=3)
    for zone in ("17", "18"):
        with contextlib.closing(lines.receiver.accept()[0]) as connected:
            connected.settimeout(PATIENCE_S)
            connected.sendall(encode_line(signal("BA", area="1", zone=zone), account="1002", dialect=dialect))
            assert connected.recv(10) == ACK


def test_a_receiver_that_stops_talking_is_a_case_until_it_is_heard(lines: Lines) -> None:
    okay = b"\n00 OKAY @\r"
    until("the silence is noticed", lambda: lines.line("translator")["state"] == "silent")
    with socket.create_connection(("127.0.0.1", lines.translator_port)) as connected:
        connected.settimeout(PATIENCE_S)

        def is_believed() -> bool:
            connected.sendall(okay)
            assert connected.recv(10) == ACK
            return bool(lines.line("translator")["state"] == "well")

        until("it is believed", is_believed)  # one may be chance
    # It falls silent again at once, which is another one.
    until("the case is closed", lambda: "closed" in lines.line_cases("translator"))
    assert lines.installation.verify().ok
