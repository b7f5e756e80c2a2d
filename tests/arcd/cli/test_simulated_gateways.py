"""arcctl panel send, flood and script against the daemon's own gateways: ESPA, Modbus writers, mail, JSON."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from protocols.signals import Qualifier
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.in_thread import in_thread
from tests.arcd.gateways import test_http_intake, test_modbus_writers, test_smtp
from tests.arcd.gateways.far_receiver import Cable
from tests.arcd.gateways.inbox import Inbox
from tests.arcd.gateways.intake import CA, TOKEN
from tests.arcd.gateways.test_espa import STATION, an_open_line

CALL = ("panel", "send", "--protocol", "espa444", "--account", "550")
MODBUS = ("panel", "send", "--protocol", "modbus")
MAIL = ("panel", "send", "--protocol", "mail", "--option", "token_file=token", "--option", f"domain={test_smtp.DOMAIN}")
JSON = ("panel", "send", "--protocol", "json", "--option", "token_file=token")


@pytest.fixture(autouse=True)
def _secrets(arcctl: Arcctl, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "password").write_text("secret word\n")
    (tmp_path / "ca.pem").write_bytes(CA.cert_pem.bytes())


def _cable(directory: Path) -> Cable:
    directory.mkdir()
    return Cable(directory).plug()


@contextmanager
def _joined(one: Cable, other: Cable) -> Iterator[None]:
    """Two ports with one wire between them."""
    ended = threading.Event()

    def carry() -> None:
        while not ended.wait(0.001):
            other.send(one.read())
            one.send(other.read())

    thread = threading.Thread(target=carry)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_station_is_called_and_polled(arcctl: Arcctl, tmp_path: Path) -> None:
    inbox, cable, ours = Inbox(), Cable(tmp_path).plug(), _cable(tmp_path / "ours")
    far = str(ours.path)

    def line() -> AbstractAsyncContextManager[Any]:
        return an_open_line(inbox, cable, STATION)

    with in_thread(line), _joined(cable, ours):
        called = arcctl(*CALL, "--text", "Huone 101, hälytys", "--serial", far)
        polled = arcctl(*CALL, "--null", "--serial", far, "--json")
        absent = arcctl(*CALL, "--null", "--serial", far, "--option", "station=7", "--timeout", "0.2", "--retries", "0")
    cable.unplug()
    ours.unplug()
    assert called.code == 0, called.err + called.out
    [fact] = inbox.frames
    assert (fact.received.origin.account, fact.received.signals[0].text) == ("550", "Huone 101, hälytys")
    assert (polled.code, polled.json()["messages"][0]["reply"]) == (0, "ack")
    assert absent.code == 1
    assert "station 7 does not answer" in absent.out


def test_a_device_writes_and_is_told_what_came_of_it(arcctl: Arcctl) -> None:
    with in_thread(test_modbus_writers.a_scene) as (_, scene):

        def run(*options: str) -> Any:
            words = [word for option in options for word in ("--option", option)]
            return arcctl(*MODBUS, "--port", str(scene.port), *words)

        assert "unit 7: coil 3 = on" in run("unit=7", "coil=3").out
        assert scene.machine.take() == [("BA", "new")]
        assert run("unit=7", "coil=3", "value=0").code == 0
        assert scene.machine.take() == [("BR", "restore")]
        assert run("unit=7", "register=10", "value=51").code == 0
        assert scene.machine.take() == [("WA", "new")]
        read = arcctl(*MODBUS, "--port", str(scene.port), "--null", "--option", "unit=7", "--option", "register=10")
        assert "holds 51" in read.out
        stranger = run("unit=8", "coil=3")
    assert stranger.code == 1
    assert "exception 11: no such unit" in stranger.out


@pytest.mark.parametrize("tls", [False, True])
def test_a_camera_mails(arcctl: Arcctl, tmp_path: Path, tls: bool) -> None:
    def scene() -> AbstractAsyncContextManager[Any]:
        networks = () if tls else ("127.0.0.0/8",)
        return test_smtp.a_scene(tmp_path, tls=tls, user="cam" if tls else "", networks=networks)

    login = ("--tls", "--ca", "ca.pem", "--option", "login=cam", "--option", "password_file=password")
    with in_thread(scene) as (_, far):
        ran = arcctl(*MAIL, "--text", "Gate: tamper!", "--port", str(far.port), *(login if tls else ()))
        where = [f"domain={test_smtp.DOMAIN}x" if "domain=" in word else word for word in MAIL]
        elsewhere = arcctl(*where, "--text", "x", "--port", str(far.port), *(login if tls else ()))
    assert ran.code == 0, ran.err + ran.out
    assert "250" in ran.out
    [fact] = far.inbox.frames
    assert fact.received.signals[0].code == "TA"
    assert elsewhere.code == 1
    assert "550" in elsewhere.out
    assert TOKEN not in ran.out + ran.err + elsewhere.out + elsewhere.err


@pytest.mark.parametrize("tls", [False, True])
def test_a_cloud_panel_posts(arcctl: Arcctl, tmp_path: Path, tls: bool) -> None:
    with in_thread(lambda: test_http_intake.a_scene(tmp_path, tls=tls)) as (_, far):
        port = str(far.client.base_url.port)
        trust = ("--tls", "--ca", "ca.pem") if tls else ()
        ran = arcctl(*JSON, "--code", "ba", "--zone", "2", "--qualifier", "restore", "--port", port, *trust)
        alive = arcctl(*JSON, "--null", "--port", port, *trust)
        wrong = arcctl(*JSON, "--code", "BA", "--zone", "not a zone", "--port", port, *trust)
    assert ran.code == alive.code == 0, ran.err + ran.out + alive.err + alive.out
    [fact] = far.inbox.frames
    assert (fact.received.signals[0].zone, fact.received.signals[0].qualifier) == ("2", Qualifier.RESTORE)
    assert far.inbox.alive == 1
    assert wrong.code == 1
    assert "422" in wrong.out
    assert TOKEN not in ran.out + ran.err + wrong.out + wrong.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("modbus",), "say what to write"),
        (("modbus", "--option", "coil=3", "--option", "register=1"), "not both"),
        (("modbus", "--option", "coil=many"), "Expected `int"),
        (("mail", "--text", "x"), "say to whom"),
        (("mail", "--null"), "no sign of life"),
        (("json", "--null"), "token_file"),
        (("espa444", "--text", "x"), "--account NUMBER"),
        (("espa444", "--account", "1"), "say what the pager displays"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_sent(arcctl: Arcctl, words: tuple[str, ...], said: str) -> None:
    ran = arcctl("panel", "send", "--protocol", *words, "--port", "9")
    assert ran.code == 2, ran.out + ran.err
    assert said in ran.err


@pytest.mark.parametrize("protocol", [(*MODBUS, "--option", "coil=1"), (*MAIL, "--text", "x"), (*JSON, "--null")])
def test_nobody_there_is_said(arcctl: Arcctl, protocol: tuple[str, ...]) -> None:
    ran = arcctl(*protocol, "--port", "9")
    assert ran.code == 1
    assert "nobody listens on 127.0.0.1 port 9" in ran.err


def test_the_table_is_shown(arcctl: Arcctl) -> None:
    ran = arcctl("panel", "protocols")
    assert "station [2]" in ran.out
    assert "closing [\\x14]" in ran.out
    assert {row["name"] for row in arcctl("panel", "protocols", "--json").json()} >= {"surgard", "espa444", "json"}
