"""Openings and closings by the clock: one playbook per row of requirements 4.4, with the edges of every window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from arcd.core.facts import DeadlineReached, FlagKind, FlagStartRequested, Scope, SiteImported, SiteRemoved
from arcd.core.schedules.areas import ABSENT_S, DAYS_AHEAD, EARLY_S, RETURN_GRACE_S
from arcd.core.site import Account, Area, Conditioning, Hours, Schedule, Site, System
from protocols.signals import Category
from tests.arcd.core.conftest import Play
from tests.playbook import NS, OPERATOR, After, Panel, Playbook, move
from tests.sites import a_site, plan, rules

DAY = Hours(opens=480, closes=1260)  # 08:00-21:00
SHOP = Schedule(weekdays=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY), holiday=Hours())
KEY = "schedule/S-1/panel/1"
ROUTED = "x/arcd trouble P3"


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


NOON = utc("2026-03-04T10:00")  # a Wednesday, 12:00 at the shop


def shop(schedule: Schedule | None = SHOP, **site: Any) -> Site:
    area = Area(number="01", name="Myymälä", reports_open_close=True, schedule=schedule)
    panel = System(id="panel", kind="intrusion", accounts=(Account(number="1001"),), areas=(area,))
    return replace(a_site(systems=(panel,)), **site)


def scene(playbook: Play, now: int = NOON, site: Site | None = None) -> tuple[Playbook, Panel]:
    return playbook(sites=[site or shop()], now=now), Panel()


def due(play: Playbook, key: str = KEY) -> str:
    at = play.station.deadlines.due_of(key)
    assert at is not None
    return datetime.fromtimestamp(at // NS, UTC).isoformat()[:16]


def at(play: Playbook, text: str) -> Playbook:
    play >> After((utc(text) - play.now) / NS)
    return play


def codes(play: Playbook) -> list[str]:
    return [case.signals[0].signal.code for case in play.station.state.cases.values()]


# --------------------------------------------------------------------------------------------------- 1. an ordinary day


def test_an_ordinary_day_costs_no_deadline_and_asks_nobody(playbook: Play) -> None:
    play, panel = scene(playbook)
    assert due(play) == "2026-03-04T19:30"  # closing time and its grace
    at(play, "2026-03-04T19:02") << ""
    play >> panel.sia("CL", zone="4", area="1")
    play << "logged routed x/cl log P5\nreply ack"
    assert due(play) == "2026-03-05T06:15"
    at(play, "2026-03-05T05:50") << ""
    play >> panel.sia("OP", zone="4", area="1")
    play << "logged routed x/op log P5\nreply ack"
    assert due(play) == "2026-03-05T19:30"
    assert codes(play) == []


def test_an_area_is_the_one_the_panel_names_however_it_writes_it(playbook: Play) -> None:
    other = Area(number="2", reports_open_close=True, schedule=SHOP)
    site = shop()
    site = replace(site, systems=(replace(site.systems[0], areas=(*site.systems[0].areas, other)),))
    play, panel = scene(playbook, utc("2026-03-04T19:00"), site)
    play >> panel.sia("CL", zone="4", area="001")
    play << ...
    assert due(play) == "2026-03-05T06:15"
    assert due(play, "schedule/S-1/panel/2") == "2026-03-04T19:30"
    play >> panel.sia("CL", zone="4", area="0")  # no area: all of the system
    play << ...
    assert due(play, "schedule/S-1/panel/2") == "2026-03-05T06:15"


# ------------------------------------------------------------------------------------------------------ 2. what is late


def test_late_to_close_and_closed_at_last(playbook: Play) -> None:
    play, panel = scene(playbook)
    at(play, "2026-03-04T19:29:59") << ""
    play >> After(1)
    (
        play
        << f"""
        -- +34200 {KEY}
        opened C10 late_to_close {ROUTED}
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        """
    )
    signal = play.case().signals[0].signal
    assert (signal.category, signal.area) == (Category.OPEN_CLOSE, "1")
    assert signal.text == "Area Myymälä has not been closed; it closes at 4.3. 21:00"
    assert due(play) == "2026-03-05T06:15"
    play >> move("acknowledge")
    play << ...
    play >> panel.sia("CL", zone="4")
    (
        play
        << """
        logged routed x/cl log P5
        schedule.settled C10 code=late_to_close area=1
        reply ack
        """
    )
    assert [each.signal.qualifier.value for each in play.case().signals] == ["new", "restore"]
    assert play.case().is_open


def test_one_matter_per_missed_event(playbook: Play) -> None:
    """Two nights left open, and the morning between them, on which nobody had to open: two matters."""
    play, _ = scene(playbook)
    at(play, "2026-03-06T10:00") << ...
    assert codes(play) == ["late_to_close", "late_to_open", "late_to_close", "late_to_open"]
    play, panel = scene(playbook)
    play >> panel.sia("OP", zone="4")
    play << ...
    at(play, "2026-03-06T10:00") << ...
    assert codes(play) == ["late_to_close", "late_to_close"]


def test_late_to_open_ends_with_the_opening(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-04T18:55"))
    play >> panel.sia("CL", zone="4")
    play << ...
    at(play, "2026-03-05T06:15") << ...
    assert codes(play) == ["late_to_open"]
    play >> After(600)
    play << ...
    play >> panel.sia("OP", zone="4")
    (
        play
        << """
        logged routed x/op log P5
        schedule.settled C11 code=late_to_open area=1
        reply ack
        """
    )
    assert due(play) == "2026-03-05T19:30"


def test_a_matter_that_settles_itself_closes_where_the_site_wants_it(playbook: Play) -> None:
    site = shop(conditioning=Conditioning(auto_close_on_restore=(Category.OPEN_CLOSE,)))
    play, panel = scene(playbook, site=site)
    at(play, "2026-03-04T19:30") << ...
    play >> panel.sia("CL", zone="4")
    play << ...
    assert not play.case().is_open
    play, panel = scene(playbook, site=site)
    at(play, "2026-03-04T19:30") << ...
    play >> move("acknowledge")
    play << ...
    play >> panel.sia("CL", zone="4")
    play << ...
    assert play.case().is_open, "somebody is at work on it"


def test_closed_and_opened_again_is_not_closed(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-04T18:58"))
    for code, minutes in (("CL", 5), ("OP", 10)):
        play >> panel.sia(code, zone="4")
        play << ...
        play >> After(60 * minutes)
        play << ...
    assert due(play) == "2026-03-04T19:30"
    at(play, "2026-03-04T19:31") << ...
    assert codes(play) == ["late_to_close"]


# ---------------------------------------------------------------------------------------- 3. early, and at a wrong time


@pytest.mark.parametrize(
    ("when", "user", "expected"),
    [
        ("2026-03-05T03:59:59", "4", ["irregular_open"]),  # more than two hours before
        ("2026-03-05T04:00", "4", ["early_open"]),
        ("2026-03-05T05:44:59", "4", ["early_open"]),
        ("2026-03-05T05:45", "4", []),  # within the grace
        ("2026-03-05T06:15", "4", []),
        ("2026-03-04T19:30", "4", []),  # somebody forgot something
        ("2026-03-04T19:30:01", "4", ["irregular_open"]),
        ("2026-03-07T10:00", "", ["irregular_open"]),  # a Saturday
        ("2026-04-03T10:00", "", ["irregular_open"]),  # Good Friday
    ],
)
def test_openings(playbook: Play, when: str, user: str, expected: list[str]) -> None:
    play, panel = scene(playbook, utc("2026-03-04T18:59"))
    play >> panel.sia("CL", zone="4")
    play << ...
    before = utc(when) - 60 * NS
    if before > play.now and expected == ["irregular_open"]:
        play >> SiteImported(at=0, site=shop(replace(SHOP, by_exception=True)), actor=OPERATOR)  # nothing is missed
        play << ...
    at(play, when) << ...
    play >> panel.sia("OP", zone=user)
    play << ...
    assert [code for code in codes(play) if code != "late_to_open"] == expected
    if expected:
        signal = next(iter(play.station.state.cases.values())).signals[0].signal
        assert signal.user == (user or None)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-03-04T18:29:59", ["early_close"]),
        ("2026-03-04T18:30", []),
        ("2026-03-04T19:30", []),
    ],
)
def test_closings(playbook: Play, when: str, expected: list[str]) -> None:
    play, panel = scene(playbook)
    play >> panel.sia("OP", zone="4")
    play << ...
    play >> After((utc(when) - play.now - 1) / NS)
    play << ...
    play >> After(1e-9)
    play << ...
    play >> panel.sia("CL", zone="4")
    play << ...
    assert [code for code in codes(play) if code != "late_to_close"] == expected


def test_an_irregular_opening_ends_with_its_closing(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-07T10:00"))
    play >> panel.sia("OP", zone="12")
    (
        play
        << f"""
        logged routed x/op log P5
        opened C10 irregular_open {ROUTED}
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )
    play >> panel.sia("OP", zone="13")  # a colleague: the area is open already
    play << "logged routed x/op log P5\nreply ack"
    play >> panel.sia("CL", zone="12")
    (
        play
        << """
        logged routed x/cl log P5
        schedule.settled C10 code=irregular_open area=1
        reply ack
        """
    )
    play >> panel.sia("OP", zone="12")  # and again: the open matter takes it
    play << ...
    assert codes(play) == ["irregular_open"]
    assert play.case().signal_count == 3


