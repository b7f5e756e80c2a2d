"""What a form's field takes, kind by kind, and the sentence for what it does not."""

from __future__ import annotations

import pytest

from arcd.core.case.forms import form_problem
from rules.model import CaseType, FieldKind, Form, FormField

TITLE = {"fi": "K", "sv": "F", "en": "F"}
KINDS = tuple(
    FormField(
        name=kind.value, kind=kind, title=TITLE, mandatory=True, length_max=40,
        choices={"red": TITLE, "blue": TITLE} if kind is FieldKind.CHOICE else {},
    )
    for kind in FieldKind
)  # fmt: skip
CASE_TYPE = CaseType(
    name="x", version=1, title=TITLE, initial="open", states={"open": TITLE}, moves=(),
    forms=(Form(name="all", title=TITLE, fields=KINDS),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", "anything {at} all"), ("text", "x" * 40), ("choice", "red"), ("flag", "yes"), ("flag", "no"),
        ("number", "12"), ("number", "-3.5"), ("instant", "0"), ("instant", "1790000000000000000"), ("instant", ""),
        ("choice", "  "), ("system", "fire"),
    ],
)  # fmt: skip
def test_what_is_taken(field: str, value: str) -> None:
    assert form_problem(CASE_TYPE, "all", {field: value}, ("fire",)) is None


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("text", "x" * 41, "text has more than 40 characters."),
        ("choice", "green", "choice cannot be 'green'. One of: red, blue."),
        ("flag", "maybe", "flag is yes or no."),
        ("number", "many", "number is a number."),
        ("instant", "tomorrow", "instant is an instant in ns since 1970 UTC."),
        ("instant", "-1", "instant is an instant in ns since 1970 UTC."),
        ("instant", "١٧٩٠", "instant is an instant in ns since 1970 UTC."),
        ("instant", "9" * 20, "instant is an instant in ns since 1970 UTC."),
        ("poem", "", "The form has no field poem; its fields: text, choice, flag, number, instant, system."),
        ("number", "inf", "number is a number."),
        ("system", "shop", "system is a system of the site; its systems: fire, building."),
    ],
)
def test_what_is_refused(field: str, value: str, problem: str) -> None:
    assert form_problem(CASE_TYPE, "all", {field: value}, ("fire", "building")) == problem


def test_a_move_without_a_form_takes_nothing() -> None:
    assert form_problem(CASE_TYPE, "", {}) is None
    assert form_problem(CASE_TYPE, "", {"text": "?"}) == "The form has no field text; its fields: none."
