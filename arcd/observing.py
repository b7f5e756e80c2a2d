"""Metrics and log lines from what was committed.

One rule: nothing is counted or told before it is durable, and one trace id follows a signal through every line.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence

import structlog

from arcd.batching import Waiting
from arcd.core.case.model import Case, OfferStatus
from arcd.core.effects import DurableEffect
from arcd.core.facts import (
    AnyFact,
    ClockStepped,
    EffectOutcome,
    EffectReported,
    FrameMalformed,
    FrameReceived,
    JournalVerified,
    RulesLoaded,
    StepFailed,
)
from arcd.core.line_service.arranging import CASE_TYPE as ARRANGEMENT
from arcd.core.record import Judged, Note
from arcd.core.schedules.tests_due import CODE as TEST_OVERDUE
from arcd.core.state import State
from arcd.core.station import Stepped
from arcd.core.storm.model import Phase
from arcd.core.supervision.watch import Watch
from arcd.metrics import Metrics
from arcd.systemd import Progress
from protocols.codec import Received, ReplyKind
from protocols.signals import Category
from rules.model import Priority

_JOURNAL = "arcd.journal"
log = structlog.get_logger(_JOURNAL)
_TOLD = logging.getLogger(_JOURNAL)  # structlog writes through it: its level is the log's

NS = 1_000_000_000
_SUPPRESSED = {
    Judged.DUPLICATE: "duplicate",
    Judged.COPY: "copy",
    Judged.FOLDED: "folded",
    Judged.SWINGER: "swinger",
}
_OFFERS = {f"offer.{status.value}": status for status in OfferStatus}
# Why a person was called for (arcd.core.case.texts.REASONS) → what the metric calls it.
_TRIGGERS = {
    "not_acknowledged": "unacknowledged",
    "step_overdue": "step_timeout",
    "no_guard": "unreachable",
    "nobody_reached": "unreachable",
    "message_failed": "effect_failed",
    "guard_silent": "welfare",
}


class Observing:
    """Implements `arcd.runtime.Observer`."""

    def __init__(self, *, metrics: Metrics, progress: Progress, state: State, watch: Watch | None = None) -> None:
        self._watch = watch
        self._metrics = metrics
        self._progress = progress
        self._state = state
        self._slowest_commit_s = 0.0
        self._failures: dict[str, tuple[int, str]] = {}  # channel → failed attempts in a row, what the last one said

    def beat(self, part: str) -> None:
        self._progress.beat(part)

    def checkpointed(self, at: int) -> None:
        self._metrics.checkpoint(at)

    def heartbeat(self, received: Received) -> None:
        self._metrics.heartbeat(received.protocol)

    def performed(self, channel: str, effect: DurableEffect, report: EffectReported, seconds: float) -> None:
        self._metrics.effect_performed(channel, report.outcome, seconds)
        in_a_row = self._failures.get(channel, (0, ""))[0] + 1
        self._failures[channel] = (in_a_row, report.detail) if report.outcome is EffectOutcome.FAILED else (0, "")

    def take_slowest_commit_s(self) -> float:
        """Of the commits since the last call; 0.0 where there was none."""
        slowest, self._slowest_commit_s = self._slowest_commit_s, 0.0
        return slowest

    @property
    def channel_failures(self) -> Mapping[str, tuple[int, str]]:
        """Channel → attempts that failed in a row, and what the last of them said."""
        return self._failures

    def committed(self, steps: Sequence[Waiting], released_at: int, seconds: float) -> None:
        self._metrics.commit(seconds, len(steps))
        self._slowest_commit_s = max(self._slowest_commit_s, seconds)
        taken: Counter[tuple[str, Category]] = Counter()
        for step in steps:
            record = step.stepped.record
            fact = record.fact
            if isinstance(fact, FrameReceived):
                self._frame(fact, step.stepped, released_at, taken)
            elif isinstance(fact, FrameMalformed):
                self._metrics.frame_rejected(fact.malformed.protocol, fact.malformed.reason, fact.count)
            elif isinstance(fact, ClockStepped):
                self._metrics.clock_step(fact.step_s)
            elif isinstance(fact, StepFailed):
                self._metrics.step_failed()
            elif isinstance(fact, JournalVerified):
                self._metrics.audit_verified(fact.at, ok=not fact.findings)
            elif isinstance(fact, RulesLoaded):
                self._metrics.rules_loaded(taken=True)
            if record.notes:
                self._notes(fact, step.seq, record.notes)
        for (protocol, category), count in taken.items():
            self._metrics.signals_received(protocol, category, count)

    def _frame(
        self, fact: FrameReceived, stepped: Stepped, released_at: int, taken: Counter[tuple[str, Category]]
    ) -> None:
        """`taken`: signals of this batch by protocol and category, added to."""
        received = fact.received
        # Signals of earlier entries, decided on in this step, were counted when they came.
        own = [judgement for judgement in stepped.record.judgements if not judgement.seq]
        for signal, judgement in zip(received.signals, own, strict=False):
            if judgement.judged is Judged.HELD:
                self._metrics.suppressed(judgement.because)
            elif judgement.judged in _SUPPRESSED:
                self._metrics.suppressed(_SUPPRESSED[judgement.judged])
            elif judgement.judged is not Judged.REFUSED:
                taken[received.protocol, signal.category] += 1
        if received.problem is not None:
            self._metrics.frame_rejected(received.protocol, received.problem.value)
        reply = stepped.reply
        if reply is None:
            return
        if reply.reply is ReplyKind.ACK or reply.reply is ReplyKind.RSP:
            self._metrics.ack_sent(received.protocol, (released_at - fact.at) / NS)
        elif reply.reply is ReplyKind.DUH:
            self._metrics.frame_rejected(received.protocol, "unknown_account")

    def _notes(self, fact: AnyFact, seq: int, notes: Sequence[Note]) -> None:
        for note in notes:
            self._count_note(note, fact.at)
        if not _TOLD.isEnabledFor(logging.INFO):
            return  # asked once per step: building lines that nobody reads costs more than deciding on the signal
        told = log.bind(seq=seq)
        if isinstance(fact, FrameReceived | FrameMalformed):
            told = told.bind(trace=fact.trace)
        for note in notes:
            told.info(note.what, subject=note.subject or None, **note.detail)

    def _count_note(self, note: Note, at: int) -> None:
        case = self._state.cases.get(note.subject)
        match note.what:
            case "person.called":
                self._metrics.escalation(_TRIGGERS.get(str(note.detail.get("because")), "other"))
            case "clock.passed" if case is not None:
                target = "first" if note.detail.get("target") == 1 else "second"
                self._metrics.ack_target_missed(case.priority, target)
            case "case.closed" if case is not None:
                began = case.acknowledged_at or case.opened_at
                self._metrics.case_closed(case.priority, (at - began) / NS)
            case "case.moved" if case is not None and case.acknowledged_at == at:
                self._metrics.case_acknowledged(case.priority, (at - case.opened_at) / NS)
            case "path.reported":
                delay_s = note.detail.get("delay_s")
                if isinstance(delay_s, int | float):
                    self._metrics.path_fault_reported(str(note.detail.get("category")), float(delay_s))
            case "sla.breach":
                self._metrics.guard_sla_missed()
            case "dispatch.on_site":
                took_s = note.detail.get("took_s")
                self._metrics.guard_on_site(float(took_s) if isinstance(took_s, int | float) else 0.0)
            case "call.attempted" if case is not None:
                step = case.plan.step(str(note.detail.get("step"))) if case.plan is not None else None
                self._metrics.called(step.recipients if step is not None else "", str(note.detail.get("outcome")))
            case "authority.called":
                self._metrics.called("authority", str(note.detail.get("answer")))
                self._authority_said(case, "telephone", str(note.detail.get("answer")), at)
            case "authority.answer":
                self._authority_said(case, "message", str(note.detail.get("kind")), at)
            case "guard.accept":
                self._metrics.guard_offer(OfferStatus.ACCEPTED)
            case "guard.decline":
                self._metrics.guard_offer(OfferStatus.DECLINED)
            case _:
                if note.what in _OFFERS:
                    self._metrics.guard_offer(_OFFERS[note.what])

    def _authority_said(self, case: Case | None, way: str, said: str, at: int) -> None:
        """To the report itself: what it says to its being called off takes no part in how long the report took."""
        told = case.authority if case is not None else None
        if told is not None and not told.told_cancel and said in ("accepted", "rejected"):
            self._metrics.authority_answered(way, said, (at - told.created_at) / NS)

    def gauges(self, outbox: Mapping[str, int], depth: int) -> None:
        """What is a level and not an occurrence; asked for once a second."""
        open_cases = Counter((case.priority, case.state) for case in self._state.cases.values() if case.is_open)
        self._metrics.cases_open({(Priority(priority), state): n for (priority, state), n in open_cases.items()})
        arrangements = (case for case in self._state.cases.values() if case.is_open and case.type == ARRANGEMENT)
        self._metrics.arrangements_active(Counter(case.state for case in arrangements))
        storms = self._state.storms.values()
        self._metrics.line_storms(sum(storm.phase is Phase.ACTIVE for storm in storms))
        self._metrics.flags_active(Counter(flag.kind for flag in self._state.flags.values()))
        for channel, waiting in outbox.items():
            self._metrics.outbox_depth(channel, waiting)
        self._metrics.queue_depth(depth)

    def sums(self, now: int) -> None:
        """How supervised paths and zones stand; dearer than the other levels, and asked for less often."""
        state = self._state
        late = sum(key.split("|")[1:2] == [TEST_OVERDUE] for key in state.folds)
        self._metrics.unfinished(late_tests=late, unrestored=sum(len(run.triggers) for run in state.siteruns.values()))
        if self._watch is not None:
            self._metrics.supervised_paths(self._watch.counts(now))
