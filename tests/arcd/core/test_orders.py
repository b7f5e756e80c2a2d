"""Whatever happens in whatever order: legal, illegal, late, twice, or failing in the middle.

Every step is held to `invariants`; every story is told again at its end, from the start and from a checkpoint. The
rules are the shipped ones, so that every shipped plan and case type is walked as well.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from arcd.core.case.calls import OUTCOMES
from arcd.core.case.dispatch import REPORT_FIELDS
from arcd.core.case.model import Case
from arcd.core.facts import (
    DAEMON,
    AccountsHeard,
    AnyFact,
    CaseNoted,
    CentreImported,
    ClockStepped,
    DaemonTroubled,
    EffectOutcome,
    FlagEndRequested,
    FlagKind,
    FlagStartRequested,
    FrameMalformed,
    GuardAnswer,
    JournalRestored,
    RulesLoaded,
    Scope,
    SiteImported,
    SiteRemoved,
    Started,
    StepFailed,
)
from arcd.core.site import Conditioning, Guard
from arcd.core.state import Table
from arcd.core.station import Station
from protocols.codec import Malformed, WireProfile
from protocols.signals import Category
from rules import shipped
from rules.model import FieldKind
from tests.arcd.core.audit.facts import ABOUT_THE_JOURNAL
from tests.arcd.core.case.test_engine import by_hand
from tests.playbook import COLLEAGUE, NS, OPERATOR, After, Panel, Playbook, guard, keyed_panel, move, outcome, step
from tests.sites import GUARDS, KEY, a_centre, a_site

SERVICES = ("guard_dispatch", "video", "maintenance", "announcements", "service_request")
SITES = (
    a_site("S-1", services=SERVICES, guards=("g1", "g2", "g3", "mute"), conditioning=Conditioning()),
    a_site("S-2", account="2002", kind="home", keyed=True, services=("guard_dispatch",), conditioning=Conditioning()),
    a_site("S-3", account="3003", guards=(), keyholders=()),
)
# One code of every sort of matter, with restores, openings, tests and one that is in no table.
CODES = ["BA", "BR", "BV", "HA", "HR", "FA", "FR", "MA", "TA", "TR", "AT", "AR", "YC", "OP", "CL", "RP", "BC", "ZZ"]
ANSWERS = [*sorted(OUTCOMES), "", "explained", "visit", "crime", "secured", "not-secured", "understood", "settings"]
REPORT = dict.fromkeys(REPORT_FIELDS, "as agreed")

seconds = st.sampled_from([0.0, 1.0, 15.0, 31.0, 61.0, 121.0, 300.0, 901.0])
codes, zones = st.sampled_from(CODES), st.sampled_from(["", "1", "03", "4", "99"])

ABOUT_ITSELF: list[AnyFact] = [
    ClockStepped(at=0, step_s=2.0),
    DaemonTroubled(at=0, code="disk_low", detail="1 MiB free"),
    DaemonTroubled(at=0, code="disk_low", detail="enough", cleared=True),
    Started(at=0, version="x", clean=False),
    JournalRestored(at=0, backup="b", head_at=0, by="os:matti", restored_at=0),
    StepFailed(at=0, failed_kind="frame_received", failed_fact="{}", error="KeyError in x:1"),
    *ABOUT_THE_JOURNAL,
]
TOLD_AT_ONCE = 6


class PlantedError(Exception):
    pass


class Orders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.play = Playbook(sites=SITES, sources=shipped.sources(), centre=a_centre(guards=GUARDS))
        self.panels = [Panel("1001"), keyed_panel("2002"), Panel("3003"), Panel("4711")]
        # Somebody who has no key, and a transmitter that speaks for others.
        self.spoken: set[int] = set()
        self.panels += [Panel("2002", profile=WireProfile(key=KEY)), Panel("3003", header="1001")]

    def tell(self, fact: object) -> None:
        self.play >> fact  # type: ignore[operator]  # – a fact, a telling or a wait
        self.play << ...

    def some_case(self, index: int) -> Case | None:
        cases = list(self.play.station.state.cases.values())
        return cases[index % len(cases)] if cases else None

    # ------------------------------------------------------------------------------------------------------- the wire

    @rule(panel=st.integers(0, 5), code=codes, zone=zones, area=st.sampled_from(["1", "2"]), sequence=st.integers(1, 4))
    def a_signal(self, panel: int, code: str, zone: str, area: str, sequence: int) -> None:
        self.spoken.add(panel)
        self.tell(self.panels[panel].sia(code, zone=zone, area=area, sequence=sequence))

    @rule(panel=st.integers(0, 5), code=codes, other=codes)
    def two_signals_in_a_frame(self, panel: int, code: str, other: str) -> None:
        self.tell(self.panels[panel].sia(f"{code}/{other}", zone="03"))

    @rule(panel=st.integers(0, 5), late_s=st.sampled_from([-100_000.0, -700.0, 30.0]))
    def a_signal_with_a_wrong_clock(self, panel: int, late_s: float) -> None:
        self.tell(self.panels[panel].sia("BA", zone="1", clock_s=late_s))

    @rule(panel=st.integers(0, 5))
    def the_same_bytes_again(self, panel: int) -> None:
        if panel in self.spoken:
            self.tell(self.panels[panel].again())

    @rule(port=st.integers(1, 3), count=st.integers(1, 1000))
    def noise(self, port: int, count: int) -> None:
        malformed = Malformed(protocol="dc09", reason="crc", detail="", raw=b"?")
        peer = f"192.0.2.{port}:{port}"
        self.tell(FrameMalformed(at=0, trace="t", gateway="g", peer=peer, malformed=malformed, count=count))

    @rule()
    def proof_of_life(self) -> None:
        self.tell(AccountsHeard(at=0, heard={"*/*/1001": self.play.now, "*/*/nobody": 5}))

    # --------------------------------------------------------------------------------------------------------- people

    @rule(index=st.integers(0, 50), name=st.integers(0, 20), colleague=st.booleans(), fills=st.booleans())
    def a_move(self, index: int, name: int, colleague: bool, fills: bool) -> None:
        case = self.some_case(index)
        if case is None:
            return self.tell(move("acknowledge", case_id="C1"))
        case_type = self.play.station.rules.case_types[case.type]
        chosen = case_type.moves[name % len(case_type.moves)]
        form = case_type.form(chosen.form) if chosen.form else None
        filled: dict[str, str] = {}
        for field in form.fields if form and fills else ():
            kind = {FieldKind.INSTANT: str(self.play.now + 600 * NS), FieldKind.NUMBER: "1", FieldKind.FLAG: "yes"}
            filled[field.name] = next(iter(field.choices), kind.get(field.kind, "text"))
        actor = COLLEAGUE if colleague else OPERATOR
        return self.tell(move(chosen.name, case_id=case.id, actor=actor, form=filled))

    @rule(
        index=st.integers(0, 50),
        number=st.integers(0, 20),
        action=st.sampled_from(["start", "done", "done", "skip", "fail", "dance"]),
        answer=st.integers(0, 20),
        note=st.sampled_from(["", "because"]),
        version=st.sampled_from([0, 0, 0, 1]),
    )
    def a_step(self, index: int, number: int, action: str, answer: int, note: str, version: int) -> None:
        case = self.some_case(index)
        if case is None or case.plan is None or not case.plan.steps:
            return
        chosen = case.plan.steps[number % len(case.plan.steps)]
        answers = [branch.answer for branch in chosen.branches] or ANSWERS
        said = answers[answer % len(answers)]
        self.tell(step(chosen.id, action, said, case_id=case.id, note=note, seen_version=version))

    @rule(index=st.integers(0, 50), text=st.sampled_from(["seen", "", "x" * 5000]))
    def a_note(self, index: int, text: str) -> None:
        case = self.some_case(index)
        self.tell(CaseNoted(at=0, case_id=case.id if case else "C1", text=text, actor=OPERATOR))

    @rule(site_id=st.sampled_from(["S-1", "S-3", "S-9", ""]))
    def a_case_by_hand(self, site_id: str) -> None:
        self.tell(by_hand(site_id=site_id))

    @rule(
        index=st.integers(0, 50),
        offer=st.integers(1, 4),
        answer=st.sampled_from([*GuardAnswer, GuardAnswer.ACCEPT, GuardAnswer.ACCEPT]),
        whole=st.booleans(),
    )
    def a_guard_speaks(self, index: int, offer: int, answer: GuardAnswer, whole: bool) -> None:
        case = self.some_case(index)
        report = REPORT if whole and answer is GuardAnswer.REPORT else {}
        self.tell(guard(f"{case.id if case else 'C1'}-{offer}", answer, eta_s=300.0, report=report))

    @rule(
        site_id=st.sampled_from(["S-1", "S-2", "S-9"]),
        kind=st.sampled_from(FlagKind),
        category=st.sampled_from([(), (Category.FIRE, Category.INTRUSION)]),
        lasts_s=st.sampled_from([-1.0, 600.0, 7200.0, 1e7]),
        later_s=st.sampled_from([0.0, 600.0]),
    )
    def a_flag(
        self, site_id: str, kind: FlagKind, category: tuple[Category, ...], lasts_s: float, later_s: float
    ) -> None:
        starts_at = self.play.now + round(later_s * NS)
        self.tell(
            FlagStartRequested(
                at=0, kind=kind, site_id=site_id, scope=Scope(categories=category), reason="service", actor=OPERATOR,
                starts_at=starts_at, until=starts_at + round(lasts_s * NS), verified_how="operator",
            )
        )  # fmt: skip

    @rule(index=st.integers(0, 9))
    def a_flag_ends(self, index: int) -> None:
        flags = [*self.play.station.state.flags, "F1"]
        self.tell(FlagEndRequested(at=0, flag_id=flags[index % len(flags)], reason="over", actor=OPERATOR))

    # ------------------------------------------------------------------------------------------------------ the world

    @rule(passes_s=seconds)
    def time_passes(self, passes_s: float) -> None:
        self.tell(After(passes_s))

    @precondition(lambda self: len(self.play.station.state.pending) > 0)
    @rule(index=st.integers(0, 50), what=st.sampled_from(EffectOutcome))
    def an_outcome(self, index: int, what: EffectOutcome) -> None:
        pending = list(self.play.station.state.pending)
        self.tell(outcome(pending[index % len(pending)], what))

    @rule(what=st.sampled_from(EffectOutcome))
    def an_outcome_of_nothing(self, what: EffectOutcome) -> None:
        self.tell(outcome("E1", what))

    @rule(first=st.integers(0, len(ABOUT_ITSELF) - 1))
    def the_machine_itself(self, first: int) -> None:
        for fact in (ABOUT_ITSELF * 2)[first : first + TOLD_AT_ONCE]:
            self.tell(fact)

    # ------------------------------------------------------------------------------------------------- administration

    @rule(guards=st.sampled_from([(), ("g1",), ("g2", "g3")]), account=st.sampled_from(["1001", "1002"]))
    def a_site_changes(self, guards: tuple[str, ...], account: str) -> None:
        changed = a_site("S-1", account=account, services=SERVICES, guards=guards, conditioning=Conditioning())
        self.tell(SiteImported(at=0, site=changed, actor=DAEMON))

    @rule(site_id=st.sampled_from(["S-3", "S-1"]))
    def a_site_goes(self, site_id: str) -> None:
        self.tell(SiteRemoved(at=0, site_id=site_id, actor=DAEMON))

    @rule(guards=st.sampled_from([(), GUARDS]), on_duty=st.booleans())
    def the_centre_changes(self, guards: tuple[Guard, ...], on_duty: bool) -> None:
        centre = a_centre(guards=guards, on_duty=on_duty)
        self.tell(CentreImported(at=0, centre=centre, actor=DAEMON))

    @rule(more=st.booleans())
    def the_rules_change(self, more: bool) -> None:
        sources = shipped.sources()
        if more:
            sources["plans/intrusion.yaml"] = sources["plans/intrusion.yaml"].replace("priority: P2", "priority: P1")
        self.tell(RulesLoaded(at=0, digest="", sources=sources, actor=DAEMON))

    # ------------------------------------------------------------------------------------------------ a defect of ours

    @rule(code=codes, after_puts=st.integers(0, 8))
    def a_step_fails_halfway(self, code: str, after_puts: int) -> None:
        """The machine breaks at its n-th change of state: afterwards it is as if the fact had never been told."""
        twin = Station()
        rows = self.play.station.state.dump()
        twin.restore((table, key, body) for table, in_table in rows.items() for key, body in in_table.items())
        assert twin.state.dump() == rows
        due = twin.next_deadline()
        fact = self.panels[0].sia(code, zone="1")(self.play.now)
        left, put = after_puts, Table.put

        def breaking(table: Table[object], key: str, value: object) -> None:
            nonlocal left
            if left == 0:
                raise PlantedError
            left -= 1
            put(table, key, value)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Table, "put", breaking)
            try:
                twin.step(fact, 10**6)
            except PlantedError:
                assert twin.state.dump() == rows
                assert twin.next_deadline() == due

    @invariant()
    def bounded(self) -> None:
        for table in self.play.station.state.tables().values():
            assert len(table) < 2_000, table.name

    def teardown(self) -> None:
        self.play.end()


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=20, stateful_step_count=40)
