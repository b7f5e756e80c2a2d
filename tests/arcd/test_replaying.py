"""The past under other rules: told again exactly, compared decision by decision, and what it cannot tell is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from arcd.core.record import StepRecord
from arcd.replaying import EXAMPLES_MAX, PROGRESS_ENTRIES, Change, Replay, Replayed, plain, replay_file
from arcd.store import Batch, Entry, StoreError
from arcd.store.sqlite import SqliteStore
from protocols.signals import Category
from rules.model import Priority, Reason
from tests.arcd.past import Past, ruleset
from tests.playbook import Panel
from tests.sites import QUIET, a_site, plan, rules

BASE = rules()


def replayed(past: Past | Iterable[Entry], changed: Mapping[str, str], *, since: int = 0) -> Replayed:
    told = Replay(ruleset(changed), since=since)
    for entry in past.entries() if isinstance(past, Past) else past:
        told.take(entry)
    return told.report()


def routed(routes: Mapping[str, str], *plans: str) -> dict[str, str]:
    return rules(plans, routes)


def one_change(report: Replayed) -> Change:
    [change] = report.changes
    return change


# ------------------------------------------------------------------------------------------------- the same, the same

codes = st.sampled_from(["BA", "BR", "FA", "HA", "OP", "CL", "TA", "YT", "ZZ", "BA/FA"])
happenings = st.lists(
    st.tuples(st.integers(0, 2), codes, st.sampled_from(["", "1", "03", "9"]), st.sampled_from([0.5, 40.0, 400.0])),
    max_size=12,
)


@given(happenings)
@settings(max_examples=25)
def test_under_the_same_rules_nothing_differs(happened: list[tuple[int, str, str, float]]) -> None:
    past = Past(BASE, sites=(a_site("S-1", account="1001"), a_site("S-2", account="1002")))
    panels = [Panel("1001"), Panel("1002"), Panel("7777")]  # nobody knows the third
    for panel, code, zone, pause_s in happened:
        past.happens(panels[panel].sia(code, zone=zone))
        past.later(pause_s)
    report = replayed(past, BASE)
    assert (report.differ, report.otherwise, report.untold, report.erased) == (0, 0, 0, 0)
    assert report.changes == ()
    assert report.plans == {}
    assert (report.entries, report.in_force) == (len(past.records), report.digest)


# -------------------------------------------------------------------------------------------------------- what differs


def test_decisions_that_differ_alike_are_counted_together_with_the_newest_examples() -> None:
    past = Past(BASE)
    panel = Panel()
    for _ in range(5):
        last = past.happens(panel.sia("BA", zone="3"))
        past.later(600)
    past.happens(panel.sia("FA", zone="1"))
    report = replayed(past, routed({"BA": "urgent"}))
    change = one_change(report)
    assert (change.count, report.differ, change.life_safety, change.worse) == (5, 5, 0, 0)
    assert (change.before.route, change.before.plan, change.before.priority) == ("x/ba", "look", Priority.P2)
    assert (change.after.plan, change.after.priority) == ("urgent", Priority.P0)
    assert len(change.examples) == EXAMPLES_MAX
    newest = change.examples[-1]
    assert (newest.site_id, newest.account, newest.code, newest.zone) == ("S-1", "1001", "BA", "3")
    assert newest.category is Category.INTRUSION
    assert newest.seq == last.seq


def test_another_route_with_the_same_answer_is_told_as_such() -> None:
    past = Past(BASE)
    past.happens(Panel().sia("BA", zone="3"))
    renamed = {
        **BASE,
        "packs/x.yaml": BASE["packs/x.yaml"].replace("name: ba", "name: intruder").replace("x/ba", "x/intruder"),
    }
    change = one_change(replayed(past, renamed))
    assert (change.before.route, change.after.route) == ("x/ba", "x/intruder")
    assert replace(change.after, route="x/ba") == change.before


@pytest.mark.parametrize(
    ("code", "changed", "worse"),
    [
        ("FA", routed({"FA": "urgent P1"}), 1),  # less urgent
        ("FA", routed({"FA": "log"}), 1),  # its route would only log it: the safe plan answers
        ("FA", routed({"FA": "other P0"}), 0),  # another plan of the same urgency
        ("HA", {**BASE, "o.yaml": "overlay: o\nrequires: 1\npacks: {x: {routes: {ha: {enabled: false}}}}\n"}, 1),
        ("BA", routed({"BA": "log"}), 0),  # no life depends on it
    ],
)
def test_worse_for_life_safety(code: str, changed: Mapping[str, str], worse: int) -> None:
    past = Past(BASE)
    past.happens(Panel().sia(code, zone="3"))
    report = replayed(past, changed)
    assert report.differ == 1
    assert report.worse == worse
    assert one_change(report).worse == worse


def test_what_is_worst_stands_first() -> None:
    past = Past(BASE)
    panel = Panel()
    for code in ("BA", "BA", "BA", "FA"):
        past.happens(panel.sia(code, zone="3"))
        past.later(600)
    report = replayed(past, routed({"BA": "urgent", "FA": "urgent P1"}))
    assert [change.before.route for change in report.changes] == ["x/fa", "x/ba"]


def test_a_plan_that_reads_otherwise_is_named_though_the_decision_is_the_same() -> None:
    past = Past(BASE)
    past.happens(Panel().sia("BA", zone="3"))
    past.later(600)
    past.happens(Panel().sia("OP"))
    changed = {**BASE, "plans/look.yaml": plan("look").replace("version: 1", "version: 2")}
    report = replayed(past, changed)
    assert report.differ == 0
    assert report.plans == {"look": 1}


# ------------------------------------------------------------------------------------------ exactly what was known then


def conditional(when: str) -> dict[str, str]:
    """BA goes to `urgent` where the condition holds, else nothing changes."""
    base = BASE["packs/x.yaml"].partition("routes:\n")[2].partition("tests:")[0]
    tests = BASE["packs/x.yaml"].partition("tests:\n")[2]
    special = "  - {name: special, signal: {code: BA}, expect: {route: x/special}}\n"
    lines = f"  - {{name: special, desc: d, why: w, when: {when}, plan: urgent}}\n"
    return {**BASE, "packs/x.yaml": f"pack: x\nrequires: 1\nroutes:\n{lines}{base}tests:\n{special}{tests}"}


@pytest.mark.parametrize(
    ("when", "differs"),
    [
        ("{signal.code: BA, state.armed: true}", [False, True, False]),
        ("{signal.code: BA, state.armed: unknown}", [True, False, False]),
        ("{signal.code: BA, state.open_categories: intrusion}", [False, True, True]),
        ("{signal.code: BA, zone.kind: pir}", [True, True, True]),
        ("{signal.code: BA, time.at: {between: ['14:05', '14:15']}}", [False, True, False]),
    ],
)
def test_the_changed_rules_are_asked_with_the_view_of_that_instant(when: str, differs: list[bool]) -> None:
    past = Past(BASE)  # it is 14:00 in Helsinki
    panel = Panel()
    alarms = [past.happens(panel.sia("BA", zone="3")).seq]
    past.later(60)
    past.happens(panel.sia("CL"))
    past.later(540)
    alarms.append(past.happens(panel.sia("BA", zone="3")).seq)
    past.happens(panel.sia("OP"))
    past.later(600)
    alarms.append(past.happens(panel.sia("BA", zone="3")).seq)
    report = replayed(past, conditional(when))
    told = {example.seq for change in report.changes for example in change.examples}
    assert [seq in told for seq in alarms] == differs


def test_before_since_only_the_state_is_made() -> None:
    past = Past(BASE)
    panel = Panel()
    past.happens(panel.sia("CL"))
    past.happens(panel.sia("BA", zone="3"))
    past.later(600)
    since = past.now
    past.happens(panel.sia("BA", zone="3"))
    report = replayed(past, conditional("{signal.code: BA, state.armed: true}"), since=since)
    assert (report.decisions, report.differ) == (1, 1), "armed long before"


def test_the_rules_of_then_are_those_of_then() -> None:
    past = Past(BASE)
    panel = Panel()
    past.happens(panel.sia("BA", zone="3"))
    past.later(600)
    past.rules(routed({"BA": "urgent"}))
    past.happens(panel.sia("BA", zone="3"))
    report = replayed(past, routed({"BA": "urgent"}))
    assert (report.decisions, report.differ, report.rules_changed) == (2, 1, 2)
    assert report.in_force == report.digest


# ----------------------------------------------------------------------------------------------- what cannot be told


def test_erased_entries_are_passed_over_and_counted() -> None:
    past = Past(BASE)
    panel = Panel()
    for _ in range(3):
        past.happens(panel.sia("BA", zone="3"))
        past.later(1)
    entries = past.entries()
    gone = [replace(entry, salt=None, payload=None) for entry in entries[-2:]]
    report = replayed([*entries[:-2], *gone], routed({"BA": "urgent"}))
    assert (report.erased, report.entries, report.decisions) == (2, len(entries), 1)


def test_without_the_first_rules_nothing_can_be_told_and_it_is_said() -> None:
    past = Past(BASE)
    past.happens(Panel().sia("BA", zone="3"))
    report = replayed(past.entries()[1:], BASE)
    assert (report.untold, report.decisions, report.in_force) == (len(past.records) - 1, 0, "")


def test_an_entry_of_another_format_is_passed_over() -> None:
    past = Past(BASE)
    past.happens(Panel().sia("BA", zone="3"))
    strange = replace(past.entries()[-1], seq=len(past.records) + 1, payload=b'{"fact":{"fact":"of_tomorrow"}}')
    assert replayed([*past.entries(), strange], BASE).untold == 1


def test_rules_that_no_longer_load_are_stood_in_for_and_the_journal_says_what_was_decided() -> None:
    past = Past(BASE)
    panel = Panel()
    past.rules(routed({"BA": "urgent"}))
    past.happens(panel.sia("BA", zone="3"))
    entries = past.entries()
    index = next(i for i, entry in enumerate(entries) if entry.kind == "rules_loaded" and i)
    payload = entries[index].payload
    assert payload is not None
    entries[index] = replace(entries[index], payload=payload.replace(b"requires: 1", b"requires: 9"))
    report = replayed(entries, BASE)
    assert len(report.unusable) == 1
    assert report.otherwise == 1
    change = one_change(report)
    assert (change.before.plan, change.after.plan) == ("urgent", "look"), "as it was really decided"


def test_a_task_the_machine_gave_to_people_on_the_way_is_no_other_decision() -> None:
    """The journal judges signals; the ticket about a source that runs away is decided on beside them."""
    noisy = replace(QUIET, runaway_count=2, runaway_window_s=300.0, runaway_bucket=9, runaway_refill_s=60.0)
    past = Past(BASE, sites=(a_site(conditioning=noisy),))
    panel = Panel()
    for _ in range(3):
        past.happens(panel.sia("BA", zone="3"))
        past.later(1.0)
    report = replayed(past, BASE)
    assert (report.decisions, report.otherwise, report.differ) == (3, 0, 0)


def test_a_decision_this_release_makes_otherwise_is_counted_and_the_journal_believed() -> None:
    past = Past(BASE)
    past.happens(Panel().sia("BA", zone="3"))
    entries = past.entries()
    payload = entries[-1].payload
    assert payload is not None
    record = msgspec.json.decode(payload, type=StepRecord)
    [judgement] = record.judgements
    assert judgement.decision is not None
    decided = replace(judgement.decision, priority=Priority.P1)
    told = replace(record, judgements=(replace(judgement, decision=decided),))
    entries[-1] = replace(entries[-1], payload=msgspec.json.encode(told))
    report = replayed(entries, BASE)
    assert (report.otherwise, report.differ) == (1, 1)
    assert one_change(report).before.priority is Priority.P1


# ------------------------------------------------------------------------------------------------------- from a file


async def test_a_file_is_replayed_beside_its_writer(tmp_path: Path) -> None:
    past = Past(BASE)
    panel = Panel()
    while len(past.records) <= PROGRESS_ENTRIES:
        past.happens(panel.sia("OP"))
        past.later(1)
    past.happens(panel.sia("BA", zone="3"))
    store = SqliteStore(tmp_path / "journal.sqlite")
    await store.open()
    seen: list[tuple[int, int]] = []
    try:
        await store.commit(Batch(records=past.records))
        path = tmp_path / "journal.sqlite"
        changed = ruleset(routed({"BA": "urgent"}))
        report = replay_file(path, changed, since=0, progress=lambda done, whole: seen.append((done, whole)))
    finally:
        await store.close()
    assert report == replayed(past, routed({"BA": "urgent"}))
    assert seen == [(PROGRESS_ENTRIES, len(past.records))]
    with pytest.raises(StoreError):
        replay_file(tmp_path / "nowhere", changed, since=0, progress=lambda done, whole: None)


def test_the_report_as_plain_values() -> None:
    past = Past(BASE)
    past.happens(Panel().sia("BA", zone="3"))
    value = plain(replayed(past, routed({"BA": "urgent"})))
    assert value["changes"][0]["examples"][0]["at"] == "2026-03-04T12:00:00Z"
    assert value["changes"][0]["before"]["reason"] == Reason.ROUTED.value
    msgspec.json.encode(value)
