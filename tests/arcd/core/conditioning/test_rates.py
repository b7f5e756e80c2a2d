"""requirements 4.4, runaway: a sliding window and a token bucket; one case, the rest folded and counted."""

from __future__ import annotations

import pytest

from arcd.core.conditioning.rates import counted
from arcd.core.site import Conditioning
from arcd.core.siterun import RATE_TIMES_MAX, RATES_MAX, Rate, SiteRates
from tests.arcd.core.conditioning.scene import a_play, because, cid, noted, tell, wait
from tests.playbook import CLOSING, NS, Due, Panel, Playbook, move, step

LIMITS = {
    "runaway_count": 10,
    "runaway_window_s": 300.0,
    "runaway_bucket": 20,
    "runaway_refill_s": 600.0,
    "runaway_clear_s": 1800.0,
}


def running(**conditioning: object) -> tuple[Playbook, Panel]:
    return a_play(**{**LIMITS, **conditioning}), Panel()


def many(play: Playbook, panel: Panel, count: int, *, every_s: float = 1.0, code: str = "BA", zone: str = "3") -> str:
    what = ""
    for _ in range(count):
        what = tell(play, panel.sia(code, zone=zone))
        wait(play, every_s)
    return what


def test_the_eleventh_runs_away() -> None:
    play, panel = running()
    assert many(play, panel, 10) == "joined"
    play >> panel.sia("BA", zone="3")
    (
        play
        << """
        folded C20 runaway since entry 20
        case.opened C20 type=alarm site=S-1 priority=P3 plan=trouble
        step.started C20 step=finish kind=close automatic=False
        runaway.began C20 source=1001|sia|BA|3
        reply ack
        """
    )
    assert play.case().signal_count == 10
    play.end()


def test_what_follows_is_counted_with_its_first_and_last() -> None:
    play, panel = running()
    many(play, panel, 11)
    assert many(play, panel, 5) == "folded"
    (told,) = play.case("C20").signals
    assert (told.signal.code, told.repeats, told.last_at) == ("runaway", 5, play.now - NS)
    assert play.case().signal_count == 10
    play.end()


@pytest.mark.parametrize(("window_s", "what"), [(299, "folded"), (300, "folded"), (301, "joined")])
def test_the_window(window_s: float, what: str) -> None:
    """Ten at once, and the eleventh so much later."""
    play, panel = running(runaway_bucket=0)
    many(play, panel, 10, every_s=0)
    wait(play, window_s)
    assert tell(play, panel.sia("BA", zone="3")) == what
    play.end()


def test_the_bucket_finds_a_slow_leak() -> None:
    """One every minute is never ten in five minutes, and never refilled either."""
    play, panel = running()
    passed = 0
    while tell(play, panel.sia("BA", zone="3")) != "folded":
        passed += 1
        wait(play, 60)
    # 20 in the bucket; two more were refilled while they were used up.
    assert passed == 22
    assert because(play) == f"runaway since entry {play.history[-1][0]}"
    play.end()


@pytest.mark.parametrize(("count", "is_over"), [(20, False), (21, True)])
def test_the_bucket_holds_so_many_at_once(count: int, is_over: bool) -> None:
    conditioning = Conditioning(runaway_count=99)
    rate, over = Rate(), False
    for _ in range(count):
        rate, over = counted(rate, 0, conditioning)
    assert over is is_over


@pytest.mark.parametrize(("later_s", "is_over"), [(599, True), (600, False), (601, False)])
def test_one_is_refilled_after_its_time(later_s: int, is_over: bool) -> None:
    conditioning = Conditioning(runaway_count=99, runaway_window_s=1.0)
    rate, over = Rate(), False
    for _ in range(20):
        rate, over = counted(rate, 0, conditioning)
    rate, over = counted(rate, later_s * NS, conditioning)
    assert over is is_over


def test_it_ends_when_the_source_has_been_below_for_long_enough() -> None:
    play, panel = running()
    many(play, panel, 12, every_s=0)
    play >> Due("case/C10/clock/acknowledge/0")
    play << ...
    wait(play, 1800 - 90 - 1)
    assert tell(play, panel.sia("CL", zone="7")) == "logged"
    assert not noted(play, "runaway.ended")
    wait(play, 1)
    assert noted(play, "runaway.ended") == [{"source": "1001|sia|BA|3", "folded": 1}]
    assert play.station.state.rates["S-1"].rates.get("1001|sia|BA|3") is None
    assert tell(play, panel.sia("BA", zone="3")) == "joined"
    play.end()


