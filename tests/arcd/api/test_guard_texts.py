from __future__ import annotations

import re
from typing import Any

import pytest

from arcd.api import guard_texts
from arcd.api.guard_job import Standing
from arcd.core.case.dispatch import REPORT_FIELDS, REPORT_FLAGS
from arcd.core.case.model import DispatchStatus
from arcd.core.facts import GuardAnswer
from rules.vocabulary import LANGUAGES

CATALOGUES: list[dict[Any, dict[str, str]]] = [
    guard_texts.STANDINGS,
    guard_texts.STATUSES,
    guard_texts.ANSWERS,
    guard_texts.REPORT,
    guard_texts.PAGE,
    guard_texts.REFUSALS,
    {"": guard_texts.NO_PAGE},
    {"": guard_texts.TOO_MANY},
    {"": guard_texts.FAILED},
]
ALL = [(str(key), texts) for catalogue in CATALOGUES for key, texts in catalogue.items()]


@pytest.mark.parametrize(("key", "texts"), ALL, ids=[key for key, _ in ALL])
def test_every_text_has_three_languages_with_the_same_placeholders(key: str, texts: dict[str, str]) -> None:
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() == text and text for text in texts.values())
    assert len({tuple(re.findall(r"{\w+}", text)) for text in texts.values()}) == 1


def test_every_word_of_the_core_has_a_text() -> None:
    assert set(guard_texts.STANDINGS) == set(Standing)
    assert set(guard_texts.STATUSES) == set(DispatchStatus)
    assert set(guard_texts.ANSWERS) == set(GuardAnswer)
    assert tuple(guard_texts.REPORT) == REPORT_FIELDS
    assert tuple(guard_texts.REPORT_FLAGS) == REPORT_FLAGS
    assert guard_texts.LANGUAGES == LANGUAGES
    assert set(guard_texts.LANGUAGE_NAMES) == set(LANGUAGES)


def test_a_rule_nobody_translated_still_says_something() -> None:
    assert guard_texts.refusal("rule.of.tomorrow", "sv") == "Svaret godkändes inte. Ring larmcentralen."
