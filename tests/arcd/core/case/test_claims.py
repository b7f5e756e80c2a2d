"""Claims: two minutes from the owner's last act, then back on top of the queue; what they wait for (4.5)."""

from __future__ import annotations

import pytest

from arcd.core.case.claims import CLAIM_S, HOLD_S_MAX
from arcd.core.facts import CaseNoted, ClaimRenewRequested, GuardAnswer
from tests.arcd.core.conftest import Play
from tests.playbook import COLLEAGUE, OPERATOR, After, Panel, Playbook, guard, held, move, step
from tests.sites import DISPATCH, LOOK, plan, rules

KEY = "case/C10/claim"
T = "title: {fi: K, sv: K, en: K}"
WAIT = f"- {{id: pause, kind: wait, {T}, timeout_s: 600}}\n"
CAMERAS = f"- {{id: cameras, kind: view_cameras, {T}}}\n"


def taken(playbook: Play, steps: str = CAMERAS + LOOK) -> Playbook:
    play = playbook(sources=rules(plan("send", steps), {"BA": "send"}))
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> move("acknowledge")
    play << ...
    return play


def test_two_minutes_without_a_word_and_it_is_back_on_top_of_the_queue(playbook: Play) -> None:
    play = taken(playbook)
    play >> After(CLAIM_S - 0.001)
    play << ""
    play >> After(0.001)
    (
        play
        << """
        -- +120 case/C10/claim
        claim.expired C10 owner=os:matti
        case.moved C10 move=return_to_queue before=handling state=new by=daemon
        """
    )
    case = play.case()
    assert (case.state, case.owner, case.returned_at) == ("new", "", play.now)
    assert case.acknowledged_by == "os:matti", "who began stays known"
    assert play.deadlines() == {"case/C10/clock/acknowledge/0": 90, "case/C10/clock/acknowledge/1": 180}


@pytest.mark.parametrize("act", ["step", "note", "renew", "refused", "version"])
def test_any_act_of_the_owner_renews_it(playbook: Play, act: str) -> None:
    play = taken(playbook)
    play >> After(100)
    match act:
        case "step":
            play >> step("cameras", "done")
        case "note":
            play >> CaseNoted(at=0, case_id="C10", text="Looking.", actor=OPERATOR)
        case "renew":
            play >> held(0.0)
        case "refused":
            play >> move("nonsense")
        case "version":
            play >> step("cameras", "done", seen_version=1)
    play << ...
    assert play.deadlines()[KEY] == CLAIM_S
    play >> After(CLAIM_S - 1)
    play << ""


def test_an_act_of_somebody_else_does_not(playbook: Play) -> None:
    play = taken(playbook)
    play >> After(100)
    play >> CaseNoted(at=0, case_id="C10", text="Hello.", actor=COLLEAGUE)
    play << ...
    assert play.deadlines()[KEY] == 20


def test_on_the_telephone(playbook: Play) -> None:
    play = taken(playbook)
    play >> held(600)
    play << "granted C10"
    assert play.deadlines()[KEY] == 600
    play >> After(10)
    play >> step("cameras", "done")
    play << ...
    assert play.deadlines()[KEY] == 590, "an act does not shorten what was asked for"
    play >> move("take_over", actor=COLLEAGUE)
    play << ...
    assert play.deadlines()[KEY] == CLAIM_S, "the next owner begins anew"


@pytest.mark.parametrize("hold_s", [0.0, HOLD_S_MAX])
def test_how_long_a_claim_may_be_held(playbook: Play, hold_s: float) -> None:
    play = taken(playbook)
    play >> held(hold_s)
    play << "granted C10"
    assert play.deadlines()[KEY] == max(CLAIM_S, hold_s)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (held(HOLD_S_MAX + 1), "claim.hold: A claim is held for 30 minutes at most without a word."),
        (held(-1.0), "claim.hold: A claim is held for 30 minutes at most without a word."),
        (held(actor=COLLEAGUE), "claim.owner: os:matti has C10 in hand: acknowledge it, or take it over."),
        (held(case_id="C99"), "case.unknown: No case C99 is open."),
    ],
)
def test_refusals(playbook: Play, asked: ClaimRenewRequested, said: str) -> None:
    play = taken(playbook)
    play >> asked
    play << f"refused {said}"


def test_nobody_has_it(playbook: Play) -> None:
    play = playbook()
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> held()
    play << "refused claim.owner: Nobody has C10 in hand: acknowledge it, or take it over."
    assert KEY not in play.deadlines()


# ------------------------------------------------------------------------------------------- waiting for somebody else


def test_while_a_guard_is_asked_and_on_site_nobody_loses_the_case(playbook: Play) -> None:
    play = taken(playbook, DISPATCH + "  sla_s: 1000\n" + CAMERAS + LOOK)
    assert KEY not in play.deadlines()
    play >> After(10)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    assert KEY not in play.deadlines(), "the clock of the guard's arrival runs"
    play >> guard("C10-1", GuardAnswer.ON_SITE)
    play << ...
    assert KEY not in play.deadlines(), "the guard has to check in"
    play >> held()
    play << "granted C10"
    assert KEY not in play.deadlines()


def test_a_guard_who_has_no_time_to_keep_is_the_owners_to_watch(playbook: Play) -> None:
    """Nothing else would ever call anybody."""
    play = taken(playbook, DISPATCH + CAMERAS + LOOK)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    assert play.deadlines() == {KEY: CLAIM_S}


def test_while_the_plan_waits_nobody_loses_the_case(playbook: Play) -> None:
    play = taken(playbook, WAIT + CAMERAS + LOOK)
    assert KEY not in play.deadlines()
    play >> After(600)
    play << ...
    assert play.deadlines() == {KEY: CLAIM_S}


def test_parked_it_has_a_return_time_and_no_claim(playbook: Play) -> None:
    play = taken(playbook)
    play >> move("park", form={"reason": "Locksmith", "return_at": str(play.now + 3600 * 10**9)})
    play << ...
    assert play.deadlines() == {"case/C10/resume": 3600}
    play >> After(3600)
    play << ...
    assert play.deadlines() == {KEY: CLAIM_S}, "it came back to its owner, who may have gone home"
    assert play.case().owner == "os:matti"


def test_a_case_type_without_a_queue_keeps_its_owner(playbook: Play) -> None:
    sources = rules(plan("fault", CAMERAS + LOOK, case_type="service_request"), {"BA": "fault"})
    play = playbook(sources=sources)
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> move("start")
    play << ...
    play >> After(CLAIM_S * 2)
    play << ""
    assert play.case().owner == "os:matti"
    play >> held()
    play << "granted C10"


def test_taking_over_names_both_and_claiming_needs_an_empty_hand(playbook: Play) -> None:
    play = taken(playbook)
    play >> move("claim", actor=COLLEAGUE)
    play << "refused gate.owner: os:matti has this case in hand; take it over first."
    play >> move("take_over", actor=COLLEAGUE)
    (
        play
        << """
        case.moved C10 move=take_over before=handling state=handling by=os:maija
        case.taken_over C10 before=os:matti by=os:maija
        granted C10
        """
    )
