"""The stages in their order (requirements 4.4), and what their deadlines lead to.

One rule: every signal leaves with a judgement that says which stage decided on it and why.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case import engine
from arcd.core.case.joining import case_signal, group_case, open_or_join
from arcd.core.case.model import Case, CaseSignal
from arcd.core.conditioning import (
    arming,
    cancels,
    confirmation,
    copies,
    jamming,
    pending,
    rates,
    restores,
    swingers,
    unrestored,
)
from arcd.core.conditioning.arrival import ALARMS, Arrival, arrived, put_run, run_of
from arcd.core.conditioning.levels import PATH, proposal
from arcd.core.directory import Entry
from arcd.core.flags.holding import count_held, holding
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import Pending
from arcd.core.storm import mains
from arcd.core.storm.model import Child
from arcd.core.troubles import unplaced_fold
from arcd.core.turn import NS, Turn
from arcd.core.view import signal_view
from protocols.signals import Category, Qualifier
from rules.model import Decision


def judge(turn: Turn, arrival: Arrival) -> Judgement:
    like = copies.likeness(arrival)
    copied = copies.match(turn, arrival, like)
    if copied is not None:
        return copied
    judgement = _judge_original(turn, arrival)
    mains.follow(turn, arrival, judgement)
    copies.remember(turn, arrival, like, judgement)
    return judgement


def _judge_original(turn: Turn, arrival: Arrival) -> Judgement:
    signal = arrival.signal
    if arrival.is_delayed:
        turn.note("signal.delayed", "", index=arrival.index, age_s=arrival.delayed_s)
    flag = holding(turn, arrival.entry, signal)
    if flag is not None:
        if signal.category is Category.OPEN_CLOSE:
            arming.note(turn, arrival)  # a test asks nothing of anyone, but whether the area is armed stays true
        count_held(turn, arrival.entry, signal, arrival.index)
        return Judgement(index=arrival.index, judged=Judged.HELD, because=flag.kind.value, flag_id=flag.id)
    return judge_live(turn, arrival)


def judge_live(turn: Turn, arrival: Arrival) -> Judgement:
    """A signal that no flag holds, or that an operator has made live."""
    if arrival.signal.category is Category.TROUBLE:
        arrival = jamming.as_tamper(turn, arrival)
    signal = arrival.signal
    cancelled = ""
    if signal.category is Category.OPEN_CLOSE:
        arming.note(turn, arrival)
    if cancels.is_cancel(arrival):
        _decide_alarms(turn, arrival, ())  # an operator glances at what was taken back
    if signal.category in (Category.OPEN_CLOSE, Category.CANCEL):
        cancelled = cancels.match(turn, arrival)
    matched = restores.match(turn, arrival) or restores.still_present(turn, arrival)
    passes = signal.is_life_safety or arrival.is_promoted
    if matched is None and not passes:
        matched = rates.fold(turn, arrival) or swingers.demote(turn, arrival)
    if matched is not None:
        return matched
    evidence = confirmation.weigh(turn, arrival)
    if not passes:
        waiting = pending.hold(turn, arrival, evidence)
        if waiting is not None:
            return waiting
    if evidence and signal.category is Category.INTRUSION:
        _decide_alarms(turn, arrival, evidence)
    judgement = decide(turn, arrival, evidence)
    if cancelled and judgement.judged is Judged.LOGGED:
        return replace(judgement, judged=Judged.JOINED, because=cancels.BECAUSE, case_id=cancelled)
    return judgement


def _decide_alarms(turn: Turn, arrival: Arrival, evidence: tuple[str, ...]) -> None:
    """What waited for a user at this system waits no longer."""
    for waited in pending.take_alarms(turn, arrival):
        turn.judgements.append(_decide_pending(turn, arrival.entry, waited, evidence))


def decide(turn: Turn, arrival: Arrival, evidence: tuple[str, ...]) -> Judgement:
    """By the rules, with all that is known of the matter: the open case it joins counts as well."""
    signal, entry = arrival.signal, arrival.entry
    folded = mains.fold(turn, arrival)
    if folded is not None:
        return folded
    standing = group_case(turn, entry, signal.category)
    level = _level(standing, signal.category, evidence)
    if signal.category is Category.SUPERVISION and not arrival.is_of_storm:
        level = max(level, _strengthen_alarms(turn, arrival))
    decision = turn.rules.decide(signal, signal_view(turn, entry, signal, verification=level), turn.at)
    seq = 0 if arrival.seq == turn.seq else arrival.seq
    if not decision.opens_case:
        return _judgement(arrival, seq, Judged.LOGGED, decision)
    is_alarm = signal.category in ALARMS or signal.is_life_safety
    case_id, joined = open_or_join(
        turn, entry, signal, decision,
        account=arrival.account, attached=_attached(turn, arrival), evidence=evidence,
        verification=level if is_alarm else 0,
    )  # fmt: skip
    unrestored.remember(turn, arrival, case_id)
    return _judgement(arrival, seq, Judged.JOINED if joined else Judged.OPENED, decision, case_id)


def _level(standing: Case | None, category: Category, evidence: tuple[str, ...]) -> int:
    """Never below the open case's. Where an operator has set that, only what is new speaks against it."""
    if standing is None:
        return proposal(category, evidence)
    if standing.verified_by and not evidence:
        return standing.verification
    known = evidence if standing.verified_by else (*standing.evidence, *evidence)
    return max(proposal(category, known), standing.verification)


