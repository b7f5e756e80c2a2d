"""arcctl panel flood --protocol: paced by the answers, bounded, and nobody else's line by mistake."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from arcd.cli.failures import CliError
from arcd.cli.simulated import Answer, Made
from arcd.cli.simulated_flooding import PacedFlood, PacedLoad
from arcd.clock import SystemClock
from protocols.codec import Received
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.in_thread import in_thread
from tests.arcd.cli.test_simulated_sending import Software, software  # noqa: F401 – a fixture
from tests.arcd.gateways import test_http_intake, test_modbus_writers
from tests.arcd.gateways.intake import TOKEN
from tests.patience import PATIENCE_S

FLOOD = ("panel", "flood", "--protocol")


class Line:
    """Counts how many messages are under way at once."""

    def __init__(self, answers: Callable[[int], Answer] = lambda _: Answer("ack")) -> None:
        self.sent: list[str] = []
        self.under_way = self.most = 0
        self._answers = answers
        self._lock = threading.Lock()

    def open(self) -> None:
        pass

    def deliver(self, made: Made, timeout_s: float) -> Answer:
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.sent.append(made.shown)
        answer = self._answers(len(self.sent))
        with self._lock:
            self.under_way -= 1
        return answer

    def close(self) -> None:
        pass


def load_of(line: Line, *, messages: int = 100, connections: int = 1, **changed: object) -> PacedLoad:
    return PacedLoad(
        messages=messages, connections=connections, made=lambda number: Made(str(number), ()), opened=lambda: line,
        **({"rate_per_s": None, "seconds_max": PATIENCE_S, "timeout_s": 1.0} | changed),  # type: ignore[arg-type]  # – as given
    )  # fmt: skip


def flooded(load: PacedLoad) -> PacedFlood:
    return PacedFlood(load, SystemClock(), lambda done, whole: None)


def test_one_message_is_under_way_on_each_connection() -> None:
    line = Line()
    outcome = flooded(load_of(line)).run()
    assert (outcome.sent, outcome.acknowledged, line.most) == (100, 100, 1)
    assert line.sent == [str(number) for number in range(100)]
    several = Line()
    outcome = flooded(load_of(several, connections=4)).run()
    assert outcome.acknowledged == 100
    assert several.most <= 4
    assert sorted(map(int, several.sent)) == list(range(100))


def test_a_rate_and_an_end_are_kept() -> None:
    outcome = flooded(load_of(Line(), rate_per_s=100.0, seconds_max=0.2)).run()
    assert outcome.sent <= 20, "of a hundred"
    assert outcome.seconds >= 0.19


def test_what_is_not_answered_paces_too_and_a_lost_way_ends_it() -> None:
    silent = flooded(load_of(Line(lambda _: Answer(None)), messages=4, timeout_s=0.05)).run()
    assert silent.replies == {"unanswered": 4}
    assert silent.seconds >= 0.2

    def lost(number: int) -> Answer:
        if number > 3:
            raise CliError("gone")
        return Answer("nak")

    assert flooded(load_of(Line(lost))).run().replies == {"nak": 3}
    with pytest.raises(CliError, match="gone"):
        flooded(load_of(Line(lambda _: lost(9)))).run()


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        ("surgard", ("--code", "OP")),
        ("ademco685", ("--scheme", "contact_id", "--code", "401")),
        ("osborne_hoffman", ("--code", "BA")),
    ],
)
def test_a_line_is_flooded(
    arcctl: Arcctl,
    software: Callable[..., Software],  # noqa: F811 – the fixture
    dialect: str,
    words: tuple[str, ...],
) -> None:
    far = software(dialect)
    ran = arcctl(
        *FLOOD, dialect, "--account", "1001", "--account", "1002", *words, "--count", "30", "--port", str(far.port),
        "--json",
    )  # fmt: skip
    assert ran.code == 0, ran.err + ran.out
    value = ran.json()
    assert (value["acknowledged"], value["replies"], value["connections"]) == (30, {"ack": 30}, 1)
    assert len({received.fingerprint for received in far.received}) == 30, "none looks like another"
    assert {received.origin.account for received in far.received} == {"1001", "1002"}
    assert all(isinstance(received, Received) for received in far.received)


def test_devices_and_cloud_panels(arcctl: Arcctl, tmp_path: Path) -> None:
    with in_thread(test_modbus_writers.a_scene) as (_, scene):
        options = ("--option", "unit=7", "--option", "coil=3", "--option", "alternates=true")
        ran = arcctl(*FLOOD, "modbus", "--port", str(scene.port), *options, "--count", "10", "--json")
        assert ran.json()["acknowledged"] == 10, ran.err + ran.out
        assert scene.machine.take() == [("BA", "new"), ("BR", "restore")] * 5
    (tmp_path / "token").write_text(TOKEN)
    with in_thread(lambda: test_http_intake.a_scene(tmp_path)) as (_, far):
        port = str(far.client.base_url.port)
        words = ("--code", "BA", "--count", "12", "--connections", "3", "--option", "token_file=token")
        ran = arcctl(*FLOOD, "json", "--port", port, *words)
    assert "12 of 12 acknowledged" in ran.out, ran.err + ran.out
    assert len({fact.received.fingerprint for fact in far.inbox.frames}) == 12


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("surgard", "--account", "1", "--null", "--host", "192.0.2.1", "--port", "9"),
            "192.0.2.1 is not this machine",
        ),
        (("surgard", "--account", "1", "--null", "--serial", "/dev/ttyS0"), "/dev/ttyS0 is not this machine"),
        (("surgard", "--account", "1", "--null", "--serial", "/dev/x", "--connections", "2"), "one connection"),
        (("surgard", "--account", "1", "--null", "--port", "9", "--connections", "65"), "at most 64 connections"),
        (("surgard", "--account", "1", "--port", "9"), "say what to send"),
        (("surgard", "--null", "--port", "9"), "--account NUMBER"),
        (("surgard", "--account", "1", "--null", "--port", "9", "--for", "2h"), "at most"),
        (("surgard", "--account", "1", "--null", "--port", "9"), "nobody listens"),
        (("json", "--null", "--port", "9", "--timestamp"), "are DC-09's"),
        (("dc09", "--account", "1", "--null", "--option", "a=b"), "--option is for another --protocol"),
        (("dc09", "--null"), "names its account"),
    ],
)
def test_what_cannot_be_flooded_says_why(arcctl: Arcctl, words: tuple[str, ...], said: str) -> None:
    ran = arcctl(*FLOOD, *words)
    assert ran.code in (1, 2)
    assert said in ran.err, ran.err
