"""Walking a response plan: order, holding, branches, reserve steps, conditions, silence, what operators may do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.case.model import StepStatus
from arcd.core.effects import SendMail, SendPage
from arcd.core.facts import GuardAnswer
from arcd.core.site import Contact
from tests.arcd.core.conftest import Play
from tests.playbook import CLOSING, After, Due, Panel, Playbook, guard, held, move, step
from tests.sites import DISPATCH, LOOK, a_centre, a_site, plan, rules

S = StepStatus
T = "title: {fi: P, sv: A, en: X}"
BRANCH = "title: {{fi: P, sv: A, en: X}}, goto: {0}"
ASK = (
    f"- {{id: assess, kind: ask, {T}, mandatory: true, timeout_s: 600, branches: ["
    f"{{answer: fine, {BRANCH.format('finish')}}}, {{answer: visit, {BRANCH.format('visit')}}}]}}\n"
)
CAMERAS = f"- {{id: cameras, kind: view_cameras, {T}}}\n"
VISIT = f"- {{id: visit, kind: dispatch_guard, {T}, recipients: guards}}\n"
WAIT = f"- {{id: pause, kind: wait, {T}, timeout_s: 120}}\n"
AGAIN = (
    f"- {{id: again, kind: ask, {T}, timeout_s: 900, branches: ["
    f"{{answer: done, {BRANCH.format('finish')}}}, {{answer: repeat, {BRANCH.format('cameras')}}}]}}\n"
)
DUTY = f"- {{id: duty, kind: call, {T}, automatic: true, recipients: on_duty, timeout_s: 300}}\n"
CALL = (
    f"- {{id: call, kind: call, {T}, mandatory: true, recipients: keyholders, timeout_s: 300, "
    "on_timeout: duty, on_unreachable: duty}\n"
)
MAIL = (
    f"- {{id: tell, kind: message, {T}, automatic: true, recipients: keyholders, channels: [mail], template: news}}\n"
)
NEWS = "news: {fi: 'fi {site_name}', sv: 'sv {site_name}', en: 'en {site_name} {zone} {zone_name} {link} {time_local}'}"


def opened(playbook: Play, steps: str, *, texts: str = "", **site: object) -> Playbook:
    play = playbook(
        sources=rules(plan("p", steps, texts=texts), {"BA": "p"}),
        sites=[a_site(**site)],  # type: ignore[arg-type]  # – passed on
    )
    play >> Panel().sia("BA", zone="3")
    play << ...
    return play


def standing(play: Playbook, case_id: str = "C10") -> dict[str, str]:
    return {state.id: state.status.value for state in play.case(case_id).steps}


# ------------------------------------------------------------------------------------------------------------ the flow


def test_steps_start_in_order_and_side_by_side_until_one_holds(playbook: Play) -> None:
    play = playbook(sources=rules(plan("p", CAMERAS + CALL + ASK + VISIT + DUTY + LOOK), {"BA": "p"}))
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba p P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=p
        step.started C10 step=cameras kind=view_cameras automatic=False
        step.started C10 step=call kind=call automatic=False
        step.started C10 step=assess kind=ask automatic=False
        reply ack
        """
    )
    assert standing(play) == {
        "cameras": "active",
        "call": "active",
        "assess": "active",
        "visit": "pending",
        "duty": "pending",
        "finish": "pending",
    }
    assert play.case().flow == "assess"


def test_an_answer_passes_over_what_lies_between(playbook: Play) -> None:
    play = opened(playbook, ASK + VISIT + LOOK)
    play >> step("assess", "done", "fine")
    (
        play
        << """
        step.ended C10 step=assess status=done by=os:matti outcome=fine
        step.started C10 step=finish kind=close automatic=False
        granted C10
        """
    )
    assert standing(play) == {"assess": "done", "visit": "not_applicable", "finish": "active"}
    assert play.case().flow == ""


