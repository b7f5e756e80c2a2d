"""What the machine itself writes: complete in three languages, the same facts in each, and values that stay values."""

from __future__ import annotations

import string

import pytest

from arcd.core.case.texts import (
    CATEGORIES,
    MESSAGES,
    REASONS,
    category_text,
    local_clock,
    message,
    reason_text,
    render,
)
from protocols.signals import Category
from rules.vocabulary import LANGUAGES
from tests.playbook import NS, START


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("table", [CATEGORIES, MESSAGES, REASONS])
def test_every_text_is_there_in_every_language_and_says_the_same(table: dict[str, dict[str, str]]) -> None:
    for name, texts in table.items():
        assert set(texts) == set(LANGUAGES), name
        assert all(text.strip() for text in texts.values()), name
        named = [placeholders(text) for text in texts.values()]
        assert all(each == named[0] for each in named), name


def test_every_category_has_a_name() -> None:
    assert set(CATEGORIES) == set(Category)
    assert category_text(None, "en") == "unknown signal"
    assert category_text(Category.FIRE, "sv") == "brandlarm"


def test_another_language_reads_english() -> None:
    values = {"case_id": "C1", "site_name": "Shop"}
    assert message("withdrawn.body", "de", values) == "Job C1 at Shop needs nothing more from you.\n"
    assert reason_text("no_guard", "de") == "no guard took the job"


def test_values_are_data() -> None:
    """A site called {link} gets no link, and nothing in a value can break a text."""
    assert render("{site_name} {zone}", {"site_name": "{link} {0.__class__}", "zone": "{"}) == "{link} {0.__class__} {"


def test_what_nobody_filled_stays_visible() -> None:
    assert render("{case_id}: {link}", {"case_id": "C1"}) == "C1: {link}"


@pytest.mark.parametrize(
    ("after_s", "timezone", "shown"),
    [
        (0, "Europe/Helsinki", "04.03.2026 14:00:00"),
        (7, "Europe/Stockholm", "04.03.2026 13:00:07"),
        (30 * 86400, "Europe/Helsinki", "03.04.2026 15:00:00"),  # summer time
    ],
)
def test_times_are_those_of_the_site(after_s: int, timezone: str, shown: str) -> None:
    assert local_clock(START + after_s * NS, timezone) == shown


def test_an_instant_that_no_calendar_holds_is_shown_all_the_same() -> None:
    assert local_clock(253_402_300_799 * NS, "Europe/Helsinki") == "253402300799 s"  # the last second of 9999, UTC
