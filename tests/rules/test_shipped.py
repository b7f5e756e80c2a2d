"""The packs, plans and case types that come with arcd keep their promises to the people who rely on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from protocols.event_codes import STANDARD
from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal
from rules import packtest, shipped
from rules.loader import load
from rules.model import CaseType, Plan, Priority, Reason, Step, StepKind, View
from rules.vocabulary import ARCD_CODES, LANGUAGES
from tests.rules.small import SITE_VIEW
from tests.rules.test_engine import NOW, shipped_rules

PLANS = sorted(shipped_rules().plans)


def test_they_load_without_a_word() -> None:
    assert [str(problem) for problem in load(shipped.sources()).problems] == []
    assert {name.split("/")[0] for name in shipped.sources()} == {"cases", "packs", "plans"}


def test_every_test_in_every_pack_passes() -> None:
    results = packtest.run(shipped_rules())
    assert len(results) > 80
    assert [str(result) for result in results if not result.passed] == []


def _texts(thing: object) -> Iterator[dict[str, str]]:
    if isinstance(thing, dict):
        if set(thing) & set(LANGUAGES):
            yield thing
        else:
            for value in thing.values():
                yield from _texts(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from _texts(value)
    elif hasattr(thing, "__struct_fields__"):
        for field in thing.__struct_fields__:
            yield from _texts(getattr(thing, field))


def test_every_text_is_there_in_three_languages() -> None:
    rules = shipped_rules()
    texts = [*_texts(rules.plans), *_texts(rules.case_types)]
    for pack in rules.packs:
        routes = list(pack.routes)
        while routes:
            route = routes.pop()
            texts.append(route.desc)
            routes += route.children
    assert len(texts) > 400
    for text in texts:
        assert set(text) == set(LANGUAGES)
        assert len(set(text.values())) >= 2 or len(text["fi"]) < 12, (
            text
        )  # one sentence standing for three is for sites


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_that_opens_a_case_ends_with_a_person(name: str) -> None:
    plan = shipped_rules().plans[name]
    if not plan.opens_case:
        assert plan.name == "log"
        return
    assert plan.steps[-1].kind is StepKind.CLOSE
    duty = [step for step in plan.steps if step.recipients == "on_duty"]
    assert len(duty) == 1
    assert duty[0].automatic
    for step in plan.steps:
        if step.kind in {StepKind.CALL, StepKind.DISPATCH_GUARD} and step is not duty[0]:
            assert step.on_unreachable, f"{name}/{step.id} does not say what happens when nobody answers"
        if not step.automatic and step.kind is not StepKind.CLOSE and step.mandatory:
            assert step.timeout_s, f"{name}/{step.id} waits for its operator without end"


def _kinds(plan: Plan, kind: StepKind) -> list[Step]:
    return [step for step in plan.steps if step.kind is kind]


def test_duress_is_silent_towards_the_site() -> None:
    plan = shipped_rules().plans["duress"]
    allowed = {StepKind.NOTIFY_AUTHORITY, StepKind.DISPATCH_GUARD, StepKind.VIEW_CAMERAS, StepKind.ASK, StepKind.CLOSE}
    for step in plan.steps:
        assert step.kind in allowed or step.recipients == "on_duty", step.id


def test_authorities_hear_of_life_and_of_nothing_technical() -> None:
    """requirements 4.9: line and technical faults never go to the emergency centre."""
    plans = shipped_rules().plans
    told = {name for name, plan in plans.items() if _kinds(plan, StepKind.NOTIFY_AUTHORITY)}
    security = {"duress", "holdup", "intrusion", "intrusion-confirmed"}
    assert told == security | {"fire", "fire-erc-connected", "gas", "life-safety", "medical"}
    for name in ("fire", "gas", "holdup", "duress", "life-safety"):
        notify = StepKind.NOTIFY_AUTHORITY
        first = next(step for step in plans[name].steps if step.kind is notify or not step.automatic)
        assert first.kind is StepKind.NOTIFY_AUTHORITY, (
            f"{name}: the authority comes before anything else an operator does"
        )


def test_guards_are_sent_only_where_the_contract_has_them() -> None:
    for name in PLANS:
        for step in _kinds(shipped_rules().plans[name], StepKind.DISPATCH_GUARD):
            assert step.when is not None, f"{name}/{step.id}"
            assert "'site.services': 'guard_dispatch'" in str(step.when)


def test_priorities_are_those_of_the_field() -> None:
    """requirements 4.5."""
    wanted = {
        "life-safety": "P0", "fire": "P0", "fire-erc-connected": "P0", "gas": "P0", "holdup": "P0", "duress": "P0",
        "medical": "P0", "intrusion-confirmed": "P1", "supervision-high-risk": "P1", "system-trouble": "P1",
        "cancel-check": "P1", "intrusion": "P2", "tamper": "P2", "unclassified": "P2", "unknown-account": "P2",
        "relay-check": "P2", "receiver-line": "P1",
        "line-storm": "P2", "power-failure": "P3",
        "technical": "P3", "schedule-exception": "P3", "fire-trouble": "P3", "wire-trouble": "P3", "trouble": "P4",
        "supervision": "P4", "test-late": "P4", "service-call": "P5", "log": "P5",
    }  # fmt: skip
    assert {name: str(plan.priority) for name, plan in shipped_rules().plans.items()} == wanted


def _codes() -> Iterator[Signal]:
    for scheme, table in ((Scheme.SIA, STANDARD.sia), (Scheme.CONTACT_ID, STANDARD.contact_id)):
        for code in table.values():
            for qualifier in [code.qualifier] if code.qualifier else list(Qualifier):
                yield Signal(
                    scheme=scheme, code=code.code, category=code.category, qualifier=qualifier, family=code.family
                )
    for name, category in ARCD_CODES.items():
        yield Signal(scheme=Scheme.ARCD, code=name, category=category, qualifier=Qualifier.NEW)


def test_no_code_of_any_table_falls_to_the_root() -> None:
    rules = shipped_rules()
    for signal in _codes():
        decision = rules.decide(signal, SITE_VIEW, NOW)
        assert decision.reason is Reason.ROUTED, signal
        if signal.category in LIFE_SAFETY and signal.qualifier is not Qualifier.RESTORE:
            assert decision.opens_case
            assert not Priority.P1.is_more_urgent_than(decision.priority)


def test_what_the_daemon_says_about_itself_always_reaches_a_person() -> None:
    for name, category in ARCD_CODES.items():
        signal = Signal(scheme=Scheme.ARCD, code=name, category=category, qualifier=Qualifier.NEW)
        for view in (SITE_VIEW, View()):
            decision = shipped_rules().decide(signal, view, NOW)
            assert decision.opens_case, name
            assert decision.reason is Reason.ROUTED, name


def test_restores_ask_nothing_of_anyone_except_unknown_ones() -> None:
    for category in Category:
        signal = Signal(scheme=Scheme.SIA, code="QQ", category=category, qualifier=Qualifier.RESTORE)
        decision = shipped_rules().decide(signal, SITE_VIEW, NOW)
        assert decision.opens_case is (category is Category.UNKNOWN), category


@pytest.fixture
def alarm() -> CaseType:
    return shipped_rules().case_types["alarm"]


def test_the_alarm_is_acknowledged_in_time(alarm: CaseType) -> None:
    """requirements 4.5: P0 and P1 within 30 and 60 s, others 90 and 180 s."""
    (clock,) = alarm.clocks
    assert clock.states == ("new",)
    assert clock.targets_s == {"P0": (30, 60), "P1": (30, 60), "*": (90, 180)}


def test_an_alarm_closes_only_with_its_steps_done_and_a_disposition(alarm: CaseType) -> None:
    close = alarm.move("close")
    assert close is not None
    assert {"mandatory_steps", "disposition", "form_complete", "owner"} == set(close.gates)
    form = alarm.form("closing")
    assert form is not None
    disposition = form.fields[0]
    assert disposition.mandatory
    assert set(disposition.choices) >= {
        "real_intrusion", "real_fire", "user_error", "environmental", "equipment_fault", "test", "no_cause_found",
        "cancelled", "duplicate", "other",
    }  # fmt: skip
