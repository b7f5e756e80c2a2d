"""The transcripts themselves: what they show, what they refuse, and that they notice when a replay differs."""

from __future__ import annotations

import msgspec
import pytest

from arcd.core.account import AccountState
from arcd.core.facts import DAEMON, SiteImported
from tests.playbook import FIRST_SEQ, START, After, Due, Panel, Playbook, PlaybookError, move
from tests.sites import a_site


def test_a_transcript_reads_as_it_happened() -> None:
    play = Playbook()
    (
        play
        >> Panel().sia("BA", zone="3")
        << """
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=look
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
        >> After(89)
        << ""
        >> Due("case/C10/clock/acknowledge/0")
        << """
        -- +90 case/C10/clock/acknowledge/0
        clock.passed C10 clock=acknowledge target=1 priority=P2
        """
        >> move("acknowledge", case_id="C99")
        << "refused case.unknown: No case C99 is open."
    )
    play.end()
    assert play.now == START + 90 * 10**9
    assert [seq for seq, _ in play.history[-3:]] == [FIRST_SEQ, FIRST_SEQ + 1, FIRST_SEQ + 2]


def test_a_difference_is_shown_line_by_line() -> None:
    play = Playbook()
    play >> Panel().sia("OP", zone="3")
    with pytest.raises(PlaybookError) as failed:
        (
            play
            << """
            logged routed x/op log P4
            reply ack
            """
        )
    assert "-logged routed x/op log P4\n+logged routed x/op log P5\n reply ack" in str(failed.value)


def test_nothing_more_than_expected_may_come_out() -> None:
    play = Playbook()
    play >> Panel().sia("OP", zone="3")
    with pytest.raises(PlaybookError, match=r"\+reply ack"):
        play << "logged routed x/op log P5"


def test_nothing_may_be_left_unread() -> None:
    play = Playbook()
    play >> Panel().sia("OP", zone="3")
    with pytest.raises(PlaybookError, match="nobody expected"):
        play >> After(1)
    with pytest.raises(PlaybookError, match="nobody expected"):
        play.end()
    play << ...
    play.end()


def test_the_next_deadline_must_be_the_one_named() -> None:
    play = Playbook()
    with pytest.raises(PlaybookError, match="the next deadline is None"):
        play >> Due("case/C10/forget")
    play >> Panel().sia("BA", zone="3")
    play << ...
    with pytest.raises(PlaybookError, match="acknowledge/0, not"):
        play >> Due("case/C10/clock/acknowledge/1")


def test_a_fact_is_told_at_the_playbooks_time() -> None:
    play = Playbook()
    play >> After(10)
    play << ""
    play >> SiteImported(at=0, site=a_site("S-2", account="2002"), actor=DAEMON)
    play << ...
    assert play.stepped.record.fact.at == START + 10 * 10**9


def test_state_that_did_not_come_from_the_journal_is_found_out() -> None:
    play = Playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    play.station.state.accounts.put("*/*/1001", AccountState(last_heard=1))
    play.station.state.keep()
    with pytest.raises(AssertionError, match="table account"):
        play.end()


def test_a_story_that_is_told_differently_is_found_out() -> None:
    play = Playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    seq, stepped = play.history[-1]
    play.history[-1] = (seq, msgspec.structs.replace(stepped, reply=None))
    with pytest.raises(AssertionError, match=f"entry {seq} is told differently"):
        play.end()


def test_an_open_case_that_nothing_brings_back_is_found_out() -> None:
    play = Playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    play.station.deadlines.clear_all("case/C10")
    play.station.state.keep()
    with pytest.raises(AssertionError, match="neither a deadline nor an owner"):
        play >> After(1) >> Panel().sia("OP", zone="3")
