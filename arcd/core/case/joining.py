"""From a decided signal to its case: the open one of the same matter, else a new one.

One rule: one case per site and group while it is open (requirements 4.1); what the same people answer goes together.
"""

from __future__ import annotations

from arcd.core.case import engine
from arcd.core.case.model import CaseSignal
from arcd.core.directory import Entry
from arcd.core.turn import Turn, text_in
from protocols.signals import Category, Signal, bare_address
from rules.model import Decision

GROUPS: dict[Category, str] = {
    Category.TAMPER: "intrusion",
    Category.INTRUSION: "intrusion",
    Category.DURESS: "holdup",
}


def open_or_join(
    turn: Turn, entry: Entry | None, signal: Signal, decision: Decision, *, account: str, fold_key: str = ""
) -> tuple[str, bool]:
    """The open case of the same matter, else a new one. Returns its id and whether it was there before."""
    if not fold_key:
        assert entry is not None
        fold_key = f"{entry.site.id}|{GROUPS.get(signal.category, signal.category.value)}"
    plan = turn.rules.plans[decision.plan]
    attached = case_signal(turn, entry, signal, account)
    standing = turn.state.cases.get(turn.state.folds.get(fold_key) or "")
    if standing is not None and standing.is_open:
        engine.join_case(turn, standing, attached, plan=plan, priority=decision.priority)
        return standing.id, True
    case = engine.open_case(
        turn,
        case_type=turn.rules.case_types[plan.case_type],
        fold_key=fold_key,
        site=entry.site if entry else None,
        title=text_in(plan.title, turn.centre.language),
        category=signal.category,
        priority=decision.priority,
        plan=plan,
        decision=decision,
        signal=attached,
    )
    return case.id, False


def case_signal(turn: Turn, entry: Entry | None, signal: Signal, account: str) -> CaseSignal:
    zone = entry.zones.get(bare_address(signal.zone)) if entry else None
    return CaseSignal(
        seq=turn.seq,
        at=turn.at,
        signal=signal,
        account=account,
        system_id=entry.system.id if entry else "",
        zone_name=zone[0].name if zone else "",
    )
