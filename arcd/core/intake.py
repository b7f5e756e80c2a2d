"""A frame's way into the machine: reply, genuine or not, retransmission; its signals go on to `conditioning`.

One rule: every signal ends in a judgement with a reason, and the reply is an effect that leaves after the commit.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core import field_levels, keychange, replays, troubles
from arcd.core.account import RETRY_HORIZON_S, AccountState, Recent
from arcd.core.case.casebook import count_repeat
from arcd.core.case.joining import open_or_join
from arcd.core.conditioning import pipeline, texts
from arcd.core.conditioning.arrival import arrived
from arcd.core.directory import Entry
from arcd.core.effects import Reply
from arcd.core.facts import FrameMalformed, FrameReceived, SignalPromoted
from arcd.core.flags.holding import find_held, holding, mark_promoted
from arcd.core.line_service import following as lines
from arcd.core.receiver_lines import watching as receiver_lines
from arcd.core.record import Judged, Judgement
from arcd.core.schedules import watching
from arcd.core.supervision import stepping as supervision
from arcd.core.turn import NS, Turn
from arcd.core.view import signal_view
from protocols.codec import Kind, Problem, Protection, Received, Speaker
from protocols.dc09.reply_policy import ReplyPolicy, reply_for
from protocols.signals import LIFE_SAFETY, Qualifier, Signal


def receive(turn: Turn, fact: FrameReceived, policy: ReplyPolicy) -> None:
    if fact.received.speaker is Speaker.RECEIVER:
        return _from_receiver(turn, fact, policy)
    for key, active in fact.levels.items():
        field_levels.remember(turn, key, active=active)
    entry = turn.directory.find(fact.received.origin)
    state = (turn.state.accounts.get(entry.key) if entry else None) or AccountState()
    received = genuine(fact.received, entry)
    recent = None
    if received.kind is not Kind.LINK_TEST:
        recent = None if receiver_lines.is_new_frame(turn, fact) else state.find_recent(received.fingerprint)
        if entry is not None and received.problem is None and received.protection is not Protection.PLAIN:
            received, recent = _unrecorded(turn, received, entry, state, recent)
    receiver_lines.remember_frame(turn, fact)
    reply = reply_for(received, account_known=entry is not None, policy=policy)
    turn.effects.append(Reply(reply=keychange.reply_of(entry, received, reply)))
    if entry is None:
        return _from_stranger(turn, fact, received)
    turn.refs[f"site/{entry.site.id}"] = None
    if received.problem is not None:
        return _not_genuine(turn, fact, received, entry)
    recent = _repeated(turn, received, state, recent)
    continued = state.find_recent(received.continues) if received.continues else None
    heard = _judge_signals(turn, fact, received, entry, recent, continued)
    supervision.on_frame(turn, fact, entry)
    if heard is not None:
        _remember(turn, received, entry, state, heard)
    keychange.hear(turn, entry, received)
    return None


def _judge_signals(
    turn: Turn, fact: FrameReceived, received: Received, entry: Entry, recent: Recent | None, continued: Recent | None
) -> Recent | None:
    """Each signal of the frame ends in a judgement. None: all of it was said before and nothing is new.

    requirements 4.4: the same content within the retry horizon is a retransmission: acknowledged, counted once.
    """
    cases: list[str] = []
    gravest, is_of_life, is_new = "", False, recent is None
    path, sent_s = _path(fact, entry), _sent_s(turn, received)
    for index, signal in enumerate(received.signals):
        if recent is not None and (received.repeat_s or not _is_anew(turn, entry, signal, recent.case_of(index))):
            case_id = recent.case_of(index)
            because = f"same as entry {recent.seq}"
            turn.judgements.append(Judgement(index=index, judged=Judged.DUPLICATE, because=because, case_id=case_id))
        elif continued is not None:
            is_new = True
            judgement = texts.attach(turn, entry, signal, index, continued)
            turn.judgements.append(judgement)
            case_id = judgement.case_id
        else:
            is_new = True
            arrival = arrived(
                entry, signal, index=index, account=received.origin.account, seq=turn.seq, at=turn.at,
                path=path, panel_s=sent_s,
            )  # fmt: skip
            judgement = pipeline.judge(turn, arrival)
            turn.judgements.append(judgement)
            watching.hear(turn, entry, signal, judgement)
            lines.hear(turn, entry, signal)
            case_id = judgement.case_id
        cases.append(case_id)
        if case_id and (signal.is_life_safety or not is_of_life):
            gravest, is_of_life = case_id, signal.is_life_safety
    if recent is not None:
        _count_repeats(turn, recent, set(cases))
    if not is_new:
        return None
    several = tuple(cases) if len(cases) > 1 and len(set(cases)) > 1 else ()
    return Recent(
        at=turn.at, seq=turn.seq, case_id=gravest, sent_s=sent_s, cases=several,
        is_encrypted=received.protection is not Protection.PLAIN,
        sealed=received.sealed, sequence=received.sequence or "",
    )  # fmt: skip


def _is_anew(turn: Turn, entry: Entry, signal: Signal, case_id: str) -> bool:
    """A life-safety signal whose case has been closed meanwhile counts as new, and one whose first was held by a test
    that is over: some panels never change their sequence number, and a second press of a hold-up button must not look
    like an echo of the first. A restore is no alarm: its echo must not end the alarm that has come since."""
    if signal.category not in LIFE_SAFETY or signal.qualifier is Qualifier.RESTORE:
        return False
    if not case_id:
        return holding(turn, entry, signal) is None
    case = turn.state.cases.get(case_id)
    return case is not None and not case.is_open


def _count_repeats(turn: Turn, recent: Recent, cases: set[str]) -> None:
    for case_id in sorted(cases & {recent.case_id, *recent.cases}):
        case = turn.state.cases.get(case_id)
        if case is not None and case.is_open:
            count_repeat(turn, case, recent.seq)


def _remember(turn: Turn, received: Received, entry: Entry, state: AccountState, heard: Recent) -> None:
    kept, displaced = state.remember(received.fingerprint, heard, entry.horizon_s)
    turn.state.accounts.put(entry.key, kept)
    if not displaced:
        return
    # A plain frame can be forged outright, so that nothing is won by remembering it for longer.
    sealed = {key: each for key, each in displaced.items() if each.is_encrypted and each.sent_s}
    if sealed:
        oldest_s = turn.at // NS - int(entry.account.window_past_s) - replays.ROUNDING_S
        replays.remember(turn.state, entry.key, sealed, oldest_s)


def _path(fact: FrameReceived, entry: Entry) -> str:
    """What tells two ways to the centre apart: where it arrived, and the account and numbers it was sent under."""
    origin = fact.received.origin
    return f"{fact.gateway}|{entry.key}|{origin.receiver}|{origin.line}"


def _sent_s(turn: Turn, received: Received) -> int:
    return 0 if received.clock_skew_s is None else round(turn.at / NS + received.clock_skew_s)


def _unrecorded(
    turn: Turn, received: Received, entry: Entry, state: AccountState, recent: Recent | None
) -> tuple[Received, Recent | None]:
    """An encrypted frame, its problem named where it is a recording; and the frame it repeats.

    A recording is older than a retransmission may be; its timestamp is the panel's very own.
    """
    sent_s = _sent_s(turn, received)
    if recent is None or not _is_same_second(recent, sent_s):
        before = _said_before(turn, received, entry, state, sent_s)
        if before is None:
            if recent is None and replays.is_below_floor(turn.state, entry.key, sent_s):
                received = replace(received, problem=Problem.OUTSIDE_WINDOW)
            return received, recent
        recent = before
    if sent_s and turn.at - recent.at > int(RETRY_HORIZON_S * NS):
        received = replace(received, problem=Problem.REPLAYED)
    return received, recent


def _said_before(turn: Turn, received: Received, entry: Entry, state: AccountState, sent_s: int) -> Recent | None:
    """The frame that said this at that time, and that this one repeats under whatever header.

    A panel may say the same twice in one second, and the second may wait long in a queue. But it says nothing of that
    second any more when it has said something later, and nothing is lost when the very same follows after a pause.
    """
    twin, newest = state.find_sealed(received.sealed) if received.sealed else None, state.newest()
    if twin is not None and newest is not None:
        is_overtaken = newest.sent_s > sent_s + replays.ROUNDING_S
        is_late = newest is twin and abs(turn.at - twin.at) > int(replays.BREATH_S * NS)
        if is_overtaken or is_late or turn.at - twin.at > int(RETRY_HORIZON_S * NS):
            return twin
        return None
    before = replays.find(turn.state, entry.key, received.sealed, sent_s) if received.sealed else None
    return before or replays.find(turn.state, entry.key, received.fingerprint, sent_s)


def _repeated(turn: Turn, received: Received, state: AccountState, recent: Recent | None) -> Recent | None:
    """The frame that this one repeats, unless it only looks like it."""
    if recent is None or turn.at - recent.at > int(max(RETRY_HORIZON_S, received.repeat_s) * NS):
        return None
    if received.repeat_s or _is_same_second(recent, _sent_s(turn, received)):
        return recent
    # Nor is it a repeat of what came "later" than now: the clock was set back, and a repeat too many does less harm.
    if turn.at < recent.at:
        return None
    # A panel that never changes its sequence number (Eaton, Hikvision: 0000) has said something else meanwhile, and has
    # been answered: mains gone, back, gone again. Only what was said last can be said again.
    newest = state.newest()
    if newest is not None and newest is not recent and newest.sequence and newest.sequence == received.sequence:
        return None
    return recent


def _is_same_second(recent: Recent, sent_s: int) -> bool:
    """By the panel's own clock; a frame without a time has none in common with any other."""
    return sent_s != 0 and abs(recent.sent_s - sent_s) <= replays.ROUNDING_S


