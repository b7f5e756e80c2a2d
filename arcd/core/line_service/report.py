"""The report of an exceptional arrangement: when what happened, who decided, who was there, how long it took, what it
cost (R-20, R-21).

One rule: figures are worked out from the case alone, so that a closed one reported years later gives the same report.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.case.casebook import CLOCK
from arcd.core.case.model import Case, MoveMade
from arcd.core.case.texts import local_clock
from arcd.core.facts import DAEMON
from arcd.core.line_service.report_texts import LABELS
from arcd.core.line_service.texts import duration_text
from arcd.core.turn import NS, text_in
from rules.model import CaseType, FieldKind

ROUNDS = ("check_in", "check_in_cleared", "check_in_verifying")
AGAIN = ("failed_again", "failed_again_ordered", "failed_again_unarranged")
# What the machine keeps in the form for itself, or what the report says elsewhere.
NOT_SHOWN = ("fault_since", "threshold_s", "check_in_s", "system_id", "round_by", "round_found")


class Figures(Struct, frozen=True, kw_only=True):
    """Instants in ns UTC, None where it did not come to that; durations in seconds."""

    fault_since: int | None
    detected_at: int
    operator_told_at: int | None
    limit_at: int | None  # when the time was up, or would have been
    rescue_contacted_at: int | None
    decided_at: int | None
    ordered_at: int | None
    began_at: int | None
    restored_at: int | None  # the last time
    verified_at: int | None
    closed_at: int | None
    down_s: float | None  # from the beginning of the fault to the last restore
    in_force_s: float | None  # of the arrangement, until the line was verified
    rounds: int
    rounds_missed: int
    failed_again: int
    cost_eur: float | None


def figures(case: Case, now: int) -> Figures:
    since = _instant(case, "fault_since")
    told = [each.at for each in case.informed if each.party.startswith("notice/")]
    began, verified = _first(case, "begin"), _last(case, "confirm")
    restored = _instant(case, "line_up_since")
    limit_s = case.form.get("threshold_s")
    cost = case.form.get("cost_eur", "")
    return Figures(
        fault_since=since,
        detected_at=case.opened_at,
        operator_told_at=min([*told, *_all(case, "operator_told")], default=None),
        limit_at=since + int(float(limit_s) * NS) if since is not None and limit_s else None,
        rescue_contacted_at=_first(case, "contact_rescue"),
        decided_at=_first(case, "decide_none", "decide_arrangement"),
        ordered_at=_first(case, "order", "begin_booked"),
        began_at=began,
        restored_at=restored,
        verified_at=verified,
        closed_at=case.closed_at,
        down_s=((restored or now) - since) / NS if since is not None else None,
        in_force_s=((verified or case.closed_at or now) - began) / NS if began is not None else None,
        rounds=len(_all(case, *ROUNDS)),
        rounds_missed=len(_all(case, f"{CLOCK}rounds")),
        failed_again=len(_all(case, *AGAIN)),
        cost_eur=float(cost) if cost else None,
    )


def report_text(case: Case, case_type: CaseType, timezone: str, language: str, now: int) -> str:
    """For the customer and for whoever asks later: plain text in one language."""
    told = figures(case, now)
    lines = [
        f"{text_in(case_type.title, language)} {case.id}",
        f"{case.site_id} {case.site_name}: {case.title}",
        _label("state", language) + text_in(case_type.states.get(case.state, {}), language),
        "",
        *_instants(told, timezone, language),
        "",
        *_sums(told, language),
        "",
        *_form(case, case_type, timezone, language),
        "",
        _label("informed", language),
        *(_informed(case, timezone, language) or [f"  {_label('nobody', language)}"]),
        "",
        _label("course", language),
        *(f"  {line}" for line in _course(case, case_type, timezone, language)),
    ]
    return "\n".join(lines) + "\n"


def _instants(told: Figures, timezone: str, language: str) -> list[str]:
    names = (
        "fault_since", "detected_at", "operator_told_at", "limit_at", "rescue_contacted_at", "decided_at", "ordered_at",
        "began_at", "restored_at", "verified_at", "closed_at",
    )  # fmt: skip
    found = [(name, getattr(told, name)) for name in names]
    return [f"{_label(name, language)}{local_clock(at, timezone)}" for name, at in found if at is not None]


def _sums(told: Figures, language: str) -> list[str]:
    lines = []
    if told.down_s is not None:
        lines.append(_label("down_s", language) + duration_text(told.down_s, language))
    if told.in_force_s is not None:
        lines.append(_label("in_force_s", language) + duration_text(told.in_force_s, language))
        lines.append(f"{_label('rounds', language)}{told.rounds}")
        lines.append(f"{_label('rounds_missed', language)}{told.rounds_missed}")
    if told.failed_again:
        lines.append(f"{_label('failed_again', language)}{told.failed_again}")
    if told.cost_eur is not None:
        cost = f"{told.cost_eur:.2f}"
        lines.append(f"{_label('cost_eur', language)}{cost if language == 'en' else cost.replace('.', ',')} €")
    return lines


def _form(case: Case, case_type: CaseType, timezone: str, language: str) -> list[str]:
    fields = {field.name: field for form in case_type.forms for field in form.fields}
    lines = []
    for name, field in fields.items():
        value = case.form.get(name, "")
        if not value or name in NOT_SHOWN or name == "cost_eur":
            continue
        if field.kind is FieldKind.CHOICE:
            value = text_in(field.choices.get(value, {}), language) or value
        elif field.kind is FieldKind.INSTANT:
            value = local_clock(int(value), timezone)
        lines.append(f"{text_in(field.title, language)}: {value}")
    return lines


def _informed(case: Case, timezone: str, language: str) -> list[str]:
    lines = []
    for each in case.informed:
        over = _label("told_over", language) + local_clock(each.over_at, timezone) if each.over_at is not None else ""
        if each.over_how == "notice":
            over = _label("told_by_notice", language)
        lines.append(f"  {each.name} ({each.how}), {local_clock(each.at, timezone)}{over}")
    return lines


def _course(case: Case, case_type: CaseType, timezone: str, language: str) -> list[str]:
    """What became of it, state by state; what was reported within a state by the name of its form."""
    lines, state = [], ""
    for made in case.moves_made:
        by = "" if made.by == DAEMON.id else f" ({made.by})"
        said = ", ".join(value for name, value in made.form.items() if name.startswith("round_"))
        what = _what(made, case_type, language, is_same=made.state == state)
        lines.append(f"{local_clock(made.at, timezone)} {what}{by}{': ' + said if said else ''}")
        state = made.state
    return lines


def _what(made: MoveMade, case_type: CaseType, language: str, *, is_same: bool) -> str:
    if made.move.startswith(CLOCK):
        clock = next((each for each in case_type.clocks if f"{CLOCK}{each.name}" == made.move), None)
        return f"! {text_in(clock.title, language) if clock else made.move}"
    chosen = case_type.move(made.move)
    form = case_type.form(chosen.form) if chosen and chosen.form else None
    if is_same and form is not None:
        return text_in(form.title, language)
    return text_in(case_type.states.get(made.state, {}), language) or made.move


def _all(case: Case, *moves: str) -> list[int]:
    return [made.at for made in case.moves_made if made.move in moves]


def _first(case: Case, *moves: str) -> int | None:
    return min(_all(case, *moves), default=None)


def _last(case: Case, *moves: str) -> int | None:
    return max(_all(case, *moves), default=None)


def _instant(case: Case, name: str) -> int | None:
    value = case.form.get(name, "")
    return int(value) if value else None


def _label(name: str, language: str) -> str:
    return text_in(LABELS[name], language)
