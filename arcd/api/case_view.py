"""A case as the API shows it: everything an operator needs on one screen, in their language.

One rule: it copies and translates, it never judges. What may be done now is read from the case type and the step's
status; whether it is granted is the core's answer to the request.
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.api.authority_view import AuthorityView, authority_view
from arcd.api.informed_view import InformedView, informed_view
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.job_view import DispatchView, dispatch_view
from arcd.api.plan_view import PlanView, plan_view
from arcd.api.site_brief import PositionView, SiteBrief, position_view, site_brief, timezone_of
from arcd.core.case.engine import allowed_moves
from arcd.core.case.model import SIGNALS_FIRST_MAX, Case, CaseSignal
from arcd.core.case.queueing import Alert, alert, effective_priority
from arcd.core.case.texts import category_text, local_clock
from arcd.core.state import State
from arcd.core.turn import text_in
from protocols.event_codes import STANDARD
from protocols.signals import Category, Qualifier, Scheme
from rules.model import CaseType, FieldKind, Form, Move, Priority


class CaseRow(View):
    """One line of a list."""

    id: str
    type: str
    state: str
    priority: Priority
    title: str
    site_id: str
    site_name: str
    opened_at: str
    opened_at_local: str
    closed_at: str | None
    acknowledged_at: str | None
    acknowledged_by: str
    owner: str
    attention: int
    effective_priority: Priority
    alert: Alert
    signal_count: int
    disposition: str


class SignalView(View):
    """`name` is the code table's; empty for a code in no table."""

    seq: int
    at: str
    at_local: str
    occurred_at: str | None
    occurred_at_local: str | None
    scheme: Scheme
    code: str
    name: str
    category: Category
    category_text: str
    qualifier: Qualifier
    area: str | None
    zone: str | None
    zone_name: str
    user: str | None
    text: str | None
    account: str
    system_id: str
    repeats: int
    media: list[str]
    position: PositionView | None
    extra: list[tuple[str, str]]


class FieldView(View):
    name: str
    kind: FieldKind
    title: str
    mandatory: bool
    choices: dict[str, str]
    length_max: int


class FormView(View):
    name: str
    title: str
    fields: list[FieldView]


class MoveView(View):
    """A move the case's state allows; a gate may still refuse it and then says what is missing."""

    name: str
    title: str
    target: str
    target_title: str
    closes: bool
    gates: list[str]
    form: FormView | None


class NoteView(View):
    at: str
    at_local: str
    by: str
    text: str


class DeadlineView(View):
    """What happens by itself, and when: `key` without the case's own id ("step/call-keyholders")."""

    key: str
    due: str
    due_local: str
    overdue: bool


class LeftOut(View):
    """The middle of a long story is counted, not shown: `count` signals behind the first `after` ones."""

    after: int
    count: int


class CaseView(CaseRow):
    version: int
    is_open: bool
    language: str
    type_title: str
    state_title: str
    category: Category | None
    category_text: str
    timezone: str
    opened_by: str
    verification: int
    route: str
    rules_digest: str
    form: dict[str, str]
    site: SiteBrief | None
    signals: list[SignalView]
    signals_left_out: LeftOut | None
    plan: PlanView | None
    dispatches: list[DispatchView]
    authority: AuthorityView | None
    informed: list[InformedView]
    notes: list[NoteView]
    moves: list[MoveView]
    deadlines: list[DeadlineView]


def case_row(state: State, case: Case, case_type: CaseType | None, now: int) -> CaseRow:
    return CaseRow(
        id=case.id,
        type=case.type,
        state=case.state,
        priority=case.priority,
        title=case.title,
        site_id=case.site_id,
        site_name=case.site_name,
        opened_at=rfc3339(case.opened_at),
        opened_at_local=local_clock(case.opened_at, timezone_of(state, case.site_id)),
        closed_at=maybe_rfc3339(case.closed_at),
        acknowledged_at=maybe_rfc3339(case.acknowledged_at),
        acknowledged_by=case.acknowledged_by,
        owner=case.owner,
        attention=case.attention,
        effective_priority=effective_priority(case, case_type, now),
        alert=alert(case, case_type, now),
        signal_count=case.signal_count,
        disposition=case.disposition,
    )


