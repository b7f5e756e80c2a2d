"""Guard dispatch (requirements 4.8): every answer in every state, silence, failure, calling off, one guard a job."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.case.dispatch import ANSWERS, REPORT_CHARS_MAX, REPORT_FIELDS, WELFARE_S
from arcd.core.case.model import Dispatch, DispatchStatus, OfferStatus
from arcd.core.delivery import RETRY_WAITS_S
from arcd.core.effects import PostWebhook, SendMail
from arcd.core.facts import DeadlineReached, EffectOutcome, GuardAnswer
from arcd.core.station import Station
from tests.arcd.core.conditioning.scene import noted
from tests.arcd.core.conftest import Play
from tests.playbook import CLOSING, NS, After, Due, Panel, Playbook, guard, move, outcome, step
from tests.sites import DISPATCH, GUARDS, LOOK, a_centre, a_site, plan, rules

A, D = GuardAnswer, DispatchStatus
REPORT = dict.fromkeys(REPORT_FIELDS, "as agreed")
SEND = plan("send", DISPATCH + LOOK)
ON_DUTY = """\
- {id: call-on-duty, kind: call, title: {fi: S, sv: R, en: Call}, automatic: true, recipients: on_duty, timeout_s: 300}
"""
SEND_ELSE_CALL = plan("send", DISPATCH + "  on_unreachable: call-on-duty\n  sla_s: 1000\n" + ON_DUTY + LOOK)


def sources(text: str = SEND) -> dict[str, str]:
    return rules(text, {"BA": "send"})


def an_offer(playbook: Play, text: str = SEND, **site: object) -> Playbook:
    """A burglary at a site with guards: the first of them is asked."""
    play = playbook(sources=sources(text), sites=[a_site(**site)])  # type: ignore[arg-type]  # – passed on
    play >> Panel().sia("BA", zone="3")
    play << ...
    return play


def job(play: Playbook) -> Dispatch:
    (dispatch,) = play.case().dispatches
    return dispatch


# ------------------------------------------------------------------------------------------------------ 1. the good way


def test_from_alarm_to_report(playbook: Play) -> None:
    play = playbook(sources=sources(SEND_ELSE_CALL))
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba send P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=send
        step.started C10 step=dispatch-guard kind=dispatch_guard automatic=True
        dispatch.decided C10 step=dispatch-guard guards=g1, g2 sla_s=1000
        offer.made C10 offer=C10-1 guard=g1 timeout_s=60
        step.started C10 step=finish kind=close automatic=False
        reply ack
        mail E10.2 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        """
    )
    play >> After(20)
    play << ""
    play >> guard("C10-1", A.ACCEPT, eta_s=600)
    (
        play
        << """
        guard.accept C10 offer=C10-1 guard=g1 by=guard eta_s=600
        granted C10
        """
    )
    assert job(play).eta == play.now + 600 * 10**9
    play >> guard("C10-1", A.EN_ROUTE, eta_s=300)
    (
        play
        << """
        guard.en_route C10 offer=C10-1 guard=g1 by=guard eta_s=300
        granted C10
        """
    )
    play >> After(300)
    play << ...
    play >> guard("C10-1", A.ON_SITE)
    (
        play
        << """
        guard.on_site C10 offer=C10-1 guard=g1 by=guard
        dispatch.on_site C10 guard=g1 took_s=320
        granted C10
        """
    )
    play >> guard("C10-1", A.INSPECTING)
    (
        play
        << """
        guard.inspecting C10 offer=C10-1 guard=g1 by=guard
        granted C10
        """
    )
    play >> guard("C10-1", A.SECURED)
    (
        play
        << """
        guard.secured C10 offer=C10-1 guard=g1 by=guard
        granted C10
        """
    )
    play >> guard("C10-1", A.REPORT, report=REPORT)
    (
        play
        << """
        guard.report C10 offer=C10-1 guard=g1 by=guard
        step.ended C10 step=dispatch-guard status=done by=guard outcome=reported
        granted C10
        """
    )
    assert job(play).report == REPORT
    assert [key for key in play.deadlines() if "sla" in key or "welfare" in key] == []


