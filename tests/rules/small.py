"""A rule set of the fewest files that load, for tests that add one thing to it."""

from __future__ import annotations

from protocols.signals import Category, Qualifier, Scheme, Signal
from rules.loader import load
from rules.model import SiteView, View
from rules.problems import Severity

CASE = """\
case: alarm
requires: 1
version: 1
title: {fi: H, sv: L, en: A}
initial: new
states: {new: {fi: Uusi, sv: Ny, en: New}, closed: {fi: Kiinni, sv: Stängd, en: Closed}}
moves:
  - {name: close, title: {fi: Sulje, sv: Stäng, en: Close}, sources: [new], target: closed, closes: true}
clocks:
  - {name: acknowledge, states: [new], targets_s: {"*": [90, 180]}}
"""


def plan(name: str, priority: str = "P2", *, opens_case: bool = True, more: str = "") -> str:
    steps = "steps: [{id: look, kind: close, title: {fi: Katso, sv: Titta, en: Look}}]\n" if opens_case else ""
    return (
        f"plan: {name}\nrequires: 1\nversion: 1\ntitle: {{fi: S, sv: P, en: P}}\n"
        f"priority: {priority}\nopens_case: {str(opens_case).lower()}\n{more or steps}"
    )


ROOT = """\
pack: root
requires: 1
order: 999
root: {plan: unclassified, life_safety: life-safety, unknown_account: stranger}
"""

SMALL = {
    "cases/alarm.yaml": CASE,
    "packs/root.yaml": ROOT,
    "plans/unclassified.yaml": plan("unclassified"),
    "plans/life-safety.yaml": plan("life-safety", "P0"),
    "plans/stranger.yaml": plan("stranger"),
    "plans/log.yaml": plan("log", "P5", opens_case=False),
    "plans/guard.yaml": plan("guard", "P1"),
}


def pack(routes: str, *, name: str = "x", head: str = "", tests: str = "") -> str:
    """A pack of one-line routes (`name | when | plan`) with a test for each."""
    lines = [f"pack: {name}", "requires: 1", *head.splitlines(), "routes:"]
    made = []
    for line in routes.strip().splitlines():
        route, when, plan_name = (part.strip() for part in line.split("|"))
        lines.append(f"  - {{name: {route}, desc: d, why: R-3, when: {when}, plan: {plan_name}}}")
        made.append(f"  - {{name: {route}, signal: {{code: BA}}, expect: {{route: {name}/{route}}}}}")
    return "\n".join([*lines, "tests:", *made, tests]) + "\n"


def problems(*added: tuple[str, str], severity: Severity | None = None) -> list[str]:
    """What loading says about SMALL with files added or replaced."""
    loaded = load({**SMALL, **dict(added)})
    assert (loaded.ruleset is None) == any(problem.severity is Severity.ERROR for problem in loaded.problems)
    return [str(problem) for problem in loaded.problems if severity is None or problem.severity is severity]


def signal(category: Category = Category.INTRUSION, qualifier: Qualifier = Qualifier.NEW, code: str = "BA") -> Signal:
    return Signal(scheme=Scheme.SIA, code=code, category=category, qualifier=qualifier)


SITE_VIEW = View(
    site=SiteView(id="S-1", kind="shop", groups=("shops", "north"), tags=("high_risk",), services=("guard",))
)
