"""Checking a filled form against its case type.

One rule: a form is refused whole, with the field named. Whether fields may stay empty is a gate's question.
"""

from __future__ import annotations

import math

from rules.model import CaseType, FieldKind, FormField

INSTANT_DIGITS_MAX = 19  # ns since 1970 in 64 bits: until the year 2262


def form_problem(
    case_type: CaseType, form_name: str, values: dict[str, str], systems: tuple[str, ...] = ()
) -> str | None:
    """What is wrong with the values, as a sentence, or None. `systems` are those of the case's site."""
    form = case_type.form(form_name) if form_name else None
    fields = {field.name: field for field in form.fields} if form else {}
    unknown = sorted(set(values) - set(fields))
    if unknown:
        there = ", ".join(fields) or "none"
        return f"The form has no field {unknown[0]}; its fields: {there}."
    for field in fields.values():
        value = values.get(field.name, "")
        if not value.strip():
            continue  # whether it may stay empty is the gate `form_complete`
        problem = _value_problem(field, value, systems)
        if problem is not None:
            return problem
    return None


def missing_fields(case_type: CaseType, form_name: str, values: dict[str, str]) -> list[str]:
    """Mandatory fields that are empty, with what they may hold where that is a choice."""
    form = case_type.form(form_name)
    missing = [field for field in (form.fields if form else ()) if field.mandatory]
    missing = [field for field in missing if not values.get(field.name, "").strip()]
    return [f"{field.name} ({', '.join(field.choices)})" if field.choices else field.name for field in missing]


def _value_problem(field: FormField, value: str, systems: tuple[str, ...]) -> str | None:
    if len(value) > field.length_max:
        return f"{field.name} has more than {field.length_max} characters."
    match field.kind:
        case FieldKind.TEXT:
            return None
        case FieldKind.CHOICE:
            return None if value in field.choices else f"{field.name} cannot be {value!r}.{_choices(field)}"
        case FieldKind.FLAG:
            return None if value in ("yes", "no") else f"{field.name} is yes or no."
        case FieldKind.NUMBER:
            return None if _is_number(value) else f"{field.name} is a number."
        case FieldKind.INSTANT:
            is_instant = value.isascii() and value.isdecimal() and len(value) <= INSTANT_DIGITS_MAX
            return None if is_instant else f"{field.name} is an instant in ns since 1970 UTC."
        case FieldKind.SYSTEM:
            there = ", ".join(systems) or "none"
            return None if value in systems else f"{field.name} is a system of the site; its systems: {there}."


def _is_number(value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number)  # what counts seconds or euros by it must not meet an infinity


def _choices(field: FormField) -> str:
    return f" One of: {', '.join(field.choices)}." if field.choices else ""
