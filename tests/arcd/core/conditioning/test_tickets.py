from __future__ import annotations

import pytest

from rules.loader import load
from rules.vocabulary import ARCD_CODES
from tests.arcd.core.conditioning.scene import HOUR, SOURCES, a_play, noted, tell, wait
from tests.playbook import Panel
from tests.sites import plan


def test_tickets_of_one_matter_fold() -> None:
    play, panel = a_play(unrestored_alarm_s=HOUR), Panel()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, HOUR)
    tell(play, panel.sia("BA", zone="4"))
    wait(play, HOUR)
    assert noted(play, "ticket.joined") == [{"code": "unrestored", "about": ""}]
    play.end()


def test_where_the_packs_want_none_it_is_noted_and_nothing_is_lost() -> None:
    sources = {**SOURCES, "plans/trouble.yaml": plan("trouble", opens_case=False, priority="P5")}
    play, panel = a_play(sources=sources, runaway_count=1, runaway_window_s=60.0), Panel()
    tell(play, panel.sia("BA", zone="3"))
    assert tell(play, panel.sia("BA", zone="3")) == "folded"
    assert tell(play, panel.sia("BA", zone="3")) == "folded"
    assert noted(play, "ticket.logged") == [{"code": "runaway", "site": "S-1", "about": "1001|sia|BA|3"}]
    play.end()


@pytest.mark.parametrize("code", ["runaway", "swinger", "unrestored"])
def test_the_packs_know_them(code: str) -> None:
    assert code in ARCD_CODES
    assert load(SOURCES).ruleset is not None
