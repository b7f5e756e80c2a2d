"""A job in JSON, for the systems of guard companies.

One rule: the same as the page says, field by field, and nothing more.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.guard_answer import JSON, media_type
from arcd.api.guard_job import Job, Standing
from arcd.core.case.model import DispatchStatus
from arcd.core.facts import GuardAnswer
from arcd.guard_links import LinkSigner


class PlaceView(View):
    name: str
    address: str
    municipality: str
    hazards: list[str]
    instructions: str


class HappenedView(View):
    at_local: str
    what: str
    area: str
    zone: str
    zone_name: str


class JobView(View):
    """`links` are where to POST each answer that is possible now."""

    case: str
    standing: Standing
    status: DispatchStatus | None
    priority: str
    category: str
    language: str
    site: PlaceView | None
    happened: list[HappenedView]
    left_out: int
    answer_by_local: str
    eta_local: str
    on_site_local: str
    links: dict[GuardAnswer, str]


class Outcome(View):
    granted: bool
    rule: str
    message: str
    job: JobView | None = None


def job_view(job: Job, links: LinkSigner) -> JobView:
    place = job.place
    return JobView(
        case=job.case_id,
        standing=job.standing,
        status=job.status,
        priority=job.priority,
        category=job.category,
        language=job.language,
        site=PlaceView(
            name=place.name,
            address=place.address,
            municipality=place.municipality,
            hazards=list(place.hazards),
            instructions=place.instructions,
        )
        if place is not None
        else None,
        happened=[
            HappenedView(
                at_local=each.at_local, what=each.what, area=each.area, zone=each.zone, zone_name=each.zone_name
            )
            for each in job.happened
        ],
        left_out=job.left_out,
        answer_by_local=job.answer_by_local,
        eta_local=job.eta_local,
        on_site_local=job.on_site_local,
        links={answer: links.url(job.offer_id, answer) for answer in job.answers},
    )


def wants_json(accept: str, content_type: str) -> bool:
    """A browser says text/html; a system says application/json, or says nothing and sends JSON (RFC 9110 12.5.1)."""
    accepted = {media_type(each) for each in accept.split(",")}
    if "text/html" in accepted:
        return False
    return JSON in accepted or media_type(content_type) == JSON
