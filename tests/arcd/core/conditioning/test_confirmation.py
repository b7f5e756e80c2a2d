"""requirements 2.5 and 4.4: sequential confirmation, hold-up confirmation, path fault and alarm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arcd.core.conditioning.confirmation import are_independent
from arcd.core.siterun import ACTIVATIONS_MAX, Activation
from tests.arcd.core.conditioning.scene import HOUR, SHIPPED, a_play, happened, tell, wait
from tests.playbook import Panel, Playbook

WINDOW = {"confirm_window_s": 45 * 60.0}
PATH = {"path_alarm_window_s": HOUR}
HOLDUP = {"holdup_confirm_gap_s": 120.0, "holdup_confirm_window_s": 20 * HOUR}


def level(play: Playbook, case_id: str = "C10") -> int:
    return play.case(case_id).verification


@pytest.mark.parametrize(
    ("first", "second", "confirmed"),
    [
        ("1", "4", True),  # other technology, other place
        ("1", "3", True),  # one room, other technology
        ("1", "2", False),  # one room, one technology
        ("3", "3", False),  # itself
        ("3", "5", False),  # the second is outdoors
        ("5", "3", False),  # the first was
        ("3", "9", False),  # nobody knows what 9 is
        ("3", "", False),
    ],
)
def test_which_detectors_confirm_each_other(first: str, second: str, confirmed: bool) -> None:
    play, panel = a_play(**WINDOW), Panel()
    tell(play, panel.sia("BA", zone=first))
    assert level(play) == 1
    wait(play, 60)
    tell(play, panel.sia("BA", zone=second))
    assert level(play) == (2 if confirmed else 1)
    play.end()


@pytest.mark.parametrize(("later_s", "confirmed"), [(2699, True), (2700, True), (2701, False)])
def test_the_window(later_s: float, confirmed: bool) -> None:
    play, panel = a_play(**WINDOW), Panel()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, later_s)
    tell(play, panel.sia("BA", zone="4"))
    assert (level(play) == 2) is confirmed
    play.end()


def test_a_later_activation_does_not_extend_it() -> None:
    """Zone 3 at 0 and again at 40 min, zone 4 at 50 min: its anchor is 50 minutes ago."""
    play, panel = a_play(**WINDOW), Panel()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, 40 * 60)
    tell(play, panel.sia("BA", zone="3"))
    wait(play, 10 * 60)
    tell(play, panel.sia("BA", zone="4"))
    assert level(play) == 1
    wait(play, 44 * 60)
    tell(play, panel.sia("BA", zone="3"))
    assert level(play) == 2, "the third one anchored a new window"
    play.end()


def test_an_opening_explains_what_was_before() -> None:
    play, panel = a_play(**WINDOW), Panel()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("OP", zone="7"))
    tell(play, panel.sia("CL", zone="7"))
    tell(play, panel.sia("BA", zone="4", area="2"))
    assert level(play) == 1
    play.end()


def test_an_opening_elsewhere_does_not() -> None:
    play, panel = a_play(**WINDOW), Panel()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("OP", zone="7", area="2"))
    tell(play, panel.sia("BA", zone="1"))
    assert level(play) == 2
    play.end()


def test_a_more_urgent_plan_takes_over() -> None:
    """The shipped rules: confirmed intrusion is another plan, P1."""
    play, panel = a_play(sources=SHIPPED, **WINDOW), Panel()
    tell(play, panel.sia("BA", zone="3"))
    case = play.case()
    assert (case.priority.value, case.plan and case.plan.name) == ("P2", "intrusion")
    tell(play, panel.sia("BA", zone="4"))
    case = play.case()
    assert (case.priority.value, case.plan and case.plan.name, case.verification) == ("P1", "intrusion-confirmed", 2)
    assert case.evidence == ("sequential",)
    tell(play, panel.sia("BA", zone="5"))
    assert play.case().verification == 2, "a detector that confirms nothing lowers nothing"
    play.end()


def test_the_panel_has_confirmed_it_itself() -> None:
    play = a_play(**WINDOW)
    tell(play, Panel().sia("BV", zone="9"))
    assert level(play) == 2
    play.end()


def test_an_exit_error_confirms_nothing() -> None:
    play, panel = a_play(**WINDOW), Panel()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("EA", zone="4"))
    assert level(play) == 1
    play.end()


def test_a_burst_of_old_events_is_measured_by_its_own_times() -> None:
    play, panel = a_play(**WINDOW, delayed_after_s=600.0), Panel()
    tell(play, happened(panel.sia("BA", zone="3"), 5 * HOUR))
    tell(play, panel.sia("BA", zone="4"))
    assert level(play) == 1, "five hours lie between them"
    tell(play, happened(panel.sia("BA", zone="3"), 1800))
    assert level(play) == 2
    play.end()


# ------------------------------------------------------------------------------------------------------------- hold-up


@pytest.mark.parametrize(
    ("later_s", "confirmed"),
    [
        (10, False),
        (119, False),
        (120, True),
        (121, True),
        (20 * HOUR - 1, True),
        (20 * HOUR, True),
        (20 * HOUR + 1, False),
    ],
)
def test_a_second_press(later_s: float, confirmed: bool) -> None:
    play, panel = a_play(**HOLDUP), Panel()
    tell(play, panel.sia("HA", zone="3"))
    wait(play, later_s)
    tell(play, panel.sia("HA", zone="3"))
    assert (level(play) == 2) is confirmed
    play.end()


def test_a_bouncing_button_does_not_move_the_window() -> None:
    play, panel = a_play(**HOLDUP), Panel()
    for _ in range(3):
        tell(play, panel.sia("HA", zone="3"))
        wait(play, 60)
    assert level(play) == 2, "120 s after the first"
    play.end()


def test_disarming_does_not_explain_a_hold_up() -> None:
    play, panel = a_play(**HOLDUP), Panel()
    tell(play, panel.sia("HA", zone="3"))
    wait(play, 200)
    tell(play, panel.sia("OP", zone="7"))
    tell(play, panel.sia("HA", zone="4"))
    assert level(play) == 2
    play.end()


# ------------------------------------------------------------------------------------------------- path fault and alarm


@pytest.mark.parametrize(("later_s", "expected"), [(3599, 2), (3600, 2), (3601, 1)])
def test_an_alarm_after_a_path_fault(later_s: float, expected: int) -> None:
    play, panel = a_play(**PATH), Panel()
    tell(play, panel.sia("YC"))
    wait(play, later_s)
    tell(play, panel.sia("BA", zone="3"))
    case = next(case for case in play.station.state.cases.values() if case.category == "intrusion")
    assert case.verification == expected
    play.end()


@pytest.mark.parametrize(("later_s", "expected"), [(3599, 2), (3600, 2), (3601, 1)])
def test_a_path_fault_after_an_alarm(later_s: float, expected: int) -> None:
    play, panel = a_play(**PATH), Panel()
    tell(play, panel.sia("BA", zone="3"))
    wait(play, later_s)
    tell(play, panel.sia("YC"))
    assert level(play) == expected
    play.end()


def test_the_alarms_plan_takes_over_and_the_fault_is_treated_as_an_attack() -> None:
    play, panel = a_play(sources=SHIPPED, **PATH), Panel()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("YC"))
    case = play.case()
    assert (case.priority.value, case.plan and case.plan.name) == ("P1", "intrusion-confirmed")
    fault = next(case for case in play.station.state.cases.values() if case.category == "supervision")
    assert (fault.plan and fault.plan.name) == "supervision-high-risk"
    tell(play, panel.sia("YC"))
    assert level(play) == 2, "the same evidence twice is no more"
    play.end()


def test_both_together_are_three() -> None:
    play, panel = a_play(**PATH, **WINDOW), Panel()
    tell(play, panel.sia("YC"))
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("BA", zone="4"))
    case = next(case for case in play.station.state.cases.values() if case.category == "intrusion")
    assert case.verification == 3
    play.end()


def test_a_path_that_is_back_was_no_cut_cable() -> None:
    play, panel = a_play(**PATH), Panel()
    tell(play, panel.sia("YC"))
    tell(play, panel.sia("YK"))
    tell(play, panel.sia("BA", zone="3"))
    case = next(case for case in play.station.state.cases.values() if case.category == "intrusion")
    assert case.verification == 1
    play.end()


def test_a_fault_that_many_sites_share_says_nothing() -> None:
    play, panel = a_play(**PATH), Panel()
    tell(play, panel.sia("YC"))
    runs = play.station.state.siteruns
    run = runs["S-1"]
    stormy = tuple(replace(each, is_of_storm=True) for each in run.triggers)
    runs.put("S-1", replace(run, triggers=stormy))
    play.station.state.keep()
    tell(play, panel.sia("BA", zone="3"))
    case = next(case for case in play.station.state.cases.values() if case.category == "intrusion")
    assert case.verification == 1


# --------------------------------------------------------------------------------------------------------- the relation

activations = st.builds(
    Activation,
    seq=st.just(1),
    zone=st.sampled_from(["1", "2", "3"]),
    area=st.just(""),
    technology=st.sampled_from(["", "pir", "contact"]),
    confirm_group=st.sampled_from(["", "hall", "store"]),
)


@given(activations, activations)
def test_independence_is_mutual(one: Activation, other: Activation) -> None:
    assert are_independent(one, other) is are_independent(other, one)
    assert not are_independent(one, replace(other, zone=one.zone))


def test_detectors_are_bounded_and_the_first_ones_stay() -> None:
    play, panel = a_play(**WINDOW), Panel()
    for number in range(ACTIVATIONS_MAX + 4):
        tell(play, panel.sia("BA", zone=str(1 + number % 4)))
    (window,) = play.station.state.siteruns["S-1"].confirming.values()
    assert [one.zone for one in window.activations] == ["1", "2", "3", "4"]
    play.end()
