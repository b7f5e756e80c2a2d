"""A user takes an alarm back: the panel's cancel, or disarming by a valid user soon after it (requirements 4.4, abort).

The case is marked and a disposition is proposed; an operator still glances at it, unless the contract lets it close.

One rule: hold-up, duress, fire and medical cases are never cancelled by a message, and while one of them is open at
the site nothing else is either: who disarms may have a knife at the back.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal, group_case
from arcd.core.case.model import Case
from arcd.core.conditioning.arrival import Arrival
from arcd.core.conditioning.closing import close_untouched
from arcd.core.turn import NS, Turn
from arcd.core.view import open_categories
from protocols.event_codes import is_opening
from protocols.signals import LIFE_SAFETY, Category, Qualifier, bare_address

# A user's cancel of an intrusion alarm: DC-03 BC, OC, AB; DC-05 406. Others (FC, 465, 647) take nothing back.
CANCEL_FAMILIES = frozenset({"BC", "OC", "AB", "406"})
CANCELLED = "cancelled"  # the disposition proposed
BECAUSE = "cancelled_by_user"
CERTAIN_LEVEL = 2  # a confirmed alarm is never closed by a message


def is_opening_by_user(arrival: Arrival) -> bool:
    """The panel has checked the code; an opening that names nobody is nobody's word."""
    return is_opening(arrival.signal) and bare_address(arrival.signal.user) != ""


def is_cancel(arrival: Arrival) -> bool:
    signal = arrival.signal
    return signal.category is Category.CANCEL and signal.family in CANCEL_FAMILIES and signal.qualifier is Qualifier.NEW


def match(turn: Turn, arrival: Arrival) -> str:
    """The intrusion case that was cancelled, "" for none."""
    signal = arrival.signal
    if not (is_cancel(arrival) or is_opening_by_user(arrival)) or arrival.is_delayed:
        return ""
    case = group_case(turn, arrival.entry, Category.INTRUSION)
    if case is None or not _is_in_window(turn, arrival, case):
        return ""
    if not LIFE_SAFETY.isdisjoint(open_categories(turn, arrival.site_id)):
        turn.note("cancel.not_believed", case.id, code=signal.code)
        return ""
    case = attach(turn, replace(case, proposal=CANCELLED), case_signal(turn, arrival.entry, signal, arrival.account))
    turn.note("case.cancelled_by_user", case.id, code=signal.code, user=signal.user)
    if arrival.entry.site.conditioning.cancel_closes and _is_plain(case):
        close_untouched(turn, case.id, BECAUSE, CANCELLED)
    return case.id


def _is_in_window(turn: Turn, arrival: Arrival, case: Case) -> bool:
    """Measured from the first alarm of the case: what began an hour ago is not taken back by a code now."""
    if case.category is not Category.INTRUSION or not case.signals:
        return False
    first = case.signals[0]
    is_same_system = first.system_id == arrival.system_id
    window_ns = int(arrival.entry.site.conditioning.cancel_window_s * NS)
    return is_same_system and window_ns > 0 and turn.at - first.at <= window_ns


def _is_plain(case: Case) -> bool:
    """Intrusion signals of one detector and nothing that makes it more than that."""
    alarms = (each.signal.category for each in case.signals if each.signal.category is not Category.OPEN_CLOSE)
    return (
        case.verification < CERTAIN_LEVEL
        and case.signal_count == len(case.signals)
        and all(category in (Category.INTRUSION, Category.CANCEL) for category in alarms)
    )
