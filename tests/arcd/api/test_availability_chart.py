from __future__ import annotations

from xml.etree import ElementTree

import pytest

from arcd.api.availability_chart import LABELS, LINES_MAX, PANEL, TOP, Line, chart, ratio_text
from arcd.core.line_service.availability import months_of
from arcd.core.line_service.evidence import evidence
from tests.arcd.core.line_service.test_availability import HELSINKI, NEW_YEAR, NEXT_YEAR, fault


@pytest.mark.parametrize(
    ("ratio", "language", "text"),
    [
        (1.0, "fi", "100 %"), (0.999999, "fi", "99,999 %"), (0.99996, "en", "99.996%"), (0.9988888, "sv", "99,88 %"),
        (0.0, "en", "0.00%"), (None, "fi", "–"), (0.97, "fi", "97,00 %"),
    ],
)  # fmt: skip
def test_what_failed_never_reads_a_hundred(ratio: float | None, language: str, text: str) -> None:
    assert ratio_text(ratio, language) == text


def test_names_are_data_and_panels_are_bounded() -> None:
    shown = evidence(months_of(HELSINKI, 2026), [(NEW_YEAR, NEXT_YEAR)], [fault("2026-04-02 10:00", None)], NEXT_YEAR)
    lines = [Line(name=f"<script>{n}", category="DP3", evidence=shown) for n in range(LINES_MAX + 5)]
    picture = chart('K-1 "Varasto" & <b>', lines, HELSINKI, "fi", NEXT_YEAR)
    root = ElementTree.fromstring(picture)
    assert root.get("height") == str(TOP + PANEL * LINES_MAX)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_every_label_is_in_three_languages() -> None:
    assert {tuple(sorted(texts)) for texts in LABELS.values()} == {("en", "fi", "sv")}
