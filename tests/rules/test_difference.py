"""Differences are told thing by thing, by what works after the overlays and not by how it was written."""

from __future__ import annotations

from rules import shipped
from rules.difference import compare
from rules.loader import Loaded, load
from tests.sites import ROOT, pack, plan, rules


def loaded(sources: dict[str, str]) -> Loaded:
    made = load(sources)
    assert made.ruleset is not None, [str(problem) for problem in made.problems]
    return made


BASE = rules()
BEFORE = loaded(BASE)

OVERLAY = "overlay: here\nrequires: 1\n"


def changed(**files: str) -> list[tuple[str, str, object, object]]:
    """(thing, field, before, after) of everything that differs from BASE."""
    found = compare(BEFORE, loaded({**BASE, **files}))
    assert not found.added
    assert not found.removed
    return [(str(each), field.field, field.before, field.after) for each in found.changed for field in each.fields]


def test_the_same_rules_written_otherwise_do_not_differ() -> None:
    moved = {f"elsewhere/{name}": f"# a comment\n{text}" for name, text in BASE.items()}
    assert not compare(BEFORE, loaded(moved))
    assert not compare(BEFORE, BEFORE)


def test_every_shipped_thing_is_compared() -> None:
    made = loaded(shipped.sources())
    nothing = compare(made, made)
    assert not nothing
    added = compare(BEFORE, made).added
    assert {each.kind for each in added} == {"plan", "pack", "list", "route"}


def test_a_thing_more_and_a_thing_less() -> None:
    more = {**BASE, "plans/new.yaml": plan("new")}
    found = compare(BEFORE, loaded(more))
    assert [str(each) for each in found.added] == ["plan new"]
    assert [str(each) for each in compare(loaded(more), BEFORE).removed] == ["plan new"]


def test_fields_texts_and_steps_of_a_plan() -> None:
    other = plan("look", "- {id: finish, kind: close, title: {fi: P, sv: A, en: End}, mandatory: true}", priority="P1")
    assert changed(**{"plans/look.yaml": other}) == [
        ("plan look", "priority", "P2", "P1"),
        ("plan look", "steps.finish.title.en", "Close", "End"),
    ]


def test_a_step_put_in_between_changes_their_order() -> None:
    steps = (
        "- {id: first, kind: wait, title: {fi: O, sv: V, en: Wait}, timeout_s: 5}\n"
        "- {id: finish, kind: close, title: {fi: P, sv: A, en: Close}, mandatory: true}"
    )
    told = changed(**{"plans/look.yaml": plan("look", steps)})
    assert ("plan look", "order of steps", ["finish"], ["first", "finish"]) in told
    assert ("plan look", "steps.first.kind", None, "wait") in told


def test_routes_by_their_path_and_conditions_as_a_whole() -> None:
    overlay = (
        "packs:\n  x:\n    routes:\n      ba: {replace: {priority: P1, when: {all: [{signal.code: BA}]}}}\n"
        "      fa: {enabled: false}\n"
    )
    assert changed(**{"o.yaml": OVERLAY + overlay}) == [
        ("route x/ba", "when", {"signal.code": "BA"}, {"all": [{"signal.code": "BA"}]}),
        ("route x/ba", "priority", None, "P1"),
        ("route x/fa", "enabled", True, False),
    ]


def test_the_order_of_routes_is_a_difference_because_the_first_match_wins() -> None:
    routes = {"BA": "look", "FA": "urgent"}
    before, after = (
        load({**BASE, "packs/x.yaml": pack(order)}) for order in (routes, dict(reversed(list(routes.items()))))
    )
    [told] = compare(before, after).changed
    assert str(told) == "pack x"
    assert [(field.before, field.after) for field in told.fields] == [(["ba", "fa"], ["fa", "ba"])]


def test_lists_and_the_root() -> None:
    lists = pack({"BA": "look"}).replace("routes:", "lists: {doors: [1, 2]}\nroutes:", 1).replace("BA}", "$doors}", 1)
    before = loaded({**BASE, "packs/x.yaml": lists})
    after = loaded(
        {
            **BASE,
            "packs/x.yaml": lists.replace("[1, 2]", "[2, 3]"),
            "packs/root.yaml": ROOT.replace("plan: other", "plan: look"),
        }
    )
    told = {str(each): each.fields for each in compare(before, after).changed}
    assert [(each.field, each.before, each.after) for each in told["list x/doors"]] == [("values", [1, 2], [2, 3])]
    assert [(each.field, each.before, each.after) for each in told["pack root"]] == [("root.plan", "other", "look")]


def test_a_plan_switched_off_is_gone() -> None:
    found = compare(BEFORE, loaded({**BASE, "o.yaml": OVERLAY + "plans: {look: {enabled: false}}\n"}))
    assert [str(each) for each in found.removed] == ["plan look"]


def test_case_types_move_by_move() -> None:
    name = "cases/alarm.yaml"
    text = BASE[name].replace("name: acknowledge", "name: take", 1)
    assert text != BASE[name]
    found = compare(BEFORE, loaded({**BASE, name: text}))
    fields = {field.field for each in found.changed for field in each.fields}
    assert [str(each) for each in found.changed] == ["case alarm"]
    assert any("take" in field for field in fields)
