from __future__ import annotations

import msgspec

from protocols.signals import Category, Qualifier
from rules.draft import PackDraft, draft_pack
from rules.routes import Layer
from rules.schema import PackShape
from rules.yaml_source import read

TEXT = """\
pack: x
requires: 1
layer: site
site: [S-1, S-2]
routes:
  - name: a
    desc: d
    why: w
    when: {signal.category: [fire, test]}
    plan: log
    routes:
      - {name: b, desc: d, why: w, when: {signal.life_safety: true, signal.qualifier: restore}, plan: log}
      - name: c
        desc: d
        why: w
        enabled: false
        when: {no.such: path}
        plan: log
        routes: [{name: d, desc: d, why: w, when: always, plan: log}]
"""


def drafted(text: str) -> PackDraft:
    root = read(text, "f.yaml").root
    assert root is not None
    return draft_pack(PackShape.model_validate_json(msgspec.json.encode(root.plain())), root)


def test_a_route_pins_what_everything_above_it_pins() -> None:
    draft = drafted(TEXT)
    a, b = draft.walk()
    assert (a.path, b.path) == ("x/a", "x/a/b")
    assert a.categories == {Category.FIRE, Category.TEST}
    assert b.categories == {Category.FIRE}
    assert b.qualifiers == {Qualifier.RESTORE}
    assert (draft.layer, draft.scopes) == (Layer.SITE, ("S-1", "S-2"))


def test_what_is_switched_off_is_left_out_with_everything_below_it_and_not_judged() -> None:
    draft = drafted(TEXT)
    assert draft.disabled == {"x/a/c", "x/a/c/d"}
    assert draft.problems == ()


def test_a_fault_is_put_at_its_line() -> None:
    (problem,) = drafted(TEXT.replace("enabled: false", "enabled: true")).problems
    assert (problem.line, problem.column) == (17, 16)
    assert problem.message == "nothing is called no.such"
