"""Exceptional arrangements as the machine takes part in them (R-20, R-21, requirements 4.10).

It opens the case when the line of a watched fire system fails, counts from the beginning of the fault, tells when the
time is up, and moves the case when the line comes and goes. Everything that is said to a rescue department, a
provider or a subscriber, and every decision, is a person's.

One rule: a line that comes back cancels nothing. Where somebody has been sent, people verify the line first; where
nobody had begun, the case closes by itself once the line has stayed up for a quarter of an hour and whoever was told
knows it.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import engine
from arcd.core.case.casebook import save
from arcd.core.case.continuing import MoveWanted, StepEnded
from arcd.core.case.model import Case, StepStatus
from arcd.core.case.texts import render
from arcd.core.conditioning.closing import is_untouched
from arcd.core.facts import DAEMON, Actor
from arcd.core.line_service import informing
from arcd.core.line_service.model import OperatorNotice
from arcd.core.line_service.notices import operator_of, system_of
from arcd.core.line_service.texts import TEXTS
from arcd.core.line_service.verifying import HEARTBEATS_AT, SYSTEM, TEST_AT, UP_SINCE
from arcd.core.site import Site, System
from arcd.core.supervision.model import PathChange
from arcd.core.turn import NS, Turn, text_in
from protocols.signals import Category
from rules.model import Priority, StepKind

CASE_TYPE = "arrangement"
SERVICE = "line_supervision"
STEADY_S = 900.0  # requirements 4.10: up for less than this, and the clock is not reset
# Cases opened or moved in one step, and when the next ones are.
AT_ONCE_MAX = 100
SOON_S = 0.05
OPENING = "notice/arrangements/open"

PLANNED = frozenset({"planned", "booked"})
TELLING = frozenset({"fault_detected", "operator_notified", "monitoring"})  # nobody has been asked for anything yet
DECIDING = frozenset({"threshold", "rescue_contacted", "none_required", "arrangement_required"})
ARRANGED = frozenset({"ordered", "active"})
CLEARED = frozenset({"fault_cleared", "verification", "cancelling"})


def case_of(turn: Turn, site_id: str, system_id: str) -> Case | None:
    """The open case about this system's line, one that is planned last."""
    found = [turn.state.cases[case_id] for case_id in turn.state.open_by_site.get(site_id) or ()]
    found = [case for case in found if case.type == CASE_TYPE and case.form.get(SYSTEM) == system_id]
    return min(found, key=lambda case: case.state in PLANNED, default=None)


def is_arranged_for(site: Site, system: System) -> bool:
    """Whose contract includes it, and where a fire would go unheard (R-17, R-20)."""
    return SERVICE in site.services and system.kind == "fire"


# ------------------------------------------------------------------------------------------------------- the line fails


def failed(turn: Turn, change: PathChange) -> None:
    """All paths of a system are down. Of a storm the cases are opened a hundred at a time: their clocks count from the
    beginning of the fault, and alarms must not wait behind thousands of them."""
    if change.storm:
        turn.state.arrangements_due.put(f"{change.site_id}/{change.system_id}", change)
        if turn.deadlines.due_of(OPENING) is None:
            turn.deadlines.set(OPENING, turn.after(SOON_S))
    else:
        _failed(turn, change)


def open_those_due(turn: Turn) -> None:
    for key, change in sorted(turn.state.arrangements_due.items(), key=lambda each: each[0])[:AT_ONCE_MAX]:
        turn.state.arrangements_due.drop(key)
        turn.refs[f"site/{change.site_id}"] = None
        _failed(turn, change)
    if len(turn.state.arrangements_due):
        turn.deadlines.set(OPENING, turn.after(SOON_S))


