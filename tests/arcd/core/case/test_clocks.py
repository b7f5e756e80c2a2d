"""Clocks that count from an earlier instant, are as long as a form says, and do something at their end."""

from __future__ import annotations

import pytest

from arcd.core.case.casebook import bounded_moves
from arcd.core.case.model import MOVES_FIRST_MAX, MOVES_LAST_MAX, MoveMade
from arcd.core.facts import CaseOpenRequested, RulesLoaded
from rules.model import Priority
from tests.arcd.core.conditioning.scene import noted
from tests.arcd.core.conftest import Play
from tests.playbook import NS, OPERATOR, START, After, Panel, Playbook, move
from tests.sites import plan, rules

T = "title: {fi: a, sv: a, en: a}"
WATCH = f"""\
case: watch
requires: 1
version: 1
{T}
initial: lost
initial_by_hand: waiting
opening: known
keeps_moves: true
states: {{lost: &t {{fi: a, sv: a, en: a}}, waiting: *t, due: *t, closed: *t}}
moves:
  - {{name: note, {T}, sources: [waiting], target: waiting, form: said}}
  - {{name: reached, {T}, sources: [waiting], target: due, by_daemon: true}}
  - {{name: close, {T}, sources: [lost, due], target: closed, closes: true, gates: [person]}}
forms:
  - name: known
    {T}
    fields:
      - {{name: since, kind: instant, {T}, mandatory: true}}
      - {{name: limit_s, kind: number, {T}, mandatory: true}}
  - {{name: said, {T}, fields: [{{name: what, kind: text, {T}}}]}}
clocks:
  - {{name: limit, states: [waiting], since: since, within: limit_s, shares: [0.75, 1], quiet: 1, raises: P1,
      then: reached, title: {{fi: täynnä, sv: full, en: the time is up}}}}
  - {{name: rounds, states: [waiting], targets_s: {{"*": [1200, 2400]}}, restarts_on: [note]}}
  - {{name: handle, states: [due, lost], targets_s: {{"*": [7200]}}}}
"""
SOURCES = {**rules(), "cases/watch.yaml": WATCH}


def opened(playbook: Play, *, ago_s: float = 0.0, limit_s: str = "3600") -> Playbook:
    play = playbook(sources=SOURCES)
    play >> asked(since=str(START - round(ago_s * NS)), limit_s=limit_s)
    (
        play
        << """
        case.opened C10 type=watch priority=P4
        granted C10
        """
    )
    return play


def asked(**form: str) -> CaseOpenRequested:
    return CaseOpenRequested(at=0, case_type="watch", site_id="", title="t", priority="P4", actor=OPERATOR, form=form)


def test_it_counts_from_the_instant_in_the_form(playbook: Play) -> None:
    play = opened(playbook, ago_s=600)
    assert play.case().state == "waiting"
    assert play.deadlines() == {
        "case/C10/clock/limit/0": 2100.0,
        "case/C10/clock/limit/1": 3000.0,
        "case/C10/clock/rounds/0": 1200.0,
        "case/C10/clock/rounds/1": 2400.0,
    }


def test_a_quiet_target_calls_nobody_and_the_last_one_moves_the_case(playbook: Play) -> None:
    play = opened(playbook, ago_s=2000)
    play >> After(700)
    (
        play
        << """
        -- +700 case/C10/clock/limit/0
        clock.passed C10 clock=limit target=1 priority=P4
        """
    )
    assert play.case().attention == 0
    play >> After(900)
    (
        play
        << """
        -- +1200 case/C10/clock/rounds/0
        clock.passed C10 clock=rounds target=1 priority=P4
        -- +1600 case/C10/clock/limit/1
        clock.passed C10 clock=limit target=2 priority=P4
        case.priority C10 priority=P1 before=P4
        person.called C10 because=clock mails=1 title=the time is up
        case.moved C10 move=reached before=waiting state=due by=daemon
        mail E13 to duty@example.invalid: On duty: case C10 (P1) is waiting for a person
        """
    )
    case = play.case()
    assert (case.state, case.priority, case.attention) == ("due", Priority.P1, 2)
    assert "Reason: the time is up" in play.effects[-1].body  # type: ignore[union-attr]  # – a mail
    assert play.deadlines() == {"case/C10/clock/handle/0": 7200.0}


def test_what_is_past_its_limit_already_is_due_at_once(playbook: Play) -> None:
    play = opened(playbook, ago_s=90_000)
    play >> After(0)
    play << ...
    assert play.case().state == "due"


def test_no_time_at_all_is_a_limit_too(playbook: Play) -> None:
    play = opened(playbook, limit_s="0")
    play >> After(0)
    play << ...
    assert play.case().state == "due"


