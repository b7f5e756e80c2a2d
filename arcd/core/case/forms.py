"""Checking a filled form against its case type.

One rule: a form is refused whole, with the field named. Whether fields may stay empty is a gate's question.
"""

from __future__ import annotations

from rules.model import CaseType, FieldKind, FormField

INSTANT_DIGITS_MAX = 19  # ns since 1970 in 64 bits: until the year 2262


def form_problem(case_type: CaseType, form_name: str, values: dict[str, str]) -> str | None:
    """What is wrong with the values, as a sentence, or None."""
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
        problem = _value_problem(field, value)
        if problem is not None:
            return problem
    return None


def _value_problem(field: FormField, value: str) -> str | None:
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


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _choices(field: FormField) -> str:
    return f" One of: {', '.join(field.choices)}." if field.choices else ""
