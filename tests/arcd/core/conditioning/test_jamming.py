"""requirements 4.4: interference is a trouble, and a tamper while somebody relies on the radio."""

from __future__ import annotations

import pytest

from protocols.signals import Category
from tests.arcd.core.conditioning.scene import SHIPPED, a_shop, cid, noted, tell
from tests.arcd.core.conftest import Play
from tests.playbook import Panel, Playbook


def a_jammed_shop(playbook: Play) -> tuple[Playbook, Panel]:
    shop = a_shop(auto_close_on_restore=(Category.TROUBLE,))
    return playbook(sites=[shop], sources=SHIPPED), Panel()


@pytest.mark.parametrize("event", ["1344 01 000", "1344 00 000"])
def test_at_an_armed_system_it_is_a_tamper(playbook: Play, event: str) -> None:
    play, panel = a_jammed_shop(playbook)
    tell(play, panel.sia("CL", zone="7"))
    assert tell(play, panel.message("ADM-CID", f"#{panel.account}|{event}", None, 0.0)) == "opened"
    case = play.case("C11")
    assert (case.category, case.route, case.priority) == (Category.TAMPER, "tamper/alarm", "P2")
    assert noted(play, "signal.jamming") == [{"index": 0, "code": "344"}]


def test_it_does_not_settle_itself_when_the_radio_is_clear_again(playbook: Play) -> None:
    play, panel = a_jammed_shop(playbook)
    tell(play, panel.sia("CL", zone="7"))
    tell(play, panel.sia("XQ"))
    assert tell(play, panel.sia("XH")) == "restored"
    assert play.case("C11").is_open


@pytest.mark.parametrize("before", [(), ("CL", "OP")])
def test_otherwise_it_is_the_trouble_the_panel_says(playbook: Play, before: tuple[str, ...]) -> None:
    play, panel = a_jammed_shop(playbook)
    for code in before:
        tell(play, panel.sia(code, zone="7"))
    assert tell(play, panel.sia("XQ")) == "opened"
    (case,) = play.station.state.cases.values()
    assert (case.category, case.route) == (Category.TROUBLE, "trouble/fault")
    assert tell(play, panel.sia("XH")) == "restored"
    assert not next(iter(play.station.state.cases.values())).is_open


def test_the_armed_area_is_the_one_that_is_named(playbook: Play) -> None:
    play, panel = a_jammed_shop(playbook)
    tell(play, panel.sia("CL", zone="7", area="1"))
    tell(play, cid(panel, "1344", area="02"))
    (case,) = play.station.state.cases.values()
    assert case.category is Category.TROUBLE