def _failed(turn: Turn, change: PathChange) -> None:
    site = turn.state.sites.get(change.site_id)
    system = system_of(site, change.system_id)
    case_type = turn.rules.case_types.get(CASE_TYPE)
    if site is None or system is None or case_type is None or not is_arranged_for(site, system):
        return
    case = case_of(turn, site.id, system.id)
    if case is not None and (case.state not in PLANNED or _is_within(case, change.since, turn.at)):
        _failed_again(turn, case, change, site)
        return
    language = turn.centre.language
    named = system.name or system.id
    title = render(text_in(TEXTS["arrangement.title"], language), {"system": named})
    case = engine.open_case(
        turn,
        case_type=case_type,
        fold_key=f"{site.id}|{CASE_TYPE}|{system.id}",
        site=site,
        title=title,
        category=Category.SUPERVISION,
        priority=Priority.P4,  # until its time is up it waits in the list and calls nobody
        plan=None,
        form={SYSTEM: system.id, **_fault(change, site)},
    )
    if not change.storm:
        save(turn, informing.tell_keyholders(turn, case, site))
    if not any(operator_of(site, system.id, path.id) for path in system.paths) and not system.transmission_operator:
        turn.note("arrangement.no_operator", case.id, system=system.id)  # the clock calls a person, who telephones


def _fault(change: PathChange, site: Site) -> dict[str, str]:
    return {
        "fault_since": str(change.since),
        "threshold_s": f"{site.arrangements.threshold_s:g}",
        "check_in_s": f"{site.arrangements.check_in_s:g}",
    }


def _is_within(case: Case, since: int, now: int) -> bool:
    """A planned outage: the line went down, or was found down, in its time."""
    starts_at, ends_at = int(case.form.get("starts_at", "0")), int(case.form.get("ends_at", "0"))
    return starts_at <= now and since <= ends_at


def _failed_again(turn: Turn, case: Case, change: PathChange, site: Site) -> None:
    was_up_since = case.form.get(UP_SINCE)
    turn.deadlines.clear(f"case/{case.id}/steady")
    form = {name: value for name, value in case.form.items() if name not in (UP_SINCE, HEARTBEATS_AT, TEST_AT)}
    if case.state in PLANNED:
        begins = "begin_booked" if case.state == "booked" else "begin_planned"
        save(turn, replace(case, form={**form, **_fault(change, site)}))
        turn.agenda.append(MoveWanted(case_id=case.id, move=begins, form={}))
        return
    up_s = (change.since - int(was_up_since)) / NS if was_up_since else 0.0
    is_flap = up_s < STEADY_S
    fault = _fault(change, site)
    form |= fault if not is_flap else {"check_in_s": fault["check_in_s"]}
    turn.note("arrangement.failed_again", case.id, flap=is_flap, up_s=max(0.0, round(up_s, 3)))
    save(turn, replace(case, form=form))
    if case.state in CLEARED:
        turn.agenda.append(MoveWanted(case_id=case.id, move=_back_to(case), form={}))


def _back_to(case: Case) -> str:
    """In force again; but whoever has been told to go may have gone, and has to come back."""
    if not case.form.get("provider"):
        return "failed_again_unarranged"
    return "failed_again" if case.form.get("on_duty") and case.state != "cancelling" else "failed_again_ordered"


# ------------------------------------------------------------------------------------------------------- and comes back


def restored(turn: Turn, change: PathChange) -> None:
    turn.state.arrangements_due.drop(f"{change.site_id}/{change.system_id}")
    case = case_of(turn, change.site_id, change.system_id)
    if case is None or case.state in PLANNED or case.form.get(UP_SINCE):
        return
    # Every silence longer than the reporting time would have been a fault: two of them hold two heartbeats at least,
    # and one came when the line was found to be up.
    heartbeats = {HEARTBEATS_AT: str(change.at + int(2 * change.limit_s * NS))} if change.limit_s else {}
    save(turn, replace(case, form={**case.form, UP_SINCE: str(change.at), **heartbeats}))
    turn.note("arrangement.line_up", case.id, down_s=round((change.at - change.since) / NS, 3))
    if case.state in ARRANGED:
        turn.agenda.append(MoveWanted(case_id=case.id, move="fault_over", form={}))
    elif case.state in TELLING | DECIDING:
        turn.deadlines.set(f"case/{case.id}/steady", turn.after(STEADY_S))


