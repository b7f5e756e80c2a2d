"""The list of cases a shift leaves behind, as one reads it in the morning; after it what the rest came to.

One rule: everything in it comes from the store and the journal, nothing from the script.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from arcd.core.case.model import SETTLED, Case, Dispatch
from arcd.core.effects import PostWebhook, SendMail
from arcd.core.facts import FrameMalformed, FrameReceived
from arcd.core.flags.model import FlagReport
from arcd.core.record import StepRecord
from protocols.signals import Qualifier, Scheme, Signal
from tests.shift.centre import Centre

NS = 1_000_000_000
LOCAL = ZoneInfo("Europe/Helsinki")
Journal = Sequence[tuple[int, StepRecord]]


async def written_out(centre: Centre) -> str:
    journal = await centre.journal()
    lines: list[str] = []
    for number, case in enumerate(await centre.cases(), start=1):
        lines += [*_case(number, case, journal), ""]
    lines += ["On test and in maintenance", ""]
    for report in centre.runtime.station.state.flag_reports.values():
        lines += _flag(report)
    lines += ["", "In all", ""]
    lines += _sums(centre, journal)
    return "\n".join(lines) + "\n"


def clock(at: int | None) -> str:
    return "–" if at is None else f"{datetime.fromtimestamp(at // NS, UTC).astimezone(LOCAL):%H:%M:%S}"


def _case(number: int, case: Case, journal: Journal) -> Iterator[str]:
    site = f"{case.site_id} {case.site_name}".strip()
    yield f"{number}. {clock(case.opened_at)} {case.priority.value} {case.type}, {site}: {case.title}"
    level = f", level {case.verification}" if case.verification else ""
    because = f" by {', '.join(case.evidence)}" if case.evidence else ""
    plan = case.plan.name if case.plan else "no plan"
    category = case.category.value if case.category else "no category"
    yield f"   {category}{level}{because}; {case.route or 'by hand'} → {plan}"
    if case.signals:
        yield f"   {_signals(case)}"
    yield from (f"   {line}" for line in _moves(case, journal))
    for dispatch in case.dispatches:
        yield f"   {dispatch.step_id}: {_dispatch(dispatch)}"
    for step in case.steps:
        if step.attempts:
            tried = ", ".join(f"{each.contact_id} {each.outcome}" for each in step.attempts)
            yield f"   {step.id}: {tried}"
    settled = [step for step in case.steps if step.status in SETTLED and step.outcome and not step.attempts]
    if settled:
        yield f"   {'; '.join(f'{step.id} {step.outcome}' for step in settled)}"
    if case.authority is not None:
        yield f"   {_authority(case)}"
    yield f"   called for a person {case.attention} times" + (f"; {len(case.notes)} notes" if case.notes else "")
    ended = f"{case.state} {clock(case.closed_at)}: {case.disposition}" if not case.is_open else f"{case.state}"
    yield f"   {ended}" + (f", in the hands of {case.owner}" if case.owner else "")


def _signals(case: Case) -> str:
    codes = Counter(_code(each.signal) for each in case.signals)
    counts = {
        "repeats": sum(each.repeats for each in case.signals),
        "copies": sum(each.copies for each in case.signals),
        "old": sum(each.delayed_s > 0 for each in case.signals),
    }
    told = ", ".join(f"{code} ×{count}" if count > 1 else code for code, count in codes.items())
    return f"signals {case.signal_count}: {told}" + "".join(
        f"; {name} {count}" for name, count in counts.items() if count
    )


def _code(signal: Signal) -> str:
    """Where one code says both that something is and that it is over, the second is said in words."""
    is_said = signal.scheme is not Scheme.SIA and signal.qualifier is Qualifier.RESTORE
    return f"{signal.code} over" if is_said else signal.code


def _moves(case: Case, journal: Journal) -> Iterator[str]:
    moved = [
        f"{clock(record.fact.at)} {note.detail['move']} by {_who(str(note.detail['by']))}"
        for _, record in journal
        for note in record.notes
        if note.what == "case.moved" and note.subject == case.id
    ]
    if moved:
        yield "; ".join(moved)


def _who(actor: str) -> str:
    return actor.removeprefix("os:")


def _dispatch(dispatch: Dispatch) -> str:
    offers = ", ".join(
        f"{offer.guard_id} {offer.status.value} {clock(offer.answered_at or offer.at)}" for offer in dispatch.offers
    )
    arrived = f"; on site {clock(dispatch.on_site_at)}" if dispatch.on_site_at is not None else ""
    late = "; late" if dispatch.sla_breached else ""
    return f"{offers or 'nobody to ask'}{arrived}{late}; {dispatch.status.value}"


def _authority(case: Case) -> str:
    told = case.authority
    assert told is not None
    asked = [check.name for check in told.checks if check.result != "passed"]
    calls = [f"{_who(call.by)} {clock(call.at)} {call.answer}" for task in told.phone for call in task.calls]
    because = ", ".join(dict.fromkeys(task.because for task in told.phone))
    parts = [
        f"authority {told.status.value}",
        f"asked first: {', '.join(asked)}" if asked else "",
        f"told nevertheless by {_who(told.overridden_by)}" if told.overridden_by else "",
        f"by telephone ({because}): {', '.join(calls) or 'nobody called'}" if told.phone else "",
        f"reference {told.reference}" if told.reference else "",
    ]
    return "; ".join(part for part in parts if part)


def _flag(report: FlagReport) -> Iterator[str]:
    flag = report.flag
    where = " ".join((flag.site_id, *flag.scope.systems, *(f"zone {zone}" for zone in flag.scope.zones)))
    yield (
        f"{clock(flag.starts_at)}–{clock(report.ended_at)} {flag.kind.value} {where}, for {flag.requested_by} by "
        f"{_who(flag.placed_by)}: {report.because}"
    )
    extended = f"; extended by {flag.extended_ns // NS // 60} min" if flag.extended_ns else ""
    yield (
        f"   held {flag.held}, of them emergencies {flag.emergency_count}; heard {len(flag.heard)} of "
        f"{len(report.expected)} zones; unrestored {len(flag.standing)}{extended}"
    )


def _sums(centre: Centre, journal: Journal) -> Iterator[str]:
    frames = [record for _, record in journal if isinstance(record.fact, FrameReceived)]
    signals = sum(len(record.fact.received.signals) for record in frames if isinstance(record.fact, FrameReceived))
    judged = Counter(judgement.judged.value for record in frames for judgement in record.judgements)
    later = Counter(
        judgement.judged.value
        for _, record in journal
        if not isinstance(record.fact, FrameReceived | FrameMalformed)
        for judgement in record.judgements
    )
    yield f"signals {signals} in {len(frames)} frames; link tests answered at once {centre.observer.link_tests}"
    yield "replies: " + _counted(centre.replies)
    yield "judged as they came: " + _counted(judged)
    yield "judged otherwise (waited, made live, found by the clock): " + _counted(later)
    mails = Counter(to for effect in centre.mail.attempts if isinstance(effect, SendMail) for to in effect.to)
    yield "mails: " + _counted(mails)
    posts = Counter(effect.topic for effect in centre.webhook.attempts if isinstance(effect, PostWebhook))
    yield "webhooks: " + _counted(posts)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
