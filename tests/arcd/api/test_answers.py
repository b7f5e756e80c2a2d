from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import Response
from pydantic import BaseModel, Field, ValidationError

from arcd.api.answers import FAULTS_SHOWN_MAX, ApiError, Body, View, created, granted_or_raise, sentence
from arcd.core.effects import Answer


class Sample(Body):
    count: Annotated[int, Field(ge=0)]
    names: tuple[str, ...] = ()


def faults(model: type[BaseModel], value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    return sentence([fault | {"loc": ("body", *fault["loc"])} for fault in caught.value.errors()])


def test_faults_are_one_sentence() -> None:
    assert faults(Sample, {"names": "planted"}) == "count is missing; names should be a valid tuple."
    assert faults(Sample, {"count": "planted"}).startswith("count should be a valid integer")
    assert faults(Sample, {"count": 1, "planted": 2}) == "planted is not known here."


def test_a_value_that_was_sent_is_never_repeated() -> None:
    assert "planted" not in faults(Sample, {"count": "planted", "names": ["x", 5]})


def test_a_long_list_of_faults_is_cut() -> None:
    told = faults(Sample, {"count": 1, "names": [0] * (FAULTS_SHOWN_MAX + 3)})
    assert told.endswith("; and 3 more.")


def test_a_refusal_is_raised_with_its_rule() -> None:
    with pytest.raises(ApiError) as caught:
        granted_or_raise(Answer(granted=False, rule="R-62", message="no"))
    assert (caught.value.status, caught.value.rule, caught.value.message) == (409, "R-62", "no")


def test_what_was_made_has_an_address() -> None:
    response = Response()
    assert created(Answer(granted=True, subject="C5"), response, "/v1/cases").subject == "C5"
    assert response.headers["Location"] == "/v1/cases/C5"


def test_a_view_takes_no_field_it_does_not_name() -> None:
    class Narrow(View):
        name: str

    with pytest.raises(ValidationError):
        Narrow.model_validate({"name": "x", "code_word_hash": "y"})
