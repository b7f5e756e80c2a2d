"""Who outside was told about a flag: the tester's call before the test (R-66), start and end of maintenance (R-67).

One rule: a notice that is owed and not recorded is a case, so that the clocks of its type remind people of it until
somebody has told the emergency response centre and says to whom.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import engine
from arcd.core.facts import Actor, FlagKind, FlagNoticed, NoticeKind
from arcd.core.flags.model import Flag, Notice
from arcd.core.turn import Turn, text_in
from rules.model import Priority

CASE_TYPE = "outage_notice"
RECORD = "record"
TO_CHARS_MAX = 200


def record(turn: Turn, fact: FlagNoticed) -> None:
    report = turn.state.flag_reports.get(fact.flag_id)
    flag = report.flag if report is not None else turn.state.flags.get(fact.flag_id)
    if flag is None:
        return turn.refuse("flag.unknown", f"No flag {fact.flag_id} is in force or ended within the last week.")
    refusal = _refusal(turn, fact, flag)
    if refusal is not None:
        return turn.refuse(*refusal)
    told_at = fact.told_at if fact.told_at is not None else turn.at
    notice = Notice(kind=fact.kind, at=told_at, to=fact.to.strip(), by=fact.actor.id, reference=fact.reference)
    flag = replace(flag, notices=(*flag.notices, notice))
    if report is not None:
        turn.state.flag_reports.put(flag.id, replace(report, flag=flag))
    else:
        turn.state.flags.put(flag.id, flag)
    turn.refs[f"site/{flag.site_id}"] = None
    turn.note("flag.noticed", flag.id, kind=fact.kind, by=fact.actor.id, at=told_at, reference=fact.reference)
    _settle(turn, flag, notice, fact.actor)
    return turn.grant(flag.id)


def _refusal(turn: Turn, fact: FlagNoticed, flag: Flag) -> tuple[str, str] | None:
    is_test_call = fact.kind is NoticeKind.ANNOUNCED
    if is_test_call != (flag.kind is FlagKind.ON_TEST):
        fitting = "announced" if flag.kind is FlagKind.ON_TEST else "start and end"
        return "flag.notice", f"{flag.id} is {flag.kind.value.replace('_', ' ')}: the notice there is {fitting}."
    if not 1 <= len(fact.to.strip()) <= TO_CHARS_MAX or len(fact.reference) > TO_CHARS_MAX:
        return "flag.notice", f"Say who was told, in 1 to {TO_CHARS_MAX} characters; the reference has at most as many."
    if fact.told_at is not None and fact.told_at > turn.at:
        return "flag.notice", "A notice is recorded once it has been given: its time lies in the future."
    if flag.notice(fact.kind) is not None:
        return "flag.notice", f"The notice {fact.kind.value} of {flag.id} is on record already."
    return None


def _fold_key(flag: Flag, kind: NoticeKind) -> str:
    return f"{flag.site_id}|notice|{flag.id}|{kind.value}"


def owe(turn: Turn, flag: Flag, kind: NoticeKind) -> None:
    """R-67: from now on somebody has to tell the emergency response centre."""
    if not flag.erc_devices or flag.notice(kind) is not None:
        return
    case_type = turn.rules.case_types.get(CASE_TYPE)
    if case_type is None:  # a rule set older than this release
        return turn.note("flag.notice_owed", flag.id, kind=kind)
    title = f"{text_in(case_type.title, turn.centre.language)}: {kind.value} {flag.id} ({', '.join(flag.erc_devices)})"
    engine.open_case(
        turn,
        case_type=case_type,
        fold_key=_fold_key(flag, kind),
        site=turn.state.sites.get(flag.site_id),
        title=title,
        category=None,
        priority=Priority.P3,
        plan=None,
    )
    return None


def _settle(turn: Turn, flag: Flag, notice: Notice, actor: Actor) -> None:
    """The case that waited for this notice is done."""
    case = turn.state.cases.get(turn.state.folds.get(_fold_key(flag, notice.kind)) or "")
    if case is None or not case.is_open:
        return
    form = {"to": notice.to, "reference": notice.reference, "told_at": str(notice.at)}
    refusal = engine.move(turn, case, RECORD, actor, {name: value for name, value in form.items() if value})
    if refusal is not None:
        turn.note("close.refused", case.id, rule=refusal[0], message=refusal[1])
