"""Temporary changes: on whose word, for how long, and what they change."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from arcd.core.facts import SUPERVISOR, Actor, IdentityChecked, IdentityOutcome, ScheduleChangeRequested
from arcd.core.schedules.changing import AHEAD_DAYS_MAX, CHANGE_DAYS_MAX, REASON_CHARS_MAX
from arcd.core.schedules.model import CHANGES_MAX
from arcd.core.site import ContactRole, Hours, Site
from tests.arcd.core.conftest import Play
from tests.arcd.core.schedules.test_areas import KEY, at, codes, due, scene, shop, utc
from tests.playbook import OPERATOR, Panel, Playbook

BOSS = Actor(id="os:pomo", roles=(SUPERVISOR,))
LATER = Hours(opens=480, closes=1380)  # until 23:00


def with_keyholder() -> Site:
    site = shop()
    helmi, onni = site.contacts
    return replace(site, contacts=(replace(helmi, roles=(ContactRole.KEY_HOLDER,)), onni))


def change(**fields: Any) -> ScheduleChangeRequested:
    told: dict[str, Any] = {
        "site_id": "S-1", "system_id": "panel", "area": "1", "actor": BOSS, "hours": LATER,
        "from_day": "2026-03-04", "until_day": "2026-03-04", "reason": "Stocktaking",
    }  # fmt: skip
    return ScheduleChangeRequested(at=0, **{**told, **fields})


def checked(outcome: IdentityOutcome = IdentityOutcome.PASSED) -> IdentityChecked:
    return IdentityChecked(at=0, site_id="S-1", contact_id="helmi", outcome=outcome, level=1, actor=OPERATOR)


def opened(playbook: Play) -> tuple[Playbook, Panel]:
    return scene(playbook, site=with_keyholder())


def test_on_a_verified_keyholder_s_word_the_shop_closes_later_today(playbook: Play) -> None:
    play, panel = opened(playbook)
    play >> checked()
    play << ...
    play >> change(actor=OPERATOR, requested_by="helmi", identity_check="I10")
    (
        play
        << """
        schedule.changed id=H11 site=S-1 system=panel area=01 by=os:matti
        granted H11
        """
    )
    assert due(play) == "2026-03-04T21:30"
    (made,) = play.station.state.area_runs["S-1/panel/1"].changes
    assert (made.requested_by, made.by, made.reason, made.at) == ("helmi", "os:matti", "Stocktaking", play.now)
    at(play, "2026-03-04T20:55") << ""
    play >> panel.sia("CL", zone="4")
    play << ...
    assert codes(play) == []
    play >> change(area="01", from_day="2026-03-05", until_day="2026-03-05")
    play << ...  # yesterday's has ended by itself
    at(play, "2026-03-05T12:00") << ...
    assert [each.from_day for each in play.station.state.area_runs["S-1/panel/1"].changes] == ["2026-03-05"]


def test_closed_for_some_days(playbook: Play) -> None:
    play, panel = opened(playbook)
    play >> panel.sia("OP", zone="4")
    play << ...
    play >> change(hours=Hours(), from_day="2026-03-05", until_day="2026-03-06")
    play << ...
    at(play, "2026-03-04T19:00") << ""
    play >> panel.sia("CL", zone="4")
    play << ...
    assert due(play) == "2026-03-09T06:15"
    at(play, "2026-03-05T10:00") << ""
    play >> panel.sia("OP", zone="4")
    play << ...
    assert codes(play) == ["irregular_open"]


def test_a_change_is_taken_back(playbook: Play) -> None:
    play, _ = opened(playbook)
    play >> change()
    play << ...
    play >> change(withdraws="H10", reason="It was not needed.")
    (
        play
        << """
        schedule.change_withdrawn id=H10 site=S-1 system=panel area=01 by=os:pomo
        granted H10
        """
    )
    assert due(play) == "2026-03-04T19:30"
    play >> change(withdraws="H10", reason="Again.")
    play << "refused schedule.change: No change H10 is in force or still to come there."


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"site_id": "S-9"}, "site.unknown: No site S-9; `arcctl sites list` lists them."),
        (
            {"area": "2"},
            "schedule.area: No area 2 of system panel with a schedule at S-1. There are: panel/01.",
        ),
        ({"system_id": "fire"}, "schedule.area: No area 1 of system fire with a schedule at S-1. There are: panel/01."),
        ({"reason": " "}, f"schedule.reason: Say why, in 1 to {REASON_CHARS_MAX} characters."),
        (
            {"reason": "x" * (REASON_CHARS_MAX + 1)},
            f"schedule.reason: Say why, in 1 to {REASON_CHARS_MAX} characters.",
        ),
        (
            {"actor": OPERATOR},
            "R-29: Say on whose word: a contact and the identity check made of them just now. "
            "(A supervisor needs none.)",
        ),
        (
            {"requested_by": "nobody"},
            "R-29: No contact nobody at S-1; `arcctl sites show S-1` lists them.",
        ),
        (
            {"requested_by": "onni"},
            "schedule.person: onni may not ask for it; a contact with one of these roles may: "
            "alarm_contact, key_holder, on_test_authority.",
        ),
        (
            {"requested_by": "helmi"},
            "R-29: helmi is not verified: an identity check of the last 10 minutes is needed "
            "(`arcctl test verify S-1 helmi`).",
        ),
        (
            {"requested_by": "helmi", "identity_check": "I99"},
            "R-29: helmi is not verified: an identity check of the last 10 minutes is needed "
            "(`arcctl test verify S-1 helmi`).",
        ),
        ({"from_day": "tomorrow"}, "schedule.days: Write the first and the last day like 2026-12-24."),
        ({"until_day": "2026-02-30"}, "schedule.days: Write the first and the last day like 2026-12-24."),
        ({"until_day": "2026-03-03"}, "schedule.days: It ends on 2026-03-03, before it begins on 2026-03-04."),
        (
            {"from_day": "2026-03-01", "until_day": "2026-03-03"},
            "schedule.days: 2026-03-03 is over: today is 2026-03-04 at the site.",
        ),
        (
            {"until_day": "2026-06-04"},
            f"schedule.days: A change lasts {CHANGE_DAYS_MAX} days at most; what lasts longer is for the site base.",
        ),
        (
            {"hours": Hours(opens=480)},
            'schedule.hours: Hours are like "08:00-21:00", at most a day long, or closed.',
        ),
        (
            {"hours": Hours(opens=480, closes=480 + 1441)},
            'schedule.hours: Hours are like "08:00-21:00", at most a day long, or closed.',
        ),
        (
            {"hours": Hours(opens=1440, closes=1500)},
            'schedule.hours: Hours are like "08:00-21:00", at most a day long, or closed.',
        ),
    ],
)
def test_refusals(playbook: Play, fields: dict[str, Any], said: str) -> None:
    play, _ = opened(playbook)
    before = play.deadlines()
    play >> change(**fields)
    play << f"refused {said}"
    assert play.deadlines() == before


def test_the_longest_and_the_latest_change(playbook: Play) -> None:
    play, _ = opened(playbook)
    play >> change(until_day="2026-06-03")  # 92 days
    play << ...
    assert len(play.station.state.area_runs) == 1
    last = "2027-03-05"  # the 366th day from now
    assert (utc(f"{last}T12:00") - utc("2026-03-04T12:00")) == AHEAD_DAYS_MAX * 86_400 * 10**9
    play >> change(from_day=last, until_day=last)
    play << ...
    assert len(play.station.state.area_runs["S-1/panel/1"].changes) == 2
    play >> change(from_day="2027-03-06", until_day="2027-03-06")
    play << "refused schedule.days: A change lasts 92 days at most; what lasts longer is for the site base."


def test_changes_are_bounded(playbook: Play) -> None:
    play, _ = opened(playbook)
    for _ in range(CHANGES_MAX):
        play >> change()
        play << ...
    play >> change()
    play << (f"refused schedule.changes: {CHANGES_MAX} changes stand already; withdraw one, or change the site base.")


def test_an_area_that_is_not_watched_may_change_as_well(playbook: Play) -> None:
    site = with_keyholder()
    (system,) = site.systems
    (area,) = system.areas
    assert area.schedule is not None
    quiet = replace(area, schedule=replace(area.schedule, by_exception=True))
    play, _ = scene(playbook, site=replace(site, systems=(replace(system, areas=(quiet,)),)))
    play >> change()
    play << ...
    assert KEY not in play.deadlines()
