"""Routes and packs as compiled values, and the plain way through them: first match among siblings, then its children.

One rule: a child that matches wins over its parent; a parent whose children all fail stands. The fast way to the same
route is `rules.route_index`; what a route's plan means is `rules.engine`.
"""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

from protocols.signals import Signal
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

    def applies_to(self, view: View) -> bool:
        match self.layer:
            case Layer.GENERAL:
                return True
            case Layer.GROUP:
                return view.site is not None and not set(self.scopes).isdisjoint(view.site.groups)
            case Layer.SITE:
                return view.site is not None and view.site.id in self.scopes


def traced(routes: tuple[Route, ...], signal: Signal, view: View, steps: list[TraceStep]) -> Route | None:
    """The route that takes the signal, every one looked at written down in `steps`."""
    for route in routes:
        failing = route.when.failing_leaf(signal, view)
        steps.append(TraceStep(route=route.path, matched=not failing, failing=failing))
        if not failing:
            return traced(route.children, signal, view, steps) or route
    return None
