"""Walking a response plan (toimintaohje): what starts by itself, what waits for a person, what happens in silence.

The flow starts the steps in order. Steps run side by side, because a guard must not wait for somebody to look at a
camera; only a `wait` or an `ask` holds the flow until it is settled, and the answer to an `ask` moves the flow to the
branch it names. Steps that are somebody's `on_timeout` or `on_unreachable` are in reserve: the flow passes them by, and
they start on the side when that happens.

One rule: every path ends with a person. A step that runs out of time without a branch calls the one on duty.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import calls, dispatch, outgoing, texts
from arcd.core.case.authority import notifying as authority
from arcd.core.case.casebook import call_for_person, save
from arcd.core.case.continuing import MoveWanted
from arcd.core.case.model import SETTLED, Case, StepState, StepStatus
from arcd.core.facts import DAEMON, CaseStepRequested
from arcd.core.turn import Turn, text_in
from arcd.core.view import case_view
from rules.conditions import condition_of
from rules.model import Plan, Step, StepKind

SENDS_OUT = frozenset({StepKind.DISPATCH_GUARD, StepKind.NOTIFY_AUTHORITY})
HOLDING = frozenset({StepKind.WAIT, StepKind.ASK})


def begin(turn: Turn, case: Case) -> Case:
    if case.plan is None:
        return case
    case = replace(case, steps=tuple(StepState(id=step.id) for step in case.plan.steps))
    return _flow_on(turn, case, 0)


def sends_somebody(plan: Plan) -> bool:
    return any(step.kind is StepKind.DISPATCH_GUARD and step.automatic for step in plan.steps)


def release(turn: Turn, case: Case, by: str) -> Case:
    """A plan that waited for a person starts; any other goes on as it is."""
    if not case.plan_held:
        return case
    turn.note("plan.released", case.id, by=by, held=case.plan_held)
    return _flow_on(turn, replace(case, plan_held=""), 0)


def extend(turn: Turn, case: Case, plan: Plan) -> Case:
    """A more urgent plan takes over: what was begun or done stays so, the steps it adds come on top."""
    known = {state.id for state in case.steps}
    wanted = {step.id: step for step in plan.steps}
    kept = tuple(step for step in (case.plan.steps if case.plan else ()) if step.id not in wanted)
    before = case.plan.name if case.plan else ""
    merged = replace(plan, steps=(*plan.steps, *kept))
    added = tuple(StepState(id=step.id) for step in plan.steps if step.id not in known)
    states = tuple(_carried_over(turn, case, state, wanted.get(state.id)) for state in case.steps)
    turn.note("plan.changed", case.id, plan=plan.name, version=plan.version, before=before)
    return _flow_on(turn, replace(case, plan=merged, steps=(*states, *added)), 0)


def _carried_over(turn: Turn, case: Case, state: StepState, wanted: Step | None) -> StepState:
    """What only the calmer plan still had to come is dropped. What it found needless is judged again, and what it left
    to a hand that has not come is the machine's now, where the urgent plan says so."""
    if wanted is not None:
        before = _step_of(case, state.id)
        is_offered = state.status not in SETTLED and before is not None and _waits_for_a_hand(case, before)
        is_anew = state.status is StepStatus.NOT_APPLICABLE or (is_offered and wanted.automatic)
        return StepState(id=state.id) if is_anew else state
    if state.status is StepStatus.PENDING:
        return replace(state, status=StepStatus.NOT_APPLICABLE, ended_at=turn.at)
    return state


