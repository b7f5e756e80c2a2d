"""Holds, erasure, seals and pruning, each granted and each refused, by transcript."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from arcd.core.audit.keeping import ERASED_AT_ONCE_MAX, REASON_CHARS_MAX
from arcd.core.facts import (
    DAEMON,
    AuditKeyChanged,
    ErasureRequested,
    HoldRequested,
    JournalVerified,
    PruneRequested,
    SegmentSealed,
    SensitiveRead,
)
from tests.arcd.core.audit.facts import CHIEF
from tests.playbook import OPERATOR, Panel, Playbook


@pytest.fixture
def play() -> Playbook:
    return Playbook()


ERASE = ErasureRequested(
    at=0, what="site/S-1", seqs=(1, 2), actor=CHIEF, reason="asked to", subjects=("site/S-1", "case/C1")
)
SEAL = SegmentSealed(at=0, through=5, hash="aa", peaks=("bb", "cc"), actor=OPERATOR, reason="year", sealed_at=50)
PRUNE = PruneRequested(at=0, through=5, actor=CHIEF, reason="old", payloads=0, entries_after=50)


PERIOD = "period/2026-12-01T00:00:00Z/2026-12-03T00:00:00Z"


def hold(action: str = "place", subject: str = "site/S-1", **more: Any) -> HoldRequested:
    return HoldRequested(at=0, action=action, subject=subject, actor=more.get("actor", CHIEF), reason="police")


def told(play: Playbook) -> str:
    """What the last fact came to; the transcript need not repeat it."""
    play << ...
    [answer] = [effect for effect in play.effects if hasattr(effect, "granted")]
    return f"granted {answer.subject}" if answer.granted else f"{answer.rule}: {answer.message}"


def test_an_erasure_is_granted_and_leaves_a_tombstone(play: Playbook) -> None:
    play >> ERASE
    (
        play
        << """
        audit.erased what=site/S-1 entries=2 by=os:chief
        erase 1, 2
        granted site/S-1
        """
    )
    assert play.history[-1][1].subject == "site/S-1"
    assert play.history[-1][1].refs == ("case/C1",)


@pytest.mark.parametrize("subject", ["site/S-1", "case/C1", "centre"])
def test_a_hold_stands_in_the_way_until_it_is_lifted(play: Playbook, subject: str) -> None:
    play >> hold(subject=subject)
    (
        play
        << f"""
        audit.hold_placed on={subject} by=os:chief
        granted {subject}
        """
    )
    play >> ERASE
    assert told(play) == f"hold: {subject} is under a legal hold by os:chief: police"
    play >> hold("lift", subject)
    assert told(play) == f"granted {subject}"
    play >> ERASE
    assert told(play) == "granted site/S-1"


def test_a_hold_on_something_else_does_not(play: Playbook) -> None:
    play >> hold(subject="site/S-2")
    play << ...
    play >> ERASE
    assert told(play) == "granted site/S-1"


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (hold(subject="S-1"), "hold.subject: A hold is on case/ID"),
        (hold(subject="case/"), "hold.subject: A hold is on case/ID"),
        (hold(subject="contact/anna"), "hold.subject: A hold is on case/ID"),
        (hold(subject="period/2026-12-03T00:00:00Z/2026-12-01T00:00:00Z"), "hold.subject: A hold is on case/ID"),
        (hold(subject="period/2026-12-01T00:00:00/2026-12-03T00:00:00"), "hold.subject: A hold is on case/ID"),
        (hold(subject="period/2026-12-01T00:00:00Z"), "hold.subject: A hold is on case/ID"),
        (hold("lift"), "hold.none: There is no hold on site/S-1"),
        (hold("lift", actor=OPERATOR), "supervisor: Only a supervisor may"),
        (replace(hold(), reason=" "), "reason: Say why"),
        (replace(hold(), reason="x" * (REASON_CHARS_MAX + 1)), "reason: Say why"),
        (replace(ERASE, actor=OPERATOR), "supervisor: Only a supervisor may"),
        (replace(ERASE, reason=""), "reason: Say why"),
        (replace(ERASE, seqs=tuple(range(ERASED_AT_ONCE_MAX + 1))), "erase.many: At most 5000 entries"),
        (replace(SEAL, reason=""), "reason: Say why"),
        (replace(SEAL, through=0), "seal.nothing: Entries up to 0 are sealed already"),
        (PRUNE, "prune.seal: No sealed segment ends at entry 5"),
        (replace(PRUNE, actor=OPERATOR), "supervisor: Only a supervisor may"),
        (replace(PRUNE, reason=""), "reason: Say why"),
    ],
)
def test_what_is_refused_changes_nothing(play: Playbook, fact: Any, said: str) -> None:
    before = play.station.state.dump()
    play >> fact
    assert said in told(play)
    assert play.station.state.dump() == before


def test_a_hold_is_placed_once(play: Playbook) -> None:
    play >> hold()
    play << ...
    play >> hold()
    assert told(play) == "hold.standing: site/S-1 is held already, by os:chief: police"


def test_an_open_case_is_not_erased_and_a_closed_one_not_before_it_is_forgotten(play: Playbook) -> None:
    play >> Panel("1001").sia("BA", zone="3")
    play << ...
    case_id = play.case().id
    erase = replace(ERASE, what=f"case/{case_id}", cases=(case_id,))
    play >> erase
    assert told(play) == f"erase.open: {case_id} is open; close it first."


def test_retention_remembers_how_far_it_has_come_until_a_hold_is_lifted(play: Playbook) -> None:
    play >> ErasureRequested(at=0, what="retention/signal", seqs=(3,), actor=DAEMON, reason="over", through=9)
    play << ...
    assert play.station.state.audit["audit"].retained_through == {"signal": 9}
    play >> hold()
    play << ...
    play >> hold("lift")
    play << ...
    assert play.station.state.audit["audit"].retained_through == {}


def test_a_segment_is_sealed_and_given_up(play: Playbook) -> None:
    play >> SEAL
    (
        play
        << """
        audit.sealed through=5 by=os:matti
        granted 5
        """
    )
    play >> SEAL
    assert told(play).startswith("seal.nothing")
    play >> PRUNE
    (
        play
        << """
        audit.pruned through=5 by=os:chief
        prune to 5
        granted 5
        """
    )
    audit = play.station.state.audit["audit"]
    assert (audit.seals, audit.pruned_through) == ((), 5)
    play >> replace(SEAL, through=5)
    assert told(play).startswith("seal.nothing")


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (replace(PRUNE, payloads=3), "prune.payloads: 3 entries of it still have their content"),
        (replace(PRUNE, entries_after=49), "prune.age: Its newest entry is younger"),
    ],
)
def test_a_segment_that_is_still_needed_is_kept(play: Playbook, fact: PruneRequested, said: str) -> None:
    play >> SEAL
    play << ...
    play >> fact
    assert said in told(play)


@pytest.mark.parametrize(
    ("subject", "fact", "said"),
    [
        ("case/C1", replace(PRUNE, looked_through=99, held="case/C1", held_seq=3), "hold: Entry 3 of it is under the"),
        ("centre", replace(PRUNE, looked_through=99), "hold: There is a legal hold on centre"),
        ("case/C1", replace(PRUNE, looked_through=5), "hold: A legal hold on case/C1 was placed meanwhile"),
        ("case/C1", PRUNE, "hold: A legal hold on case/C1 was placed meanwhile"),
        (PERIOD, replace(PRUNE, looked_through=5), f"hold: A legal hold on {PERIOD} was placed meanwhile"),
        ("case/C1", replace(PRUNE, looked_through=99), "granted 5"),
        (PERIOD, replace(PRUNE, looked_through=99), "granted 5"),
    ],
)
def test_a_hold_keeps_the_segments_that_it_is_on_and_no_other(
    play: Playbook, subject: str, fact: PruneRequested, said: str
) -> None:
    play >> SEAL
    play << ...
    play >> hold(subject=subject)
    play << ...
    play >> fact
    assert told(play).startswith(said)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (replace(ERASE, looked_through=99), "granted site/S-1"),
        (replace(ERASE, looked_through=99, subjects=("site/S-1", PERIOD)), f"hold: {PERIOD} is under a legal hold"),
        (replace(ERASE, looked_through=5), f"hold: A legal hold on {PERIOD} was placed meanwhile"),
        (ERASE, f"hold: A legal hold on {PERIOD} was placed meanwhile"),
    ],
)
def test_a_period_holds_what_was_recorded_in_it(play: Playbook, fact: ErasureRequested, said: str) -> None:
    play >> hold(subject=PERIOD)
    play << ...
    play >> fact
    assert told(play).startswith(said)


def test_a_key_that_nobody_vouched_for_is_put_before_a_person(play: Playbook) -> None:
    play >> AuditKeyChanged(at=0, verifier="arc+1+k", note="n")
    play << "audit.key_changed verifier=arc+1+k vouched=True"
    play >> AuditKeyChanged(at=0, verifier="arc+2+k", note="n", vouched=False)
    play << ...
    [case] = play.station.state.cases.values()
    assert case.category == "trouble"
    keys = play.station.state.audit["audit"].keys
    assert [(key.verifier, key.since_seq) for key in keys] == [("arc+1+k", 10), ("arc+2+k", 11)]


def test_a_damaged_journal_is_put_before_a_person_and_a_whole_one_is_not(play: Playbook) -> None:
    whole = JournalVerified(at=0, actor=OPERATOR, head_seq=9, head_hash="aa", entries=9)
    play >> whole
    (
        play
        << """
        audit.verified head=9 findings=0 by=os:matti
        granted journal
        """
    )
    play >> replace(whole, findings=("entry 3: changed",))
    play << ...
    [case] = play.station.state.cases.values()
    assert case.category == "tamper"


def test_a_read_stands_in_the_story_of_what_was_read(play: Playbook) -> None:
    play >> SensitiveRead(at=0, what="journal", subject="site/S-1", actor=OPERATOR, count=3)
    (
        play
        << """
        audit.read what=journal by=os:matti count=3
        granted site/S-1
        """
    )
    assert play.history[-1][1].subject == "site/S-1"
