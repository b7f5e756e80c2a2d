"""Figures against ones worked out by hand, over the days the clocks are moved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arcd.core.line_service.availability import (
    Availability,
    availability,
    last_months,
    month_window,
    months_of,
    year_window,
)
from arcd.core.line_service.history import FAULTS_MAX, Fault, LineHistory, failed, restored

NS = 10**9
HELSINKI = "Europe/Helsinki"


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


NEW_YEAR, NEXT_YEAR = utc("2025-12-31 22:00"), utc("2026-12-31 22:00")  # midnight in Helsinki


def fault(since: str, until: str | None, *, delay_s: float = 60.0, limit_s: float = 180.0) -> Fault:
    began = utc(since)
    return Fault(
        since=began, detected_at=began + round(delay_s * NS), until=utc(until) if until else None, limit_s=limit_s
    )


def of_month(month: int, *faults: Fault, now: int = NEXT_YEAR) -> Availability:
    return availability(month_window(HELSINKI, 2026, month), [(NEW_YEAR, NEXT_YEAR)], faults, now)


def test_the_month_of_the_spring_change_is_an_hour_shorter_and_that_of_autumn_an_hour_longer() -> None:
    hours = {window.name: (window.ends - window.begins) / NS / 3600 for window in months_of(HELSINKI, 2026)}
    assert hours["2026-01"] == 744
    assert hours["2026-02"] == 672
    assert hours["2026-03"] == 743
    assert hours["2026-10"] == 745
    assert sum(hours.values()) == 8760
    year = year_window(HELSINKI, 2026)
    assert (year.begins, year.ends) == (NEW_YEAR, NEXT_YEAR)


def test_a_month_without_a_fault() -> None:
    april = of_month(4)
    assert (april.ratio, april.watched_s, april.down_s, april.faults, april.longest_s) == (1.0, 30 * 86_400, 0, 0, 0)


def test_two_faults_of_one_month() -> None:
    """72 min and 7.2 h of 720 h: 8.4 / 720 down, 98.8333… % up."""
    april = of_month(
        4, fault("2026-04-02 10:00", "2026-04-02 11:12"), fault("2026-04-20 00:00", "2026-04-20 07:12", delay_s=181)
    )
    assert april.down_s == 8.4 * 3600
    assert april.longest_s == 7.2 * 3600
    assert april.faults == 2
    assert april.late == 1
    assert april.ratio == pytest.approx(0.98833333, abs=1e-8)


def test_a_fault_over_midnight_is_split_where_the_month_ends_on_the_wall_clock() -> None:
    """Summer time: May begins at 21:00 UTC of 30 April. 20:00 to 23:30 is one hour of April, two and a half of May."""
    over = fault("2026-04-30 20:00", "2026-04-30 23:30")
    assert of_month(4, over).down_s == 3600
    assert of_month(5, over).down_s == 2.5 * 3600
    assert of_month(4, over).faults == of_month(5, over).faults == 1


def test_a_night_without_its_third_hour() -> None:
    """29 March 2026: from 02:00 to 05:00 on the wall clock are two hours."""
    assert of_month(3, fault("2026-03-29 00:00", "2026-03-29 02:00")).down_s == 2 * 3600
    assert of_month(3, fault("2026-03-29 00:00", "2026-03-29 02:00")).ratio == pytest.approx(741 / 743)


def test_time_that_has_not_come_and_time_nobody_watched_count_neither_way() -> None:
    now = utc("2026-04-10 21:00")  # ten local days into April
    began = utc("2026-04-05 21:00")
    lasting = fault("2026-04-10 09:00", None)
    april = availability(month_window(HELSINKI, 2026, 4), [(began, now)], [lasting], now)
    assert april.watched_s == 5 * 86_400
    assert april.down_s == 12 * 3600
    assert april.ratio == 0.9
    before = availability(month_window(HELSINKI, 2026, 3), [(began, now)], [lasting], now)
    assert (before.ratio, before.watched_s, before.faults) == (None, 0, 0)


def test_the_last_twelve_months_go_back_over_the_new_year() -> None:
    names = [window.name for window in last_months(HELSINKI, utc("2026-03-31 21:30"))]
    assert names == [f"2025-{month:02d}" for month in range(5, 13)] + [f"2026-{month:02d}" for month in range(1, 5)]


def test_a_fault_is_one_until_it_is_over() -> None:
    history = LineHistory(watched_from=0)
    history = failed(history, Fault(since=10, detected_at=20))
    assert failed(history, Fault(since=15, detected_at=30)) == history
    history = restored(restored(history, 40), 50)
    assert history.faults == (Fault(since=10, detected_at=20, until=40),)
    history = failed(history, Fault(since=30, detected_at=60))  # it cannot begin before the one before has ended
    assert history.faults[-1].since == 40


def test_history_is_bounded_and_says_from_when_it_is_whole() -> None:
    history = LineHistory(watched_from=0)
    for number in range(1, FAULTS_MAX + 11):
        history = restored(failed(history, Fault(since=number * 100, detected_at=number * 100 + 1)), number * 100 + 50)
    assert len(history.faults) == FAULTS_MAX
    assert history.faults[0].since == 1100
    assert history.complete_from == 1050


def test_detection_is_measured_against_the_reporting_time() -> None:
    assert Fault(since=0, detected_at=180 * NS, limit_s=180).is_in_time
    assert not Fault(since=0, detected_at=181 * NS, limit_s=180).is_in_time
    assert Fault(since=0, detected_at=10**6 * NS).is_in_time  # no category, nothing to be late against