def test_an_offer_says_what_a_guard_must_know(playbook: Play) -> None:
    play = an_offer(playbook, guards=("g3",))
    post, mail = (effect for effect in play.effects if isinstance(effect, PostWebhook | SendMail))
    assert isinstance(post, PostWebhook)
    assert isinstance(mail, SendMail)
    assert post.payload == {
        "offer": "C10-1",
        "case": "C10",
        "priority": "P2",
        "category": "intrusion",
        "site": {"name": "Shop S-1", "address": "Esimerkkitori 2"},
        "signal": "BA Burglary Alarm (3 Shop floor)",
        "at": play.case().opened_at,
        "instructions": "Soita kahdesti.",
        "answer_within_s": 60.0,
    }
    assert (post.offer_id, mail.offer_id) == ("C10-1", "C10-1")
    assert mail.subject == "Vartiointitehtävä C10: Murtohälytys, Shop S-1"
    assert mail.body == (
        "Murtohälytys kohteessa Shop S-1\nEsimerkkitori 2\n\nBA Burglary Alarm (3 Shop floor)\n"
        "Aika: 04.03.2026 14:00:00\nSoita kahdesti.\n"
        "Ota tehtävä vastaan tai hylkää se 60 sekunnin kuluessa:\n{link}\n"
    )


# ---------------------------------------------------------------------------------------------- 2. silence and refusal


