"""Memory of encrypted frames: bounded, and without a gap."""

from __future__ import annotations

from arcd.core import replays
from arcd.core.account import Recent, Sent
from arcd.core.replays import REPLAYS_MAX
from arcd.core.state import State

ACCOUNT = "*/*/1001"
NOON_S = 1_800_000_000
NS = 1_000_000_000


def keep(state: State, *sent: tuple[str, int], oldest_s: int = 0) -> None:
    for seq, (fingerprint, sent_s) in enumerate(sent, start=1):
        recent = Recent(at=sent_s * NS, seq=seq, case_id="", sent_s=sent_s, is_encrypted=True)
        replays.remember(state, ACCOUNT, {fingerprint: recent}, oldest_s)


def test_a_frame_is_found_under_its_second_give_or_take_the_rounding() -> None:
    state = State()
    keep(state, ("a", NOON_S))
    for sent_s, is_found in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        found = replays.find(state, ACCOUNT, "a", NOON_S + sent_s)
        assert (found is not None) is is_found
        assert found is None or (found.seq, found.sent_s) == (1, NOON_S)
    assert replays.find(state, ACCOUNT, "b", NOON_S) is None
    assert replays.find(state, "*/*/2002", "a", NOON_S) is None


def test_a_second_is_forgotten_when_the_window_has_passed_it() -> None:
    state = State()
    keep(state, ("a", NOON_S), ("b", NOON_S + 5))
    keep(state, ("c", NOON_S + 9), oldest_s=NOON_S + 1)
    assert state.sent[ACCOUNT] == Sent(seconds=(NOON_S + 5, NOON_S + 9), frames=2)
    assert replays.find(state, ACCOUNT, "a", NOON_S) is None
    assert not replays.is_below_floor(state, ACCOUNT, NOON_S), "the window itself refuses it"


def test_beyond_the_bound_the_oldest_second_goes_and_what_is_as_old_is_refused() -> None:
    state = State()
    keep(state, *((str(number), NOON_S + number // 100) for number in range(REPLAYS_MAX)))
    assert state.sent[ACCOUNT].frames == REPLAYS_MAX
    assert not replays.is_below_floor(state, ACCOUNT, NOON_S)
    keep(state, ("one more", NOON_S + 50))
    assert state.sent[ACCOUNT].frames == REPLAYS_MAX - 99
    assert replays.find(state, ACCOUNT, "0", NOON_S) is None
    assert replays.is_below_floor(state, ACCOUNT, NOON_S), "a recording of frame 0 is outside the window now"
    assert not replays.is_below_floor(state, ACCOUNT, NOON_S + 50)


def test_a_panel_whose_clock_runs_backwards_is_remembered_in_order() -> None:
    state = State()
    keep(state, ("a", NOON_S + 9), ("b", NOON_S), ("c", NOON_S + 4), ("a", NOON_S + 9))
    assert state.sent[ACCOUNT] == Sent(seconds=(NOON_S, NOON_S + 4, NOON_S + 9), frames=3)


def test_forgetting_an_account_leaves_nothing() -> None:
    state = State()
    keep(state, ("a", NOON_S), ("b", NOON_S + 5))
    replays.forget(state, ACCOUNT)
    assert not len(state.sent)
    assert not len(state.sent_in_second)
    replays.forget(state, ACCOUNT)
