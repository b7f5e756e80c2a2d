"""How long the content of each kind of entry is kept: every kind of fact has exactly one class.

One rule: what proves that the journal is whole is never erased. The days of the other classes are settings; their
defaults are requirements 2.8 (proposal: raw signals and incident log 2 years, operators' log 6 years; Act 1085/2015
section 73: assignment contracts 6 years from their end). A kind that nobody has classified is kept like a contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class RetentionClass(StrEnum):
    SIGNAL = "signal"  # what came over the wire, and what the machine did by itself
    INCIDENT = "incident"  # what people did with cases, flags and orders
    OPERATION = "operation"  # what operators and administrators did to the centre; reads of personal data
    CONTRACT = "contract"  # site data: kept while the site is in the base, and counted from its end
    PERMANENT = "permanent"  # keys, seals, holds, erasures: they stay as long as the chain does


_KINDS: Mapping[RetentionClass, tuple[str, ...]] = {
    RetentionClass.SIGNAL: (
        "frame_received", "frame_malformed", "accounts_heard", "lines_heard", "deadline_reached", "effect_reported",
        "step_failed", "paths_silent", "paths_heard_again", "forward_acknowledged",
    ),
    RetentionClass.OPERATION: (
        "started", "stopped", "clock_stepped", "daemon_troubled", "line_lost", "line_restored",
        "rules_loaded", "schedule_change_requested", "forward_switch_requested",
        "sensitive_read", "journal_verified", "journal_restored",
    ),
    RetentionClass.CONTRACT: ("centre_imported", "site_imported", "site_removed", "key_change_requested"),
    RetentionClass.PERMANENT: (
        "audit_key_changed", "segment_sealed", "prune_requested", "erasure_requested", "hold_requested",
    ),
    RetentionClass.INCIDENT: (
        "case_open_requested", "case_move_requested", "case_noted", "case_step_requested", "claim_renew_requested",
        "sla_clock_requested", "guard_answered", "authority_requested", "authority_called", "authority_answered",
        "authority_unreadable", "flag_start_requested", "flag_end_requested", "flag_noticed", "signal_promoted",
        "identity_checked", "operator_answered", "party_informed", "relay_requested",
    ),
}  # fmt: skip

CLASS_OF: Mapping[str, RetentionClass] = MappingProxyType(
    {kind: name for name, kinds in _KINDS.items() for kind in kinds}
)

# Days (requirements 2.8).
DAYS_DEFAULT: Mapping[RetentionClass, int] = MappingProxyType(
    {
        RetentionClass.SIGNAL: 730,
        RetentionClass.INCIDENT: 730,
        RetentionClass.OPERATION: 2190,
        RetentionClass.CONTRACT: 2190,
    }
)


def class_of(kind: str) -> RetentionClass:
    return CLASS_OF.get(kind, RetentionClass.CONTRACT)


def kinds_of(name: RetentionClass) -> tuple[str, ...]:
    return _KINDS[name]
