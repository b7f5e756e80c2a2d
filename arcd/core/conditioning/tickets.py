"""Tasks that conditioning gives to people: a noisy source, a swinging zone, something nobody restored.

One rule: a ticket is a signal of our own scheme, routed by the packs like any other, and folds into the open ticket of
the same matter.
"""

from __future__ import annotations

from arcd.core.case.joining import open_or_join
from arcd.core.directory import Entry
from arcd.core.troubles import trouble_signal
from arcd.core.turn import Turn
from arcd.core.view import signal_view


def open_ticket(turn: Turn, entry: Entry, code: str, *, about: str, text: str) -> str:
    """Returns the case's id, "" when the packs want none."""
    signal = trouble_signal(code, text)
    decision = turn.rules.decide(signal, signal_view(turn, entry, signal), turn.at)
    if not decision.opens_case:
        turn.note("ticket.logged", "", code=code, site=entry.site.id, about=about)
        return ""
    fold_key = f"{entry.site.id}|{code}|{about}"
    case_id, joined = open_or_join(turn, entry, signal, decision, account=entry.account.number, fold_key=fold_key)
    if joined:
        turn.note("ticket.joined", case_id, code=code, about=about)
    return case_id
