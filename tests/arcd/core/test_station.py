"""The machine as a whole: rules, sites, its own troubles, effects and their retries, and steps that fail."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.case import casebook
from arcd.core.conditioning import unrestored
from arcd.core.delivery import RETRY_WAITS_S
from arcd.core.effects import Reply
from arcd.core.facts import (
    DAEMON,
    AccountsHeard,
    CentreImported,
    ClockStepped,
    DaemonTroubled,
    DeadlineReached,
    EffectOutcome,
    JournalRestored,
    RulesLoaded,
    SiteImported,
    SiteRemoved,
    Started,
    StepFailed,
    Stopped,
)
from arcd.core.station import Station
from protocols.codec import ReplyKind
from protocols.dc09.reply_policy import ReplyPolicy
from tests.arcd.core.case.test_engine import GATED, by_hand
from tests.arcd.core.conftest import Play
from tests.arcd.core.invariants import same_state
from tests.playbook import CLOSING, NS, START, After, Panel, Playbook, held, keyed_panel, move, outcome
from tests.sites import CONTACTS, DISPATCH, KEY, LOOK, a_centre, a_site, plan, rules


def loaded(sources: dict[str, str]) -> RulesLoaded:
    return RulesLoaded(at=0, digest="", sources=sources, actor=DAEMON)


# --------------------------------------------------------------------------------------------------------------- rules


def test_new_rules_hold_for_what_comes_and_leave_what_is_there(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    before = play.case()
    play >> loaded(rules(plan("look", priority="P1")))
    (
        play
        << """
        rules.loaded by=daemon
        granted rules
        """
    )
    assert play.case() == before
    assert play.case().plan.priority == "P2"  # type: ignore[union-attr]
    play >> panel.sia("BA", zone="4")
    (
        play
        << """
        joined C10 routed x/ba look P1
        case.priority C10 priority=P1 before=P2
        reply ack
        """
    )


def test_rules_that_forget_an_open_cases_type_are_refused(playbook: Play) -> None:
    """Nobody could close it any more, and its clock would find no targets."""
    play = playbook(sources={**rules(), "cases/gated.yaml": GATED})
    play >> by_hand("gated")
    play << ...
    play >> loaded(rules())
    play << (
        "refused rules.case_type: These rules have no case type gated, and C10 is in it; "
        "keep it until the case has been closed for a day."
    )
    assert "gated" in play.station.rules.case_types
    play >> After(60)
    play << ...


def test_rules_that_forget_the_state_of_an_open_case_are_refused(playbook: Play) -> None:
    play = playbook(sources={**rules(), "cases/gated.yaml": GATED})
    play >> by_hand("gated")
    play << ...
    play >> loaded({**rules(), "cases/gated.yaml": GATED.replace("open", "ajar")})
    play << (
        "refused rules.case_type: These rules have no state open of gated, and C10 is in it; "
        "keep it until the case has been closed for a day."
    )


def test_nothing_happens_before_there_are_rules() -> None:
    with pytest.raises(AssertionError, match="loads the rules"):
        Station().step(Started(at=START, version="x"), 1)


# --------------------------------------------------------------------------------------------------------------- sites


def test_a_site_with_open_cases_is_not_removed(playbook: Play) -> None:
    play = playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> SiteRemoved(at=0, site_id="S-1", actor=DAEMON)
    play << "refused site.open_cases: S-1 has open cases; close them first."
    play >> SiteRemoved(at=0, site_id="S-2", actor=DAEMON)
    play << "refused site.unknown: No site S-2."


def test_a_removed_site_is_unknown_and_leaves_nothing_behind(playbook: Play) -> None:
    play = playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    for name in ("acknowledge", "close"):
        play >> move(name, form=CLOSING if name == "close" else {})
        play << ...
    play >> SiteRemoved(at=0, site_id="S-1", actor=DAEMON)
    (
        play
        << """
        profiles S-1
        granted S-1
        """
    )
    assert len(play.station.state.siteruns) == 0
    assert len(play.station.state.accounts) == 0
    play >> panel.sia("BA", zone="3")
    (
        play
        << """
        opened C14 unknown_account root/unknown-account stranger P2
        case.opened C14 type=alarm priority=P2 plan=stranger
        step.started C14 step=finish kind=close automatic=False
        reply duh
        """
    )


def test_a_changed_site_holds_for_the_next_frame(playbook: Play) -> None:
    play = playbook()
    play >> SiteImported(at=0, site=a_site(account="7777"), actor=DAEMON)
    (
        play
        << """
        profiles S-1
        granted S-1
        """
    )
    play >> Panel("1001").sia("OP", zone="3")
    play << ...
    assert play.effects == (Reply(reply=ReplyKind.DUH),)
    play >> Panel("7777").sia("OP", zone="3")
    play << ...
    assert play.effects == (Reply(reply=ReplyKind.ACK),)


def test_a_changed_centre_holds_for_the_next_case(playbook: Play) -> None:
    play = playbook()
    play >> CentreImported(at=0, centre=a_centre(language="sv"), actor=DAEMON)
    play << "granted centre"
    assert play.station.state.centre["centre"].language == "sv"


# --------------------------------------------------------------------------------------------- troubles of the machine


@pytest.mark.parametrize(
    "fact",
    [
        DaemonTroubled(at=0, code="disk_low", detail="17 MiB free"),
        DaemonTroubled(at=0, code="commit_slow", detail="3 s"),
        ClockStepped(at=0, step_s=-3600.0),
        ClockStepped(at=0, step_s=1.5),
        Started(at=0, version="9.9", clean=False),
        JournalRestored(at=0, backup="b", head_at=0, by="os:matti", restored_at=0),
        StepFailed(at=0, failed_kind="frame_received", failed_fact="{}", error="KeyError in x:1"),
    ],
)
def test_the_machines_own_troubles_are_put_before_a_person(playbook: Play, fact: DaemonTroubled) -> None:
    play = playbook()
    play >> fact
    play << ...
    assert play.case().category in ("trouble", "unknown")
    play >> fact
    play << ...
    assert play.case().signal_count == 2


def test_what_is_no_trouble(playbook: Play) -> None:
    play = playbook()
    play >> ClockStepped(at=0, step_s=0.9)
    play << ""
    play >> DaemonTroubled(at=0, code="disk_low", detail="plenty", cleared=True)
    (
        play
        << """
        logged disk_low x/arcd trouble P3
        trouble.cleared code=disk_low detail=plenty
    """
    )


def test_a_trouble_of_its_own_that_is_over_closes_its_case_unless_somebody_has_begun(playbook: Play) -> None:
    play = playbook()
    play >> DaemonTroubled(at=0, code="channel_down", about="mail", detail="refused")
    play << ...
    play >> DaemonTroubled(at=0, code="channel_down", about="webhook", detail="refused")
    play << ...
    first, second = play.station.state.cases.values()
    play >> DaemonTroubled(at=0, code="channel_down", about="mail", detail="well", cleared=True)
    play << ...
    assert [play.case(case.id).is_open for case in (first, second)] == [False, True]
    play >> move("acknowledge", case_id=second.id)
    play << ...
    play >> DaemonTroubled(at=0, code="channel_down", about="webhook", detail="well", cleared=True)
    play << ...
    assert play.case(second.id).is_open
    play >> Stopped(at=0, reason="asked")
    play << ""
    play >> Started(at=0, version="9.9", reply_policy=ReplyPolicy(unknown_account=ReplyKind.NONE))
    play << ""
    play >> Panel("4711").sia("BA", zone="3")
    play << ...
    assert play.effects == (Reply(reply=ReplyKind.NONE),)


# ---------------------------------------------------------------------------------------------------------- heartbeats


def test_a_link_test_of_a_known_account_is_answered_at_once_and_remembered() -> None:
    play = Playbook()
    panel = Panel()
    panel.null()(play.now)
    received = panel.frame(play.now)
    before = play.station.state.dump()
    assert play.station.heartbeat(received, play.now) == Reply(reply=ReplyKind.ACK)
    assert play.station.state.dump() == before
    assert play.station.take_heard() == {"*/*/1001": play.now}
    assert play.station.take_heard() == {}


@pytest.mark.parametrize("account", ["1001", "4711"])
def test_a_link_test_that_proves_nothing_goes_through_the_machine(account: str) -> None:
    play = Playbook(sites=[a_site(keyed=True)])
    panel = Panel(account)
    panel.null()(play.now)
    assert play.station.heartbeat(panel.frame(play.now), play.now) is None


def test_a_signal_is_no_heartbeat() -> None:
    play = Playbook()
    panel = Panel()
    panel.sia("BA", zone="3")(play.now)
    assert play.station.heartbeat(panel.frame(play.now), play.now) is None


def test_a_sealed_link_test_is_proof_of_life() -> None:
    play = Playbook(sites=[a_site(keyed=True)])
    panel = keyed_panel()
    panel.null()(play.now)
    assert play.station.heartbeat(panel.frame(play.now), play.now) is not None


def test_proof_of_life_never_goes_back(playbook: Play) -> None:
    play = playbook()
    for at in (5, 3, 7):
        play >> AccountsHeard(at=0, heard={"*/*/1001": at})
        play << ""
    assert play.station.state.accounts["*/*/1001"].last_heard == 7


# ------------------------------------------------------------------------------------------------- effects and retries


def paged(playbook: Play) -> Playbook:
    """A case nobody takes: one mail to the person on duty is under way."""
    play = playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(180)
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> held()
    play << ...
    return play


def test_a_message_is_tried_under_one_id_with_growing_waits_and_then_given_up(playbook: Play) -> None:
    play = paged(playbook)
    for number, wait_s in enumerate(RETRY_WAITS_S, start=1):
        play >> outcome("E12", EffectOutcome.FAILED, "HTTP 503")
        play << f"effect C10 id=E12 attempt={number} outcome=failed detail=HTTP 503"
        play >> After(wait_s - 0.001)
        play << ""
        assert play.station.state.pending["E12"].waiting
        play >> After(0.001)
        play << ...
        (again,) = play.effects
        assert (again.id, again.attempt) == ("E12", number + 1)  # type: ignore[union-attr]
    play >> outcome("E12", EffectOutcome.FAILED, "HTTP 503")
    (
        play
        << """
        effect C10 id=E12 attempt=6 outcome=failed detail=HTTP 503
        message.failed C10
        """
    )
    assert len(play.station.state.pending) == 0
    assert play.case().attention == 3


def test_a_message_refused_for_good_is_not_tried_again(playbook: Play) -> None:
    play = paged(playbook)
    play >> outcome("E12", EffectOutcome.REFUSED, "550")
    (
        play
        << """
        effect C10 id=E12 attempt=1 outcome=refused detail=550
        message.failed C10
        """
    )
    assert play.deadlines() == {"case/C10/claim": 1800}


def test_a_message_delivered_at_the_second_attempt(playbook: Play) -> None:
    play = paged(playbook)
    play >> outcome("E12", EffectOutcome.FAILED)
    play << ...
    play >> After(RETRY_WAITS_S[0])
    play << ...
    play >> outcome("E12", EffectOutcome.DELIVERED)
    play << "effect C10 id=E12 attempt=2 outcome=delivered"
    play >> outcome("E12", EffectOutcome.DELIVERED)
    play << ""


def test_an_outcome_told_between_two_attempts_is_no_attempt(playbook: Play) -> None:
    play = paged(playbook)
    play >> outcome("E12", EffectOutcome.FAILED)
    play << ...
    play >> outcome("E12", EffectOutcome.FAILED)
    play << ""
    assert play.deadlines()["effect/E12/retry"] == RETRY_WAITS_S[0]


def test_a_message_outlives_its_case(playbook: Play) -> None:
    play = paged(playbook)
    play >> outcome("E12", EffectOutcome.FAILED)
    play << ...
    play >> move("close", form=CLOSING)
    play << ...
    play >> After(RETRY_WAITS_S[0])
    play << ...
    play >> outcome("E12", EffectOutcome.REFUSED)
    play << "effect C10 id=E12 attempt=2 outcome=refused"


# ------------------------------------------------------------------------------------------------------ steps that fail


def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("planted")


def test_a_step_that_fails_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Playbook()
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    twin = Playbook()
    twin >> Panel().sia("BA", zone="3")
    before, due = play.station.state.dump(), play.station.next_deadline()
    fact = panel.sia("BA/FA", zone="4")(play.now)
    with monkeypatch.context() as patch:
        patch.setattr(unrestored, "remember", broken)  # after the case has been opened and saved
        with pytest.raises(ZeroDivisionError):
            play.station.step(fact, 11)
    assert play.station.state.dump() == before
    assert play.station.next_deadline() == due
    # And what comes next is what would have come without it.
    assert play.station.step(fact, 11) == twin.station.step(fact, 11)
    same_state(play.station.state, twin.station.state)


def test_an_import_that_fails_is_not_half_known(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Playbook()
    fact = SiteImported(at=play.now, site=a_site("S-2", account="2002"), actor=DAEMON)
    with monkeypatch.context() as patch:
        patch.setattr("arcd.core.turn.Turn.grant", broken)
        with pytest.raises(ZeroDivisionError):
            play.station.step(fact, 11)
    play >> Panel("2002").sia("BA", zone="3")
    play << ...
    assert play.effects[0] == Reply(reply=ReplyKind.DUH)


def test_rules_that_fail_are_not_half_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    play = Playbook()
    digest = play.station.rules.digest
    with monkeypatch.context() as patch:
        patch.setattr("arcd.core.turn.Turn.grant", broken)
        with pytest.raises(ZeroDivisionError):
            play.station.step(loaded(rules(plan("look", priority="P0"))), 11)
    assert play.station.rules.digest == digest
    with pytest.raises(AssertionError, match="only when they load"):
        play.station.step(loaded({}), 11)
    assert play.station.rules.digest == digest


def test_a_deadline_that_cannot_be_digested_comes_again_and_does_not_spin(
    playbook: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runtime posts what is due until nothing is: one poisoned deadline must not stop every other one for ever."""
    play = playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    due = play.station.next_deadline()
    assert due is not None
    reached = DeadlineReached(at=due[0], key=due[1], due=due[0])
    with monkeypatch.context() as patch:
        patch.setattr(casebook, "on_clock", broken)
        with pytest.raises(ZeroDivisionError):
            play.station.step(reached, 11)
    failed = msgspec.json.encode(reached).decode()
    play >> After(89)
    play << ""
    play >> StepFailed(at=0, failed_kind="deadline_reached", failed_fact=failed, error="ZeroDivisionError in broken:1")
    play << ...
    assert play.deadlines()[due[1]] == 60
    play >> After(60)
    play << ...
    assert due[1] not in play.deadlines()


