"""One tiny bad file per rule, and the exact line that is said about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.loader import FILES_MAX, load
from rules.problems import Severity
from tests.rules.small import CASE, ROOT, SMALL, pack, plan, problems

ROUTE = "a | {signal.category: test} | log"
TESTED = "tests: [{name: t, signal: {code: RP}, expect: {route: x/a}}]\n"


def test_the_small_rule_set_loads() -> None:
    loaded = load(SMALL)
    assert loaded.problems == ()
    assert loaded.ruleset is not None
    assert sorted(loaded.ruleset.plans) == ["guard", "life-safety", "log", "stranger", "unclassified"]


def _route(text: str) -> str:
    return f"pack: x\nrequires: 1\nroutes:\n  - {{name: a, desc: d, why: w, {text}}}\n{TESTED}"


OK = _route("when: {signal.category: test}, plan: log")

BAD_PACKS = [
    ("a: 1\n", "x.yaml:1:1: error: the file does not say what it is — begin with pack: NAME, plan: NAME, case: NAME"),
    ("[1]\n", "x.yaml:1:1: error: a rule file is a mapping — begin with pack: NAME"),
    ("pack: x\n", "x.yaml:1:1: error: the field requires is missing — add requires: …"),
    ("pack: x\nrequires: 2\n", "x.yaml:2:11: error: the file needs rule language 2; this release reads 1"),
    ("pack: X Y\nrequires: 1\n", "x.yaml:1:7: error: 'X Y' is no name — write lower case letters"),
    ("pack: x\nrequires: '1'\n", "x.yaml:2:11: error: requires must be a whole number — write digits without quotes"),
    ("pack: x\nrequires: 1\nroute: []\n", "x.yaml:3:1: error: unknown field route — did you mean routes?"),
    ("pack: x\nrequires: 1\norder: -1\n", "x.yaml:3:8: error: order: input should be greater than or equal to 0"),
    ("pack: x\nrequires: 1\nlayer: sites\n", "x.yaml:3:8: error: unknown layer sites — did you mean site? write site"),
    ("pack: x\nrequires: 1\nlayer: site\n", "x.yaml:3:8: error: a site pack names no site — add site: …"),
    ("pack: x\nrequires: 1\nlayer: group\n", "x.yaml:3:8: error: a group pack names no group — add group: …"),
    ("pack: x\nrequires: 1\nsite: S-1\n", "x.yaml:3:7: error: a general pack has no site — write layer: site"),
    ("pack: x\nrequires: 1\nroutes: 3\n", "x.yaml:3:9: error: routes must be a list"),
    ("pack: x\nrequires: 1\nlists: {a: x}\n", "x.yaml:3:12: error: a must be a list"),
    ("pack: root\nrequires: 1\n", "x.yaml:1:7: error: the pack root is already in packs/root.yaml — rename"),
    (_route("when: always"), "x.yaml:4:5: error: the field plan is missing — add plan: …"),
    (_route("plan: log"), "x.yaml:4:5: error: the field when is missing — add when: …"),
    (_route("when: {signal.category: test}, plan: lgo"), "x.yaml:4:69: error: there is no plan lgo — did you mean"),
    (_route("when: {signal.category: tset}, plan: log"), "x.yaml:4:56: error: unknown category tset — did you mean"),
    (_route("when: {signal.category: test}, plan: log, priority: P9"), "x.yaml:4:84: error: unknown priority P9 —"),
    (_route("when: {signal.category: test}, plan: log, prio: P1"), "x.yaml:4:74: error: unknown field prio — did"),
    (_route("when: {site.tags: $x}, plan: log"), "x.yaml:4:50: error: there is no list $x — define it"),
    (_route("when: {signal.life_safety: true}, plan: log"), "x.yaml:4:72: error: the plan log opens no case, and"),
    (_route("when: {signal.category: fire}, plan: guard, priority: P2"), "x.yaml:4:86: error: fire signals at P2:"),
    (_route("when: {signal.category: fire}, plan: unclassified"), "x.yaml:4:69: error: fire signals at P2: life"),
    (OK.replace("x/a", "root"), "x.yaml:4:12: error: the route x/a has no test — add a test with expect: {route: x/a}"),
    (OK.replace("RP", "R?"), "x.yaml:5:27: error: the code R? is in no table of scheme sia"),
    (OK.replace("route: x/a", "plan: lag, route: x/a"), "x.yaml:5:54: error: there is no plan lag — did you mean log"),
    (OK.replace("RP", "RP, categry: x"), "x.yaml:5:38: error: unknown field categry — did you mean category?"),
    (OK.replace("RP}", "RP}, site: unknwon"), "x.yaml:5:45: error: site must be a mapping — write {kind: shop"),
    (OK, ""),
    (pack(f"{ROUTE}\n{ROUTE}").replace("- {name: a, signal", "- {name: b, signal", 1), "x.yaml:5:12: error: two"),
    (pack(ROUTE, tests="  - {name: a, signal: {code: RP}, expect: {plan: log}}"), "x.yaml:7:12: error: two tests"),
    (pack(ROUTE, tests="  - {name: b, signal: {code: RP}}"), "x.yaml:7:5: error: the test b expects nothing — add"),
    (ROOT.replace("pack: root", "pack: x"), "x.yaml:4:1: error: the pack root already has the root — keep one of"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BAD_PACKS)
def test_bad_packs(text: str, expected: str) -> None:
    found = problems(("x.yaml", text), severity=Severity.ERROR)
    if expected:
        assert len(found) == 1, found
        assert found[0].startswith(expected)
    else:
        assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROOT.replace("unclassified", "log"), "the plan log opens no case, and the root must"),
        (
            ROOT.replace("unclassified", "unclasified"),
            "there is no plan unclasified, and the root cannot do without — did",
        ),
        (ROOT.replace("life_safety: life-safety", "life_safety: guard"), "the plan guard is P1, and life safety is P0"),
        (ROOT.replace("life_safety: life-safety, ", ""), "the field life_safety is missing"),
    ],
)
def test_bad_roots(text: str, expected: str) -> None:
    (found,) = problems(("packs/root.yaml", text))
    assert expected in found


def test_no_root_at_all() -> None:
    (found,) = problems(("packs/root.yaml", "pack: root\nrequires: 1\n"))
    assert found.startswith("rules:1:1: error: no pack has a root — add root:")


def test_a_test_names_a_route_that_exists() -> None:
    untested, missing = problems(("x.yaml", OK.replace("x/a", "x/b")))
    assert "the route x/a has no test" in untested
    assert missing.startswith("x.yaml:5:55: error: there is no route x/b — did you mean x/a? write x/a instead")


def test_every_error_of_every_file_is_reported_at_once() -> None:
    found = problems(
        ("a.yaml", _route("when: {signal.category: tset, site.id: ''}, plan: nowhere")),
        ("b.yaml", "pack: b\nrequires: 1\nx: 1\ny: 2\n"),
        ("c.yaml", plan("c", "P7")),
        ("d.yaml", "case: d\nrequires: 1\n"),
    )
    assert [line.split(": ")[0].split(":")[0] for line in found].count("a.yaml") == 3
    assert sum(line.startswith("b.yaml") for line in found) == 2
    assert sum(line.startswith("c.yaml") for line in found) == 1
    assert sum(line.startswith("d.yaml") for line in found) == 5
    assert found == sorted(found, key=lambda line: (line.split(":")[0], int(line.split(":")[1])))


def test_a_file_that_cannot_be_read_brings_no_follow_up_errors() -> None:
    assert len(problems(("plans/log.yaml", "plan: ["), ("x.yaml", pack(ROUTE)))) == 1
    assert len(problems(("cases/alarm.yaml", "case: ["))) == 1


def test_a_plan_with_problems_of_its_own_is_still_there() -> None:
    found = problems(("plans/log.yaml", plan("log", "P9")), ("x.yaml", pack(ROUTE)))
    assert [line.split(":")[0] for line in found] == ["plans/log.yaml"]


def test_plans_name_case_types_that_exist() -> None:
    (found,) = problems(("plans/guard.yaml", plan("guard").replace("opens_case", "case_type: alrm\nopens_case")))
    assert found.startswith("plans/guard.yaml:6:12: error: there is no case type alrm — did you mean alarm?")


def test_too_many_files() -> None:
    loaded = load({f"{i}.yaml": "" for i in range(FILES_MAX + 1)})
    assert "2001 files are more than 2000" in str(loaded.problems[0])


def test_the_same_texts_are_read_once() -> None:
    assert load(SMALL) is load(dict(SMALL))


def test_file_names_and_order_do_not_matter_but_the_digest_sees_every_byte() -> None:
    one = load(SMALL).ruleset
    other = load(dict(reversed(SMALL.items()))).ruleset
    changed = load({**SMALL, "cases/alarm.yaml": CASE + "\n"}).ruleset
    assert one is not None
    assert other is not None
    assert changed is not None
    assert one.digest == other.digest
    assert one.digest != changed.digest
    assert one.sources == SMALL


@given(
    st.dictionaries(
        st.sampled_from(sorted(SMALL)), st.text(max_size=60) | st.sampled_from(sorted(SMALL.values())), max_size=3
    )
)
def test_loading_never_raises(replaced: dict[str, str]) -> None:
    loaded = load({**SMALL, **replaced})
    assert (loaded.ruleset is None) == any(problem.severity is Severity.ERROR for problem in loaded.problems)


@given(st.data())
def test_a_file_damaged_anywhere_is_reported_not_raised(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(SMALL)))
    text = SMALL[name]
    at = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.sampled_from(["", "{", "]", ":", "\n", "- ", "'", "null", "&a ", "\t"]))
    load({**SMALL, name: text[:at] + damage + text[at + 1 :]})
