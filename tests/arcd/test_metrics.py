from __future__ import annotations

import math
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from arcd.clock import Discipline
from arcd.core.case.model import OfferStatus
from arcd.core.facts import EffectOutcome, FlagKind
from arcd.metrics import LABEL_VALUES, OTHER, SERIES_MAX, TABLE, Metrics
from protocols.codec import Problem
from protocols.signals import Category
from rules import shipped
from rules.loader import load
from rules.model import Priority


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3", commit="abc")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


# ------------------------------------------------------------------------------------------------------------ the table


def test_names_follow_the_conventions() -> None:
    """Prometheus naming: one prefix, base units, `_total` on counters and only there."""
    assert len({spec.name for spec in TABLE}) == len(TABLE)
    for spec in TABLE:
        assert re.fullmatch(r"arc_[a-z_]+", spec.name)
        assert spec.name.endswith("_total") == (spec.type.__name__ == "Counter"), spec.name
        assert spec.help, spec.name
        assert not spec.help.endswith("."), spec.name
        assert bool(spec.buckets) == (spec.type.__name__ == "Histogram"), spec.name
        assert list(spec.buckets) == sorted(spec.buckets)
        for wrong in ("_ms", "_minutes", "_kb", "_percent"):
            assert wrong not in spec.name


def test_no_label_names_a_person_place_or_account() -> None:
    known = {*LABEL_VALUES, "protocol", "channel", "output", "version", "commit"}
    for spec in TABLE:
        assert set(spec.labels) <= known
    assert not known & {"account", "site", "customer", "phone", "ip", "peer", "operator", "user", "guard", "case"}


@pytest.mark.parametrize("plugins", [1, 8])
def test_series_stay_within_the_budget(plugins: int) -> None:
    names = [f"plugin-{number}" for number in range(plugins)]
    metrics = Metrics(version="1", protocols=names, channels=names)
    assert count_series(metrics) < SERIES_MAX


def test_nothing_a_peer_or_a_rule_writes_makes_a_series(metrics: Metrics) -> None:
    before = count_series(metrics)
    metrics.signals_received("x" * 1000, Category.FIRE, 1)
    metrics.frame_rejected("dc09", "a reason of a codec's own")
    metrics.frame_rejected("1' OR 1=1", "crc")
    metrics.cases_open({(Priority.P1, "a state of the site's own"): 1})
    metrics.effect_performed("pigeon", EffectOutcome.DELIVERED, 1.0)
    metrics.escalation("whim")
    assert count_series(metrics) == before


def count_series(metrics: Metrics) -> int:
    body, _ = metrics.exposition()
    return sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))


def test_every_series_exists_from_the_start(metrics: Metrics) -> None:
    for category in Category:
        for protocol in ("dc09", OTHER):
            assert value(metrics, "arc_signals_received_total", protocol=protocol, category=category) == 0
    for problem in Problem:
        assert value(metrics, "arc_frames_rejected_total", protocol="dc09", reason=problem) == 0
    assert value(metrics, "arc_cases_open", priority="P0", state="new") == 0
    assert value(metrics, "arc_build_info", version="1.2.3", commit="abc") == 1


def test_no_series_tells_when_a_counter_was_made(metrics: Metrics) -> None:
    assert b"_created" not in metrics.exposition()[0]


def test_two_daemons_in_one_process_count_apart(metrics: Metrics) -> None:
    other = Metrics(version="1")
    metrics.heartbeat("dc09")
    assert value(other, "arc_heartbeats_received_total", protocol="dc09") == 0


# ------------------------------------------------------------------------------------------------------ what is counted


def test_the_wire(metrics: Metrics) -> None:
    metrics.signals_received("dc09", Category.HOLDUP, 1)
    metrics.frame_rejected("dc09", "crc", 7)
    metrics.frame_rejected("dc09", Problem.WRONG_KEY)
    metrics.ack_sent("dc09", 0.02)
    metrics.suppressed("duplicate")
    metrics.suppressed(FlagKind.ON_TEST)
    metrics.heartbeat("dc09", 3)
    metrics.supervised_paths({("SP4", "up"): 10, ("SP4", "failed"): 2})
    metrics.connection_opened("dc09")
    metrics.connection_opened("dc09")
    metrics.connection_closed("dc09")
    metrics.connection_refused("connections_per_source")
    assert value(metrics, "arc_signals_received_total", protocol="dc09", category="holdup") == 1
    assert value(metrics, "arc_frames_rejected_total", protocol="dc09", reason="crc") == 7
    assert value(metrics, "arc_frames_rejected_total", protocol="dc09", reason="wrong_key") == 1
    assert value(metrics, "arc_signal_ack_duration_seconds_bucket", protocol="dc09", le="0.01") == 0
    assert value(metrics, "arc_signal_ack_duration_seconds_bucket", protocol="dc09", le="0.05") == 1
    assert value(metrics, "arc_signals_suppressed_total", cause="duplicate") == 1
    assert value(metrics, "arc_signals_suppressed_total", cause="on_test") == 1
    assert value(metrics, "arc_heartbeats_received_total", protocol="dc09") == 3
    assert value(metrics, "arc_supervised_paths", ats_category="SP4", path_state="up") == 10
    assert value(metrics, "arc_supervised_paths", ats_category="SP4", path_state="late") == 0
    assert value(metrics, "arc_connections_open", protocol="dc09") == 1
    assert value(metrics, "arc_connections_refused_total", limit="connections_per_source") == 1


