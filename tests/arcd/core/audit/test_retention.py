"""Every kind of fact has exactly one class, and what proves the journal is in the one that stays."""

from __future__ import annotations

import typing

from arcd.core.audit.retention import CLASS_OF, DAYS_DEFAULT, RetentionClass, class_of, kinds_of
from arcd.core.facts import AnyFact


def test_every_kind_of_fact_has_one_class() -> None:
    kinds = {str(kind.__struct_config__.tag) for kind in typing.get_args(AnyFact)}
    assert set(CLASS_OF) == kinds
    listed = [kind for name in RetentionClass for kind in kinds_of(name)]
    assert len(listed) == len(set(listed))


def test_what_proves_the_journal_stays_and_has_no_days() -> None:
    assert {"audit_key_changed", "segment_sealed", "erasure_requested", "hold_requested"} <= set(
        kinds_of(RetentionClass.PERMANENT)
    )
    assert set(DAYS_DEFAULT) == set(RetentionClass) - {RetentionClass.PERMANENT}


def test_a_kind_of_tomorrow_is_kept_long() -> None:
    assert class_of("moon_landed") is RetentionClass.CONTRACT