@given(at=st.integers(0, 2**62), seqs=st.lists(st.integers(1, 2**40), min_size=1, max_size=3, unique=True))
def test_ids_come_from_the_journal_alone(at: int, seqs: list[int]) -> None:
    play = Playbook(now=START)
    for seq in sorted(seqs):
        stepped = play.station.step(msgspec.structs.replace(by_hand(), at=at), seq + 100)
        assert [case.id for case in stepped.cases] == [f"C{seq + 100}"]


def test_the_scene_is_fiction() -> None:
    assert KEY.expose() == b"a key for tests!"
    assert all(contact.email is None or contact.email.endswith(".invalid") for contact in CONTACTS)
    assert NS == 10**9


# ---------------------------------------------------------------------------------------------- the wall clock is set


def offered(play: Playbook) -> dict[str, float]:
    return {key: after_s for key, after_s in play.deadlines().items() if "/offer/" in key}


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_a_guard_has_the_same_minute_whatever_is_done_to_the_clock(playbook: Play, step_s: float) -> None:
    play = playbook(sources=rules(plan("send", DISPATCH + LOOK), {"BA": "send"}))
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(20)
    assert offered(play) == {"case/C10/offer/C10-1": 40}
    play.now += round(step_s * NS)
    play >> ClockStepped(at=0, step_s=step_s)
    play << ...
    assert offered(play) == {"case/C10/offer/C10-1": 40}


