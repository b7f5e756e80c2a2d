"""What a flag came to: heard and missing zones, what still stands, emergencies – and the case in which it is accepted.

One rule: where something is missing or still stands, a person accepts it before the matter is over (requirements 4.2).
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import casebook, engine
from arcd.core.case.model import NOTE_CHARS_MAX, Case, CaseNote
from arcd.core.facts import DAEMON, FlagKind, NoticeKind
from arcd.core.flags import messages
from arcd.core.flags.model import Flag, FlagReport, among
from arcd.core.siterun import SiteRun
from arcd.core.state import State
from arcd.core.turn import Turn, text_in
from protocols.signals import Category, bare_address
from rules.model import Priority

CASE_TYPE = "test_result"
REPORT_KEPT_S = 7 * 86400.0


def report_of(turn: Turn, flag: Flag, because: str) -> FlagReport:
    expected = expected_zones(turn.state, flag)
    return FlagReport(
        flag=flag,
        ended_at=turn.at,
        because=because,
        expected=expected,
        missing=tuple(zone for zone in expected if zone not in flag.heard),
        is_announced=_is_announced(flag),
    )


def expected_zones(state: State, flag: Flag) -> tuple[str, ...]:
    """Zones a test of this scope should hear from; maintenance expects nothing."""
    site = state.sites.get(flag.site_id)
    if site is None or flag.kind is not FlagKind.ON_TEST:
        return ()
    scope = flag.scope
    return tuple(
        f"{system.id}/{bare_address(zone.number)}"
        for system in site.systems
        if not scope.systems or system.id in scope.systems
        for zone in system.zones
        if (not scope.zones or among(zone.number, scope.zones)) and (not scope.areas or among(zone.area, scope.areas))
    )


def _is_announced(flag: Flag) -> bool | None:
    """R-66: the tester's call came before the test alarm."""
    if not flag.erc_devices or flag.kind is not FlagKind.ON_TEST or not flag.held:
        return None
    call = flag.notice(NoticeKind.ANNOUNCED)
    return call is not None and call.at <= flag.first[0].at


def ask_acceptance(turn: Turn, report: FlagReport) -> FlagReport:
    """Open the case in which somebody accepts the result."""
    flag = report.flag
    case = _open_case(turn, flag, messages.report_text(report, turn.centre.language))
    if case is None:
        return report
    _await_restores(turn, flag, case.id)
    return replace(report, case_id=case.id)


def ask_about_series(turn: Turn, report: FlagReport, because: str) -> None:
    """A series ends although somebody counts on it."""
    _open_case(turn, report.flag, because, about="series")


def _open_case(turn: Turn, flag: Flag, text: str, about: str = "result") -> Case | None:
    case_type = turn.rules.case_types.get(CASE_TYPE)
    if case_type is None:  # a rule set older than this release
        turn.note("flag.result_unread", flag.id, text=text[:NOTE_CHARS_MAX])
        return None
    case = engine.open_case(
        turn,
        case_type=case_type,
        fold_key=f"{flag.site_id}|test_{about}|{flag.id}",
        site=turn.state.sites.get(flag.site_id),
        title=f"{text_in(case_type.title, turn.centre.language)}: {flag.id}",
        category=Category.TEST,
        priority=Priority.P4,
        plan=None,
    )
    note = CaseNote(at=turn.at, by=DAEMON.id, text=text[:NOTE_CHARS_MAX])
    return casebook.save(turn, replace(case, notes=(*case.notes, note)))


def _await_restores(turn: Turn, flag: Flag, case_id: str) -> None:
    """What the test left standing waits for its restore like any other alarm, and the case sees it come."""
    run = turn.state.siteruns.get(flag.site_id) or SiteRun()
    for trigger in flag.standing:
        if run.standing(trigger.system_id, trigger.zone, trigger.family) is None:
            run = run.with_trigger(replace(trigger, case_id=case_id))
    turn.state.siteruns.put(flag.site_id, run)
