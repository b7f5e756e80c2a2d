"""Durations, hours, days and dates as people write them, right and wrong, and what the core gets of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcd.core.site import Arrangements, Conditioning, ErcContract, ErcTestRight, Hours, Schedule
from arcd.sitebase import Loaded, sealing, times
from arcd.sitebase.schema import ConditioningForm
from protocols.signals import Category

Load = Callable[..., Loaded]
Problems = Callable[..., list[str]]

HEAD = "sites:\n  - id: K-1\n    name: Kioski\n    guards: [g1]\n"
AREA = (
    HEAD + "    systems:\n      - id: panel\n        kind: intrusion\n        areas:\n"
    "          - number: 1\n            reports_open_close: true\n            schedule:\n"
)


def schedule_of(loaded: Loaded) -> Schedule:
    assert loaded.sitebase is not None
    schedule = loaded.sitebase.sites[0].systems[0].areas[0].schedule
    assert schedule is not None
    return schedule


def test_a_schedule_becomes_minutes_of_the_day(load: Load) -> None:
    written = """\
              weekdays: {mon-thu: "08:00-21:00", fri: "08:00-24:00", sat: "20:00-02:00", sun: closed}
              holiday: "00:00-24:00"
              exceptions: {2026-12-24: closed, "2028-02-29": "10:00-12:30"}
              open_grace: 5min
              close_grace: 1h30min
              by_exception: true
"""
    schedule = schedule_of(load(AREA + written))
    day = Hours(opens=480, closes=1260)
    assert schedule == Schedule(
        weekdays={
            **dict.fromkeys(("mon", "tue", "wed", "thu"), day),
            "fri": Hours(opens=480, closes=1440), "sat": Hours(opens=1200, closes=1560), "sun": Hours(),
        },
        holiday=Hours(opens=0, closes=1440),
        exceptions={"2026-12-24": Hours(), "2028-02-29": Hours(opens=600, closes=750)},
        open_grace_s=300.0,
        close_grace_s=5400.0,
        by_exception=True,
    )  # fmt: skip


def test_what_is_not_written_stays_at_the_core_s_default(load: Load) -> None:
    schedule = schedule_of(load(AREA + '              weekdays: {mon: "08:00-21:00"}\n'))
    assert (schedule.open_grace_s, schedule.close_grace_s) == (Schedule().open_grace_s, Schedule().close_grace_s)
    loaded = load(HEAD)
    assert loaded.sitebase is not None
    site = loaded.sitebase.sites[0]
    assert site.conditioning == Conditioning()
    assert (site.calls_before_dispatch, site.sla_from_receipt, site.erc_actual) == (2, False, False)


def test_arrangements_have_their_times(load: Load, problems: Problems) -> None:
    written = "    arrangements: {threshold: 0s, check_in: 30min, instructions: {fi: Vartija portille}}\n"
    loaded = load(HEAD + written)
    assert loaded.sitebase is not None
    arrangements = loaded.sitebase.sites[0].arrangements
    assert arrangements == Arrangements(threshold_s=0.0, check_in_s=1800.0, instructions={"fi": "Vartija portille"})
    (usual,) = (load(HEAD).sitebase or loaded.sitebase).sites
    assert usual.arrangements == Arrangements(threshold_s=3600.0, check_in_s=3600.0)
    (found,) = problems(HEAD + "    arrangements: {check_in: 0s}\n")
    assert "this must be longer than nothing" in found


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{mon: "8:00-21:00"}', 'these are not hours — write them like "08:00-21:00", or closed'),
        ('{mon: "08:00-25:00"}', 'there is no such time of day — write times from "00:00" to "24:00"'),
        ('{mon: "24:00-02:00"}', "there is no such time of day"),
        ('{mon: "08:61-09:00"}', "there is no such time of day"),
        ('{mon: "08:00-08:00"}', "it would open and close at once"),
        ("{mon: open}", "these are not hours"),
        ('{may: "08:00-21:00"}', "may is no day"),
        ('{mon-holiday: "08:00-21:00"}', "holiday is no day"),
        ('{fri-mon: "08:00-21:00"}', "fri-mon runs backwards"),
        ('{mon-fri: closed, tue: "08:00-21:00"}', "the hours of tue are given twice"),
        ("[mon]", "weekdays must be a mapping"),
    ],
)
def test_weeks_that_are_none(problems: Problems, written: str, said: str) -> None:
    (found,) = problems(AREA + f"              weekdays: {written}\n")
    assert found.startswith("sites/a.yaml:12:")
    assert said in found


@pytest.mark.parametrize("day", ["2026-02-29", "24.12.2026", "2026-13-01", "christmas"])
def test_dates_that_are_none(problems: Problems, day: str) -> None:
    found = problems(AREA + f'              exceptions: {{"{day}": closed}}\n')
    assert any("there is no such date — write it like 2026-12-24" in line for line in found)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90s", 90), ("45min", 2700), ("2h", 7200), ("1d12h", 129_600), ("1h30min15s", 5415), ("0", 0), ("0s", 0)],
)
def test_durations(load: Load, written: str, seconds: float) -> None:
    loaded = load(HEAD + f"    conditioning: {{unset_filter: {written}}}\n")
    assert loaded.sitebase is not None
    assert loaded.sitebase.sites[0].conditioning.unset_filter_s == seconds


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("90", "this is not a duration — write it like 90s, 45min, 2h or 1d12h"),
        ("1.5h", "this is not a duration"), ("soon", "this is not a duration"), ("''", "this is not a duration"),
        ("true", "this is not a duration"), ("30min2h", "this is not a duration"),
        ("367d", "this is longer than a year"),
    ],
)  # fmt: skip
def test_what_is_no_duration(problems: Problems, written: str, said: str) -> None:
    (found,) = problems(HEAD + f"    conditioning: {{unset_filter: {written}}}\n")
    assert said in found


def test_a_window_of_no_length_would_never_hold(problems: Problems) -> None:
    (found,) = problems(HEAD + "    conditioning: {confirm_window: 0s}\n")
    assert "this must be longer than nothing" in found


def test_every_field_of_the_conditioning_can_be_written(load: Load) -> None:
    """The form and the core's value name the same things, and each arrives where it belongs."""
    core = list(Conditioning.__struct_fields__)
    form = [name if name in sealing._COUNTS else f"{name}_s" for name in ConditioningForm.model_fields]
    assert form == core
    written = "".join(
        f"      {name}: {'[fire]' if name == 'auto_close_on_restore' else 'true' if name == 'cancel_closes' else 7}"
        f"{'' if name in sealing._COUNTS else 's'}\n"
        for name in ConditioningForm.model_fields
    )
    loaded = load(HEAD + "    conditioning:\n" + written)
    assert loaded.sitebase is not None
    made = loaded.sitebase.sites[0].conditioning
    assert made.auto_close_on_restore == (Category.FIRE,)
    assert made.cancel_closes is True
    others = [name for name in core if name not in ("auto_close_on_restore", "cancel_closes")]
    assert [getattr(made, name) for name in others] == [7] * len(others)


