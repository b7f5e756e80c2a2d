"""How long a path may be silent, and how its reporting time is spent.

    last heard ──── silent_s ────▶ silent ── settle_s ──▶ somebody's matter ── margin ──▶ reporting time

One rule: silent, settled and margin together never exceed the reporting time, whatever a site base asks for.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.site import PathKind, System, TransmissionPath
from rules.ats_categories import BUDGET, CATEGORIES


class Limits(Struct, frozen=True, kw_only=True):
    """Seconds from the last frame on the path."""

    reporting_s: float  # the longest until its report
    silent_s: float  # from here on it is silent
    settle_s: float  # so long it is watched for a common cause before anybody is called


def limits_of(system: System, path: TransmissionPath, *, is_alone: bool = False) -> Limits:
    """`is_alone`: an alternative path whose primary is down (requirements 2.1: its limit is then another)."""
    reporting_s = _reporting_s(system, path, is_alone=is_alone)
    wanted = system.reporting
    settle_s = BUDGET.settle_s if wanted.settle_s is None else wanted.settle_s
    settle_s = min(settle_s, reporting_s * BUDGET.settle_part)
    margin_s = min(reporting_s * BUDGET.margin_part, BUDGET.margin_s_max)
    silent_s = reporting_s - settle_s - margin_s
    interval_s = path.interval_s
    if interval_s is not None and (path.kind is PathKind.PRIMARY or not is_alone):
        missed = BUDGET.missed if wanted.missed is None else wanted.missed
        grace_s = BUDGET.grace_s if wanted.grace_s is None else wanted.grace_s
        silent_s = min(silent_s, missed * interval_s + grace_s)
    return Limits(reporting_s=reporting_s, silent_s=silent_s, settle_s=settle_s)


def _reporting_s(system: System, path: TransmissionPath, *, is_alone: bool) -> float:
    assert system.category is not None, "only a system with a category is supervised"
    category, own = CATEGORIES[system.category], system.reporting
    primary_s = category.primary_s if own.primary_s is None else own.primary_s
    if path.kind is PathKind.PRIMARY:
        return primary_s
    if is_alone:
        return own.alternative_alone_s or category.alternative_alone_s or primary_s
    return own.alternative_s or category.alternative_s or primary_s
