"""Hand-over between two real daemons: forwarding is switched on, alarms arrive there under AES, a kill loses none."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from protocols.dc09 import Dialler
from tests.e2e.installations import KEY, KEYED, PLAIN, centre, site
from tests.patience import PATIENCE_S
from tests.process import Daemon, Installation, until


@dataclass
class Two:
    day: Installation
    night: Installation
    daemon: Daemon
    sent: int = 0

    def alarm(self) -> None:
        self.sent += 1
        with socket.create_connection(("127.0.0.1", self.day.dc09_port), timeout=PATIENCE_S) as connected:
            panel = Dialler(account=PLAIN)
            connected.sendall(panel.sia_dcs(f"Nri1/FA{self.sent:03d}", sequence=self.sent))
            assert b"ACK" in connected.recv(4096)

    def there(self) -> list[str]:
        """Zones of the fire alarms at the other centre, in its order."""
        cases = self.night.arcctl("cases", "--all", "--json").json()["cases"]
        shown = [self.night.arcctl("case", "show", case["id"], "--json").json() for case in cases if case["site_id"]]
        return sorted(each["zone"] for case in shown for each in case["signals"])

    def output(self) -> dict[str, Any]:
        (output,) = self.day.arcctl("forward", "list", "--json").json()["outputs"]
        assert isinstance(output, dict)
        return output


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    night = Installation(tmp_path_factory.mktemp("night"), centre=centre([]), sites=[site("K-2", KEYED, key=KEY)])
    directory = tmp_path_factory.mktemp("day")
    key = directory / "forward-key"
    key.touch(mode=0o600)
    key.write_text(f"hex:{KEY.hex()}\n", encoding="utf-8")
    output = {
        "name": "night", "form": "dc09", "connect": f"127.0.0.1:{night.dc09_port}", "when": "switched",
        "key": {"credential": "forward-key", "file": str(key)}, "accounts": {PLAIN: KEYED}, "link_account": KEYED,
        "receiver": "1", "line": "0",
    }  # fmt: skip
    day = Installation(directory, centre=centre([]), sites=[site("K-1", PLAIN)], settings={"outputs": [output]})
    with night.running():
        two = Two(day, night, day.launch().wait_ready())
        try:
            yield two
            assert two.daemon.stop() == 0, day.said()
        finally:
            two.daemon.kill()


def test_switched_on_by_a_person_with_an_end_and_only_what_comes_then_goes(two: Two) -> None:
    two.alarm()
    ran = two.day.arcctl("forward", "on", "night", "--for", "1h", "--reason", "Sairastapaus")
    assert ran.code == 0, ran.err
    two.alarm()
    until("it is there", lambda: two.there() == ["002"])
    until("it is told", lambda: two.output()["sent"] == 1)
    assert two.output()["is_up"]


def test_a_kill_loses_nothing_and_a_repetition_is_known_as_one(two: Two) -> None:
    two.alarm()
    until("it is there", lambda: two.there() == ["002", "003"])
    two.daemon.kill()
    two.daemon = two.day.launch().wait_ready()
    two.alarm()
    until("all are there", lambda: set(two.there()) == {"002", "003", "004"})
    assert two.there() == ["002", "003", "004"], "each of them once, whatever was sent twice"
    cases = two.day.arcctl("cases", "--json").json()["cases"]
    assert [case["site_id"] for case in cases if case["site_id"]], "and they are open here as well"
