"""Row by row: what an alarm centre must do, and the playbook that shows it (requirements 4.2, 4.4, 4.8, 4.9, R-80).

One rule: a row without a test fails here, and so does a test that is named and not there.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from arcd.core.case.authority.gate import CHECKS
from arcd.core.case.model import DispatchStatus

CORE = Path(__file__).parent


# "where::which test", the place relative to this directory.
ON_TEST: dict[str, tuple[str, ...]] = {
    "scope: site, system, area, zones, categories": (
        "flags/test_holding.py::test_the_scope",
        "flags/test_holding.py::test_no_flag_covers_what_it_does_not_name",
    ),
    "scope: the narrowest wins, overlapping ones are a union": (
        "flags/test_holding.py::test_the_narrowest_flag_is_named",
        "flags/test_holding.py::test_two_tests_at_one_site_are_one_union_and_each_hears_its_own",
    ),
    "scope: life safety only where it is ticked": (
        "flags/test_holding.py::test_what_passes_unless_it_is_named",
        "flags/test_holding.py::test_naming_one_emergency_holds_no_other",
    ),
    "who: verified contact, operator, technician; identity on record": (
        "flags/test_authority.py::test_a_test_needs_somebody_who_may_ask",
        "flags/test_authority.py::test_an_operator_a_technician_and_a_verified_contact_may",
    ),
    "who: of a connected device only its alarm contacts (R-62)": (
        "flags/test_authority.py::test_a_connected_device_is_for_its_alarm_contacts_alone",
        "flags/test_authority.py::test_an_alarm_contact_has_to_be_verified_even_by_an_operators_word",
    ),
    "duration: 2 h, 8 h, 24 h by a supervisor; always an expiry": (
        "flags/test_placing.py::test_the_bounds_nobody_may_leave",
        "flags/test_placing.py::test_a_test_stands_at_once_and_ends_by_itself",
    ),
    "expiry: the requester is warned 15 min before": ("flags/test_ending.py::test_a_whole_test",),
    "expiry: one extension by 30 min, then somebody's task": (
        "flags/test_ending.py::test_one_extension_for_what_is_not_finished",
        "flags/test_ending.py::test_it_is_extended_once_and_then_a_person_sees_to_it",
    ),
    "expiry: what comes after it is live": (
        "flags/test_holding.py::test_nothing_is_held_after_the_end_even_when_the_deadline_is_late",
    ),
    "behaviour: received, answered, kept and counted; nobody is alarmed": (
        "flags/test_holding.py::test_the_first_and_the_last_are_kept_and_all_are_counted",
        "conditioning/test_pipeline.py::test_a_test_holds_before_anything_is_counted",
    ),
    "behaviour: supervision of the paths stays active": ("flags/test_holding.py::test_what_passes_unless_it_is_named",),
    "end: expected and received per zone, missing, still unrestored, emergencies": (
        "flags/test_reporting.py::test_a_whole_report",
        "flags/test_reporting.py::test_what_is_expected_is_what_the_scope_names",
    ),
    "end: accepted before it is over": ("flags/test_ending.py::test_the_case_stays_until_somebody_accepts",),
    "safety: a held signal is made live": (
        "flags/test_holding.py::test_a_held_signal_is_made_live_once",
        "flags/test_holding.py::test_it_can_be_made_live_after_the_test_as_well",
    ),
    "safety: the duress word on the telephone": (
        "identity/test_checking.py::test_a_duress_word_is_answered_like_the_right_one_and_opens_a_silent_case",
        "identity/test_checking.py::test_a_test_that_names_duress_does_not_hold_it",
    ),
    "late ending: expired while the daemon was down": (
        "flags/test_ending.py::test_a_test_that_expired_while_the_daemon_was_down_ends_at_once",
    ),
}

CONDITIONED: dict[str, tuple[str, ...]] = {
    "duplicate: the same content within 120 s": (
        "test_intake.py::test_a_retransmission_is_acknowledged_again_and_counted_once",
        "test_intake.py::test_a_repeat_after_the_horizon_is_news",
        "test_intake.py::test_so_is_one_that_came_together_with_something_less",
    ),
    "duplicate: the same event over a second path within 5 min": (
        "conditioning/test_copies.py::test_the_second_path_tells_the_same_thing_once",
        "conditioning/test_copies.py::test_the_window",
    ),
    "delayed signal: flagged, its age shown, confirmed before dispatch": (
        "conditioning/test_arrival.py::test_the_limit",
        "conditioning/test_arrival.py::test_old_news_sends_nobody_until_somebody_has_looked",
    ),
    "runaway: sliding window": (
        "conditioning/test_rates.py::test_the_eleventh_runs_away",
        "conditioning/test_rates.py::test_the_window",
    ),
    "runaway: token bucket": ("conditioning/test_rates.py::test_the_bucket_finds_a_slow_leak",),
    "runaway: one matter, repeats compressed, cleared after 30 min": (
        "conditioning/test_rates.py::test_what_follows_is_counted_with_its_first_and_last",
        "conditioning/test_rates.py::test_it_ends_when_the_source_has_been_below_for_long_enough",
    ),
    "runaway: life safety is never dropped": (
        "conditioning/test_rates.py::test_life_safety_joins_its_own_open_case_and_opens_another_when_that_is_closed",
    ),
    "swinger: logged, lower, a ticket": (
        "conditioning/test_swingers.py::test_the_fourth_trip_calls_nobody",
        "conditioning/test_swingers.py::test_one_ticket_however_often",
    ),
    "swinger: anew after disarming, arming or 24 h; never life safety": (
        "conditioning/test_swingers.py::test_arming_and_disarming_begin_a_new_period",
        "conditioning/test_swingers.py::test_a_day_begins_anew",
        "conditioning/test_swingers.py::test_life_safety_is_never_a_swinger",
    ),
    "abort: cancelled by the user within 5 min, an operator glances": (
        "conditioning/test_cancels.py::test_a_cancelled_alarm_keeps_its_operator",
        "conditioning/test_cancels.py::test_the_window",
    ),
    "abort: closes where the contract allows, never life safety": (
        "conditioning/test_cancels.py::test_where_the_contract_allows_it_the_case_closes",
        "conditioning/test_cancels.py::test_life_safety_is_never_cancelled",
    ),
    "unset filtering: pending until the user opens, or 120 s": (
        "conditioning/test_pending.py::test_an_alarm_at_an_armed_site_waits_for_its_user",
        "conditioning/test_pending.py::test_nobody_comes",
        "conditioning/test_pending.py::test_the_wait",
    ),
    "unset filtering: off for hold-up, off where it is verified": (
        "conditioning/test_pending.py::test_life_safety_never_waits",
        "conditioning/test_pending.py::test_a_verified_alarm_does_not_wait",
    ),
    "sequential confirmation: an independent detector inside the window": (
        "conditioning/test_confirmation.py::test_which_detectors_confirm_each_other",
        "conditioning/test_confirmation.py::test_the_window",
    ),
    "sequential confirmation: anchored to the first; disarming clears": (
        "conditioning/test_confirmation.py::test_a_later_activation_does_not_extend_it",
        "conditioning/test_confirmation.py::test_an_opening_explains_what_was_before",
    ),
    "sequential confirmation: hold-up, 2 min to 20 h": ("conditioning/test_confirmation.py::test_a_second_press",),
    "path fault and alarm: +1 level, either way round, within 60 min": (
        "conditioning/test_confirmation.py::test_an_alarm_after_a_path_fault",
        "conditioning/test_confirmation.py::test_a_path_fault_after_an_alarm",
    ),
    "path fault and alarm: not when many sites share the fault": (
        "conditioning/test_confirmation.py::test_a_fault_that_many_sites_share_says_nothing",
    ),
    "restore: ends the oldest trigger of its zone and family": (
        "test_intake.py::test_a_restore_finds_its_alarm_by_zone_and_family",
    ),
    "restore: closes a fault nobody has begun, never an alarm or a battery": (
        "conditioning/test_restores.py::test_a_fault_that_is_over_before_anybody_began",
        "conditioning/test_restores.py::test_an_alarm_never_closes_whatever_the_policy_says",
        "conditioning/test_restores.py::test_a_battery_does_not_heal",
    ),
    "restore: a mains failure is nobody's matter for 30 min": (
        "conditioning/test_pending.py::test_a_short_mains_failure_is_nobodys_matter",
        "conditioning/test_pending.py::test_a_long_one_is",
    ),
    "unrestored: a task after 4 h, 24 h, 1 h; a list at disarming": (
        "conditioning/test_unrestored.py::test_a_task_after_its_time_and_once",
        "conditioning/test_unrestored.py::test_arming_and_disarming_list_what_stands",
    ),
    "schedule: late to close and to open, one matter per event, with grace": (
        "schedules/test_areas.py::test_late_to_close_and_closed_at_last",
        "schedules/test_areas.py::test_one_matter_per_missed_event",
        "schedules/test_areas.py::test_late_to_open_ends_with_the_opening",
    ),
    "schedule: early, irregular, without a valid user; by exception; holidays": (
        "schedules/test_areas.py::test_openings",
        "schedules/test_areas.py::test_closings",
        "schedules/test_areas.py::test_by_exception_silence_is_no_news_and_an_irregular_opening_is",
        "test_calendars.py::test_finnish_public_holidays",
    ),
    "schedule: changed for a while by a verified contact": (
        "schedules/test_changing.py::test_on_a_verified_keyholder_s_word_the_shop_closes_later_today",
        "schedules/test_changing.py::test_closed_for_some_days",
    ),
    "periodic test: late after 25 h 30 min, counted in UTC, any signal resets": (
        "schedules/test_tests_due.py::test_late_once_told_again_after_another_interval_and_over_with_the_next_report",
        "schedules/test_tests_due.py::test_any_signal_counts_unless_only_tests_do",
        "schedules/test_tests_due.py::test_moved_clocks_and_leap_days_change_nothing",
    ),
    "wireless: interference while armed is a tamper": (
        "conditioning/test_jamming.py::test_at_an_armed_system_it_is_a_tamper",
        "conditioning/test_jamming.py::test_otherwise_it_is_the_trouble_the_panel_says",
    ),
    "power failures: 20 sites of a region within 10 min are one incident": (
        "storm/test_mains.py::test_twenty_sites_of_a_region_are_one_incident",
        "storm/test_mains.py::test_over_ten_minutes_apart_they_are_no_storm",
        "storm/test_mains.py::test_it_ends_with_the_mains_and_tells_what_is_left",
    ),
    "line storm: ten thousand are one incident and its breakouts, the next one is its own": (
        "storm/test_storms.py::test_ten_thousand_lines_at_once_are_one_matter_and_its_breakouts",
        "storm/test_storms.py::test_the_storm_is_found_at_the_node_that_explains_it",
    ),
    "line storm: self first": (
        "storm/test_storms.py::test_our_own_uplink_blames_no_site",
        "storm/test_storms.py::test_more_than_half_of_all_frames_missing_is_us_as_well",
        "storm/test_storms.py::test_a_clock_that_is_set_blames_no_site",
        "storm/test_storms.py::test_a_restart_floods_nobody",
    ),
    "line storm: breakouts": (
        "storm/test_storms.py::test_high_risk_breaks_out",
        "storm/test_pairs.py::test_one_that_lost_both_is_told_by_itself",
        "storm/test_storms.py::test_an_alarm_is_never_held_back_and_brings_its_own_line_with_it",
    ),
    "line storm: restarts and recovery": (
        "storm/test_storms.py::test_a_restart_during_a_storm_makes_no_second_matter",
        "storm/test_storms.py::test_half_of_it_recovers_without_flapping",
        "storm/test_storms.py::test_it_ends_when_ninety_five_in_a_hundred_are_back_and_the_remainder_is_told_later",
    ),
    "line storm: two items per node and hour": ("storm/test_storms.py::test_two_items_an_hour",),
    "all of it: life safety passes, whatever the policy": (
        "conditioning/test_pipeline.py::test_life_safety_passes_everything",
        "test_machine.py::test_every_sort_of_fact_in_any_order",
    ),
}
DISPATCHED: dict[str, tuple[str, ...]] = {
    "created, offered, accepted, en route, on site, inspecting, secured, reported": (
        "case/test_dispatch.py::test_from_alarm_to_report",
        "case/test_dispatch.py::test_every_answer_in_every_state",
    ),
    "needs authority": ("case/test_dispatch.py::test_a_guard_asks_for_the_authorities",),
    "declined": ("case/test_dispatch.py::test_declined_by_both",),
    "timeout: 60 s, then the next unit": ("case/test_dispatch.py::test_silence_goes_round_and_ends_with_a_person",),
    "cancelled": (
        "case/test_dispatch.py::test_closing_calls_the_guard_off",
        "case/test_dispatch.py::test_skipping_the_step_withdraws_the_offer",
    ),
    "nobody to send": ("case/test_dispatch.py::test_nobody_to_ask_is_told_at_once",),
    "at most one guard holds the job": (
        "case/test_dispatch.py::test_in_whatever_order_things_are_said_at_most_one_guard_holds_the_job",
    ),
    "SLA from the decision, or from receipt where the contract says so": (
        "case/test_sla.py::test_it_starts_with_the_decision",
        "case/test_sla.py::test_or_with_the_receipt_where_the_contract_says_so",
    ),
    "SLA: warned at 70 %, breached at 100 %": ("case/test_dispatch.py::test_the_sla_warns_and_is_breached",),
    "SLA: pauses with reasons (R-85)": ("case/test_sla.py::test_what_it_stood_still_for_is_added",),
    "ETA updates are logged": ("case/test_dispatch.py::test_from_alarm_to_report",),
    "welfare: silent on site for 15 min is P0": (
        "case/test_dispatch.py::test_a_silent_guard_on_site_is_a_matter_of_life",
        "case/test_dispatch.py::test_the_welfare_watch_goes_on_until_the_report",
    ),
    "report: mandatory fields": ("case/test_dispatch.py::test_a_report_needs_every_field",),
    "report: force or apprehension makes an event report due": (
        "case/test_dispatch.py::test_force_or_an_apprehension_makes_an_event_report_due",
    ),
}

ESCALATED: dict[str, tuple[str, ...]] = {
    "hold-up, duress, medical, panic: at once": (
        "case/authority/test_gate.py::test_row_holdup_medical_and_fire_at_once",
        "case/authority/test_notifying.py::test_life_safety_is_told_at_once_and_the_plan_goes_on_when_it_is_accepted",
    ),
    "fire of a system that is not connected: at once": (
        "case/authority/test_gate.py::test_row_holdup_medical_and_fire_at_once",
    ),
    "fire of a connected device: only what is new": (
        "case/authority/test_gate.py::test_row_fire_of_a_device_that_alarms_the_centre_itself",
    ),
    "intrusion, level 3 and more": ("case/authority/test_gate.py::test_row_intrusion_by_level",),
    "intrusion, level 2: the operator decides": ("case/authority/test_gate.py::test_row_intrusion_by_level",),
    "intrusion, level 1: nobody outside": ("case/authority/test_gate.py::test_row_intrusion_by_level",),
    "level 0 or cancelled: nobody; whoever was told hears at once": (
        "case/authority/test_following.py::test_a_level_that_drops_to_nothing_cancels_at_once",
        "case/authority/test_following.py::test_a_users_cancel_of_an_intrusion_cancels",
    ),
    "on test or out of service: blocked but for a reason": ("case/authority/test_gate.py::test_row_site_on_test",),
    "line and technical faults: never": ("case/authority/test_gate.py::test_row_line_and_technical_faults_never",),
    "one notification a case, updates refer to it": (
        "case/authority/test_gate.py::test_a_report_is_made_once",
        "case/authority/test_following.py::test_news_of_an_operator_is_an_update_about_the_first",
    ),
    "silence: one resend after 30 s, the telephone at 60 s": (
        "case/authority/test_notifying.py::test_silence_is_one_resend_and_then_a_call_for_the_telephone",
    ),
    "rejected: the telephone at once": ("case/authority/test_notifying.py::test_a_rejection_is_a_call_at_once",),
    "nothing blocks life safety for good": (
        "case/authority/test_gate.py::test_life_safety_is_never_refused_and_level_0_never_passes",
    ),
}

GATED: dict[str, tuple[str, ...]] = {
    "category": (
        "case/authority/test_gate.py::test_row_line_and_technical_faults_never",
        "case/authority/test_gate.py::test_the_buildings_own_alarms_ask_for_a_reason",
    ),
    "verification": ("case/authority/test_gate.py::test_row_intrusion_by_level",),
    "on_test": (
        "case/authority/test_gate.py::test_row_site_on_test",
        "case/authority/test_gate.py::test_a_test_elsewhere_on_the_site_is_not_asked_about",
    ),
    "not_reported": ("case/authority/test_gate.py::test_a_report_is_made_once",),
    "device_route": ("case/authority/test_gate.py::test_row_fire_of_a_device_that_alarms_the_centre_itself",),
    "consent": (
        "case/authority/test_gate.py::test_without_a_contract_somebody_says_why",
        "case/authority/test_gate.py::test_no_contract_keeps_no_emergency_back",
    ),
    "cancel": ("case/authority/test_gate.py::test_what_a_user_took_back_asks_for_a_reason",),
    "age": ("case/authority/test_gate.py::test_an_old_alarm_is_confirmed_first",),
}

ARRANGED: dict[str, tuple[str, ...]] = {
    "fault, operator, limit, decision, order, rounds, cleared, verified, cancelled, report": (
        "line_service/test_arrangement.py::test_the_whole_of_it",
    ),
    "the clock starts at the fault, not at its detection; 45 minutes are a list, 60 a call": (
        "line_service/test_arrangement.py::test_the_whole_of_it",
        "line_service/test_arrangement.py::test_a_restart_at_minute_59_and_the_limit_falls_once_at_minute_60",
    ),
    "a site may set its limit, 0 too": ("line_service/test_arrangement.py::test_a_limit_of_no_time_at_all",),
    "planned outages with booked arrangements": (
        "line_service/test_arrangement.py::test_a_planned_outage_begins_with_the_arrangement_that_was_booked",
        "line_service/test_arrangement.py::test_a_fault_outside_the_planned_time_is_a_matter_of_its_own",
        "line_service/test_arrangement.py::test_an_outage_that_is_over_calls_for_somebody_and_can_be_called_off",
    ),
    "up for less than 15 minutes does not reset the clock": (
        "line_service/test_arrangement.py::test_a_flapping_line_does_not_reset_the_clock",
        "line_service/test_arrangement.py::test_a_line_that_stayed_up_long_enough_fails_anew",
    ),
    "a restore alone cancels nothing": (
        "line_service/test_arrangement.py::test_a_line_that_comes_back_cancels_no_arrangement",
        "line_service/test_arrangement.py::test_a_line_that_fails_while_it_is_being_cancelled_is_arranged_for_again",
    ),
    "verified by a test signal, three heartbeats or the ERC": (
        "line_service/test_arrangement.py::test_the_whole_of_it",
        "line_service/test_arrangement.py::test_three_heartbeats_verify_a_line_and_so_does_the_emergency_centre",
    ),
    "whoever was told is told again; report with durations, costs, names": (
        "line_service/test_arrangement.py::test_the_whole_of_it",
    ),
    "rounds, hourly by default; a missed one goes on to others": (
        "line_service/test_arrangement.py::test_the_whole_of_it",
    ),
    "the transmission operator is told at once, of the end as well, and of many at once in one notice (R-19)": (
        "line_service/test_notices.py::test_a_line_that_is_heard_again_in_time_is_nobodys_matter",
        "line_service/test_notices.py::test_many_lines_of_one_operator_are_one_notice_and_its_end_another",
        "line_service/test_notices.py::test_a_notice_that_never_arrived_is_a_matter_and_is_not_taken_back",
    ),
    "each fire line has its clock, whatever a storm suppresses": (
        "line_service/test_notices.py::test_many_fire_lines_have_each_its_clock_and_call_a_few_times",
    ),
}

TABLES = {"4.2": ON_TEST, "4.4": CONDITIONED, "4.8": DISPATCHED, "4.9": ESCALATED, "4.10": ARRANGED, "R-80": GATED}
ROWS = [pytest.param(tests, id=f"{section} {row}") for section, table in TABLES.items() for row, tests in table.items()]


@cache
def _tests_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize("tests", ROWS)
def test_the_row_is_played(tests: tuple[str, ...]) -> None:
    assert tests, "a row without a test"
    for node in tests:
        place, _, name = node.partition("::")
        assert (CORE / place).is_file(), f"{node}: there is no such file"
        assert name in _tests_in(CORE / place), f"{node}: there is no such test"


def test_every_check_of_the_gate_has_its_row() -> None:
    assert set(GATED) == set(CHECKS)


def test_every_state_of_a_dispatch_is_met_in_a_playbook() -> None:
    text = (CORE / "case" / "test_dispatch.py").read_text("utf-8")
    unmet = [
        status.name
        for status in DispatchStatus
        if f"DispatchStatus.{status.name}" not in text and f"D.{status.name}" not in text
    ]
    assert not unmet, unmet
