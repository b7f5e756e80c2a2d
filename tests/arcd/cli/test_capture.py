"""arcctl capture port and replay, on real ports; capture line is tried on a real daemon in tests/e2e/test_lines.py."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcd.captures import Head, encoded, read, row
from protocols.receiver_lines.surgard import encode_heartbeat, encode_line
from protocols.sia import signal
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.gateways.far_receiver import Cable
from tests.process import until

ALARM = encode_line(signal("BA", area="1", zone="15"), account="1001")
NS = 10**9


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "panel.capture"
    rows = [
        row(NS, "in", encode_heartbeat()),
        row(NS + 1, "out", b"\x06"),
        row(2 * NS, "in", ALARM[:9]),
        row(2 * NS + 1000, "in", ALARM[9:]),
        row(3600 * NS, "in", ALARM),
    ]
    path.write_bytes(b"".join(map(encoded, [Head(of="surgard-1", dialect="surgard", at=NS), *rows])))
    return path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_a_recording_is_read_through_the_codec(arcctl: Arcctl, recording: Path) -> None:
    ran = arcctl("capture", "replay", str(recording))
    assert ran.code == 0, ran.err
    assert "heartbeat" in ran.out
    assert "we answered 06" in ran.out
    assert ran.out.count("BA new 1 15") == 2


def test_read_as_something_else_it_says_what_cannot_be_read(arcctl: Arcctl, recording: Path) -> None:
    ran = arcctl("capture", "replay", str(recording), "--dialect", "ademco685", "--json")
    assert ran.code == 1
    ran = arcctl("capture", "replay", str(recording), "--dialect", "morse")
    assert ran.code == 2
    assert "--dialect" in ran.err


def test_it_is_played_to_a_tcp_port_with_its_pauses_but_no_nights(
    arcctl: Arcctl, recording: Path, listener: socket.socket
) -> None:
    heard = bytearray()

    def software() -> None:
        connected, _ = listener.accept()
        with connected:
            while data := connected.recv(4096):
                heard.extend(data)
                connected.sendall(b"\x06" * data.count(b"\x14"))

    thread = threading.Thread(target=software)
    thread.start()
    address = f"127.0.0.1:{listener.getsockname()[1]}"
    ran = arcctl("capture", "replay", str(recording), "--to", address, "--speed", "1000")
    thread.join()
    assert ran.code == 0, ran.err
    assert bytes(heard) == encode_heartbeat() + ALARM + ALARM
    assert "4 rows" in ran.out
    assert "3 bytes back" in ran.out


def test_it_is_played_to_whoever_opens_a_pseudo_terminal(arcctl: Arcctl, recording: Path, tmp_path: Path) -> None:
    place, heard = tmp_path / "receiver", bytearray()

    def software() -> None:
        until("the terminal is there", place.is_symlink)
        port = os.open(place, os.O_RDWR | os.O_NOCTTY)
        with contextlib.suppress(OSError):  # the replay has ended and taken the terminal away
            while data := os.read(port, len(ALARM)):
                heard.extend(data)
        os.close(port)

    thread = threading.Thread(target=software)
    thread.start()
    ran = arcctl("capture", "replay", str(recording), "--pty", str(place), "--speed", "1000")
    thread.join()
    assert ran.code == 0, ran.err
    assert bytes(heard) == encode_heartbeat() + ALARM + ALARM
    assert not place.is_symlink()


def test_a_serial_port_is_only_read(arcctl: Arcctl, tmp_path: Path) -> None:
    cable, out = Cable(tmp_path).plug(), tmp_path / "x.capture"

    answered = b""

    def receiver() -> None:
        nonlocal answered
        until("the port is open", out.exists)
        cable.send(ALARM)
        until("it is written down", lambda: len(out.read_bytes().splitlines()) > 1)
        answered = cable.read()
        cable.unplug()

    thread = threading.Thread(target=receiver)
    thread.start()
    ran = arcctl("capture", "port", "--serial", str(cable.path), "--dialect", "surgard", "--out", str(out))
    thread.join()
    assert ran.code == 0, ran.err
    head, rows = read(iter(out.read_bytes().splitlines(keepends=True)))
    assert (head.dialect, head.of) == ("surgard", f"{cable.path} 9600 8N1")
    assert b"".join(passed.data for passed in rows) == ALARM
    assert answered == b""


def test_it_ends_when_its_time_is_up(arcctl: Arcctl, tmp_path: Path, listener: socket.socket) -> None:
    at = str(listener.getsockname()[1])
    ran = arcctl("capture", "port", "--port", at, "--out", str(tmp_path / "x.capture"), "--for", "1s", "--json")
    assert (ran.code, ran.json()["rows"]) == (0, 0)


def test_a_tcp_receiver_that_hangs_up_ends_it(arcctl: Arcctl, tmp_path: Path, listener: socket.socket) -> None:
    def receiver() -> None:
        connected, _ = listener.accept()
        with connected:
            connected.sendall(ALARM)

    threading.Thread(target=receiver).start()
    out = tmp_path / "x.capture"
    ran = arcctl("capture", "port", "--port", str(listener.getsockname()[1]), "--out", str(out), "--json")
    assert ran.code == 0
    assert ran.json()["rows"] == 1
    assert "the other side has hung up" in ran.err


def test_a_file_that_is_there_is_not_overwritten(arcctl: Arcctl, recording: Path) -> None:
    ran = arcctl("capture", "port", "--serial", "/dev/null", "--out", str(recording))
    assert ran.code != 0
    ran = arcctl("capture", "port", "--out", str(recording))
    assert "say what to record" in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "x", "--pty", "y"), "not both"),
        (("--to", "nowhere"), "write --to like 127.0.0.1:1026"),
        (("--to", "127.0.0.1:9"), "cannot connect to 127.0.0.1:9"),
    ],
)
def test_what_cannot_be_played_says_why(arcctl: Arcctl, recording: Path, words: tuple[str, ...], said: str) -> None:
    ran = arcctl("capture", "replay", str(recording), *words)
    assert ran.code != 0
    assert said in ran.err


def test_a_file_that_is_no_recording(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello\n")
    ran = arcctl("capture", "replay", str(tmp_path / "x"))
    assert ran.code == 1
    assert "line 1: this is no capture made by arcctl capture" in ran.err
    assert arcctl("capture", "replay", str(tmp_path / "none")).code == 1