def test_a_signal_below_the_limit_does_not_prolong_it_and_is_still_folded() -> None:
    play, panel = running(runaway_bucket=0)
    many(play, panel, 11, every_s=0)
    wait(play, 1799)
    assert tell(play, panel.sia("BA", zone="3")) == "folded"
    wait(play, 1)
    assert tell(play, panel.sia("BA", zone="3")) == "joined"
    play.end()


def test_closing_its_case_does_not_silence_it() -> None:
    play, panel = running()
    many(play, panel, 12, every_s=0)
    for asked in (
        move("acknowledge", case_id="C20"),
        step("finish", "skip", note="x", case_id="C20"),
        move("close", form=CLOSING, case_id="C20"),
    ):
        play >> asked
        play << ...
    assert tell(play, panel.sia("BA", zone="3")) == "folded"
    again = play.stepped.record.judgements[-1].case_id
    assert again != "C20"
    assert play.case(again).is_open
    play.end()


@pytest.mark.parametrize(("code", "zone", "account"), [("BV", "3", "1001"), ("BA", "4", "1001"), ("BA", "3", "1002")])
def test_other_sources_go_on(code: str, zone: str, account: str) -> None:
    play, panel = running()
    many(play, panel, 11, every_s=0)
    assert tell(play, Panel(account).sia(code, zone=zone)) == "joined"
    play.end()


@pytest.mark.parametrize("code", ["HA", "FA"])
def test_life_safety_joins_its_own_open_case_and_opens_another_when_that_is_closed(code: str) -> None:
    play, panel = running()
    assert many(play, panel, 30, every_s=0, code=code) == "joined"
    assert play.case().signal_count == 30
    for asked in (move("acknowledge"), step("finish", "skip", note="x"), move("close", form=CLOSING)):
        play >> asked
        play << ...
    assert many(play, panel, 1, code=code) == "opened"
    play.end()


def test_openings_and_tests_are_only_logged_and_not_looked_at() -> None:
    play, panel = running()
    assert many(play, panel, 15, every_s=0, code="OP", zone="7") == "logged"
    assert "S-1" not in play.station.state.rates
    play.end()


def test_reminders_are_counted() -> None:
    play, panel = running()
    for _ in range(11):
        what = tell(play, cid(panel, "6130", zone="009"))
    assert what == "joined", "a reminder of what stands in an open case is no repeat"
    play.end()


def test_turned_off() -> None:
    play, panel = running(runaway_count=0)
    assert many(play, panel, 30, every_s=0) == "joined"
    play.end()


def test_two_sources_of_one_frame_end_together() -> None:
    play, panel = running()
    for _ in range(10):
        tell(play, panel.sia("BA/BV", zone="3"))
    assert tell(play, panel.sia("BA/BV", zone="3")) == "folded folded"
    wait(play, 1800)
    assert len(noted(play, "runaway.ended")) == 2
    assert tell(play, panel.sia("BA", zone="3")) == "joined"
    play.end()


def test_sources_are_bounded_and_the_one_heard_longest_ago_goes_first() -> None:
    rates = SiteRates()
    for number in range(RATES_MAX + 5):
        rates = rates.with_rate(f"k{number}", Rate(last_at=number), stale_before=0)
    assert len(rates.rates) == RATES_MAX
    assert "k4" not in rates.rates
    assert "k5" in rates.rates
    rates = rates.with_rate("k5", Rate(last_at=9999), stale_before=9000)
    assert list(rates.rates) == ["k5"], "what is stale is forgotten"


def test_a_stale_runaway_is_kept_for_its_deadline() -> None:
    rates = SiteRates().with_rate("a", Rate(last_at=1, runaway_seq=7), stale_before=0)
    assert list(rates.with_rate("b", Rate(last_at=99), stale_before=50).rates) == ["a", "b"]


def test_instants_are_bounded() -> None:
    conditioning = Conditioning(runaway_count=10_000, runaway_bucket=0)
    rate = Rate()
    for at in range(3 * RATE_TIMES_MAX):
        rate, _ = counted(rate, at, conditioning)
    assert len(rate.times) <= RATE_TIMES_MAX