def test_a_closing_where_nothing_was_open_is_irregular(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-07T10:00"))
    play >> panel.sia("CL", zone="4")  # the first word of this panel ever: it may well have been open
    play << "logged routed x/cl log P5\nreply ack"
    play >> After(60)
    play >> panel.sia("CL", zone="5")  # said twice
    play << "logged routed x/cl log P5\nreply ack"
    play >> After(301)
    play >> panel.sia("CL", zone="5")
    play << ...
    assert codes(play) == ["irregular_close"]


# ---------------------------------------------------------------------------------- 4. clocks moved, holidays, midnight


@pytest.mark.parametrize(
    ("now", "schedule", "expected"),
    [
        # The night of 29.3. has no 03:30: a closing then is late at 05:00 summer time.
        ("2026-03-28T20:00", Schedule(weekdays={"sat": Hours(opens=1200, closes=1440 + 210)}), "2026-03-29T02:00"),
        # On 25.10. it has two: the first counts, 03:30 summer time is 00:30 UTC.
        ("2026-10-24T18:00", Schedule(weekdays={"sat": Hours(opens=1200, closes=1440 + 210)}), "2026-10-25T01:00"),
        # The Monday after: the same time on the wall, another in UTC.
        ("2026-03-27T18:00", Schedule(weekdays={"fri": DAY, "mon": DAY}), "2026-03-27T19:30"),
        ("2026-03-28T18:00", Schedule(weekdays={"fri": DAY, "mon": DAY}), "2026-03-30T05:15"),
        ("2026-10-24T18:00", Schedule(weekdays={"fri": DAY, "mon": DAY}), "2026-10-26T06:15"),
        ("2028-02-28T20:00", Schedule(weekdays={"mon": DAY, "tue": DAY, "wed": DAY}), "2028-02-29T06:15"),
        (
            "2026-12-23T20:00",
            replace(SHOP, exceptions={"2026-12-24": Hours(opens=540, closes=780)}),
            "2026-12-24T07:15",
        ),
        ("2026-12-24T20:00", SHOP, "2026-12-28T06:15"),  # Christmas, Boxing Day on a Saturday, Sunday
        ("2026-04-02T20:00", SHOP, "2026-04-07T05:15"),  # Easter
        ("2026-12-31T20:00", Schedule(exceptions={"2026-12-31": Hours(opens=1200, closes=1560)}), "2027-01-01T00:30"),
    ],
)
def test_the_next_event(playbook: Play, now: str, schedule: Schedule, expected: str) -> None:
    play, _ = scene(playbook, utc(now), shop(schedule))
    assert due(play) == expected


def test_a_schedule_with_nothing_in_sight_is_looked_at_again(playbook: Play) -> None:
    play, _ = scene(playbook, site=shop(Schedule(exceptions={"2026-05-04": DAY})))
    assert due(play) == "2026-03-16T10:00"
    at(play, "2026-05-03T10:00") << ...
    assert due(play) == "2026-05-04T05:15"
    assert codes(play) == []


def test_round_the_clock_is_never_late(playbook: Play) -> None:
    always = Schedule(
        weekdays=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), Hours(opens=0, closes=1440))
    )
    play, panel = scene(playbook, site=shop(always))
    play >> panel.sia("OP", zone="4")
    play << ...
    play >> After(DAYS_AHEAD * 86_400)
    play << ...
    assert codes(play) == []


