"""requirements 4.4, swinger: trips and restores inside one armed period; further trips are logged and lower."""

from __future__ import annotations

import pytest

from arcd.core.siterun import SWINGS_MAX, SiteRun, Swing
from rules.model import Priority
from tests.arcd.core.conditioning.scene import HOUR, a_play, because, tell, wait
from tests.playbook import CLOSING, Panel, Playbook, move, step


def swinging(**conditioning: object) -> tuple[Playbook, Panel]:
    settings: dict[str, object] = {"swinger_trips": 3, "swinger_reset_s": 24 * HOUR, **conditioning}
    return a_play(**settings), Panel()


def trip(play: Playbook, panel: Panel, times: int, *, code: str = "BA", restore: str = "BR", zone: str = "3") -> None:
    for _ in range(times):
        tell(play, panel.sia(code, zone=zone))
        tell(play, panel.sia(restore, zone=zone))


def test_the_fourth_trip_calls_nobody() -> None:
    play, panel = swinging()
    trip(play, panel, 2)
    assert tell(play, panel.sia("BA", zone="3")) == "joined", "the third trip still counts"
    tell(play, panel.sia("BR", zone="3"))
    play >> panel.sia("BA", zone="3")
    (
        play
        << """
        swinger C10 3 trips in this armed period
        case.opened C16 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C16 step=finish kind=close automatic=False
        reply ack
        """
    )
    assert play.case("C16").signals[0].signal.code == "swinger"
    assert play.case().signals[-1].signal.code == "BA", "whoever works on the case sees it trip"
    play.end()


def test_one_ticket_however_often() -> None:
    play, panel = swinging()
    trip(play, panel, 8)
    assert [case.id for case in play.station.state.cases.values()] == ["C10", "C16"]
    assert play.case("C16").signal_count == 1
    play.end()


def test_it_raises_nothing() -> None:
    """Not the priority of an open case, not a case of its own."""
    play, panel = swinging()
    trip(play, panel, 3)
    for asked in (move("acknowledge"), step("finish", "skip", note="x"), move("close", form=CLOSING)):
        play >> asked
        play << ...
    assert tell(play, panel.sia("BA", zone="3")) == "swinger"
    (ticket,) = [case for case in play.station.state.cases.values() if case.is_open]
    assert ticket.priority is Priority.P3
    play.end()


def test_another_zone_is_not_to_blame() -> None:
    play, panel = swinging()
    trip(play, panel, 3)
    assert tell(play, panel.sia("BA", zone="4")) == "joined"
    play.end()


def test_a_zone_that_stays_tripped_is_no_swinger() -> None:
    play, panel = swinging()
    for _ in range(6):
        assert tell(play, panel.sia("BA", zone="3")) in ("opened", "joined")
    play.end()


@pytest.mark.parametrize("code", ["CL", "OP"])
def test_arming_and_disarming_begin_a_new_period(code: str) -> None:
    play, panel = swinging()
    trip(play, panel, 3)
    tell(play, panel.sia(code, zone="7"))
    assert tell(play, panel.sia("BA", zone="3")) == "joined"
    play.end()


def test_another_areas_arming_does_not() -> None:
    play, panel = swinging()
    trip(play, panel, 3)
    tell(play, panel.sia("CL", zone="7", area="2"))
    assert tell(play, panel.sia("BA", zone="3")) == "swinger"
    play.end()


@pytest.mark.parametrize(("later_s", "what"), [(24 * HOUR - 1, "swinger"), (24 * HOUR, "opened")])
def test_a_day_begins_anew(later_s: float, what: str) -> None:
    play, panel = swinging()
    trip(play, panel, 3)
    for asked in (move("acknowledge"), step("finish", "skip", note="x"), move("close", form=CLOSING)):
        play >> asked
        play << ...
    wait(play, later_s)
    assert tell(play, panel.sia("BA", zone="3")) == what
    play.end()


@pytest.mark.parametrize(("code", "restore"), [("HA", "HR"), ("FA", "FR")])
def test_life_safety_is_never_a_swinger(code: str, restore: str) -> None:
    play, panel = swinging(swinger_trips=1)
    for _ in range(5):
        assert tell(play, panel.sia(code, zone="3")) in ("opened", "joined")
        tell(play, panel.sia(restore, zone="3"))
    play.end()


def test_turned_off() -> None:
    play, panel = swinging(swinger_trips=0)
    trip(play, panel, 5)
    assert tell(play, panel.sia("BA", zone="3")) == "joined"
    play.end()


def test_an_unmatched_restore_is_no_trip() -> None:
    play, panel = swinging()
    for _ in range(5):
        tell(play, panel.sia("BR", zone="3"))
    assert tell(play, panel.sia("BA", zone="3")) == "opened"
    assert because(play) == "routed"
    play.end()


def test_zones_are_bounded() -> None:
    run = SiteRun()
    for number in range(SWINGS_MAX + 5):
        run = run.with_swing(f"s/{number}/BA", Swing(since=number, area=""))
    assert len(run.swings) == SWINGS_MAX
    assert "s/4/BA" not in run.swings
