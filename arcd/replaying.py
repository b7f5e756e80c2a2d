"""Yesterday under tomorrow's rules: the journal told again, and every decision put to other rules as well.

One rule: the machine of then runs whole, under the rules of then, so that the changed rules are asked with exactly what
was known at that instant; what they answer is compared and changes nothing. So one decision is judged at a time: a case
that changed rules had not opened stays open here, as it was.

How the outcome is shown does not belong here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from arcd.api.instants import rfc3339
from arcd.core.facts import AnyFact, FrameReceived, RulesLoaded
from arcd.core.record import StepRecord
from arcd.core.station import Station
from arcd.store import Entry, offline
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal
from rules.engine import Answers, RuleSet
from rules.loader import load
from rules.model import Decision, Priority, Reason, View

EXAMPLES_MAX = 3  # of each change, the newest
PROGRESS_ENTRIES = 500
# What carries signals: an erased one of these cannot be asked about any more.
_SIGNAL_KINDS = frozenset({"frame_received", "frame_malformed"})

Heard = Callable[[Signal, View, int, Decision], None]


class Answer(Struct, frozen=True, kw_only=True):
    """Of a decision, what people would notice."""

    route: str
    plan: str
    priority: Priority
    opens_case: bool
    reason: Reason


class Example(Struct, frozen=True, kw_only=True):
    seq: int
    at: int
    site_id: str  # "": nobody's, or the daemon's own
    account: str
    scheme: Scheme
    code: str
    category: Category
    qualifier: Qualifier
    zone: str


class Change(Struct, frozen=True, kw_only=True):
    """Decisions that would differ in the same way."""

    before: Answer
    after: Answer
    count: int
    life_safety: int  # of them fire, hold-up, duress or medical, and no restore
    worse: int  # of those: less urgent, no case, or no longer anybody's route
    examples: tuple[Example, ...]


class Replayed(Struct, frozen=True, kw_only=True):
    """`decisions` were compared; what could not be is counted. `plans` are those whose text differs though the same
    name answers: name → decisions that named it."""

    digest: str  # of the changed rules
    in_force: str  # of the rules at the end of the journal
    entries: int
    decisions: int
    differ: int
    worse: int
    changes: tuple[Change, ...]
    plans: dict[str, int]
    rules_changed: int  # rule sets that came into force on the way
    erased: int  # entries whose signals have been erased
    untold: int  # entries this release cannot tell again
    otherwise: int  # entries this release decides otherwise under the very same rules
    unusable: tuple[str, ...]  # digests of rule sets this release no longer loads; those before them stood in


def answer_of(decision: Decision) -> Answer:
    return Answer(
        route=decision.route,
        plan=decision.plan,
        priority=decision.priority,
        opens_case=decision.opens_case,
        reason=decision.reason,
    )


def is_life_safety(signal: Signal) -> bool:
    return signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE


def is_worse(before: Answer, after: Answer) -> bool:
    """For somebody whose life may depend on it."""
    lost_case = before.opens_case and not after.opens_case
    lost_route = before.reason is Reason.ROUTED and after.reason is not Reason.ROUTED
    return lost_case or lost_route or before.priority.is_more_urgent_than(after.priority)


class Replay:
    """Give it every entry from the first on, in order; then ask for the report."""

    def __init__(self, changed: RuleSet, *, since: int = 0) -> None:
        """Only decisions from `since` (ns) on are compared; those before them only make the state they stand on."""
        self._changed = changed
        self._since = since
        self._station = Station()
        self._decoder = msgspec.json.Decoder(StepRecord)
        self._now: list[tuple[Signal, View, Decision]] = []  # decisions of the entry under way
        self._retold: list[Decision] = []  # those of them that the entry tells of
        self._decisions = 0
        self._counts: Counter[tuple[Answer, Answer]] = Counter()
        self._life_safety: Counter[tuple[Answer, Answer]] = Counter()
        self._worse: Counter[tuple[Answer, Answer]] = Counter()
        self._examples: dict[tuple[Answer, Answer], deque[Example]] = {}
        self._named: Counter[str] = Counter()
        self._rewritten: frozenset[str] = frozenset()  # plans that read otherwise in the changed rules
        self._entries = self._rules_changed = self._erased = self._untold = self._otherwise = 0
        self._unusable: dict[str, None] = {}

    def take(self, entry: Entry) -> None:
        self._entries += 1
        if entry.payload is None:
            self._erased += entry.kind in _SIGNAL_KINDS
            return
        try:
            record = self._decoder.decode(entry.payload)
        except msgspec.DecodeError:
            self._untold += 1
            return
        if isinstance(record.fact, RulesLoaded):
            self._expect(record.fact)
        if not self._step(record.fact, entry.seq):
            self._untold += 1
            return
        told = _decisions(record)
        if told or self._now:
            self._compare(entry, record.fact, told)

    def report(self) -> Replayed:
        changes = [
            Change(
                before=before,
                after=after,
                count=count,
                life_safety=self._life_safety[before, after],
                worse=self._worse[before, after],
                examples=tuple(self._examples[before, after]),
            )
            for (before, after), count in self._counts.items()
        ]
        changes.sort(key=lambda change: (-change.worse, -change.life_safety, -change.count, change.before.route))
        return Replayed(
            digest=self._changed.digest,
            in_force=self._station.rules.digest if self._station.has_rules else "",
            entries=self._entries,
            decisions=self._decisions,
            differ=self._counts.total(),
            worse=self._worse.total(),
            changes=tuple(changes),
            plans=dict(sorted(self._named.items())),
            rules_changed=self._rules_changed,
            erased=self._erased,
            untold=self._untold,
            otherwise=self._otherwise,
            unusable=tuple(self._unusable),
        )

    # --------------------------------------------------------------------------------------------- the machine of then

    def _expect(self, fact: RulesLoaded) -> None:
        """The rules of then, overheard. A set this release no longer loads is stood in for by the one before it."""
        loaded = load(fact.sources)
        if loaded.ruleset is None:
            self._unusable[fact.digest] = None
        usable = loaded.ruleset or (self._station.rules if self._station.has_rules else self._changed)
        self._station.expect(_Overheard(usable, fact.sources, self._hear))
        self._rules_changed += 1

    def _hear(self, signal: Signal, view: View, now: int, decision: Decision) -> None:
        self._now.append((signal, view, decision))

    def _step(self, fact: AnyFact, seq: int) -> bool:
        self._now.clear()
        if not self._station.has_rules and not isinstance(fact, RulesLoaded):
            return False  # the entry with the first rules has been erased
        try:
            stepped = self._station.step(fact, seq)
        except Exception:  # noqa: BLE001 – told by another release, or after an erased one: the state before it stands
            return False
        self._retold = _decisions(stepped.record)
        if isinstance(fact, RulesLoaded):
            self._rewritten = _rewritten(self._station.rules, self._changed)
        return True

    # ------------------------------------------------------------------------------------------------------ comparison

    def _compare(self, entry: Entry, fact: AnyFact, told: list[Decision]) -> None:
        """Every decision that was asked for is compared. The journal holds those on signals, and not those on tasks
        that the machine gave to people on the way: a noisy source, a path that failed after an alarm."""
        before = [decision for _, _, decision in self._now]
        if self._retold != told and not _same_answers(self._retold, told):
            self._otherwise += 1
            if len(before) == len(told):
                before = told  # what was really decided
        if entry.at < self._since:
            return
        for (signal, view, _), decided in zip(self._now, before, strict=True):
            self._decisions += 1
            new, old = answer_of(self._changed.decide(signal, view, entry.at)), answer_of(decided)
            if new != old:
                self._count(old, new, signal, _example(entry, fact, signal, view))
            elif old.plan in self._rewritten:
                self._named[old.plan] += 1

    def _count(self, old: Answer, new: Answer, signal: Signal, example: Example) -> None:
        self._counts[old, new] += 1
        self._examples.setdefault((old, new), deque(maxlen=EXAMPLES_MAX)).append(example)
        if is_life_safety(signal):
            self._life_safety[old, new] += 1
            self._worse[old, new] += is_worse(old, new)


def replay_file(path: Path, changed: RuleSet, *, since: int, progress: Callable[[int, int], None]) -> Replayed:
    """A journal file, also beside its daemon. `progress` is called with (entries, all of them)."""
    until = offline.extent(path).last_seq
    told = Replay(changed, since=since)
    for entry in offline.entries(path, until=until):
        told.take(entry)
        if entry.seq % PROGRESS_ENTRIES == 0:
            progress(entry.seq, until)
    return told.report()


def plain(report: Replayed) -> dict[str, Any]:
    """For JSON: instants as people and programs read them."""
    value: dict[str, Any] = msgspec.to_builtins(report)
    for change in value["changes"]:
        for example in change["examples"]:
            example["at"] = rfc3339(example["at"])
    return value


class _Overheard(RuleSet):
    """The same rules, telling somebody of every decision."""

    def __init__(self, rules: RuleSet, sources: dict[str, str], heard: Heard) -> None:
        super().__init__(
            sources=sources,
            plans=rules.plans,
            case_types=rules.case_types,
            packs=rules.packs,
            answers=Answers(rules.root, rules.plans, rules.digest),
            tests=rules.tests,
        )
        self._heard = heard

    def decide(self, signal: Signal, view: View, now: int) -> Decision:
        decision = super().decide(signal, view, now)
        self._heard(signal, view, now, decision)
        return decision


def _decisions(record: StepRecord) -> list[Decision]:
    return [judgement.decision for judgement in record.judgements if judgement.decision is not None]


def _same_answers(some: list[Decision], others: list[Decision]) -> bool:
    """In whatever order: a trouble met while a case is opened is judged before the signal that opens it."""
    return Counter(map(answer_of, some)) == Counter(map(answer_of, others))


def _rewritten(old: RuleSet, new: RuleSet) -> frozenset[str]:
    return frozenset(name for name, plan in old.plans.items() if name in new.plans and new.plans[name] != plan)


def _example(entry: Entry, fact: AnyFact, signal: Signal, view: View) -> Example:
    return Example(
        seq=entry.seq,
        at=entry.at,
        site_id=view.site.id if view.site is not None else "",
        account=fact.received.origin.account if isinstance(fact, FrameReceived) else "",
        scheme=signal.scheme,
        code=signal.code,
        category=signal.category,
        qualifier=signal.qualifier,
        zone=signal.zone or "",
    )
