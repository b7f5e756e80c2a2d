"""A pack on its way from file to rule set: shapes with their places and compiled conditions.

One rule: drafts live only while loading. What is checked of them is `rules.route_checks`; what they become is
`rules.routes`.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from protocols.signals import Category, Qualifier
from rules.conditions import Condition, ConditionError, compile_condition
from rules.engine import Answers
from rules.problems import Problem
from rules.routes import Layer, Pack, Route
from rules.schema import PackShape, RouteShape
from rules.yaml_source import Node

Place = tuple[str | int, ...]


class RouteDraft(Struct, frozen=True, eq=False, kw_only=True):
    path: str
    place: Place  # steps from the root of the pack's file
    shape: RouteShape
    when: Condition
    # What the route and everything above it pin together.
    categories: frozenset[Category]
    qualifiers: frozenset[Qualifier]
    children: tuple[RouteDraft, ...]

    def walk(self) -> Iterator[RouteDraft]:
        yield self
        for child in self.children:
            yield from child.walk()


class PackDraft(Struct, frozen=True, eq=False, kw_only=True):
    node: Node
    shape: PackShape
    routes: tuple[RouteDraft, ...]
    disabled: frozenset[str]  # paths of routes switched off, with everything below them
    problems: tuple[Problem, ...]

    @property
    def name(self) -> str:
        return self.shape.pack

    def walk(self) -> Iterator[RouteDraft]:
        for route in self.routes:
            yield from route.walk()

    @property
    def layer(self) -> Layer:
        return Layer[self.shape.layer.upper()]

    @property
    def scopes(self) -> tuple[str, ...]:
        return {Layer.GENERAL: (), Layer.GROUP: self.shape.group, Layer.SITE: self.shape.site}[self.layer]


def draft_pack(shape: PackShape, node: Node) -> PackDraft:
    """Compile every condition; faults become problems and the route is drafted as if it always held."""
    drafting = _Drafting(shape, node)
    routes = drafting.routes(shape.routes, shape.pack, ("routes",), frozenset(Category), frozenset(Qualifier))
    disabled = frozenset(drafting.disabled)
    return PackDraft(node=node, shape=shape, routes=routes, disabled=disabled, problems=tuple(drafting.problems))


class _Drafting:
    def __init__(self, shape: PackShape, node: Node) -> None:
        self.shape = shape
        self.node = node
        self.disabled: list[str] = []
        self.problems: list[Problem] = []

    def routes(
        self,
        shapes: tuple[RouteShape, ...],
        above: str,
        place: Place,
        categories: frozenset[Category],
        qualifiers: frozenset[Qualifier],
    ) -> tuple[RouteDraft, ...]:
        drafts: list[RouteDraft] = []
        for i, shape in enumerate(shapes):
            path, here = f"{above}/{shape.name}", (*place, i)
            if any(other.name == shape.name for other in shapes[:i]):
                self.problems.append(self.node.problem((*here, "name"), f"two routes are called {path}", "rename one"))
            if not shape.enabled:
                self.disabled += [path, *_paths_below(shape, path)]
                continue
            when = self._condition(shape, here)
            mine, kinds = categories & when.categories, qualifiers & when.qualifiers
            children = self.routes(shape.routes, path, (*here, "routes"), mine, kinds)
            drafts.append(
                RouteDraft(
                    path=path, place=here, shape=shape, when=when, categories=mine, qualifiers=kinds, children=children
                )
            )
        return tuple(drafts)

    def _condition(self, shape: RouteShape, here: Place) -> Condition:
        try:
            return compile_condition(shape.when, self.shape.lists)
        except ConditionError as error:
            for fault in error.faults:
                place = (*here, "when", *fault.path)
                self.problems.append(self.node.problem(place, fault.message, fault.advice, at_key=fault.at_key))
            return compile_condition("always")


def _paths_below(shape: RouteShape, path: str) -> Iterator[str]:
    for child in shape.routes:
        yield f"{path}/{child.name}"
        yield from _paths_below(child, f"{path}/{child.name}")


def build_pack(draft: PackDraft, answers: Answers) -> Pack:
    return Pack(
        name=draft.name,
        layer=draft.layer,
        scopes=draft.scopes,
        order=draft.shape.order,
        routes=tuple(_build_route(route, answers) for route in draft.routes),
    )


def _build_route(draft: RouteDraft, answers: Answers) -> Route:
    shape = draft.shape
    decision = answers.routed(draft.path, shape.plan, shape.priority)
    return Route(
        path=draft.path,
        when=draft.when,
        plan=shape.plan,
        priority=shape.priority,
        desc=shape.desc,
        why=shape.why,
        decision=decision,
        life_safety=answers.life_safety(decision),
        children=tuple(_build_route(child, answers) for child in draft.children),
    )
