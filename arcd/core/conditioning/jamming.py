"""Radio interference at an armed system: no fault of the equipment but perhaps a way in (requirements 4.4).

One rule: only what is known to be armed. By day, and where nobody reports openings, it is the trouble the panel says.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.conditioning.arrival import Arrival, run_of
from arcd.core.turn import Turn
from arcd.core.view import area_key
from protocols.signals import Category, Qualifier

JAMMING_CODES = frozenset({"XQ", "344"})  # DC-03 RF interference; DC-05 RF receiver jam detect


def as_tamper(turn: Turn, arrival: Arrival) -> Arrival:
    """The same arrival, as the tamper that it is while somebody relies on the radio."""
    signal = arrival.signal
    if signal.code not in JAMMING_CODES or signal.qualifier is Qualifier.RESTORE or not _is_armed(turn, arrival):
        return arrival
    turn.note("signal.jamming", "", index=arrival.index, code=signal.code)
    return replace(arrival, signal=replace(signal, category=Category.TAMPER))


def _is_armed(turn: Turn, arrival: Arrival) -> bool:
    """A receiver serves the whole system: where no area is named, one that is armed is enough."""
    armed = run_of(turn, arrival.site_id).armed
    if arrival.area:
        return armed.get(area_key(arrival.system_id, arrival.signal.area)) is True
    system = area_key(arrival.system_id, None)
    return any(is_armed for key, is_armed in armed.items() if key.startswith(system))
