"""requirements 4.4, delayed signal: panel time older than ten minutes is flagged, a person confirms the dispatch."""

from __future__ import annotations

import pytest

from tests.arcd.core.conditioning.scene import SOURCES, a_play, happened, noted, tell, wait
from tests.playbook import OPERATOR, Panel, Playbook, move, step
from tests.sites import DISPATCH, plan

GUARDED = {**SOURCES, "plans/look.yaml": plan("look", DISPATCH)}
URGENT = {**SOURCES, "plans/urgent.yaml": plan("urgent", DISPATCH, priority="P0")}


def delaying(sources: dict[str, str] = GUARDED) -> Playbook:
    return a_play(sources=sources, delayed_after_s=600.0)


@pytest.mark.parametrize(("age_s", "is_delayed"), [(599, False), (600, False), (601, True), (-30, False)])
def test_the_limit(age_s: float, is_delayed: bool) -> None:
    play = delaying()
    tell(play, happened(Panel().sia("BA", zone="3"), age_s))
    assert bool(play.case().signals[0].delayed_s) is is_delayed
    assert bool(play.case().dispatches) is not is_delayed
    play.end()


def test_old_news_sends_nobody_until_somebody_has_looked() -> None:
    play = delaying()
    play >> happened(Panel().sia("BA", zone="3"), 5000)
    (
        play
        << """
        opened C10 routed x/ba look P2
        signal.delayed index=0 age_s=5000
        case.opened C10 type=alarm site=S-1 priority=P2 plan=look
        plan.held C10 because=delayed
        reply ack
        """
    )
    assert play.case().signals[0].delayed_s == 5000
    play >> move("acknowledge")
    play << ...
    assert noted(play, "plan.released") == [{"by": OPERATOR.id, "held": "delayed"}]
    assert [offer.guard_id for offer in play.case().dispatches[0].offers] == ["g1"]
    play.end()


def test_the_queue_calls_for_a_person_meanwhile() -> None:
    play = delaying()
    tell(play, happened(Panel().sia("BA", zone="3"), 5000))
    wait(play, 200)
    assert play.case().attention == 2
    assert not play.case().dispatches
    play.end()


def test_starting_a_step_lets_the_plan_go() -> None:
    play = delaying()
    tell(play, happened(Panel().sia("BA", zone="3"), 5000))
    play >> step("dispatch-guard", "start", seen_version=play.case().version)
    play << ...
    assert len(play.case().dispatches) == 1
    play.end()


def test_reasoning_the_dispatch_away_sends_nobody_twice() -> None:
    play = delaying()
    tell(play, happened(Panel().sia("BA", zone="3"), 5000))
    play >> step("dispatch-guard", "skip", note="too old")
    play << ...
    assert len(play.case().dispatches) == 1
    assert play.case().dispatches[0].status.value == "cancelled"
    play.end()


def test_news_of_now_lets_the_plan_go() -> None:
    play, panel = delaying(), Panel()
    tell(play, happened(panel.sia("BA", zone="3"), 5000))
    assert tell(play, panel.sia("BA", zone="4")) == "joined"
    assert len(play.case().dispatches) == 1
    play.end()


def test_a_delayed_signal_that_joins_starts_no_dispatch_either() -> None:
    routed = {**GUARDED, "packs/x.yaml": SOURCES["packs/x.yaml"].replace("plan: look}", "plan: look}", 1)}
    routed["plans/look.yaml"] = SOURCES["plans/look.yaml"]
    routed["plans/urgent.yaml"] = plan("urgent", DISPATCH, priority="P0")
    routed["packs/x.yaml"] = SOURCES["packs/x.yaml"].replace(
        "when: {signal.code: BV}, plan: look", "when: {signal.code: BV}, plan: urgent"
    )
    play, panel = delaying(routed), Panel()
    tell(play, panel.sia("BA", zone="3"))
    assert tell(play, happened(panel.sia("BV", zone="4"), 5000)) == "joined"
    assert play.case().priority.value == "P0"
    assert not play.case().dispatches
    assert tell(play, panel.sia("BV", zone="1")) == "joined"
    play.end()


@pytest.mark.parametrize("code", ["HA", "FA"])
def test_life_safety_is_shown_with_its_age_and_waits_for_nobody(code: str) -> None:
    play = delaying(URGENT)
    tell(play, happened(Panel().sia(code, zone="3"), 5000))
    assert play.case().signals[0].delayed_s == 5000
    assert len(play.case().dispatches) == 1
    play.end()


def test_a_panel_without_a_clock_is_never_late() -> None:
    play = delaying()
    tell(play, Panel().sia("BA", zone="3", timed=False))
    assert play.case().signals[0].delayed_s == 0
    play.end()