def _from_stranger(turn: Turn, fact: FrameReceived, received: Received) -> None:
    """An account nobody has configured: whatever it says is put before a person, folded per account."""
    account = received.origin.account[:32]
    fold_key = troubles.unplaced_fold(turn, "unknown_account", account)
    stranger = troubles.trouble_signal("unknown_account", f"{account} {received.token} {fact.peer}")
    for index, signal in enumerate(received.signals or (stranger,)):
        decision = turn.rules.decide(signal, signal_view(turn, None, signal), turn.at)
        case_id, joined = open_or_join(turn, None, signal, decision, account=account, fold_key=fold_key)
        judged = Judged.FOLDED if joined else Judged.OPENED
        turn.judgements.append(
            Judgement(index=index, judged=judged, because="unknown_account", case_id=case_id, decision=decision)
        )


def _from_receiver(turn: Turn, fact: FrameReceived, policy: ReplyPolicy) -> None:
    """A receiver about itself: its troubles are the centre's, folded per line; what has ended is only kept."""
    received = fact.received
    turn.effects.append(Reply(reply=reply_for(received, account_known=False, policy=policy)))
    who = f"{fact.gateway}|{received.origin.receiver or ''}|{received.origin.line or ''}"
    for index, signal in enumerate(received.signals):
        if signal.qualifier is Qualifier.RESTORE:
            turn.judgements.append(Judgement(index=index, judged=Judged.LOGGED, because="receiver_status"))
            continue
        text = f"{fact.gateway} {signal.code} {signal.zone or ''} {signal.text or ''}".strip()
        troubles.raise_trouble(
            turn, "receiver_status", entry=None, about=f"{who}|{signal.code}", text=text, index=index
        )


