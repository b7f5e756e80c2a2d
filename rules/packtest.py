"""The tests people write inside their packs: a signal, a situation, and what must and must not be decided.

One rule: a test runs through the same `decide` as a real signal, and a failure says where it stands and what differed.
"""

from __future__ import annotations

from msgspec import Struct

from protocols.event_codes import lookup_contact_id, lookup_sia
from protocols.signals import Category, Qualifier, Scheme, Signal
from rules.engine import PlacedTest, RuleSet
from rules.model import Decision, SiteView, View, ZoneView
from rules.paths import WEEKDAYS, ValueFault, clock_minute
from rules.schema import Expectation, PackTest, TestSignal
from rules.vocabulary import ARCD_CODES

# Any instant: the calendar of a test is in its view. 2025-01-01T00:00:00Z.
NOW = 1_735_689_600_000_000_000


class PackTestResult(Struct, frozen=True, kw_only=True):
    pack: str
    name: str
    file: str
    line: int
    passed: bool
    differences: tuple[str, ...] = ()
    decision: Decision

    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        text = f"{self.file}:{self.line}: {verdict}: {self.pack}: {self.name}"
        return "\n".join([text, *(f"    {difference}" for difference in self.differences)])


def run(ruleset: RuleSet) -> tuple[PackTestResult, ...]:
    return tuple(_run_one(ruleset, placed) for placed in ruleset.tests)


def _run_one(ruleset: RuleSet, placed: PlacedTest) -> PackTestResult:
    test = placed.test
    decision = ruleset.decide(signal_of(test.signal), view_of(test), NOW)
    differences = tuple(
        [
            f"{name}: expected {wanted}, got {got}"
            for name, wanted, got in _pairs(test.expect, decision)
            if wanted != got
        ]
        + [f"{name}: must not be {wanted}" for name, wanted, got in _pairs(test.expect_not, decision) if wanted == got]
    )
    return PackTestResult(
        pack=placed.pack,
        name=test.name,
        file=placed.file,
        line=placed.line,
        passed=not differences,
        differences=differences,
        decision=decision,
    )


def _pairs(expectation: Expectation, decision: Decision) -> list[tuple[str, object, object]]:
    """(name, wanted, got) of every field the author wrote."""
    return [(name, getattr(expectation, name), getattr(decision, name)) for name in expectation.model_fields_set]


def signal_of(shape: TestSignal) -> Signal:
    """Raises ValueFault when the code is in no table and no category is given."""
    category, qualifier, family = _meaning(shape)
    return Signal(
        scheme=shape.scheme,
        code=shape.code,
        category=category,
        qualifier=shape.qualifier or qualifier,
        family=family,
        area=shape.area,
        zone=shape.zone,
        user=shape.user,
        text=shape.text,
    )


def _meaning(shape: TestSignal) -> tuple[Category, Qualifier, str]:
    if shape.scheme is Scheme.ARCD:
        category = shape.category or ARCD_CODES.get(shape.code)
        family = shape.code
        qualifier = Qualifier.NEW
    else:
        code = {Scheme.SIA: lookup_sia, Scheme.CONTACT_ID: lookup_contact_id}.get(shape.scheme, lambda _: None)(
            shape.code
        )
        category = shape.category or (code.category if code else None)
        family = code.family if code else ""
        qualifier = (code.qualifier if code else None) or Qualifier.NEW
    if category is None:
        raise ValueFault(
            f"the code {shape.code or '(none)'} is in no table of scheme {shape.scheme}",
            "correct it, or give the category: as well (category: unknown for a code nobody knows)",
        )
    return category, qualifier, family


def view_of(test: PackTest) -> View:
    site = test.site
    zone = test.zone
    return View(
        site=None
        if site is None
        else SiteView(id=site.id, kind=site.kind, groups=site.groups, tags=site.tags, services=site.services),
        zone=None if zone is None else ZoneView(number=zone.number, name=zone.name, kind=zone.kind, tags=zone.tags),
        system_kind=test.system.kind,
        armed=test.state.armed,
        verification=test.state.verification,
        open_categories=frozenset(test.state.open_categories),
        weekday=WEEKDAYS.index(test.time.weekday),
        minute=clock_minute(test.time.at),
        is_holiday=test.time.holiday,
    )
