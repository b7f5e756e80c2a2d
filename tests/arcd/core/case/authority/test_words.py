from __future__ import annotations

from string import Formatter

import pytest

from arcd.core.case.authority import words
from arcd.core.case.authority.model import AuthorityStatus
from arcd.core.facts import CallAnswer

TABLES = {
    name: getattr(words, name) for name in ("BECAUSE", "PHONE_BECAUSE", "STATUS", "LEVELS", "FIELDS", "CALL_ANSWERS")
}
SINGLE = (words.EXERCISE, words.SAME_EVENT, words.CANCEL_NOT_BELIEVED, words.CANCELLED_BY_USER, words.SAME_AS_CALL)


@pytest.mark.parametrize("name", TABLES)
def test_every_key_has_three_languages(name: str) -> None:
    for key, texts in TABLES[name].items():
        assert set(texts) == {"fi", "sv", "en"}, key
        assert all(text.strip() for text in texts.values()), key


def test_every_state_and_answer_has_words() -> None:
    assert set(words.STATUS) == {status.value for status in AuthorityStatus}
    assert set(words.CALL_ANSWERS) == {answer.value for answer in CallAnswer}
    assert set(words.LEVELS) == set(range(5))


def test_all_languages_name_the_same_values() -> None:
    for texts in (*words.SCRIPT, *SINGLE):
        named = {
            language: {field for _, field, _, _ in Formatter().parse(text) if field} for language, text in texts.items()
        }
        assert named["fi"] == named["sv"] == named["en"], texts["en"]
