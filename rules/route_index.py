"""Which route takes a signal, found fast: thousands of routes cost a decision little more than twenty do.

One rule: an index may only leave out what cannot match. `RouteIndex.trace` walks the routes as written, and must find
the same one (a property test holds the two together).

Two things are left out. Per category and qualifier: routes that cannot hold for it, and the part of each condition that
is thereby settled. In a long row of siblings: routes whose condition demands a value (a code, a tag, a zone) that this
signal and view do not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from protocols.signals import Category, Qualifier, Signal
from rules.condition_tree import Test, Tree, closure, demanded, simplified
from rules.model import TraceStep, View
from rules.paths import PATHS, PathType
from rules.routes import Layer, Pack, Route, traced

SCANNED_MAX = 8  # siblings; below this, asking each is cheaper than looking up which to ask


class Entry(Struct, frozen=True, eq=False):
    route: Route
    holds: Test  # what is left of the route's condition here
    children: Level


class Level(Struct, frozen=True, eq=False):
    """Siblings in their order. `tables` is empty for short rows: every entry is looked at."""

    entries: tuple[Entry, ...]
    undemanding: tuple[int, ...] = ()
    tables: tuple[tuple[PathType, dict[object, list[int]]], ...] = ()

    def candidates(self, signal: Signal, view: View) -> Sequence[Entry]:
        if not self.tables:
            return self.entries
        ranks = list(self.undemanding)
        for path, table in self.tables:
            value = path.get(signal, view)
            for one in value if path.many else (value,):  # type: ignore[attr-defined] # – a `many` path gives a collection
                ranks += table.get(one, ())
        ranks.sort()
        return [self.entries[rank] for rank in ranks]

    def first_match(self, signal: Signal, view: View) -> Route | None:
        """A child that matches wins over its parent; a parent whose children all fail stands."""
        chosen: Route | None = None
        level = self
        while level.entries:
            for entry in level.candidates(signal, view):
                if entry.holds(signal, view):
                    chosen, level = entry.route, entry.children
                    break
            else:
                break
        return chosen


Levels = dict[tuple[Category, Qualifier], Level]


class RouteIndex:
    """Precedence: site packs over group packs over general ones; inside a layer by `order:`, then by name."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs = tuple(sorted(packs, key=lambda pack: pack.precedence))
        self._general = _levels(pack for pack in self.packs if pack.layer is Layer.GENERAL)
        sites = {scope for pack in self.packs if pack.layer is Layer.SITE for scope in pack.scopes}
        self._sites = {
            site: _levels(pack for pack in self.packs if pack.layer is Layer.SITE and site in pack.scopes)
            for site in sorted(sites)
        }
        # One entry per pack: a site may be in several groups, and pack precedence decides among them.
        self._groups: dict[str, list[tuple[int, Levels]]] = {}
        for rank, pack in enumerate(self.packs):
            if pack.layer is Layer.GROUP:
                levels = _levels([pack])
                for group in pack.scopes:
                    self._groups.setdefault(group, []).append((rank, levels))

    def select(self, signal: Signal, view: View) -> Route | None:
        key = (signal.category, signal.qualifier)
        site = view.site
        if site is not None and (self._sites or self._groups):
            for levels in self._scoped(site.id, site.groups):
                found = levels[key].first_match(signal, view)
                if found is not None:
                    return found
        return self._general[key].first_match(signal, view)

    def _scoped(self, site: str, groups: tuple[str, ...]) -> list[Levels]:
        own = [self._sites[site]] if site in self._sites else []
        ranked = {rank: levels for group in groups for rank, levels in self._groups.get(group, ())}
        return own + [ranked[rank] for rank in sorted(ranked)]

    def trace(self, signal: Signal, view: View) -> tuple[Route | None, tuple[TraceStep, ...]]:
        """The same selection with every route looked at on the way, none left out."""
        steps: list[TraceStep] = []
        for pack in self.packs:
            if pack.applies_to(view):
                found = traced(pack.routes, signal, view, steps)
                if found is not None:
                    return found, tuple(steps)
        return None, tuple(steps)


def _levels(packs: Iterable[Pack]) -> Levels:
    routes = tuple(route for pack in packs for route in pack.routes)
    return {
        (category, qualifier): _level(routes, category, qualifier) for category in Category for qualifier in Qualifier
    }


def _level(routes: tuple[Route, ...], category: Category, qualifier: Qualifier) -> Level:
    entries: list[Entry] = []
    conditions: list[Tree | bool] = []
    for route in routes:
        condition = simplified(route.when.tree, category, qualifier)
        if condition is False:
            continue
        test = _always if condition is True else closure(condition)
        entries.append(Entry(route, test, _level(route.children, category, qualifier)))
        conditions.append(condition)
        if condition is True:
            break  # it takes everything here: what comes after it is never looked at
    return _with_tables(tuple(entries), conditions)


def _with_tables(entries: tuple[Entry, ...], conditions: list[Tree | bool]) -> Level:
    if len(entries) <= SCANNED_MAX:
        return Level(entries)
    undemanding: list[int] = []
    tables: dict[str, dict[object, list[int]]] = {}
    for rank, condition in enumerate(conditions):
        demands = None if isinstance(condition, bool) else demanded(condition)
        if demands is None:
            undemanding.append(rank)
            continue
        for path, value in sorted(demands, key=str):
            tables.setdefault(path, {}).setdefault(value, []).append(rank)
    return Level(entries, tuple(undemanding), tuple((PATHS[path], table) for path, table in tables.items()))


def _always(signal: Signal | None, view: View) -> bool:
    return True