@pytest.mark.parametrize(
    ("step_s", "boot_id", "left_s"), [(3600.0, "b1", 35), (-3600.0, "b1", 35), (3600.0, "b2", -3565)]
)
def test_nor_when_it_was_set_while_nobody_ran(playbook: Play, step_s: float, boot_id: str, left_s: float) -> None:
    """A boot that another one has followed tells nothing: then what the wall clock says has to be believed."""
    play = playbook(sources=rules(plan("send", DISPATCH + LOOK), {"BA": "send"}))
    play >> Started(at=0, version="x", boot_id="b1", boottime=1000 * NS)
    play << ...
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> Stopped(at=0, reason="asked")
    play << ...
    play.now += round((25 + step_s) * NS)
    play >> Started(at=0, version="x", boot_id=boot_id, boottime=1025 * NS)
    play << ...
    assert list(offered(play).values()) == [left_s]
    stepped = [case for case in play.station.state.cases.values() if case.signals[0].signal.code == "clock_stepped"]
    assert len(stepped) == (boot_id == "b1")


def test_after_the_clock_was_set_back_the_same_bytes_are_no_repeat(playbook: Play) -> None:
    play = playbook(sources=rules(plan("send", DISPATCH + LOOK), {"BA": "send"}))
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play.now -= 3600 * NS
    play >> ClockStepped(at=0, step_s=-3600.0)
    play << ...
    play >> After(121)
    play << ...
    play >> panel.again()
    assert play.stepped.record.judgements[0].judged.value == "joined"
    play << ...
