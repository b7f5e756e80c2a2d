from __future__ import annotations

from itertools import combinations

import pytest

from arcd.core.conditioning.levels import EVIDENCE, LEVEL_MAX, PANEL, PATH, SEQUENTIAL, proposal
from protocols.signals import Category

ALARMS = ("intrusion", "tamper", "holdup", "duress", "fire", "medical")


@pytest.mark.parametrize(
    ("evidence", "level"),
    [
        ((), 1),
        ((PATH,), 2),
        ((SEQUENTIAL,), 2),
        ((PANEL,), 2),
        ((SEQUENTIAL, PANEL), 2),
        ((SEQUENTIAL, PATH), 3),
        ((PANEL, PATH), 3),
        ((SEQUENTIAL, PANEL, PATH), 3),
    ],
)
def test_an_alarm_and_its_evidence(evidence: tuple[str, ...], level: int) -> None:
    assert proposal(Category.INTRUSION, evidence) == level


def test_what_is_no_alarm_asks_for_no_response() -> None:
    for category in Category:
        expected = 1 if category.value in ALARMS else 0
        assert proposal(category, ()) == expected
        if not expected:
            assert proposal(category, EVIDENCE) == 0


def test_more_evidence_never_lowers_and_only_a_person_gives_4() -> None:
    for category in Category:
        for size in range(len(EVIDENCE) + 1):
            for some in combinations(EVIDENCE, size):
                for extra in EVIDENCE:
                    assert proposal(category, some) <= proposal(category, {*some, extra}) <= LEVEL_MAX