def test_the_people(metrics: Metrics) -> None:
    metrics.cases_open({(Priority.P0, "new"): 2, (Priority.P1, "odd"): 3, (Priority.P1, "strange"): 4})
    assert value(metrics, "arc_cases_open", priority="P0", state="new") == 2
    assert value(metrics, "arc_cases_open", priority="P1", state=OTHER) == 7, "folded, not overwritten"
    metrics.cases_open({})
    assert value(metrics, "arc_cases_open", priority="P0", state="new") == 0
    metrics.case_acknowledged(Priority.P0, 12)
    metrics.case_closed(Priority.P0, 400)
    metrics.ack_target_missed(Priority.P0, "first")
    metrics.escalation("unreachable")
    metrics.guard_offer(OfferStatus.DECLINED)
    metrics.guard_on_site(800)
    metrics.guard_sla_missed()
    metrics.flags_active({FlagKind.ON_TEST: 5})
    assert value(metrics, "arc_case_ack_duration_seconds_sum", priority="P0") == 12
    assert value(metrics, "arc_case_handling_duration_seconds_count", priority="P0") == 1
    assert value(metrics, "arc_ack_target_breaches_total", priority="P0", target="first") == 1
    assert value(metrics, "arc_escalations_total", trigger="unreachable") == 1
    assert value(metrics, "arc_guard_offers_total", answer="declined") == 1
    assert value(metrics, "arc_guard_response_duration_seconds_sum") == 800
    assert value(metrics, "arc_guard_sla_breaches_total") == 1
    assert value(metrics, "arc_flags_active", kind="on_test") == 5
    assert value(metrics, "arc_flags_active", kind="maintenance") == 0


def test_the_effects_and_the_journal(metrics: Metrics) -> None:
    metrics.effect_performed("mail", EffectOutcome.FAILED, 0.2)
    metrics.outbox_depth("mail", 4)
    metrics.commit(0.004, 250)
    metrics.commit(0.004, 1)
    metrics.checkpoint(1_780_000_000_500_000_000)
    metrics.storage(free_bytes=10, size_bytes=100)
    assert value(metrics, "arc_effects_performed_total", channel="mail", outcome="failed") == 1
    assert value(metrics, "arc_effect_duration_seconds_count", channel="mail") == 1
    assert value(metrics, "arc_outbox_depth", channel="mail") == 4
    assert value(metrics, "arc_journal_entries_total") == 251
    assert value(metrics, "arc_db_commit_duration_seconds_count") == 2
    assert value(metrics, "arc_db_commit_records_bucket", le="1.0") == 1
    assert value(metrics, "arc_journal_checkpoint_timestamp_seconds") == 1_780_000_000.5
    assert value(metrics, "arc_storage_free_bytes") == 10
    assert value(metrics, "arc_storage_size_bytes") == 100


def test_the_daemon(metrics: Metrics) -> None:
    metrics.queue_depth(17)
    metrics.loop_lag(0.3)
    metrics.clock_step(-3600)
    metrics.step_failed()
    metrics.rules_loaded(taken=False)
    metrics.ready(True)
    metrics.started(1_780_000_000_000_000_000)
    assert value(metrics, "arc_queue_depth") == 17
    assert value(metrics, "arc_event_loop_lag_seconds_bucket", le="0.25") == 0
    assert value(metrics, "arc_clock_steps_total", direction="backward") == 1
    assert value(metrics, "arc_steps_failed_total") == 1
    assert value(metrics, "arc_rules_loads_total", result="refused") == 1
    assert value(metrics, "arc_ready") == 1
    assert value(metrics, "arc_start_timestamp_seconds") == 1_780_000_000


def test_an_unknown_clock_is_neither_right_nor_wrong(metrics: Metrics) -> None:
    assert math.isnan(value(metrics, "arc_clock_synchronized") or 0)
    metrics.clock_discipline(Discipline(is_synchronized=True, error_s_max=0.002))
    assert value(metrics, "arc_clock_synchronized") == 1
    assert value(metrics, "arc_clock_max_error_seconds") == 0.002
    metrics.clock_discipline(Discipline(is_synchronized=False, error_s_max=None))
    assert value(metrics, "arc_clock_synchronized") == 0
    assert math.isnan(value(metrics, "arc_clock_max_error_seconds") or 0)


def test_both_exposition_formats_can_be_read(metrics: Metrics) -> None:
    body, content_type = metrics.exposition()
    assert content_type.startswith("text/plain; version=0.0.4")
    families = {family.name for family in text_string_to_metric_families(body.decode())}
    assert {spec.name.removesuffix("_total") for spec in TABLE} <= families
    body, content_type = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_every_phase_of_an_arrangement_has_its_series() -> None:
    ruleset = load(shipped.sources()).ruleset
    assert ruleset is not None
    case_type = ruleset.case_types["arrangement"]
    closed = {move.target for move in case_type.moves if move.closes}
    assert set(LABEL_VALUES["phase"]) == {*case_type.states, OTHER} - closed
