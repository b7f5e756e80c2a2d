from __future__ import annotations

import pytest

from tests.arcd.core.conditioning.scene import a_play, cid, tell
from tests.arcd.core.flags import scene as flags
from tests.playbook import Panel


@pytest.mark.parametrize(("code", "is_armed"), [("CL", True), ("OP", False), ("CA", True), ("OR", False)])
def test_openings_and_closings_set_the_state_of_their_area(code: str, is_armed: bool) -> None:
    play = a_play()
    tell(play, Panel().sia(code, zone="7"))
    assert play.station.state.siteruns["S-1"].armed == {"intrusion/1": is_armed}
    play.end()


def test_contact_id_closes_with_the_restore_qualifier() -> None:
    play, panel = a_play(), Panel()
    tell(play, cid(panel, "3401", zone="007", area="02"))
    tell(play, cid(panel, "1401", zone="007", area="01"))
    assert play.station.state.siteruns["S-1"].armed == {"intrusion/2": True, "intrusion/1": False}
    play.end()


@pytest.mark.parametrize("event", ["1454", "1453"])
def test_a_report_about_closing_changes_nothing(event: str) -> None:
    play = a_play()
    tell(play, cid(Panel(), event, zone="007"))
    run = play.station.state.siteruns.get("S-1")
    assert run is None or run.armed == {}
    play.end()


def test_a_test_hides_nothing_from_the_armed_state() -> None:
    play, panel = a_play(), Panel()
    tell(play, panel.sia("OP", zone="7"))
    tell(play, flags.start())
    assert tell(play, panel.sia("CL", zone="7")) == "held"
    assert play.station.state.siteruns["S-1"].armed == {"intrusion/1": True}
    play.end()
