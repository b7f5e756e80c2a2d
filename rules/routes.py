"""The route tree: first match among siblings, then among its children, and an index that makes it fast.

One rule: selecting a route is pure and total over what the index was built from, and does not depend on the order in
which files were read. What a selected route means (its plan) is `rules.engine`.

Precedence: site packs over group packs over general ones; inside a layer by `order:`, then by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

from protocols.signals import Category, Signal
from rules.condition_tree import Test
from rules.conditions import Condition
from rules.model import Decision, Priority, Texts, TraceStep, View


class Layer(IntEnum):
    SITE = 0
    GROUP = 1
    GENERAL = 2


class Route(Struct, frozen=True, eq=False, kw_only=True):
    """One route with the two answers it can give, made beforehand: deciding allocates nothing."""

    path: str  # "intrusion/alarm/confirmed"
    when: Condition
    holds: Test  # of `when`, one attribute nearer
    plan: str
    priority: Priority | None
    desc: Texts
    why: str
    decision: Decision
    life_safety: Decision  # for a fire, hold-up, duress or medical signal that is not a restore
    children: tuple[Route, ...] = ()


class Pack(Struct, frozen=True, eq=False, kw_only=True):
    name: str
    layer: Layer
    scopes: tuple[str, ...]  # names of groups or sites; () for the general layer
    order: int
    routes: tuple[Route, ...]

    @property
    def precedence(self) -> tuple[int, int, str]:
        return (self.layer, self.order, self.name)


Choices = dict[Category, tuple[Route, ...]]


class RouteIndex:
    """Top routes by the category their condition pins, separately for the general packs and each site and group."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs = tuple(sorted(packs, key=lambda pack: pack.precedence))
        self._general = _choices(pack for pack in self.packs if pack.layer is Layer.GENERAL)
        self._sites = self._scoped(Layer.SITE)
        # One entry per pack: a site may be in several groups, and pack precedence decides among them.
        self._groups: dict[str, list[tuple[int, Choices]]] = {}
        for rank, pack in enumerate(self.packs):
            if pack.layer is Layer.GROUP:
                choices = _choices([pack])
                for group in pack.scopes:
                    self._groups.setdefault(group, []).append((rank, choices))

    def _scoped(self, layer: Layer) -> dict[str, Choices]:
        names = {scope for pack in self.packs if pack.layer is layer for scope in pack.scopes}
        return {
            name: _choices(pack for pack in self.packs if pack.layer is layer and name in pack.scopes) for name in names
        }

    def select(self, signal: Signal, view: View) -> Route | None:
        category = signal.category
        site = view.site
        if site is not None:
            if self._sites and (choices := self._sites.get(site.id)) is not None:
                found = first_match(choices[category], signal, view)
                if found is not None:
                    return found
            if self._groups:
                for choices in self._group_choices(site.groups):
                    found = first_match(choices[category], signal, view)
                    if found is not None:
                        return found
        return first_match(self._general[category], signal, view)

    def _group_choices(self, groups: tuple[str, ...]) -> list[Choices]:
        ranked = {rank: choices for group in groups for rank, choices in self._groups.get(group, ())}
        return [ranked[rank] for rank in sorted(ranked)]

    def trace(self, signal: Signal, view: View) -> tuple[Route | None, tuple[TraceStep, ...]]:
        """The same selection with every route looked at on the way, none left out by the index."""
        steps: list[TraceStep] = []
        for pack in self.packs:
            if _applies(pack, view):
                found = _traced(pack.routes, signal, view, steps)
                if found is not None:
                    return found, tuple(steps)
        return None, tuple(steps)


def first_match(routes: tuple[Route, ...], signal: Signal, view: View) -> Route | None:
    """A child that matches wins over its parent; a parent whose children all fail stands."""
    chosen: Route | None = None
    while routes:
        for route in routes:
            if route.holds(signal, view):
                chosen, routes = route, route.children
                break
        else:
            break
    return chosen


def _traced(routes: tuple[Route, ...], signal: Signal, view: View, steps: list[TraceStep]) -> Route | None:
    for route in routes:
        failing = route.when.failing_leaf(signal, view)
        steps.append(TraceStep(route=route.path, matched=not failing, failing=failing))
        if not failing:
            return _traced(route.children, signal, view, steps) or route
    return None


def _applies(pack: Pack, view: View) -> bool:
    match pack.layer:
        case Layer.GENERAL:
            return True
        case Layer.GROUP:
            return view.site is not None and not set(pack.scopes).isdisjoint(view.site.groups)
        case Layer.SITE:
            return view.site is not None and view.site.id in pack.scopes


def _choices(packs: Iterable[Pack]) -> Choices:
    routes = tuple(route for pack in packs for route in pack.routes)
    return {category: _pruned(routes, category) for category in Category}


def _pruned(routes: tuple[Route, ...], category: Category) -> tuple[Route, ...]:
    return tuple(
        _with_children(route, _pruned(route.children, category))
        for route in routes
        if category in route.when.categories
    )


def _with_children(route: Route, children: tuple[Route, ...]) -> Route:
    if len(children) == len(route.children):
        return route
    fields = {name: getattr(route, name) for name in route.__struct_fields__}
    return Route(**{**fields, "children": children})
