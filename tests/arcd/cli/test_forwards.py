"""arcctl forward: the outputs and hand-over."""

from __future__ import annotations

import pytest

from arcd.core.facts import ForwardAcknowledged, ForwardSwitchRequested
from arcd.forwarding.courier import Health
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon

NIGHT = Health(
    name="night", form="dc09", where="192.0.2.9:9999", is_up=False, detail="no reply within 10 s", acknowledged=3,
    waiting=2, oldest_at=1_767_225_600_000_000_000, sent=5, refused=1, lost=0, attempts=9,
)  # fmt: skip
AUTOMATION = Health(
    name="automation", form="surgard", where="127.0.0.1:1025", is_up=True, detail="connected", acknowledged=5,
    waiting=0, oldest_at=0, sent=7, refused=0, lost=0, attempts=7, shortened=2,
)  # fmt: skip


@pytest.fixture
def forwarding(daemon: Daemon) -> Daemon:
    daemon.desk.outputs = (NIGHT, AUTOMATION)
    daemon.run(daemon.desk.take(ForwardAcknowledged(at=daemon.desk.now(), output="night", seq=3)))
    return daemon


def test_outputs_are_shown(arcctl: Arcctl, forwarding: Daemon) -> None:
    for told in ("night", "DOWN", "no reply within 10 s", "automation", "up", "192.0.2.9:9999", "2 without a number"):
        assert told in arcctl("forward", "list").out
    (night, automation) = arcctl("forward", "list", "--json").json()["outputs"]
    assert (night["waiting"], night["oldest"], night["refused"]) == (2, "2026-01-01T00:00:00Z", 1)
    assert (automation["oldest"], automation["shortened"]) == (None, 2)
    assert "output night" in arcctl("status").out


def test_forwarding_is_switched_with_a_reason_and_an_end(arcctl: Arcctl, forwarding: Daemon) -> None:
    ran = arcctl("forward", "on", "night", "--for", "12h", "--reason", "Sairastapaus")
    assert ran.code == 0, ran.err
    fact = forwarding.desk.asked[-1]
    assert isinstance(fact, ForwardSwitchRequested)
    assert (fact.on, fact.until - fact.at, fact.reason) == (True, 12 * 3600 * 10**9, "Sairastapaus")
    for length in ("10s", "9d"):
        ran = arcctl("forward", "off", "night", "--for", length, "--reason", "x")
        assert (ran.code, "from a minute to 7 days" in ran.err) == (1, True)
    assert arcctl("forward", "off", "night", "--for", "soon", "--reason", "x").code == 2
    assert arcctl("forward", "off", "night", "--reason", "x").code == 2


def test_automation_lines_and_strangers_are_not_switched(arcctl: Arcctl, forwarding: Daemon) -> None:
    ran = arcctl("forward", "off", "automation", "--for", "1h", "--reason", "x")
    assert (ran.code, "expects every signal" in ran.err) == (1, True)
    ran = arcctl("forward", "off", "moat", "--for", "1h", "--reason", "x")
    assert (ran.code, "arcctl forward list" in ran.err) == (1, True)