# --------------------------------------------------------------------------- 5. restarts, flags, the site base, silence


def reached(play: Playbook, after_s: float) -> None:
    """The daemon was away when the deadline came."""
    standing = play.station.deadlines.due_of(KEY)
    assert standing is not None
    play.now = standing + round(after_s * NS)
    play >> DeadlineReached(at=0, key=KEY, due=standing)


@pytest.mark.parametrize(("after_s", "is_put_off"), [(ABSENT_S, False), (ABSENT_S + 1, True)])
def test_after_an_absence_the_panels_speak_first(playbook: Play, after_s: float, is_put_off: bool) -> None:
    play, _ = scene(playbook)
    reached(play, after_s)
    play << ...
    assert (codes(play) == []) is is_put_off
    if is_put_off:
        assert play.deadlines()[KEY] == RETURN_GRACE_S
        play >> After(RETURN_GRACE_S)
        play << ...
        assert codes(play) == ["late_to_close"]


def test_what_was_missed_for_days_is_judged_once_as_it_is_now(playbook: Play) -> None:
    play, panel = scene(playbook)
    reached(play, 40 * 3600)  # Friday 13:30 at the shop: it should be open
    play << "schedule.put_off site=S-1 system=panel area=1"
    play >> After(RETURN_GRACE_S)
    play << ...
    assert codes(play) == ["late_to_open"]
    assert due(play) == "2026-03-06T19:30"
    play, panel = scene(playbook)
    reached(play, 40 * 3600)
    play << ...
    play >> After(60)
    play >> panel.sia("OP", zone="4")  # repeated by the panel, or just now: it is open
    play << ...
    play >> After(RETURN_GRACE_S)
    play << ...
    assert codes(play) == []


