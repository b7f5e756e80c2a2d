"""The promise under SIGKILL: a real daemon on a real disk, killed at random while panels send and guards answer.

    ARCD_CRASHES=1000 ARCD_CRASH_SEED=7 python -m pytest tests/crash      more rounds, the moments of seed 7

The seed decides moments and unwilling guards; what the kernel and the disk make of a moment is theirs, so a seed makes
a failure likely to come back, not certain.
"""

from __future__ import annotations

import os
import random  # noqa: TID251 – moments to kill at; seeded and printed
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.oracle import alarm_cases, faults_of
from tests.e2e.installations import centre, site
from tests.guards import Manner, WebhookGuards, webhook_guards
from tests.panels import Message, SendingThread, Transmitter
from tests.process import Installation, free_ports, until

pytestmark = pytest.mark.slow

CRASHES = int(os.environ.get("ARCD_CRASHES", "6"))
SEED = int(os.environ.get("ARCD_CRASH_SEED", str(int.from_bytes(os.urandom(4)))))

KEY = bytes(range(16))
PANELS: tuple[dict[str, Any], ...] = (  # transport and encryption of each
    {"is_udp": False}, {"is_udp": False}, {"is_udp": True}, {"is_udp": True},
    {"is_udp": False, "key": KEY}, {"is_udp": True, "key": KEY},
)  # fmt: skip
ALARM = "BA"
SEQUENCE_MAX = 9_999
# Sites of routine: a panel says some 300 messages between two crashes on a quick machine, none with a number it had.
HOMES = 1 + CRASHES // 10
SITES_PER_PANEL = HOMES + 20 + 12 * CRASHES  # it comes to six or seven alarms between two crashes
ROUTINE_PER_ALARM = 40  # openings and closings between two alarms of a panel
UP_S_MAX = 1.2  # a round under load lasts up to this
DURING_START_RATIO = 0.25  # this part of the kills comes before the daemon is ready, or as soon as it is
DECLINED_RATIO = 0.25


def accounts_of(panel: int) -> list[str]:
    return [f"{panel + 1}{number:04}" for number in range(SITES_PER_PANEL)]


def messages_of(panel: int) -> Iterator[Message]:
    """Alarms of one site after the other, restored and repeated as life has it, between routine of the first sites."""
    accounts = accounts_of(panel)
    routine = routine_of(accounts[:HOMES])
    for account in accounts[HOMES:]:
        for _ in range(ROUTINE_PER_ALARM):
            yield next(routine)
        yield Message(account, 1, ALARM, "1")
        yield Message(account, 2, "BR", "1")
        yield Message(account, 3, ALARM, "2")
    yield from routine


def routine_of(homes: list[str]) -> Iterator[Message]:
    for home in homes:
        for number in range(1, SEQUENCE_MAX + 1):
            yield Message(home, number, "OP" if number % 2 else "CL", "1")
    raise AssertionError("the panels have said more than there are homes for: raise HOMES")


def crash_centre(directory: Path, webhook_port: int) -> Installation:
    url = f"http://127.0.0.1:{webhook_port}"
    guards = [
        {"id": name, "name": name, "language": "en", "webhook_url": f"{url}/{name}"} for name in ("unwilling", "prompt")
    ]
    sites = [
        site(f"K-{account}", account, key=options.get("key"), guards=("unwilling", "prompt"))
        for panel, options in enumerate(PANELS)
        for account in accounts_of(panel)
    ]
    return Installation(directory, centre=centre(guards), sites=sites, settings={"store": {"checkpoint_interval_s": 2}})


def manners(random_: random.Random) -> dict[str, Manner]:
    def unwilling(offer: dict[str, object]) -> str:
        return "decline" if random_.random() < DECLINED_RATIO else "accept"

    return {"unwilling": unwilling, "prompt": lambda offer: "accept"}


def crash(installation: Installation, random_: random.Random, start_s: float) -> None:
    """One run of the daemon that ends by SIGKILL: under load, or while it is still starting, which takes `start_s`."""
    daemon = installation.launch()
    if random_.random() < DURING_START_RATIO:
        time.sleep(random_.uniform(0.0, start_s))
    else:
        daemon.wait_ready()
        time.sleep(random_.uniform(0.05, UP_S_MAX))
    daemon.kill()


def converged(installation: Installation, guards: WebhookGuards) -> bool:
    """Every case has its guard; asked while the daemon runs."""
    cases = alarm_cases(installation)
    return all(any(dispatch.guard_id for dispatch in case.dispatches) for case in cases)


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    print(f"ARCD_CRASHES={CRASHES} ARCD_CRASH_SEED={SEED}")
    random_ = random.Random(SEED)
    [webhook_port] = free_ports(1)
    installation = crash_centre(tmp_path, webhook_port)
    with webhook_guards(installation.webhook_secret, manners(random.Random(SEED + 1)), webhook_port) as guards:
        begun_s = time.monotonic()
        with installation.running():
            start_s = time.monotonic() - begun_s  # the site base is in; from here on it is only killed
        panels = [
            SendingThread(Transmitter(installation.dc09_port, **options), messages_of(panel))
            for panel, options in enumerate(PANELS)
        ]
        for panel in panels:
            panel.start()
        try:
            for _ in range(CRASHES):
                crash(installation, random_, start_s)
            with installation.running():
                acknowledged = [message for panel in panels for message in panel.finish()]
                until("a guard for every case", lambda: converged(installation, guards))
        finally:
            for panel in panels:
                panel.abandon()
    repeats = sum(panel.transmitter.transmissions for panel in panels) - len(acknowledged)
    alarms = sum(message.code == ALARM for message in acknowledged)
    print(f"{len(acknowledged)} acknowledged, {alarms} alarms, {repeats} repeats, {len(guards.offers)} offers")
    faults = faults_of(installation, acknowledged, guards.offers, ALARM)
    assert not faults, "\n".join(faults[:50])
    assert guards.unsigned == 0
    assert alarms >= CRASHES, "a crash test without load proves nothing"
