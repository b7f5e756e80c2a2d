"""Operators: look at the queue, take a case in hand, work through its plan, close it. Or do not.

One rule: they see what a console shows and ask for what its buttons ask for. Once nothing fails they are diligent, and
then every case has to come to its end; a case that only refuses is a fault of the machine.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from arcd.core.case.calls import OUTCOMES, PARALLEL
from arcd.core.case.dispatch import ENDED
from arcd.core.case.engine import allowed_moves
from arcd.core.case.model import SETTLED, Case, DispatchStatus, StepState, StepStatus
from arcd.core.effects import Answer
from arcd.core.facts import (
    SUPERVISOR,
    Actor,
    AnyFact,
    AuthorityCalled,
    CallAnswer,
    CaseMoveRequested,
    CaseOpenRequested,
    CaseStepRequested,
    FlagEndRequested,
    FlagKind,
    FlagStartRequested,
    Scope,
    SignalPromoted,
)
from arcd.core.state import State
from protocols.signals import Category
from rules.model import CaseType, FieldKind, FormField, Move, Step, StepKind
from tests.sim.mistakes import MISTAKES, Make
from tests.sim.scene import NS

if TYPE_CHECKING:
    from tests.sim.world import World

LOOKS_S = (8.0, 60.0)
LOOKS_CALM_S = (4.0, 12.0)
# So many refusals of one request once nothing fails: nobody can finish this case.
REFUSED_MAX = 60
GUARD_PATIENCE_S = 2 * 3600.0


class Operator:
    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.actor = Actor(id=name, roles=(SUPERVISOR,))
        self._is_busy = False
        self._rests = False
        self._refused: Counter[tuple[str, str, str]] = Counter()

    def begin(self) -> None:
        self.world.after(self.world.rng.uniform(*LOOKS_S), self._look)

    def rest(self) -> None:
        self._rests = True

    # ------------------------------------------------------------------------------------------------------ the queue

    def _look(self) -> None:
        world = self.world
        if self._rests:
            return
        world.after(world.rng.uniform(*(LOOKS_CALM_S if world.is_calm else LOOKS_S)), self._look)
        if self._is_busy or not world.process.is_up:
            return
        if not world.is_calm and world.rng.random() < world.plot.ratios.operator_away:
            return
        state = world.process.runtime.station.state
        open_cases = [case for case in state.cases.values() if case.is_open]
        if world.is_calm and state.flags and not open_cases and not any(p.queue for p in world.panels.values()):
            self._ask("", "end_test", self._ending(next(iter(state.flags))))
            return
        open_cases.sort(key=lambda case: (case.owner not in ("", self.actor.id), case.priority.value, case.opened_at))
        for case in open_cases:
            act = self._act_on(state, case)
            if act is not None:
                self._ask(case.id, *act)
                return

    def _ask(self, case_id: str, what: str, make: Make) -> None:
        self._is_busy = True
        self.world.process.ask(make, lambda answer: self._answered(case_id, what, answer))

    def _answered(self, case_id: str, what: str, answer: Answer | None) -> None:
        self._is_busy = False
        world = self.world
        if world.is_told:
            said = "no answer" if answer is None else "done" if answer.granted else f"{answer.rule}: {answer.message}"
            world.tell(f"{self.actor.id} {what} {case_id}: {said}")
        if answer is None:
            return
        if answer.granted:
            if case_id:
                world.oracle.person_acted(case_id)
            return
        key = (case_id, what, answer.rule)
        self._refused[key] += 1
        if world.is_calm:
            assert self._refused[key] < REFUSED_MAX, f"{case_id} cannot be finished: {what}: {answer.message}"

    # ----------------------------------------------------------------------------------------------------- one next act

    def _act_on(self, state: State, case: Case) -> tuple[str, Make] | None:
        case_type = self.world.process.runtime.station.rules.case_types[case.type]
        if not self.world.is_calm and self.world.rng.random() < self.world.plot.ratios.operator_errs:
            return self._error(case, case_type)
        moves = allowed_moves(case_type, case.state)
        if case.owner != self.actor.id:
            taking = [move for move in moves if not move.closes and not move.form and not move.name.startswith("re")]
            if case.owner:
                return None  # a colleague has it, and is at it
            if taking:
                return taking[0].name, self._move(case, taking[0])
        back = next((move for move in moves if move.name == "resume"), None)
        if back is not None:
            return back.name, self._move(case, back)
        if case.authority is not None and case.authority.open_phone is not None:
            return "telephones for", self._call(case)
        for step_state in case.steps:
            act = self._step_of(case, step_state)
            if act is not None:
                return act
        closing = next((move for move in moves if move.closes), None)
        if closing is not None and not self._must_wait(case):
            return closing.name, self._move(case, closing)
        return None

    def _must_wait(self, case: Case) -> bool:
        """A guard on the way is let finish, unless that takes for ever."""
        now = self.world.clock.now()
        return any(
            each.status not in ENDED and each.status is not DispatchStatus.EXHAUSTED
            and now - each.decided_at < GUARD_PATIENCE_S * NS
            for each in case.dispatches
        )  # fmt: skip

    def _step_of(self, case: Case, at: StepState) -> tuple[str, Make] | None:
        step = case.plan.step(at.id) if case.plan is not None else None
        if step is None or at.status in SETTLED or step.kind is StepKind.CLOSE or case.plan is None:
            return None
        if at.status is StepStatus.PENDING:
            if case.flow or not step.mandatory or step.id in case.plan.reserve_ids():
                return None  # its time has not come, or never will
            return f"skips {step.id} of", self._step(case, step, "skip", note="not needed")
        rng = self.world.rng
        match step.kind:
            case StepKind.CALL:
                outcome = "answered_verified" if rng.random() < 0.5 else rng.choice(sorted(OUTCOMES))
                contact = rng.choice(at.call_list).id if step.strategy == PARALLEL and at.call_list else ""
                return f"calls for {step.id} of", self._step(case, step, "done", outcome=outcome, contact_id=contact)
            case StepKind.ASK:
                answer = rng.choice(step.branches).answer
                return f"answers {step.id} of", self._step(case, step, "done", outcome=answer)
            case StepKind.DISPATCH_GUARD:
                if self._must_wait(case):
                    return None
                if not any(each.step_id == step.id for each in case.dispatches) and rng.random() < 0.5:
                    return f"sends a guard for {step.id} of", self._step(case, step, "start")
                return f"skips {step.id} of", self._step(case, step, "skip", note="nobody can go")
            case StepKind.NOTIFY_AUTHORITY:
                if rng.random() < 0.2:
                    return f"skips {step.id} of", self._step(case, step, "skip", note="not theirs")
                return f"telephones for {step.id} of", self._call(case)
            case _:
                return f"does {step.id} of", self._step(case, step, "done")

    def _error(self, case: Case, case_type: CaseType) -> tuple[str, Make] | None:
        """Leave, park, press the wrong button, ask too early; see `mistakes`."""
        rng = self.world.rng
        if rng.random() < 0.3:
            move = rng.choice([move for move in case_type.moves if move.name != "close_by_itself"])
            return move.name, self._move(case, move)
        mistake = rng.choice(MISTAKES)
        return mistake.__name__, mistake(rng, case, case_type, self.actor)

    # --------------------------------------------------------------------------------------------------------- requests

    def _move(self, case: Case, move: Move) -> Make:
        rules = self.world.process.runtime.station.rules
        form = rules.case_types[case.type].form(move.form)
        rng = self.world.rng
        away_s = rng.uniform(60.0, 1800.0)
        choices = {
            field.name: rng.choice(sorted(field.choices)) for field in (form.fields if form else ()) if field.choices
        }

        def make(at: int) -> AnyFact:
            filled = {
                field.name: choices.get(field.name) or _filled(field, at, away_s)
                for field in (form.fields if form else ())
                if field.mandatory
            }
            return CaseMoveRequested(at=at, case_id=case.id, move=move.name, actor=self.actor, form=filled)

        return make

    def _step(
        self, case: Case, step: Step, action: str, *, outcome: str = "", note: str = "", contact_id: str = ""
    ) -> Make:
        return lambda at: CaseStepRequested(
            at=at, case_id=case.id, step_id=step.id, action=action, actor=self.actor, outcome=outcome, note=note,
            contact_id=contact_id, seen_version=case.version,
        )  # fmt: skip

    def _call(self, case: Case) -> Make:
        answer = self.world.rng.choice((CallAnswer.ACCEPTED, CallAnswer.ACCEPTED, CallAnswer.NO_ANSWER))
        return lambda at: AuthorityCalled(
            at=at, case_id=case.id, authority="Emergency centre", number="+358 40 555 0180", called_at=at,
            answer=answer, actor=self.actor, person="Salo", reference="P-77",
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------------------ flags

    def begin_test(self, site_id: str, *, minutes: float, names_life: bool) -> None:
        categories = (Category.HOLDUP, Category.FIRE, Category.INTRUSION, Category.TAMPER) if names_life else ()

        def make(at: int) -> AnyFact:
            return FlagStartRequested(
                at=at, kind=FlagKind.ON_TEST, site_id=site_id, scope=Scope(categories=categories),
                until=at + int(minutes * 60 * NS), reason="test", actor=self.actor, requested_by="helmi",
                verified_how="operator",
            )  # fmt: skip

        self.world.oracle.test_asked(site_id, names_life=names_life)
        self.world.process.ask(make, lambda answer: self._answered("", f"puts {site_id} on test", answer))

    def _ending(self, flag_id: str) -> Make:
        return lambda at: FlagEndRequested(at=at, flag_id=flag_id, reason="done", actor=self.actor)

    def end_test(self, site_id: str) -> None:
        process = self.world.process
        flag_ids = process.runtime.station.state.flags_by_site.get(site_id) if process.is_up else None
        if flag_ids:
            self._ask("", "ends the test of", self._ending(flag_ids[0]))

    def promote(self, site_id: str) -> None:
        """One of the signals that a flag held back was real after all."""
        process = self.world.process
        if not process.is_up:
            return
        state = process.runtime.station.state
        held = [one for flag in state.flags.values() if flag.site_id == site_id for one in flag.signals()]
        if held:
            one = self.world.rng.choice(held)
            self._ask("", "makes live at", lambda at: SignalPromoted(
                at=at, site_id=site_id, signal_seq=one.seq, index=one.index, reason="it burns", actor=self.actor,
            ))  # fmt: skip

    def open_by_hand(self, site_id: str) -> None:
        types = self.world.process.runtime.station.rules.case_types if self.world.process.is_up else {}
        case_type = self.world.rng.choice(sorted(types)) if types else "alarm"
        self._ask("", f"opens a {case_type} at {site_id}", lambda at: CaseOpenRequested(
            at=at, case_type=case_type, site_id=site_id, title="by hand", priority="P3", actor=self.actor,
        ))  # fmt: skip


def _filled(field: FormField, at: int, away_s: float) -> str:
    if field.kind is FieldKind.INSTANT:
        return str(at + int(away_s * NS))
    return "yes" if field.kind is FieldKind.FLAG else "as it was"
