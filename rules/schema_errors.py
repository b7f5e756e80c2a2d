"""What pydantic found wrong → problems with file, line and advice in words a rule author uses.

One rule: every error of a file is reported, each at the value (or, for a missing or unknown field, at the key) it is
about. Messages of pydantic's own wording are not shown where we have a better one.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rules.problems import Problem, write_instead
from rules.yaml_source import Node

_WANTED = {  # pydantic error type → what is wanted there
    "string_type": ("text", "put it in quotes if it looks like a number or true/false"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write digits without quotes"),
    "float_type": ("a number", "write digits without quotes"),
    "dict_type": ("a mapping", "write key: value lines"),
    "tuple_type": ("a list", "write [one, two], or one item per line after a dash"),
    "list_type": ("a list", "write [one, two], or one item per line after a dash"),
    "model_type": ("a mapping", "write field: value lines"),
    "model_attributes_type": ("a mapping", "write field: value lines"),
}


def problems_of(error: ValidationError, root: Node, model: type[BaseModel]) -> list[Problem]:
    found: dict[Problem, None] = {}  # a union reports one wrong value once per member
    for details in error.errors(include_url=False, include_input=True):
        found[_problem(details, root, model)] = None
    return list(found)


def _problem(details: ErrorDetails, root: Node, model: type[BaseModel]) -> Problem:
    path = details["loc"]
    name = str(path[-1]) if path else ""
    context: Mapping[str, object] = details.get("ctx", {})
    match details["type"]:
        case "arcd":
            return root.problem(path, str(context["message"]), str(context["advice"]))
        case "missing":
            return root.problem(path[:-1], f"the field {name} is missing", f"add {name}: …")
        case "extra_forbidden":
            advice = write_instead(name, fields_at(model, path[:-1])) or "remove it"
            return root.problem(path, f"unknown field {name}", advice, at_key=True)
        case "enum" | "literal_error":
            return root.problem(
                path, f"unknown {_field(path)} {details['input']}", _one_of(str(details["input"]), context)
            )
        case kind if kind in _WANTED:
            wanted, advice = _WANTED[kind]
            return root.problem(path, f"{_field(path)} must be {wanted}", advice)
        case "too_long":  # a list; texts are "string_too_long"
            said = f"{_field(path)} has {context['actual_length']} entries, at most {context['max_length']} are taken"
            return root.problem(path, said, "leave some out, or go on in another file where there may be several")
        case _:
            message = details["msg"][:1].lower() + details["msg"][1:]
            return root.problem(path, f"{_field(path)}: {message}", "change the value")


def _field(path: tuple[int | str, ...]) -> str:
    """The last name on the way that a person wrote."""
    names = [step for step in path if isinstance(step, str) and not _is_internal(step)]
    return names[-1] if names else "this file"


def _is_internal(step: str) -> bool:
    """Steps pydantic adds for members of unions: "literal['unknown']", "TestSite", "function-before[…]"."""
    return "[" in step or step[:1].isupper()


def _one_of(word: str, context: Mapping[str, object]) -> str:
    expected = str(context.get("expected", "")).replace(" or ", ", ")
    names = [name.strip().strip("'") for name in expected.split(",")]
    return write_instead(word, [name for name in names if name]) or f"write one of {', '.join(sorted(names))} instead"


def fields_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields that may be written at `path`."""
    here: object = model
    for step in path:
        if isinstance(step, str) and _is_internal(step):
            continue
        here = _inside(here, step)
    found = _model_in(here)
    return list(found.model_fields) if found is not None else []


def _inside(annotation: object, step: int | str) -> object:
    model = _model_in(annotation)
    if model is not None and isinstance(step, str):
        field = model.model_fields.get(step)
        return None if field is None else field.annotation
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if arguments else None


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model of `X`, `X | None` or `Annotated[X, …]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in {typing.Union, types.UnionType, typing.Annotated}:
        return next((found for part in typing.get_args(annotation) if (found := _model_in(part))), None)
    return None
