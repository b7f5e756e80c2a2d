"""The wall clock is set while something is running: durations go on, instants stay, a repeat stays a repeat."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.deadlines import counts_time
from arcd.core.facts import (
    AuthorityCalled,
    CallAnswer,
    ClockStepped,
    FlagKind,
    FlagStartRequested,
    GuardAnswer,
    GuardAnswered,
    Scope,
)
from arcd.core.record import Judged
from arcd.core.site import Conditioning
from tests.playbook import NS, OPERATOR, After, Panel, Playbook, move
from tests.sites import DISPATCH, LOOK, QUIET, a_site, plan, rules

HOUR = 3600.0
SEND = rules(plan("send", DISPATCH + LOOK), {"BA": "send", "AT": "trouble"})
STEPS = pytest.mark.parametrize("step_s", [-86_400.0, -90.0, 90.0, 86_400.0])


def a_play(**conditioning: object) -> tuple[Playbook, Panel]:
    made = replace(QUIET, **conditioning)
    return Playbook(sites=[a_site(conditioning=made)], sources=SEND), Panel("1001")


def set_clock(play: Playbook, step_s: float) -> None:
    """Somebody sets it; the facts after it bear the new time."""
    play.now += round(step_s * NS)
    play >> ClockStepped(at=0, step_s=step_s)
    play << ...


def tell(play: Playbook, told: object) -> None:
    play >> told  # type: ignore[operator]  # – whatever a playbook takes
    play << ...


@STEPS
def test_a_guard_has_as_long_to_answer_as_before(step_s: float) -> None:
    play, panel = a_play()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, After(20))
    set_clock(play, step_s)
    offers = play.case().dispatches[0].offers
    assert [offer.guard_id for offer in offers] == ["g1"]
    tell(play, After(39))
    assert len(play.case().dispatches[0].offers) == 1, "too early"
    tell(play, After(1))
    assert [offer.guard_id for offer in play.case().dispatches[0].offers] == ["g1", "g2"]
    play.end()


@STEPS
def test_a_case_that_nobody_sees_is_called_for_at_its_time(step_s: float) -> None:
    play, panel = a_play()
    tell(play, panel.sia("BA", zone="3"))
    set_clock(play, step_s)
    tell(play, After(89))
    assert play.case().attention == 0
    tell(play, After(1))
    assert play.case().attention == 1


@STEPS
def test_a_signal_that_waits_is_decided_at_its_time(step_s: float) -> None:
    play, panel = a_play(mains_fail_delay_s=600.0)
    tell(play, panel.sia("AT", zone="0"))
    set_clock(play, step_s)
    (pending,) = play.station.state.siteruns["S-1"].pending
    assert pending.due == play.now + 600 * NS
    tell(play, After(599))
    assert "S-1" not in play.station.state.open_by_site
    tell(play, After(1))
    assert len(play.station.state.open_by_site["S-1"]) == 1
    play.end()


@STEPS
def test_a_test_ends_at_the_instant_that_was_named(step_s: float) -> None:
    play, _ = a_play()
    until = play.now + round(2 * 86_400 * NS)
    tell(
        play,
        FlagStartRequested(
            at=0, kind=FlagKind.MAINTENANCE, site_id="S-1", scope=Scope(), until=until, reason="works", actor=OPERATOR,
            verified_how="operator", requested_by="helmi",
        ),
    )  # fmt: skip
    assert len(play.station.state.flags) == 1
    set_clock(play, step_s)
    assert play.deadlines()
    assert play.station.deadlines.due_of("flag/F10/end") == until


@pytest.mark.parametrize("key", ["case/C1/resume", "flag/F1/end", "flag/F1/remind", "schedule/S/p/1"])
def test_instants_stay(key: str) -> None:
    assert not counts_time(key)


@pytest.mark.parametrize(
    "key",
    ["case/C1/offer/C1-1", "case/C1/clock/acknowledge/0", "case/C1/claim", "effect/E1/retry", "site/S/pending/4.0",
     "report/F1/forget", "settle/P1", "storm/W1/split"],
)  # fmt: skip
def test_everything_else_runs_on(key: str) -> None:
    assert counts_time(key)


@STEPS
def test_a_repeat_across_the_step_is_a_repeat(step_s: float) -> None:
    play, panel = a_play()
    tell(play, panel.sia("BA", zone="3", timed=False))
    set_clock(play, step_s)
    tell(play, After(100))
    tell(play, panel.again())
    assert [each.judged for each in play.stepped.record.judgements] == [Judged.DUPLICATE]
    tell(play, After(30))
    tell(play, panel.again())
    assert [each.judged for each in play.stepped.record.judgements] == [Judged.JOINED]


def test_what_was_said_before_a_long_step_back_is_no_repeat_later() -> None:
    """A panel that never changes its number: the same words an hour later are another event."""
    play, panel = a_play()
    tell(play, panel.sia("BA", zone="3", timed=False))
    tell(play, After(HOUR))
    set_clock(play, -2 * HOUR)
    tell(play, panel.again())
    assert [each.judged for each in play.stepped.record.judgements] == [Judged.JOINED]


def test_a_source_heard_in_the_future_does_not_run_away() -> None:
    defaults = Conditioning()
    play, panel = a_play(
        runaway_count=defaults.runaway_count, runaway_bucket=defaults.runaway_bucket,
        runaway_window_s=defaults.runaway_window_s, runaway_refill_s=defaults.runaway_refill_s,
    )  # fmt: skip
    for _ in range(8):
        tell(play, panel.sia("BA", zone="3"))
    set_clock(play, -86_400.0)
    for _ in range(8):
        tell(play, panel.sia("BA", zone="3"))
        assert [each.judged for each in play.stepped.record.judgements] == [Judged.JOINED]


def test_a_call_about_a_case_of_the_future_can_be_recorded() -> None:
    play, panel = a_play()
    tell(play, panel.sia("BA", zone="3"))
    set_clock(play, -HOUR)
    tell(play, move("acknowledge"))
    call = AuthorityCalled(
        at=0, case_id="C10", authority="Emergency centre", number="+358 40 555 0180", called_at=play.now,
        answer=CallAnswer.ACCEPTED, actor=OPERATOR, person="Salo", reference="P-77",
    )  # fmt: skip
    tell(play, call)
    assert play.case().authority is not None
    tell(play, GuardAnswered(at=0, offer_id="C10-1", answer=GuardAnswer.ACCEPT, actor=OPERATOR))
    play.end()
