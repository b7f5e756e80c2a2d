from __future__ import annotations

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from rules.schema import CaseShape, OverlayShape, PackShape, PlanShape
from rules.schema_errors import fields_at, problems_of
from rules.yaml_source import read


def said(model: type[BaseModel], text: str) -> list[str]:
    root = read(text, "f.yaml").root
    assert root is not None
    with pytest.raises(ValidationError) as raised:
        model.model_validate_json(msgspec.json.encode(root.plain()))
    return [str(problem) for problem in problems_of(raised.value, root, model)]


def test_fields_at_follows_lists_mappings_and_options() -> None:
    assert "plan" in fields_at(PackShape, ("routes", 0))
    assert "plan" in fields_at(PackShape, ("routes", 0, "routes", 3))
    assert "kind" in fields_at(PackShape, ("tests", 0, "site"))
    assert "life_safety" in fields_at(PackShape, ("root",))
    assert "append" in fields_at(OverlayShape, ("packs", "x", "lists", "y"))
    assert "choices" in fields_at(CaseShape, ("forms", 0, "fields", 0))
    assert fields_at(PlanShape, ("version",)) == []
    assert fields_at(PlanShape, ("nothing", "here")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pack: [x]\nrequires: 1\n", "f.yaml:1:7: error: pack must be text — put it in quotes"),
        ("pack: x\nrequires: 1\nlists: [x]\n", "f.yaml:3:8: error: lists must be a mapping — write key: value lines"),
        ("pack: x\nrequires: 1\nroot: x\n", "f.yaml:3:7: error: root must be a mapping — write field: value lines"),
        ("pack: x\nrequires: 1\nlists: {Bad Name: [x]}\n", "f.yaml:3:19: error: 'Bad Name' is no name"),
        ("pack: x\nrequires: 1\ndesc: {fi: a}\n", "f.yaml:3:7: error: the text is missing in sv, en — add sv: …"),
    ],
)
def test_every_kind_of_mistake_has_words_of_ours(text: str, expected: str) -> None:
    (found,) = said(PackShape, text)
    assert found.startswith(expected)


def test_every_mistake_is_told() -> None:
    found = said(PlanShape, "plan: p\nrequires: 1\nversion: 0\ntitle: {}\npriority: P7\nsteps: [{id: X}]\nx: 1\n")
    assert len(found) == 7
    assert any("the field kind is missing" in line for line in found)


def test_the_mistake_is_put_on_the_thing_with_braces_in_it() -> None:
    """Messages pass through pydantic's own formatting and must come out whole."""
    head = "plan: p\nrequires: 1\nversion: 1\ntitle: {fi: a, sv: a, en: a}\npriority: P1\n"
    text = head + "instructions: {fi: '{x}', sv: a, en: a}\n"
    (found,) = said(PlanShape, text)
    assert "unknown placeholder {x} in the fi text" in found
