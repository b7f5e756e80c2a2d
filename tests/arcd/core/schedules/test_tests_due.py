"""Periodic tests that do not come: 24 h, an hour of grace, half an hour of jitter, in UTC (requirements 4.4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from arcd.core.facts import DeadlineReached, SiteImported, SiteRemoved
from arcd.core.schedules.areas import ABSENT_S
from arcd.core.schedules.tests_due import allowance_s
from arcd.core.site import Account, Conditioning, Site, System
from protocols.signals import Category
from tests.arcd.core.conftest import Play
from tests.playbook import NS, OPERATOR, After, Panel, Playbook, move
from tests.sites import a_site, rules

KEY = "testdue/S-1/panel"
DAY_S = 86_400.0
LATE_S = DAY_S + 3600 + 1800
RULES = rules(routes={"RP": "log", "RR": "log", "YR": "log"})


def site(interval_s: float | None = DAY_S, *, only_tests: bool = False, accounts: bool = True) -> Site:
    panel = System(
        id="panel",
        kind="intrusion",
        accounts=(Account(number="1001"),) if accounts else (),
        test_interval_s=interval_s,
        only_tests_count=only_tests,
    )
    return a_site(systems=(panel,))


def scene(playbook: Play, **options: object) -> tuple[Playbook, Panel]:
    return playbook(sites=[site(**options)], sources=RULES), Panel()  # type: ignore[arg-type]  # – passed on


@pytest.mark.parametrize(
    ("interval_s", "expected"), [(DAY_S, 5400), (7 * DAY_S, 5400), (DAY_S / 2, 2700), (3600, 225), (600, 37.5)]
)
def test_a_shorter_interval_gets_as_much_in_proportion(interval_s: float, expected: float) -> None:
    assert allowance_s(interval_s) == expected


def test_late_once_told_again_after_another_interval_and_over_with_the_next_report(playbook: Play) -> None:
    play, panel = scene(playbook)
    assert play.deadlines() == {KEY: LATE_S}
    play >> After(LATE_S - 1)
    play << ""
    play >> After(1)
    (
        play
        << f"""
        -- +91800 {KEY}
        opened C10 test_overdue x/arcd trouble P3
        case.opened C10 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C10 step=finish kind=close automatic=False
        """
    )
    signal = play.case().signals[0].signal
    assert signal.category is Category.SUPERVISION
    assert signal.text == "No test report has come; it was expected by 5.3. 15:00"
    play >> move("acknowledge")
    play << ...
    play >> After(LATE_S)
    play << ...
    assert [case.signal_count for case in play.station.state.cases.values()] == [2]
    play >> panel.sia("RP")
    (
        play
        << """
        logged routed x/rp log P5
        schedule.settled C10 code=test_overdue
        reply ack
        """
    )
    assert play.deadlines()[KEY] == LATE_S
    assert play.case().is_open, "somebody is at work on it"


def test_before_anybody_begins_the_report_ends_the_matter(playbook: Play) -> None:
    usual = replace(site(), conditioning=Conditioning())
    play, panel = playbook(sites=[usual], sources=RULES), Panel()
    play >> After(LATE_S)
    play << ...
    play >> panel.sia("RP")
    play << ...
    assert not play.case().is_open


@pytest.mark.parametrize(("only_tests", "resets"), [(False, True), (True, False)])
def test_any_signal_counts_unless_only_tests_do(playbook: Play, only_tests: bool, resets: bool) -> None:
    play, panel = scene(playbook, only_tests=only_tests)
    play >> After(3600)
    play >> panel.sia("OP", zone="4")
    play << ...
    assert (play.deadlines()[KEY] == LATE_S) is resets
    play >> After(3600)
    play >> panel.sia("RP")
    play << ...
    assert play.deadlines()[KEY] == LATE_S


def test_what_is_not_genuine_proves_nothing(playbook: Play) -> None:
    play, _ = scene(playbook)
    play >> After(3600)
    play >> Panel("9999").sia("RP")
    play << ...
    assert play.deadlines()[KEY] == LATE_S - 3600


@pytest.mark.parametrize("start", ["2026-03-28T12:00", "2026-10-24T12:00", "2028-02-28T12:00"])
def test_moved_clocks_and_leap_days_change_nothing(playbook: Play, start: str) -> None:
    now = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()) * NS
    play = playbook(sites=[site()], sources=RULES, now=now)
    assert play.deadlines() == {KEY: LATE_S}


@pytest.mark.parametrize(("after_s", "raised"), [(ABSENT_S, 1), (ABSENT_S + 1, 0)])
def test_what_we_were_not_there_to_hear_is_not_missed(playbook: Play, after_s: float, raised: int) -> None:
    play, _ = scene(playbook)
    due = play.station.deadlines.due_of(KEY)
    assert due is not None
    play.now = due + round(after_s * NS)
    play >> DeadlineReached(at=0, key=KEY, due=due)
    play << ...
    assert len(play.station.state.cases) == raised
    assert play.deadlines()[KEY] == LATE_S


def test_the_site_base_says_what_is_expected(playbook: Play) -> None:
    play, _ = scene(playbook)
    play >> After(3600)
    play >> SiteImported(at=0, site=replace(site(), name="Another name"), actor=OPERATOR)
    play << ...
    assert play.deadlines()[KEY] == LATE_S - 3600  # goes on from the last report
    play >> SiteImported(at=0, site=site(2 * DAY_S), actor=OPERATOR)
    play << ...
    assert play.deadlines()[KEY] == 2 * DAY_S + 5400
    play >> SiteImported(at=0, site=site(None), actor=OPERATOR)
    play << ...
    assert play.deadlines() == {}
    play >> SiteImported(at=0, site=site(accounts=False), actor=OPERATOR)
    play << ...
    assert play.deadlines() == {}  # nothing could ever come
    play >> SiteImported(at=0, site=site(), actor=OPERATOR)
    play << ...
    play >> SiteRemoved(at=0, site_id="S-1", actor=OPERATOR)
    play << ...
    assert play.deadlines() == {}
