"""Is each line alive: its port, and what comes through it.

One rule: a line has one open case at most, whatever is wrong with it. The case closes by itself once nothing is wrong
any more, unless somebody has begun to work on it.

A receiver that was silent is believed as a path is (requirements 4.4, recovery): after two messages no further apart
than its silence, or, where that is long, when one has stood for a minute. One whose every pause is a little too long is
a single case, and not one for each pause.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal, open_or_join
from arcd.core.case.texts import render
from arcd.core.conditioning.closing import close_untouched
from arcd.core.facts.receiver_lines import LineFault, LineLost, LineRestored, LineRole, LineSetUp
from arcd.core.facts.wire import FrameReceived
from arcd.core.receiver_lines.model import LineState
from arcd.core.record import Judged, Judgement
from arcd.core.supervision.watch import BACK_HEARTBEATS, BACK_S, QUICK_S
from arcd.core.turn import NS, Turn, text_in
from arcd.core.view import signal_view
from protocols.signals import Qualifier, Scheme, Signal
from rules.vocabulary import ARCD_CODES

SILENT = "line_silent"
LOST = {LineRole.RECEIVER: "line_lost", LineRole.PAGER: "pager_lost"}

SAID: dict[str, dict[str, str]] = {
    LineFault.ABSENT: {
        "fi": "Linja {line}: porttia ei ole tai kukaan ei vastaa ({where})",
        "sv": "Linje {line}: porten saknas eller ingen svarar ({where})",
        "en": "Line {line}: the port is not there, or nobody answers ({where})",
    },
    LineFault.DENIED: {
        "fi": "Linja {line}: ei oikeutta avata porttia ({where})",
        "sv": "Linje {line}: behörighet att öppna porten saknas ({where})",
        "en": "Line {line}: no permission to open the port ({where})",
    },
    LineFault.BUSY: {
        "fi": "Linja {line}: portti on toisen ohjelman käytössä ({where})",
        "sv": "Linje {line}: porten används av ett annat program ({where})",
        "en": "Line {line}: another program has the port ({where})",
    },
    LineFault.FAILED: {
        "fi": "Linja {line}: portti ei toimi ({where})",
        "sv": "Linje {line}: porten fungerar inte ({where})",
        "en": "Line {line}: the port does not work ({where})",
    },
    LineFault.CLOSED: {
        "fi": "Linja {line}: yhteys katkesi ({where})",
        "sv": "Linje {line}: förbindelsen bröts ({where})",
        "en": "Line {line}: the connection was cut ({where})",
    },
    LineFault.SLOW: {
        "fi": "Linja {line}: portin avaaminen ei valmistu ({where})",
        "sv": "Linje {line}: öppnandet av porten blir inte klart ({where})",
        "en": "Line {line}: opening the port does not come to an end ({where})",
    },
    SILENT: {
        "fi": "Linja {line}: vastaanottimesta ei ole kuulunut mitään {seconds} sekuntiin ({where})",
        "sv": "Linje {line}: inget har hörts från mottagaren på {seconds} sekunder ({where})",
        "en": "Line {line}: nothing has been heard from the receiver for {seconds} seconds ({where})",
    },
}


def on_start(turn: Turn, set_up: tuple[LineSetUp, ...]) -> None:
    """The lines of this run. Each gets one whole time of silence from now: it was us who did not listen."""
    names = {line.name for line in set_up}
    for name in sorted(set(turn.state.receiver_lines) - names):
        turn.deadlines.clear_all(f"receiver_line/{name}")
        turn.state.receiver_lines.drop(name)
        turn.note("line.removed", line=name)
        _settle(turn, name, SILENT)
    for line in set_up:
        standing = turn.state.receiver_lines.get(line.name) or LineState(set_up=line)
        turn.state.receiver_lines.put(line.name, _expect(turn, replace(standing, set_up=line)))


def lost(turn: Turn, fact: LineLost) -> None:
    state = turn.state.receiver_lines.get(fact.line)
    if state is None or state.fault is not None:
        return  # of a run with other settings; or it has stood since before the restart
    turn.deadlines.clear_all(f"receiver_line/{fact.line}")  # that it says nothing needs no second explanation
    turn.state.receiver_lines.put(fact.line, replace(state, fault=fact.fault, fault_since=turn.at, beats=0))
    turn.note("line.lost", line=fact.line, fault=fact.fault, detail=fact.detail)
    _raise(turn, state.set_up, LOST[state.set_up.role], fact.fault)


def restored(turn: Turn, fact: LineRestored) -> None:
    state = turn.state.receiver_lines.get(fact.line)
    if state is None:
        return
    was_lost = state.fault is not None
    state = _expect(turn, replace(state, fault=None, fault_since=0))
    turn.state.receiver_lines.put(fact.line, state)
    turn.note("line.open", line=fact.line)
    if was_lost and state.is_well:
        _settle(turn, fact.line, LOST[state.set_up.role])


def heard(turn: Turn, instants: dict[str, int]) -> None:
    for name, told_at in instants.items():
        state = turn.state.receiver_lines.get(name)
        at = min(told_at, turn.at)  # the clock may have been set back since
        if state is None or at <= state.last_heard:
            continue
        before, state = state, replace(state, last_heard=at)
        if state.silent_since:
            _heard_again(turn, before, state)
            continue
        turn.state.receiver_lines.put(name, state)
        if state.fault is None and state.set_up.silence_s:
            turn.deadlines.set(f"receiver_line/{name}/silence", at + int(state.set_up.silence_s * NS))


def _heard_again(turn: Turn, before: LineState, state: LineState) -> None:
    silence_s = state.set_up.silence_s
    is_next = before.beats and state.last_heard - before.last_heard <= int(silence_s * NS)
    state = replace(state, beats=before.beats + 1 if is_next else 1)
    if state.beats >= BACK_HEARTBEATS:
        return _is_back(turn, state)
    turn.state.receiver_lines.put(state.set_up.name, state)
    turn.note("line.heard", line=state.set_up.name)
    if silence_s > QUICK_S:
        turn.deadlines.set(f"receiver_line/{state.set_up.name}/back", state.last_heard + int(BACK_S * NS))
    return None


def _is_back(turn: Turn, state: LineState) -> None:
    name = state.set_up.name
    turn.deadlines.clear(f"receiver_line/{name}/back")
    state = replace(state, silent_since=0, beats=0)
    turn.state.receiver_lines.put(name, state)
    if state.fault is None:
        turn.deadlines.set(f"receiver_line/{name}/silence", state.last_heard + int(state.set_up.silence_s * NS))
    turn.note("line.back", line=name)
    if state.is_well:
        _settle(turn, name, SILENT)


def on_deadline(turn: Turn, name: str, what: str) -> None:
    """Nothing valid has come for the whole time; or one message has stood for a minute."""
    state = turn.state.receiver_lines[name]
    if what == "back":
        return _is_back(turn, state)
    assert what == "silence", what
    turn.state.receiver_lines.put(name, replace(state, silent_since=turn.at))
    turn.note("line.silent", line=name)
    return _raise(turn, state.set_up, SILENT, SILENT)


def on_own_fault(turn: Turn) -> None:
    """We were not ourselves: whatever was late has the whole time again."""
    for state in list(turn.state.receiver_lines.values()):
        _expect(turn, state)


def is_new_frame(turn: Turn, fact: FrameReceived) -> bool:
    """Whether a frame that has been seen lately is no retransmission all the same.

    A receiver sends one message at a time until it is acknowledged, so only the newest frame of a line can be
    repeated: the same alarm after its restore is another alarm. Dialects with sequence numbers need no such thought.
    """
    state = turn.state.receiver_lines.get(fact.gateway)
    return state is not None and fact.received.sequence is None and state.last_frame != fact.received.fingerprint


def remember_frame(turn: Turn, fact: FrameReceived) -> None:
    state = turn.state.receiver_lines.get(fact.gateway)
    if state is not None and state.last_frame != fact.received.fingerprint:
        turn.state.receiver_lines.put(fact.gateway, replace(state, last_frame=fact.received.fingerprint))


def shift(turn: Turn, by: int) -> None:
    """The wall clock was set by so many ns, and the deadlines with it."""
    for name, state in list(turn.state.receiver_lines.items()):
        if state.last_heard:
            turn.state.receiver_lines.put(name, replace(state, last_heard=state.last_heard + by))


def _expect(turn: Turn, state: LineState) -> LineState:
    """Whatever was late before: it has the whole time again. One that is silent already stays so until it is heard."""
    key = f"receiver_line/{state.set_up.name}/silence"
    if not state.set_up.silence_s:
        turn.deadlines.clear(key)
        turn.deadlines.clear(f"receiver_line/{state.set_up.name}/back")
        return replace(state, silent_since=0, beats=0)
    if state.fault is None and not state.silent_since:
        turn.deadlines.set(key, turn.after(state.set_up.silence_s))
    return state


def _fold(name: str) -> str:
    return f"receiver_line|{name}"


def _raise(turn: Turn, line: LineSetUp, code: str, said: str) -> None:
    text = render(
        text_in(SAID[said], turn.centre.language),
        {"line": line.name, "where": line.where, "seconds": f"{line.silence_s:g}"},
    )
    signal = _signal(code, Qualifier.NEW, text)
    decision = turn.rules.decide(signal, signal_view(turn, None, signal), turn.at)
    if not decision.opens_case:
        turn.judgements.append(Judgement(index=0, judged=Judged.LOGGED, because=code, decision=decision))
        return
    case_id, joined = open_or_join(turn, None, signal, decision, account=line.name, fold_key=_fold(line.name))
    judged = Judged.JOINED if joined else Judged.OPENED
    turn.judgements.append(Judgement(index=0, judged=judged, because=code, case_id=case_id, decision=decision))


def _settle(turn: Turn, name: str, code: str) -> None:
    case = turn.state.cases.get(turn.state.folds.get(_fold(name)) or "")
    if case is None or not case.is_open:
        return
    attach(turn, case, case_signal(turn, None, _signal(code, Qualifier.RESTORE, name), name))
    turn.note("line.well", case.id, line=name)
    close_untouched(turn, case.id, "restored", "restored")


def _signal(code: str, qualifier: Qualifier, text: str) -> Signal:
    return Signal(scheme=Scheme.ARCD, code=code, category=ARCD_CODES[code], qualifier=qualifier, family=code, text=text)
