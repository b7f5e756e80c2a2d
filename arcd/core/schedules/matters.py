"""From something found by the clock to its case, and the end of it.

One rule: the same road as a panel's signal: held by a flag that covers it, routed by the packs, joined to
what is open.
"""

from __future__ import annotations

from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal, open_or_join
from arcd.core.case.texts import render
from arcd.core.conditioning.closing import close_untouched
from arcd.core.directory import Entry
from arcd.core.flags.holding import count_held, holding
from arcd.core.record import Judged, Judgement
from arcd.core.turn import Turn, text_in
from arcd.core.view import signal_view
from protocols.signals import Qualifier, Scheme, Signal
from rules.vocabulary import ARCD_CODES

SAID: dict[str, dict[str, str]] = {
    "late_to_open": {
        "fi": "Aluetta {area} ei ole avattu, vaikka avaamisaika oli {time}",
        "sv": "Området {area} har inte öppnats, öppningstiden var {time}",
        "en": "Area {area} has not been opened; it opens at {time}",
    },
    "late_to_close": {
        "fi": "Aluetta {area} ei ole suljettu, vaikka sulkemisaika oli {time}",
        "sv": "Området {area} har inte stängts, stängningstiden var {time}",
        "en": "Area {area} has not been closed; it closes at {time}",
    },
    "early_open": {
        "fi": "Alue {area} avattiin etuajassa, avaamisaika on {time}",
        "sv": "Området {area} öppnades för tidigt, öppningstiden är {time}",
        "en": "Area {area} was opened early; it opens at {time}",
    },
    "early_close": {
        "fi": "Alue {area} suljettiin etuajassa, sulkemisaika on {time}",
        "sv": "Området {area} stängdes för tidigt, stängningstiden är {time}",
        "en": "Area {area} was closed early; it closes at {time}",
    },
    "irregular_open": {
        "fi": "Alue {area} avattiin aukioloaikojen ulkopuolella",
        "sv": "Området {area} öppnades utanför öppettiderna",
        "en": "Area {area} was opened outside its hours",
    },
    "irregular_close": {
        "fi": "Alue {area} suljettiin aukioloaikojen ulkopuolella, eikä sitä ollut avattu",
        "sv": "Området {area} stängdes utanför öppettiderna utan att ha varit öppet",
        "en": "Area {area} was closed outside its hours, and had not been open",
    },
    "test_overdue": {
        "fi": "Koestusilmoitusta ei ole tullut; sitä odotettiin viimeistään {time}",
        "sv": "Ingen provsignal har kommit; den väntades senast {time}",
        "en": "No test report has come; it was expected by {time}",
    },
}


def raise_matter(
    turn: Turn, entry: Entry, code: str, *, fold: str, area: str = "", area_name: str = "", user: str = "",
    time: str = "", index: int = 0,
) -> str:  # fmt: skip
    """Open or join its case; returns the id, "" when a flag holds it or the packs want no case.

    `fold` tells apart what folds together: the area and the event that was missed.
    """
    said = render(text_in(SAID[code], turn.centre.language), {"area": area_name or area, "time": time})
    signal = Signal(
        scheme=Scheme.ARCD, code=code, category=ARCD_CODES[code], qualifier=Qualifier.NEW, family=code,
        area=area or None, user=user or None, text=said,
    )  # fmt: skip
    flag = holding(turn, entry, signal)
    if flag is not None:
        count_held(turn, entry, signal, index)
        turn.judgements.append(Judgement(index=index, judged=Judged.HELD, because=code, flag_id=flag.id))
        return ""
    decision = turn.rules.decide(signal, signal_view(turn, entry, signal), turn.at)
    if not decision.opens_case:
        turn.judgements.append(Judgement(index=index, judged=Judged.LOGGED, because=code, decision=decision))
        return ""
    fold_key = f"{entry.site.id}|{code}|{fold}"
    case_id, joined = open_or_join(turn, entry, signal, decision, account=entry.account.number, fold_key=fold_key)
    judged = Judged.JOINED if joined else Judged.OPENED
    turn.judgements.append(Judgement(index=index, judged=judged, because=code, case_id=case_id, decision=decision))
    return case_id


def settle(turn: Turn, entry: Entry, code: str, case_id: str, *, area: str = "") -> None:
    """What was missed has come. The case closes by itself where the site's policy says so and nobody has begun."""
    case = turn.state.cases.get(case_id)
    if case is None or not case.is_open:
        return
    signal = Signal(
        scheme=Scheme.ARCD, code=code, category=ARCD_CODES[code], qualifier=Qualifier.RESTORE, family=code,
        area=area or None,
    )  # fmt: skip
    turn.note("schedule.settled", case.id, code=code, area=area)
    attach(turn, case, case_signal(turn, entry, signal, entry.account.number))
    if ARCD_CODES[code] in entry.site.conditioning.auto_close_on_restore:
        close_untouched(turn, case.id, "restored", "restored")
