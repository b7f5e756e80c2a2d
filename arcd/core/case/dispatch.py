"""Guard dispatch (requirements 4.8): offer, timeout, next guard, acceptance, the way to the site, the report.

One rule: at most one guard ever holds a job. Offers go out one after the other; the first acceptance wins, even a late
one as long as nobody else has accepted, and everybody else is told that the job is gone.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import outgoing, sla, texts
from arcd.core.case.casebook import call_for_person, raise_priority, save
from arcd.core.case.continuing import FollowUpWanted, StepEnded, StepUnreachable
from arcd.core.case.model import Case, Dispatch, DispatchStatus, Offer, OfferStatus, StepStatus
from arcd.core.delivery import ask_for, withdraw
from arcd.core.effects import DurableEffect, PostWebhook, SendMail
from arcd.core.facts import EffectOutcome, GuardAnswer, GuardAnswered
from arcd.core.site import Guard
from arcd.core.turn import NS, Turn
from rules.model import Priority, Step

WELFARE_S = 15 * 60.0  # requirements 4.8: a guard on site checks in this often
# requirements 4.8, guard report: without these it is not a report.
REPORT_FIELDS = ("arrival", "entry_method", "findings", "measures", "state_left", "persons", "keys_returned")
# Asked beside it, "yes" or "no": either makes a statutory event report necessary (tapahtumailmoitus).
REPORT_FLAGS = ("force_used", "apprehension")
REPORT_CHARS_MAX = 4000

D, A = DispatchStatus, GuardAnswer
# What a guard may say in which state, and where it leads. A pair that is missing is refused.
ANSWERS: dict[DispatchStatus, dict[GuardAnswer, DispatchStatus]] = {
    D.OFFERED: {A.ACCEPT: D.ACCEPTED, A.DECLINE: D.OFFERED},
    D.EXHAUSTED: {A.ACCEPT: D.ACCEPTED},
    D.ACCEPTED: {A.EN_ROUTE: D.EN_ROUTE, A.ON_SITE: D.ON_SITE, A.DECLINE: D.OFFERED},
    D.EN_ROUTE: {A.EN_ROUTE: D.EN_ROUTE, A.ON_SITE: D.ON_SITE, A.DECLINE: D.OFFERED},
    D.ON_SITE: {
        A.INSPECTING: D.INSPECTING, A.SECURED: D.SECURED, A.NEEDS_AUTHORITY: D.NEEDS_AUTHORITY,
        A.NEEDS_REPAIR: D.NEEDS_REPAIR, A.CHECK_IN: D.ON_SITE,
    },
    D.INSPECTING: {
        A.SECURED: D.SECURED, A.NEEDS_AUTHORITY: D.NEEDS_AUTHORITY, A.NEEDS_REPAIR: D.NEEDS_REPAIR,
        A.CHECK_IN: D.INSPECTING,
    },
    D.SECURED: {A.REPORT: D.REPORTED, A.CHECK_IN: D.SECURED},
    D.NEEDS_AUTHORITY: {
        A.SECURED: D.SECURED, A.NEEDS_REPAIR: D.NEEDS_REPAIR, A.REPORT: D.REPORTED, A.CHECK_IN: D.NEEDS_AUTHORITY,
    },
    D.NEEDS_REPAIR: {A.SECURED: D.SECURED, A.REPORT: D.REPORTED, A.CHECK_IN: D.NEEDS_REPAIR},
}  # fmt: skip
PRESENT = frozenset({D.ON_SITE, D.INSPECTING, D.SECURED, D.NEEDS_AUTHORITY, D.NEEDS_REPAIR})
ENDED = frozenset({D.REPORTED, D.CANCELLED})


def begin(turn: Turn, case: Case, step: Step) -> Case:
    """The decision to send a guard: the SLA clock starts here (R-4, R-26)."""
    site = turn.state.sites.get(case.site_id)
    guard_ids = tuple(guard_id for guard_id in (site.guards if site else ()) if turn.centre.guard(guard_id))
    dispatch = Dispatch(
        step_id=step.id,
        guard_ids=guard_ids,
        decided_at=turn.at,
        offer_timeout_s=step.offer_timeout_s,
        sla_s=step.sla_s,
    )
    turn.note("dispatch.decided", case.id, step=step.id, guards=", ".join(guard_ids), sla_s=step.sla_s)
    dispatch = sla.begin(turn, case, dispatch)
    case = replace(case, dispatches=(*case.dispatches, dispatch))
    return _offer_next(turn, case, dispatch)


def _offer_next(turn: Turn, case: Case, dispatch: Dispatch) -> Case:
    """Offer the job to the next guard that has not had it; when there is none, the plan's branch or a person.

    Whose offer was withdrawn for the sake of somebody who has given the job back since has not had it.
    """
    offered = {offer.guard_id for offer in dispatch.offers if offer.status is not OfferStatus.WITHDRAWN}
    for guard_id in dispatch.guard_ids:
        guard = turn.centre.guard(guard_id)
        if guard_id in offered or guard is None:
            continue
        offer_id = f"{case.id}-{1 + sum(len(each.offers) for each in case.dispatches)}"
        effects = _offer_effects(turn, case, dispatch, guard, offer_id)
        offer = Offer(id=offer_id, guard_id=guard_id, at=turn.at, effect_ids=tuple(effect.id for effect in effects))
        if not effects:
            offer = replace(offer, status=OfferStatus.UNDELIVERED, answered_at=turn.at)
            turn.note("offer.unreachable", case.id, offer=offer_id, guard=guard_id)
            dispatch = replace(dispatch, offers=(*dispatch.offers, offer))
            case = case.with_dispatch(dispatch)
            continue
        for effect in effects:
            ask_for(turn, effect)
        turn.deadlines.set(f"case/{case.id}/offer/{offer_id}", turn.after(dispatch.offer_timeout_s))
        turn.note("offer.made", case.id, offer=offer_id, guard=guard_id, timeout_s=dispatch.offer_timeout_s)
        return case.with_dispatch(replace(dispatch, status=D.OFFERED, offers=(*dispatch.offers, offer)))
    case = case.with_dispatch(replace(dispatch, status=D.EXHAUSTED))
    turn.note("dispatch.exhausted", case.id, step=dispatch.step_id, offers=len(dispatch.offers))
    turn.agenda.append(StepUnreachable(case_id=case.id, step_id=dispatch.step_id, because="no_guard"))
    return case


def _offer_effects(turn: Turn, case: Case, dispatch: Dispatch, guard: Guard, offer_id: str) -> list[DurableEffect]:
    values = {
        **outgoing.values_of(turn, case, guard.language),
        "timeout_s": f"{dispatch.offer_timeout_s:.0f}",
        "guard_name": guard.name,
    }
    effects: list[DurableEffect] = []
    if guard.webhook_url is not None:
        payload: dict[str, object] = {
            "offer": offer_id,
            "case": case.id,
            "priority": case.priority.value,
            "category": case.category.value if case.category else None,
            "site": {"name": values["site_name"], "address": values["site_address"]},
            "signal": values["signal_text"],
            "at": case.opened_at,
            "instructions": values["instructions"],
            "answer_within_s": dispatch.offer_timeout_s,
        }
        effects.append(
            PostWebhook(
                id=turn.new_id("E"),
                url=guard.webhook_url,
                topic="dispatch.offer",
                payload=payload,
                offer_id=offer_id,
                case_id=case.id,
            )
        )
    if guard.email is not None:
        effects.append(
            SendMail(
                id=turn.new_id("E"),
                to=(guard.email,),
                subject=texts.message("offer.subject", guard.language, values),
                body=texts.message("offer.body", guard.language, values),
                offer_id=offer_id,
                case_id=case.id,
            )
        )
    return effects


# ------------------------------------------------------------------------------------------- silence and failed offers


def on_offer_timeout(turn: Turn, case: Case, offer_id: str) -> Case:
    return _end_offer(turn, case, offer_id, OfferStatus.TIMED_OUT)


def on_effect_settled(turn: Turn, case: Case, effect: SendMail | PostWebhook, outcome: EffectOutcome) -> Case:
    """An offer that reached the guard by no channel at all goes to the next one without waiting for its timeout."""
    dispatch = case.dispatch_of_offer(effect.offer_id)
    offer = _offer(dispatch, effect.offer_id)
    if outcome is EffectOutcome.DELIVERED or dispatch is None or offer is None or offer.status is not OfferStatus.OPEN:
        return case
    offer = replace(offer, failed_effects=offer.failed_effects + 1)
    case = case.with_dispatch(_with_offer(dispatch, offer))
    if offer.failed_effects < len(offer.effect_ids):
        return case
    return _end_offer(turn, case, offer.id, OfferStatus.UNDELIVERED)


def _end_offer(turn: Turn, case: Case, offer_id: str, status: OfferStatus) -> Case:
    dispatch = case.dispatch_of_offer(offer_id)
    offer = _offer(dispatch, offer_id)
    assert dispatch is not None, offer_id
    assert offer is not None, offer_id
    if offer.status is not OfferStatus.OPEN:
        return case
    turn.note(f"offer.{status.value}", case.id, offer=offer_id, guard=offer.guard_id)
    _stop_offer(turn, case, offer)
    dispatch = _with_offer(dispatch, replace(offer, status=status, answered_at=turn.at))
    return _offer_next(turn, case.with_dispatch(dispatch), dispatch)


def _stop_offer(turn: Turn, case: Case, offer: Offer) -> None:
    turn.deadlines.clear(f"case/{case.id}/offer/{offer.id}")
    for effect_id in offer.effect_ids:
        withdraw(turn, effect_id)


def on_welfare(turn: Turn, case: Case, offer_id: str) -> Case:
    """A guard on site has been silent for too long: their life may be what is at stake (4.8: P0)."""
    turn.note("welfare.missed", case.id, offer=offer_id)
    if Priority.P0.is_more_urgent_than(case.priority):
        case = raise_priority(turn, case, Priority.P0)
    turn.deadlines.set(_welfare(case, offer_id), turn.after(WELFARE_S))
    return call_for_person(turn, case, "guard_silent")


# --------------------------------------------------------------------------------------------------- what guards answer


def answer(turn: Turn, fact: GuardAnswered) -> None:
    case = turn.state.cases.get(fact.offer_id.partition("-")[0])
    dispatch = case.dispatch_of_offer(fact.offer_id) if case is not None else None
    offer = _offer(dispatch, fact.offer_id)
    if case is None or dispatch is None or offer is None or not case.is_open:
        return turn.refuse("offer.gone", "This job has ended.")
    refusal = _refusal(dispatch, offer, fact)
    if refusal is not None:
        return turn.refuse(*refusal)
    turn.note(
        f"guard.{fact.answer.value}", case.id, offer=offer.id, guard=offer.guard_id, by=fact.actor.id, eta_s=fact.eta_s
    )
    save(turn, _ANSWERED[fact.answer](turn, case, dispatch, offer, fact))
    return turn.grant(case.id)


def _refusal(dispatch: Dispatch, offer: Offer, fact: GuardAnswered) -> tuple[str, str] | None:
    allowed = ANSWERS.get(dispatch.status, {})
    if dispatch.guard_id and dispatch.guard_id != offer.guard_id:
        return "offer.taken", "Another guard has taken this job."
    if fact.answer is A.ACCEPT and offer.status is OfferStatus.ACCEPTED:
        return "offer.accepted", "You have accepted this job already."
    if fact.answer not in allowed or offer.status is OfferStatus.WITHDRAWN:
        now = ", ".join(answer.value for answer in allowed) or "nothing"
        return "offer.answer", f"The job is {dispatch.status.value}: {fact.answer.value} is not possible, {now} is."
    if fact.answer is not A.ACCEPT and offer.status not in (OfferStatus.OPEN, OfferStatus.ACCEPTED):
        return "offer.closed", f"This offer was {offer.status.value}."
    if fact.answer is A.REPORT:
        missing = [name for name in REPORT_FIELDS if not fact.report.get(name, "").strip()]
        if missing:
            return "report.fields", f"The report still needs: {', '.join(missing)}."
        unsaid = [name for name in REPORT_FLAGS if fact.report.get(name, "no") not in ("yes", "no")]
        if unsaid:
            return "report.fields", f"{unsaid[0]} is yes or no."
        unknown = sorted(set(fact.report) - {*REPORT_FIELDS, *REPORT_FLAGS})
        if unknown:
            return "report.fields", f"The report has no field {unknown[0]}."
        if any(len(text) > REPORT_CHARS_MAX for text in fact.report.values()):
            return "report.length", f"A field of the report has at most {REPORT_CHARS_MAX} characters."
    return None


def _accept(turn: Turn, case: Case, dispatch: Dispatch, offer: Offer, fact: GuardAnswered) -> Case:
    turn.deadlines.clear(f"case/{case.id}/offer/{offer.id}")
    # Somebody is on the way: from here the SLA clock watches, and the step is not overdue before the guard is.
    turn.deadlines.clear(f"case/{case.id}/step/{dispatch.step_id}")
    case = _withdraw_others(turn, case, dispatch, offer.id)
    current = case.dispatch_of_offer(offer.id)
    assert current is not None
    accepted = _with_offer(current, replace(offer, status=OfferStatus.ACCEPTED, answered_at=turn.at))
    accepted = replace(accepted, status=D.ACCEPTED, guard_id=offer.guard_id, accepted_at=turn.at, eta=_eta(turn, fact))
    return case.with_dispatch(accepted)


def _decline(turn: Turn, case: Case, dispatch: Dispatch, offer: Offer, fact: GuardAnswered) -> Case:
    """A refusal, or a guard who has to give the job back: on to the next one."""
    _stop_offer(turn, case, offer)
    dispatch = _with_offer(dispatch, replace(offer, status=OfferStatus.DECLINED, answered_at=turn.at))
    if dispatch.guard_id:
        _watch_step_again(turn, case, dispatch.step_id)
    dispatch = replace(dispatch, guard_id="", accepted_at=None, eta=None, status=D.OFFERED)
    return _offer_next(turn, case.with_dispatch(dispatch), dispatch)


def _watch_step_again(turn: Turn, case: Case, step_id: str) -> None:
    """A job that was given back is nobody's again: the step's own time runs anew."""
    step = case.plan.step(step_id) if case.plan is not None else None
    if step is not None and step.timeout_s is not None:
        turn.deadlines.set(f"case/{case.id}/step/{step_id}", turn.after(step.timeout_s))


def _proceed(turn: Turn, case: Case, dispatch: Dispatch, offer: Offer, fact: GuardAnswered) -> Case:
    status = ANSWERS[dispatch.status][fact.answer]
    dispatch = replace(dispatch, status=status, eta=_eta(turn, fact) or dispatch.eta)
    if status in PRESENT:
        if dispatch.on_site_at is None:
            dispatch = replace(dispatch, on_site_at=turn.at)
            dispatch = sla.end(turn, case, dispatch)
            turn.note("dispatch.on_site", case.id, guard=dispatch.guard_id, took_s=_took_s(turn, dispatch))
        turn.deadlines.set(_welfare(case, offer.id), turn.after(WELFARE_S))
    case = case.with_dispatch(dispatch)
    if status is D.NEEDS_AUTHORITY and fact.answer is A.NEEDS_AUTHORITY:
        case = call_for_person(turn, case, "guard_needs_authority")
    return case


def _report(turn: Turn, case: Case, dispatch: Dispatch, offer: Offer, fact: GuardAnswered) -> Case:
    turn.deadlines.clear(_welfare(case, offer.id))
    turn.agenda.append(
        StepEnded(
            case_id=case.id, step_id=dispatch.step_id, status=StepStatus.DONE, by=fact.actor.id, outcome="reported"
        )
    )
    told = [name for name in REPORT_FLAGS if fact.report.get(name) == "yes"]
    if told:
        turn.note("dispatch.event_report", case.id, guard=offer.guard_id, because=" ".join(told))
        turn.agenda.append(
            FollowUpWanted(
                case_id=case.id,
                case_type="event_report",
                about="event_report",
                subject=case.site_name,
                priority=Priority.P3,
            )
        )
    return case.with_dispatch(replace(dispatch, status=D.REPORTED, report=dict(fact.report)))


_ANSWERED = {
    **dict.fromkeys(GuardAnswer, _proceed),
    GuardAnswer.ACCEPT: _accept,
    GuardAnswer.DECLINE: _decline,
    GuardAnswer.REPORT: _report,
}


def _eta(turn: Turn, fact: GuardAnswered) -> int | None:
    return turn.after(fact.eta_s) if fact.eta_s is not None else None


def _took_s(turn: Turn, dispatch: Dispatch) -> float:
    return round((turn.at - dispatch.decided_at) / NS, 3)


# ----------------------------------------------------------------------------------------------------------- called off


def cancel_all(turn: Turn, case: Case) -> Case:
    for dispatch in case.dispatches:
        case = _cancel(turn, case, dispatch)
    return case


def cancel_of_step(turn: Turn, case: Case, step_id: str) -> Case:
    for dispatch in case.dispatches:
        if dispatch.step_id == step_id:
            case = _cancel(turn, case, dispatch)
    return case


def _cancel(turn: Turn, case: Case, dispatch: Dispatch) -> Case:
    if dispatch.status in ENDED:
        return case
    turn.note("dispatch.cancelled", case.id, step=dispatch.step_id, guard=dispatch.guard_id)
    case = _withdraw_others(turn, case, dispatch, "")
    for offer in dispatch.offers:
        turn.deadlines.clear(_welfare(case, offer.id))
    job = (dispatch.step_id, dispatch.decided_at)
    current = next(each for each in case.dispatches if (each.step_id, each.decided_at) == job)
    return case.with_dispatch(replace(sla.end(turn, case, current), status=D.CANCELLED))


def _withdraw_others(turn: Turn, case: Case, dispatch: Dispatch, winner_id: str) -> Case:
    """Everybody who still holds an open or accepted offer, except the winner, is told that the job is gone."""
    for offer in dispatch.offers:
        if offer.id == winner_id or offer.status not in (OfferStatus.OPEN, OfferStatus.ACCEPTED):
            continue
        _stop_offer(turn, case, offer)
        guard = turn.centre.guard(offer.guard_id)
        if guard is not None:
            _tell_withdrawn(turn, case, offer, guard)
        dispatch = _with_offer(dispatch, replace(offer, status=OfferStatus.WITHDRAWN, answered_at=turn.at))
    return case.with_dispatch(dispatch)


def _tell_withdrawn(turn: Turn, case: Case, offer: Offer, guard: Guard) -> None:
    values = outgoing.values_of(turn, case, guard.language)
    if guard.webhook_url is not None:
        payload: dict[str, object] = {"offer": offer.id, "case": case.id}
        ask_for(
            turn,
            PostWebhook(
                id=turn.new_id("E"), url=guard.webhook_url, topic="dispatch.withdrawn", payload=payload, case_id=case.id
            ),
        )
    if guard.email is not None:
        subject = texts.message("withdrawn.subject", guard.language, values)
        body = texts.message("withdrawn.body", guard.language, values)
        ask_for(turn, SendMail(id=turn.new_id("E"), to=(guard.email,), subject=subject, body=body, case_id=case.id))


def on_welfare_of_all(turn: Turn, case: Case) -> Case:
    """Each guard who is on site, as if their own watch had ended."""
    for each in case.dispatches:
        for offer in each.offers if each.status in PRESENT else ():
            if offer.status is OfferStatus.ACCEPTED:
                case = on_welfare(turn, case, offer.id)
    return case


# ------------------------------------------------------------------------------------------------------ small readings


def _welfare(case: Case, offer_id: str) -> str:
    """Of each guard on site by themselves: the word of one says nothing of another."""
    return f"case/{case.id}/welfare/{offer_id}"


def _offer(dispatch: Dispatch | None, offer_id: str) -> Offer | None:
    if dispatch is None:
        return None
    return next((offer for offer in dispatch.offers if offer.id == offer_id), None)


def _with_offer(dispatch: Dispatch, offer: Offer) -> Dispatch:
    return replace(dispatch, offers=tuple(offer if old.id == offer.id else old for old in dispatch.offers))