def test_silence_goes_round_and_ends_with_a_person(playbook: Play) -> None:
    play = playbook(sources=sources(SEND_ELSE_CALL))
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> Due("case/C10/offer/C10-1")
    (
        play
        << """
        -- +60 case/C10/offer/C10-1
        offer.timed_out C10 offer=C10-1 guard=g1
        offer.made C10 offer=C10-2 guard=g2 timeout_s=60
        post E11 to http://127.0.0.1:1/g2: dispatch.offer
        """
    )
    play >> Due("case/C10/clock/acknowledge/0")
    play << ...
    play >> Due("case/C10/offer/C10-2")
    (
        play
        << """
        -- +120 case/C10/offer/C10-2
        offer.timed_out C10 offer=C10-2 guard=g2
        dispatch.exhausted C10 step=dispatch-guard offers=2
        step.started C10 step=call-on-duty kind=call automatic=True
        person.called C10 because=duty_called mails=1
        mail E13 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert job(play).status is D.EXHAUSTED


def test_without_a_branch_the_person_on_duty_is_called(playbook: Play) -> None:
    play = an_offer(playbook, guards=("g1",))
    play >> guard("C10-1", A.DECLINE)
    (
        play
        << """
        guard.decline C10 offer=C10-1 guard=g1 by=guard
        dispatch.exhausted C10 step=dispatch-guard offers=1
        person.called C10 because=no_guard mails=1
        granted C10
        mail E11 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_nobody_to_ask_is_told_at_once(playbook: Play) -> None:
    play = playbook(sources=sources(), sites=[a_site(guards=())])
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba send P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=send
        step.started C10 step=dispatch-guard kind=dispatch_guard automatic=True
        dispatch.decided C10 step=dispatch-guard
        dispatch.exhausted C10 step=dispatch-guard offers=0
        step.started C10 step=finish kind=close automatic=False
        person.called C10 because=no_guard mails=1
        reply ack
        mail E10.2 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_a_guard_without_channels_and_one_that_is_gone_are_passed_over(playbook: Play) -> None:
    play = playbook(sources=sources(), sites=[a_site(guards=("mute", "left-the-company", "g1"))])
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba send P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=send
        step.started C10 step=dispatch-guard kind=dispatch_guard automatic=True
        dispatch.decided C10 step=dispatch-guard guards=mute, g1
        offer.unreachable C10 offer=C10-1 guard=mute
        offer.made C10 offer=C10-2 guard=g1 timeout_s=60
        step.started C10 step=finish kind=close automatic=False
        reply ack
        mail E10.2 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        """
    )


def test_declined_by_both(playbook: Play) -> None:
    play = an_offer(playbook)
    play >> guard("C10-1", A.DECLINE)
    (
        play
        << """
        guard.decline C10 offer=C10-1 guard=g1 by=guard
        offer.made C10 offer=C10-2 guard=g2 timeout_s=60
        post E11 to http://127.0.0.1:1/g2: dispatch.offer
        granted C10
        """
    )
    play >> guard("C10-2", A.DECLINE)
    (
        play
        << """
        guard.decline C10 offer=C10-2 guard=g2 by=guard
        dispatch.exhausted C10 step=dispatch-guard offers=2
        person.called C10 because=no_guard mails=1
        granted C10
        mail E12 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_every_channel_refused_means_the_next_guard_at_once(playbook: Play) -> None:
    play = an_offer(playbook, guards=("g3", "g1"))
    play >> outcome("E10.2", EffectOutcome.REFUSED, "HTTP 410")
    (
        play
        << """
        effect C10 id=E10.2 attempt=1 outcome=refused detail=HTTP 410
        """
    )
    play >> outcome("E10.3", EffectOutcome.REFUSED, "550")
    (
        play
        << """
        effect C10 id=E10.3 attempt=1 outcome=refused detail=550
        offer.undelivered C10 offer=C10-1 guard=g3
        offer.made C10 offer=C10-2 guard=g1 timeout_s=60
        mail E12 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        """
    )


def test_one_channel_that_works_is_enough(playbook: Play) -> None:
    play = an_offer(playbook, guards=("g3", "g1"))
    play >> outcome("E10.2", EffectOutcome.REFUSED, "HTTP 410")
    play << ...
    play >> outcome("E10.3", EffectOutcome.DELIVERED, "250")
    (
        play
        << """
        effect C10 id=E10.3 attempt=1 outcome=delivered detail=250
        """
    )
    assert job(play).offers[0].status is OfferStatus.OPEN


def test_an_offer_that_never_gets_through_is_passed_on_by_its_timeout(playbook: Play) -> None:
    """Its retries end with it: nobody gets an offer that has gone to another."""
    play = an_offer(playbook)
    play >> outcome("E10.2", EffectOutcome.FAILED, "timeout")
    (
        play
        << """
        effect C10 id=E10.2 attempt=1 outcome=failed detail=timeout
        """
    )
    play >> After(RETRY_WAITS_S[0])
    (
        play
        << """
        -- +2 effect/E10.2/retry
        mail E10.2 (attempt 2) to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        """
    )
    play >> outcome("E10.2", EffectOutcome.FAILED, "timeout")
    play << ...
    play >> After(RETRY_WAITS_S[1])
    play << ...
    play >> outcome("E10.2", EffectOutcome.FAILED, "timeout")
    play << ...
    play >> After(RETRY_WAITS_S[2])
    play << ...
    play >> outcome("E10.2", EffectOutcome.FAILED, "timeout")
    play << ...
    play >> Due("case/C10/offer/C10-1")
    (
        play
        << """
        -- +60 case/C10/offer/C10-1
        offer.timed_out C10 offer=C10-1 guard=g1
        offer.made C10 offer=C10-2 guard=g2 timeout_s=60
        post E18 to http://127.0.0.1:1/g2: dispatch.offer
        """
    )
    assert "E10.2" not in play.station.state.pending


# --------------------------------------------------------------------------------------------------- 3. late and double


def test_a_late_acceptance_counts_while_nobody_else_has_accepted(playbook: Play) -> None:
    play = an_offer(playbook)
    play >> Due("case/C10/offer/C10-1")
    play << ...
    play >> guard("C10-1", A.ACCEPT)
    (
        play
        << """
        guard.accept C10 offer=C10-1 guard=g1 by=guard
        post E12 to http://127.0.0.1:1/g2: dispatch.withdrawn
        granted C10
        """
    )
    play >> guard("C10-2", A.ACCEPT)
    (
        play
        << """
        refused offer.taken: Another guard has taken this job.
        """
    )


def test_a_late_acceptance_after_everybody_was_asked(playbook: Play) -> None:
    play = an_offer(playbook, guards=("g1",))
    play >> Due("case/C10/offer/C10-1")
    play << ...
    play >> guard("C10-1", A.ACCEPT)
    (
        play
        << """
        guard.accept C10 offer=C10-1 guard=g1 by=guard
        granted C10
        """
    )


def test_the_first_guard_comes_too_late(playbook: Play) -> None:
    play = an_offer(playbook)
    play >> guard("C10-1", A.DECLINE)
    play << ...
    play >> guard("C10-2", A.ACCEPT)
    play << ...
    play >> guard("C10-1", A.ACCEPT)
    (
        play
        << """
        refused offer.taken: Another guard has taken this job.
        """
    )
    play >> guard("C10-2", A.ACCEPT)
    (
        play
        << """
        refused offer.accepted: You have accepted this job already.
        """
    )


@pytest.mark.parametrize("on_the_way", [(), (A.EN_ROUTE,)])
def test_a_guard_who_gives_the_job_back_is_followed_by_the_next(
    playbook: Play, on_the_way: tuple[GuardAnswer, ...]
) -> None:
    play = an_offer(playbook)
    for answer in (A.ACCEPT, *on_the_way):
        play >> guard("C10-1", answer)
        play << ...
    play >> guard("C10-1", A.DECLINE)
    (
        play
        << f"""
        guard.decline C10 offer=C10-1 guard=g1 by=guard
        offer.made C10 offer=C10-2 guard=g2 timeout_s=60
        post E{12 + len(on_the_way)} to http://127.0.0.1:1/g2: dispatch.offer
        granted C10
        """
    )
    assert job(play).guard_id == ""
    play >> guard("C10-1", A.EN_ROUTE)
    (
        play
        << """
        refused offer.answer: The job is offered: en_route is not possible, accept, decline is.
        """
    )


def test_who_was_passed_over_for_one_who_gives_the_job_back_is_asked_again(playbook: Play) -> None:
    """Its offer was withdrawn, not declined: it is the only guard who could still go."""
    play = an_offer(playbook)
    play >> Due("case/C10/offer/C10-1")
    play << ...
    for answer in (A.ACCEPT, A.DECLINE):
        play >> guard("C10-1", answer)
        play << ...
    assert [offer.guard_id for offer in job(play).offers] == ["g1", "g2", "g2"]
    play >> guard("C10-2", A.ACCEPT)
    play << "refused offer.answer: The job is offered: accept is not possible, accept, decline is."
    play >> guard("C10-3", A.ACCEPT)
    play << ...
    assert job(play).guard_id == "g2"


def test_an_answer_to_nothing(playbook: Play) -> None:
    play = an_offer(playbook)
    for offer_id in ("C10-2", "C99-1", "nonsense", ""):
        play >> guard(offer_id, A.ACCEPT)
        (
            play
            << """
            refused offer.gone: This job has ended.
            """
        )


# -------------------------------------------------------------------------------------------- 4. every row of the table

# The shortest way to each state in which a guard can say something.
WAYS: dict[DispatchStatus, tuple[GuardAnswer, ...]] = {
    D.OFFERED: (),
    D.ACCEPTED: (A.ACCEPT,),
    D.EN_ROUTE: (A.ACCEPT, A.EN_ROUTE),
    D.ON_SITE: (A.ACCEPT, A.ON_SITE),
    D.INSPECTING: (A.ACCEPT, A.ON_SITE, A.INSPECTING),
    D.SECURED: (A.ACCEPT, A.ON_SITE, A.SECURED),
    D.NEEDS_AUTHORITY: (A.ACCEPT, A.ON_SITE, A.NEEDS_AUTHORITY),
    D.NEEDS_REPAIR: (A.ACCEPT, A.ON_SITE, A.NEEDS_REPAIR),
    D.REPORTED: (A.ACCEPT, A.ON_SITE, A.SECURED, A.REPORT),
}


@pytest.mark.parametrize("answer", list(GuardAnswer))
@pytest.mark.parametrize("status", list(WAYS))
def test_every_answer_in_every_state(playbook: Play, status: DispatchStatus, answer: GuardAnswer) -> None:
    play = an_offer(playbook, guards=("g1", "g2"))
    for each in WAYS[status]:
        play >> guard("C10-1", each, report=REPORT if each is A.REPORT else {})
        play << ...
    assert job(play).status is status
    before = play.case()
    play >> guard("C10-1", answer, report=REPORT if answer is A.REPORT else {})
    play << ...
    allowed = ANSWERS.get(status, {})
    is_first_word = status is not D.OFFERED or answer in (A.ACCEPT, A.DECLINE)
    if answer in allowed and is_first_word:
        assert job(play).status is allowed[answer]
        assert play.stepped.record.notes[0].what == f"guard.{answer.value}"
    else:
        assert play.case() == before
        assert play.stepped.record.notes[0].what == "refused"


def test_the_table_leads_only_to_states_it_knows() -> None:
    reached = {target for answers in ANSWERS.values() for target in answers.values()}
    assert reached - {D.REPORTED} <= set(ANSWERS)
    assert set(WAYS) == {*ANSWERS, D.REPORTED} - {D.EXHAUSTED}


# ------------------------------------------------------------------------------------------------------- 5. the report


def on_site(playbook: Play) -> Playbook:
    play = an_offer(playbook)
    for answer in WAYS[D.SECURED]:
        play >> guard("C10-1", answer)
        play << ...
    return play


@pytest.mark.parametrize("name", REPORT_FIELDS)
def test_a_report_needs_every_field(playbook: Play, name: str) -> None:
    play = on_site(playbook)
    play >> guard("C10-1", A.REPORT, report={**REPORT, name: " "})
    (
        play
        << f"""
        refused report.fields: The report still needs: {name}.
        """
    )


def test_a_report_has_no_other_fields_and_is_bounded(playbook: Play) -> None:
    play = on_site(playbook)
    play >> guard("C10-1", A.REPORT, report={**REPORT, "poem": "…"})
    (
        play
        << """
        refused report.fields: The report has no field poem.
        """
    )
    play >> guard("C10-1", A.REPORT, report={**REPORT, "findings": "x" * (REPORT_CHARS_MAX + 1)})
    (
        play
        << """
        refused report.length: A field of the report has at most 4000 characters.
        """
    )
    play >> guard("C10-1", A.REPORT, report={**REPORT, "findings": "x" * REPORT_CHARS_MAX})
    (
        play
        << """
        guard.report C10 offer=C10-1 guard=g1 by=guard
        step.ended C10 step=dispatch-guard status=done by=guard outcome=reported
        granted C10
        """
    )


# -------------------------------------------------------------------------------------------------- 6. SLA and welfare


def test_the_sla_warns_and_is_breached(playbook: Play) -> None:
    play = an_offer(playbook, SEND_ELSE_CALL)
    play >> move("acknowledge")
    play << ...
    play >> guard("C10-1", A.ACCEPT)
    play << ...
    play >> After(700)
    (
        play
        << """
        -- +700 case/C10/sla/warn/dispatch-guard
        sla.warn C10 guard=g1 sla_s=1000
        """
    )
    play >> After(300)
    (
        play
        << """
        -- +1000 case/C10/sla/breach/dispatch-guard
        sla.breach C10 guard=g1 sla_s=1000
        person.called C10 because=sla_breached mails=1
        mail E14 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert job(play).sla_breached


def test_a_guard_in_time_stops_the_sla(playbook: Play) -> None:
    play = an_offer(playbook, SEND_ELSE_CALL)
    play >> move("acknowledge")
    play << ...
    for answer in (A.ACCEPT, A.ON_SITE):
        play >> guard("C10-1", answer)
        play << ...
    assert play.deadlines() == {"case/C10/welfare/C10-1": WELFARE_S}


def test_a_silent_guard_on_site_is_a_matter_of_life(playbook: Play) -> None:
    play = an_offer(playbook)
    play >> move("acknowledge")
    play << ...
    for answer in (A.ACCEPT, A.ON_SITE):
        play >> guard("C10-1", answer)
        play << ...
    play >> After(WELFARE_S - 1)
    play << ""
    play >> guard("C10-1", A.CHECK_IN)
    (
        play
        << """
        guard.check_in C10 offer=C10-1 guard=g1 by=guard
        granted C10
        """
    )
    play >> After(WELFARE_S)
    (
        play
        << """
        -- +1799 case/C10/welfare/C10-1
        welfare.missed C10 offer=C10-1
        case.priority C10 priority=P0 before=P2
        person.called C10 because=guard_silent mails=1
        mail E15 to duty@example.invalid: On duty: case C10 (P0) is waiting for a person
        """
    )
    assert play.case().priority == "P0"
    play >> After(WELFARE_S)
    (
        play
        << """
        -- +2699 case/C10/welfare/C10-1
        welfare.missed C10 offer=C10-1
        person.called C10 because=guard_silent mails=1
        mail E16 to duty@example.invalid: On duty: case C10 (P0) is waiting for a person
        """
    )


def test_the_welfare_watch_goes_on_until_the_report(playbook: Play) -> None:
    play = on_site(playbook)
    assert "case/C10/welfare/C10-1" in play.deadlines()
    play >> guard("C10-1", A.REPORT, report=REPORT)
    play << ...
    assert "case/C10/welfare/C10-1" not in play.deadlines()


@pytest.mark.parametrize("ends", ["report", "skip"])
def test_the_word_of_one_guard_says_nothing_of_another(playbook: Play, ends: str) -> None:
    """Two patrols at one site: neither check-in nor report nor calling off of the first keeps the second from help."""
    second = DISPATCH.replace("dispatch-guard", "second-guard")
    play = an_offer(playbook, plan("send", DISPATCH + second + LOOK))
    for offer_id in ("C10-1", "C10-2"):
        for answer in (A.ACCEPT, A.ON_SITE):
            play >> guard(offer_id, answer)
            play << ...
    play >> After(WELFARE_S - 1)
    play << ...
    play >> guard("C10-1", A.SECURED)
    play << ...
    play >> (
        guard("C10-1", A.REPORT, report=REPORT) if ends == "report" else step("dispatch-guard", "skip", note="Off.")
    )
    play << ...
    play >> After(1)
    play << ...
    assert noted(play, "welfare.missed") == [{"offer": "C10-2"}]
    assert play.case().priority == "P0"


def test_a_watch_that_an_earlier_version_has_set_is_every_guards(playbook: Play) -> None:
    """It knew one to a case: a store from then has it under the case's own key."""
    play = on_site(playbook)
    renamed = {"case/C10/welfare/C10-1": "case/C10/welfare"}
    station = Station()
    station.restore(
        (table, renamed.get(key, key), msgspec.json.encode(value))
        for table, key, value in play.station.take_changed()
        if value is not None
    )
    key = "case/C10/welfare"
    due = station.state.deadlines[key]
    stepped = station.step(DeadlineReached(at=due, key=key, due=due), 1_000)
    assert [note.detail for note in stepped.record.notes if note.what == "welfare.missed"] == [{"offer": "C10-1"}]
    assert key not in station.state.deadlines
    assert station.state.deadlines["case/C10/welfare/C10-1"] == due + int(WELFARE_S * NS)


def test_a_guard_asks_for_the_authorities(playbook: Play) -> None:
    play = an_offer(playbook)
    for answer in (A.ACCEPT, A.ON_SITE):
        play >> guard("C10-1", answer)
        play << ...
    play >> guard("C10-1", A.NEEDS_AUTHORITY)
    (
        play
        << """
        guard.needs_authority C10 offer=C10-1 guard=g1 by=guard
        person.called C10 because=guard_needs_authority mails=1
        mail E13 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        granted C10
        """
    )


# ------------------------------------------------------------------------------------------------------- 7. called off


def test_closing_calls_the_guard_off(playbook: Play) -> None:
    play = an_offer(playbook, SEND_ELSE_CALL)
    play >> guard("C10-1", A.ACCEPT)
    play << ...
    play >> move("acknowledge")
    play << ...
    play >> step("dispatch-guard", "skip", note="Helmi called: false alarm")
    (
        play
        << """
        dispatch.cancelled C10 step=dispatch-guard guard=g1
        step.ended C10 step=dispatch-guard status=skipped by=os:matti reason=Helmi called: false alarm
        mail E13 to g1@example.invalid: Guard job C10 withdrawn: Shop S-1
        granted C10
        """
    )
    play >> move("close", form=CLOSING)
    (
        play
        << """
        case.moved C10 move=close before=handling state=closed by=os:matti
        case.closed C10 disposition=user_error
        granted C10
        """
    )
    assert list(play.deadlines()) == ["case/C10/forget"]
    play >> guard("C10-1", A.ON_SITE)
    (
        play
        << """
        refused offer.gone: This job has ended.
        """
    )


def test_skipping_the_step_withdraws_the_offer(playbook: Play) -> None:
    play = an_offer(playbook)
    play >> step("dispatch-guard", "skip", note="The owner is there.")
    (
        play
        << """
        dispatch.cancelled C10 step=dispatch-guard
        step.ended C10 step=dispatch-guard status=skipped by=os:matti reason=The owner is there.
        mail E11 to g1@example.invalid: Guard job C10 withdrawn: Shop S-1
        granted C10
        """
    )
    play >> guard("C10-1", A.ACCEPT)
    (
        play
        << """
        refused offer.answer: The job is cancelled: accept is not possible, nothing is.
        """
    )


def test_an_offer_waiting_for_its_retry_is_withdrawn_with_the_case(playbook: Play) -> None:
    play = an_offer(playbook)
    play >> outcome("E10.2", EffectOutcome.FAILED, "connection refused")
    play << ...
    play >> step("dispatch-guard", "skip", note="The owner is there.")
    play << ...
    assert "effect/E10.2/retry" not in play.deadlines()
    play >> outcome("E10.2", EffectOutcome.DELIVERED)
    play << ""


# ----------------------------------------------------------------------------------------------- 8. never two guards


SAID = st.one_of(
    st.tuples(st.integers(1, 3), st.sampled_from(list(GuardAnswer))),
    st.sampled_from(["silence", "refused", "failed"]),
)


@given(st.lists(SAID, max_size=25))
def test_in_whatever_order_things_are_said_at_most_one_guard_holds_the_job(
    said: list[tuple[int, GuardAnswer] | str],
) -> None:
    """`invariants` counts after every step; here is only the disorder."""
    site = a_site(guards=("g1", "g2", "g3"))
    play = Playbook(sources=sources(SEND_ELSE_CALL), sites=[site], centre=a_centre(guards=GUARDS))
    play >> Panel().sia("BA", zone="3")
    play << ...
    holders: list[str] = []
    for each in said:
        if isinstance(each, tuple):
            number, answer = each
            play >> guard(f"C10-{number}", answer, report=REPORT if answer is A.REPORT else {})
        elif each == "silence":
            play >> After(61)
        else:
            pending = sorted(play.station.state.pending)
            if not pending:
                continue
            play >> outcome(pending[0], EffectOutcome.REFUSED if each == "refused" else EffectOutcome.FAILED)
        play << ...
        holders.append(job(play).guard_id)
    play.end()
    assert all(guard_id in ("", "g1", "g2", "g3") for guard_id in holders)


def test_a_step_is_not_overdue_while_its_guard_is_on_the_way(playbook: Play) -> None:
    """The shipped plan gives the step ten minutes; a guard who has accepted has half an hour to be there."""
    play = an_offer(playbook, plan("send", DISPATCH + "  timeout_s: 600\n" + LOOK))
    own = "case/C10/step/dispatch-guard"
    assert play.deadlines()[own] == 600
    play >> guard("C10-1", A.ACCEPT)
    play << ...
    assert own not in play.deadlines()
    play >> After(30)
    play << ...
    play >> guard("C10-1", A.DECLINE)
    play << ...
    assert play.deadlines()[own] == 600


# ------------------------------------------------------------------------------------------ 8. force and apprehension


def reported(playbook: Play, **answers: str) -> Playbook:
    play = an_offer(playbook)
    for told in (A.ACCEPT, A.ON_SITE, A.SECURED):
        play >> guard("C10-1", told)
        play << ...
    play >> guard("C10-1", A.REPORT, report={**REPORT, **answers})
    return play


@pytest.mark.parametrize(
    ("answers", "because"),
    [
        ({"force_used": "yes", "apprehension": "no"}, "force_used"),
        ({"apprehension": "yes"}, "apprehension"),
        ({"force_used": "yes", "apprehension": "yes"}, "force_used apprehension"),
    ],
)
def test_force_or_an_apprehension_makes_an_event_report_due(
    playbook: Play, answers: dict[str, str], because: str
) -> None:
    play = reported(playbook, **answers)
    (
        play
        << f"""
        guard.report C10 offer=C10-1 guard=g1 by=guard
        dispatch.event_report C10 guard=g1 because={because}
        step.ended C10 step=dispatch-guard status=done by=guard outcome=reported
        case.opened C14 type=event_report site=S-1 priority=P3
        granted C10
        """
    )
    due = play.case("C14")
    assert due.title == "Statutory event report due: case C10, Shop S-1"
    assert {key.removeprefix("case/C14/"): at for key, at in play.deadlines().items() if "C14" in key} == {
        "clock/writing/0": 28_800, "clock/writing/1": 86_400,
    }  # fmt: skip


@pytest.mark.parametrize("answers", [{}, {"force_used": "no"}, {"force_used": "no", "apprehension": "no"}])
def test_without_them_none_is(playbook: Play, answers: dict[str, str]) -> None:
    play = reported(playbook, **answers)
    play << ...
    assert list(play.station.state.cases) == ["C10"]
    assert job(play).report == {**REPORT, **answers}


def test_the_answer_is_yes_or_no(playbook: Play) -> None:
    play = reported(playbook, force_used="a little")
    play << "refused report.fields: force_used is yes or no."


def test_a_step_done_again_has_a_job_of_its_own(playbook: Play) -> None:
    """What becomes of the second leaves the first as it ended."""
    again = f"""\
- {{id: pause, kind: wait, title: {{fi: O, sv: V, en: Wait}}, timeout_s: 600}}
- id: look
  kind: ask
  title: {{fi: K, sv: F, en: Ask}}
  timeout_s: 9000
  branches:
    - {{answer: again, title: {{fi: U, sv: I, en: Again}}, goto: dispatch-guard}}
    - {{answer: enough, title: {{fi: R, sv: N, en: Enough}}, goto: finish}}
{LOOK}
"""
    play = an_offer(playbook, plan("send", DISPATCH + again))
    play >> guard("C10-1", A.DECLINE)
    play << ...
    play >> After(600)
    play << ...
    play >> step("look", "done", "again")
    play << ...
    play >> guard("C10-3", A.ACCEPT)
    play << ...
    first, second = play.case().dispatches
    assert (first.status, second.status, second.guard_id) == (D.CANCELLED, D.ACCEPTED, "g1")
    assert [offer.id for offer in first.offers] == ["C10-1", "C10-2"]
    assert [offer.id for offer in second.offers] == ["C10-3"]
