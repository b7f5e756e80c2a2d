from __future__ import annotations

from msgspec.structs import replace

from arcd.core.calendars import Change
from arcd.core.schedules.model import AreaRun, area_id
from arcd.core.site import Hours
from tests.arcd.core.conftest import Play
from tests.arcd.core.schedules.test_areas import scene, utc


def test_nothing_is_known_of_a_new_area() -> None:
    assert not AreaRun().is_open
    assert not AreaRun().is_closed
    assert replace(AreaRun(), armed=False).is_open


def test_changes_end_with_their_last_day() -> None:
    change = Change(id="H1", hours=Hours(), from_day="2026-12-23", until_day="2026-12-24")
    run = AreaRun(changes=(change,))
    assert run.without_past_changes("2026-12-24").changes == (change,)
    assert run.without_past_changes("2026-12-25").changes == ()


def test_an_area_is_named_with_its_site_and_system() -> None:
    assert area_id("K-1", "panel", "3") == "K-1/panel/3"


def test_one_frame_may_hold_both(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-04T18:59"))
    for code, is_open in (("CL/OP", True), ("OP/CL", False)):
        play >> panel.sia(code, zone="4")
        play << ...
        assert play.station.state.area_runs["S-1/panel/1"].is_open is is_open
