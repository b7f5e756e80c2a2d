"""What a guard may see of a job, and what they may say to it now.

One rule: need to know. No phone of a contact, no key, no code word, no other guard's name; and nothing of the site for
somebody who has no part in the job any more. What is granted is decided in `arcd.core.case.dispatch`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from arcd.api.instants import NS
from arcd.api.site_brief import CENTRE_TIMEZONE
from arcd.core.case.dispatch import ANSWERS
from arcd.core.case.model import Case, Dispatch, DispatchStatus, Offer, OfferStatus
from arcd.core.case.texts import category_text, local_clock
from arcd.core.facts import GuardAnswer
from arcd.core.site import Guard, Site
from arcd.core.state import State
from arcd.core.turn import text_in

HAPPENED_MAX = 10  # signals told: the first, and the latest ones


class Standing(StrEnum):
    """Where this offer stands for the one who holds its link."""

    OFFERED = "offered"
    LATE = "late"  # the time to answer is over, but nobody else has the job yet
    YOURS = "yours"
    DECLINED = "declined"
    TAKEN = "taken"  # by another guard
    CANCELLED = "cancelled"
    REPORTED = "reported"  # by the one who holds the link
    ENDED = "ended"


CONCERNED = frozenset({Standing.OFFERED, Standing.LATE, Standing.YOURS})


class Place(Struct, frozen=True, kw_only=True):
    name: str
    address: str
    municipality: str
    hazards: tuple[str, ...]
    instructions: str


class Happened(Struct, frozen=True, kw_only=True):
    at_local: str
    what: str
    area: str
    zone: str
    zone_name: str


class Job(Struct, frozen=True, kw_only=True):
    offer_id: str
    guard_id: str
    guard_name: str
    language: str
    standing: Standing
    case_id: str = ""
    status: DispatchStatus | None = None
    answers: tuple[GuardAnswer, ...] = ()
    category: str = ""
    priority: str = ""
    place: Place | None = None
    happened: tuple[Happened, ...] = ()
    left_out: int = 0  # signals between the first of them and the others
    answer_by_local: str = ""
    eta_local: str = ""
    on_site_local: str = ""


def job_of(state: State, offer_id: str, language: str | None = None) -> Job:
    """The offer as it stands. `language` None is the guard's own."""
    case = state.cases.get(offer_id.partition("-")[0])  # offers are numbered within their case: "C12-1"
    dispatch = case.dispatch_of_offer(offer_id) if case is not None else None
    if case is None or dispatch is None:
        return Job(offer_id=offer_id, guard_id="", guard_name="", language=language or "en", standing=Standing.ENDED)
    offer = next(each for each in dispatch.offers if each.id == offer_id)
    centre = state.centre.get("centre")
    guard = (centre.guard(offer.guard_id) if centre is not None else None) or Guard(id=offer.guard_id, name="")
    language = language or guard.language
    standing = _standing(case, dispatch, offer)
    if standing not in CONCERNED:
        return Job(
            offer_id=offer_id,
            guard_id=offer.guard_id,
            guard_name=guard.name,
            language=language,
            standing=standing,
            case_id=case.id,
            answers=_answers(dispatch, offer, standing),
        )
    return _concerned(state, case, dispatch, offer, guard, standing, language)


def _concerned(
    state: State, case: Case, dispatch: Dispatch, offer: Offer, guard: Guard, standing: Standing, language: str
) -> Job:
    site = state.sites.get(case.site_id)
    timezone = site.timezone if site is not None else CENTRE_TIMEZONE
    answer_by = offer.at + int(dispatch.offer_timeout_s * NS)
    return Job(
        offer_id=offer.id,
        guard_id=guard.id,
        guard_name=guard.name,
        language=language,
        standing=standing,
        case_id=case.id,
        status=dispatch.status,
        answers=_answers(dispatch, offer, standing),
        category=category_text(case.category, language),
        priority=case.priority.value,
        place=_place(case, site, language),
        happened=(happened := _happened(case, timezone, language)),
        left_out=case.signal_count - len(happened),
        answer_by_local=local_clock(answer_by, timezone) if standing is Standing.OFFERED else "",
        eta_local=local_clock(dispatch.eta, timezone) if dispatch.eta is not None else "",
        on_site_local=local_clock(dispatch.on_site_at, timezone) if dispatch.on_site_at is not None else "",
    )


def _standing(case: Case, dispatch: Dispatch, offer: Offer) -> Standing:
    if dispatch.guard_id not in ("", offer.guard_id):
        return Standing.TAKEN
    if dispatch.status is DispatchStatus.REPORTED:
        return Standing.REPORTED
    if dispatch.status is DispatchStatus.CANCELLED:
        return Standing.CANCELLED
    if not case.is_open:
        return Standing.ENDED
    match offer.status:
        case OfferStatus.ACCEPTED:
            return Standing.YOURS
        case OfferStatus.OPEN:
            return Standing.OFFERED
        case OfferStatus.DECLINED:
            return Standing.DECLINED
        case OfferStatus.WITHDRAWN:
            return Standing.TAKEN
        case OfferStatus.TIMED_OUT | OfferStatus.UNDELIVERED:
            return Standing.LATE


def _answers(dispatch: Dispatch, offer: Offer, standing: Standing) -> tuple[GuardAnswer, ...]:
    """What the core's table allows in this state, less what it refuses for this offer."""
    allowed = tuple(ANSWERS.get(dispatch.status, {}))
    match standing:
        case Standing.OFFERED:
            return allowed
        case Standing.YOURS:
            return tuple(answer for answer in allowed if answer is not GuardAnswer.ACCEPT)
        case Standing.LATE | Standing.DECLINED:
            return tuple(answer for answer in allowed if answer is GuardAnswer.ACCEPT)
        case _:
            return ()


def _place(case: Case, site: Site | None, language: str) -> Place:
    if site is None:
        return Place(name=case.site_name, address="", municipality="", hazards=(), instructions="")
    return Place(
        name=site.name,
        address=site.address,
        municipality=site.municipality,
        hazards=site.hazards,
        instructions=text_in(site.instructions, language),
    )


def _happened(case: Case, timezone: str, language: str) -> tuple[Happened, ...]:
    told = case.signals if len(case.signals) <= HAPPENED_MAX else (case.signals[0], *case.signals[1 - HAPPENED_MAX :])
    return tuple(
        Happened(
            at_local=local_clock(attached.at, timezone),
            what=category_text(attached.signal.category, language),
            area=attached.signal.area or "",
            zone=attached.signal.zone or "",
            zone_name=attached.zone_name,
        )
        for attached in told
    )
