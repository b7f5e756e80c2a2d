"""The one engine for every matter people work on: opening, joining, moves and gates.

One rule: what may happen to a case stands in its type's table (`rules/cases/*.yaml`), and gates are enforced here, not
in a page. A move that is in no table is refused by name.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import claims, dispatch, steps, texts
from arcd.core.case.authority import notifying as authority
from arcd.core.case.casebook import bounded, bounded_moves, call_for_person, enter_state, raise_priority, save
from arcd.core.case.continuing import FollowUpWanted, MoveWanted, StepEnded, StepUnreachable
from arcd.core.case.forms import form_problem, missing_fields
from arcd.core.case.gates import GATES
from arcd.core.case.model import SETTLED, Case, CaseSignal, MoveMade, StepStatus
from arcd.core.facts import DAEMON, Actor, CaseMoveRequested, CaseOpenRequested
from arcd.core.site import Site
from arcd.core.turn import Turn, text_in
from protocols.signals import LIFE_SAFETY, Category
from rules.model import CaseType, Decision, Move, Plan, Priority, StepKind

# A closed case stays at hand this long (late retransmissions, a second look); then only the journal and the
# store's projection have it.
CLOSED_KEPT_S = 24 * 3600.0
# Matters that come out of a case become this where the rules in force do not know their own type.
FOLLOW_UP_ELSE = "service_request"
# The form field that says when a parked case comes back.
RETURN_AT = "return_at"
PARKED_MAX_S = 30 * 86400.0  # longer than that is not waiting but forgetting
# What ends the waiting of a parked case however urgent it was before: something happens there now. A fault that tells
# of itself once more is what somebody may well be waiting with.
NEWS = LIFE_SAFETY | {Category.INTRUSION, Category.TAMPER, Category.TECHNICAL}


def open_case(
    turn: Turn,
    *,
    case_type: CaseType,
    fold_key: str,
    site: Site | None,
    title: str,
    category: Category | None,
    priority: Priority,
    plan: Plan | None,
    decision: Decision | None = None,
    signal: CaseSignal | None = None,
    verification: int = 0,
    evidence: tuple[str, ...] = (),
    form: dict[str, str] | None = None,
    opened_by: str = DAEMON.id,
    state: str = "",
) -> Case:
    """`evidence` is what the verification rests on. A plan that sends somebody out on old news waits for a person."""
    case = Case(
        id=turn.new_id("C"),
        type=case_type.name,
        state=state or case_type.initial,
        site_id=site.id if site else "",
        fold_key=fold_key,
        title=title,
        category=category,
        priority=priority,
        opened_at=turn.at,
        opened_by=opened_by,
        site_name=site.name if site else turn.centre.name,
        route=decision.route if decision else "",
        rules_digest=turn.rules.digest,
        plan=plan,
        signals=(signal,) if signal else (),
        signal_count=1 if signal else 0,
        verification=verification,
        evidence=evidence,
        plan_held=_held_back(case_type, plan, signal),
        form=form or {},
    )
    turn.note(
        "case.opened", case.id, type=case.type, site=case.site_id, priority=priority, plan=plan.name if plan else None
    )
    if fold_key:
        turn.state.folds.put(fold_key, case.id)
    _list_at_site(turn, case)
    case = enter_state(turn, case, case_type)
    if case.plan_held:
        turn.note("plan.held", case.id, because=case.plan_held)
    case = steps.begin(turn, case)
    return save(turn, case)


def _held_back(case_type: CaseType, plan: Plan | None, signal: CaseSignal | None) -> str:
    """requirements 4.4, delayed signal: the operator confirms before dispatch. Life safety does not wait for that.

    Only where a clock calls somebody to the new case: nobody would be told of it otherwise.
    """
    if signal is None or not signal.delayed_s or signal.signal.is_life_safety or plan is None:
        return ""
    is_called_for = any(case_type.initial in clock.states for clock in case_type.clocks)
    return "delayed" if is_called_for and steps.sends_somebody(plan) else ""


def join_case(
    turn: Turn,
    case: Case,
    signal: CaseSignal,
    *,
    plan: Plan,
    priority: Priority,
    verification: int = 0,
    evidence: tuple[str, ...] = (),
) -> Case:
    """Attach a follow-on signal. It may raise priority, plan and verification; it never lowers them (4.1)."""
    case = replace(case, signals=bounded((*case.signals, signal)), signal_count=case.signal_count + 1)
    is_old_news = signal.delayed_s > 0 and not signal.signal.is_life_safety
    if not is_old_news:
        case = steps.release(turn, case, DAEMON.id)  # it happens now: nobody needs to confirm that first
    may_begin = not (is_old_news and steps.sends_somebody(plan))
    return strengthen(
        turn, case, plan=plan if may_begin else None, priority=priority, verification=verification, evidence=evidence,
        is_news=signal.signal.category in NEWS and not is_old_news,
    )  # fmt: skip


def strengthen(
    turn: Turn,
    case: Case,
    *,
    plan: Plan | None,
    priority: Priority,
    verification: int,
    evidence: tuple[str, ...],
    is_news: bool = False,
) -> Case:
    """More is known about the matter: whatever of it is more urgent than before takes over."""
    is_surer = verification > case.verification
    if is_surer:
        turn.note(
            "case.verification", case.id, level=verification, before=case.verification, because=" ".join(evidence)
        )
        case = replace(case, verification=verification)
    case = replace(case, evidence=tuple(dict.fromkeys((*case.evidence, *evidence))))
    is_more_urgent = priority.is_more_urgent_than(case.priority)
    if is_more_urgent:
        case = raise_priority(turn, case, priority)
    if plan is not None and (is_more_urgent or (is_surer and priority is case.priority)):
        is_other = case.plan is None or plan.name != case.plan.name
        if is_other or (is_surer and any(step.when is not None for step in plan.steps)):
            case = steps.extend(turn, case, plan)
    case = save(turn, case)
    # News ends the waiting of a parked case. Whoever parked it may have gone, so that somebody is called at once.
    if (is_more_urgent or is_news) and move(turn, case, "resume", DAEMON, {}) is None:
        case = call_for_person(turn, turn.state.cases[case.id], "news")
    return case


# ------------------------------------------------------------------------------------------------------------ requests


def request_open(turn: Turn, fact: CaseOpenRequested) -> None:
    case_type = turn.rules.case_types.get(fact.case_type)
    if case_type is None:
        known = ", ".join(sorted(turn.rules.case_types))
        return turn.refuse("case.type", f"No case type {fact.case_type}. There are: {known}.")
    site = turn.state.sites.get(fact.site_id) if fact.site_id else None
    if fact.site_id and site is None:
        return turn.refuse("case.site", f"No site {fact.site_id}.")
    if fact.priority not in Priority.__members__:
        return turn.refuse("case.priority", f"Priority is one of {', '.join(Priority.__members__)}.")
    if case_type.opening:
        problem = form_problem(case_type, case_type.opening, fact.form, _systems(turn, fact.site_id))
        missing = missing_fields(case_type, case_type.opening, fact.form)
        if problem is not None or missing:
            return turn.refuse("case.form", problem or f"Still to be filled in: {'; '.join(missing)}.")
    case = open_case(
        turn,
        case_type=case_type,
        fold_key="",
        site=site,
        title=fact.title or text_in(case_type.title, turn.centre.language),
        category=None,
        priority=Priority(fact.priority),
        plan=turn.rules.plans.get(case_type.name),
        form=fact.form,
        opened_by=fact.actor.id,
        state=case_type.initial_by_hand,
    )
    return turn.grant(case.id)


def _systems(turn: Turn, site_id: str) -> tuple[str, ...]:
    site = turn.state.sites.get(site_id)
    return tuple(system.id for system in site.systems) if site else ()


def request_move(turn: Turn, fact: CaseMoveRequested) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    refusal = move(turn, case, fact.move, fact.actor, fact.form)
    if refusal is not None:
        return turn.refuse(*refusal)
    return turn.grant(case.id)


def allowed_moves(case_type: CaseType, state: str) -> list[Move]:
    """What a person may do from here."""
    return [each for each in case_type.moves if state in each.sources and not each.by_daemon]


def move(turn: Turn, case: Case, name: str, actor: Actor, form: dict[str, str]) -> tuple[str, str] | None:
    """Make a move of the life cycle table; a refusal (rule, message) leaves the case as it was."""
    case_type = turn.rules.case_types[case.type]
    chosen = case_type.move(name)
    is_person = actor.id != DAEMON.id
    if chosen is None or case.state not in chosen.sources or (chosen.by_daemon and is_person):
        allowed = [each.name for each in allowed_moves(case_type, case.state)]
        return "case.move", f"{case.id} is {case.state}: {name} is not possible, {', '.join(allowed) or 'nothing'} is."
    problem = form_problem(case_type, chosen.form, form, _systems(turn, case.site_id))
    if problem is not None:
        return "case.form", problem
    if form.get(RETURN_AT) and not turn.at < int(form[RETURN_AT]) <= turn.after(PARKED_MAX_S):
        return "case.form", f"{RETURN_AT} lies after now and within {PARKED_MAX_S / 86400:.0f} days."
    for gate in chosen.gates:
        refusal = GATES[gate](turn, case, chosen, actor, form)
        if refusal is not None:
            return f"gate.{gate}", refusal
    _perform_move(turn, case, case_type, chosen, actor, form)
    return None


def _perform_move(
    turn: Turn, case: Case, case_type: CaseType, chosen: Move, actor: Actor, form: dict[str, str]
) -> None:
    turn.note("case.moved", case.id, move=chosen.name, before=case.state, state=chosen.target, by=actor.id)
    is_person = actor.id != DAEMON.id
    if is_person and case.acknowledged_at is None:
        case = replace(case, acknowledged_at=turn.at, acknowledged_by=actor.id)
    if not case.is_open:
        case = _reopened(turn, case)
    if is_person and not chosen.closes:
        case = steps.release(turn, case, actor.id)
    before = case.owner
    owner = "" if chosen.target == case_type.initial else actor.id if is_person else case.owner
    if chosen.target == case_type.initial:
        case = replace(case, returned_at=turn.at)
    if before and owner and owner != before:
        turn.note("case.taken_over", case.id, before=before, by=owner)
    # The last return time is no promise for the next parking: it goes with the state it was given for.
    kept = {name: value for name, value in case.form.items() if name != RETURN_AT}
    case = replace(case, state=chosen.target, form={**kept, **form}, owner=owner)
    turn.deadlines.clear(f"case/{case.id}/resume")
    if form.get(RETURN_AT):
        turn.deadlines.set(f"case/{case.id}/resume", int(form[RETURN_AT]))
    if case_type.keeps_moves:
        made = MoveMade(at=turn.at, move=chosen.name, state=chosen.target, by=actor.id, form=form)
        case = replace(case, moves_made=bounded_moves((*case.moves_made, made)))
    case = enter_state(turn, case, case_type, by_move=chosen.name)
    if owner != before:
        claims.let_go(turn, case)
    if chosen.closes:
        close(turn, case)
    else:
        save(turn, case)


def _reopened(turn: Turn, case: Case) -> Case:
    """A closed case is worked on again; later signals join it unless another case has taken its place."""
    turn.deadlines.clear(f"case/{case.id}/forget")
    if case.fold_key and case.fold_key not in turn.state.folds:
        turn.state.folds.put(case.fold_key, case.id)
    _list_at_site(turn, case)
    return replace(case, closed_at=None, disposition="")


def _list_at_site(turn: Turn, case: Case) -> None:
    if case.site_id:
        turn.state.open_by_site.put(case.site_id, (*(turn.state.open_by_site.get(case.site_id) or ()), case.id))


def close(turn: Turn, case: Case) -> None:
    """The end of a case: nothing of it stays due, and nobody is left on the way for it."""
    case = authority.on_close(turn, dispatch.cancel_all(turn, case))
    turn.deadlines.clear_all(f"case/{case.id}")
    turn.deadlines.set(f"case/{case.id}/forget", turn.after(CLOSED_KEPT_S))
    if turn.state.folds.get(case.fold_key) == case.id:
        turn.state.folds.drop(case.fold_key)
    rest = tuple(other for other in turn.state.open_by_site.get(case.site_id) or () if other != case.id)
    if rest:
        turn.state.open_by_site.put(case.site_id, rest)
    else:
        turn.state.open_by_site.drop(case.site_id)
    for state in case.steps:
        if state.status not in SETTLED:
            ended = StepStatus.DONE if _is_closing_step(case, state.id) else StepStatus.NOT_APPLICABLE
            case = case.with_step(replace(state, status=ended, ended_at=turn.at))
    case = replace(
        case, flow="", closed_at=turn.at, disposition=case.form.get("disposition") or case.proposal, owner=""
    )
    turn.note("case.closed", case.id, disposition=case.disposition)
    save(turn, case)


def _is_closing_step(case: Case, step_id: str) -> bool:
    return case.plan is not None and any(step.id == step_id and step.kind is StepKind.CLOSE for step in case.plan.steps)


def resume(turn: Turn, case: Case) -> None:
    """The return time of a parked case was reached."""
    if move(turn, case, "resume", DAEMON, {}) is None:
        case = turn.state.cases[case.id]
    call_for_person(turn, case, "resumed")


def go_on(turn: Turn) -> None:
    """What parts of a case left to be done after them (see `continuing`), until nothing is left."""
    while turn.agenda:
        item = turn.agenda.pop(0)
        if isinstance(item, FollowUpWanted):
            _follow_up(turn, item)
            continue
        case = turn.state.cases.get(item.case_id)
        if case is None or not case.is_open:
            continue
        match item:
            case StepEnded():
                save(turn, steps.finish(turn, case, item.step_id, item.status, by=item.by, outcome=item.outcome))
            case StepUnreachable():
                save(turn, steps.on_unreachable(turn, case, item.step_id, item.because))
            case MoveWanted():
                refusal = move(turn, case, item.move, DAEMON, item.form)
                if refusal is not None:
                    turn.note("close.refused", case.id, rule=refusal[0], message=refusal[1])
                    call_for_person(turn, turn.state.cases[case.id], "close_refused")


def _follow_up(turn: Turn, item: FollowUpWanted) -> None:
    """A matter of its own, once while it is open. Rules older than its case type make it a request like any other."""
    source = turn.state.cases.get(item.case_id)
    site = turn.state.sites.get(source.site_id) if source is not None else None
    case_type = turn.rules.case_types.get(item.case_type) or turn.rules.case_types.get(FOLLOW_UP_ELSE)
    fold_key = f"{site.id if site else 'centre'}|{item.about}|{item.subject}"
    if item.about == "event_report":
        fold_key = f"{fold_key}|{item.case_id}"  # one event, one report
    if case_type is None or fold_key in turn.state.folds:
        return turn.note("follow_up.stands", item.case_id, about=item.about, case=turn.state.folds.get(fold_key))
    values = {"subject": item.subject, "case_id": item.case_id}
    open_case(
        turn,
        case_type=case_type,
        fold_key=fold_key,
        site=site,
        title=texts.follow_up_title(item.about, turn.centre.language, values),
        category=None,
        priority=item.priority,
        plan=None,
    )
    return None