def on_steady(turn: Turn, case: Case) -> None:
    """The line has stayed up for a quarter of an hour, and no arrangement is in force."""
    if case.state in TELLING and is_untouched(case):
        case = save(turn, informing.tell_over(turn, replace(case, proposal="restored")))
        if engine.move(turn, case, "close_by_itself", DAEMON, {}) is None:
            return
    if not case.form.get("provider"):  # nobody goes rounds that could be missed
        case = save(turn, replace(case, form={k: v for k, v in case.form.items() if k != "check_in_s"}))
    turn.agenda.append(MoveWanted(case_id=case.id, move="fault_over", form={}))


def unwatched(turn: Turn, site_id: str, system_id: str) -> None:
    """The line is not there any more, or nobody watches it: people finish what was arranged for it."""
    turn.state.arrangements_due.drop(f"{site_id}/{system_id}")
    case = case_of(turn, site_id, system_id)
    if case is not None and case.state in TELLING | DECIDING | ARRANGED:
        turn.agenda.append(MoveWanted(case_id=case.id, move="fault_over", form={}))


def heard_test(turn: Turn, site_id: str, system_id: str) -> None:
    """A test report came through: evidence that the line works (R-21)."""
    if not turn.state.open_by_site.get(site_id):
        return
    case = case_of(turn, site_id, system_id)
    if case is not None and case.form.get(UP_SINCE) and case.state in CLEARED and TEST_AT not in case.form:
        save(turn, replace(case, form={**case.form, TEST_AT: str(turn.at)}))
        turn.note("arrangement.test_heard", case.id, system=system_id)


# ----------------------------------------------------------------------------------- the transmission operator was told


def operator_told(turn: Turn, notice: OperatorNotice) -> None:
    """Cases of the notice's lines go on; of a wide notice a hundred at a time."""
    mine = (key for key, notice_id in turn.state.line_notices.items() if notice_id == notice.id)
    keys = sorted(key for key in mine if key > notice.told_until)
    for key in keys[:AT_ONCE_MAX]:
        site_id, system_id, _ = key.split("/")
        _finish_steps(turn, site_id, notice)
        case = case_of(turn, site_id, system_id)
        if case is None:
            continue
        case = save(turn, informing.add_operator(turn, case, notice))
        if case.state == "fault_detected":
            turn.agenda.append(MoveWanted(case_id=case.id, move="operator_told", form={}))
    if len(keys) > AT_ONCE_MAX:
        turn.state.operator_notices.put(notice.id, replace(notice, told_until=keys[AT_ONCE_MAX - 1]))
        turn.deadlines.set(f"notice/{notice.id}/told", turn.after(SOON_S))


def _finish_steps(turn: Turn, site_id: str, notice: OperatorNotice) -> None:
    """A response plan that wants the operator told has what it wanted."""
    for case_id in turn.state.open_by_site.get(site_id) or ():
        case = turn.state.cases[case_id]
        for step in case.plan.steps if case.plan else ():
            state = case.step(step.id)
            if (
                step.kind is StepKind.NOTIFY_OPERATOR
                and state
                and state.status in (StepStatus.ACTIVE, StepStatus.OVERDUE)
            ):
                ended = StepEnded(
                    case_id=case.id, step_id=step.id, status=StepStatus.DONE, by=DAEMON.id, outcome=notice.id
                )
                turn.agenda.append(ended)


def go_on_telling(turn: Turn, notice_id: str) -> None:
    notice = turn.state.operator_notices.get(notice_id)
    if notice is not None:
        operator_told(turn, notice)


def operator_answered(turn: Turn, notice: OperatorNotice, actor: Actor) -> None:
    """What was answered about one site stands in its case; an answer about many stands in the notice."""
    if notice.is_wide:
        return
    form = {"operator_answer": notice.answer or notice.ticket, "ticket": notice.ticket}
    if notice.repair_expected_at is not None:
        form["repair_expected_at"] = str(notice.repair_expected_at)
    for system_id in dict.fromkeys(line.key.split("/")[1] for line in notice.lines):
        case = case_of(turn, notice.site_id, system_id)
        if case is not None:
            refusal = engine.move(turn, case, "operator_answered", actor, {k: v for k, v in form.items() if v})
            if refusal is not None:  # the case has gone on meanwhile: the answer stands in it all the same
                save(turn, replace(turn.state.cases[case.id], form={**case.form, **form}))