def test_another_answer_goes_on_from_its_branch(playbook: Play) -> None:
    play = opened(playbook, ASK + VISIT + LOOK)
    play >> step("assess", "done", "visit")
    (
        play
        << """
        step.ended C10 step=assess status=done by=os:matti outcome=visit
        step.started C10 step=visit kind=dispatch_guard automatic=False
        step.started C10 step=finish kind=close automatic=False
        granted C10
        """
    )


def test_an_answer_that_goes_back_does_it_again(playbook: Play) -> None:
    play = opened(playbook, CAMERAS + WAIT + AGAIN + LOOK)
    assert play.case().flow == "pause"
    play >> step("cameras", "done")
    play << ...
    play >> Due("case/C10/clock/acknowledge/0")
    play << ...
    play >> Due("case/C10/step/pause")
    (
        play
        << """
        -- +120 case/C10/step/pause
        step.ended C10 step=pause status=done by=daemon outcome=waited
        step.started C10 step=again kind=ask automatic=False
        """
    )
    play >> step("again", "done", "repeat")
    (
        play
        << """
        step.ended C10 step=again status=done by=os:matti outcome=repeat
        step.started C10 step=cameras kind=view_cameras automatic=False
        step.started C10 step=pause kind=wait automatic=False
        granted C10
        """
    )
    assert standing(play) == {"cameras": "active", "pause": "active", "again": "pending", "finish": "pending"}
    assert play.case().flow == "pause"


def test_going_back_leaves_no_timer_of_what_is_done_again(playbook: Play) -> None:
    """A step that waits to be reached again is not overdue."""
    timed = f"- {{id: timed, kind: view_cameras, {T}, timeout_s: 1000}}\n"
    play = opened(playbook, CAMERAS + WAIT + timed + AGAIN + LOOK)
    play >> After(120)
    play << ...
    assert "case/C10/step/timed" in play.deadlines()
    play >> step("again", "done", "repeat")
    play << ...
    assert "case/C10/step/timed" not in play.deadlines()
    assert "case/C10/step/again" not in play.deadlines()


def test_going_back_over_a_dispatch_calls_the_first_guard_off(playbook: Play) -> None:
    """The job is offered anew, and there is still one job."""
    play = opened(playbook, CAMERAS + DISPATCH + WAIT + AGAIN + LOOK)
    play >> guard("C10-1", GuardAnswer.ACCEPT)
    play << ...
    play >> After(120)
    play << ...
    play >> step("again", "done", "repeat")
    (
        play
        << """
        step.ended C10 step=again status=done by=os:matti outcome=repeat
        dispatch.cancelled C10 step=dispatch-guard guard=g1
        step.started C10 step=cameras kind=view_cameras automatic=False
        step.started C10 step=dispatch-guard kind=dispatch_guard automatic=True
        dispatch.decided C10 step=dispatch-guard guards=g1, g2
        offer.made C10 offer=C10-2 guard=g1 timeout_s=60
        step.started C10 step=pause kind=wait automatic=False
        mail E14 to g1@example.invalid: Guard job C10 withdrawn: Shop S-1
        mail E14.2 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        granted C10
        """
    )
    first, second = play.case().dispatches
    assert (first.guard_id, first.status) == ("g1", "cancelled")
    assert (second.guard_id, second.status) == ("", "offered")
    play >> guard("C10-2", GuardAnswer.ACCEPT)
    (
        play
        << """
        guard.accept C10 offer=C10-2 guard=g1 by=guard
        granted C10
        """
    )
    assert [dispatch.status for dispatch in play.case().dispatches] == ["cancelled", "accepted"]


def test_a_wait_ends_by_itself(playbook: Play) -> None:
    play = opened(playbook, WAIT + LOOK)
    play >> After(120)
    (
        play
        << """
        -- +90 case/C10/clock/acknowledge/0
        clock.passed C10 clock=acknowledge target=1 priority=P2
        -- +120 case/C10/step/pause
        step.ended C10 step=pause status=done by=daemon outcome=waited
        step.started C10 step=finish kind=close automatic=False
        """
    )


