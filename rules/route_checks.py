"""Packs: what the shape cannot say. Routes with plans and tests, that can be reached, and never mute life safety.

One rule: a check reads drafts and plans and reports; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from protocols.signals import LIFE_SAFETY, Qualifier
from rules.condition_tree import Demand, covers, demanded, offered
from rules.draft import PackDraft, RouteDraft
from rules.engine import LIFE_SAFETY_PRIORITY_MIN, ROOT_ROUTE, UNKNOWN_ACCOUNT_ROUTE
from rules.model import Plan
from rules.packtest import signal_of
from rules.paths import ValueFault
from rules.problems import Problem, Severity, write_instead
from rules.routes import Layer

ROUTE_DEPTH_MAX = 5
ROUTES_MAX = 5000  # of a whole rule set
UNDEMANDING_COMPARED_MAX = 100

Found = Iterator[Problem]


def warning(problem: Problem) -> Problem:
    return replace(problem, severity=Severity.WARNING)


class Known(Struct, frozen=True, kw_only=True):
    """What references may lead to. Nothing is said of a reference that might lead into a file that was not read."""

    plans: Mapping[str, Plan]
    plan_names: Collection[str] | None  # of every plan file, also those with problems; None: a file was not read
    plans_removed: Collection[str]
    all_routes: bool


def check_packs(packs: Iterable[PackDraft], known: Known) -> list[Problem]:
    drafts = sorted(packs, key=lambda draft: (draft.layer, draft.shape.order, draft.name))
    routes = {route.path for draft in drafts for route in draft.walk()} | {ROOT_ROUTE, UNKNOWN_ACCOUNT_ROUTE}
    found: list[Problem] = []
    for draft in drafts:
        found += draft.problems
        found += _scope(draft)
        found += _depth(draft)
        found += _tests(draft, routes if known.all_routes else None, known.plan_names)
        found += _untested(draft)
        if not draft.problems:
            found += _unreachable(draft)
        for route in draft.walk():
            found += _plan_of(route, draft, known)
    found += _too_many(drafts)
    for row in _rows(drafts):
        found += _hidden_in(row)
    return found


def _scope(draft: PackDraft) -> Found:
    shape = draft.shape
    for layer in (Layer.GROUP, Layer.SITE):
        field = layer.name.lower()
        names = getattr(shape, field)
        if draft.layer is layer and not names:
            yield draft.node.problem(["layer"], f"a {field} pack names no {field}", f"add {field}: …")
        if draft.layer is not layer and names:
            yield draft.node.problem(
                [field], f"a {shape.layer} pack has no {field}", f"write layer: {field}, or remove it"
            )


def _depth(draft: PackDraft) -> Found:
    for route in draft.walk():
        if route.path.count("/") == ROUTE_DEPTH_MAX + 1:
            message = f"routes are nested deeper than {ROUTE_DEPTH_MAX} levels"
            yield draft.node.problem(route.place, message, "move the inner routes up")


def _too_many(drafts: list[PackDraft]) -> Found:
    total = 0
    for draft in drafts:
        total += sum(1 for _ in draft.walk())
        if total > ROUTES_MAX:
            yield draft.node.problem((), f"more than {ROUTES_MAX} routes in all packs", "use lists and tags")
            return


def _tests(draft: PackDraft, routes: set[str] | None, plans: Collection[str] | None) -> Found:
    names = [test.name for test in draft.shape.tests]
    for i, test in enumerate(draft.shape.tests):
        at = ("tests", i)
        if test.name in names[:i]:
            yield draft.node.problem((*at, "name"), f"two tests are called {test.name}", "rename one")
        if not test.expect.model_fields_set and not test.expect_not.model_fields_set:
            yield draft.node.problem(at, f"the test {test.name} expects nothing", "add expect: {route: …, plan: …}")
        try:
            signal_of(test.signal)
        except ValueFault as fault:
            yield draft.node.problem((*at, "signal"), fault.message, fault.advice)
        for field, expectation in (("expect", test.expect), ("expect_not", test.expect_not)):
            route, plan = expectation.route, expectation.plan
            if routes is not None and route is not None and route not in routes and route not in draft.disabled:
                advice = write_instead(route, routes)
                yield draft.node.problem((*at, field, "route"), f"there is no route {route}", advice)
            if plans is not None and plan is not None and plan not in plans:
                yield draft.node.problem((*at, field, "plan"), f"there is no plan {plan}", write_instead(plan, plans))


def _untested(draft: PackDraft) -> Found:
    tested = {test.expect.route for test in draft.shape.tests}
    for route in draft.walk():
        if route.path not in tested:
            yield draft.node.problem(
                (*route.place, "name"),
                f"the route {route.path} has no test",
                f"add a test with expect: {{route: {route.path}}}",
            )


def _plan_of(route: RouteDraft, draft: PackDraft, known: Known) -> Found:
    name = route.shape.plan
    at = (*route.place, "plan")
    plan = known.plans.get(name)
    if name in known.plans_removed:
        problem = draft.node.problem(at, f"the plan {name} is removed by an overlay", "the safe default plan answers")
        yield warning(problem)
    elif plan is not None:
        yield from _life_safety(route, plan, draft)
    elif known.plan_names is not None and name not in known.plan_names:
        yield draft.node.problem(at, f"there is no plan {name}", write_instead(name, known.plan_names))


def _life_safety(route: RouteDraft, plan: Plan, draft: PackDraft) -> Found:
    """Seen here as far as the conditions say it; `engine.Answers` sees to the rest whatever is written."""
    exposed = sorted(route.categories & LIFE_SAFETY)
    if not exposed or route.qualifiers <= {Qualifier.RESTORE}:
        return
    is_only_that = route.categories <= LIFE_SAFETY
    names = ", ".join(exposed)
    if not plan.opens_case:
        problem = draft.node.problem(
            (*route.place, "plan"),
            f"the plan {plan.name} opens no case, and {names} signals that are no restores can come here",
            "name a plan that opens a case, or add {signal.qualifier: restore}; they are raised all the same",
        )
        yield problem if is_only_that else warning(problem)
    priority = route.shape.priority or plan.priority
    if is_only_that and plan.opens_case and LIFE_SAFETY_PRIORITY_MIN.is_more_urgent_than(priority):
        field = "priority" if route.shape.priority else "plan"
        message = f"{names} signals at {priority}: life safety is P0 or P1"
        yield draft.node.problem((*route.place, field), message, "write P0, or P1 for a pre-alarm")


def _unreachable(draft: PackDraft) -> Found:
    for route in draft.walk():
        yield from _hidden_in([(draft, child) for child in route.children])
        if not route.categories or not route.qualifiers:
            yield warning(
                draft.node.problem(
                    (*route.place, "when"),
                    f"the route {route.path} can never be reached: no signal fits it and the routes above it",
                    "correct the condition",
                )
            )


def _rows(drafts: list[PackDraft]) -> Iterator[list[tuple[PackDraft, RouteDraft]]]:
    """Top routes that are asked one after another: of all packs with the same layer and scopes, in their order."""
    rows: dict[tuple[Layer, frozenset[str]], list[tuple[PackDraft, RouteDraft]]] = {}
    for draft in drafts:
        if not draft.problems:
            row = rows.setdefault((draft.layer, frozenset(draft.scopes)), [])
            row += [(draft, route) for route in draft.routes]
    yield from rows.values()


def _hidden_in(row: list[tuple[PackDraft, RouteDraft]]) -> Found:
    """Every route is held against the earlier ones that demand something it offers, and against those that demand
    nothing in particular; of the latter only the first hundred, to keep large rule sets quick to load."""
    demanding: dict[Demand, list[RouteDraft]] = {}
    undemanding: list[RouteDraft] = []
    for draft, later in row:
        offers = {offer for offer in offered(later.when.tree) if offer in demanding}
        earlier = [*undemanding, *(route for offer in sorted(offers, key=str) for route in demanding[offer])]
        hiding = next((route for route in earlier if _hides(route, later)), None)
        if hiding is not None:
            yield _hidden(draft, later, hiding)
        demands = demanded(later.when.tree)
        if demands is not None:
            # One of them is enough to be found by: whatever is hidden by this route offers a subset of them.
            for demand in demands:
                demanding.setdefault(demand, []).append(later)
        elif len(undemanding) < UNDEMANDING_COMPARED_MAX:
            undemanding.append(later)


def _hides(earlier: RouteDraft, later: RouteDraft) -> bool:
    return later.categories <= earlier.categories and covers(earlier.when.tree, later.when.tree)


def _hidden(draft: PackDraft, later: RouteDraft, earlier: RouteDraft) -> Problem:
    return warning(
        draft.node.problem(
            (*later.place, "when"),
            f"the route {later.path} can never be reached: {earlier.path} takes the same signals before it",
            f"put it before {earlier.path}, or nest it there",
        )
    )
