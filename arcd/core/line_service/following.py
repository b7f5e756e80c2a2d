"""Where a change of a line meets what follows from it.

One rule: it says who is asked, and judges nothing.
"""

from __future__ import annotations

from arcd.core.case.model import Case
from arcd.core.directory import Entry
from arcd.core.effects import PostWebhook, SendMail
from arcd.core.facts import EffectOutcome, OperatorAnswered
from arcd.core.flags.holding import holding
from arcd.core.line_service import arranging, notices, recording
from arcd.core.site import Site
from arcd.core.supervision.model import ChangeKind, PathChange
from arcd.core.troubles import raise_trouble
from arcd.core.turn import Turn
from protocols.event_codes import is_test_report
from protocols.signals import Category, Qualifier, Scheme, Signal

# Nodes of a storm that are ours: nobody else is told that they have a fault.
OWN_NODES = ("daemon", "listener:", "uplink:")


def on_change(turn: Turn, change: PathChange) -> None:
    recording.record(turn, change)
    site = turn.state.sites.get(change.site_id)
    operator = notices.operator_of(site, change.system_id, change.path_id)
    key = f"{change.site_id}/{change.system_id}/{change.path_id}"
    match change.kind:
        case ChangeKind.PATH_FAILED:
            if change.storm.startswith(OWN_NODES):
                return
            if _is_held(turn, change):
                turn.note("operator.spared", site=change.site_id, system=change.system_id, path=change.path_id)
            else:
                notices.failed(turn, operator, key, change.since)
        case ChangeKind.PATH_RESTORED:
            notices.restored(turn, key)
        case ChangeKind.ATS_FAILED:
            arranging.failed(turn, change)
        case ChangeKind.ATS_RESTORED:
            arranging.restored(turn, change)


def _is_held(turn: Turn, change: PathChange) -> bool:
    """Somebody works on the line, and said so: the operator need not look for what is no fault of theirs. Whether a
    fire would be heard meanwhile is another question, so arrangements are not held."""
    entry = next((each for each in turn.directory.of_site(change.site_id) if each.system.id == change.system_id), None)
    code = "path_fault"
    signal = Signal(scheme=Scheme.ARCD, code=code, category=Category.SUPERVISION, qualifier=Qualifier.NEW, family=code)
    return entry is not None and holding(turn, entry, signal) is not None


def on_site(turn: Turn, previous: Site | None, site: Site | None, site_id: str) -> None:
    """The site base has changed; `site` is None when it was removed."""
    recording.on_site(turn, previous, site, site_id)
    kept = recording.keys_of(site)
    for key in [key for key in recording.keys_of(previous) if key not in kept]:
        notices.restored(turn, key)  # nobody waits for a line that is not there any more
    watched = {system.id for system in (site.systems if site else ()) if recording.path_ids(system)}
    for system in previous.systems if previous else ():
        if recording.path_ids(system) and system.id not in watched:
            arranging.unwatched(turn, site_id, system.id)


def hear(turn: Turn, entry: Entry, signal: Signal) -> None:
    if is_test_report(signal):
        arranging.heard_test(turn, entry.site.id, entry.system.id)


def on_deadline(turn: Turn, name: str, what: str) -> None:
    if what == "told":
        arranging.go_on_telling(turn, name)
    elif what == "open":
        arranging.open_those_due(turn)
    else:
        notices.on_deadline(turn, name, what)


def on_case_deadline(turn: Turn, case: Case) -> None:
    arranging.on_steady(turn, case)


def on_mail_settled(turn: Turn, effect: SendMail | PostWebhook, outcome: EffectOutcome) -> None:
    told = notices.on_effect_settled(turn, effect.notice_id, effect.id, outcome)
    if told is not None:
        arranging.operator_told(turn, told)
    elif outcome is not EffectOutcome.DELIVERED:
        notice = turn.state.operator_notices.get(effect.notice_id)
        operator = turn.centre.transmission_operator(notice.operator_id) if notice else None
        text = f"{effect.notice_id}: {operator.name if operator else ''} {operator.phone or '' if operator else ''}"
        raise_trouble(turn, "effect_failed", entry=None, about=effect.notice_id, text=text.strip())


def answer(turn: Turn, fact: OperatorAnswered) -> None:
    notice = notices.answer(turn, fact)
    if notice is not None:
        arranging.operator_answered(turn, notice, fact.actor)
