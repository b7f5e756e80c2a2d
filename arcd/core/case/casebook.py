"""Writing in a case: what every part of the case engine does to it, and its clocks.

One rule: a case is changed by replacing it through `save`, which counts its version. Nothing here knows plans,
dispatches or moves.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import outgoing
from arcd.core.case.continuing import MoveWanted
from arcd.core.case.model import (
    MOVES_FIRST_MAX,
    MOVES_LAST_MAX,
    NOTE_CHARS_MAX,
    NOTES_MAX,
    SIGNALS_FIRST_MAX,
    SIGNALS_LAST_MAX,
    Case,
    CaseNote,
    CaseSignal,
    ClockCalls,
    MoveMade,
)
from arcd.core.facts import DAEMON, CaseNoted
from arcd.core.turn import NS, Turn, text_in
from rules.model import CaseType, Clock, Priority

# A clock's second target, every later one, and its last one calls a person from outside the room.
PAGE_FROM_TARGET = 1
# How a clock that called stands among the moves of a case that keeps them.
CLOCK = "clock:"
# Between two calls of a clock that nobody has answered.
AGAIN_S_MIN = 60.0
AGAIN_S_MAX = 15 * 60.0
# Calls of one clock with words of its own, over all cases: so many in that time.
CALLS_MAX = 10
CALLS_WINDOW_S = 600.0


def save(turn: Turn, case: Case) -> Case:
    case = replace(case, version=case.version + 1)
    turn.state.cases.put(case.id, case)
    turn.refs[f"case/{case.id}"] = None
    return case


def attach(turn: Turn, case: Case, signal: CaseSignal) -> Case:
    """A signal that belongs to the case and changes nothing about it: a restore, a report."""
    return save(turn, replace(case, signals=bounded((*case.signals, signal)), signal_count=case.signal_count + 1))


def count_repeat(turn: Turn, case: Case, fingerprint_seq: int) -> None:
    """A retransmission: counted at the signal it repeats, if the case still holds that one."""
    signals = tuple(
        replace(signal, repeats=signal.repeats + 1) if signal.seq == fingerprint_seq else signal
        for signal in case.signals
    )
    save(turn, replace(case, signals=signals))


def bounded(signals: tuple[CaseSignal, ...]) -> tuple[CaseSignal, ...]:
    if len(signals) <= SIGNALS_FIRST_MAX + SIGNALS_LAST_MAX:
        return signals
    return (*signals[:SIGNALS_FIRST_MAX], *signals[-SIGNALS_LAST_MAX:])


def bounded_moves(made: tuple[MoveMade, ...]) -> tuple[MoveMade, ...]:
    if len(made) <= MOVES_FIRST_MAX + MOVES_LAST_MAX:
        return made
    return (*made[:MOVES_FIRST_MAX], *made[-MOVES_LAST_MAX:])


def _kept(case: Case, called: MoveMade) -> Case:
    """A clock that calls again and again stands there once."""
    made = case.moves_made
    return case if made and made[-1].move == called.move else replace(case, moves_made=bounded_moves((*made, called)))


def call_for_person(turn: Turn, case: Case, because: str, **values: str) -> Case:
    outgoing.page_on_duty(turn, case, because, **values)
    return save(turn, replace(case, attention=case.attention + 1))


def message_failed(turn: Turn, case: Case) -> None:
    """A message went nowhere after all attempts. Mail is what failed, so the queue has to call for the person."""
    turn.note("message.failed", case.id)
    save(turn, replace(case, attention=case.attention + 1))


def add_note(turn: Turn, fact: CaseNoted) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    text = fact.text.strip()
    if not text or len(text) > NOTE_CHARS_MAX:
        return turn.refuse("case.note", f"A note has 1 to {NOTE_CHARS_MAX} characters.")
    if len(case.notes) >= NOTES_MAX:
        return turn.refuse("case.note", f"{case.id} has {NOTES_MAX} notes already; close it and open another.")
    save(turn, replace(case, notes=(*case.notes, CaseNote(at=turn.at, by=fact.actor.id, text=text))))
    turn.note("case.noted", case.id, by=fact.actor.id)
    return turn.grant(case.id)


# -------------------------------------------------------------------------------------------------------------- clocks


def raise_priority(turn: Turn, case: Case, priority: Priority) -> Case:
    turn.note("case.priority", case.id, priority=priority, before=case.priority)
    case = replace(case, priority=priority)
    case_type = turn.rules.case_types[case.type]
    for clock in case_type.clocks:
        if case.state in clock.states:
            for number, target_s in enumerate(clock.targets(priority, case.form)):
                key = f"case/{case.id}/clock/{clock.name}/{number}"
                due, standing = turn.after(target_s), turn.deadlines.due_of(key)
                if standing is not None and due < standing and not clock.within:
                    turn.deadlines.set(key, due)
    return case


def clock_due(clock: Clock, case: Case, target_s: float, entered_at: int) -> int:
    """When a target is reached: counted from the instant that the clock's `since` names, else from entering."""
    since = case.form.get(clock.since, "") if clock.since else ""
    return (int(since) if since else entered_at) + int(target_s * NS)


