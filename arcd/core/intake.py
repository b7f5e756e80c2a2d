"""A frame's way through the machine: reply, genuine or not, duplicate, on test, restore, decision, case.

One rule: every signal ends in a judgement with a reason, and the reply is an effect that leaves after the commit.
The order of the stages is requirements 4.4; each stage is a function of its own.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core import troubles
from arcd.core.account import RETRY_HORIZON_S, AccountState, Recent
from arcd.core.case.casebook import attach, count_repeat
from arcd.core.case.joining import case_signal, open_or_join
from arcd.core.directory import Entry
from arcd.core.effects import Reply
from arcd.core.facts import FrameMalformed, FrameReceived, SignalPromoted
from arcd.core.flags.holding import count_held, find_held, holding, mark_promoted
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import STANDING, SiteRun, Trigger
from arcd.core.turn import NS, Turn
from arcd.core.view import area_key, signal_view
from protocols.codec import Kind, Problem, Protection, Received
from protocols.dc09.reply_policy import ReplyPolicy, reply_for
from protocols.event_codes import STANDARD, is_closing, is_opening
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Signal, bare_address


def receive(turn: Turn, fact: FrameReceived, policy: ReplyPolicy) -> None:
    entry = turn.directory.find(fact.received.origin)
    state = (turn.state.accounts.get(entry.key) if entry else None) or AccountState()
    received = genuine(fact.received, entry)
    recent = state.find_recent(received.fingerprint) if received.kind is not Kind.LINK_TEST else None
    if recent is not None and received.problem is None and _is_replay(turn, received, recent):
        received = replace(received, problem=Problem.REPLAYED)
    turn.effects.append(Reply(reply=reply_for(received, account_known=entry is not None, policy=policy)))
    if entry is None:
        return _from_stranger(turn, fact, received)
    turn.refs[f"site/{entry.site.id}"] = None
    if received.problem is not None:
        return _not_genuine(turn, fact, received, entry)
    if recent is not None and _is_duplicate(turn, received, recent):
        return None
    case_id = ""
    for index, signal in enumerate(received.signals):
        judgement = judge(turn, entry, signal, index, received.origin.account)
        turn.judgements.append(judgement)
        case_id = judgement.case_id or case_id
    remembered = Recent(
        fingerprint=received.fingerprint, at=turn.at, seq=turn.seq, case_id=case_id, sent_s=_sent_s(turn, received)
    )
    turn.state.accounts.put(entry.key, state.remember(remembered, _horizon_s(entry)))
    return None


def _horizon_s(entry: Entry) -> float:
    """A recording of an encrypted frame is accepted as long as the account's time window says; remember it as long."""
    return max(RETRY_HORIZON_S, entry.account.window_past_s + entry.account.window_future_s)


def _sent_s(turn: Turn, received: Received) -> int:
    return 0 if received.clock_skew_s is None else round(turn.at / NS + received.clock_skew_s)


def _is_replay(turn: Turn, received: Received, recent: Recent) -> bool:
    """Encrypted, older than a retransmission may be, and with the panel's very own old timestamp."""
    if received.protection is Protection.PLAIN or turn.at - recent.at <= int(RETRY_HORIZON_S * NS):
        return False
    return recent.sent_s != 0 and abs(recent.sent_s - _sent_s(turn, received)) <= 1


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


def genuine(received: Received, entry: Entry | None) -> Received:
    """A frame may bear another account in its data than in its header; the key of the one it speaks for counts.

    The codec checks the header's account. Behind a cloud transmitter the data account has no key of its own; where it
    has one, a frame that was not sent under it is refused like plaintext.
    """
    if entry is None or entry.account.key is None or received.problem is not None:
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


def _is_duplicate(turn: Turn, received: Received, recent: Recent) -> bool:
    """requirements 4.4: the same content within the retry horizon is a retransmission: acknowledged, counted once.

    A life-safety signal whose case has been closed meanwhile counts as new: some panels never change their sequence
    number, and a second press of a hold-up button must not look like an echo of the first.
    """
    if turn.at - recent.at > int(RETRY_HORIZON_S * NS):
        return False
    case = turn.state.cases.get(recent.case_id) if recent.case_id else None
    is_life_safety = any(signal.category in LIFE_SAFETY for signal in received.signals)
    if is_life_safety and case is not None and not case.is_open:
        return False
    because = f"same as entry {recent.seq}"
    for index, _signal in enumerate(received.signals):
        turn.judgements.append(Judgement(index=index, judged=Judged.DUPLICATE, because=because, case_id=recent.case_id))
    if case is not None and case.is_open:
        count_repeat(turn, case, recent.seq)
    return True


