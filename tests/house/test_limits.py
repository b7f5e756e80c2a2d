"""Every named limit stands in `docs/limits.md` with the value it has, and nothing stands there that is gone."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from pydantic import BaseModel

from arcd import settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "limits.md"
ROW = re.compile(
    r"^\| `(?P<name>[\w.\[\]]+)` \| (?P<value>[\d,.]+) \| (?P<where>settings|`[\w/]+\.py`) \| (?P<beyond>.+) \|$"
)
Limits = dict[tuple[str, str], float]  # where, name → value


def described() -> Limits:
    found: Limits = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| `"):
            row = ROW.match(line)
            assert row, f"not `| name | value | where | beyond it |`: {line}"
            key = (row["where"].strip("`"), row["name"])
            assert key not in found, f"twice: {key}"
            value = row["value"].replace(",", "")
            found[key] = float(value) if "." in value else int(value)
    return found


def in_code() -> Limits:
    """Constants of modules, and defaults of the fields of limits that are passed around."""
    found: Limits = {}
    for package in ("protocols", "rules", "arcd"):
        for path in sorted((ROOT / package).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            for name in _names(ast.parse(path.read_text("utf-8"))):
                value = _value(where, name)
                if isinstance(value, int | float):
                    found[where, name] = value
    return found


def in_settings() -> Limits:
    found: Limits = {}

    def walk(model: type[BaseModel], prefix: str) -> None:
        for name, field in model.model_fields.items():
            if name.endswith("_max") and isinstance(field.default, int | float):
                found["settings", prefix + name] = field.default
            for inner in _models(field.annotation):
                walk(inner, f"{prefix}{name}{'[]' if _is_many(field.annotation) else ''}.")

    walk(settings.Settings, "")
    return found


def test_every_limit_is_described() -> None:
    limits = in_code() | in_settings()
    table = described()
    missing = [
        f"| `{name}` | {limits[where, name]:,} | `{where}` | what happens beyond it? |"
        for where, name in sorted(limits.keys() - table.keys())
    ]
    assert not missing, f"add to {PAGE.name}:\n" + "\n".join(missing)
    assert sorted(table.keys() - limits.keys()) == [], f"no longer in the code: take the row out of {PAGE.name}"
    assert {key: table[key] for key in limits if table[key] != limits[key]} == {}, "the page says something else"


def test_the_search_finds_what_it_should() -> None:
    limits = in_code() | in_settings()
    assert limits["protocols/dc09/frame.py", "BODY_BYTES_MAX"] == 4_095
    assert limits["rules/yaml_source.py", "Limits.depth_max"] == 32
    assert limits["settings", "limits.connections_max"] == 10_000
    assert limits["settings", "lines[].listen.connections_max"] == 16
    assert len(limits) > 250


def _names(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
            yield from (name for name in named if name.endswith("_MAX"))
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                match each:
                    case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()) if name.endswith("_max"):
                        yield f"{node.name}.{name}"


def _value(where: str, name: str) -> object:
    found: object = importlib.import_module(where.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    owner, _, field = name.rpartition(".")
    if not owner:
        return getattr(found, field)
    struct = getattr(found, owner)
    if not issubclass(struct, msgspec.Struct):
        return None  # a form: what people may set, in the settings (`in_settings`) or in a file of rules
    return next(each.default for each in msgspec.structs.fields(struct) if each.name == field)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models(inner)


def _is_many(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) is tuple