def test_a_round_that_is_reported_starts_its_clock_anew_and_no_other(playbook: Play) -> None:
    play = opened(playbook)
    play >> After(1000) >> move("note", form={"what": "all well"})
    play << ...
    due = play.deadlines()
    assert (due["case/C10/clock/rounds/0"], due["case/C10/clock/limit/1"]) == (1200.0, 2600.0)
    play >> After(1100) >> move("note", form={"what": "all well still"})
    play << ...
    assert [made.form for made in play.case().moves_made] == [{"what": "all well"}, {"what": "all well still"}]
    assert [made.state for made in play.case().moves_made] == ["waiting", "waiting"]


def test_whoever_opens_one_fills_in_its_form(playbook: Play) -> None:
    play = playbook(sources=SOURCES)
    play >> asked(since="1")
    play << "refused case.form: Still to be filled in: limit_s."
    play >> asked(since="soon", limit_s="1")
    play << "refused case.form: since is an instant in ns since 1970 UTC."


def test_what_a_person_has_to_say_no_machine_says(playbook: Play) -> None:
    play = opened(playbook, limit_s="0")
    play >> After(0)
    play << ...
    play >> move("close")
    play << ...
    assert not play.case().is_open


# ------------------------------------------------------------------------------- what the table of a case type forgets


def forgetful(clock: str) -> dict[str, str]:
    return {
        **rules(),
        "cases/watch.yaml": f"""\
case: watch
requires: 1
version: 1
{T}
initial: lost
states: {{lost: &t {{fi: a, sv: a, en: a}}, late: *t, closed: *t}}
moves:
  - {{name: go, {T}, sources: [lost], target: late, form: said, gates: [form_complete]}}
  - {{name: close, {T}, sources: [lost, late], target: closed, closes: true}}
forms:
  - {{name: said, {T}, fields: [{{name: what, kind: text, {T}, mandatory: true}}]}}
clocks:
  - {clock}
""",
    }


@pytest.mark.parametrize(
    "clock",
    [
        '{name: late, states: [late], targets_s: {"*": [10]}}',  # none where it begins
        '{name: lost, states: [lost], targets_s: {"*": [10]}, then: go}',  # one whose move is refused
    ],
)
def test_nobodys_case_calls_for_somebody_all_the_same(playbook: Play, clock: str) -> None:
    """Design promise 3 does not hang on how somebody has written a case type."""
    play = playbook(sources=forgetful(clock))
    play >> asked()
    play << ...
    play >> After(3600)
    play << ...
    assert len(noted(play, "person.called")) > 3
    play >> move("go", form={"what": "a word"})
    play << ...
    assert not any("orphan" in key for key in play.deadlines())


def test_a_fire_does_not_wait_for_the_clock_of_a_calm_matter(playbook: Play) -> None:
    """No rule set mutes life safety (design promise 4), also not by a case type whose clock takes three days."""
    slow = plan("slow", priority="P0", case_type="contact_check")
    play = playbook(sources=rules(slow, {"FA": "slow", "BA": "slow P4"}))
    for code in ("FA", "BA"):
        play >> Panel().sia(code, zone="3")
        play << ...
    play >> After(240)
    play << ...
    assert len(noted(play, "person.called")) >= 3
    assert play.case("C11").attention == 0
    play >> move("start")
    play << ...
    assert not any("orphan" in key for key in play.deadlines())


def test_a_clock_that_new_rules_have_renamed_stops_when_somebody_comes(playbook: Play) -> None:
    play = playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    sources = rules()
    renamed = sources["cases/alarm.yaml"].replace("- name: acknowledge\n    states", "- name: take_up\n    states")
    assert renamed != sources["cases/alarm.yaml"]
    play >> RulesLoaded(at=0, digest="", sources={**sources, "cases/alarm.yaml": renamed}, actor=OPERATOR)
    play << ...
    assert "case/C10/clock/acknowledge/0" in play.deadlines()  # nobody has come yet
    play >> move("acknowledge")
    play << ...
    assert list(play.deadlines()) == ["case/C10/claim"]
    play >> move("return_to_queue")
    play << ...
    assert play.deadlines() == {"case/C10/clock/take_up/0": 90.0, "case/C10/clock/take_up/1": 180.0}


def test_moves_kept_are_bounded() -> None:
    made = tuple(MoveMade(at=at, move="m", state="s", by="os:matti") for at in range(400))
    kept = bounded_moves(made)
    assert len(kept) == MOVES_FIRST_MAX + MOVES_LAST_MAX
    assert [kept[0].at, kept[MOVES_FIRST_MAX].at, kept[-1].at] == [0, 300, 399]
