"""requirements 4.4: the unset filter, and mains failures that wait for their restore."""

from __future__ import annotations

import pytest

from arcd.core.facts import DAEMON, SiteImported, SiteRemoved
from arcd.core.siterun import PENDING_MAX
from tests.arcd.core.conditioning.scene import SHIPPED, a_play, a_shop, because, cid, judged, noted, tell, wait
from tests.playbook import NS, START, Due, Panel, Playbook

MAINS = {"mains_fail_delay_s": 1800.0}
UNSET = {"unset_filter_s": 120.0}


def armed(**conditioning: object) -> tuple[Playbook, Panel]:
    play, panel = a_play(**{**UNSET, **conditioning}), Panel()  # type: ignore[arg-type] # – a site's settings
    tell(play, panel.sia("CL", zone="7"))
    return play, panel


# --------------------------------------------------------------------------------------------------------- unset filter


def test_an_alarm_at_an_armed_site_waits_for_its_user() -> None:
    play, panel = armed()
    play >> panel.sia("BA", zone="1")
    (
        play
        << """
        pending waits for opening
        reply ack
        """
    )
    wait(play, 30)
    play >> panel.sia("OP", zone="7")
    (
        play
        << """
        logged routed x/op log P5
        signal.explained entry=11 because=user_entry user=7
        reply ack
        """
    )
    wait(play, 1000)
    assert not play.station.state.cases
    play.end()


def test_who_disarms_during_a_hold_up_explains_nothing() -> None:
    """As with a cancel: there may be a knife at the user's back."""
    play, panel = armed()
    tell(play, panel.sia("BA", zone="1"))
    tell(play, panel.sia("HA", zone="2"))
    assert tell(play, panel.sia("OP", zone="7")) == "logged"
    assert noted(play, "cancel.not_believed") == [{"code": "OP"}]
    assert not noted(play, "signal.explained")
    wait(play, 120)
    assert sorted(case.category.value for case in play.station.state.cases.values()) == ["holdup", "intrusion"]
    play.end()


def test_nobody_comes() -> None:
    """Decided at the deadline, with the entry and the instant of its receipt."""
    play, panel = armed()
    wait(play, 7)
    tell(play, panel.sia("BA", zone="1"))
    play >> Due("site/S-1/pending/11.0")
    (
        play
        << """
        -- +127 site/S-1/pending/11.0
        opened C12 routed x/ba look P2
        signal.waited entry=11 waited_for=opening
        case.opened C12 type=alarm site=S-1 priority=P2 plan=look
        step.started C12 step=finish kind=close automatic=False
        """
    )
    (attached,) = play.case("C12").signals
    assert (attached.seq, attached.at) == (11, START + 7 * NS)
    assert play.stepped.record.judgements[0].seq == 11
    assert play.case("C12").opened_at == play.now
    play.end()


@pytest.mark.parametrize(("after_s", "cases"), [(119, 0), (121, 1)])
def test_the_wait(after_s: float, cases: int) -> None:
    play, panel = armed()
    tell(play, panel.sia("BA", zone="1"))
    wait(play, after_s)
    tell(play, panel.sia("OP", zone="7"))
    assert len(play.station.state.cases) == cases
    play.end()


def test_at_the_very_instant_the_deadline_goes_first() -> None:
    play, panel = armed()
    tell(play, panel.sia("BA", zone="1"))
    wait(play, 120)
    assert len(play.station.state.cases) == 1
    play.end()


def test_one_that_follows_does_not_make_it_wait_longer() -> None:
    play, panel = armed()
    tell(play, panel.sia("BA", zone="1"))
    wait(play, 100)
    assert tell(play, panel.sia("BA", zone="1")) == "pending"
    wait(play, 20)
    assert not play.station.state.siteruns["S-1"].pending
    assert play.case("C13").signal_count == 2
    play.end()


@pytest.mark.parametrize("zone", ["3", "4"])
def test_a_second_detector_ends_the_waiting(zone: str) -> None:
    play, panel = armed(confirm_window_s=2700.0)
    tell(play, panel.sia("BA", zone="1"))
    wait(play, 10)
    assert tell(play, panel.sia("BA", zone=zone)) == "opened joined"
    case = play.case("C12")
    assert (case.verification, case.signal_count) == (2, 2)
    assert [each.seq for each in case.signals] == [11, 12]
    play.end()


def test_a_failing_path_ends_it_as_well() -> None:
    play, panel = armed(path_alarm_window_s=3600.0)
    tell(play, panel.sia("BA", zone="1"))
    assert tell(play, panel.sia("YC")) == "opened opened"
    case = next(case for case in play.station.state.cases.values() if case.category == "intrusion")
    assert case.verification == 2
    play.end()


def test_a_cancel_is_put_before_an_operator_at_once() -> None:
    play, panel = armed(cancel_window_s=300.0)
    tell(play, panel.sia("BA", zone="1"))
    assert tell(play, panel.sia("BC", zone="7")) == "opened joined"
    assert play.case("C12").proposal == "cancelled"
    play.end()


def test_a_verified_alarm_does_not_wait() -> None:
    play, panel = armed()
    assert tell(play, panel.sia("BV", zone="1")) == "opened"
    play.end()


def test_nothing_waits_where_a_case_is_open_already() -> None:
    play, panel = armed()
    tell(play, panel.sia("TA", zone="1"))
    assert tell(play, panel.sia("BA", zone="1")) == "joined"
    play.end()


def test_a_disarmed_area_has_nobody_to_wait_for() -> None:
    play, panel = a_play(**UNSET), Panel()
    assert tell(play, panel.sia("BA", zone="1")) == "opened", "not known to be armed"
    play.end()


