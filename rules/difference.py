"""What tells two rule sets apart: plans, case types, packs, their lists and routes, each with the fields that differ.

One rule: rules are compared as they stand after the overlays, not as texts, so that a file moved or a comment added is
no difference. The tests inside packs decide nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from rules.loader import Loaded
from rules.schema import PackShape, RouteShape

# What a list of mappings goes by; a branch of an `ask` step goes by its answer.
_NAMES = ("id", "name", "answer")

Fields = dict[str, Any]  # "steps.call.timeout_s" → plain value


class FieldDifference(Struct, frozen=True, kw_only=True):
    """`before` or `after` is None where the field is not written."""

    field: str
    before: Any = None
    after: Any = None


class Difference(Struct, frozen=True, kw_only=True):
    kind: str  # "plan", "case", "pack", "list" or "route"
    name: str  # a list and a route with their pack: "intrusion/exterior_kinds", "intrusion/alarm/exterior"
    fields: tuple[FieldDifference, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Differences(Struct, frozen=True, kw_only=True):
    added: tuple[Difference, ...] = ()
    removed: tuple[Difference, ...] = ()
    changed: tuple[Difference, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def compare(before: Loaded, after: Loaded) -> Differences:
    """Both must have loaded."""
    old, new = _things(before), _things(after)
    changed = []
    for thing in sorted(old.keys() & new.keys()):
        fields = _different(old[thing], new[thing])
        if fields:
            changed.append(Difference(kind=thing[0], name=thing[1], fields=fields))
    return Differences(
        added=tuple(Difference(kind=kind, name=name) for kind, name in sorted(new.keys() - old.keys())),
        removed=tuple(Difference(kind=kind, name=name) for kind, name in sorted(old.keys() - new.keys())),
        changed=tuple(changed),
    )


def _different(old: Fields, new: Fields) -> tuple[FieldDifference, ...]:
    return tuple(
        FieldDifference(field=field, before=old.get(field), after=new.get(field))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    )


def _things(loaded: Loaded) -> dict[tuple[str, str], Fields]:
    assert loaded.ruleset is not None, "only what loads is compared"
    things: dict[tuple[str, str], Fields] = {}
    for plan in loaded.ruleset.plans.values():
        things["plan", plan.name] = _flat(_written(plan))
    for case_type in loaded.ruleset.case_types.values():
        things["case", case_type.name] = _flat(_written(case_type))
    for pack in loaded.packs:
        things["pack", pack.pack] = _pack_fields(pack)
        for name, values in pack.lists.items():
            things["list", f"{pack.pack}/{name}"] = {"values": list(values)}
        _add_routes(things, pack.pack, pack.routes)
    return things


def _pack_fields(pack: PackShape) -> Fields:
    own = pack.model_dump(mode="json", exclude={"pack", "requires", "lists", "routes", "tests"}, exclude_none=True)
    return {**_flat(own), "order of routes": [route.name for route in pack.routes]}


def _add_routes(things: dict[tuple[str, str], Fields], above: str, routes: Sequence[RouteShape]) -> None:
    for route in routes:
        path = f"{above}/{route.name}"
        own = route.model_dump(mode="json", exclude={"name", "when", "routes"}, exclude_none=True)
        things["route", path] = {
            **_flat(own),
            "when": route.when,  # as a whole: half a condition says nothing
            "order of routes": [child.name for child in route.routes],
        }
        _add_routes(things, path, route.routes)


def _flat(value: Mapping[str, Any], above: str = "") -> Fields:
    """Nested mappings and lists of named things as dotted fields; a list of plain values stays one field."""
    fields: Fields = {}
    for key, inner in value.items():
        field = f"{above}{key}"
        if isinstance(inner, Mapping) and key != "when":
            fields |= _flat(inner, f"{field}.")
            continue
        named = _named(inner)
        if named is None:
            fields[field] = inner
        else:
            fields[f"order of {field}"] = list(named)
            for name, item in named.items():
                fields |= _flat(item, f"{field}.{name}.")
    return fields


def _written(value: Any) -> Any:
    """As plain values, with what was left out at its default, and without what is empty."""
    if isinstance(value, Struct):
        return _written({name: getattr(value, name) for name in value.__struct_fields__})
    if isinstance(value, Mapping):
        return {str(key): _written(inner) for key, inner in value.items() if inner not in ("", None, (), {})}
    if isinstance(value, list | tuple):
        return [_written(inner) for inner in value]
    return str(value) if isinstance(value, StrEnum) else value


def _named(value: object) -> dict[str, dict[str, Any]] | None:
    """A list of mappings by what they are called, without that; None for anything else."""
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return None
    key = next((key for key in _NAMES if all(key in item for item in value)), None)
    if key is None:
        return None
    return {str(item[key]): {name: inner for name, inner in item.items() if name != key} for item in value}
