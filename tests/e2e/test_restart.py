"""A restart while panels send, under sockets that the service manager holds: the kernel queues, nothing is lost."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import count, cycle, repeat
from pathlib import Path
from typing import Any

import pytest

from arcd.core.facts import FrameReceived
from arcd.core.record import Judged
from tests.e2e.installations import KEY, centre, site
from tests.panels import Message, SendingThread, Transmitter
from tests.process import Installation, until

ANSWER_TIMEOUT_S = 60.0  # a whole start of the daemon fits in
WAYS: list[dict[str, Any]] = [
    {"is_udp": False}, {"is_udp": True}, {"is_udp": False, "key": KEY}, {"is_udp": True, "key": KEY},
]  # fmt: skip
ACCOUNTS = [f"100{way}" for way in range(len(WAYS))]


pytestmark = pytest.mark.slow


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    sites = [
        site(f"K-{account}", account, key=options.get("key")) for account, options in zip(ACCOUNTS, WAYS, strict=True)
    ]
    return Installation(tmp_path, centre=centre([]), sites=sites)


@contextlib.contextmanager
def held_sockets(port: int) -> Iterator[dict[str, list[socket.socket]]]:
    """What systemd keeps open between two runs of the service."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", port))
        tcp.listen(128)
        udp.bind(("127.0.0.1", port))
        yield {"dc09": [tcp, udp]}


def news_in(installation: Installation) -> Counter[tuple[str, int]]:
    return Counter(
        (record.fact.received.origin.account, int(record.fact.received.sequence or 0))
        for _, record in installation.records()
        if isinstance(record.fact, FrameReceived) and record.judgements[0].judged is not Judged.DUPLICATE
    )


def test_what_is_sent_while_nobody_runs_waits_in_the_kernel(installation: Installation) -> None:
    """One transmission each: there is no repeat that could have saved it."""
    acknowledged: list[int] = []

    def send(way: int) -> None:
        transmitter = Transmitter(installation.dc09_port, **WAYS[way])
        if transmitter.send_once(Message(ACCOUNTS[way], 1, "BA", "1"), timeout_s=ANSWER_TIMEOUT_S):
            acknowledged.append(way)
        transmitter.close()

    with held_sockets(installation.dc09_port) as sockets:
        with installation.running(sockets=sockets):
            pass
        panels = [threading.Thread(target=send, args=(way,)) for way in range(len(WAYS))]
        for panel in panels:
            panel.start()
        with installation.running(sockets=sockets):
            for panel in panels:
                panel.join()
    assert sorted(acknowledged) == list(range(len(WAYS)))
    assert news_in(installation) == Counter((account, 1) for account in ACCOUNTS)


def test_a_restart_under_load_loses_nothing(installation: Installation) -> None:
    with held_sockets(installation.dc09_port) as sockets:
        panels = [
            SendingThread(
                Transmitter(installation.dc09_port, **options),
                map(Message, repeat(account), count(1), cycle(("OP", "CL")), repeat("1")),
            )
            for account, options in zip(ACCOUNTS, WAYS, strict=True)
        ]
        try:
            with installation.running(sockets=sockets):
                for panel in panels:
                    panel.start()
                until("every panel has sent", lambda: all(len(panel.acknowledged) > 5 for panel in panels))
            with installation.running(sockets=sockets):
                acknowledged = [message for panel in panels for message in panel.finish()]
        finally:
            for panel in panels:
                panel.abandon()
    assert len(acknowledged) >= len(WAYS)
    assert news_in(installation) == Counter((message.account, message.sequence) for message in acknowledged)
    assert installation.verify().ok
