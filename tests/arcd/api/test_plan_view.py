from __future__ import annotations

from msgspec.structs import replace

from arcd.api.plan_view import CALL_OUTCOMES, plan_view
from arcd.core.case import calls
from arcd.core.case.model import SETTLED, CallAttempt, StepState, StepStatus
from rules.vocabulary import LANGUAGES
from tests.arcd.api.desk import ANNA, FakeDesk

AT = 1_767_225_600_000_000_000


def test_every_outcome_of_a_call_has_its_words() -> None:
    assert set(CALL_OUTCOMES) == calls.OUTCOMES
    assert all(set(texts) == set(LANGUAGES) for texts in CALL_OUTCOMES.values())


async def test_steps_say_what_may_be_done_with_them(desk: FakeDesk) -> None:
    case = desk.state.cases[await desk.alarm("BA")]
    for status in StepStatus:
        steps = tuple(replace(step, status=status) for step in case.steps)
        view = plan_view(desk.state, replace(case, steps=steps), "fi")
        assert view is not None
        for step in view.steps:
            assert bool(step.actions) is (status not in SETTLED)
            assert ("start" in step.actions) is (status is StepStatus.PENDING)


async def test_a_question_shows_its_answers_and_a_call_its_outcomes(desk: FakeDesk) -> None:
    view = plan_view(desk.state, desk.state.cases[await desk.alarm("BA")], "fi")
    assert view is not None
    steps = {step.id: step for step in view.steps}
    assert steps["assess"].outcomes["explained"] == "Selitys löytyi, ei vaaraa"
    assert steps["call-keyholders"].outcomes["busy"] == "varattu"
    assert steps["dispatch-guard"].outcomes == {}


async def test_a_call_shows_who_and_what_was_tried(desk: FakeDesk) -> None:
    case = desk.state.cases[await desk.alarm("BA")]
    attempt = CallAttempt(at=AT, contact_id="anna", outcome="busy", by="os:x")
    called = StepState(
        id="call-keyholders", status=StepStatus.ACTIVE, call_list=(ANNA,), attempts=(attempt,), next_call=1
    )
    steps = tuple(called if step.id == called.id else step for step in case.steps)
    view = plan_view(desk.state, replace(case, steps=steps), "en")
    assert view is not None
    step = next(step for step in view.steps if step.id == called.id)
    assert step.call_list[0].phones == ["+358 40 555 0101"]
    assert step.attempts[0].contact_name == ANNA.name
    assert step.next_call == 1


async def test_a_case_without_a_plan_has_none(desk: FakeDesk) -> None:
    case = desk.state.cases[await desk.alarm("BA")]
    assert plan_view(desk.state, replace(case, plan=None), "en") is None
