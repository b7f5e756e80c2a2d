"""The decision table of requirements 4.9, row by row, and each of the eight checks of R-80."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.case.authority import gate, words
from arcd.core.case.authority.model import AuthorityStatus, CheckResult
from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.case.model import Case, CaseSignal
from arcd.core.deadlines import Deadlines
from arcd.core.directory import Directory
from arcd.core.facts import FlagKind, FlagStartRequested, GuardAnswer, Scope
from arcd.core.state import State
from arcd.core.turn import Turn
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal
from rules import shipped
from rules.engine import RuleSet
from rules.loader import load
from tests.arcd.core.case.authority.scene import (
    MACHINE,
    PHONE,
    Play,
    a_told_site,
    ask,
    begin,
    panel_says,
    sent,
    told,
)
from tests.playbook import NS, OPERATOR, After, Playbook, guard
from tests.sites import DISPATCH, plan, rules

S, R = AuthorityStatus, CheckResult


def checks(play: Playbook) -> dict[str, CheckResult]:
    return {check.name: check.result for check in told(play).checks}


def results(play: Playbook) -> dict[str, tuple[str, str]]:
    """Of the last request: what the journal has about each check."""
    found = [note for note in play.stepped.record.notes if note.what == "authority.check"]
    return {str(n.detail["name"]): (str(n.detail["result"]), str(n.detail["because"])) for n in found}


# ------------------------------------------------------------------------------------------------- 4.9, row by row


@pytest.mark.parametrize("code", ["HA", "PA", "MA", "FA"])
def test_row_holdup_medical_and_fire_at_once(playbook: Play, code: str) -> None:
    play = begin(playbook, code)
    assert told(play).status is S.SENT
    assert set(checks(play).values()) == {R.PASSED}


def test_row_fire_of_a_device_that_alarms_the_centre_itself(playbook: Play) -> None:
    play = begin(playbook, "FA", site=a_told_site(erc_device="12345"))
    assert (told(play).status, checks(play)["device_route"]) == (S.GATED, R.CONFIRM)
    assert play.case("C11").attention, "a person is asked at once"
    play >> ask("notify", text="A neighbour sees flames") << ...
    (alert,) = sent(play)
    info = alert.infos[0]
    assert (info.parameter("erc-device"), info.parameter("same-event")) == ("12345", "yes")
    assert "The same event that device 12345 has alarmed about itself." in info.description
    assert "A neighbour sees flames" in info.description


@pytest.mark.parametrize(
    ("level", "reason", "is_told", "because"),
    [
        (3, "", True, "level_3"),
        (4, "", True, "level_3"),
        (2, "", True, "level_2_decided"),
        (1, "", False, "level_1"),
        (1, "The neighbour has called and hears glass", True, "level_1"),
        (0, "", False, "level_0"),
        (0, "nevertheless", False, "level_0"),
    ],
)
def test_row_intrusion_by_level(playbook: Play, level: int, reason: str, is_told: bool, because: str) -> None:
    play = begin(playbook, "BA")
    assert told(play).status is not S.SENT, "an operator decides"
    play >> ask("level", level=level, reason="Seen") << ...
    play >> ask("notify", reason=reason) << ...
    assert bool(sent(play)) is is_told
    assert results(play)["verification"][1] == because


def test_row_site_on_test(playbook: Play) -> None:
    play = begin(playbook, "BA")
    flag = FlagStartRequested(
        at=0,
        kind=FlagKind.ON_TEST,
        site_id="S-1",
        scope=Scope(zones=("3",)),
        until=play.now + 3600 * NS,
        reason="Test",
        actor=OPERATOR,
        verified_how="operator",
    )
    play >> flag << ...
    play >> ask("level", level=3, reason="Seen") << ...
    play >> ask("notify") << ...
    assert results(play)["on_test"] == ("confirm", "on_test")
    assert sent(play) == []
    play >> ask("notify", reason="The tester says it is none of his") << ...
    assert len(sent(play)) == 1
    assert (told(play).override_reason, told(play).overridden_by) == ("The tester says it is none of his", "os:matti")


def test_a_test_elsewhere_on_the_site_is_not_asked_about(playbook: Play) -> None:
    play = begin(playbook, "BA")
    flag = FlagStartRequested(
        at=0,
        kind=FlagKind.ON_TEST,
        site_id="S-1",
        scope=Scope(zones=("4",)),
        until=play.now + 3600 * NS,
        reason="Test",
        actor=OPERATOR,
        verified_how="operator",
    )
    play >> flag << ...
    play >> ask("level", level=3, reason="Seen") << ...
    play >> ask("notify") << ...
    assert len(sent(play)) == 1


@pytest.mark.parametrize("code", ["YC", "AT", "YT"])
def test_row_line_and_technical_faults_never(playbook: Play, code: str) -> None:
    play = begin(playbook, code, policy=MACHINE)
    play >> ask("level", level=4, reason="x") << ...
    play >> ask("notify", reason="please")
    play << ...
    assert results(play)["category"] == ("refused", "category_fault")
    assert sent(play) == []


# ------------------------------------------------------------------------------------------------------ check by check


def test_the_buildings_own_alarms_ask_for_a_reason(playbook: Play) -> None:
    play = begin(playbook, "WA")
    play >> ask("level", level=3, reason="Water on the street") << ...
    play >> ask("notify")
    play << ...
    assert results(play)["category"] == ("confirm", "category_uncertain")
    play >> ask("notify", reason="A lift shaft fills with people in it") << ...
    assert len(sent(play)) == 1


def test_the_word_of_a_guard_on_site_is_enough(playbook: Play) -> None:
    steps = DISPATCH + "- {id: finish, kind: close, title: {fi: P, sv: A, en: Close}, mandatory: true}\n"
    sources = rules(plan("look", steps), {"OC": "log"})
    play = playbook(sites=[a_told_site()], sources=sources)
    play >> panel_says("BA") << ...
    for said in (GuardAnswer.ACCEPT, GuardAnswer.ON_SITE, GuardAnswer.NEEDS_AUTHORITY):
        play >> guard("C10-1", said) << ...
    case = play.case("C10")
    assert (gate.guard_asks(case), gate.level_of(case)) == (True, 3)


def test_a_report_is_made_once(playbook: Play) -> None:
    play = begin(playbook, "HA")
    play >> ask("notify", reason="again") << ...
    assert results(play)["not_reported"] == ("refused", "reported")
    assert len(sent(play)) == 1


def test_a_call_under_way_is_named_as_such(playbook: Play) -> None:
    play = begin(playbook, "HA", policy=PHONE)
    play >> ask("notify", reason="again") << ...
    assert results(play)["not_reported"] == ("refused", "calling")


def test_without_a_contract_somebody_says_why(playbook: Play) -> None:
    play = begin(playbook, "BA", site=a_told_site(services=("line_supervision",)))
    play >> ask("level", level=3, reason="Seen") << ...
    play >> ask("notify") << ...
    assert results(play)["consent"] == ("confirm", "no_contract")


def test_no_contract_keeps_no_emergency_back(playbook: Play) -> None:
    play = begin(playbook, "HA", site=a_told_site(services=("line_supervision",)))
    assert told(play).status is S.SENT


def test_what_a_user_took_back_asks_for_a_reason(playbook: Play) -> None:
    play = begin(playbook, "BA")
    play >> panel_says("OC", sequence=2) << ...
    play >> ask("level", level=3, reason="Seen") << ...
    play >> ask("notify") << ...
    assert results(play)["cancel"] == ("confirm", "cancelled")


@pytest.mark.parametrize(("age_s", "expected"), [(299.0, "passed"), (300.0, "passed"), (300.001, "confirm")])
def test_an_old_alarm_is_confirmed_first(playbook: Play, age_s: float, expected: str) -> None:
    play = begin(playbook, "BA")
    play >> ask("level", level=3, reason="Seen") << ...
    play >> After(age_s) << ...
    play >> ask("notify") << ...
    assert results(play)["age"][0] == expected
    assert bool(sent(play)) is (expected == "passed")


def test_a_new_alarm_of_the_same_matter_makes_it_fresh(playbook: Play) -> None:
    play = begin(playbook, "BA")
    play >> After(400) << ...
    play >> panel_says("BA", "4", sequence=2) << ...
    play >> ask("level", level=3, reason="Seen") << ...
    play >> ask("notify") << ...
    assert results(play)["age"] == ("passed", "fresh")


def test_life_safety_that_somebody_must_confirm_calls_them_at_once(playbook: Play) -> None:
    play = begin(playbook, "HA", site=a_told_site(erc_device="12345"))
    assert (told(play).status, sent(play)) == (S.GATED, [])
    assert "authority_confirm" in str(play.stepped.record.notes)


def test_a_reason_lifts_life_safety_from_level_0(playbook: Play) -> None:
    play = begin(playbook, "HA", automatic=False)
    play >> ask("level", level=0, reason="Pressed by mistake") << ...
    play >> ask("notify") << ...
    assert sent(play) == []
    play >> ask("notify", reason="She has called again and cries") << ...
    assert sent(play)[0].infos[0].parameter("avs-level") == "2"


def test_every_check_is_in_the_journal(playbook: Play) -> None:
    play = begin(playbook, "BA")
    assert list(results(play)) == list(gate.CHECKS)


# ---------------------------------------------------------------------------------------------------------- properties


def _rules() -> RuleSet:
    loaded = load(shipped.sources()).ruleset
    assert loaded is not None
    return loaded


RULES = _rules()

categories = st.sampled_from(list(Category))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    attached = tuple(
        CaseSignal(
            seq=n,
            at=draw(st.integers(0, 10**12)),
            account="1",
            system_id="panel",
            signal=Signal(
                scheme=Scheme.SIA,
                code="XX",
                category=draw(categories),
                qualifier=draw(st.sampled_from(list(Qualifier))),
            ),
        )
        for n in range(draw(st.integers(0, 4)))
    )
    return Case(
        id="C1",
        type="alarm",
        state="new",
        site_id="S-1",
        fold_key="",
        title="x",
        category=draw(st.none() | categories),
        signals=attached,
        verification=draw(st.integers(0, 4)),
        verified_by=draw(st.sampled_from(["", "os:a"])),
        proposal=draw(st.sampled_from(["", "cancelled"])),
    )


@given(cases(), st.booleans(), st.text(max_size=5))
def test_life_safety_is_never_refused_and_level_0_never_passes(case: Case, by_operator: bool, news: str) -> None:
    state = State()
    turn = Turn(seq=1, at=10**12, state=state, deadlines=Deadlines(state), directory=Directory(()), rules=RULES)
    found = gate.checks(turn, case, EscalationPolicy(), news=news, by_operator=by_operator)
    assert [check.name for check in found] == list(gate.CHECKS)
    assert all(check.because in words.BECAUSE for check in found)
    if gate.is_life_safety(case):
        assert not [check for check in found if check.result is R.REFUSED]
    if gate.level_of(case) == 0:
        assert [check for check in found if check.name == "verification" and check.result is not R.PASSED]
    if case.category in LIFE_SAFETY and not case.verified_by:
        assert gate.level_of(case) > 0