def _left_out(case: Case) -> LeftOut | None:
    count = case.signal_count - len(case.signals)
    return LeftOut(after=SIGNALS_FIRST_MAX, count=count) if count else None


def case_view(state: State, case: Case, case_type: CaseType | None, language: str, now: int) -> CaseView:
    """`case_type` is None where the rules no longer know the type: the case is shown all the same."""
    site = state.sites.get(case.site_id)
    timezone = timezone_of(state, case.site_id)
    return CaseView(
        **dict(case_row(state, case, case_type, now)),
        version=case.version,
        is_open=case.is_open,
        language=language,
        type_title=text_in(case_type.title, language) if case_type else case.type,
        state_title=text_in(case_type.states.get(case.state, {}), language) if case_type else case.state,
        category=case.category,
        category_text=category_text(case.category, language) if case.category else "",
        timezone=timezone,
        opened_by=case.opened_by,
        verification=case.verification,
        route=case.route,
        rules_digest=case.rules_digest,
        form=case.form,
        site=site_brief(state, site, language) if site else None,
        signals=[signal_view(signal, timezone, language) for signal in case.signals],
        signals_left_out=_left_out(case),
        plan=plan_view(state, case, language),
        dispatches=[dispatch_view(state, dispatch, timezone, now) for dispatch in case.dispatches],
        authority=authority_view(state, case, language) if case.authority is not None else None,
        informed=[informed_view(each) for each in case.informed],
        notes=[
            NoteView(at=rfc3339(note.at), at_local=local_clock(note.at, timezone), by=note.by, text=note.text)
            for note in case.notes
        ],
        moves=[_move_view(case_type, move, language) for move in allowed_moves(case_type, case.state)]
        if case_type
        else [],
        deadlines=_deadlines(state, case, timezone, now),
    )


def signal_view(attached: CaseSignal, timezone: str, language: str) -> SignalView:
    signal = attached.signal
    code = STANDARD.lookup(signal.scheme, signal.code)
    occurred_at = signal.occurred_at
    return SignalView(
        seq=attached.seq,
        at=rfc3339(attached.at),
        at_local=local_clock(attached.at, timezone),
        occurred_at=maybe_rfc3339(occurred_at),
        occurred_at_local=local_clock(occurred_at, timezone) if occurred_at is not None else None,
        scheme=signal.scheme,
        code=signal.code,
        name=code.name if code is not None else "",
        category=signal.category,
        category_text=category_text(signal.category, language),
        qualifier=signal.qualifier,
        area=signal.area,
        zone=signal.zone,
        zone_name=attached.zone_name,
        user=signal.user,
        text=signal.text,
        account=attached.account,
        system_id=attached.system_id,
        repeats=attached.repeats,
        media=list(signal.media),
        position=position_view(signal.position),
        extra=list(signal.extra),
    )


def form_view(form: Form, language: str) -> FormView:
    return FormView(
        name=form.name,
        title=text_in(form.title, language),
        fields=[
            FieldView(
                name=field.name,
                kind=field.kind,
                title=text_in(field.title, language),
                mandatory=field.mandatory,
                choices={value: text_in(texts, language) for value, texts in field.choices.items()},
                length_max=field.length_max,
            )
            for field in form.fields
        ],
    )


def _move_view(case_type: CaseType, move: Move, language: str) -> MoveView:
    form = case_type.form(move.form) if move.form else None
    return MoveView(
        name=move.name,
        title=text_in(move.title, language),
        target=move.target,
        target_title=text_in(case_type.states.get(move.target, {}), language),
        closes=move.closes,
        gates=list(move.gates),
        form=form_view(form, language) if form is not None else None,
    )


def _deadlines(state: State, case: Case, timezone: str, now: int) -> list[DeadlineView]:
    prefix = f"case/{case.id}/"
    found = sorted((due, key) for key, due in state.deadlines.items() if key.startswith(prefix))
    return [
        DeadlineView(
            key=key.removeprefix(prefix), due=rfc3339(due), due_local=local_clock(due, timezone), overdue=due <= now
        )
        for due, key in found
    ]
