"""The stages together: their order, and what no setting of a site may ever do (design promise 4)."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from arcd.core.facts import FlagKind, FlagStartRequested, Scope
from arcd.core.record import Judged
from arcd.core.site import Conditioning
from arcd.core.siterun import (
    ACTIVATIONS_MAX,
    PENDING_MAX,
    RATES_MAX,
    SEEN_MAX,
    SWINGS_MAX,
    TRIGGERS_MAX,
)
from protocols.signals import LIFE_SAFETY, Category, Qualifier
from rules.model import Priority
from tests.arcd.core.conditioning.scene import SHIPPED, a_play, cid, happened, judged, tell, wait
from tests.playbook import NS, OPERATOR, Panel, Playbook

DEFAULTS = {name: getattr(Conditioning(), name) for name in Conditioning.__struct_fields__}


# -------------------------------------------------------------------------------------------------------- random scenes


@dataclass(frozen=True)
class Told:
    code: str
    zone: str
    account: str
    wait_s: float
    age_s: float


SIA = (
    "BA", "BR", "BV", "TA", "TR", "OP", "CL", "BC", "FC", "AT", "AR", "YC", "YK", "HA", "HR", "FA", "FR", "MA", "PA",
    "DA",
)  # fmt: skip
CID = (
    "1130", "3130", "6130", "1110", "3110", "6110", "1121", "1120", "1301", "6301", "3301", "1406", "1401", "3401",
)  # fmt: skip
seconds = st.sampled_from([0.0, 1.0, 60.0, 300.0, 3600.0])

told = st.lists(
    st.builds(
        Told,
        code=st.sampled_from(SIA + CID),
        zone=st.sampled_from(["1", "3", "4", "9"]),
        account=st.sampled_from(["1001", "1001", "1002"]),
        wait_s=st.sampled_from([0.0, 0.0, 0.5, 30.0, 130.0, 1900.0]),
        age_s=st.sampled_from([0.0, 0.0, 0.0, 601.0, 9000.0]),
    ),
    max_size=15,
)
policies = st.fixed_dictionaries(
    {
        "second_path_s": seconds,
        "delayed_after_s": seconds,
        "swinger_trips": st.integers(0, 2),
        "swinger_reset_s": seconds,
        "runaway_count": st.integers(0, 3),
        "runaway_window_s": seconds,
        "runaway_bucket": st.integers(0, 3),
        "runaway_refill_s": seconds,
        "runaway_clear_s": seconds.filter(bool),
        "cancel_window_s": seconds,
        "cancel_closes": st.booleans(),
        "unset_filter_s": seconds,
        "confirm_window_s": seconds,
        "holdup_confirm_gap_s": seconds,
        "holdup_confirm_window_s": seconds,
        "path_alarm_window_s": seconds,
        "mains_fail_delay_s": seconds,
        "auto_close_on_restore": st.sets(st.sampled_from(list(Category))).map(lambda some: tuple(sorted(some))),
        "unrestored_alarm_s": seconds,
        "unrestored_trouble_s": seconds,
    }
)


def act(play: Playbook, panels: dict[str, Panel], one: Told) -> None:
    wait(play, one.wait_s)
    panel = panels[one.account]
    message = cid(panel, one.code, zone=one.zone.zfill(3)) if one.code.isdigit() else panel.sia(one.code, zone=one.zone)
    tell(play, happened(message, one.age_s) if one.age_s else message)


@settings(max_examples=40)
@given(policies, told)
def test_life_safety_passes_everything(policy: dict[str, object], story: list[Told]) -> None:
    play = a_play(sources=SHIPPED, **policy)
    panels = {account: Panel(account) for account in ("1001", "1002")}
    priorities: dict[str, Priority] = {}
    for one in story:
        act(play, panels, one)
        received = play.stepped.record.fact.received.signals  # type: ignore[union-attr] # – a frame was told
        for judgement in play.stepped.record.judgements:
            if judgement.seq:
                continue
            signal = received[judgement.index]
            if signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE:
                assert judgement.judged in (Judged.OPENED, Judged.JOINED, Judged.COPY)
                case = play.case(judgement.case_id)
                assert case.is_open
                assert case.category in LIFE_SAFETY
                assert not Priority.P1.is_more_urgent_than(case.priority)
                assert not case.plan_held
        for case in play.station.state.cases.values():
            if case.category in LIFE_SAFETY:
                assert case.is_open, "nobody but a person closes it"
                assert not case.proposal
            before = priorities.get(case.id, case.priority)
            assert not before.is_more_urgent_than(case.priority), "never lowered"
            priorities[case.id] = case.priority
    play.end()


@settings(max_examples=20)
@given(told)
def test_the_defaults_hold_their_limits_and_replay(story: list[Told]) -> None:
    play = a_play(sources=SHIPPED, **DEFAULTS)
    panels = {account: Panel(account) for account in ("1001", "1002")}
    for one in story:
        act(play, panels, one)
        run = play.station.state.siteruns.get("S-1")
        if run is None:
            continue
        assert len(run.pending) <= PENDING_MAX
        assert len(run.triggers) <= TRIGGERS_MAX
        assert len(run.swings) <= SWINGS_MAX
        assert len(run.seen) <= SEEN_MAX
        assert all(len(window.activations) <= ACTIVATIONS_MAX for window in run.confirming.values())
        for pending in run.pending:
            due = play.station.deadlines.due_of(f"site/S-1/pending/{pending.seq}.{pending.index}")
            assert due == pending.due, "what waits has a deadline"
            assert due >= play.now
    rates = play.station.state.rates.get("S-1")
    assert rates is None or len(rates.rates) <= RATES_MAX
    wait(play, 1801)
    run = play.station.state.siteruns.get("S-1")
    assert run is None or not run.pending, "nothing waits for ever"
    play.end()


# ------------------------------------------------------------------------------------------------------------ the order


def on_test(play: Playbook) -> None:
    play >> FlagStartRequested(
        at=0,
        kind=FlagKind.ON_TEST,
        site_id="S-1",
        scope=Scope(),
        until=play.now + 7200 * NS,
        reason="test",
        actor=OPERATOR,
        verified_how="operator",
        override_reason="asked",
    )
    play << ...


def test_a_test_holds_before_anything_is_counted() -> None:
    play, panel = a_play(runaway_count=2, runaway_window_s=300.0, confirm_window_s=2700.0), Panel()
    on_test(play)
    for zone in ("3", "4", "3", "4"):
        assert tell(play, panel.sia("BA", zone=zone)) == "held"
    run = play.station.state.siteruns.get("S-1")
    assert run is None or not run.confirming
    assert "S-1" not in play.station.state.rates
    play.end()


def test_a_copy_of_what_a_test_holds_is_a_copy() -> None:
    play = a_play(second_path_s=300.0)
    on_test(play)
    assert tell(play, Panel("1001").sia("BA", zone="3")) == "held"
    assert tell(play, Panel("1002").sia("BA", zone="3")) == "copy"
    assert tell(play, Panel("1001").sia("HA", zone="3")) == "opened"
    play.end()


def test_a_noisy_source_is_folded_before_it_can_wait() -> None:
    play, panel = a_play(runaway_count=1, runaway_window_s=300.0, unset_filter_s=120.0), Panel()
    tell(play, panel.sia("CL", zone="7"))
    assert tell(play, panel.sia("BA", zone="1")) == "pending"
    assert tell(play, panel.sia("BA", zone="1")) == "folded"
    play.end()


def test_an_operators_level_is_not_raised_again_by_what_was_known_before() -> None:
    play, panel = a_play(confirm_window_s=2700.0), Panel()
    tell(play, panel.sia("BA", zone="3"))
    tell(play, panel.sia("BA", zone="4"))
    cases = play.station.state.cases
    cases.put("C10", replace(play.case(), verification=0, verified_by=OPERATOR.id))
    play.station.state.keep()
    tell(play, panel.sia("BA", zone="9"))
    assert play.case().verification == 0
    tell(play, panel.sia("BA", zone="1"))
    assert play.case().verification == 2, "a detector that had not spoken before"


def test_the_whole_way_by_default() -> None:
    """Armed; door at 22:00; nobody disarms; a second detector: one confirmed case with both signals."""
    play, panel = a_play(sources=SHIPPED, **DEFAULTS), Panel()
    tell(play, panel.sia("CL", zone="7"))
    assert tell(play, panel.sia("BA", zone="1")) == "pending"
    wait(play, 30)
    assert tell(play, panel.sia("BA", zone="3")) == "opened joined"
    (case,) = play.station.state.cases.values()
    assert (case.priority, case.verification, case.signal_count) == (Priority.P1, 2, 2)
    assert case.dispatches
    assert judged(play) == "opened joined"
    play.end()
