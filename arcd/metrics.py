"""Everything the daemon counts and measures: one table of metrics, and one typed method for each thing that happens.

One rule: labels are bounded and name kinds of things, never an account, site, person or address. A value outside its
label's set is counted under "other", so no peer and no rule file can make series grow (`SERIES_MAX`, tested).
Methods are called from the hot path: every series exists from the start and is found by one dict lookup.
When something counts is the caller's affair; what is worth waking somebody for stands in config/prometheus/alerts.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Generic, TypeVar

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from arcd.clock import Discipline
from arcd.core.case.calls import OUTCOMES as CALL_OUTCOMES
from arcd.core.case.model import OfferStatus
from arcd.core.facts import CallAnswer, EffectOutcome, FlagKind
from arcd.degraded import PATIENCE
from protocols.codec import Problem
from protocols.signals import Category
from rules.ats_categories import CATEGORIES
from rules.model import Priority

# One more series for every counter, and nobody asks when a counter was made.
disable_created_metrics()  # type: ignore[no-untyped-call]  # – the library has no annotation on it

SERIES_MAX = 2000  # requirements 6.1
OTHER = "other"

# Buckets lie around the targets (requirements 6.1): a panel waits for its ACK a few seconds, operators have 30/60 and
# 90/180 s, guards minutes.
ACK_BUCKETS_S = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
OPERATOR_BUCKETS_S = (1, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
GUARD_BUCKETS_S = (300, 600, 900, 1200, 1800, 2700, 3600, 5400)
# The reporting times of the categories: 20 s, 90 s, 3 min, 30 min, 5 h, 25 h (rules/data/ats_categories.yaml).
REPORT_BUCKETS_S = (15, 20, 45, 60, 90, 120, 150, 180, 600, 1800, 18_000, 90_000, 180_000, 2_764_800)
EFFECT_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
COMMIT_RECORD_BUCKETS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
LAG_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

# Every value a label may have. `protocol`, `channel`, `version` and `commit` are known when the daemon is composed.
LABEL_VALUES: dict[str, tuple[str, ...]] = {
    "category": tuple(Category),
    # Why a codec saw no frame, why a frame is not genuine (protocols.codec), or nobody knows who sent it.
    "reason": (
        "crc",
        "length",
        "syntax",
        "oversize",
        "noise",
        *Problem,
        "unknown_account",
        "unknown_recipient",
        "unknown_source",
        "login",
        OTHER,
    ),
    "cause": ("duplicate", "copy", "folded", "swinger", *FlagKind, OTHER),
    # Who was turned away, or let go, and by which limit of the gateways.
    "limit": (
        *("connections", "connections_per_source", "strangers", "idle", "half_frame", "queue", "source_share"),
        *("handshake", "handshakes", "tls", "source", "rate", OTHER),
    ),
    "ats_category": (*CATEGORIES, OTHER),
    "path_state": ("up", "late", "failed", "unknown"),
    "priority": tuple(Priority),
    # States of the shipped case types. A state that a site's own case type adds is counted under "other".
    "state": ("new", "handling", "waiting", OTHER),
    "target": ("first", "second", OTHER),
    "trigger": ("unacknowledged", "step_timeout", "unreachable", "effect_failed", "welfare", OTHER),
    "answer": tuple(status for status in OfferStatus if status is not OfferStatus.OPEN),
    "kind": tuple(FlagKind),
    "place": ("directory", "url", "mail"),
    "outcome": tuple(EffectOutcome),
    # How an authority was told of a case, and what it said to it.
    "way": ("message", "telephone"),
    "said": ("accepted", "rejected"),
    # Call lists of the shipped plans; one that a site names itself is counted under "other".
    "purpose": ("keyholders", "on_duty", "service_provider", "erc", "police", "authority", OTHER),
    "call_outcome": tuple(sorted({*CALL_OUTCOMES, *CallAnswer})),
    "direction": ("forward", "backward"),
    "result": ("taken", "refused"),
    # States of the case type arrangement (rules/cases/arrangement.yaml) but for the last.
    "phase": (
        "planned",
        "booked",
        "fault_detected",
        "operator_notified",
        "monitoring",
        "threshold",
        "rescue_contacted",
        "none_required",
        "arrangement_required",
        "ordered",
        "active",
        "fault_cleared",
        "verification",
        "cancelling",
        OTHER,
    ),
    "part": tuple(PATIENCE),
    "fate": ("taken", "refused", "lost"),
}

# What a shipped gateway receives. Another codec's name is counted under "other".
PROTOCOLS = ("dc09", "modbus", "smtp", "http")

_Metric = Counter | Gauge | Histogram
_M = TypeVar("_M", Counter, Gauge, Histogram)


class Spec(Struct, frozen=True, kw_only=True):
    name: str
    type: type[_Metric]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _counter(name: str, text: str, *labels: str) -> Spec:
    return Spec(name=name, type=Counter, help=text, labels=labels)


def _gauge(name: str, text: str, *labels: str) -> Spec:
    return Spec(name=name, type=Gauge, help=text, labels=labels)


def _histogram(name: str, buckets: tuple[float, ...], text: str, *labels: str) -> Spec:
    return Spec(name=name, type=Histogram, help=text, labels=labels, buckets=buckets)


TABLE: tuple[Spec, ...] = (
    # ------------------------------------------------------------------------------------------------- the wire
    _counter("arc_signals_received_total", "Signals taken into handling", "protocol", "category"),
    _counter("arc_frames_rejected_total", "Frames not taken as genuine", "protocol", "reason"),
    _histogram("arc_signal_ack_duration_seconds", ACK_BUCKETS_S, "From receipt over commit to the ACK", "protocol"),
    _counter("arc_signals_suppressed_total", "Signals kept that asked nothing of anyone", "cause"),
    _counter("arc_heartbeats_received_total", "Link tests", "protocol"),
    _gauge("arc_supervised_paths", "Supervised paths by what is known of them", "ats_category", "path_state"),
    _histogram(
        "arc_path_fault_report_delay_seconds",
        REPORT_BUCKETS_S,
        "From the last frame to a person being told",
        "ats_category",
    ),
    _gauge("arc_line_storms_active", "Common causes under way that hold back faults of their paths or sites"),
    _gauge("arc_connections_open", "Open connections of panels", "protocol"),
    _counter("arc_connections_refused_total", "Connections closed by a limit", "limit"),
    # ----------------------------------------------------------------------------------------------- the people
    _gauge("arc_cases_open", "Open cases", "priority", "state"),
    _histogram("arc_case_ack_duration_seconds", OPERATOR_BUCKETS_S, "From opening to the first operator", "priority"),
    _histogram("arc_case_handling_duration_seconds", OPERATOR_BUCKETS_S, "From first operator to closing", "priority"),
    _counter("arc_ack_target_breaches_total", "Acknowledgement targets missed", "priority", "target"),
    _counter("arc_escalations_total", "Matters taken further because nobody acted", "trigger"),
    _histogram(
        "arc_escalation_duration_seconds", OPERATOR_BUCKETS_S, "From report to the authority's word", "way", "said"
    ),
    _counter("arc_calls_total", "Telephone calls that people noted", "purpose", "call_outcome"),
    _gauge("arc_late_tests", "Systems whose periodic test has not come"),
    _gauge("arc_unrestored_zones", "Alarms and troubles of zones that stand and wait for their restore"),
    _counter("arc_guard_offers_total", "Jobs offered to guards, by what became of the offer", "answer"),
    _histogram("arc_guard_response_duration_seconds", GUARD_BUCKETS_S, "From dispatch decision to guard on site"),
    _counter("arc_guard_sla_breaches_total", "Guards not on site in the agreed time"),
    _gauge("arc_flags_active", "Scopes on test or out of service", "kind"),
    _gauge("arc_exceptional_arrangements_active", "Exceptional arrangements under way, by how far they are", "phase"),
    # ---------------------------------------------------------------------------------------------- the effects
    _counter("arc_effects_performed_total", "Attempts at effects", "channel", "outcome"),
    _histogram("arc_effect_duration_seconds", EFFECT_BUCKETS_S, "Time of one attempt", "channel"),
    _gauge("arc_outbox_depth", "Effects committed and not settled", "channel"),
    _gauge(
        "arc_output_backlog_signals",
        "Signals read ahead that an output has not got rid of (256 or so and more)",
        "output",
    ),
    _gauge("arc_output_backlog_age_seconds", "Age of the signal an output is trying to get rid of; 0: none", "output"),
    _gauge("arc_output_up", "1 while the far end answers", "output"),
    _counter("arc_output_attempts_total", "Messages written to a far end, repetitions among them", "output"),
    _counter("arc_output_shortened_total", "Signals of an output said without a number of theirs", "output"),
    _counter("arc_output_signals_total", "Signals of an output, by what became of them", "output", "fate"),
    # ---------------------------------------------------------------------------------------------- the journal
    _counter("arc_journal_entries_total", "Journal entries committed since the start"),
    _gauge("arc_journal_checkpoint_timestamp_seconds", "When the newest checkpoint was committed"),
    _gauge("arc_audit_checkpoint_timestamp_seconds", "When the newest checkpoint was signed"),
    _counter("arc_audit_copies_total", "Attempts to copy a signed checkpoint elsewhere", "place", "outcome"),
    _gauge("arc_audit_copy_timestamp_seconds", "Instant of the newest checkpoint that got away", "place"),
    _gauge("arc_audit_last_verify_success_timestamp_seconds", "When the journal was last verified and found intact"),
    _counter("arc_audit_verify_failures_total", "Verifications of the journal that found something"),
    _histogram("arc_db_commit_duration_seconds", COMMIT_BUCKETS_S, "Time of one synced commit"),
    _histogram("arc_db_commit_records", COMMIT_RECORD_BUCKETS, "Journal entries in one commit"),
    _gauge("arc_storage_free_bytes", "Free space where the journal lies"),
    _gauge("arc_storage_size_bytes", "Size of the file system where the journal lies"),
    # ----------------------------------------------------------------------------------------------- the daemon
    _gauge("arc_queue_depth", "Facts waiting for the core"),
    _histogram("arc_event_loop_lag_seconds", LAG_BUCKETS_S, "How late the event loop ran a timer"),
    _gauge("arc_clock_synchronized", "Whether the kernel calls the clock disciplined; NaN when it does not say"),
    _gauge("arc_clock_max_error_seconds", "The kernel's bound on the clock's error; NaN when it does not say"),
    _counter("arc_clock_steps_total", "Times somebody set the wall clock", "direction"),
    _counter("arc_steps_failed_total", "Facts the core could not digest"),
    _counter("arc_rules_loads_total", "Rule sets offered, by what became of them", "result"),
    _counter("arc_listeners_rebound_total", "Times a listening socket was gone and had again"),
    _gauge("arc_degraded", "1 while a part of the daemon works badly; reception goes on", "part"),
    _gauge("arc_ready", "1 when every readiness check passes"),
    _gauge("arc_build_info", "Always 1", "version", "commit"),
    _gauge("arc_start_timestamp_seconds", "When the daemon became ready"),
)


class _Family(Generic[_M]):
    """All series of one metric, made beforehand, by their label values."""

    def __init__(self, metric: _M, sets: Sequence[tuple[str, ...]]) -> None:
        self._sets = sets
        self._children: dict[tuple[str, ...], _M] = {
            values: metric.labels(*values) if values else metric for values in product(*sets)
        }

    def child(self, *values: str) -> _M:
        found = self._children.get(values)
        return found if found is not None else self._children[self.fold(values)]

    def fold(self, values: Iterable[str]) -> tuple[str, ...]:
        """Values that no series was made for become "other"; a label without "other" has a closed set."""
        return tuple(value if value in known else OTHER for value, known in zip(values, self._sets, strict=True))

    def items(self) -> Iterable[tuple[tuple[str, ...], _M]]:
        return self._children.items()


class Metrics:
    """`protocols` and `channels` are the codecs and effectors this daemon was composed of."""

    def __init__(
        self,
        *,
        version: str,
        commit: str = "",
        protocols: Sequence[str] = PROTOCOLS,
        channels: Sequence[str] = ("mail", "webhook"),
        outputs: Sequence[str] = (),
    ) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._label_values = LABEL_VALUES | {
            "protocol": (*protocols, OTHER),
            "channel": (*channels, OTHER),
            "output": tuple(outputs),
            "version": (version,),
            "commit": (commit,),
        }
        self._specs = {spec.name: spec for spec in TABLE}
        self._make_wire()
        self._make_people()
        self._make_effects_and_journal()
        self._make_daemon()
        assert not self._specs, f"no method feeds {sorted(self._specs)}"

    def _make_wire(self) -> None:
        self._received = self._family("arc_signals_received_total", Counter)
        self._rejected = self._family("arc_frames_rejected_total", Counter)
        self._ack_s = self._family("arc_signal_ack_duration_seconds", Histogram)
        self._suppressed = self._family("arc_signals_suppressed_total", Counter)
        self._heartbeats = self._family("arc_heartbeats_received_total", Counter)
        self._paths = self._family("arc_supervised_paths", Gauge)
        self._fault_report_s = self._family("arc_path_fault_report_delay_seconds", Histogram)
        self._storms = self._family("arc_line_storms_active", Gauge)
        self._connections = self._family("arc_connections_open", Gauge)
        self._connections_refused = self._family("arc_connections_refused_total", Counter)

    def _make_people(self) -> None:
        self._cases = self._family("arc_cases_open", Gauge)
        self._case_ack_s = self._family("arc_case_ack_duration_seconds", Histogram)
        self._case_handling_s = self._family("arc_case_handling_duration_seconds", Histogram)
        self._ack_breaches = self._family("arc_ack_target_breaches_total", Counter)
        self._escalations = self._family("arc_escalations_total", Counter)
        self._escalation_s = self._family("arc_escalation_duration_seconds", Histogram)
        self._calls = self._family("arc_calls_total", Counter)
        self._late_tests = self._family("arc_late_tests", Gauge)
        self._unrestored = self._family("arc_unrestored_zones", Gauge)
        self._guard_offers = self._family("arc_guard_offers_total", Counter)
        self._guard_response_s = self._family("arc_guard_response_duration_seconds", Histogram)
        self._guard_breaches = self._family("arc_guard_sla_breaches_total", Counter)
        self._flags = self._family("arc_flags_active", Gauge)
        self._arrangements = self._family("arc_exceptional_arrangements_active", Gauge)

    def _make_effects_and_journal(self) -> None:
        self._performed = self._family("arc_effects_performed_total", Counter)
        self._effect_s = self._family("arc_effect_duration_seconds", Histogram)
        self._outbox = self._family("arc_outbox_depth", Gauge)
        self._output_backlog = self._family("arc_output_backlog_signals", Gauge)
        self._output_age_s = self._family("arc_output_backlog_age_seconds", Gauge)
        self._output_up = self._family("arc_output_up", Gauge)
        self._output_attempts = self._family("arc_output_attempts_total", Counter)
        self._output_shortened = self._family("arc_output_shortened_total", Counter)
        self._output_signals = self._family("arc_output_signals_total", Counter)
        self._entries = self._family("arc_journal_entries_total", Counter)
        self._checkpoint = self._family("arc_journal_checkpoint_timestamp_seconds", Gauge)
        self._audit_checkpoint = self._family("arc_audit_checkpoint_timestamp_seconds", Gauge)
        self._audit_copies = self._family("arc_audit_copies_total", Counter)
        self._audit_copy = self._family("arc_audit_copy_timestamp_seconds", Gauge)
        self._audit_verified = self._family("arc_audit_last_verify_success_timestamp_seconds", Gauge)
        self._audit_failures = self._family("arc_audit_verify_failures_total", Counter)
        self._commit_s = self._family("arc_db_commit_duration_seconds", Histogram)
        self._commit_records = self._family("arc_db_commit_records", Histogram)
        self._storage_free = self._family("arc_storage_free_bytes", Gauge)
        self._storage_size = self._family("arc_storage_size_bytes", Gauge)

    def _make_daemon(self) -> None:
        self._queue = self._family("arc_queue_depth", Gauge)
        self._lag_s = self._family("arc_event_loop_lag_seconds", Histogram)
        self._synchronized = self._family("arc_clock_synchronized", Gauge)
        self._clock_error_s = self._family("arc_clock_max_error_seconds", Gauge)
        self._clock_steps = self._family("arc_clock_steps_total", Counter)
        self._listeners_rebound = self._family("arc_listeners_rebound_total", Counter)
        self._steps_failed = self._family("arc_steps_failed_total", Counter)
        self._rules_loads = self._family("arc_rules_loads_total", Counter)
        self._degraded = self._family("arc_degraded", Gauge)
        self._ready = self._family("arc_ready", Gauge)
        self._started = self._family("arc_start_timestamp_seconds", Gauge)
        for _, build in self._family("arc_build_info", Gauge).items():
            build.set(1)
        self.clock_discipline(None)

    def _family(self, name: str, type_: type[_M]) -> _Family[_M]:
        spec = self._specs.pop(name)
        assert spec.type is type_
        if type_ is Histogram:
            made = Histogram(name, spec.help, spec.labels, buckets=spec.buckets, registry=self.registry)
        else:
            made = spec.type(name, spec.help, spec.labels, registry=self.registry)
        assert isinstance(made, type_)
        return _Family(made, [self._label_values[label] for label in spec.labels])

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Body and content type for a scrape; `accept` is the scraper's Accept header."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    # --------------------------------------------------------------------------------------------------- the wire

    def signals_received(self, protocol: str, category: Category, count: int) -> None:
        self._received.child(protocol, category).inc(count)

    def frame_rejected(self, protocol: str, reason: str, count: int = 1) -> None:
        self._rejected.child(protocol, reason).inc(count)

    def ack_sent(self, protocol: str, seconds: float) -> None:
        self._ack_s.child(protocol).observe(seconds)

    def suppressed(self, cause: str) -> None:
        self._suppressed.child(cause).inc()

    def heartbeat(self, protocol: str, count: int = 1) -> None:
        self._heartbeats.child(protocol).inc(count)

    def supervised_paths(self, counts: Mapping[tuple[str, str], int]) -> None:
        """(ATS category, "up" | "late" | "failed" | "unknown") → paths."""
        folded: dict[tuple[str, ...], int] = {}
        for key, count in counts.items():
            known = self._paths.fold(key)
            folded[known] = folded.get(known, 0) + count
        for values, gauge in self._paths.items():
            gauge.set(folded.get(values, 0))

    def path_fault_reported(self, category: str, seconds: float) -> None:
        self._fault_report_s.child(category).observe(seconds)

    def line_storms(self, count: int) -> None:
        self._storms.child().set(count)

    def connection_opened(self, protocol: str) -> None:
        self._connections.child(protocol).inc()

    def connection_closed(self, protocol: str) -> None:
        self._connections.child(protocol).dec()

    def connection_refused(self, limit: str) -> None:
        self._connections_refused.child(limit).inc()

    # -------------------------------------------------------------------------------------------------- the people

    def cases_open(self, counts: Mapping[tuple[Priority, str], int]) -> None:
        """(priority, state) → open cases; what is not named is none."""
        folded: dict[tuple[str, ...], int] = {}
        for key, count in counts.items():
            known = self._cases.fold(key)
            folded[known] = folded.get(known, 0) + count
        for values, gauge in self._cases.items():
            gauge.set(folded.get(values, 0))

    def case_acknowledged(self, priority: Priority, seconds: float) -> None:
        self._case_ack_s.child(priority).observe(seconds)

    def case_closed(self, priority: Priority, seconds: float) -> None:
        self._case_handling_s.child(priority).observe(seconds)

    def ack_target_missed(self, priority: Priority, target: str) -> None:
        self._ack_breaches.child(priority, target).inc()

    def escalation(self, trigger: str) -> None:
        self._escalations.child(trigger).inc()

    def guard_offer(self, answer: OfferStatus) -> None:
        self._guard_offers.child(answer).inc()

    def guard_on_site(self, seconds: float) -> None:
        self._guard_response_s.child().observe(seconds)

    def guard_sla_missed(self) -> None:
        self._guard_breaches.child().inc()

    def authority_answered(self, way: str, said: str, seconds: float) -> None:
        """`seconds`: since somebody, or a plan, decided to report."""
        self._escalation_s.child(way, said).observe(seconds)

    def called(self, purpose: str, outcome: str) -> None:
        self._calls.child(purpose, outcome).inc()

    def unfinished(self, *, late_tests: int, unrestored: int) -> None:
        self._late_tests.child().set(late_tests)
        self._unrestored.child().set(unrestored)

    def arrangements_active(self, counts: Mapping[str, int]) -> None:
        """Phase → open cases; a phase of somebody else's case type is counted under "other"."""
        folded: dict[tuple[str, ...], int] = {}
        for phase, count in counts.items():
            known = self._arrangements.fold((phase,))
            folded[known] = folded.get(known, 0) + count
        for values, gauge in self._arrangements.items():
            gauge.set(folded.get(values, 0))

    def flags_active(self, counts: Mapping[FlagKind, int]) -> None:
        for (kind,), gauge in self._flags.items():
            gauge.set(counts.get(FlagKind(kind), 0))

    # ------------------------------------------------------------------------------------- the effects and the journal

    def effect_performed(self, channel: str, outcome: EffectOutcome, seconds: float) -> None:
        self._performed.child(channel, outcome).inc()
        self._effect_s.child(channel).observe(seconds)

    def outbox_depth(self, channel: str, depth: int) -> None:
        self._outbox.child(channel).set(depth)

    def output(self, name: str, *, is_up: bool, waiting: int, age_s: float) -> None:
        self._output_up.child(name).set(is_up)
        self._output_backlog.child(name).set(waiting)
        self._output_age_s.child(name).set(age_s)

    def output_done(self, name: str, *, attempts: int, fates: Mapping[str, int], shortened: int) -> None:
        """What came to pass since the last call; `fates`: taken, refused, lost."""
        self._output_attempts.child(name).inc(attempts)
        self._output_shortened.child(name).inc(shortened)
        for fate, count in fates.items():
            self._output_signals.child(name, fate).inc(count)

    def commit(self, seconds: float, records: int) -> None:
        self._commit_s.child().observe(seconds)
        self._commit_records.child().observe(records)
        self._entries.child().inc(records)

    def checkpoint(self, at: int) -> None:
        self._checkpoint.child().set(at / 1e9)

    def audit_checkpoint(self, at: int) -> None:
        self._audit_checkpoint.child().set(at / 1e9)

    def audit_copy(self, place: str, outcome: EffectOutcome, at: int) -> None:
        """`at`: of the checkpoint that was to be copied."""
        self._audit_copies.child(place, outcome).inc()
        if outcome is EffectOutcome.DELIVERED:
            self._audit_copy.child(place).set(at / 1e9)

    def audit_verified(self, at: int, *, ok: bool) -> None:
        if ok:
            self._audit_verified.child().set(at / 1e9)
        else:
            self._audit_failures.child().inc()

    def storage(self, *, free_bytes: int, size_bytes: int) -> None:
        self._storage_free.child().set(free_bytes)
        self._storage_size.child().set(size_bytes)

    # -------------------------------------------------------------------------------------------------- the daemon

    def queue_depth(self, depth: int) -> None:
        self._queue.child().set(depth)

    def loop_lag(self, seconds: float) -> None:
        self._lag_s.child().observe(seconds)

    def clock_discipline(self, discipline: Discipline | None) -> None:
        error_s = None if discipline is None else discipline.error_s_max
        self._synchronized.child().set(float("nan") if discipline is None else discipline.is_synchronized)
        self._clock_error_s.child().set(float("nan") if error_s is None else error_s)

    def clock_step(self, seconds: float) -> None:
        self._clock_steps.child("forward" if seconds > 0 else "backward").inc()

    def listener_rebound(self) -> None:
        self._listeners_rebound.child().inc()

    def step_failed(self) -> None:
        self._steps_failed.child().inc()

    def rules_loaded(self, *, taken: bool) -> None:
        self._rules_loads.child("taken" if taken else "refused").inc()

    def degraded(self, parts: Mapping[str, bool]) -> None:
        for part, is_bad in parts.items():
            self._degraded.child(part).set(is_bad)

    def ready(self, is_ready: bool) -> None:
        self._ready.child().set(is_ready)

    def started(self, at: int) -> None:
        self._started.child().set(at / 1e9)
