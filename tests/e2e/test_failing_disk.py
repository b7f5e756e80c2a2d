"""The disk refuses a write in the middle of the night: no ACK for what is not on it, an end with a sentence, a restart.

A limit on file sizes stands in for the disk: beyond it the kernel refuses the journal's writes.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from arcd.__main__ import EXIT_CANNOT
from arcd.cli.wires import WireError
from arcd.core.facts import FrameReceived
from arcd.core.record import Judged
from tests.e2e.installations import centre, site
from tests.panels import Message, Transmitter
from tests.process import Installation

FILE_BYTES_MAX = 1 << 20
FIRST_BYTES_MAX = 1 << 18  # enough for an empty journal, and not for the rules
MESSAGES_MAX = 2_000


def numbers_in(installation: Installation) -> Counter[int]:
    """How often each sequence number stands in the journal as news."""
    return Counter(
        int(record.fact.received.sequence or 0)
        for _, record in installation.records()
        if isinstance(record.fact, FrameReceived) and record.judgements[0].judged is not Judged.DUPLICATE
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_udp", [False, True], ids=["tcp", "udp"])
def test_no_ack_leaves_when_the_commit_fails(tmp_path: Path, is_udp: bool) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])
    daemon = installation.launch(file_bytes_max=FILE_BYTES_MAX).wait_ready()
    panel = Transmitter(installation.dc09_port, is_udp=is_udp)
    acknowledged = 0
    try:
        for number in range(1, MESSAGES_MAX):
            if not panel.send_once(Message("1001", number, "BA", "1")):
                break
            acknowledged = number
    except WireError:
        pass  # over UDP the kernel tells that nobody listens any more
    finally:
        panel.close()
    assert 0 < acknowledged < MESSAGES_MAX - 1, "the limit was reached while signals came"
    assert daemon.wait_end() == EXIT_CANNOT
    assert f"the disk that holds {installation.journal}" in installation.said()
    assert "Traceback" not in installation.said()
    assert not installation.socket.exists()
    kept = numbers_in(installation)
    assert [number for number in range(1, acknowledged + 1) if kept[number] != 1] == []

    # There is space again: the panel repeats what it has no ACK for, and goes on.
    with installation.running():
        panel = Transmitter(installation.dc09_port, is_udp=is_udp)
        for number in range(acknowledged + 1, acknowledged + 4):
            panel.send(Message("1001", number, "BA", "1"))
        panel.close()
    assert numbers_in(installation) == Counter(range(1, acknowledged + 4))
    assert installation.verify().ok


@pytest.mark.slow
def test_a_disk_that_is_full_at_the_first_start_is_one_sentence(tmp_path: Path) -> None:
    installation = Installation(tmp_path, centre=centre([]), sites=[site("K-1", "1001")])
    assert installation.launch(file_bytes_max=FIRST_BYTES_MAX).wait_end() == EXIT_CANNOT
    [said] = [line for line in installation.said().splitlines() if line.startswith("arcd: ")]
    assert said.startswith(f"arcd: the disk that holds {installation.journal}")
