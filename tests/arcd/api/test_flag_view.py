from __future__ import annotations

from arcd.api.flag_view import flag_view
from arcd.core.facts import FlagKind, Scope
from arcd.core.flags.model import Flag
from protocols.signals import Category
from tests.arcd.api.desk import FakeDesk

NS = 1_000_000_000
AT = 1_767_225_600 * NS
FLAG = Flag(
    id="F9",
    kind=FlagKind.ON_TEST,
    site_id="K-1",
    scope=Scope(zones=("3",), categories=(Category.FIRE,)),
    starts_at=AT,
    until=AT + 60 * NS,
    reason="koestus",
    placed_by="os:x",
    held=2,
    heard={"panel/3": 2},
)


async def test_a_flag_is_in_force_from_its_start_to_its_end(desk: FakeDesk) -> None:
    assert [flag_view(desk.state, FLAG, AT + second * NS).in_force for second in (-1, 0, 59, 60)] == [
        False,
        True,
        True,
        False,
    ]


async def test_a_flag_says_what_it_holds_and_has_heard(desk: FakeDesk) -> None:
    view = flag_view(desk.state, FLAG, AT)
    assert (view.scope.zones, view.scope.categories, view.scope.systems) == (["3"], [Category.FIRE], [])
    assert (view.held, view.heard) == (2, {"panel/3": 2})
    assert view.until_local == "01.01.2026 02:01:00"


async def test_a_flag_outlives_its_site(desk: FakeDesk) -> None:
    desk.state.sites.drop("K-1")
    assert flag_view(desk.state, FLAG, AT).site_name == ""
