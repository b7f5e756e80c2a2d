"""RuleSet: everything people wrote, compiled; one decision for every signal.

One rule: `decide` is total and pure. Whatever the packs say, some plan answers, and a fire, hold-up, duress or medical
signal that is not a restore always opens a case at P0 or P1 (design promise 4).

How a rule set comes about, and refuses to, is `rules.loader`. Here everything has been checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from protocols.signals import LIFE_SAFETY, Qualifier, Scheme, Signal
from rules.model import CaseType, Decision, Plan, Priority, Reason, TraceStep, View
from rules.route_index import RouteIndex
from rules.routes import Pack, Route
from rules.schema import PackTest

ROOT_ROUTE = "root"
UNKNOWN_ACCOUNT_ROUTE = "root/unknown-account"
# A life-safety signal may be P1 where its author says so (a pre-alarm), never less (requirements 4.5: P0 is life).
LIFE_SAFETY_PRIORITY_MIN = Priority.P1


class Root(Struct, frozen=True):
    """Plans that always exist and always open a case; the loader refuses anything else."""

    plan: Plan
    life_safety: Plan
    unknown_account: Plan


class PlacedTest(Struct, frozen=True):
    """A test as written in a pack, and where."""

    pack: str
    file: str
    line: int
    test: PackTest


class Explanation(Struct, frozen=True):
    decision: Decision
    trace: tuple[TraceStep, ...]


class Answers:
    """Turns a plan name and a priority into the decisions a route can give. One per rule set, used while loading."""

    def __init__(self, root: Root, plans: Mapping[str, Plan], digest: str) -> None:
        self.root = root
        self.plans = plans
        self.digest = digest

    def routed(self, route: str, plan_name: str, priority: Priority | None) -> Decision:
        plan = self.plans.get(plan_name)
        if plan is None:  # an overlay took the plan away
            return self._made(route, self.root.plan, priority, Reason.PLAN_MISSING)
        return Decision(
            route=route,
            plan=plan.name,
            priority=priority or plan.priority,
            reason=Reason.ROUTED,
            opens_case=plan.opens_case,
            rules_digest=self.digest,
        )

    def life_safety(self, routed: Decision) -> Decision:
        """The answer for a life-safety signal on the same route: never only logged, never buried."""
        if routed.reason is Reason.PLAN_MISSING:
            return self._made(routed.route, self.root.life_safety, routed.priority, Reason.PLAN_MISSING)
        if not routed.opens_case:
            return self._made(routed.route, self.root.life_safety, None, Reason.LIFE_SAFETY_RAISED)
        if LIFE_SAFETY_PRIORITY_MIN.is_more_urgent_than(routed.priority):
            return replace(routed, priority=self.root.life_safety.priority, reason=Reason.LIFE_SAFETY_RAISED)
        return routed

    def default(self) -> tuple[Decision, Decision]:
        return (
            self._made(ROOT_ROUTE, self.root.plan, None, Reason.DEFAULT_ROUTE),
            self._made(ROOT_ROUTE, self.root.life_safety, None, Reason.DEFAULT_ROUTE),
        )

    def unknown_account(self) -> tuple[Decision, Decision]:
        plan, urgent = self.root.unknown_account, self.root.life_safety.priority
        return (
            self._made(UNKNOWN_ACCOUNT_ROUTE, plan, None, Reason.UNKNOWN_ACCOUNT),
            self._made(UNKNOWN_ACCOUNT_ROUTE, plan, urgent, Reason.UNKNOWN_ACCOUNT),
        )

    def _made(self, route: str, plan: Plan, priority: Priority | None, reason: Reason) -> Decision:
        """By a safe plan: at its own priority, or the route's where that is more urgent."""
        urgent = priority is not None and priority.is_more_urgent_than(plan.priority)
        return Decision(
            route=route,
            plan=plan.name,
            priority=priority if urgent and priority is not None else plan.priority,
            reason=reason,
            opens_case=True,
            rules_digest=self.digest,
        )


class RuleSet:
    def __init__(
        self,
        *,
        sources: Mapping[str, str],
        plans: Mapping[str, Plan],
        case_types: Mapping[str, CaseType],
        packs: Iterable[Pack],
        answers: Answers,
        tests: tuple[PlacedTest, ...] = (),
    ) -> None:
        self.digest = answers.digest
        self.sources = dict(sources)
        self.plans = dict(plans)
        self.case_types = dict(case_types)
        self.root = answers.root
        self.tests = tests
        self._index = RouteIndex(packs)
        self._default, self._default_life_safety = answers.default()
        self._unknown, self._unknown_life_safety = answers.unknown_account()

    @property
    def packs(self) -> tuple[Pack, ...]:
        """In precedence."""
        return self._index.packs

    def decide(self, signal: Signal, view: View, now: int) -> Decision:
        """`now` (ns UTC) is part of the seam; calendar questions are answered by the view, in the site's local time."""
        is_guarded = signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE
        if _is_stranger(signal, view):
            return self._unknown_life_safety if is_guarded else self._unknown
        route = self._index.select(signal, view)
        return self._answer(route, is_guarded)

    def explain(self, signal: Signal, view: View, now: int) -> Explanation:
        """The same decision, and every route looked at on the way to it."""
        if _is_stranger(signal, view):
            return Explanation(self.decide(signal, view, now), ())
        route, trace = self._index.trace(signal, view)
        is_guarded = signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE
        return Explanation(self._answer(route, is_guarded), trace)

    def _answer(self, route: Route | None, is_guarded: bool) -> Decision:
        if route is None:
            return self._default_life_safety if is_guarded else self._default
        return route.life_safety if is_guarded else route.decision


def _is_stranger(signal: Signal, view: View) -> bool:
    """From an account nobody has configured. What the daemon says about itself has no site and is no stranger."""
    return view.site is None and signal.scheme is not Scheme.ARCD


def digest_of(sources: Mapping[str, str]) -> str:
    """sha256 over the files in name order. Lengths go in first, so that no text can pass for two files."""
    digest = hashlib.sha256()
    for name in sorted(sources):
        for part in (name, sources[name]):
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return digest.hexdigest()