def _flow_on(turn: Turn, case: Case, position: int, *, goto: str = "") -> Case:
    """Start steps in order from a position until one holds the flow, closes the case or the plan ends.

    A reserve step is passed by unless it is the one that an answer leads to.
    """
    assert case.plan is not None
    if case.plan_held:
        return case
    reserve = case.plan.reserve_ids()
    for step in case.plan.steps[position:]:
        state = case.step(step.id)
        assert state is not None, step.id
        if state.status is StepStatus.PENDING and (step.id not in reserve or step.id == goto):
            case = _start(turn, case, step)
            state = case.step(step.id)
            assert state is not None, step.id
            if step.kind is StepKind.CLOSE and state.status is StepStatus.DONE:
                return replace(case, flow="")  # about to close by itself: nothing behind it may start
        is_held = step.kind in HOLDING and state.status not in SETTLED and state.status is not StepStatus.PENDING
        if is_held or not case.is_open:
            return replace(case, flow=step.id)
    return replace(case, flow="")


def _flow_to(turn: Turn, case: Case, step_id: str) -> Case:
    """The answer to an `ask` moves the flow. Forward, what lies between is passed over; backward, it is done again."""
    plan = case.plan
    assert plan is not None
    places = {step.id: index for index, step in enumerate(plan.steps)}
    here, there = places[case.flow], places[step_id]
    for step in plan.steps[here + 1 : there]:
        state = case.step(step.id)
        if state is not None and state.status is StepStatus.PENDING and step.id not in plan.reserve_ids():
            case = case.with_step(replace(state, status=StepStatus.NOT_APPLICABLE, ended_at=turn.at))
    for step in plan.steps[there : here + 1]:
        turn.deadlines.clear(f"case/{case.id}/step/{step.id}")
        case = dispatch.cancel_of_step(turn, case, step.id)
        case = case.with_step(StepState(id=step.id))
    return _flow_on(turn, case, there, goto=step_id)


def jump(turn: Turn, case: Case, step_id: str, because: str, **values: str) -> Case:
    """Start a reserve step on the side; "" or one that was used up already means that a person is called for."""
    step = _step_of(case, step_id)
    state = case.step(step_id)
    if step is None or state is None or state.status is not StepStatus.PENDING:
        return call_for_person(turn, case, because, **values)
    return _start(turn, case, step)


def _start(turn: Turn, case: Case, step: Step) -> Case:
    if step.when is not None and not _condition_holds(turn, case, step):
        turn.note("step.not_applicable", case.id, step=step.id)
        return case.with_step(StepState(id=step.id, status=StepStatus.NOT_APPLICABLE, ended_at=turn.at))
    turn.note("step.started", case.id, step=step.id, kind=step.kind, automatic=step.automatic)
    case = case.with_step(StepState(id=step.id, status=StepStatus.ACTIVE, started_at=turn.at))
    if step.timeout_s is not None:
        turn.deadlines.set(f"case/{case.id}/step/{step.id}", turn.after(step.timeout_s))
    if step.kind is StepKind.CALL:
        return calls.begin(turn, case, step)
    if step.kind is StepKind.NOTIFY_AUTHORITY:
        return authority.prepare(turn, case, step)
    if not step.automatic:
        return case
    match step.kind:
        case StepKind.DISPATCH_GUARD:
            return dispatch.begin(turn, case, step)
        case StepKind.MESSAGE:
            return _send_message(turn, case, step)
        case StepKind.CLOSE:
            return _close(turn, case, step)
        case _:
            return case  # nothing a machine can do alone: it waits for the operator, its timeout runs


def _condition_holds(turn: Turn, case: Case, step: Step) -> bool:
    assert step.when is not None
    condition = condition_of(step.when)
    first = case.signals[0].signal if case.signals else None
    return condition.holds(first, case_view(turn, case))


def _send_message(turn: Turn, case: Case, step: Step) -> Case:
    assert case.plan is not None
    language = turn.centre.language
    values = outgoing.values_of(turn, case, language)
    template = case.plan.texts.get(step.template, {})
    body = texts.render(text_in(template, language), values) if template else outgoing.signal_text_of(case)
    site = turn.state.sites.get(case.site_id)
    contacts = outgoing.people(turn, site, step.recipients or outgoing.ON_DUTY)
    subject = texts.render("{case_id} {category}: {site_name}", values)
    sent = outgoing.mail_people(turn, case, contacts, subject, body) if set(step.channels) != {"pager"} else []
    sent += outgoing.page_people(turn, case, contacts, body) if "pager" in step.channels else []
    if not sent:
        return finish(turn, case, step.id, StepStatus.FAILED, by=DAEMON.id, note="nobody on the list has an address")
    return finish(turn, case, step.id, StepStatus.DONE, by=DAEMON.id, outcome=f"{len(sent)} mails")


