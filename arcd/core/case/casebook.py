"""Writing in a case: what every part of the case engine does to it, and its clocks.

One rule: a case is changed by replacing it through `save`, which counts its version. Nothing here knows plans,
dispatches or moves.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import outgoing
from arcd.core.case.model import (
    NOTE_CHARS_MAX,
    NOTES_MAX,
    SIGNALS_FIRST_MAX,
    SIGNALS_LAST_MAX,
    Case,
    CaseNote,
    CaseSignal,
)
from arcd.core.facts import CaseNoted
from arcd.core.turn import Turn
from rules.model import CaseType, Priority

# A clock's second target, every later one, and its last one calls a person from outside the room.
PAGE_FROM_TARGET = 1
# Between two calls of a clock that nobody has answered.
AGAIN_S_MIN = 60.0
AGAIN_S_MAX = 15 * 60.0


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
            for number, target_s in enumerate(_targets(clock.targets_s, priority)):
                key = f"case/{case.id}/clock/{clock.name}/{number}"
                due, standing = turn.after(target_s), turn.deadlines.due_of(key)
                if standing is not None and due < standing:
                    turn.deadlines.set(key, due)
    return case


def _targets(targets_s: dict[str, tuple[float, ...]], priority: Priority) -> tuple[float, ...]:
    return targets_s.get(priority.value) or targets_s.get("*", ())


def enter_state(turn: Turn, case: Case, case_type: CaseType) -> Case:
    """Start the clocks of the state, stop those that do not run in it."""
    for clock in case_type.clocks:
        targets = _targets(clock.targets_s, case.priority)
        prefix = f"case/{case.id}/clock/{clock.name}/"
        running = any(key.startswith(prefix) for key in turn.deadlines.of(f"case/{case.id}"))
        if case.state in clock.states:
            if not running:
                for number, target_s in enumerate(targets):
                    turn.deadlines.set(f"{prefix}{number}", turn.after(target_s))
        else:
            for key in turn.deadlines.of(f"case/{case.id}"):
                if key.startswith(prefix):
                    turn.deadlines.clear(key)
    return case


def on_clock(turn: Turn, case: Case, clock_name: str, target_number: int) -> None:
    """A target time passed with the case still in a state the clock runs in."""
    turn.note("clock.passed", case.id, clock=clock_name, target=target_number + 1, priority=case.priority)
    if target_number < PAGE_FROM_TARGET:
        outgoing.tell_supervisors(turn, case, "not_acknowledged")
    case = replace(case, attention=case.attention + 1)
    case_type = turn.rules.case_types[case.type]
    clock = next((clock for clock in case_type.clocks if clock.name == clock_name), None)
    targets = _targets(clock.targets_s, case.priority) if clock else ()
    is_last = target_number >= len(targets) - 1
    if target_number >= PAGE_FROM_TARGET or is_last:
        outgoing.page_on_duty(turn, case, "not_acknowledged")
    if is_last:
        # Nobody yet: call again, as often as it takes. Every open matter has a deadline or an owner.
        again_s = _again_s(case, targets)
        turn.deadlines.set(f"case/{case.id}/clock/{clock_name}/{target_number}", turn.after(again_s))
    save(turn, case)


def _again_s(case: Case, targets: tuple[float, ...]) -> float:
    """How long until a clock calls once more. Where life is at stake at once; else ever more seldom, so that a night of
    unattended faults does not bury the person on duty in mail."""
    first_s = max(AGAIN_S_MIN, targets[-1]) if targets else AGAIN_S_MIN
    if not case.priority.is_more_urgent_than(Priority.P2):
        calls = max(0, case.attention - max(1, len(targets)))
        return min(max(first_s, AGAIN_S_MAX), first_s * 2.0 ** min(calls, 10))
    return first_s
