"""The clock of a guard's arrival (requirements 4.8, R-85): from the decision, or from receipt where the contract says
so, to the guard on site. It is stopped only for a reason that is not the guard's, and every stop is kept.

One rule: a stopped clock is not forgotten. As long as it stands still, a person is called for every half an hour.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec.structs import replace

from arcd.core.case.casebook import call_for_person, save
from arcd.core.case.model import Case, Dispatch, DispatchStatus, SlaPause
from arcd.core.facts import SlaClockRequested
from arcd.core.turn import NS, Turn

WARN_RATIO = 0.7  # requirements 4.8; the breach is at 1.0
PAUSED_REMIND_S = 1800.0
PAUSES_MAX = 20
NOTE_CHARS_MAX = 500
DEADLINES = ("warn", "breach", "paused")
OVER = frozenset({DispatchStatus.REPORTED, DispatchStatus.CANCELLED})


class PauseReason(StrEnum):
    CUSTOMER_ASKED = "customer_asked"  # "come at seven, I will be there"
    AUTHORITY_ASKED = "authority_asked"  # the police or the rescue service keep everybody away
    NO_ACCESS = "no_access"  # keys, codes or a gate that are not the guard's to have
    UNSAFE = "unsafe"  # waiting for a second patrol
    FORCE_MAJEURE = "force_majeure"  # a closed bridge, a storm


def begin(turn: Turn, case: Case, dispatch: Dispatch) -> Dispatch:
    """`dispatch` with its clock running, when the step has one."""
    if dispatch.sla_s is None:
        return dispatch
    site = turn.state.sites.get(case.site_id)
    started_at = case.opened_at if site is not None and site.sla_from_receipt else turn.at
    dispatch = replace(dispatch, sla_started_at=started_at)
    _run(turn, case, dispatch)
    return dispatch


def due_at(dispatch: Dispatch, ratio: float, now: int) -> int | None:
    """When that part of the time is used up; what it stood still for is added."""
    if dispatch.sla_s is None or dispatch.sla_started_at is None:
        return None
    stood_ns = sum((pause.until if pause.until is not None else now) - pause.at for pause in dispatch.sla_pauses)
    return dispatch.sla_started_at + int(dispatch.sla_s * ratio * NS) + stood_ns


def is_paused(dispatch: Dispatch) -> bool:
    return bool(dispatch.sla_pauses) and dispatch.sla_pauses[-1].until is None


def _run(turn: Turn, case: Case, dispatch: Dispatch) -> None:
    for name, ratio, is_told in (("warn", WARN_RATIO, dispatch.sla_warned), ("breach", 1.0, dispatch.sla_breached)):
        due = due_at(dispatch, ratio, turn.at)
        if due is not None and not is_told:
            turn.deadlines.set(_deadline(case, name, dispatch), max(due, turn.at))


def _deadline(case: Case, name: str, dispatch: Dispatch) -> str:
    """Of each job by itself: a case may wait for two patrols."""
    return f"case/{case.id}/sla/{name}/{dispatch.step_id}"


def stop(turn: Turn, case: Case, dispatch: Dispatch) -> None:
    for name in DEADLINES:
        turn.deadlines.clear(_deadline(case, name, dispatch))


def end(turn: Turn, case: Case, dispatch: Dispatch) -> Dispatch:
    """The clock has done its work, also when the job was called off."""
    stop(turn, case, dispatch)
    return _ended(turn, dispatch) if is_paused(dispatch) else dispatch


def _ended(turn: Turn, dispatch: Dispatch) -> Dispatch:
    *before, last = dispatch.sla_pauses
    return replace(dispatch, sla_pauses=(*before, replace(last, until=turn.at)))


def _running(case: Case) -> list[Dispatch]:
    return [each for each in case.dispatches if each.on_site_at is None and each.status not in OVER]


def _asked_about(case: Case, action: str) -> Dispatch | None:
    """Of two jobs the one whose clock the request can change."""
    timed = [each for each in _running(case) if each.sla_s is not None]
    fitting = [each for each in timed if is_paused(each) is (action == "resume")]
    return next(iter((*fitting, *timed)), None)


def on_deadline(turn: Turn, case: Case, what: str, step_id: str) -> Case:
    dispatch = next((each for each in _running(case) if each.step_id == step_id), None)
    if dispatch is None:
        return case
    if what == "paused":
        turn.note("sla.still_paused", case.id, reason=dispatch.sla_pauses[-1].reason)
        turn.deadlines.set(_deadline(case, "paused", dispatch), turn.after(PAUSED_REMIND_S))
        return call_for_person(turn, case, "sla_paused")
    turn.note(f"sla.{what}", case.id, guard=dispatch.guard_id, sla_s=dispatch.sla_s)
    if what == "warn":
        return case.with_dispatch(replace(dispatch, sla_warned=True))
    return call_for_person(turn, case.with_dispatch(replace(dispatch, sla_breached=True)), "sla_breached")


def on_deadline_of_all(turn: Turn, case: Case, what: str) -> Case:
    """Each job whose clock it can have been, as if it were its own."""
    for each in _running(case):
        if each.sla_s is not None and is_paused(each) is (what == "paused"):
            case = on_deadline(turn, case, what, each.step_id)
    return case


def request(turn: Turn, fact: SlaClockRequested) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    dispatch = _asked_about(case, fact.action)
    if dispatch is None:
        return turn.refuse("sla.none", f"No guard with a time of arrival to keep is on the way for {case.id}.")
    refusal = _refusal(case, dispatch, fact)
    if refusal is not None:
        return turn.refuse(*refusal)
    if fact.action == "pause":
        pause = SlaPause(at=turn.at, reason=fact.reason, by=fact.actor.id, note=fact.note.strip())
        dispatch = replace(dispatch, sla_pauses=(*dispatch.sla_pauses, pause))
        stop(turn, case, dispatch)
        turn.deadlines.set(_deadline(case, "paused", dispatch), turn.after(PAUSED_REMIND_S))
        turn.note("sla.paused", case.id, reason=fact.reason, by=fact.actor.id)
    else:
        dispatch = _ended(turn, dispatch)
        stop(turn, case, dispatch)
        _run(turn, case, dispatch)
        stood_s = (turn.at - dispatch.sla_pauses[-1].at) / NS
        turn.note("sla.resumed", case.id, by=fact.actor.id, stood_s=round(stood_s, 3))
    save(turn, case.with_dispatch(dispatch))
    return turn.grant(case.id)


def _refusal(case: Case, dispatch: Dispatch, fact: SlaClockRequested) -> tuple[str, str] | None:
    match fact.action:
        case "pause":
            if is_paused(dispatch):
                return "sla.paused", f"The clock of {case.id} stands still already."
            if fact.reason not in set(PauseReason):
                return "sla.reason", f"Say why the clock stops, one of: {', '.join(PauseReason)}."
            if len(fact.note) > NOTE_CHARS_MAX:
                return "sla.note", f"A note has at most {NOTE_CHARS_MAX} characters."
            if len(dispatch.sla_pauses) >= PAUSES_MAX:
                return "sla.pauses", f"The clock of {case.id} has been stopped {PAUSES_MAX} times; it runs on."
        case "resume":
            if not is_paused(dispatch):
                return "sla.running", f"The clock of {case.id} is running."
        case _:
            return "sla.action", "The clock is paused or resumed."
    return None
