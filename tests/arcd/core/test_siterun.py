from __future__ import annotations

from arcd.core.siterun import TRIGGERS_MAX, SiteRun, Trigger
from protocols.signals import Category


def trigger(seq: int, *, zone: str = "3", family: str = "BA", system_id: str = "s") -> Trigger:
    return Trigger(
        seq=seq, at=seq, system_id=system_id, zone=zone, area="1", family=family, category=Category.INTRUSION
    )


def test_the_oldest_of_a_system_zone_and_family_stands_first() -> None:
    run = SiteRun().with_trigger(trigger(1)).with_trigger(trigger(2)).with_trigger(trigger(3, zone="4"))
    standing = run.standing("s", "3", "BA")
    assert standing is not None
    assert standing.seq == 1
    assert [each.seq for each in run.without(standing).triggers] == [2, 3]
    assert run.standing("s", "3", "TA") is None
    assert run.standing("other", "3", "BA") is None


def test_beyond_the_limit_the_oldest_trigger_is_forgotten() -> None:
    run = SiteRun()
    for seq in range(TRIGGERS_MAX + 3):
        run = run.with_trigger(trigger(seq))
    assert len(run.triggers) == TRIGGERS_MAX
    assert run.triggers[0].seq == 3


def test_what_is_armed_is_kept_by_area() -> None:
    run = SiteRun().with_armed("s/1", True).with_armed("s/2", True).with_armed("s/1", False)
    assert run.armed == {"s/1": False, "s/2": True}
