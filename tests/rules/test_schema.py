from __future__ import annotations

import msgspec
import pytest
from pydantic import ValidationError

from rules.schema import PackShape, PackTest, RouteShape, StepShape, TestSite
from rules.vocabulary import LANGUAGES

T = {"fi": "a", "sv": "b", "en": "c"}


def step(**fields: object) -> StepShape:
    return StepShape.model_validate_json(msgspec.json.encode({"id": "s", "kind": "close", "title": T, **fields}))


def test_one_sentence_stands_for_three_languages() -> None:
    route = {"name": "a", "desc": "Yksi lause", "why": "w", "when": "always", "plan": "log"}
    shape = RouteShape.model_validate_json(msgspec.json.encode(route))
    assert shape.desc == dict.fromkeys(LANGUAGES, "Yksi lause")


@pytest.mark.parametrize("name", ["a", "a-b_c9", "9", "x" * 64])
def test_names(name: str) -> None:
    assert step(id=name).id == name


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "-a", "a-", "a--b", "ä", "x" * 65, "a\n"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValidationError, match="is no name"):
        step(id=name)


def test_numbers_and_single_words_are_taken_as_people_write_them() -> None:
    test = {
        "name": "t",
        "signal": {"scheme": "contact_id", "code": 130, "zone": 15},
        "site": {"tags": "a", "groups": ["b", 7]},
    }
    shape = PackTest.model_validate_json(msgspec.json.encode(test))
    assert (shape.signal.code, shape.signal.zone) == ("130", "15")
    assert isinstance(shape.site, TestSite)
    assert (shape.site.tags, shape.site.groups) == (("a",), ("b", "7"))


@pytest.mark.parametrize(
    ("field", "value"), [("timeout_s", 0), ("timeout_s", 1e9), ("rounds", 0), ("rounds", 11), ("sla_s", -1)]
)
def test_durations_and_counts_have_bounds(field: str, value: float) -> None:
    with pytest.raises(ValidationError):
        step(**{field: value})
    assert step(timeout_s=365 * 86_400).timeout_s == 365 * 86_400


def test_texts_and_steps_have_bounds() -> None:
    step(title={**T, "en": "x" * 2000})
    with pytest.raises(ValidationError, match="longer than 2000"):
        step(title={**T, "en": "x" * 2001})


def test_flags_are_not_words() -> None:
    with pytest.raises(ValidationError, match="valid boolean"):
        step(automatic="yes")
    pack = {"pack": "x", "requires": True}
    with pytest.raises(ValidationError, match="valid integer"):
        PackShape.model_validate_json(msgspec.json.encode(pack))