# -------------------------------------------------------------------------------------------------- one signal's stages


def judge(turn: Turn, entry: Entry, signal: Signal, index: int, account: str) -> Judgement:
    flag = holding(turn, entry, signal)
    if flag is not None:
        count_held(turn, entry, signal, index)
        return Judgement(index=index, judged=Judged.HELD, because=flag.kind.value, flag_id=flag.id)
    return judge_live(turn, entry, signal, index, account)


def judge_live(turn: Turn, entry: Entry, signal: Signal, index: int, account: str) -> Judgement:
    """What becomes of a signal that no flag holds."""
    if signal.category is Category.OPEN_CLOSE:
        _note_armed(turn, entry, signal)
    if signal.qualifier is Qualifier.RESTORE and signal.category is not Category.OPEN_CLOSE:
        restored = _match_restore(turn, entry, signal, index, account)
        if restored is not None:
            return restored
    decision = turn.rules.decide(signal, signal_view(turn, entry, signal), turn.at)
    if not decision.opens_case:
        return Judgement(index=index, judged=Judged.LOGGED, because=decision.reason.value, decision=decision)
    case_id, joined = open_or_join(turn, entry, signal, decision, account=account)
    _remember_trigger(turn, entry, signal, case_id)
    judged = Judged.JOINED if joined else Judged.OPENED
    return Judgement(index=index, judged=judged, because=decision.reason.value, case_id=case_id, decision=decision)


def promote(turn: Turn, fact: SignalPromoted) -> None:
    """An operator makes a held signal live: it is judged as if it came now and no flag stood."""
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
    judgement = judge_live(turn, entry, held.signal, fact.index, held.account)
    turn.judgements.append(judgement)
    turn.note("signal.promoted", judgement.case_id, seq=held.seq, by=fact.actor.id, reason=fact.reason)
    return turn.grant(judgement.case_id)


def _note_armed(turn: Turn, entry: Entry, signal: Signal) -> None:
    if is_opening(signal) or is_closing(signal):
        run = turn.state.siteruns.get(entry.site.id) or SiteRun()
        turn.state.siteruns.put(
            entry.site.id, run.with_armed(area_key(entry.system.id, signal.area), is_closing(signal))
        )


def _match_restore(turn: Turn, entry: Entry, signal: Signal, index: int, account: str) -> Judgement | None:
    """A restore ends the oldest trigger of every family it stands for: some codes restore alarm and trouble alike."""
    run = turn.state.siteruns.get(entry.site.id)
    if run is None:
        return None
    zone = bare_address(signal.zone)
    standing = (run.standing(entry.system.id, zone, family) for family in STANDARD.families_ended(signal))
    ended = [trigger for trigger in standing if trigger is not None]
    if not ended:
        return None
    for trigger in ended:
        run = run.without(trigger)
    turn.state.siteruns.put(entry.site.id, run)
    for case_id in dict.fromkeys(trigger.case_id for trigger in ended):
        case = turn.state.cases.get(case_id)
        if case is not None and case.is_open:
            attach(turn, case, case_signal(turn, entry, signal, account))
    because = f"restores entry {', '.join(str(trigger.seq) for trigger in ended)}"
    return Judgement(index=index, judged=Judged.RESTORED, because=because, case_id=ended[0].case_id)


def _remember_trigger(turn: Turn, entry: Entry, signal: Signal, case_id: str) -> None:
    if signal.category not in STANDING or signal.qualifier is not Qualifier.NEW:
        return
    run = turn.state.siteruns.get(entry.site.id) or SiteRun()
    zone, area = bare_address(signal.zone), bare_address(signal.area)
    standing = run.standing(entry.system.id, zone, signal.family)
    if standing is not None and standing.case_id == case_id:
        return  # still unrestored from before: one restore will end it
    if standing is not None:
        run = run.without(standing)  # its case was closed unrestored; the next restore belongs to this alarm
    trigger = Trigger(
        seq=turn.seq,
        at=turn.at,
        system_id=entry.system.id,
        zone=zone,
        area=area,
        family=signal.family,
        category=signal.category,
        case_id=case_id,
    )
    turn.state.siteruns.put(entry.site.id, run.with_trigger(trigger))


# ---------------------------------------------------------------------------------------------------------- other bytes


def malformed(turn: Turn, fact: FrameMalformed) -> None:
    """Bytes that were no frame: never answered, kept, counted, and one row in somebody's queue per source."""
    host = fact.peer.rpartition(":")[0] or fact.peer
    text = f"{fact.malformed.reason} {fact.peer} ×{fact.count}"
    troubles.raise_trouble(turn, "malformed", entry=None, about=host, text=text)