@pytest.mark.parametrize(("code", "what"), [("EA", "pending"), ("EZ", "pending"), ("BA", "opened")])
def test_the_way_out_waits_in_any_state(code: str, what: str) -> None:
    play, panel = a_play(**UNSET), Panel()
    tell(play, panel.sia("OP", zone="7"))
    assert tell(play, panel.sia(code, zone="1")) == what
    play.end()


def test_an_area_that_reports_no_openings_does_not_wait() -> None:
    play, panel = armed()
    tell(play, panel.sia("CL", zone="7", area="2"))
    assert tell(play, panel.sia("BA", zone="4", area="2")) == "opened"
    play.end()


@pytest.mark.parametrize(("area", "user", "is_explained"), [("1", "7", True), ("2", "7", False), ("1", "", False)])
def test_whose_opening_explains_it(area: str, user: str, is_explained: bool) -> None:
    play, panel = armed()
    tell(play, panel.sia("BA", zone="1"))
    tell(play, panel.sia("OP", zone=user, area=area))
    assert (not play.station.state.siteruns["S-1"].pending) is is_explained
    play.end()


@pytest.mark.parametrize("code", ["HA", "FA", "PA", "MA", "HV"])
def test_life_safety_never_waits(code: str) -> None:
    play, panel = armed()
    assert tell(play, panel.sia(code, zone="1")) == "opened"
    play.end()


def test_a_restore_does_not_take_the_alarm_back() -> None:
    play, panel = armed(unrestored_alarm_s=14400.0)
    tell(play, panel.sia("BA", zone="1"))
    assert tell(play, panel.sia("BR", zone="1")) == "restored"
    assert because(play) == "restores entry 11"
    wait(play, 120)
    assert play.case("C13").is_open
    assert not play.station.state.siteruns["S-1"].triggers, "and none is expected any more"
    play.end()


def test_two_of_one_frame() -> None:
    play, panel = armed()
    assert tell(play, panel.sia("BA/UA", zone="1")) == "pending pending"
    wait(play, 120)
    assert [judgement.index for _, stepped in play.history[-2:] for judgement in stepped.record.judgements] == [0, 1]
    play.end()


# -------------------------------------------------------------------------------------------------------- mains failure


def test_a_short_mains_failure_is_nobodys_matter() -> None:
    play, panel = a_play(**MAINS), Panel()
    assert tell(play, panel.sia("AT")) == "pending"
    assert because(play) == "waits for restore"
    wait(play, 1799)
    assert tell(play, panel.sia("AR")) == "restored"
    assert because(play) == "restores entry 10"
    wait(play, 9999)
    assert not play.station.state.cases
    play.end()


def test_a_long_one_is() -> None:
    play, panel = a_play(**MAINS), Panel()
    tell(play, panel.sia("AT"))
    wait(play, 1800)
    case = play.case("C11")
    assert case.signals[0].at == START
    assert noted(play, "signal.waited") == [{"entry": 10, "waited_for": "restore"}]
    assert tell(play, panel.sia("AR")) == "restored"
    play.end()


@pytest.mark.parametrize("code", ["1301", "1342"])
def test_contact_id(code: str) -> None:
    play, panel = a_play(**MAINS), Panel()
    assert tell(play, cid(panel, code)) == "pending"
    assert tell(play, cid(panel, "6" + code[1:])) == "pending", "still present"
    assert because(play) == "still present since entry 10"
    assert tell(play, cid(panel, "3" + code[1:])) == "restored"
    play.end()


def test_a_flat_battery_does_not_wait() -> None:
    play = a_play(**MAINS)
    assert tell(play, Panel().sia("YT")) == "opened"
    play.end()


def test_it_waits_under_the_shipped_rules_as_well() -> None:
    play = a_play(sources=SHIPPED, **MAINS)
    assert tell(play, Panel().sia("AT")) == "pending"
    wait(play, 1800)
    assert play.case("C11").type == "service_request"
    play.end()


# --------------------------------------------------------------------------------------------------------------- limits


def test_what_does_not_fit_is_decided_at_once() -> None:
    play, panel = armed()
    for number in range(PENDING_MAX):
        assert tell(play, panel.sia("BA", zone=str(100 + number))) == "pending"
    assert tell(play, panel.sia("BA", zone="200")) == "opened"
    play.end()


def test_a_site_that_is_removed_meanwhile_loses_nothing() -> None:
    play, panel = a_play(**MAINS), Panel()
    tell(play, panel.sia("AT"))
    play >> SiteRemoved(at=0, site_id="S-1", actor=DAEMON)
    play << "refused site.pending: A signal of S-1 still waits to be decided; try again later."
    tell(play, panel.sia("AR"))
    play >> SiteRemoved(at=0, site_id="S-1", actor=DAEMON)
    play << ...
    assert "S-1" not in play.station.state.sites
    assert not play.deadlines()
    play.end()


def test_an_account_that_is_taken_out_meanwhile_loses_nothing() -> None:
    play, panel = a_play(**MAINS), Panel("1002")
    tell(play, panel.sia("AT"))
    play >> SiteImported(at=0, site=a_shop(accounts=("1001",)), actor=DAEMON)
    play << ...
    play >> Due("site/S-1/pending/10.0")
    play << ...
    assert (judged(play), because(play)) == ("opened", "unknown_account")
    assert play.case("C12").signals[0].seq == 10
    play.end()


def test_turned_off() -> None:
    play, panel = armed(unset_filter_s=0.0, mains_fail_delay_s=0.0)
    assert tell(play, panel.sia("BA", zone="1")) == "opened"
    assert tell(play, panel.sia("AT")) == "opened"
    play.end()
