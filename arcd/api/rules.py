"""Routes of the rules: what is in force, taking changed ones into use, and why a signal would go where it goes.

One rule: an explanation asks the same rule set that decides, and changes nothing.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import Field

from arcd.api.answers import ASK_ERRORS, READ_ERRORS, Body, NotFoundError, UnusableError, View
from arcd.api.asking import ID_CHARS_MAX, TEXT_CHARS_MAX, Asker, Reading, TheDesk
from arcd.api.desk import Desk
from arcd.api.imports import IMPORT_ERRORS, Files, Imported, imported
from arcd.api.instants import parse_instant
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import CENTRE_TIMEZONE
from arcd.core.directory import local_time
from arcd.core.site import Site, System, Zone, zone_view
from arcd.core.turn import text_in
from arcd.core.view import area_key
from protocols.event_codes import STANDARD
from protocols.signals import Category, Qualifier, Scheme, Signal
from rules.explain import render
from rules.model import Priority, Reason
from rules.model import View as RuleView
from rules.vocabulary import ARCD_CODES

router = APIRouter(prefix="/v1/rules", tags=["rules"])

Short = Annotated[str, Field(max_length=ID_CHARS_MAX)]


class PlanRow(View):
    name: str
    version: int
    title: str
    case_type: str
    priority: Priority
    opens_case: bool


class CaseTypeRow(View):
    name: str
    version: int
    title: str
    states: dict[str, str]
    moves: list[str]


class Rules(View):
    """`sources` maps each file to its text where `sources=true` asked for it, else to the empty text."""

    digest: str
    packs: list[str]
    plans: list[PlanRow]
    case_types: list[CaseTypeRow]
    sources: dict[str, str]


class RulesWanted(Body):
    """Without `files` the rules directory is read again."""

    files: Files | None = None
    dry_run: bool = False


class SignalBody(Body):
    """What the code table does not say, or says otherwise, can be given."""

    scheme: Scheme = Scheme.SIA
    code: Short
    category: Category | None = None
    qualifier: Qualifier | None = None
    area: Short | None = None
    zone: Short | None = None
    user: Short | None = None
    text: Annotated[str, Field(max_length=TEXT_CHARS_MAX)] | None = None


class StateBody(Body):
    """Supposed instead of what is so now."""

    armed: bool | None = None
    verification: Annotated[int, Field(ge=0, le=4)] = 0
    open_categories: list[Category] | None = None


class Question(Body):
    signal: SignalBody
    site_id: Short | None = None
    system_id: Short | None = None
    state: StateBody = StateBody()
    at: Annotated[str, Field(max_length=40)] | None = None


class TraceView(View):
    route: str
    matched: bool
    failing: str


class Explained(View):
    """`tree` is the trace as text for a terminal."""

    route: str
    plan: str
    priority: Priority
    reason: Reason
    opens_case: bool
    rules_digest: str
    trace: list[TraceView]
    tree: str


@router.get("", summary="The rule set in force", responses=READ_ERRORS)
async def show_rules(
    desk: TheDesk, language: Reading, sources: Annotated[bool, Query(description="With the texts")] = False
) -> Rules:
    rules = desk.rules
    return Rules(
        digest=rules.digest,
        packs=[pack.name for pack in rules.packs],
        plans=[
            PlanRow(
                name=plan.name,
                version=plan.version,
                title=text_in(plan.title, language),
                case_type=plan.case_type,
                priority=plan.priority,
                opens_case=plan.opens_case,
            )
            for _, plan in sorted(rules.plans.items())
        ],
        case_types=[
            CaseTypeRow(
                name=each.name,
                version=each.version,
                title=text_in(each.title, language),
                states={state: text_in(texts, language) for state, texts in each.states.items()},
                moves=[move.name for move in each.moves],
            )
            for _, each in sorted(rules.case_types.items())
        ],
        sources={name: text if sources else "" for name, text in sorted(rules.sources.items())},
    )


@router.post(
    "/reload",
    summary="Take changed rules into use, all of them or none",
    responses=ASK_ERRORS | IMPORT_ERRORS,
    response_model=Imported,
)
async def reload_rules(desk: TheDesk, actor: Asker, wanted: RulesWanted) -> JSONResponse:
    report = await desk.load_rules(wanted.files, actor, dry_run=wanted.dry_run)
    return imported(report, "rules.load", dry_run=wanted.dry_run)


@router.post("/explain", summary="Which route takes a signal, and why", responses=READ_ERRORS)
async def explain(desk: TheDesk, record: OnRecord, question: Question) -> Explained:
    signal = _signal(question.signal)
    site = _site(desk, question.site_id)
    at = _at(desk, site, question.at)
    explanation = desk.rules.explain(signal, _view(desk, site, question, signal, at), at)
    decision = explanation.decision
    if site is not None:
        await record.read("explanation", f"site/{site.id}")
    return Explained(
        route=decision.route,
        plan=decision.plan,
        priority=decision.priority,
        reason=decision.reason,
        opens_case=decision.opens_case,
        rules_digest=decision.rules_digest,
        trace=[TraceView(route=step.route, matched=step.matched, failing=step.failing) for step in explanation.trace],
        tree=render(explanation),
    )


def _signal(asked: SignalBody) -> Signal:
    """As the codec would have made it: the code table fills in what was not said."""
    code = STANDARD.lookup(asked.scheme, asked.code.upper())
    category, qualifier, family = Category.UNKNOWN, Qualifier.NEW, ""
    if code is not None:
        category, qualifier, family = code.category, code.qualifier or Qualifier.NEW, code.family
    elif asked.scheme is Scheme.ARCD:
        category = ARCD_CODES.get(asked.code, Category.UNKNOWN)
    return Signal(
        scheme=asked.scheme,
        code=asked.code if asked.scheme is Scheme.ARCD else asked.code.upper(),
        category=asked.category or category,
        qualifier=asked.qualifier or qualifier,
        family=family,
        area=asked.area,
        zone=asked.zone,
        user=asked.user,
        text=asked.text,
    )


def _site(desk: Desk, site_id: str | None) -> Site | None:
    if site_id is None:
        return None
    site = desk.state.sites.get(site_id)
    if site is None:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    return site


def _at(desk: Desk, site: Site | None, text: str | None) -> int:
    if text is None:
        return desk.now()
    try:
        return parse_instant(text, site.timezone if site is not None else CENTRE_TIMEZONE)
    except ValueError as error:
        raise UnusableError(f"at: {error}.") from None


def _view(desk: Desk, site: Site | None, question: Question, signal: Signal, at: int) -> RuleView:
    supposed = question.state
    local = local_time(site.timezone if site is not None else CENTRE_TIMEZONE, at)
    system, zone = _place(site, question.system_id, signal)
    armed = supposed.armed
    categories = frozenset(supposed.open_categories or ())
    if site is not None:
        run = desk.state.siteruns.get(site.id)
        if armed is None and run is not None and system is not None:
            armed = run.armed.get(area_key(system.id, signal.area))
        if supposed.open_categories is None:
            cases = (desk.state.cases.get(case_id) for case_id in desk.state.open_by_site.get(site.id) or ())
            categories = frozenset(case.category for case in cases if case is not None and case.category is not None)
    return RuleView(
        site=site.view() if site is not None else None,
        zone=zone_view(zone) if zone is not None else None,
        system_kind=system.kind if system is not None else "",
        armed=armed,
        verification=supposed.verification,
        open_categories=categories,
        weekday=local.weekday,
        minute=local.minute,
        is_holiday=local.is_holiday,
    )


def _place(site: Site | None, system_id: str | None, signal: Signal) -> tuple[System | None, Zone | None]:
    """The system named, else the first that has the zone, else the site's first."""
    if site is None:
        return None, None
    systems = [system for system in site.systems if system_id in (None, system.id)]
    if system_id is not None and not systems:
        there = ", ".join(system.id for system in site.systems) or "none"
        raise NotFoundError(f"{site.id} has no such system; there are: {there}.")
    found = next(((system, system.zone(signal.zone)) for system in systems if system.zone(signal.zone)), None)
    if found is not None:
        return found
    return (systems[0] if systems else None), None
