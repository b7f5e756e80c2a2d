"""A flag's way to its end: coming into force, warnings and reminders, one extension, the report, and who accepts it.

One rule: a flag ends at its time. Whoever is late (a panel with a restore, the daemon after a restart) does not keep
it in force; what comes after the end is live.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import engine
from arcd.core.facts import FlagEndRequested, FlagKind, NoticeKind
from arcd.core.flags import messages, notices, reporting
from arcd.core.flags.model import Flag
from arcd.core.flags.placing import REASON_CHARS_MAX, come_into_force, place_next, remind_next, set_end
from arcd.core.flags.reporting import REPORT_KEPT_S
from arcd.core.turn import NS, Turn

# requirements 4.2: unrestored zones or a signal this recent extend a test, once.
QUIET_S = 5 * 60.0
EXTENSION_S = 30 * 60.0
# An end that is noticed later than this was slept over: what came meanwhile is live already, so nothing is extended.
LATE_S = 60.0


def end(turn: Turn, fact: FlagEndRequested) -> None:
    flag = turn.state.flags.get(fact.flag_id)
    if flag is None:
        return turn.refuse("flag.unknown", f"No flag {fact.flag_id} is in force or to come.")
    if not fact.reason.strip() or len(fact.reason) > REASON_CHARS_MAX:
        return turn.refuse("flag.reason", f"Say why, in 1 to {REASON_CHARS_MAX} characters.")
    if fact.whole_series:
        if not flag.series_id:
            return turn.refuse("flag.series", f"{flag.id} does not come again.")
        turn.state.flag_series.drop(flag.series_id)
        turn.note("flag.series_ended", flag.id, series=flag.series_id, by=fact.actor.id)
    finish(turn, flag, because=f"ended by {fact.actor.id}: {fact.reason}")
    return turn.grant(flag.id)


def on_deadline(turn: Turn, flag_id: str, what: str) -> None:
    flag = turn.state.flags.get(flag_id)
    assert flag is not None, "a flag's deadline outlived it"
    turn.refs[f"site/{flag.site_id}"] = None
    match what:
        case "start":
            come_into_force(turn, flag)
        case "warn":
            messages.tell(turn, flag, "ending")
            turn.note("flag.ending", flag.id, site=flag.site_id, until=flag.until)
        case "remind":
            messages.tell(turn, flag, "reminder")
            turn.note("flag.reminder", flag.id, site=flag.site_id, until=flag.until)
            remind_next(turn, flag)
        case "end" if _is_busy(turn, flag):
            _extend(turn, flag)
        case "end":
            # Extended once and still no end of it: a person looks.
            finish(turn, flag, because="expired", is_unfinished=bool(flag.extended_ns) and _is_signalling(turn, flag))
        case _:
            raise AssertionError(f"nobody set a deadline like flag/{flag_id}/{what}")


def _is_busy(turn: Turn, flag: Flag) -> bool:
    if flag.kind is not FlagKind.ON_TEST or flag.extended_ns or turn.at - flag.until > int(LATE_S * NS):
        return False
    return bool(flag.standing) or _is_signalling(turn, flag)


def _is_signalling(turn: Turn, flag: Flag) -> bool:
    return flag.held > 0 and turn.at - flag.last_held_at < int(QUIET_S * NS)


def _extend(turn: Turn, flag: Flag) -> None:
    more = int(EXTENSION_S * NS)
    flag = replace(flag, until=flag.until + more, extended_ns=more)
    turn.state.flags.put(flag.id, flag)
    set_end(turn, flag)
    because = "unrestored" if flag.standing else "still signalling"
    turn.note("flag.extended", flag.id, site=flag.site_id, until=flag.until, because=because)
    messages.tell(turn, flag, "extended")


def finish(turn: Turn, flag: Flag, *, because: str, is_unfinished: bool = False) -> None:
    turn.state.flags.drop(flag.id)
    rest = tuple(other for other in turn.state.flags_by_site.get(flag.site_id) or () if other != flag.id)
    if rest:
        turn.state.flags_by_site.put(flag.site_id, rest)
    else:
        turn.state.flags_by_site.drop(flag.site_id)
    turn.deadlines.clear_all(f"flag/{flag.id}")
    turn.refs[f"site/{flag.site_id}"] = None
    report = reporting.report_of(turn, flag, because)
    was_in_force = turn.at >= flag.starts_at
    if was_in_force and (is_unfinished or report.missing or flag.standing):
        report = reporting.ask_acceptance(turn, report)
    turn.state.flag_reports.put(flag.id, report)
    turn.deadlines.set(f"report/{flag.id}/forget", turn.after(REPORT_KEPT_S))
    turn.note(
        "flag.ended", flag.id, kind=flag.kind, site=flag.site_id, because=because, held=flag.held,
        missing=", ".join(report.missing[:20]), unrestored=len(flag.standing), case=report.case_id,
    )  # fmt: skip
    if was_in_force:
        messages.tell_result(turn, report)
        if flag.kind is FlagKind.MAINTENANCE:
            notices.owe(turn, flag, NoticeKind.END)
    no_more = place_next(turn, flag)
    if no_more is not None:
        reporting.ask_about_series(turn, report, no_more)


def forget(turn: Turn, flag_id: str) -> None:
    """A report has been kept long enough; one that nobody has accepted yet is kept on."""
    report = turn.state.flag_reports.get(flag_id)
    assert report is not None, "a report's deadline outlived it"
    case = turn.state.cases.get(report.case_id)
    if case is not None and case.is_open:
        turn.deadlines.set(f"report/{flag_id}/forget", turn.after(engine.CLOSED_KEPT_S))
    else:
        turn.state.flag_reports.drop(flag_id)
