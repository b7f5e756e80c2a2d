from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.model import Case, CaseNote, Dispatch, DispatchStatus
from arcd.core.conditioning.closing import is_untouched

CASE = Case(id="C1", type="alarm", state="new", site_id="S-1", fold_key="", title="x")


def with_dispatch(status: DispatchStatus) -> Case:
    return replace(CASE, dispatches=(Dispatch(step_id="d", guard_ids=("g1",), decided_at=0, status=status),))


def test_nobody_has_begun() -> None:
    assert is_untouched(CASE)


def test_what_a_person_has_touched() -> None:
    assert not is_untouched(replace(CASE, acknowledged_at=1))
    assert not is_untouched(replace(CASE, owner="os:matti"))
    assert not is_untouched(replace(CASE, opened_by="os:matti"))
    assert not is_untouched(replace(CASE, notes=(CaseNote(at=1, by="os:matti", text="x"),)))
    assert not is_untouched(replace(CASE, closed_at=1))


def test_a_guard_who_has_taken_it_has_begun() -> None:
    asked = {DispatchStatus.OFFERED, DispatchStatus.EXHAUSTED, DispatchStatus.CANCELLED}
    for status in DispatchStatus:
        assert is_untouched(with_dispatch(status)) is (status in asked), status