def test_when_people_may_be_called(load: Load) -> None:
    loaded = load(
        HEAD + "    contacts:\n"
        "      - id: a\n        name: A\n"
        '        available: {mon-fri: "08:00-16:00", holiday: closed}\n'
        "        away: [{from: 2026-07-06, until: 2026-08-02}]\n"
        "        substitute: b\n"
        "      - {id: b, name: B}\n"
    )
    assert loaded.sitebase is not None
    contact = loaded.sitebase.sites[0].contacts[0]
    assert contact.available["fri"] == Hours(opens=480, closes=960)
    assert contact.available["holiday"] == Hours()
    assert "sat" not in contact.available
    assert contact.away == (("2026-07-06", "2026-08-02"),)
    assert contact.substitute == "b"


def test_the_rest_of_what_a_site_may_say(load: Load) -> None:
    loaded = load(
        HEAD + "    services: [alarm_monitoring, erc_escalation]\n    erc_actual: true\n"
        "    calls_before_dispatch: 0\n    sla_from: receipt\n"
        "    systems:\n      - id: fire\n        kind: fire\n        erc_device: X-1\n        erc_contract: in_force\n"
        "        erc_test_right: suspended_unpaid\n        test_interval: 24h\n        only_tests_count: true\n",
        centre="name: C\nlanguage: sv\ncontacts: [{id: d, name: D, phones: ['112']}]\ncall_lists: {on_duty: [d]}\n"
        "guards: [{id: g1, name: G, email: g@x.fi}]\n",
    )
    assert loaded.sitebase is not None, loaded.problems
    site = loaded.sitebase.sites[0]
    (system,) = site.systems
    assert (site.erc_actual, site.calls_before_dispatch, site.sla_from_receipt) == (True, 0, True)
    assert (system.erc_contract, system.erc_test_right) == (ErcContract.IN_FORCE, ErcTestRight.SUSPENDED_UNPAID)
    assert (system.test_interval_s, system.only_tests_count) == (86_400.0, True)
    assert loaded.sitebase.centre.language == "sv"


def test_days_and_their_order() -> None:
    assert times._day_names("mon-sun") == times.WEEKDAYS
    assert times._day_names("wed") == ("wed",)
    assert times._day_names("holiday") == ("holiday",)