def enter_state(turn: Turn, case: Case, case_type: CaseType, *, by_move: str = "") -> Case:
    """Start the clocks of the state, stop those that do not run in it. What should have called already calls now.

    A clock that the rules in force do not know any more ran under other ones: it called for this move.
    """
    wanted = {clock.name: clock for clock in case_type.clocks if case.state in clock.states}
    running = [(key, key.split("/")[3]) for key in turn.deadlines.of(f"case/{case.id}") if key.split("/")[2] == "clock"]
    for key, name in running:
        if name not in wanted:
            turn.deadlines.clear(key)
    standing = {name for _, name in running}
    for name, clock in wanted.items():
        if name not in standing or by_move in clock.restarts_on:
            for number, target_s in enumerate(clock.targets(case.priority, case.form)):
                due = max(turn.at, clock_due(clock, case, target_s, turn.at))
                turn.deadlines.set(f"case/{case.id}/clock/{name}/{number}", due)
    return case


def on_clock(turn: Turn, case: Case, clock_name: str, target_number: int) -> None:
    """A target time passed with the case still in a state the clock runs in."""
    turn.note("clock.passed", case.id, clock=clock_name, target=target_number + 1, priority=case.priority)
    case_type = turn.rules.case_types[case.type]
    clock = next((clock for clock in case_type.clocks if clock.name == clock_name), None)
    if clock is not None and target_number < clock.quiet:
        save(turn, case)
        return
    if case_type.keeps_moves:
        case = _kept(case, MoveMade(at=turn.at, move=f"{CLOCK}{clock_name}", state=case.state, by=DAEMON.id))
    targets = clock.targets(case.priority, case.form) if clock else ()
    is_last = target_number >= len(targets) - 1
    if is_last and clock is not None and clock.raises and clock.raises.is_more_urgent_than(case.priority):
        case = raise_priority(turn, case, clock.raises)
    because = ("clock", {"title": text_in(clock.title, turn.centre.language)}) if clock and clock.title else None
    reason, values = because or ("not_acknowledged", {})
    case = replace(case, attention=case.attention + 1)
    if because and not _may_call(turn, f"{case.type}/{clock_name}"):
        turn.note("person.spared", case.id, because=reason, **values)
    else:
        if target_number < PAGE_FROM_TARGET:
            outgoing.tell_supervisors(turn, case, reason, **values)
        if target_number >= PAGE_FROM_TARGET or is_last:
            outgoing.page_on_duty(turn, case, reason, **values)
    if is_last and clock is not None and clock.then:
        turn.agenda.append(MoveWanted(case_id=case.id, move=clock.then, form={}))
    elif is_last:
        # Nobody yet: call again, as often as it takes. Every open matter has a deadline or an owner.
        again_s = _again_s(case, targets)
        turn.deadlines.set(f"case/{case.id}/clock/{clock_name}/{target_number}", turn.after(again_s))
    save(turn, case)


def _may_call(turn: Turn, what: str) -> bool:
    """A thousand lines that fail together reach their limit together: the first few cases bring somebody, who finds all
    of them in the list. Each case shows that it has called."""
    calls = turn.state.clock_calls.get(what)
    if calls is None or turn.at - calls.since >= CALLS_WINDOW_S * NS or turn.at < calls.since:
        calls = ClockCalls(since=turn.at)
    turn.state.clock_calls.put(what, replace(calls, count=calls.count + 1))
    return calls.count < CALLS_MAX


def _again_s(case: Case, targets: tuple[float, ...]) -> float:
    """How long until a clock calls once more. Where life is at stake at once; else ever more seldom, so that a night of
    unattended faults does not bury the person on duty in mail."""
    first_s = max(AGAIN_S_MIN, targets[-1]) if targets else AGAIN_S_MIN
    if not case.priority.is_more_urgent_than(Priority.P2):
        calls = max(0, case.attention - max(1, len(targets)))
        return min(max(first_s, AGAIN_S_MAX), first_s * 2.0 ** min(calls, 10))
    return first_s
