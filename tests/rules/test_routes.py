from __future__ import annotations

import pytest

from rules.model import SiteView, View
from rules.routes import Layer, Pack, traced
from tests.rules.small import SITE_VIEW, pack, signal
from tests.rules.test_engine import rules_of


@pytest.mark.parametrize(
    ("layer", "scopes", "expected"),
    [
        (Layer.GENERAL, (), [True, True]),
        (Layer.GROUP, ("north", "south"), [True, False]),
        (Layer.GROUP, ("south",), [False, False]),
        (Layer.SITE, ("S-1",), [True, False]),
        (Layer.SITE, ("S-2",), [False, False]),
    ],
)
def test_whom_a_pack_is_for(layer: Layer, scopes: tuple[str, ...], expected: list[bool]) -> None:
    made = Pack(name="x", layer=layer, scopes=scopes, order=1, routes=())
    assert [made.applies_to(view) for view in (SITE_VIEW, View())] == expected


def test_precedence_is_layer_then_order_then_name() -> None:
    def made(name: str, layer: Layer, order: int) -> Pack:
        return Pack(name=name, layer=layer, scopes=(), order=order, routes=())

    packs = [
        made("b", Layer.GENERAL, 1),
        made("z", Layer.SITE, 9),
        made("a", Layer.GENERAL, 1),
        made("c", Layer.GROUP, 0),
    ]
    assert [one.name for one in sorted(packs, key=lambda one: one.precedence)] == ["z", "c", "a", "b"]


def test_the_walk_writes_down_what_it_looked_at() -> None:
    rules = rules_of(
        ("x.yaml", pack("a | {site.kind: bank} | guard\nb | {site.kind: shop} | guard\nc | always | guard"))
    )
    (made,) = [one for one in rules.packs if one.name == "x"]
    steps: list[object] = []
    found = traced(made.routes, signal(), View(site=SiteView(id="S", kind="shop")), steps)  # type: ignore[arg-type] # – only looked at
    assert found is not None
    assert found.path == "x/b"
    assert [str(getattr(step, "failing", "")) for step in steps] == ["site.kind: bank (is shop)", ""]