def test_a_wait_can_be_cut_short(playbook: Play) -> None:
    play = opened(playbook, WAIT + LOOK)
    play >> step("pause", "done")
    (
        play
        << """
        step.ended C10 step=pause status=done by=os:matti
        step.started C10 step=finish kind=close automatic=False
        granted C10
        """
    )


def test_a_step_whose_condition_does_not_hold_is_not_for_this_site(playbook: Play) -> None:
    play = opened(playbook, CAMERAS.replace("kind:", "when: {site.services: video}, kind:") + LOOK)
    assert standing(play) == {"cameras": "not_applicable", "finish": "active"}


def test_a_question_nobody_answers_calls_a_person_and_goes_on_holding(playbook: Play) -> None:
    play = opened(playbook, ASK + VISIT + LOOK)
    play >> move("acknowledge")
    play << ...
    play >> held()
    play << "granted C10"
    play >> After(600)
    (
        play
        << """
        -- +600 case/C10/step/assess
        step.overdue C10 step=assess
        person.called C10 because=step_overdue mails=1 step=assess
        mail E13 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert standing(play)["assess"] == "overdue"
    play >> step("assess", "done", "fine")
    (
        play
        << """
        step.ended C10 step=assess status=done by=os:matti outcome=fine
        step.started C10 step=finish kind=close automatic=False
        granted C10
        """
    )


def test_a_reserve_step_starts_on_the_side_when_its_time_has_come(playbook: Play) -> None:
    play = opened(playbook, CALL + DUTY + LOOK)
    play >> move("acknowledge")
    play << ...
    play >> held()
    play << ...
    play >> After(300)
    (
        play
        << """
        -- +300 case/C10/step/call
        step.overdue C10 step=call
        step.started C10 step=duty kind=call automatic=True
        person.called C10 because=duty_called mails=1
        mail E13 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    play >> After(300)
    (
        play
        << """
        -- +600 case/C10/step/duty
        step.overdue C10 step=duty
        person.called C10 because=step_overdue mails=1 step=duty
        mail E14 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_a_reserve_step_that_is_used_up_calls_a_person(playbook: Play) -> None:
    second = CALL.replace("id: call", "id: call2").replace("timeout_s: 300", "timeout_s: 400")
    play = opened(playbook, CALL + second + DUTY + LOOK)
    play >> move("acknowledge")
    play << ...
    play >> held()
    play << ...
    play >> After(300)
    play << ...
    play >> After(100)
    (
        play
        << """
        -- +400 case/C10/step/call2
        step.overdue C10 step=call2
        person.called C10 because=step_overdue mails=1 step=call2
        mail E14 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )


def test_nothing_starts_behind_a_step_that_closes_the_case_by_itself(playbook: Play) -> None:
    """Branches may lie behind it; they are reached by their answers only."""
    closing = f"- {{id: shut, kind: close, {T}, automatic: true}}\n"
    question = ASK.replace(BRANCH.format("finish"), BRANCH.format("shut"))
    play = opened(playbook, question + closing + DISPATCH.replace("dispatch-guard", "visit"))
    play >> step("assess", "done", "fine")
    (
        play
        << """
        step.ended C10 step=assess status=done by=os:matti outcome=fine
        step.started C10 step=shut kind=close automatic=True
        close.refused C10 rule=case.move message=C10 is new: close is not possible, acknowledge is.
        person.called C10 because=close_refused mails=1
        granted C10
        mail E11 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    assert standing(play)["visit"] == "pending"


# --------------------------------------------------------------------------------------- a more urgent plan takes over


def raised(playbook: Play, calm: str, urgent: str, **site: object) -> Playbook:
    play = playbook(
        sources=rules((plan("calm", calm), plan("hot", urgent, priority="P1")), {"BA": "calm", "BV": "hot"}),
        sites=[a_site(**site)],  # type: ignore[arg-type]  # – passed on
    )
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> panel.sia("BV", zone="3")
    return play


def test_what_was_begun_goes_on_and_what_is_new_comes_on_top(playbook: Play) -> None:
    order = f"- {{id: order, kind: order_provider, {T}, recipients: service_provider, timeout_s: 60}}\n"
    play = raised(playbook, CAMERAS + ASK + VISIT + LOOK, order + CAMERAS + LOOK)
    (
        play
        << """
        joined C10 routed x/bv hot P1
        case.verification C10 level=2 before=1 because=panel
        case.priority C10 priority=P1 before=P2
        plan.changed C10 plan=hot version=1 before=calm
        step.started C10 step=order kind=order_provider automatic=False
        step.started C10 step=finish kind=close automatic=False
        reply ack
        """
    )
    assert standing(play) == {
        "cameras": "active",
        "assess": "active",
        "visit": "not_applicable",
        "finish": "active",
        "order": "active",
    }


def test_what_the_calm_plan_found_needless_is_done_when_it_gets_urgent(playbook: Play) -> None:
    """A home is called before a guard is sent; once the alarm is confirmed the guard is sent."""
    only_shops = DISPATCH + "  when: {not: {site.kind: home}}\n"
    play = raised(playbook, only_shops + LOOK, DISPATCH + LOOK, kind="home")
    (
        play
        << """
        joined C10 routed x/bv hot P1
        case.verification C10 level=2 before=1 because=panel
        case.priority C10 priority=P1 before=P2
        plan.changed C10 plan=hot version=1 before=calm
        step.started C10 step=dispatch-guard kind=dispatch_guard automatic=True
        dispatch.decided C10 step=dispatch-guard guards=g1, g2
        offer.made C10 offer=C10-1 guard=g1 timeout_s=60
        reply ack
        mail E11 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        """
    )
    assert play.case().dispatches[0].status == "offered"


def test_what_the_calm_plan_left_to_a_hand_is_done_when_it_gets_urgent(playbook: Play) -> None:
    """The calm plan only offered it to the operator: nobody has been sent, and nobody has decided against it."""
    by_hand = DISPATCH.replace("automatic: true", "automatic: false")
    play = raised(playbook, by_hand + LOOK, DISPATCH + LOOK)
    play << ...
    assert standing(play)["dispatch-guard"] == "active"
    assert [dispatch.status for dispatch in play.case().dispatches] == ["offered"]


def test_what_a_hand_has_begun_is_not_begun_again(playbook: Play) -> None:
    by_hand = DISPATCH.replace("automatic: true", "automatic: false")
    play = playbook(
        sources=rules(
            (plan("calm", by_hand + LOOK), plan("hot", DISPATCH + LOOK, priority="P1")), {"BA": "calm", "BV": "hot"}
        )
    )
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> step("dispatch-guard", "start", seen_version=play.case().version)
    play << ...
    play >> Panel().sia("BV", zone="3", sequence=7)
    play << ...
    assert len(play.case().dispatches) == 1


def test_what_is_done_is_not_done_again(playbook: Play) -> None:
    play = playbook(
        sources=rules(
            (plan("calm", CAMERAS + LOOK), plan("hot", CAMERAS + LOOK, priority="P1")), {"BA": "calm", "BV": "hot"}
        )
    )
    panel = Panel()
    play >> panel.sia("BA", zone="3")
    play << ...
    play >> step("cameras", "done")
    play << ...
    play >> panel.sia("BV", zone="3")
    (
        play
        << """
        joined C10 routed x/bv hot P1
        case.verification C10 level=2 before=1 because=panel
        case.priority C10 priority=P1 before=P2
        plan.changed C10 plan=hot version=1 before=calm
        reply ack
        """
    )
    assert standing(play)["cameras"] == "done"


# ----------------------------------------------------------------------------------------------- what operators may do


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (
            step("nonsense", "done"),
            "step.unknown: C10 has no step nonsense; its steps: cameras, call, assess, visit, duty, finish.",
        ),
        (step("cameras", "start"), "step.started: cameras is active already."),
        (step("cameras", "dance"), "step.action: A step is started, done, skipped or failed."),
        (step("cameras", "skip"), "step.reason: Say why cameras is not done: a reason is needed."),
        (step("cameras", "fail", note=" "), "step.reason: Say why cameras is not done: a reason is needed."),
        (step("assess", "done", "maybe"), "step.outcome: The answer is one of: fine, visit."),
        (step("finish", "done"), "step.close: This step is done by closing the case with a disposition."),
        (
            step("call", "done", "hung up"),
            "step.outcome: The outcome of a call is one of: answered_not_verified, answered_verified, busy, no_answer, "
            "voicemail, wrong_number.",
        ),
        (step("cameras", "done", case_id="C99"), "case.unknown: No case C99 is open."),
        (
            step("cameras", "done", seen_version=1),
            "step.lock: C10 has changed since you looked (version 2); look again.",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(playbook: Play, asked: object, refusal: str) -> None:
    play = opened(playbook, CAMERAS + CALL + ASK + VISIT + DUTY + LOOK)
    before = play.case()
    play >> asked  # type: ignore[operator]  # – a fact
    play << f"refused {refusal}"
    assert play.case() == before


def test_a_settled_step_stays_settled(playbook: Play) -> None:
    play = opened(playbook, CAMERAS + LOOK)
    play >> step("cameras", "done", note="nothing to see", seen_version=2)
    (
        play
        << """
        step.ended C10 step=cameras status=done by=os:matti reason=nothing to see
        granted C10
        """
    )
    for action in ("start", "done", "skip", "fail"):
        play >> step("cameras", action, note="again")
        play << "refused step.settled: cameras was done by os:matti already."


def test_a_guard_is_sent_by_hand_when_the_flow_has_reached_the_step(playbook: Play) -> None:
    play = opened(playbook, ASK + VISIT + LOOK)
    play >> step("assess", "done", "visit")
    play << ...
    play >> step("visit", "start", seen_version=play.case().version)
    (
        play
        << """
        dispatch.decided C10 step=visit guards=g1, g2
        offer.made C10 offer=C10-1 guard=g1 timeout_s=60
        mail E12 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        granted C10
        """
    )
    play >> step("visit", "start", seen_version=play.case().version)
    play << "refused step.started: visit is active already."


def test_a_guard_is_sent_by_hand_before_the_flow_reaches_the_step(playbook: Play) -> None:
    play = opened(playbook, ASK + VISIT + LOOK)
    play >> step("visit", "start", seen_version=play.case().version)
    (
        play
        << """
        step.started C10 step=visit kind=dispatch_guard automatic=False
        dispatch.decided C10 step=visit guards=g1, g2
        offer.made C10 offer=C10-1 guard=g1 timeout_s=60
        mail E11 to g1@example.invalid: Guard job C10: Intrusion alarm, Shop S-1
        granted C10
        """
    )
    play >> step("assess", "done", "visit")
    (
        play
        << """
        step.ended C10 step=assess status=done by=os:matti outcome=visit
        step.started C10 step=finish kind=close automatic=False
        granted C10
        """
    )


def test_a_guard_sent_by_telephone_is_not_sent_again(playbook: Play) -> None:
    play = opened(playbook, ASK + VISIT + LOOK)
    play >> step("visit", "done", note="Kaarti 1 was in the next street.")
    (
        play
        << """
        step.ended C10 step=visit status=done by=os:matti reason=Kaarti 1 was in the next street.
        granted C10
        """
    )
    assert play.case().dispatches == ()


def test_a_step_skipped_before_its_turn_does_nothing(playbook: Play) -> None:
    """No guard is woken to be told that nothing is the matter."""
    late = DISPATCH.replace("dispatch-guard", "visit")
    play = opened(playbook, ASK + late + MAIL + LOOK, texts=NEWS)
    play >> step("visit", "skip", note="The owner is there.")
    (
        play
        << """
        step.ended C10 step=visit status=skipped by=os:matti reason=The owner is there.
        granted C10
        """
    )
    play >> step("tell", "fail", note="They stand beside me.")
    (
        play
        << """
        step.ended C10 step=tell status=failed by=os:matti reason=They stand beside me.
        person.called C10 because=step_overdue mails=1 step=tell
        mail E12 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        granted C10
        """
    )


def test_a_step_that_failed_goes_to_its_branch(playbook: Play) -> None:
    play = opened(playbook, CALL + DUTY + LOOK)
    play >> step("call", "fail", note="The line is dead.")
    (
        play
        << """
        step.ended C10 step=call status=failed by=os:matti reason=The line is dead.
        step.started C10 step=duty kind=call automatic=True
        person.called C10 because=duty_called mails=1
        mail E11 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        granted C10
        """
    )


def test_a_step_that_failed_without_a_branch_calls_a_person_by_name_of_the_step(playbook: Play) -> None:
    play = opened(playbook, CAMERAS + LOOK)
    play >> step("cameras", "fail", note="No picture.")
    (
        play
        << """
        step.ended C10 step=cameras status=failed by=os:matti reason=No picture.
        person.called C10 because=step_overdue mails=1 step=cameras
        mail E11 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        granted C10
        """
    )
    (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
    assert "Reason: a step of the response plan is overdue: cameras\n" in mail.body


def test_taking_a_step_is_taking_notice(playbook: Play) -> None:
    play = opened(playbook, CAMERAS + LOOK)
    play >> After(12)
    play << ""
    play >> step("cameras", "done")
    play << ...
    assert (play.case().acknowledged_at, play.case().acknowledged_by) == (play.now, "os:matti")


# ---------------------------------------------------------------------------------------------------------- messages


def test_a_message_goes_to_everybody_on_the_list_with_an_address(playbook: Play) -> None:
    play = playbook(sources=rules(plan("p", MAIL + LOOK, texts=NEWS), {"BA": "p"}))
    play >> Panel().sia("BA", zone="3")
    (
        play
        << """
        opened C10 routed x/ba p P2
        case.opened C10 type=alarm site=S-1 priority=P2 plan=p
        step.started C10 step=tell kind=message automatic=True
        step.ended C10 step=tell status=done by=daemon outcome=1 mails
        step.started C10 step=finish kind=close automatic=False
        reply ack
        mail E10.2 to helmi@example.invalid: C10 Intrusion alarm: Shop S-1
        """
    )
    (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
    assert mail.body == "en Shop S-1 3 Shop floor {link} 04.03.2026 14:00:00"


def test_a_pager_is_called_where_the_plan_says_so_and_mail_only_where_it_says_that(playbook: Play) -> None:
    carries = Contact(id="duty", name="Duty", email="duty@example.invalid", pager="550")
    centre = replace(a_centre(), contacts=(carries,), call_lists={"on_duty": ("duty",), "keyholders": ("duty",)})
    for channels, wanted in (("[pager]", ["page"]), ("[mail]", ["mail"]), ("[mail, pager]", ["mail", "page"])):
        steps = MAIL.replace("[mail]", channels).replace("keyholders", "on_duty") + LOOK
        play = playbook(sources=rules(plan("p", steps, texts=NEWS), {"BA": "p"}), centre=centre)
        play >> Panel().sia("BA", zone="3")
        play << ...
        told = [effect for effect in play.effects if isinstance(effect, SendMail | SendPage)]
        assert ["page" if isinstance(effect, SendPage) else "mail" for effect in told] == wanted
        for page in told:
            if isinstance(page, SendPage):
                assert (page.address, page.urgency) == ("550", "2"), "P2: high"
                assert page.text.startswith("en Shop S-1")


def test_who_is_called_last_is_paged_too(playbook: Play) -> None:
    carries = Contact(id="duty", name="Duty", pager="550")
    play = playbook(
        sources=rules(plan("p", WAIT + LOOK.replace("mandatory: true", "automatic: true")), {"BA": "p"}),
        centre=replace(a_centre(), contacts=(carries,)),
    )
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(120)
    play << ...
    assert [effect.text for effect in play.effects if isinstance(effect, SendPage)] == [
        "On duty: case C10 (P2) is waiting for a person"
    ]


@pytest.mark.parametrize(
    ("language", "body", "subject"),
    [
        ("fi", "fi Shop S-1", "C10 Murtohälytys: Shop S-1"),
        ("sv", "sv Shop S-1", "C10 Inbrottslarm: Shop S-1"),
        ("en", "en Shop S-1 3 Shop floor {link} 04.03.2026 14:00:00", "C10 Intrusion alarm: Shop S-1"),
    ],
)
def test_messages_speak_the_centres_language(playbook: Play, language: str, body: str, subject: str) -> None:
    sources = rules(plan("p", MAIL + LOOK, texts=NEWS), {"BA": "p"})
    play = playbook(sources=sources, centre=a_centre(language=language))
    play >> Panel().sia("BA", zone="3")
    play << ...
    (mail,) = (effect for effect in play.effects if isinstance(effect, SendMail))
    assert (mail.body, mail.subject) == (body, subject)


def test_a_message_to_nobody_has_failed(playbook: Play) -> None:
    play = opened(playbook, MAIL + LOOK, texts=NEWS, keyholders=("onni",))
    assert standing(play)["tell"] == "failed"
    assert play.case().step("tell").note == "nobody on the list has an address"  # type: ignore[union-attr]


# -------------------------------------------------------------------------------------------------- a plan that closes


def test_a_plan_may_not_close_what_nobody_has_looked_at(playbook: Play) -> None:
    """The alarm type closes from handling only: a person is called instead."""
    play = playbook(sources=rules(plan("p", WAIT + LOOK.replace("mandatory: true", "automatic: true")), {"BA": "p"}))
    play >> Panel().sia("BA", zone="3")
    play << ...
    play >> After(120)
    (
        play
        << """
        -- +90 case/C10/clock/acknowledge/0
        clock.passed C10 clock=acknowledge target=1 priority=P2
        -- +120 case/C10/step/pause
        step.ended C10 step=pause status=done by=daemon outcome=waited
        step.started C10 step=finish kind=close automatic=True
        close.refused C10 rule=case.move message=C10 is new: close is not possible, acknowledge is.
        person.called C10 because=close_refused mails=1
        mail E12 to duty@example.invalid: On duty: case C10 (P2) is waiting for a person
        """
    )
    play >> move("acknowledge")
    play << ...
    play >> move("close", form=CLOSING)
    (
        play
        << """
        case.moved C10 move=close before=handling state=closed by=os:matti
        case.closed C10 disposition=user_error
        granted C10
        """
    )


# ------------------------------------------------------------------------------------------------------- who sends whom


def test_whoever_sends_somebody_out_says_what_they_have_seen(playbook: Play) -> None:
    """Two people with the same case open: one guard goes."""
    play = opened(playbook, VISIT + CAMERAS + LOOK)
    seen = play.case().version
    play >> step("visit", "start")
    play << (
        "refused step.lock: visit sends somebody out: say which version of the case you have seen "
        "(`arcctl case show` names it)."
    )
    play >> step("visit", "start", seen_version=seen)
    play << ...
    play >> step("visit", "start", seen_version=seen)
    play << f"refused step.lock: C10 has changed since you looked (version {play.case().version}); look again."
    play >> step("visit", "start", seen_version=play.case().version)
    play << "refused step.started: visit is active already."
    assert len(play.case().dispatches) == 1
    play >> step("cameras", "done")
    play << ...
