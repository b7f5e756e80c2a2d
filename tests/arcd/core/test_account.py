"""What an account remembers of the frames it was answered."""

from __future__ import annotations

import pytest

from arcd.core.account import NEWEST_MAX, RECENT_MAX, RETRY_HORIZON_S, AccountState, Recent, account_key

SECOND = 1_000_000_000


def remembering(*frames: tuple[str, int]) -> AccountState:
    """(fingerprint, second) of each; the journal entry is its number."""
    state = AccountState()
    for seq, (fingerprint, at_s) in enumerate(frames, start=1):
        state, _ = state.remember(fingerprint, Recent(at=at_s * SECOND, seq=seq, case_id=""), RETRY_HORIZON_S)
    return state


def test_a_frame_is_found_by_its_fingerprint() -> None:
    state = remembering(("a", 1), ("b", 2))
    found = state.find_recent("a")
    assert found is not None
    assert found.seq == 1
    assert state.find_recent("c") is None
    assert state.last_heard == 2 * SECOND


def test_of_the_same_frame_the_newest_counts_and_stands_last() -> None:
    state = remembering(("a", 1), ("b", 2), ("a", 3))
    found = state.find_recent("a")
    assert found is not None
    assert found.seq == 3
    assert list(state.recent) == ["b", "a"]


def test_an_account_that_speaks_seldom_is_remembered_by_its_last_frame() -> None:
    at_s = int(RETRY_HORIZON_S)
    assert list(remembering(("a", 0), ("b", 1), ("c", at_s + 1)).recent) == ["a", "b", "c"], "b is within the horizon"
    assert list(remembering(("a", 0), ("b", 1), ("c", at_s + 2)).recent) == ["c"]


def test_what_is_past_the_horizon_is_forgotten_when_frames_grow_older() -> None:
    at_s = int(RETRY_HORIZON_S)
    frames = [("a", 0), ("b", 1), *((str(number), 1) for number in range(NEWEST_MAX - 2))]
    assert list(remembering(*frames, ("c", at_s)).older)[:2] == ["a", "b"]
    assert next(iter(remembering(*frames, ("c", at_s + 1)).older)) == "b"


def test_no_more_than_so_many_are_remembered_and_the_oldest_goes_first() -> None:
    count = 3 * RECENT_MAX
    for more in range(2 * NEWEST_MAX):
        frames = [(str(number), 1) for number in range(count + more)]
        state = remembering(*frames)
        assert len(state.recent) <= NEWEST_MAX
        assert len(state.older) == RECENT_MAX
        kept = [fingerprint for fingerprint, _ in frames[-len(state.recent) - RECENT_MAX :]]
        assert [*state.older, *state.recent] == kept


def test_what_goes_before_its_time_is_handed_back() -> None:
    full = remembering(*((str(number), 1) for number in range(RECENT_MAX + NEWEST_MAX)))
    newest = Recent(at=2 * SECOND, seq=99, case_id="")
    assert list(full.remember("new", newest, RETRY_HORIZON_S)[1]) == [str(number) for number in range(NEWEST_MAX)]
    late = Recent(at=(2 + int(RETRY_HORIZON_S)) * SECOND, seq=99, case_id="")
    assert not full.remember("new", late, RETRY_HORIZON_S)[1], "what is past the horizon is nobody's any more"


@pytest.mark.parametrize("said", ["20", "70"], ids=["older", "recent"])
def test_what_is_said_again_is_handed_back_once(said: str) -> None:
    state = remembering(*((str(number), 1) for number in range(RECENT_MAX + NEWEST_MAX - 1)))
    handed: list[int] = []
    for seq in range(1_000, 1_000 + 3 * NEWEST_MAX):
        state, displaced = state.remember(said, Recent(at=2 * SECOND, seq=seq, case_id=""), RETRY_HORIZON_S)
        handed.append(displaced[said].seq)
        found = state.find_recent(said)
        assert found is not None
        assert found.seq == seq
    assert handed == [int(said) + 1, *range(1_000, 999 + 3 * NEWEST_MAX)]


def test_remembering_leaves_the_state_before_as_it_was() -> None:
    before = remembering(("a", 1))
    before.remember("b", Recent(at=2 * SECOND, seq=2, case_id=""), RETRY_HORIZON_S)
    assert list(before.recent) == ["a"]


def test_a_key_names_the_account_whatever_its_case() -> None:
    assert account_key("12ab", None, "1") == "*/1/12AB"
