"""What the notes of committed steps come to in the metrics, on real steps of the core."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.batching import Waiting
from arcd.core.site import Conditioning
from arcd.metrics import Metrics
from arcd.observing import Observing
from arcd.systemd import Progress
from tests.arcd.core.case.authority.scene import answer as answers
from tests.arcd.core.case.authority.scene import begin, call, deliver, sent
from tests.arcd.core.case.test_steps import CALL, DUTY, opened
from tests.arcd.core.conftest import _rules_compiled_once  # noqa: F401 – a fixture
from tests.arcd.core.schedules.test_tests_due import LATE_S, site
from tests.arcd.core.schedules.test_tests_due import RULES as TESTS_DUE
from tests.playbook import After, Panel, Playbook, step
from tests.sites import LOOK


def observed(play: Playbook) -> Metrics:
    """Every step of the play, committed one by one."""
    metrics = Metrics(version="1")
    observing = Observing(
        metrics=metrics, progress=Progress({"commit": 1.0}, monotonic_s=lambda: 0.0), state=play.station.state
    )
    for seq, stepped in play.history:
        observing.committed([Waiting(seq, stepped, None, None)], stepped.record.fact.at, 0.001)
    observing.sums(play.now)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_calls_by_whom_they_were_for_and_what_came_of_them() -> None:
    play = opened(Playbook, CALL + DUTY + LOOK)
    for outcome in ("no_answer", "busy", "answered_verified"):
        play >> step("call", "done", outcome)
        play << ...
    metrics = observed(play)
    for outcome, count in (("no_answer", 1), ("busy", 1), ("answered_verified", 1), ("voicemail", 0)):
        labels = {"purpose": "keyholders", "call_outcome": outcome}
        assert value(metrics, "arc_calls_total", **labels) == count


def test_how_long_an_authority_took_to_answer_a_report() -> None:
    name = "arc_escalation_duration_seconds"
    play = deliver(begin(Playbook, "HA"))
    play >> After(7) << ...
    play >> answers(sent(play)[0]) << ...
    metrics = observed(play)
    assert value(metrics, f"{name}_sum", way="message", said="accepted") == 7
    assert value(metrics, f"{name}_count", way="telephone", said="accepted") == 0


def test_a_report_by_telephone_counts_when_somebody_was_reached() -> None:
    play = begin(Playbook, "HA")
    for said in ("busy", "accepted"):
        play >> After(30) << ...
        play >> call(said) << ...
    metrics = observed(play)
    assert value(metrics, "arc_escalation_duration_seconds_count", way="telephone", said="accepted") == 1
    assert value(metrics, "arc_escalation_duration_seconds_sum", way="telephone", said="accepted") == 60
    assert value(metrics, "arc_calls_total", purpose="authority", call_outcome="busy") == 1


def test_tests_that_do_not_come_until_they_do() -> None:
    play, panel = Playbook(sites=[replace(site(), conditioning=Conditioning())], sources=TESTS_DUE), Panel()
    assert value(observed(play), "arc_late_tests") == 0
    play >> After(LATE_S) << ...
    assert value(observed(play), "arc_late_tests") == 1
    play >> panel.sia("RP") << ...
    assert value(observed(play), "arc_late_tests") == 0


def test_zones_that_stand_until_they_are_restored() -> None:
    play, panel = begin(Playbook, "HA"), Panel()
    play >> panel.sia("BA", zone="4", sequence=2) << ...
    assert value(observed(play), "arc_unrestored_zones") == 2
    play >> panel.sia("BR", zone="4", sequence=3) << ...
    assert value(observed(play), "arc_unrestored_zones") == 1
