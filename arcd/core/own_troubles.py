"""What the daemon finds wrong with itself, and that it is over (R-88).

One rule: a trouble opens one case, however long it lasts, and its end closes the case only while nobody has begun:
whatever a person has taken up, a person finishes.
"""

from __future__ import annotations

from arcd.core import troubles
from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal
from arcd.core.conditioning.closing import close_untouched
from arcd.core.facts import DaemonTroubled
from arcd.core.record import Judged, Judgement
from arcd.core.turn import Turn
from arcd.core.view import signal_view
from protocols.signals import Qualifier


def on_troubled(turn: Turn, fact: DaemonTroubled) -> None:
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
