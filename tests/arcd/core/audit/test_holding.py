"""What a hold can be on."""

from __future__ import annotations

import pytest

from arcd.core.audit.holding import is_holdable, period_of

DAY_NS = 86_400 * 10**9
DECEMBER = 1_796_083_200 * 10**9  # 2026-12-01T00:00:00Z


@pytest.mark.parametrize(
    ("subject", "period"),
    [
        ("period/2026-12-01T00:00:00Z/2026-12-02T00:00:00Z", (DECEMBER, DECEMBER + DAY_NS)),
        ("period/2026-12-01T02:00:00+02:00/2026-12-02T00:00:00.500Z", (DECEMBER, DECEMBER + DAY_NS + 5 * 10**8)),
        ("period/2026-12-02T00:00:00Z/2026-12-02T00:00:00Z", None),
        ("period/2026-12-01/2026-12-02", None),
        ("period/then/now", None),
        ("period/", None),
        ("case/C1", None),
        ("centre", None),
    ],
)
def test_periods(subject: str, period: tuple[int, int] | None) -> None:
    assert period_of(subject) == period
    if subject.startswith("period/"):
        assert is_holdable(subject) == (period is not None)


@pytest.mark.parametrize(
    ("subject", "can_be_held"),
    [("case/C1", True), ("site/K/1", True), ("centre", True), ("case/", False), ("case", False), ("site/a\0", False)],
)
def test_subjects(subject: str, can_be_held: bool) -> None:
    assert is_holdable(subject) == can_be_held