def _close(turn: Turn, case: Case, step: Step) -> Case:
    """A plan may end by itself; when a gate refuses, a person finishes it."""
    turn.agenda.append(MoveWanted(case_id=case.id, move="close", form={"disposition": "other"}))
    return case.with_step(StepState(id=step.id, status=StepStatus.DONE, started_at=turn.at, ended_at=turn.at))


def finish(
    turn: Turn, case: Case, step_id: str, status: StepStatus, *, by: str, outcome: str = "", note: str = ""
) -> Case:
    """Settle a step and start what it held back."""
    state = case.step(step_id)
    assert state is not None
    turn.deadlines.clear(f"case/{case.id}/step/{step_id}")
    turn.note("step.ended", case.id, step=step_id, status=status, by=by, outcome=outcome, reason=note)
    case = case.with_step(
        replace(state, status=status, ended_at=turn.at, by=by, outcome=outcome, note=note or state.note)
    )
    if case.flow != step_id or case.plan is None:
        return case
    step = _step_of(case, step_id)
    branch = next((branch for branch in step.branches if branch.answer == outcome), None) if step else None
    if branch is not None:
        return _flow_to(turn, case, branch.goto)
    return _flow_on(turn, case, 1 + [step.id for step in case.plan.steps].index(step_id))


def on_timeout(turn: Turn, case: Case, step_id: str) -> Case:
    step = _step_of(case, step_id)
    state = case.step(step_id)
    if step is None or state is None or state.status in SETTLED:
        return case
    if step.kind is StepKind.WAIT:
        return finish(turn, case, step_id, StepStatus.DONE, by=DAEMON.id, outcome="waited")
    turn.note("step.overdue", case.id, step=step_id)
    case = case.with_step(replace(state, status=StepStatus.OVERDUE))
    return jump(turn, case, step.on_timeout, "step_overdue", step=step_id)


def on_unreachable(turn: Turn, case: Case, step_id: str, because: str) -> Case:
    step = _step_of(case, step_id)
    return jump(turn, case, step.on_unreachable if step else "", because)


def _step_of(case: Case, step_id: str) -> Step | None:
    return case.plan.step(step_id) if case.plan else None


# ------------------------------------------------------------------------------------------------------------ requests


def request(turn: Turn, fact: CaseStepRequested) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    step, state = _step_of(case, fact.step_id), case.step(fact.step_id)
    if step is None or state is None:
        there = ", ".join(each.id for each in case.steps) or "none"
        return turn.refuse("step.unknown", f"{case.id} has no step {fact.step_id}; its steps: {there}.")
    if fact.seen_version and fact.seen_version != case.version:
        return turn.refuse("step.lock", f"{case.id} has changed since you looked (version {case.version}); look again.")
    if state.status in SETTLED:
        return turn.refuse("step.settled", f"{step.id} was {state.status.value} by {state.by or 'the plan'} already.")
    refusal = (
        _lock_refusal(step, fact) or _refusal(case, step, state, fact) or calls.refusal(turn, case, step, state, fact)
    )
    if refusal is not None:
        return turn.refuse(*refusal)
    save(turn, _act(turn, case, step, state, fact))
    return turn.grant(case.id)


def _lock_refusal(step: Step, fact: CaseStepRequested) -> tuple[str, str] | None:
    """Two people must not send somebody out for the same reason: whoever does says what they have seen."""
    if fact.action != "start" or step.kind not in SENDS_OUT or fact.seen_version:
        return None
    return "step.lock", (
        f"{step.id} sends somebody out: say which version of the case you have seen (`arcctl case show` names it)."
    )