def test_a_flag_holds_what_the_clock_finds(playbook: Play) -> None:
    play, _ = scene(playbook)
    play >> FlagStartRequested(
        at=0, kind=FlagKind.MAINTENANCE, site_id="S-1", scope=Scope(), until=utc("2026-03-05T10:00"),
        reason="Painting", actor=OPERATOR, verified_how="operator",
    )  # fmt: skip
    play << ...
    at(play, "2026-03-04T19:30") << f"-- +34200 {KEY}\nheld F10 late_to_close"
    assert codes(play) == []


def test_openings_are_followed_while_they_are_held(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-04T18:55"))
    play >> FlagStartRequested(
        at=0, kind=FlagKind.ON_TEST, site_id="S-1", scope=Scope(), until=utc("2026-03-04T19:20"),
        reason="Yearly test", actor=OPERATOR, verified_how="operator",
    )  # fmt: skip
    play << ...
    play >> panel.sia("CL", zone="4")
    play << ...
    at(play, "2026-03-04T20:00") << ...
    assert "late_to_close" not in codes(play)


def test_by_exception_silence_is_no_news_and_an_irregular_opening_is(playbook: Play) -> None:
    play, panel = scene(playbook, site=shop(replace(SHOP, by_exception=True)))
    assert KEY not in play.deadlines()
    at(play, "2026-03-07T10:00") << ""
    play >> panel.sia("OP", zone="4")
    play << ...
    assert codes(play) == ["irregular_open"]
    assert KEY not in play.deadlines()


def test_the_site_base_changes_what_is_expected_and_keeps_what_is_known(playbook: Play) -> None:
    play, panel = scene(playbook, utc("2026-03-04T18:58"))
    play >> panel.sia("CL", zone="4")
    play << ...
    play >> SiteImported(at=0, site=shop(replace(SHOP, open_grace_s=60.0)), actor=OPERATOR)
    play << ...
    assert due(play) == "2026-03-05T06:01"
    assert len(play.station.state.area_runs) == 1
    play >> SiteImported(at=0, site=shop(None), actor=OPERATOR)
    play << ...
    assert KEY not in play.deadlines()
    play >> SiteRemoved(at=0, site_id="S-1", actor=OPERATOR)
    play << ...
    assert len(play.station.state.area_runs) == 0


def test_a_log_only_route_asks_nobody(playbook: Play) -> None:
    quiet = rules(plan("quiet", priority="P5", opens_case=False), {"arcd": "quiet"})
    play = playbook(sites=[shop()], now=NOON, sources=quiet)
    at(play, "2026-03-04T19:30") << f"-- +34200 {KEY}\nlogged late_to_close x/arcd quiet P5"


def test_early_is_as_long_as_it_says() -> None:
    assert EARLY_S == 2 * 3600
