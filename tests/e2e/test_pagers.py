"""A paging line on the real daemon: a nurse call comes in over ESPA, and whoever is on duty is paged over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arcd.core.facts import AnyFact, EffectOutcome, EffectReported, LineRestored
from protocols.espa444 import Block, EspaReader, RecordType, What, call_to_pager, encode_block
from tests.arcd.gateways.far_receiver import Cable
from tests.e2e.installations import centre, site
from tests.process import Installation, until

ACK, EOT = b"\x06", b"\x04"


class Control:
    """The control station of the line: polls us, and takes or brings one block at a time."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._heard = b""
        self.blocks: list[Block] = []
        self._reader = EspaReader(is_nordic=True)

    def brings(self, block: Block) -> None:
        self._cable.send(EOT + b"3\x052\x05")  # station 3 has the word, and selects us
        self._hears(ACK)
        self._cable.send(encode_block(block, is_nordic=True))
        self._hears(ACK)
        self._cable.send(EOT)

    def polls(self) -> bool:
        """Whether we had something to say."""
        self._cable.read()
        self._cable.send(EOT + b"2\x05")
        try:
            heard = until("an answer", self._cable.read, timeout_s=1.0)
        except AssertionError:
            return False  # nobody answers before the port is open
        if b"1\x05" not in heard:
            return False
        self._cable.send(ACK)
        until("a block", self._has_block)
        self._cable.send(ACK)
        self._hears(EOT)
        return True

    def _has_block(self) -> bool:
        tokens = self._reader.receive(self._cable.read())
        self.blocks += [token.block for token in tokens if token.what is What.BLOCK and token.block is not None]
        return bool(self.blocks)

    def _hears(self, wanted: bytes) -> None:
        until(f"{wanted!r}", lambda: wanted in self._cable.read())


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[Cable]:
    cable = Cable(tmp_path).plug()
    yield cable
    cable.unplug()


def test_a_call_comes_in_and_the_person_on_duty_is_paged(tmp_path: Path, cable: Cable) -> None:
    people = dict(centre([]))
    people["contacts"][0]["pager"] = "550"  # duty
    line = {
        "name": "pagers", "dialect": "espa444", "options": {"address": "2", "target": "1"}, "heartbeat_s": 0,
        "serial": {"port": str(cable.path), "mode": "9600 7E2"},
    }  # fmt: skip
    installation = Installation(tmp_path, centre=people, sites=[site("K-1", "101")], settings={"lines": [line]})
    control = Control(cable)
    daemon = installation.launch().wait_ready()
    try:
        until("the line is open", lambda: any(isinstance(fact, LineRestored) for fact in facts(installation)))
        control.brings(call_to_pager("101", "Huone 12, apua"))
        assert "K-1" in [case["site_id"] for case in installation.arcctl("cases", "--json").json()["cases"]]
        daemon.kill()
        # A restart without a goodbye is the centre's own trouble: the person on duty is called at once.
        daemon = installation.launch().wait_ready()
        until("a page for whoever is on duty", control.polls)
        [page] = control.blocks
        assert (page.value(RecordType.CALL_ADDRESS), page.value(RecordType.PRIORITY)) == ("550", "1")
        assert "P1" in page.value(RecordType.DISPLAY)
        until("its outcome", lambda: EffectOutcome.DELIVERED in outcomes(installation))
        assert daemon.stop() == 0, installation.said()
    finally:
        daemon.kill()
    assert installation.verify().ok


def facts(installation: Installation) -> list[AnyFact]:
    return [record.fact for _, record in installation.records()]


def outcomes(installation: Installation) -> list[EffectOutcome]:
    return [fact.outcome for fact in facts(installation) if isinstance(fact, EffectReported)]
