"""Points on a bus, a gate, a camera's mail and a cloud's JSON on the real daemon, in one story.

The tests of this file are told in order on one daemon: every test begins where the one before it ended.
"""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from arcd.core.facts import FrameMalformed, FrameReceived
from arcd.core.record import Judged
from protocols.signals import Signal
from tests.arcd.gateways.intake import JPEG, OTHER, TOKEN
from tests.arcd.gateways.plant import Plant, tcp_plant
from tests.e2e.installations import centre
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, free_ports, until

DOMAIN = "intake.example.org"
DUTY = {"id": "duty", "name": "Duty", "email": "duty@example.invalid", "webhook_url": "http://127.0.0.1:1/"}


class Field:
    """The plant, in a loop of its own thread: the daemon is another process, and so are the commands."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._context: AbstractAsyncContextManager[tuple[Plant, tuple[str, int]]] = tcp_plant()
        self.plant, self.address = self.do(self._context.__aenter__())

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        self.do(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@dataclass
class Scene:
    installation: Installation
    daemon: Daemon
    field: Field
    smtp_port: int
    http_port: int

    def cases(self, site: str = "K-1") -> list[dict[str, Any]]:
        shown = self.installation.arcctl("cases", "--all", "--site", site, "--json").json()["cases"]
        return [self.installation.arcctl("case", "show", case["id"], "--json").json() for case in shown]

    def opened(self, code: str) -> list[Signal]:
        """Signals of this code that opened a case, as the journal has them."""
        found = []
        for _, record in self.installation.records():
            if isinstance(record.fact, FrameReceived):
                signals = record.fact.received.signals
                told = (each for each in record.judgements if each.case_id and each.judged is Judged.OPENED)
                found += [signals[each.index] for each in told if signals[each.index].code == code]
        return found

    def relay(self, name: str) -> dict[str, Any]:
        relays = self.installation.arcctl("relay", "list", "K-1", "--json").json()["relays"]
        return dict(next(relay for relay in relays if relay["relay_id"] == name))


def the_site() -> dict[str, Any]:
    return {
        "id": "K-1",
        "name": "Varasto",
        "kind": "warehouse",
        "services": ["alarm_monitoring", "door_opening"],
        "guards": ["duty"],
        "contacts": [
            {"id": "helmi", "name": "Helmi", "phones": ["+358 40 555 0101"], "roles": ["door_open_authority"]}
        ],
        "call_lists": {"keyholders": ["helmi"]},
        "systems": [
            {
                "id": "building",
                "kind": "technical",
                "accounts": [{"number": "2001"}],
                "zones": [{"number": "1", "name": "Flood"}, {"number": "2", "name": "Gate"}],
                "points": [
                    {"id": "flood", "device": "plc", "table": "discrete_input", "address": 3, "code": "WA", "zone": 1}
                ],
                "relays": [{"id": "gate", "device": "plc", "coil": 5, "kind": "gate", "pulse_s": 0.5}],
                "sources": [
                    {"id": "cam", "token_file": "cam.token", "code": "TA", "zone": 2},
                    {"id": "cloud", "token": OTHER, "by": ["http"]},
                ],
            }
        ],
    }


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    directory = tmp_path_factory.mktemp("arcd")
    smtp_port, http_port = free_ports(2)
    field = Field()
    (directory / "site-base").mkdir()
    token = directory / "site-base" / "cam.token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    host, port = field.address
    line = {"name": "plant", "tcp": f"{host}:{port}", "devices": {"plc": 1}}
    line |= {"poll_s": 0.1, "timeout_s": 1.5, "lost_after_s": 2.0}
    installation = Installation(
        directory,
        centre=centre([DUTY]),
        sites=[the_site()],
        settings={
            "modbus": {"lines": [line]},
            "mail_intake": {"listen": [f"127.0.0.1:{smtp_port}"], "domain": DOMAIN, "networks": ["127.0.0.0/8"]},
            "http_intake": {"listen": f"127.0.0.1:{http_port}"},
            "media": {"directory": str(directory / "media")},
        },
    )
    scene = Scene(installation, installation.launch(), field, smtp_port, http_port)
    try:
        scene.daemon.wait_ready()
        yield scene
    finally:
        scene.daemon.kill()
        field.close()


def test_a_contact_closes_and_a_case_is_there(scene: Scene) -> None:
    scene.field.do(scene.field.plant.set("discrete_input", 3, 1))
    until("the flood's case", lambda: scene.opened("WA"))
    [case] = scene.cases()
    assert case["signals"][0]["zone_name"] == "Flood"


def test_a_kill_forgets_no_level_and_reports_none_twice(scene: Scene) -> None:
    scene.daemon.kill()
    scene.field.do(scene.field.plant.set("discrete_input", 3, 0))
    scene.daemon = scene.installation.launch().wait_ready()
    until("the restore", lambda: _qualifiers(scene) == ["new", "restore"])


def test_the_plant_goes_away_and_comes_back(scene: Scene) -> None:
    scene.field.do(scene.field.plant.stop())
    until("the fault", lambda: scene.opened("device_lost"))
    scene.field.do(scene.field.plant.set("discrete_input", 3, 1))  # during the outage
    scene.field.do(scene.field.plant.start())
    until("the edge, and the fault's end", lambda: _qualifiers(scene)[2:] == ["new", "new", "restore"])


def test_a_gate_opens_for_a_verified_contact_only(scene: Scene) -> None:
    refused = scene.installation.arcctl("relay", "pulse", "K-1", "gate", "--reason", "No keys", "--by", "helmi")
    assert (refused.code, "not verified to level 2" in refused.err) == (1, True)
    opened = scene.installation.arcctl(
        "relay", "pulse", "K-1", "gate", "--reason", "No keys", "--by", "helmi", "--call-back"
    )
    assert opened.code == 0, opened.err
    until("the gate shut again", lambda: scene.relay("gate")["state"] == "off")
    assert scene.field.plant.switched_on == ["5"]
    assert scene.field.do(scene.field.plant.coil(5)) is False


def test_a_camera_writes_a_mail(scene: Scene) -> None:
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = "Portti: kajoaminen", "<1@cam>"
    message.set_content("Kamera 2")
    message.add_attachment(JPEG, maintype="image", subtype="jpeg", filename="gate.jpg")
    with smtplib.SMTP("127.0.0.1", scene.smtp_port, timeout=PATIENCE_S) as client:
        for _ in range(2):  # its 250 got lost: the same mail again
            assert client.send_message(message, "cam@example.org", [f"{TOKEN}@{DOMAIN}"]) == {}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(message, "cam@example.org", ["victim@example.com"])
    [signal] = scene.opened("TA")
    assert signal.text == "Portti: kajoaminen"
    [kept] = (scene.installation.directory / "media").rglob("*.jpg")
    assert kept.read_bytes() == JPEG
    assert f"media:{kept.relative_to(scene.installation.directory / 'media')}" in signal.media
    backup = scene.installation.directory / "backup.sqlite"
    made = scene.installation.arcctl("backup", str(backup), "--journal", str(scene.installation.journal), "--json")
    assert (made.code, made.json()["media"]["pictures"], made.json()["media"]["lost"]) == (0, 1, []), made.err
    [copied] = backup.with_name("backup.sqlite.media").rglob("*.jpg")
    assert copied.read_bytes() == JPEG


def test_a_cloud_posts_json(scene: Scene) -> None:
    url = f"http://127.0.0.1:{scene.http_port}/v1/signals"
    for _ in range(2):
        answer = httpx.post(url, json={"id": "m-1", "code": "FA"}, headers={"Authorization": f"Bearer {OTHER}"})
        assert (answer.status_code, answer.json()["taken"]) == (200, True)
    assert httpx.post(url, json={"id": "m-2", "code": "FA"}).status_code == 401
    assert len(scene.opened("FA")) == 1


def test_the_journal_has_it_all_and_no_token(scene: Scene) -> None:
    scene.daemon.stop()
    facts = [record.fact for _, record in scene.installation.records()]
    protocols = {fact.received.protocol for fact in facts if isinstance(fact, FrameReceived)}
    assert protocols == {"modbus", "smtp", "http"}
    turned_away = {fact.malformed.reason for fact in facts if isinstance(fact, FrameMalformed)}
    assert turned_away == {"unknown_recipient", "unknown_source"}
    assert scene.installation.verify().ok
    everything = b"".join(path.read_bytes() for path in scene.installation.directory.glob("journal.sqlite*"))
    for token in (TOKEN, OTHER):
        assert token.encode() not in everything
    assert TOKEN not in scene.installation.log.read_text()


def _qualifiers(scene: Scene) -> list[str]:
    """Of everything the bus has said, in order."""
    facts = (record.fact for _, record in scene.installation.records())
    frames = [fact for fact in facts if isinstance(fact, FrameReceived) and fact.received.protocol == "modbus"]
    return [signal.qualifier.value for frame in frames for signal in frame.received.signals]
