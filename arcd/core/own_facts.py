"""What the machine learns about itself: starts and stops, its clock, its troubles (R-88), a restored journal.

One rule: a trouble opens one case, however long it lasts, and its end closes the case only while nobody has begun:
whatever a person has taken up, a person finishes.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from arcd.core import clock_steps, troubles
from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal
from arcd.core.conditioning.closing import close_untouched
from arcd.core.facts import ClockStepped, DaemonTroubled, DeadlineReached, JournalRestored, Started, StepFailed, Stopped
from arcd.core.receiver_lines import watching as receiver_lines
from arcd.core.record import Judged, Judgement
from arcd.core.state import Machine
from arcd.core.supervision import stepping as supervision
from arcd.core.turn import NS, Turn
from arcd.core.view import signal_view
from protocols.signals import Qualifier

# A wall clock that moves more than this against the monotonic one is put before a person (requirements 5, clock:
# warn above 1 s; the DC-09 window is only -40/+20 s wide).
CLOCK_STEP_WARN_S = 1.0
# A deadline whose step failed comes again: it still means something, and it must not stop every other one meanwhile.
FAILED_DEADLINE_AGAIN_S = 60.0


def on_machine(
    turn: Turn, fact: Started | Stopped | ClockStepped | DaemonTroubled | JournalRestored | StepFailed
) -> None:
    machine = turn.state.machine.get("machine") or Machine()
    match fact:
        case Started():
            boot_at = fact.at - fact.boottime
            if fact.boot_id and fact.boot_id == machine.boot_id:
                _on_clock_step(turn, boot_at - machine.boot_at)
            turn.state.machine.put(
                "machine",
                replace(
                    machine,
                    started_at=fact.at,
                    stopped_cleanly=False,
                    reply_policy=fact.reply_policy,
                    escalation=fact.escalation,
                    boot_id=fact.boot_id,
                    boot_at=boot_at,
                ),
            )
            supervision.on_own_fault(turn)
            receiver_lines.on_start(turn, fact.lines)
            if not fact.clean:
                troubles.raise_trouble(turn, "restarted_unclean", entry=None, about="self", text=fact.version)
        case Stopped():
            turn.state.machine.put("machine", replace(machine, stopped_cleanly=True))
        case ClockStepped():
            step = round(fact.step_s * NS)
            turn.state.machine.put("machine", replace(machine, boot_at=machine.boot_at + step))
            _on_clock_step(turn, step)
        case DaemonTroubled():
            if fact.code in supervision.OWN_FAULTS and not fact.cleared:
                supervision.on_own_fault(turn)
                receiver_lines.on_own_fault(turn)
            _on_troubled(turn, fact)
        case JournalRestored():
            text = f"{fact.backup}, {datetime.fromtimestamp(fact.head_at / NS, UTC):%Y-%m-%d %H:%M:%S} UTC"
            troubles.raise_trouble(turn, "journal_restored", entry=None, about="self", text=text)
        case StepFailed():
            if fact.failed_kind == "deadline_reached":
                key = msgspec.json.decode(fact.failed_fact, type=DeadlineReached).key
                turn.deadlines.set(key, turn.after(FAILED_DEADLINE_AGAIN_S))
            text = f"{fact.failed_kind}: {fact.error}"
            troubles.raise_trouble(turn, "undecided", entry=None, about=fact.failed_kind, text=text)


def _on_clock_step(turn: Turn, step: int) -> None:
    """`step`: ns the wall clock was set forward, while we ran or while we were down."""
    if abs(step) > int(CLOCK_STEP_WARN_S * NS):
        clock_steps.follow(turn, step)
        turn.clock_step = step
        supervision.on_own_fault(turn)
        receiver_lines.shift(turn, step)
        troubles.raise_trouble(turn, "clock_stepped", entry=None, about="self", text=f"{step / NS:+.3f} s")


def _on_troubled(turn: Turn, fact: DaemonTroubled) -> None:
    about = fact.about or "self"
    if not fact.cleared:
        text = f"{fact.about}: {fact.detail}" if fact.about else fact.detail
        troubles.raise_trouble(turn, fact.code, entry=None, about=about, text=text)
        return
    turn.note("trouble.cleared", code=fact.code, detail=fact.detail)
    signal = troubles.trouble_signal(fact.code, fact.detail, Qualifier.RESTORE)
    decision = turn.rules.decide(signal, signal_view(turn, None, signal), turn.at)
    case = turn.state.cases.get(turn.state.folds.get(troubles.own_fold(fact.code, about)) or "")
    if case is None or not case.is_open:
        turn.judgements.append(Judgement(index=0, judged=Judged.LOGGED, because=fact.code, decision=decision))
        return
    attach(turn, case, case_signal(turn, None, signal, about))
    close_untouched(turn, case.id, "cleared", "restored")
    turn.judgements.append(
        Judgement(index=0, judged=Judged.RESTORED, because=fact.code, case_id=case.id, decision=decision)
    )