def _judgement(arrival: Arrival, seq: int, judged: Judged, decision: Decision, case_id: str = "") -> Judgement:
    because = decision.reason.value
    return Judgement(index=arrival.index, seq=seq, judged=judged, because=because, case_id=case_id, decision=decision)


def _attached(turn: Turn, arrival: Arrival) -> CaseSignal:
    return case_signal(
        turn,
        arrival.entry,
        arrival.signal,
        arrival.account,
        seq=arrival.seq,
        at=arrival.at,
        delayed_s=arrival.delayed_s,
    )


# -------------------------------------------------------------------------------------- a path fails after an alarm


def _strengthen_alarms(turn: Turn, arrival: Arrival) -> int:
    """requirements 4.4: alarm, then path fault inside the window. Returns the level of the surest case it backs."""
    window_ns = int(arrival.entry.site.conditioning.path_alarm_window_s * NS)
    if arrival.signal.qualifier is not Qualifier.NEW or window_ns <= 0:
        return 0
    _decide_alarms(turn, arrival, (PATH,))
    level = 0
    for category in (Category.INTRUSION, Category.HOLDUP):
        case = group_case(turn, arrival.entry, category)
        if case is None or case.category is None or not _has_alarm_since(case, arrival.happened_at - window_ns):
            continue
        raised = max(case.verification, proposal(case.category, (*case.evidence, PATH)))
        if PATH not in case.evidence:  # each fault proves it once
            _redecide(turn, arrival.entry, case, raised)
        level = max(level, raised)
    return level


def _has_alarm_since(case: Case, oldest: int) -> bool:
    return any(
        each.at >= oldest and each.signal.category in ALARMS and each.signal.qualifier is not Qualifier.RESTORE
        for each in case.signals
    )


def _redecide(turn: Turn, entry: Entry, case: Case, level: int) -> None:
    """The case's own signal under the raised level: a more urgent plan takes over."""
    first = case.signals[0].signal
    decision = turn.rules.decide(first, signal_view(turn, entry, first, verification=level), turn.at)
    plan = turn.rules.plans[decision.plan]
    engine.strengthen(turn, case, plan=plan, priority=decision.priority, verification=level, evidence=(PATH,))


# --------------------------------------------------------------------------------------------------------- deadlines


def on_deadline(turn: Turn, site_id: str, rest: list[str]) -> None:
    turn.refs[f"site/{site_id}"] = None
    entries = turn.directory.of_site(site_id)
    match rest:
        case ["pending", name]:
            waited = pending.take(turn, site_id, name)
            assert waited is not None, "a pending signal's deadline outlived it"
            turn.note("signal.waited", "", entry=waited.seq, waited_for=waited.waits_for)
            entry = next((each for each in entries if each.key == waited.account_key), None)
            turn.judgements.append(
                _decide_stranger(turn, waited) if entry is None else _decide_pending(turn, entry, waited, ())
            )
        case ["unrestored"]:
            if entries:
                unrestored.on_deadline(turn, entries[0])
        case ["runaway", seq]:
            rates.on_quiet(turn, site_id, int(seq))
        case _:
            raise AssertionError(f"nobody set a deadline like site/{site_id}/{'/'.join(rest)}")


def is_waiting(turn: Turn, site_id: str) -> bool:
    return bool(run_of(turn, site_id).pending)


def forget(turn: Turn, site_id: str) -> None:
    """The site was removed: nothing stands there any more."""
    turn.deadlines.clear_all(f"site/{site_id}")
    turn.state.siteruns.drop(site_id)
    turn.state.rates.drop(site_id)


def _decide_pending(turn: Turn, entry: Entry, waited: Pending, evidence: tuple[str, ...]) -> Judgement:
    arrival = arrived(entry, waited.signal, index=waited.index, account=waited.account, seq=waited.seq, at=waited.at)
    judgement = decide(turn, arrival, evidence)
    if waited.is_restored and judgement.case_id:
        # Its detector is quiet again since before the case was opened: no restore is to come.
        run = run_of(turn, arrival.site_id)
        kept = tuple(each for each in run.triggers if each.seq != waited.seq or each.zone != arrival.zone)
        put_run(turn, arrival.site_id, replace(run, triggers=kept))
    return judgement


def decide_left(turn: Turn, child: Child) -> list[Judgement]:
    """A mains failure that a storm left behind is a matter of its own again, also where its site has another account
    by now."""
    own = turn.directory.of_site(child.site_id)
    entry = next((each for each in own if each.key == child.account_key), next(iter(own), None))
    if entry is None or child.signal is None:
        return []
    arrival = arrived(
        entry, child.signal, index=len(turn.judgements), account=child.account, seq=child.seq, at=child.at
    )
    return [decide(turn, arrival, ())]


def _decide_stranger(turn: Turn, waited: Pending) -> Judgement:
    """The account was taken out of the site base while its signal waited: it is still put before a person."""
    signal = waited.signal
    decision = turn.rules.decide(signal, signal_view(turn, None, signal), turn.at)
    case_id, joined = open_or_join(
        turn, None, signal, decision,
        account=waited.account, fold_key=unplaced_fold(turn, "unknown_account", waited.account[:32]),
        attached=case_signal(turn, None, signal, waited.account, seq=waited.seq, at=waited.at),
    )  # fmt: skip
    judged = Judged.FOLDED if joined else Judged.OPENED
    return Judgement(
        index=waited.index, seq=waited.seq, judged=judged, because="unknown_account", case_id=case_id,
        decision=decision,
    )  # fmt: skip
