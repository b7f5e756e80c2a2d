"""Condition trees as people write them: `all`, `any` and `not` over comparisons, checked and compiled to one closure.

One rule: a condition is a tree of plain values, never text to be parsed or joined, and holding is a pure function of a
signal and a view. What can be asked is `rules.paths`. A mapping with several paths means all of them.

What is absent (no signal, no zone, no text) equals nothing: every comparison with it fails, except `not`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec
from msgspec import Struct

from protocols.signals import Category, Qualifier, Signal
from rules.comparisons import compare, equality, operators_of
from rules.condition_tree import (
    ALWAYS,
    AllOf,
    AnyOf,
    Negation,
    Test,
    Tree,
    closure,
    pinned_categories,
    pinned_qualifiers,
)
from rules.model import View
from rules.paths import PATHS, PathType, Value, ValueFault, read_value
from rules.problems import write_instead

CONDITION_DEPTH_MAX = 8
CONDITION_LEAVES_MAX = 200
LIST_ITEMS_MAX = 2000
# Conditions of plan steps kept compiled: more than the shipped plans have, and no more than an installation's own need.
COMPILED_MAX = 1024

Lists = Mapping[str, object]

_WORDS = ("all", "any", "not")


class Fault(Struct, frozen=True):
    """What is wrong at `path` (steps into the tree as written)."""

    path: tuple[str | int, ...]
    message: str
    advice: str
    at_key: bool = False  # it is the key at `path` that is wrong, not its value


class ConditionError(ValueError):
    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.message} ({fault.advice})" for fault in faults))
        self.faults = faults


class Condition(Struct, frozen=True, eq=False):
    tree: Tree
    test: Test
    # The only categories and qualifiers of a signal under which it can hold (all of them where it does not say).
    categories: frozenset[Category]
    qualifiers: frozenset[Qualifier]

    def holds(self, signal: Signal | None, view: View) -> bool:
        return self.test(signal, view)

    def failing_leaf(self, signal: Signal | None, view: View) -> str:
        return self.tree.failing(signal, view)


def compile_condition(source: object, lists: Lists | None = None) -> Condition:
    """Raises ConditionError with every fault of the tree. `lists`: what `$name` refers to."""
    compiler = _Compiler(lists or {})
    tree = AllOf(()) if source == ALWAYS else compiler.tree(source, (), 1)
    if compiler.faults:
        raise ConditionError(tuple(compiler.faults))
    return Condition(tree, closure(tree), pinned_categories(tree), pinned_qualifiers(tree))


def condition_of(source: object) -> Condition:
    """One that was checked when its plan was loaded, and is asked again with every case that gets the plan."""
    return _compiled(msgspec.json.encode(source))


@lru_cache(maxsize=COMPILED_MAX)
def _compiled(source: bytes) -> Condition:
    return compile_condition(msgspec.json.decode(source))


class _Compiler:
    """Reads a tree to its end, whatever is wrong with it: every fault is found in one go."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.faults: list[Fault] = []
        self._leaves = 0

    def fault(self, path: tuple[str | int, ...], message: str, advice: str = "", *, at_key: bool = False) -> None:
        self.faults.append(Fault(path, message, advice, at_key))

    def tree(self, source: object, at: tuple[str | int, ...], depth: int) -> Tree:
        if depth > CONDITION_DEPTH_MAX:
            self.fault(at, f"the condition is nested deeper than {CONDITION_DEPTH_MAX} levels", "split the route")
            return AllOf(())
        if not isinstance(source, Mapping) or not source:
            self.fault(at, "a condition is a mapping", "write {path: value}, or all:, any:, not:")
            return AllOf(())
        words = [word for word in _WORDS if word in source]
        if not words:
            leaves = tuple(self._leaf(str(name), matcher, (*at, str(name))) for name, matcher in source.items())
            return leaves[0] if len(leaves) == 1 else AllOf(leaves)
        if len(source) > 1:
            self.fault(at, f"{words[0]}: stands alone in its mapping", "make the others items of the all: list")
            return AllOf(())
        word, body = words[0], source[words[0]]
        if word == "not":
            return Negation(self.tree(body, (*at, word), depth + 1))
        if not isinstance(body, list) or not body:
            self.fault((*at, word), f"{word}: holds a list of conditions", f"write {word}: [{{…}}, {{…}}]")
            return AllOf(())
        children = tuple(self.tree(item, (*at, word, i), depth + 1) for i, item in enumerate(body))
        return AllOf(children) if word == "all" else AnyOf(children)

    def _leaf(self, name: str, matcher: object, at: tuple[str | int, ...]) -> Tree:
        self._leaves += 1
        if self._leaves == CONDITION_LEAVES_MAX + 1:
            self.fault(at, f"more than {CONDITION_LEAVES_MAX} comparisons in one condition", "use lists or more routes")
        path = PATHS.get(name)
        if path is None:
            self.fault(at, f"nothing is called {name}", write_instead(name, PATHS), at_key=True)
            return AllOf(())
        if not isinstance(matcher, Mapping):
            return self._compare(path, "in", matcher, at)
        if not matcher:
            self.fault(at, f"{name} is compared with nothing", "write a value")
            return AllOf(())
        parts = tuple(self._compare(path, str(word), body, (*at, str(word))) for word, body in matcher.items())
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def _compare(self, path: PathType, word: str, body: object, at: tuple[str | int, ...]) -> Tree:
        operators = operators_of(path)
        if word not in operators:
            self.fault(at, f"{path.name} has no comparison {word}", write_instead(word, operators), at_key=True)
            return AllOf(())
        try:
            if word in {"in", "not"}:
                return equality(path, word, frozenset(self._values(path, body, at)))
            return compare(path, word, body)
        except ValueFault as fault:
            self.fault(at, fault.message, fault.advice)
            return AllOf(())

    def _values(self, path: PathType, body: object, at: tuple[str | int, ...]) -> Iterable[Value]:
        if isinstance(body, str) and body.startswith("$"):
            if body[1:] not in self.lists:
                raise ValueFault(f"there is no list {body}", write_instead(body[1:], self.lists) or "define it")
            body = self.lists[body[1:]]
        items = body if isinstance(body, list) else [body]
        if not items:
            raise ValueFault(f"{path.name} is compared with an empty list", "write at least one value")
        if len(items) > LIST_ITEMS_MAX:
            raise ValueFault(f"more than {LIST_ITEMS_MAX} values in one list", "use a tag or a group")
        read: list[Value] = []
        for i, item in enumerate(items):
            try:
                read.append(read_value(path, item))
            except ValueFault as fault:
                self.fault((*at, i), fault.message, fault.advice)
        return read
