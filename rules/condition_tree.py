"""The parts of a compiled condition, and what can be known of one without a signal.

One rule: nothing here reads YAML. The comparisons inside the leaves are `rules.comparisons`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from protocols.signals import LIFE_SAFETY, Category, Qualifier, Signal
from rules.model import View
from rules.paths import PathType, Value

ALWAYS = "always"  # `when: always`: the explicit form of no condition
SHOWN_VALUES_MAX = 5

Test = Callable[[Signal | None, View], bool]
T = TypeVar("T")
Demand = tuple[str, Value]  # (path, value): "this condition cannot hold unless the path has this value"


class Leaf(Struct, frozen=True, eq=False):
    path: PathType
    operator: str
    test: Test
    shown: str
    # Of an equality: the values it accepts. Lets the loader see what a condition pins and which route hides another.
    values: frozenset[Value] | None = None

    def failing(self, signal: Signal | None, view: View) -> str:
        return "" if self.test(signal, view) else f"{self.shown} (is {shown_value(self.path.get(signal, view))})"


class AllOf(Struct, frozen=True, eq=False):
    children: tuple[Tree, ...]

    def failing(self, signal: Signal | None, view: View) -> str:
        return next((found for child in self.children if (found := child.failing(signal, view))), "")


class AnyOf(Struct, frozen=True, eq=False):
    children: tuple[Tree, ...]

    def failing(self, signal: Signal | None, view: View) -> str:
        found = [child.failing(signal, view) for child in self.children]
        return " / ".join(found) if all(found) else ""


class Negation(Struct, frozen=True, eq=False):
    child: Tree

    def failing(self, signal: Signal | None, view: View) -> str:
        return "" if self.child.failing(signal, view) else f"not {shown_tree(self.child)}"


Tree = Leaf | AllOf | AnyOf | Negation


def closure(tree: Tree) -> Test:
    """One callable for the whole tree; what a decision pays for."""
    match tree:
        case Leaf():
            return tree.test
        case Negation():
            inner = closure(tree.child)
            return lambda signal, view: not inner(signal, view)
        case AnyOf():
            tests = tuple(closure(child) for child in tree.children)
            if len(tests) == 1:
                return tests[0]
            if len(tests) == 2:
                first, second = tests
                return lambda signal, view: first(signal, view) or second(signal, view)

            def holds_any(signal: Signal | None, view: View) -> bool:
                for test in tests:  # noqa: SIM110 – a generator costs more than the comparison inside it
                    if test(signal, view):
                        return True
                return False

            return holds_any
        case AllOf():
            tests = tuple(closure(child) for child in tree.children)
            if len(tests) == 1:
                return tests[0]
            if len(tests) == 2:
                first, second = tests
                return lambda signal, view: first(signal, view) and second(signal, view)

            def holds_all(signal: Signal | None, view: View) -> bool:
                for test in tests:  # noqa: SIM110 – as above
                    if not test(signal, view):
                        return False
                return True

            return holds_all


def pinned_categories(tree: Tree) -> frozenset[Category]:
    def accepted(leaf: Leaf) -> frozenset[Category] | None:
        if leaf.values is None:
            return None
        if leaf.path.name == "signal.category":
            return frozenset(c for c in Category if (c in leaf.values) == (leaf.operator == "in"))
        if leaf.path.name == "signal.life_safety":
            return frozenset(c for c in Category if ((c in LIFE_SAFETY) in leaf.values) == (leaf.operator == "in"))
        return None

    return _pinned(tree, frozenset(Category), accepted)


def pinned_qualifiers(tree: Tree) -> frozenset[Qualifier]:
    def accepted(leaf: Leaf) -> frozenset[Qualifier] | None:
        if leaf.values is None or leaf.path.name != "signal.qualifier":
            return None
        return frozenset(q for q in Qualifier if (q in leaf.values) == (leaf.operator == "in"))

    return _pinned(tree, frozenset(Qualifier), accepted)


def _pinned(tree: Tree, everything: frozenset[T], accepted: Callable[[Leaf], frozenset[T] | None]) -> frozenset[T]:
    match tree:
        case Leaf():
            found = accepted(tree)
            return everything if found is None else found
        case AllOf():
            return everything.intersection(*(_pinned(child, everything, accepted) for child in tree.children))
        case AnyOf():
            return frozenset().union(*(_pinned(child, everything, accepted) for child in tree.children))
        case Negation():
            # Only of a comparison that speaks of nothing else is the opposite known.
            found = accepted(tree.child) if isinstance(tree.child, Leaf) else None
            return everything if found is None else everything - found


def simplified(tree: Tree, category: Category, qualifier: Qualifier) -> Tree | bool:
    """What is left of a condition for signals of which these two are known; a flag where nothing is."""
    match tree:
        case Leaf():
            return _known(tree, category, qualifier)
        case Negation():
            inner = simplified(tree.child, category, qualifier)
            return not inner if isinstance(inner, bool) else Negation(inner)
        case AllOf() | AnyOf():
            decides = isinstance(tree, AnyOf)  # one True decides an `any`, one False an `all`
            parts = [simplified(child, category, qualifier) for child in tree.children]
            if any(part is decides for part in parts):
                return decides
            left = tuple(part for part in parts if not isinstance(part, bool))
            if not left:
                return not decides
            return left[0] if len(left) == 1 else type(tree)(left)


def _known(leaf: Leaf, category: Category, qualifier: Qualifier) -> Tree | bool:
    if leaf.values is None:
        return leaf
    value: Value
    match leaf.path.name:
        case "signal.category":
            value = category
        case "signal.life_safety":
            value = category in LIFE_SAFETY
        case "signal.qualifier":
            value = qualifier
        case _:
            return leaf
    return (value in leaf.values) == (leaf.operator == "in")


def demanded(tree: Tree) -> frozenset[Demand] | None:
    """Of which values the condition needs at least one; None when there is no such set."""
    match tree:
        case Leaf():
            if tree.operator != "in" or tree.values is None:
                return None
            return frozenset((tree.path.name, value) for value in tree.values)
        case AllOf():
            # The shortest set is the most telling; among equally short ones the name decides, so that it is always one.
            found = [demands for child in tree.children if (demands := demanded(child)) is not None]
            return min(found, key=lambda demands: (len(demands), sorted(map(str, demands)))) if found else None
        case AnyOf():
            parts = [demanded(child) for child in tree.children]
            return None if None in parts else frozenset(demand for part in parts if part is not None for demand in part)
        case Negation():
            return None


def offered(tree: Tree) -> frozenset[Demand]:
    """Every (path, value) the condition speaks of with an equality, wherever it stands."""
    match tree:
        case Leaf():
            return frozenset((tree.path.name, value) for value in tree.values or ())
        case Negation():
            return offered(tree.child)
        case AllOf() | AnyOf():
            return frozenset().union(*(offered(child) for child in tree.children))


def covers(wider: Tree, narrower: Tree) -> bool:
    """True when `narrower` cannot hold without `wider`. Seen only for plain conjunctions; False means "not seen"."""
    demands = _conjunction(wider)
    offers = _conjunction(narrower)
    if demands is None:
        return _same(wider, narrower)
    if offers is None:
        return not demands
    return all(any(_implies(offer, demand) for offer in offers) for demand in demands)


def _conjunction(tree: Tree) -> tuple[Leaf, ...] | None:
    match tree:
        case Leaf():
            return (tree,)
        case AllOf():
            parts = [_conjunction(child) for child in tree.children]
            return None if None in parts else tuple(leaf for part in parts if part is not None for leaf in part)
        case _:
            return None


def _same(a: Tree, b: Tree) -> bool:
    if isinstance(a, Leaf) and isinstance(b, Leaf):
        return _implies(a, b) and _implies(b, a)
    if isinstance(a, Negation) and isinstance(b, Negation):
        return _same(a.child, b.child)
    if isinstance(a, AllOf | AnyOf) and isinstance(b, AllOf | AnyOf):
        is_alike = type(a) is type(b) and len(a.children) == len(b.children)
        return is_alike and all(_same(x, y) for x, y in zip(a.children, b.children, strict=True))
    return False


def _implies(offer: Leaf, demand: Leaf) -> bool:
    if offer.path.name != demand.path.name:
        return False
    if offer.values is None or demand.values is None or offer.operator != "in":
        return offer.operator == demand.operator and offer.values == demand.values and offer.shown == demand.shown
    if demand.operator == "in":
        return offer.values <= demand.values
    return not offer.path.many and offer.values.isdisjoint(demand.values)


def shown_tree(tree: Tree) -> str:
    match tree:
        case Leaf():
            return tree.shown
        case Negation():
            return f"not {shown_tree(tree.child)}"
        case AllOf():
            return "(" + ", ".join(shown_tree(child) for child in tree.children) + ")" if tree.children else ALWAYS
        case AnyOf():
            return "(" + " / ".join(shown_tree(child) for child in tree.children) + ")"


def shown_value(value: object) -> str:
    if isinstance(value, frozenset | tuple):
        names = sorted(shown_value(item) for item in value)
        return (
            ", ".join(names[:SHOWN_VALUES_MAX]) + (", …" if len(names) > SHOWN_VALUES_MAX else "")
            if names
            else "nothing"
        )
    if isinstance(value, bool):
        return str(value).lower()
    return "absent" if value is None or value == "" else str(value)
