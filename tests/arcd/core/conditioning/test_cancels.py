"""requirements 4.4, abort: alarm, then cancel or opening by a valid user inside the window."""

from __future__ import annotations

import pytest

from tests.arcd.core.conditioning.scene import SOURCES, a_play, because, cid, happened, noted, tell, wait
from tests.playbook import Panel, Playbook, move
from tests.sites import DISPATCH, plan


def cancelling(**conditioning: object) -> tuple[Playbook, Panel]:
    return a_play(**{"cancel_window_s": 300.0, **conditioning}), Panel()  # type: ignore[arg-type] # – a site's settings


@pytest.mark.parametrize("code", ["BC", "OC", "OP"])
def test_a_cancelled_alarm_keeps_its_operator(code: str) -> None:
    play, panel = cancelling()
    tell(play, panel.sia("BA", zone="3"))
    assert tell(play, panel.sia(code, zone="7")) == "joined"
    assert because(play) == "cancelled_by_user"
    case = play.case()
    assert (case.is_open, case.proposal, case.signal_count) == (True, "cancelled", 2)
    assert noted(play, "case.cancelled_by_user") == [{"code": code, "user": "7"}]
    play.end()


@pytest.mark.parametrize(("later_s", "proposal"), [(299, "cancelled"), (300, "cancelled"), (301, "")])
def test_the_window(later_s: float, proposal: str) -> None:
    play, panel = cancelling()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, later_s)
    tell(play, panel.sia("OP", zone="7"))
    assert play.case().proposal == proposal
    play.end()


def test_the_window_begins_with_the_first_alarm_of_the_case() -> None:
    play, panel = cancelling()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, 299)
    tell(play, panel.sia("BA", zone="3"))
    wait(play, 2)
    tell(play, panel.sia("BC", zone="7"))
    assert play.case().proposal == ""
    play.end()


def test_where_the_contract_allows_it_the_case_closes() -> None:
    play, panel = cancelling(cancel_closes=True)
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("BC", zone="7"))
    case = play.case()
    assert (case.is_open, case.state, case.disposition) == (False, "closed", "cancelled")
    assert noted(play, "case.settled_itself") == [{"because": "cancelled_by_user"}]
    play.end()


def test_not_when_somebody_has_begun() -> None:
    play, panel = cancelling(cancel_closes=True)
    tell(play, panel.sia("BA", zone="3"))
    play >> move("acknowledge")
    play << ...
    tell(play, panel.sia("BC", zone="7"))
    assert play.case().is_open
    assert play.case().proposal == "cancelled"
    play.end()


@pytest.mark.parametrize("second", ["4", "tamper"])
def test_not_when_it_is_more_than_one_detector(second: str) -> None:
    play, panel = cancelling(cancel_closes=True, confirm_window_s=2700.0)
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("TA", zone="3") if second == "tamper" else panel.sia("BA", zone=second))
    tell(play, panel.sia("BC", zone="7"))
    assert play.case().is_open
    play.end()


@pytest.mark.parametrize("code", ["HA", "FA", "PA", "MA"])
@pytest.mark.parametrize("taken_back", ["BC", "OC", "FC", "OP"])
def test_life_safety_is_never_cancelled(code: str, taken_back: str) -> None:
    play, panel = cancelling(cancel_closes=True)
    tell(play, panel.sia(code, zone="3"))
    tell(play, panel.sia(taken_back, zone="7"))
    assert play.case().is_open
    assert play.case().proposal == ""
    play.end()


def test_nobody_is_believed_while_a_hold_up_is_open() -> None:
    play, panel = cancelling(cancel_closes=True)
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("HA", zone="4"))
    tell(play, panel.sia("BC", zone="7"))
    assert play.case().is_open
    assert play.case().proposal == ""
    assert noted(play, "cancel.not_believed") == [{"code": "BC"}]
    play.end()


@pytest.mark.parametrize("told", ["nobody", "closing", "fire", "elsewhere", "old"])
def test_what_cancels_nothing(told: str) -> None:
    play, panel = cancelling(delayed_after_s=600.0)
    tell(play, panel.sia("BA", zone="3"))
    match told:
        case "nobody":
            tell(play, panel.sia("OP"))
        case "closing":
            tell(play, panel.sia("CL", zone="7"))
        case "fire":
            tell(play, panel.sia("FC", zone="7"))
        case "elsewhere":
            tell(play, cid(panel, "1465", zone="007"))
        case "old":
            tell(play, happened(panel.sia("BC", zone="7"), 601))
    assert play.case().proposal == ""
    play.end()


def test_contact_id() -> None:
    play, panel = cancelling()
    tell(play, cid(panel, "1130", zone="003"))
    tell(play, cid(panel, "1406", zone="007"))
    assert play.case().proposal == "cancelled"
    play.end()


def test_a_guard_who_was_only_asked_is_called_off() -> None:
    sources = {**SOURCES, "plans/look.yaml": plan("look", DISPATCH)}
    play, panel = a_play(sources=sources, cancel_window_s=300.0, cancel_closes=True), Panel()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("OP", zone="7"))
    assert not play.case().is_open
    assert play.case().dispatches[0].status.value == "cancelled"
    play.end()


def test_turned_off() -> None:
    play, panel = a_play(cancel_closes=True), Panel()
    tell(play, panel.sia("BA", zone="3"))
    assert tell(play, panel.sia("BC", zone="7")) == "logged"
    play.end()