def genuine(received: Received, entry: Entry | None) -> Received:
    """A frame may bear another account in its data than in its header; the key of the one it speaks for counts.

    The codec checks the header's account. Behind a cloud transmitter the data account has no key of its own; where it
    has one, a frame that was not sent under it is refused like plaintext. What a receiver passes on it has opened
    itself: that line is trusted for what it is, a cable or a peer that the settings name.
    """
    if entry is None or entry.account.key is None or received.problem is not None:
        return received
    if received.speaker is Speaker.RELAY:
        return received
    same = received.session_account.upper() == received.origin.account.upper()
    if received.protection is Protection.ENCRYPTED and same:
        return received
    return replace(received, problem=Problem.PLAINTEXT_REFUSED)


def _not_genuine(turn: Turn, fact: FrameReceived, received: Received, entry: Entry | None) -> None:
    assert received.problem is not None
    for index, _signal in enumerate(received.signals):
        turn.judgements.append(Judgement(index=index, judged=Judged.REFUSED, because=received.problem.value))
    account = received.session_account
    troubles.raise_trouble(
        turn, received.problem.value, entry=entry, about=account[:32], text=f"{account} {received.token} {fact.peer}"
    )


# ------------------------------------------------------------------------------------------------------ made live again


def promote(turn: Turn, fact: SignalPromoted) -> None:
    """An operator makes a held signal live: it is judged as if no flag stood, and waits for nothing."""
    held = find_held(turn.state, fact.site_id, fact.signal_seq, fact.index)
    entries = turn.directory.of_site(fact.site_id)
    if held is None or not entries:
        return turn.refuse("flag.promote", f"No flag of {fact.site_id} holds signal {fact.signal_seq}.")
    if held.promoted:
        return turn.refuse("flag.promote", f"Signal {fact.signal_seq} has been made live already.")
    if not fact.reason.strip():
        return turn.refuse("flag.reason", "Say why.")
    own = (each for each in entries if (each.system.id, each.account.number) == (held.system_id, held.account))
    entry = next(own, None)
    if entry is None:
        return turn.refuse("flag.promote", f"{fact.site_id} has no account {held.account} any more.")
    mark_promoted(turn, fact.site_id, fact.signal_seq, fact.index)
    arrival = arrived(
        entry, held.signal, index=fact.index, account=held.account, seq=held.seq, at=held.at,
        is_promoted=True,
    )  # fmt: skip
    judgement = replace(pipeline.judge_live(turn, arrival), seq=held.seq)
    turn.judgements.append(judgement)
    turn.note("signal.promoted", judgement.case_id, seq=held.seq, by=fact.actor.id, reason=fact.reason)
    return turn.grant(judgement.case_id)


# ---------------------------------------------------------------------------------------------------------- other bytes


def malformed(turn: Turn, fact: FrameMalformed) -> None:
    """Bytes that were no frame: never answered, kept, counted, and one row in somebody's queue per source."""
    host = fact.peer.rpartition(":")[0] or fact.peer
    text = f"{fact.malformed.reason} {fact.peer} ×{fact.count}"
    troubles.raise_trouble(turn, "malformed", entry=None, about=host, text=text)
