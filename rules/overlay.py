"""Site overlays: changes to shipped packs and plans that never edit the shipped file.

One rule: a change is said out loud and whole. Lists append, remove or replace; a route or plan is switched off or has
whole fields replaced; a condition is never extended by text, it is replaced as a tree. Overlays are laid over the trees
as read, before anything is checked, so that a wrong value is reported at its line in the overlay.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rules.problems import Problem, write_instead
from rules.schema import ListChange, OverlayShape
from rules.yaml_source import Node


class Overlay(Struct, frozen=True):
    root: Node
    shape: OverlayShape


class Laid(Struct):
    """What the overlays did besides changing trees."""

    problems: list[Problem]
    plans_removed: set[str]


def lay_over(overlays: Iterable[Overlay], packs: dict[str, Node], plans: dict[str, Node]) -> Laid:
    """Change `packs` and `plans` (name → root of the file) in place. Order: `order:`, then name."""
    return _Layer(packs, plans).run(sorted(overlays, key=lambda overlay: (overlay.shape.order, overlay.shape.overlay)))


class _Layer:
    def __init__(self, packs: dict[str, Node], plans: dict[str, Node]) -> None:
        self.packs = packs
        self.plans = plans
        self.laid = Laid([], set())
        # (what was changed, field) → overlay: two overlays that both want the last word are a conflict, not a race.
        self._replaced: dict[tuple[str, str], str] = {}

    def run(self, overlays: Iterable[Overlay]) -> Laid:
        for overlay in overlays:
            for name in overlay.shape.packs:
                self._pack(overlay, name)
            for name in overlay.shape.plans:
                self._plan(overlay, name)
        return self.laid

    def _fault(self, overlay: Overlay, path: tuple[str | int, ...], message: str, advice: str) -> None:
        self.laid.problems.append(overlay.root.problem(path, message, advice, at_key=True))

    def _claim(self, overlay: Overlay, thing: str, field: str, path: tuple[str | int, ...]) -> None:
        other = self._replaced.setdefault((thing, field), overlay.shape.overlay)
        if other != overlay.shape.overlay:
            self._fault(
                overlay, path, f"{field} of {thing} is already replaced by overlay {other}", "keep one of the two"
            )

    def _pack(self, overlay: Overlay, name: str) -> None:
        pack = self.packs.get(name)
        if pack is None:
            self._fault(overlay, ("packs", name), f"there is no pack {name}", write_instead(name, self.packs))
            return
        change = overlay.shape.packs[name]
        for list_name, list_change in change.lists.items():
            self._list(overlay, pack, name, list_name, list_change)
        for route_path in change.routes:
            self._route(overlay, pack, name, route_path)
        self._tests(overlay, pack, name)

    def _list(self, overlay: Overlay, pack: Node, pack_name: str, name: str, change: ListChange) -> None:
        at = ("packs", pack_name, "lists", name)
        lists = pack.child("lists")
        known = lists.value if lists is not None and isinstance(lists.value, dict) else {}
        target = known.get(name)
        if target is None or not isinstance(target.value, list):
            self._fault(overlay, at, f"pack {pack_name} has no list {name}", write_instead(name, known))
            return
        source = overlay.root.at(at)
        if change.replace is not None:
            self._claim(overlay, f"list {pack_name}/{name}", "replace", at)
            if change.append or change.remove:
                self._fault(overlay, at, "replace stands alone", "remove append and remove, or replace")
            target.value = _items(source.at(["replace"]))
            return
        present = {str(item.value) for item in target.value}
        for gone in change.remove:
            if str(gone) not in present:
                self._fault(
                    overlay, (*at, "remove"), f"{gone} is not in the list {name}", write_instead(str(gone), present)
                )
        removed = {str(gone) for gone in change.remove}
        kept = [item for item in target.value if str(item.value) not in removed]
        target.value = kept + (_items(source.at(["append"])) if change.append else [])

    def _route(self, overlay: Overlay, pack: Node, pack_name: str, path: str) -> None:
        at = ("packs", pack_name, "routes", path)
        found = dict(_routes(pack))
        route = found.get(path)
        if route is None:
            self._fault(overlay, at, f"pack {pack_name} has no route {path}", write_instead(path, found))
            return
        change = overlay.shape.packs[pack_name].routes[path]
        self._switch(overlay, route, at, change.enabled, f"route {pack_name}/{path}")
        if change.replace is not None:
            self._replace(overlay, route, (*at, "replace"), f"route {pack_name}/{path}")

    def _switch(
        self, overlay: Overlay, node: Node, at: tuple[str | int, ...], enabled: bool | None, thing: str
    ) -> None:
        if enabled is None:
            return
        self._claim(overlay, thing, "enabled", at)
        _set(node, "enabled", overlay.root.at((*at, "enabled")))

    def _replace(self, overlay: Overlay, node: Node, at: tuple[str | int, ...], thing: str) -> None:
        source = overlay.root.at(at)
        assert isinstance(source.value, dict)
        for field, value in source.value.items():
            self._claim(overlay, thing, field, (*at, field))
            _set(node, field, value)

    def _tests(self, overlay: Overlay, pack: Node, name: str) -> None:
        change = overlay.shape.packs[name].tests
        at = ("packs", name, "tests")
        tests = pack.child("tests")
        present = _items(tests) if tests is not None else []
        names = {str(test.at(["name"]).value): test for test in present}
        for gone in change.remove:
            if gone not in names:
                self._fault(overlay, (*at, "remove"), f"pack {name} has no test {gone!r}", write_instead(gone, names))
        kept = [test for test in present if str(test.at(["name"]).value) not in change.remove]
        added = _items(overlay.root.at((*at, "append"))) if change.append else []
        if change.append or change.remove:
            _set(pack, "tests", Node(pack.file, pack.line, pack.column, kept + added))

    def _plan(self, overlay: Overlay, name: str) -> None:
        at = ("plans", name)
        plan = self.plans.get(name)
        if plan is None:
            self._fault(overlay, at, f"there is no plan {name}", write_instead(name, self.plans))
            return
        change = overlay.shape.plans[name]
        if change.enabled is False:
            self._claim(overlay, f"plan {name}", "enabled", at)
            self.laid.plans_removed.add(name)
        if change.replace is not None:
            self._replace(overlay, plan, (*at, "replace"), f"plan {name}")


def _routes(node: Node, prefix: str = "") -> Iterable[tuple[str, Node]]:
    """(path inside the pack, node) of every route that has a name."""
    children = node.child("routes")
    for child in _items(children) if children is not None else []:
        name = child.child("name")
        if name is not None and isinstance(name.value, str):
            path = f"{prefix}{name.value}"
            yield path, child
            yield from _routes(child, f"{path}/")


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _set(node: Node, key: str, value: Node) -> None:
    assert isinstance(node.value, dict)
    node.value[key] = value
    node.key_marks[key] = (value.line, value.column)