def _refusal(case: Case, step: Step, state: StepState, fact: CaseStepRequested) -> tuple[str, str] | None:
    match fact.action:
        case "start":
            if state.status is not StepStatus.PENDING and not _waits_for_a_hand(case, step):
                return "step.started", f"{step.id} is {state.status.value} already."
        case "skip" | "fail":
            if not fact.note.strip():
                return "step.reason", f"Say why {step.id} is not done: a reason is needed."
        case "done":
            answers = [branch.answer for branch in step.branches]
            if step.kind is StepKind.ASK and fact.outcome not in answers:
                return "step.outcome", f"The answer is one of: {', '.join(answers)}."
            if step.kind is StepKind.CLOSE:
                return "step.close", "This step is done by closing the case with a disposition."
            if step.kind is StepKind.NOTIFY_AUTHORITY:
                verbs = f"arcctl case authority {case.id} notify, then answer"
                return "step.authority", f"This step is done when the authority has answered: {verbs}."
            if step.kind is StepKind.CALL and fact.outcome not in calls.OUTCOMES:
                return "step.outcome", f"The outcome of a call is one of: {', '.join(sorted(calls.OUTCOMES))}."
        case _:
            return "step.action", "A step is started, done, skipped or failed."
    return None


def _waits_for_a_hand(case: Case, step: Step) -> bool:
    """The flow has reached a step that the machine can do, and that its author leaves to the operator to start."""
    if step.automatic or step.kind not in (StepKind.DISPATCH_GUARD, StepKind.MESSAGE):
        return False
    return not any(each.step_id == step.id and each.status not in dispatch.ENDED for each in case.dispatches)


def _start_by_hand(turn: Turn, case: Case, step: Step, state: StepState) -> Case:
    if state.status is StepStatus.PENDING:
        case = _start(turn, case, replace(step, when=None))
    if step.automatic:
        return case
    match step.kind:
        case StepKind.DISPATCH_GUARD:
            return dispatch.begin(turn, case, step)
        case StepKind.MESSAGE:
            return _send_message(turn, case, step)
        case _:
            return case


def _act(turn: Turn, case: Case, step: Step, state: StepState, fact: CaseStepRequested) -> Case:
    by = fact.actor.id
    if case.acknowledged_at is None:
        case = replace(case, acknowledged_at=turn.at, acknowledged_by=by)
    if case.plan_held:
        case = release(turn, case, by)
        state = case.step(step.id) or state
        if state.status in SETTLED or (fact.action == "start" and state.status is not StepStatus.PENDING):
            return case  # letting the plan go was all it needed
    match fact.action:
        case "start":
            return _start_by_hand(turn, case, step, state)
        case "done" if step.kind is StepKind.CALL:
            if state.status is StepStatus.PENDING:  # its list is fixed when it starts
                case = _start(turn, case, replace(step, when=None, automatic=False))
            return calls.record(turn, case, step, fact)
        case "done":
            return finish(turn, case, step.id, StepStatus.DONE, by=by, outcome=fact.outcome, note=fact.note)
        case "skip":
            case = dispatch.cancel_of_step(turn, case, step.id)
            if step.kind is StepKind.NOTIFY_AUTHORITY:
                case = authority.give_up_step(turn, case, by)
            return finish(turn, case, step.id, StepStatus.SKIPPED, by=by, outcome=fact.outcome, note=fact.note)
        case _:
            case = dispatch.cancel_of_step(turn, case, step.id)
            if step.kind is StepKind.NOTIFY_AUTHORITY:
                case = authority.give_up_step(turn, case, by)
            case = finish(turn, case, step.id, StepStatus.FAILED, by=by, outcome=fact.outcome, note=fact.note)
            return jump(turn, case, step.on_unreachable, "step_overdue", step=step.id)
