"""arcctl panel send --protocol: a receiver's side of an automation line, against the daemon's own codecs; the others in
`test_simulated_gateways`."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from protocols.codec import Kind, Received, ReplyKind
from protocols.receiver_lines.dialects import make_codec, read_options
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.receiver import hear_silences
from tests.arcd.gateways.far_receiver import Cable
from tests.patience import PATIENCE_S
from tests.ports import own_port
from tests.process import until

SEND = ("panel", "send", "--protocol", "surgard", "--account", "1001", "--code", "BA")


class Software:
    """An automation system that listens and acknowledges what it can read."""

    def __init__(
        self, dialect: str, answers: Callable[[int], bool] = lambda _: True, options: dict[str, object] | None = None
    ) -> None:
        self.received: list[Received] = []
        self.silences = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        key = bytes(range(24)) if dialect == "osborne_hoffman" else None
        self._codec = make_codec(dialect, read_options(dialect, options or {}), session_key=key)
        self._answers = answers
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connected, _ = self._listener.accept()
        except OSError:
            return  # closed, and nobody has come
        with connected:
            connected.sendall(self._codec.greeting())
            while data := connected.recv(4096):
                for item in self._codec.receive_data(data, 0):
                    assert isinstance(item, Received)
                    self.received.append(item)
                    if self._answers(len(self.received)):
                        connected.sendall(self._codec.encode_reply(item, ReplyKind.ACK, 0))
                    else:
                        self.silences.release()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            # Wakes who waits there: a descriptor that is merely closed is soon another's, and so are its callers.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@pytest.fixture
def software() -> Iterator[Callable[..., Software]]:
    made: list[Software] = []

    def make(*arguments: object) -> Software:
        made.append(Software(*arguments))  # type: ignore[arg-type]  # – passed on
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    ("dialect", "words", "code"),
    [
        ("surgard", ("--code", "BA"), "BA"),
        ("surgard", ("--scheme", "contact_id", "--code", "130"), "130"),
        ("radionics6500", ("--scheme", "contact_id", "--code", "130"), "130"),
        ("ademco685", ("--scheme", "contact_id", "--code", "130"), "130"),
        ("dc07", ("--code", "BA"), "BA"),
        ("osborne_hoffman", ("--code", "BA"), "BA"),
        ("osborne_hoffman", ("--scheme", "contact_id", "--code", "130"), "130"),
    ],
)
def test_each_dialect_is_read_by_our_own_codec(
    arcctl: Arcctl, software: Callable[..., Software], dialect: str, words: tuple[str, ...], code: str
) -> None:
    far = software(dialect)
    ran = arcctl(
        "panel", "send", "--protocol", dialect, "--account", "1001", "--zone", "3", *words, "--port", str(far.port),
        "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert ran.json()["acknowledged"] == 1
    [received] = far.received
    assert (received.origin.account, received.signals[0].code) == ("1001", code)
    assert (received.signals[0].zone or "").lstrip("0") == "3"


@pytest.mark.parametrize("dialect", ["surgard", "radionics6500", "ademco685", "dc07", "osborne_hoffman", "iti"])
def test_a_heartbeat_is_one(arcctl: Arcctl, software: Callable[..., Software], dialect: str) -> None:
    far = software(dialect)
    ran = arcctl("panel", "send", "--protocol", dialect, "--account", "0", "--null", "--port", str(far.port))
    assert ran.code == 0, ran.err
    assert "ACK" in ran.out
    assert [received.kind for received in far.received] == [Kind.LINK_TEST]


def test_a_text_goes_behind_its_event(arcctl: Arcctl, software: Callable[..., Software]) -> None:
    far = software("galaxy")
    ran = arcctl(
        "panel", "send", "--protocol", "galaxy", "--account", "1001", "--code", "BA", "--zone", "3", "--text", "Ovi",
        "--port", str(far.port),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert [received.token for received in far.received] == ["#", "N", "A", "0"]
    assert far.received[2].signals[0].text == "Ovi"


@pytest.mark.parametrize(
    ("dialect", "account", "options"),
    [
        ("iti", "1001", ()),
        ("iti", "1001", ("is_enhanced=true",)),
        ("fbi_cp220", "001001", ("is_experimental=true",)),
        ("surgard", "1001", ("text_ack=true", "receiver_digits=3")),
        ("osborne_hoffman", "1001", ("is_encrypted=false",)),
    ],
)
def test_as_the_line_is_set_up(
    arcctl: Arcctl, software: Callable[..., Software], dialect: str, account: str, options: tuple[str, ...]
) -> None:
    given: dict[str, object] = {}
    for option in options:
        name, _, value = option.partition("=")
        given[name] = int(value) if value.isdigit() else value == "true"
    far = software(dialect, lambda _: True, given)
    words = ["--scheme", "pulse", "--code", "3"] if dialect != "osborne_hoffman" else ["--code", "BA"]
    for option in options:
        words += ["--option", option]
    ran = arcctl("panel", "send", "--protocol", dialect, "--account", account, *words, "--port", str(far.port))
    assert ran.code == 0, ran.err + ran.out
    assert [received.origin.account for received in far.received] == [account]


@pytest.fixture
def port() -> Iterator[int]:
    with own_port() as port:
        yield port


def test_a_receiver_that_listens(arcctl: Arcctl, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    heard = b""

    def has_connected() -> bool:
        nonlocal heard
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)) as line:
            heard = line.recv(100)
            line.sendall(b"\x06")
        return heard != b""

    thread = threading.Thread(target=until, args=("it listens", has_connected))
    thread.start()
    ran = arcctl(
        "panel", "send", "--protocol", "surgard", "--account", "1001", "--code", "BA", "--listen", "--port", str(port),
    )  # fmt: skip
    thread.join()
    assert ran.code == 0, ran.err
    assert heard.startswith(b"S011[#1001|")
    assert "waiting for the line to connect" in ran.err
    monkeypatch.setattr("arcd.cli.simulated.LISTEN_S_MAX", 0.02)
    ran = arcctl(
        "panel", "send", "--protocol", "surgard", "--account", "1", "--null", "--listen", "--port", str(port),
    )  # fmt: skip
    assert ran.code == 1
    assert "nobody connected" in ran.err


def test_without_an_ack_it_says_it_again_and_at_last_that_nobody_took_it(
    arcctl: Arcctl, software: Callable[..., Software], monkeypatch: pytest.MonkeyPatch
) -> None:
    far = software("surgard", lambda number: number > 2)
    with monkeypatch.context() as patch:
        hear_silences(patch, far)
        ran = arcctl(*SEND, "--port", str(far.port))
    assert ran.code == 0
    assert "sent 3 times" in ran.out
    deaf = software("surgard", lambda _: False)
    ran = arcctl(*SEND, "--port", str(deaf.port), "--retries", "1", "--timeout", "0.05")
    assert ran.code == 1
    assert "no reply" in ran.out
    assert "1 of 1 were not acknowledged" in ran.err


def test_over_a_serial_port(arcctl: Arcctl, tmp_path: Path) -> None:
    cable = Cable(tmp_path).plug()
    heard = threading.Event()

    def answer() -> None:
        data = b""
        while not data.endswith(b"\x14"):
            data += cable.read()
        cable.send(b"\x15")
        heard.set()

    threading.Thread(target=answer, daemon=True).start()
    ran = arcctl(
        "panel", "send", "--protocol", "surgard", "--account", "1001", "--code", "BA", "--serial", str(cable.path),
    )  # fmt: skip
    assert heard.wait(PATIENCE_S)
    assert ran.code == 1
    assert "NAK" in ran.out
    assert "refused" in ran.out
    cable.unplug()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--protocol", "morse", "--port", "1"), "write one of dc09, surgard"),
        (("--protocol", "surgard"), "say where the surgard line is"),
        (("--protocol", "surgard", "--serial", "/dev/x", "--port", "1"), "not both"),
        (("--protocol", "surgard", "--serial", "/dev/none"), "cannot open /dev/none: No such file or directory"),
        (("--protocol", "surgard", "--serial", os.devnull, "--mode", "fast"), "write it like 9600 8N1"),
        (("--protocol", "galaxy", "--serial", "/dev/x"), "galaxy does not go over --serial"),
        (("--protocol", "surgard", "--udp", "--port", "1"), "surgard does not go over --udp"),
        (("--protocol", "surgard", "--token", "X", "--port", "1"), "are DC-09's"),
        (("--protocol", "surgard", "--option", "speed", "--port", "1"), "write NAME=VALUE"),
        (("--protocol", "surgard", "--option", "speed=1", "--port", "1"), "it has receiver_digits"),
        (("--protocol", "fbi_cp220", "--port", "1"), "set is_experimental"),
        (("--serial", "/dev/x"), "--serial is for another --protocol"),
        (("--scheme", "pulse"), "DC-09 carries no pulse codes"),
        (("--protocol", "surgard", "--port", "9"), "nobody listens on 127.0.0.1 port 9"),
    ],
)
def test_what_cannot_be_done_says_why(arcctl: Arcctl, words: tuple[str, ...], said: str) -> None:
    ran = arcctl("panel", "send", "--account", "1001", "--code", "BA", *words)
    assert ran.code != 0
    assert said in ran.err, ran.err


def test_a_code_the_dialect_has_no_room_for(arcctl: Arcctl, software: Callable[..., Software]) -> None:
    far = software("ademco685")
    ran = arcctl("panel", "send", "--protocol", "ademco685", "--account", "1", "--code", "BA", "--port", str(far.port))
    assert ran.code == 2
    assert "map it to a Contact ID code" in ran.err
