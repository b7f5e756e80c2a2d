"""Every shipped plan can be walked to its end and closed, whichever way its questions are answered.

A robot operator does what is to be done and nothing clever: a plan that gets stuck here gets people stuck.
"""

from __future__ import annotations

import pytest

from arcd.core.case.dispatch import ENDED, REPORT_FIELDS
from arcd.core.case.model import SETTLED, Case, StepStatus
from arcd.core.effects import Answer
from arcd.core.facts import GuardAnswer
from rules import shipped
from rules.loader import load
from rules.model import FieldKind, Plan, Step, StepKind
from tests.arcd.core.conftest import Play
from tests.playbook import NS, After, Panel, Playbook, guard, move, step
from tests.sites import a_site, pack

SOURCES = shipped.sources()
LOADED = load(SOURCES).ruleset
assert LOADED is not None
PLANS = [plan for plan in LOADED.plans.values() if plan.opens_case]
SERVICES = ("guard_dispatch", "video", "maintenance", "announcements", "service_request")
REPORT = dict.fromkeys(REPORT_FIELDS, "as agreed")
ROUNDS_MAX = 40


def opened(playbook: Play, plan: Plan, **site: object) -> Playbook:
    """A case under this plan, whatever the signal was."""
    kept = {name: text for name, text in SOURCES.items() if not name.startswith("packs/")}
    kept["packs/root.yaml"] = SOURCES["packs/root.yaml"]
    kept["packs/x.yaml"] = pack({"BA": plan.name})
    play = playbook(sources=kept, sites=[a_site(services=SERVICES, **site)])  # type: ignore[arg-type]  # – passed on
    play >> Panel().sia("BA", zone="3")
    play << ...
    return play


class Robot:
    def __init__(self, play: Playbook, *, choice: int, reaches: bool) -> None:
        self.play = play
        self.choice = choice
        self.reaches = reaches  # whether anybody answers the telephone
        self.answered: set[str] = set()

    @property
    def case(self) -> Case:
        return self.play.case()

    def do(self, fact: object) -> Answer:
        self.play >> fact  # type: ignore[operator]  # – a fact
        self.play << ...
        (answer,) = (effect for effect in self.play.effects if isinstance(effect, Answer))
        return answer

    def take(self) -> None:
        case_type = self.play.station.rules.case_types[self.case.type]
        (first, *_) = [each.name for each in case_type.moves if self.case.state in each.sources and not each.closes]
        assert self.do(move(first)).granted

    def walk(self) -> None:
        for _ in range(ROUNDS_MAX):
            plan = self.case.plan
            assert plan is not None
            standing = [state.id for state in self.case.steps if state.status not in SETTLED | {StepStatus.PENDING}]
            waiting = [plan.step(step_id) for step_id in standing]
            todo = [each for each in waiting if each is not None and each.kind is not StepKind.CLOSE]
            if not todo:
                return
            for each in todo:
                self.settle(each)
        raise AssertionError(f"still at {standing} after {ROUNDS_MAX} rounds")

    def settle(self, todo: Step) -> None:
        state = self.case.step(todo.id)
        assert state is not None
        if state.status in SETTLED:
            return  # settled by what was done before it in this round
        match todo.kind:
            case StepKind.ASK:
                # The second time round a question is answered by its first branch, or a loop would be walked for ever.
                choice = 0 if todo.id in self.answered else self.choice
                self.answered.add(todo.id)
                answer = self.do(step(todo.id, "done", todo.branches[choice % len(todo.branches)].answer))
            case StepKind.CALL:
                answer = self.do(step(todo.id, "done", "answered_verified" if self.reaches else "no_answer"))
            case StepKind.DISPATCH_GUARD:
                answer = self.send(todo)
            case _:
                answer = self.do(step(todo.id, "done"))
        if not answer.granted:
            reasoned = self.do(step(todo.id, "skip", note="not for a robot"))
            assert reasoned.granted, f"{todo.id}: {answer.message} {reasoned.message}"

    def send(self, todo: Step) -> Answer:
        jobs = [each for each in self.case.dispatches if each.step_id == todo.id and each.status not in ENDED]
        if not jobs:
            started = self.do(step(todo.id, "start", seen_version=self.case.version))
            assert started.granted, started.message
            jobs = [each for each in self.case.dispatches if each.step_id == todo.id and each.status not in ENDED]
        offer_id = jobs[-1].offers[-1].id
        for said in (GuardAnswer.ACCEPT, GuardAnswer.ON_SITE, GuardAnswer.SECURED, GuardAnswer.REPORT):
            answer = self.do(guard(offer_id, said, report=REPORT if said is GuardAnswer.REPORT else {}))
            assert answer.granted, answer.message
        return answer

    def close(self) -> None:
        case_type = self.play.station.rules.case_types[self.case.type]
        chosen = case_type.move("close")
        assert chosen is not None
        form = case_type.form(chosen.form)
        filled = {
            field.name: next(iter(field.choices), {FieldKind.INSTANT: str(self.play.now + NS)}.get(field.kind, "text"))
            for field in (form.fields if form else ())
            if field.mandatory
        }
        answer = self.do(move("close", form=filled))
        assert answer.granted, answer.message
        assert not self.case.is_open


@pytest.mark.parametrize("reaches", [True, False], ids=["reached", "not reached"])
@pytest.mark.parametrize("choice", [0, 1, 2])
@pytest.mark.parametrize("plan", PLANS, ids=[plan.name for plan in PLANS])
def test_it_can_be_walked_to_its_end_and_closed(playbook: Play, plan: Plan, choice: int, reaches: bool) -> None:
    robot = Robot(opened(playbook, plan), choice=choice, reaches=reaches)
    robot.take()
    robot.walk()
    robot.close()


@pytest.mark.parametrize("plan", PLANS, ids=[plan.name for plan in PLANS])
def test_silence_brings_a_person(playbook: Play, plan: Plan) -> None:
    """Nobody does anything for a day: somebody has been called, again and again."""
    play = opened(playbook, plan, guards=())
    play >> After(86_400)
    play << ...
    assert play.case().attention > 10
    assert play.deadlines()
