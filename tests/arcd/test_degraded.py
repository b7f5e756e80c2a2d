"""When a part is called bad and when well again: patience both ways, one trouble for one that comes and goes."""

from __future__ import annotations

import pytest

from arcd.checks import Check
from arcd.core.facts import DaemonTroubled
from arcd.core.troubles import CATEGORIES
from arcd.degraded import PATIENCE, Degraded, Reading


class Watched:
    def __init__(self, standing: frozenset[tuple[str, str]] = frozenset()) -> None:
        self.now_s = 0.0
        self.posted: list[DaemonTroubled] = []
        self.degraded = Degraded(
            post=self.posted.append,
            now=lambda: round(self.now_s * 1e9),
            monotonic_s=lambda: self.now_s,
            standing=lambda code, about: (code, about) in standing,
        )

    def look(self, code: str, is_bad: bool, seconds: int = 1, about: str = "") -> list[tuple[float, str, bool]]:
        """So many looks a second apart. What was posted: (seconds, code, cleared)."""
        before = len(self.posted)
        for _ in range(seconds):
            self.now_s += 1
            self.degraded.look([Reading(code, is_bad, "as it is", about)])
        return [(fact.at / 1e9, fact.code, fact.cleared) for fact in self.posted[before:]]


def test_bad_for_a_while_is_raised_once_and_good_for_a_while_clears_it() -> None:
    watched = Watched()
    assert watched.look("commit_slow", True, 10) == []
    assert watched.look("commit_slow", True, 500) == [(11, "commit_slow", False)]
    assert watched.look("commit_slow", False, 60) == []
    assert watched.look("commit_slow", False, 500) == [(571, "commit_slow", True)]


def test_what_comes_and_goes_is_one_trouble() -> None:
    watched = Watched()
    watched.look("loop_slow", True, 11)
    for _ in range(50):
        assert watched.look("loop_slow", False, 30) == []
        assert watched.look("loop_slow", True, 5) == []
    assert len(watched.posted) == 1


def test_a_moment_is_nothing() -> None:
    watched = Watched()
    for _ in range(50):
        assert watched.look("commit_slow", True, 9) == []
        assert watched.look("commit_slow", False, 1) == []


def test_a_full_disk_is_said_at_once() -> None:
    assert Watched().look("disk_low", True) == [(1, "disk_low", False)]


def test_a_trouble_of_the_run_before_is_cleared_by_this_one() -> None:
    watched = Watched(standing=frozenset({("channel_down", "mail")}))
    assert watched.look("channel_down", True, 5, about="mail") == [], "it stands already"
    assert watched.look("channel_down", False, 1, about="mail") == [(6, "channel_down", True)]
    assert watched.look("channel_down", False, 9, about="webhook") == []


def test_what_is_shown() -> None:
    watched = Watched()
    watched.look("channel_down", True, about="mail")
    watched.look("disk_low", False)
    assert watched.degraded.checks() == (
        Check(name="channel_down/mail", ok=False, detail="as it is"),
        Check(name="disk_low", ok=True, detail="as it is"),
    )
    assert watched.degraded.parts() == dict.fromkeys(PATIENCE, False) | {"channel_down": True}


@pytest.mark.parametrize("code", PATIENCE)
def test_every_part_is_a_trouble_that_the_rules_know(code: str) -> None:
    assert code in CATEGORIES
