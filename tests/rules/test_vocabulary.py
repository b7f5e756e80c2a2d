from __future__ import annotations

from protocols.codec import Problem
from rules.vocabulary import ARCD_CODES, GATES, LANGUAGES, PLACEHOLDERS, SERVICES


def test_every_problem_of_a_codec_can_be_reported() -> None:
    assert {str(problem) for problem in Problem} <= set(ARCD_CODES)


def test_words_are_names() -> None:
    for word in [*GATES, *PLACEHOLDERS, *ARCD_CODES, *LANGUAGES, *SERVICES]:
        assert word.isidentifier()
        assert word == word.lower()
