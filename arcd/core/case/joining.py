"""From a decided signal to its case: the open one of the same matter, else a new one.

One rule: one case per site and group while it is open (requirements 4.1); what the same people answer goes together.
"""

from __future__ import annotations

from arcd.core.case import engine
from arcd.core.case.model import Case, CaseSignal
from arcd.core.directory import Entry
from arcd.core.turn import Turn, text_in
from protocols.signals import Category, Signal, bare_address
from rules.model import Decision

GROUPS: dict[Category, str] = {category: category.value for category in Category} | {
    Category.TAMPER: "intrusion",
    Category.DURESS: "holdup",
}


def open_or_join(
    turn: Turn,
    entry: Entry | None,
    signal: Signal,
    decision: Decision,
    *,
    account: str,
    fold_key: str = "",
    attached: CaseSignal | None = None,
    verification: int = 0,
    evidence: tuple[str, ...] = (),
) -> tuple[str, bool]:
    """The open case of the same matter, else a new one. Returns its id and whether it was there before.

    `attached` is the signal as the case keeps it, where it did not come with this very entry.
    """
    if not fold_key:
        assert entry is not None
        fold_key = group_key(entry.site.id, signal.category)
    plan = turn.rules.plans[decision.plan]
    attached = attached or case_signal(turn, entry, signal, account)
    standing = _open_case(turn, fold_key)
    if standing is not None:
        engine.join_case(
            turn, standing, attached,
            plan=plan, priority=decision.priority, verification=verification, evidence=evidence,
        )  # fmt: skip
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
        verification=verification,
        evidence=evidence,
    )
    return case.id, False


def group_key(site_id: str, category: Category) -> str:
    return f"{site_id}|{GROUPS[category]}"


def group_case(turn: Turn, entry: Entry, category: Category) -> Case | None:
    """The open case that a signal of this category would join."""
    return _open_case(turn, group_key(entry.site.id, category))


def _open_case(turn: Turn, fold_key: str) -> Case | None:
    case = turn.state.cases.get(turn.state.folds.get(fold_key) or "")
    return case if case is not None and case.is_open else None


def case_signal(
    turn: Turn,
    entry: Entry | None,
    signal: Signal,
    account: str,
    *,
    seq: int | None = None,
    at: int | None = None,
    delayed_s: float = 0.0,
) -> CaseSignal:
    """A signal as its case keeps it; it came with the entry of this turn unless another is named."""
    zone = entry.zones.get(bare_address(signal.zone)) if entry else None
    return CaseSignal(
        seq=turn.seq if seq is None else seq,
        at=turn.at if at is None else at,
        signal=signal,
        account=account,
        system_id=entry.system.id if entry else "",
        zone_name=zone[0].name if zone else "",
        delayed_s=delayed_s,
    )
