"""Troubles the machine finds itself: frames that are not genuine, unknown accounts, bytes nobody understands.

One rule: nothing is dropped silently, and nobody is flooded. Each trouble becomes a signal of our own scheme, is
routed by the packs like any other, and folds into the open case of the same trouble.
"""

from __future__ import annotations

from arcd.core.case.joining import open_or_join
from arcd.core.directory import Entry
from arcd.core.record import Judged, Judgement
from arcd.core.turn import Turn
from arcd.core.view import signal_view
from protocols.signals import Category, Qualifier, Scheme, Signal

# Open cases of one trouble that belong to no site (unknown accounts, noise): the next ones fold into a common case,
# so that somebody who tries account numbers fills one row of the queue and not all of it.
UNPLACED_CASES_MAX = 20

CATEGORIES: dict[str, Category] = {
    "plaintext_refused": Category.TAMPER,
    "wrong_key": Category.TAMPER,
    "replayed": Category.TAMPER,
    "no_key": Category.TROUBLE,
    "outside_window": Category.TROUBLE,
    "unknown_account": Category.UNKNOWN,
    "malformed": Category.UNKNOWN,
    "undecided": Category.UNKNOWN,
    "duress_word": Category.DURESS,  # said on the telephone (requirements 4.7)
    "effect_failed": Category.TROUBLE,
    "clock_stepped": Category.TROUBLE,
    "restarted_unclean": Category.TROUBLE,
    "journal_restored": Category.TROUBLE,
    "disk_low": Category.TROUBLE,
    "checkpoint_copy": Category.TROUBLE,  # a place that signed checkpoints are copied to cannot be reached
    "signing_key_changed": Category.TROUBLE,  # and the key before it has not signed for the new one
    "journal_damaged": Category.TAMPER,  # found by `arcctl journal verify`
    "certificate": Category.TROUBLE,
    "key_not_taken": Category.TROUBLE,  # a panel has not used the new key it was offered
    "runaway": Category.TROUBLE,  # found by conditioning (requirements 4.4)
    "swinger": Category.TROUBLE,
    "unrestored": Category.TROUBLE,
    "commit_slow": Category.TROUBLE,
    "relay_failed": Category.TROUBLE,
    "loop_slow": Category.TROUBLE,
    "intake_full": Category.TROUBLE,
    "clock_unsynchronised": Category.TROUBLE,
    "channel_down": Category.TROUBLE,
    "output_down": Category.TROUBLE,  # another system takes no signals from us
    "output_refused": Category.TROUBLE,  # or not this one
    "receiver_status": Category.TROUBLE,  # said by a receiver of itself: printer, line card, mains
    "uplink_lost": Category.TROUBLE,
    "stalled": Category.TROUBLE,
    "listener_rebound": Category.TROUBLE,
    "listener_down": Category.TROUBLE,  # and cannot be had again
    "descriptors_spent": Category.TROUBLE,  # nobody more can be let in
    "path_changed": Category.TROUBLE,
}


def raise_trouble(turn: Turn, code: str, *, entry: Entry | None, about: str, text: str, index: int = 0) -> str:
    """Open or join the case of this trouble; returns its id ("" when its plan opens none).

    `about` tells apart what folds together: the account as sent, the peer, the effector.
    """
    signal = trouble_signal(code, text)
    decision = turn.rules.decide(signal, signal_view(turn, entry, signal), turn.at)
    if not decision.opens_case:
        turn.judgements.append(Judgement(index=index, judged=Judged.LOGGED, because=code, decision=decision))
        return ""
    fold_key = f"{entry.site.id}|{code}" if entry is not None else unplaced_fold(turn, code, about)
    case_id, joined = open_or_join(turn, entry, signal, decision, account=about, fold_key=fold_key)
    judged = Judged.FOLDED if joined else Judged.OPENED
    turn.judgements.append(Judgement(index=index, judged=judged, because=code, case_id=case_id, decision=decision))
    return case_id


def trouble_signal(code: str, text: str, qualifier: Qualifier = Qualifier.NEW) -> Signal:
    return Signal(
        scheme=Scheme.ARCD,
        code=code,
        category=CATEGORIES[code],
        qualifier=qualifier,
        family=code,
        text=text,
    )


def own_fold(code: str, about: str) -> str:
    """Fold key of a trouble that belongs to no site."""
    return f"centre|{code}|{about}"


def unplaced_fold(turn: Turn, code: str, about: str) -> str:
    own = own_fold(code, about)
    if own in turn.state.folds:
        return own
    prefix = f"centre|{code}|"
    standing = sum(1 for key in turn.state.folds if key.startswith(prefix))
    return own if standing < UNPLACED_CASES_MAX else f"centre|{code}|*"
