from __future__ import annotations

import msgspec
import pytest

from protocols.signals import Category, Qualifier
from rules.loader import load
from rules.packtest import run, signal_of, view_of
from rules.paths import ValueFault
from rules.schema import PackTest, TestSignal
from rules.vocabulary import ARCD_CODES
from tests.rules.small import SMALL, pack


def _as_yaml(**fields: str) -> TestSignal:
    return TestSignal.model_validate_json(msgspec.json.encode(fields))


def test_a_failure_says_where_and_what_differed() -> None:
    text = pack(
        "a | {signal.category: intrusion} | guard",
        tests="  - {name: wrong, signal: {code: BA}, expect: {plan: log}, expect_not: {priority: P1}}",
    )
    ruleset = load({**SMALL, "packs/x.yaml": text}).ruleset
    assert ruleset is not None
    good, bad = run(ruleset)
    assert good.passed
    assert str(good) == "packs/x.yaml:6: ok: x: a"
    assert not bad.passed
    assert str(bad).splitlines() == [
        "packs/x.yaml:7: FAILED: x: wrong",
        "    plan: expected log, got guard",
        "    priority: must not be P1",
    ]


def test_a_signal_takes_its_meaning_from_the_code_table() -> None:
    assert signal_of(TestSignal(code="BR")).qualifier is Qualifier.RESTORE
    burglary = signal_of(_as_yaml(scheme="contact_id", code="130", zone="3"))
    assert (burglary.category, burglary.qualifier, burglary.zone) == (Category.INTRUSION, Qualifier.NEW, "3")
    given = signal_of(TestSignal(code="ZQ9", category=Category.FIRE, qualifier=Qualifier.STATUS))
    assert (given.category, given.qualifier) == (Category.FIRE, Qualifier.STATUS)
    with pytest.raises(ValueFault, match="is in no table of scheme opaque"):
        signal_of(_as_yaml(scheme="opaque", code="BA"))


def test_every_code_of_our_own_has_a_category() -> None:
    for code, category in ARCD_CODES.items():
        assert signal_of(_as_yaml(scheme="arcd", code=code)).category is category


def test_the_situation_of_a_test_becomes_the_view() -> None:
    test = PackTest.model_validate_json(
        """{"name": "t", "signal": {"code": "BA"}, "site": {"kind": "bank", "tags": "a", "groups": ["g"]},
        "zone": {"number": 3, "kind": "pir"}, "system": {"kind": "fire"},
        "state": {"armed": false, "verification": 3, "open_categories": ["fire"]},
        "time": {"weekday": "sun", "at": "03:12", "holiday": true}}"""
    )
    view = view_of(test)
    assert view.site is not None
    assert (view.site.kind, view.site.tags, view.site.groups) == ("bank", ("a",), ("g",))
    assert view.zone is not None
    assert (view.zone.number, view.zone.kind) == ("3", "pir")
    assert (view.system_kind, view.armed, view.verification) == ("fire", False, 3)
    assert view.open_categories == {Category.FIRE}
    assert (view.weekday, view.minute, view.is_holiday) == (6, 192, True)
