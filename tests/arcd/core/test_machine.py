"""The whole machine under every sort of fact there is, in any order: what the design promises holds after each step.

`Orders` walks the wire, the people and the world; here come conditioning by whole code tables, identity, schedules,
series, claims, clocks that stop, authorities, and rules that would like to look away. One rule: a fact that says what
an earlier one has said already is told a second time at once, and must change nothing.
"""

from __future__ import annotations

from typing import ClassVar, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from msgspec.structs import replace

from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.core.case.sla import PauseReason
from arcd.core.facts import (
    DAEMON,
    SUPERVISOR,
    AccountsHeard,
    Actor,
    AnyFact,
    AuthorityAction,
    AuthorityAnswered,
    AuthorityCalled,
    AuthorityRequested,
    AuthorityUnreadable,
    CallAnswer,
    CentreImported,
    ClaimRenewRequested,
    DeadlineReached,
    EffectReported,
    Every,
    Fact,
    FlagEndRequested,
    FlagKind,
    FlagNoticed,
    FlagStartRequested,
    ForwardAcknowledged,
    ForwardSwitchRequested,
    FrameReceived,
    GuardAnswer,
    GuardAnswered,
    IdentityChecked,
    IdentityOutcome,
    KeyChangeRequested,
    LineFault,
    LineLost,
    LineRestored,
    LineRole,
    LineSetUp,
    LinesHeard,
    NoticeKind,
    OperatorAnswered,
    PartyInformed,
    PathsHeardAgain,
    PathsSilent,
    Recurrence,
    RelayAction,
    RelayRequested,
    RulesLoaded,
    ScheduleChangeRequested,
    Scope,
    SignalPromoted,
    SiteImported,
    SlaClockRequested,
    Started,
    Stopped,
)
from arcd.core.field import Relay, RelayKind
from arcd.core.record import Judged, Judgement
from arcd.core.site import (
    Account,
    Area,
    Conditioning,
    Contact,
    ContactRole,
    ErcContract,
    ErcTestRight,
    Hours,
    PathKind,
    Schedule,
    System,
    TransmissionPath,
    Zone,
)
from arcd.core.station import Stepped
from protocols.cap.message import Alert, MsgType, Status
from protocols.cap.message import Scope as CapScope
from protocols.cap.profile import cap_time
from protocols.event_codes import STANDARD
from protocols.signals import LIFE_SAFETY, Category, Qualifier
from rules import shipped
from rules.model import Priority
from rules.vocabulary import SERVICES
from tests.arcd.core.conditioning.scene import cid, happened
from tests.arcd.core.test_orders import CODES, Orders
from tests.playbook import NS, OPERATOR, After, Panel, Playbook
from tests.sites import SEALED, a_site

EXAMPLES, STEPS = 60, 60

SUPERVISING = Actor(id="os:saara", roles=(SUPERVISOR,))
DAY = Hours(opens=600, closes=1260)
CONTACTS = (
    Contact(
        id="helmi", name="Helmi", email="helmi@example.invalid", phones=("+358 40 555 0131",),
        roles=(ContactRole.KEY_HOLDER, ContactRole.ON_TEST_AUTHORITY, ContactRole.ALARM_CONTACT,
               ContactRole.DOOR_OPEN_AUTHORITY),
    ),
    Contact(id="onni", name="Onni", phones=("+358 40 555 0133",), available={"mon": DAY}, substitute="helmi"),
)  # fmt: skip
# Everything a site can have at once: two accounts of one panel, a schedule, a test report due, a connected fire panel.
EVERYTHING = replace(
    a_site(
        "S-4",
        services=tuple(sorted(SERVICES)),
        conditioning=Conditioning(cancel_closes=True, runaway_count=4, swinger_trips=2),
        systems=(
            System(
                id="panel", kind="intrusion", accounts=(Account(number="4004"), Account(number="4005")),
                areas=(
                    Area(
                        number="1", reports_open_close=True,
                        schedule=Schedule(weekdays=dict.fromkeys(("wed", "thu", "fri"), DAY), holiday=Hours()),
                    ),
                ),
                zones=(
                    Zone(number="1", area="1", kind="door", technology="magnetic"),
                    Zone(number="2", area="1", kind="pir", technology="pir", confirm_group="hall"),
                    Zone(number="3", area="1", kind="yard", exterior=True),
                ),
                relays=(
                    Relay(id="gate", device="plc", coil=1, kind=RelayKind.GATE, pulse_s=3.0, interlock="lock"),
                    Relay(id="siren", device="plc", coil=2, kind=RelayKind.SIREN, interlock="lock"),
                ),
                test_interval_s=3600.0, category="DP3",
                paths=(
                    TransmissionPath(id="ip", account="4004"),
                    TransmissionPath(id="mobile", account="4005", kind=PathKind.ALTERNATIVE),
                ),
            ),
            System(
                id="fire", kind="fire", category="SP4",
                accounts=(Account(number="4006"), Account(number="4007", key=SEALED, dialect="dc09-2026")),
                zones=(Zone(number="1", kind="smoke"),),
                erc_device="DEMO-1", erc_contract=ErcContract.IN_FORCE, erc_test_right=ErcTestRight.GRANTED,
            ),
        ),
    ),
    contacts=CONTACTS,
    erc_actual=True,
    sla_from_receipt=True,
)  # fmt: skip
MACHINE = EscalationPolicy(
    connector=Connector.CAP_HTTP, sender="arc.example", addressee="psap.example", actual=True, actual_sites=("S-4",)
)
# Rules whose author wants to be left in peace: everything is logged, at the lowest priority.
PEACE = """\
pack: peace
requires: 1
order: 1
routes:
  - {name: all, desc: d, why: R-1, when: {signal.qualifier: [new, restore, status]}, plan: log, priority: P5}
tests:
  - {name: all, signal: {code: OP}, expect: {route: peace/all}}
"""
CIDS = sorted(code.code for code in STANDARD.contact_id.values())
SIAS = sorted(code.code for code in STANDARD.sia.values())

# Said twice, it says nothing new: the second must leave the state as it is.
SAID_ONCE = (
    AccountsHeard, CentreImported, DeadlineReached, EffectReported, FlagEndRequested, FlagNoticed, LineLost, LinesHeard,
    PathsHeardAgain, PathsSilent, RulesLoaded, SignalPromoted, SiteImported, SlaClockRequested, Stopped,
)  # fmt: skip
ANSWERED_ONCE = frozenset({GuardAnswer.ACCEPT, GuardAnswer.DECLINE, GuardAnswer.REPORT})
TOLD_OF_REFUSED = frozenset({Judged.OPENED, Judged.JOINED, Judged.FOLDED, Judged.LOGGED})
CHECKED = (Judged.DUPLICATE, Judged.COPY)
URGENT = frozenset({Priority.P0, Priority.P1})
# What an authority is never told about, unless somebody has found more in it (requirements 4.9).
FAULTS = frozenset({Category.TROUBLE, Category.SUPERVISION, Category.OPEN_CLOSE, Category.TEST, Category.BYPASS})

indexes = st.integers(0, 50)
LINES = (
    LineSetUp(name="surgard-1", dialect="surgard", where="/dev/ttyS0", silence_s=90.0),
    LineSetUp(name="pager", dialect="espa444", where="/dev/ttyS1", role=LineRole.PAGER),
)


class Machine(Orders):
    told: ClassVar[set[type[Fact]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.checked = 0
        self.shop = {number: Panel(number) for number in ("4004", "4005", "4006")}
        self.tell(SiteImported(at=0, site=EVERYTHING, actor=DAEMON))
        self.tell(Started(at=0, version="test", lines=LINES))

    def tell(self, fact: object) -> None:
        super().tell(fact)
        last = self.play.stepped.record.fact
        if fact is not None and not isinstance(fact, After) and _is_said_once(last):
            self._again(last)
        for _, stepped in self.play.history[self.checked :]:
            type(self).told.add(type(stepped.record.fact))
            check_life_safety(self.play, stepped, is_last=stepped is self.play.stepped)
            check_repeats(stepped)
        self.checked = len(self.play.history)
        check_authority(self.play)

    def _again(self, fact: AnyFact) -> None:
        before = self.play.station.state.dump()
        self.play >> fact
        self.play << ...
        after = self.play.station.state.dump()
        changed = [name for name in after if after[name] != before[name]]
        assert not changed, f"a second {type(fact).__name__} changed {changed}"

    # ------------------------------------------------------------------------------------------------------- the wire

    @rule(
        account=st.sampled_from(["4004", "4005", "4006"]), code=st.sampled_from(CIDS), qualifier=st.sampled_from("136"),
        zone=st.sampled_from(["000", "001", "002", "003", "099"]),
    )  # fmt: skip
    def any_contact_id(self, account: str, code: str, qualifier: str, zone: str) -> None:
        self.tell(cid(self.shop[account], f"{qualifier}{code}", zone=zone))

    @rule(
        account=st.sampled_from(["4004", "4005"]), code=st.sampled_from(SIAS) | st.sampled_from(CODES),
        zone=st.sampled_from(["", "1", "2", "3", "7"]), age_s=st.sampled_from([0.0, 0.0, 599.0, 601.0, 7200.0]),
    )  # fmt: skip
    def any_sia(self, account: str, code: str, zone: str, age_s: float) -> None:
        told = self.shop[account].sia(code, zone=zone)
        self.tell(happened(told, age_s) if age_s else told)

    @rule(code=st.sampled_from(["BA", "YC", "FA", "HA"]), count=st.integers(3, 8))
    def a_source_that_does_not_stop(self, code: str, count: int) -> None:
        for _ in range(count):
            self.tell(self.shop["4004"].sia(code, zone="2"))

    @rule(first=st.sampled_from(["4004", "4005"]), code=st.sampled_from(["BA", "HA", "AT", "CL"]))
    def over_both_paths(self, first: str, code: str) -> None:
        second = "4005" if first == "4004" else "4004"
        for account in (first, second):
            self.tell(happened(self.shop[account].sia(code, zone="1"), 2.0))

    @rule(
        keys=st.sets(st.sampled_from(["S-4/panel/ip", "S-4/panel/mobile", "S-4/fire/path", "S-9/x/y"]), min_size=1),
        again=st.booleans(),
    )  # fmt: skip
    def paths_fall_silent_or_speak_again(self, keys: set[str], again: bool) -> None:
        heard = dict.fromkeys(sorted(keys), self.play.now - 180 * NS)
        self.tell(PathsHeardAgain(at=0, heard=heard) if again else PathsSilent(at=0, silent=heard))

    # --------------------------------------------------------------------------------------------------------- people

    @rule(
        contact=st.sampled_from(["helmi", "onni", "nobody"]), outcome=st.sampled_from(IdentityOutcome),
        level=st.integers(0, 2),
    )  # fmt: skip
    def somebody_says_a_word(self, contact: str, outcome: IdentityOutcome, level: int) -> None:
        self.tell(
            IdentityChecked(at=0, site_id="S-4", contact_id=contact, outcome=outcome, level=level, actor=OPERATOR)
        )

    def _last_check(self, contact: str) -> str:
        checks = self.play.station.state.contact_checks.get(f"S-4/{contact}")
        return checks.checks[-1].id if checks is not None and checks.checks else "I1"

    @rule(
        kind=st.sampled_from(FlagKind), how=st.sampled_from(["", "", "operator", "work_order"]),
        system=st.sampled_from([(), ("panel",), ("fire",)]), zones=st.sampled_from([(), ("1",), ("2",)]),
        categories=st.sampled_from([(), (), (Category.HOLDUP,), (Category.FIRE, Category.SUPERVISION)]),
        series=st.sampled_from([None, None, Recurrence(every=Every.WEEK, day=5, minute=600)]),
        lasts_s=st.sampled_from([300.0, 1800.0, 7200.0]), supervising=st.booleans(),
    )  # fmt: skip
    def a_flag_on_somebodys_word(
        self, kind: FlagKind, how: str, system: tuple[str, ...], zones: tuple[str, ...],
        categories: tuple[Category, ...], series: Recurrence | None, lasts_s: float, supervising: bool,
    ) -> None:  # fmt: skip
        self.tell(
            FlagStartRequested(
                at=0, kind=kind, site_id="S-4", scope=Scope(systems=system, zones=zones, categories=categories),
                until=self.play.now + round(lasts_s * NS), reason="service", verified_how=how, requested_by="helmi",
                actor=SUPERVISING if supervising else OPERATOR, identity_check=self._last_check("helmi"),
                work_order="W-1", override_reason="agreed" if supervising else "", recurrence=series, owner="onni",
            )
        )  # fmt: skip

    @rule(
        relay=st.sampled_from(["gate", "siren", "moat"]),
        action=st.sampled_from(RelayAction),
        reason=st.sampled_from(["why", ""]),
    )
    def an_output(self, relay: str, action: RelayAction, reason: str) -> None:
        self.tell(
            RelayRequested(
                at=0, site_id="S-4", relay_id=relay, action=action, reason=reason, actor=OPERATOR,
                requested_by="helmi", identity_check=self._last_check("helmi"),
            )
        )  # fmt: skip

    @rule(seq=st.integers(0, 50), refused=st.sampled_from([(), (3,), tuple(range(20))]))
    def another_system_has_taken_what_we_sent(self, seq: int, refused: tuple[int, ...]) -> None:
        self.tell(ForwardAcknowledged(at=0, output="night", seq=seq, refused=refused, detail="no" if refused else ""))

    @rule(output=st.sampled_from(["night", "moat"]), on=st.booleans(), lasts_s=st.sampled_from([30.0, 3600.0, 1e7]))
    def forwarding_is_switched(self, output: str, on: bool, lasts_s: float) -> None:
        until = self.play.now + round(lasts_s * NS)
        self.tell(ForwardSwitchRequested(at=0, output=output, on=on, until=until, actor=OPERATOR, reason="why"))

    @rule(index=indexes, kind=st.sampled_from(NoticeKind))
    def somebody_was_told_of_a_flag(self, index: int, kind: NoticeKind) -> None:
        flags = [*self.play.station.state.flags, *self.play.station.state.flag_reports, "F1"]
        self.tell(FlagNoticed(at=0, flag_id=flags[index % len(flags)], kind=kind, to="Test line", actor=OPERATOR))

    @rule(index=indexes, whole=st.booleans())
    def a_flag_or_its_series_ends(self, index: int, whole: bool) -> None:
        flags = [*self.play.station.state.flags, "F1"]
        self.tell(
            FlagEndRequested(at=0, flag_id=flags[index % len(flags)], reason="over", actor=OPERATOR, whole_series=whole)
        )

    @rule(index=indexes)
    def a_held_signal_is_made_live(self, index: int) -> None:
        state = self.play.station.state
        held = [(flag.site_id, one) for flag in state.flags.values() for one in flag.signals()]
        site_id, seq, part = ("S-4", 1, 0)
        if held:
            site_id, one = held[index % len(held)]
            seq, part = one.seq, one.index
        self.tell(SignalPromoted(at=0, site_id=site_id, signal_seq=seq, index=part, reason="it burns", actor=OPERATOR))

    @rule(
        index=indexes, hours=st.sampled_from([DAY, Hours(), Hours(opens=60, closes=1500), Hours(opens=5)]),
        days=st.sampled_from([("2026-03-04", "2026-03-05"), ("2026-03-06", "2026-03-05"), ("x", "y")]),
        word=st.booleans(), takes_back=st.booleans(),
    )  # fmt: skip
    def other_hours(self, index: int, hours: Hours, days: tuple[str, str], word: bool, takes_back: bool) -> None:
        run = self.play.station.state.area_runs.get("S-4/panel/1")
        changes = [change.id for change in run.changes] if run is not None else []
        self.tell(
            ScheduleChangeRequested(
                at=0, site_id="S-4", system_id="panel", area="01", hours=hours, from_day=days[0], until_day=days[1],
                reason="stocktaking", actor=OPERATOR if word else SUPERVISING, requested_by="helmi" if word else "",
                identity_check=self._last_check("helmi") if word else "",
                withdraws=changes[index % len(changes)] if changes and takes_back else "",
            )
        )  # fmt: skip

    @rule(account=st.sampled_from(["4006", "4007"]), is_offer=st.booleans())
    def another_key(self, account: str, is_offer: bool) -> None:
        key = SEALED if is_offer else None
        self.tell(KeyChangeRequested(at=0, site_id="S-4", account=account, actor=SUPERVISING, key=key))

    @rule(index=indexes, hold_s=st.sampled_from([0.0, 600.0, 1e6]))
    def somebody_is_still_at_it(self, index: int, hold_s: float) -> None:
        case = self.some_case(index)
        self.tell(ClaimRenewRequested(at=0, case_id=case.id if case else "C1", actor=OPERATOR, hold_s=hold_s))

    @rule(
        index=indexes, how=st.sampled_from(["mail", "phone", ""]), over=st.booleans(),
        whom=st.sampled_from([("helmi", ""), ("nobody", ""), ("", "Insurer"), ("", "")]),
    )  # fmt: skip
    def somebody_is_told_of_a_case(self, index: int, how: str, over: bool, whom: tuple[str, str]) -> None:
        case = self.some_case(index)
        self.tell(
            PartyInformed(
                at=0, case_id=case.id if case else "C1", actor=OPERATOR, how=how, contact_id=whom[0], name=whom[1],
                is_over=over,
            )
        )  # fmt: skip

    @rule(index=indexes, ticket=st.sampled_from(["", "INC-1"]))
    def a_transmission_operator_answers(self, index: int, ticket: str) -> None:
        notices = [*self.play.station.state.operator_notices, "N1"]
        notice_id = notices[index % len(notices)]
        self.tell(OperatorAnswered(at=0, notice_id=notice_id, actor=OPERATOR, ticket=ticket))

    @rule(
        index=indexes, action=st.sampled_from(["pause", "resume", "rewind"]), reason=st.sampled_from(["", *PauseReason])
    )
    def the_clock_of_the_guard(self, index: int, action: str, reason: str) -> None:
        cases = [each for each in self.play.station.state.cases.values() if each.is_open and each.dispatches]
        case_id = cases[index % len(cases)].id if cases else "C1"
        self.tell(SlaClockRequested(at=0, case_id=case_id, action=action, actor=OPERATOR, reason=reason))

    # ------------------------------------------------------------------------------------------------ authorities

    @rule(
        index=indexes, action=st.sampled_from(AuthorityAction), reason=st.sampled_from(["", "seen on camera"]),
        text=st.sampled_from(["", "two persons"]), level=st.sampled_from([None, 0, 1, 3, 4, 9]), looked=st.booleans(),
    )  # fmt: skip
    def an_operator_turns_to_the_authority(
        self, index: int, action: AuthorityAction, reason: str, text: str, level: int | None, looked: bool
    ) -> None:
        case = self.some_case(index)
        self.tell(
            AuthorityRequested(
                at=0, case_id=case.id if case else "C1", action=action, actor=OPERATOR, reason=reason, text=text,
                level=level, seen_version=case.version if case and looked else 0,
            )
        )  # fmt: skip

    @rule(index=indexes, answer=st.sampled_from(CallAnswer), ago_s=st.sampled_from([-60.0, 0.0, 30.0]))
    def somebody_has_called(self, index: int, answer: CallAnswer, ago_s: float) -> None:
        case = self.some_case(index)
        self.tell(
            AuthorityCalled(
                at=0, case_id=case.id if case else "C1", authority="Emergency centre", number="+358 40 555 0180",
                called_at=self.play.now - round(ago_s * NS), answer=answer, actor=OPERATOR, reference="P-77",
                person="Salo",
            )
        )  # fmt: skip

    @rule(
        index=indexes, kind=st.sampled_from([MsgType.ACK, MsgType.ERROR, MsgType.UPDATE]), number=st.integers(1, 9),
        note=st.sampled_from(["ACCEPTED;cfs=2026-1", "REJECTED;reason=address", ""]), later_s=st.integers(-60, 60),
        status=st.sampled_from([None, None, Status.EXERCISE, Status.ACTUAL]),
    )  # fmt: skip
    def the_authoritys_machine_answers(
        self, index: int, kind: MsgType, number: int, note: str, later_s: int, status: Status | None
    ) -> None:
        sent = [
            message.alert
            for case in self.play.station.state.cases.values()
            for message in (case.authority.messages if case.authority else ())
        ]
        about = sent[index % len(sent)] if sent else None
        self.tell(
            AuthorityAnswered(
                at=0,
                source="cap_http",
                message=Alert(
                    identifier=f"psap-{number}", sender="psap.example", sent=cap_time(self.play.now + later_s * NS),
                    status=status or (about.status if about else Status.EXERCISE), msg_type=kind, note=note,
                    scope=CapScope.PRIVATE, addresses=("arc.example",),
                    references=(about.reference,) if about else (),
                ),
            )
        )  # fmt: skip

    @rule()
    def the_authoritys_machine_stammers(self) -> None:
        self.tell(AuthorityUnreadable(at=0, source="cap_file", reason="xml", detail="no alert in it", raw=b"<"))

    # ------------------------------------------------------------------------------------------------- administration

    @rule(policy=st.sampled_from([MACHINE, EscalationPolicy(), EscalationPolicy(connector=Connector.CAP_FILE)]))
    def another_run(self, policy: EscalationPolicy) -> None:
        self.tell(Stopped(at=0, reason="settings"))
        self.tell(Started(at=0, version="test", lines=LINES, escalation=policy))

    @rule(services=st.sampled_from([EVERYTHING.services, ("alarm_monitoring",)]), scheduled=st.booleans())
    def the_site_base_changes(self, services: tuple[str, ...], scheduled: bool) -> None:
        panel, fire = EVERYTHING.systems
        area = replace(panel.areas[0], schedule=panel.areas[0].schedule if scheduled else None)
        systems = (replace(panel, areas=(area,)), fire)
        self.tell(SiteImported(at=0, site=replace(EVERYTHING, services=services, systems=systems), actor=DAEMON))

    @rule(wants_peace=st.booleans())
    def rules_that_look_away(self, wants_peace: bool) -> None:
        sources = {**shipped.sources(), **({"packs/peace.yaml": PEACE} if wants_peace else {})}
        self.tell(RulesLoaded(at=0, digest="", sources=sources, actor=OPERATOR))

    @rule(name=st.sampled_from(["surgard-1", "pager", "of another run"]), fault=st.sampled_from(LineFault))
    def a_port_is_lost(self, name: str, fault: LineFault) -> None:
        self.tell(LineLost(at=0, line=name, fault=fault))

    @rule(name=st.sampled_from(["surgard-1", "pager", "of another run"]))
    def a_port_is_open(self, name: str) -> None:
        self.tell(LineRestored(at=0, line=name))

    @rule(name=st.sampled_from(["surgard-1", "pager", "of another run"]), ago_s=st.sampled_from([0, 1, 31]))
    def a_line_is_heard(self, name: str, ago_s: int) -> None:
        self.tell(LinesHeard(at=0, heard={name: self.play.now - ago_s * NS}))

    @rule(lines=st.sampled_from([(), LINES[:1], LINES]))
    def a_start_with_other_lines(self, lines: tuple[LineSetUp, ...]) -> None:
        self.tell(Started(at=0, version="test", lines=lines))

    @rule(index=indexes, off_s=st.sampled_from([-60, 60]))
    def a_deadline_of_another_time(self, index: int, off_s: int) -> None:
        """What the shell saw may have been moved or taken away before its fact was taken."""
        standing = [*self.play.station.state.deadlines.items(), ("case/C1/claim", self.play.now)]
        key, due = standing[index % len(standing)]
        before = self.play.station.state.dump()
        self.tell(DeadlineReached(at=0, key=key, due=due + off_s * NS))
        assert self.play.station.state.dump() == before, f"{key} acted on a deadline that was not its own"


def _is_said_once(fact: AnyFact) -> bool:
    if isinstance(fact, AuthorityAnswered):
        return bool(fact.message.references)  # one about nothing of ours is counted
    return isinstance(fact, SAID_ONCE) or (isinstance(fact, GuardAnswered) and fact.answer in ANSWERED_ONCE)


# ------------------------------------------------------------------------------------------------------- what must hold


def check_life_safety(play: Playbook, stepped: Stepped, *, is_last: bool) -> None:
    """Design promise 4: whatever rules, flags, sites and panels do, it is before a person, urgently."""
    fact = stepped.record.fact
    if not isinstance(fact, FrameReceived):
        return
    for index, signal in enumerate(fact.received.signals):
        if signal.category not in LIFE_SAFETY or signal.qualifier is Qualifier.RESTORE:
            continue
        own = [each for each in stepped.record.judgements if each.index == index and not each.seq]
        assert own, f"signal {index} has no judgement of its own"
        if any(each.judged is Judged.REFUSED for each in own):
            told = {each.judged for each in stepped.record.judgements} - {Judged.REFUSED}
            assert told <= TOLD_OF_REFUSED, "not genuine, and nobody was told"
            assert told
            continue
        for judgement in own:
            _check_judgement(play, stepped, judgement, signal.category, is_last=is_last)


def _check_judgement(
    play: Playbook, stepped: Stepped, judgement: Judgement, category: Category, *, is_last: bool
) -> None:
    state, what = play.station.state, judgement.judged
    if what is Judged.HELD:
        flag = state.flags.get(judgement.flag_id)
        assert not is_last or (flag is not None and category in flag.scope.categories), (
            "held by a flag that did not name it"
        )
        return
    assert what in {Judged.OPENED, Judged.JOINED, Judged.FOLDED, Judged.COPY, Judged.DUPLICATE}, (
        f"{category} was {what}: {judgement.because}"
    )
    if judgement.decision is not None:
        assert judgement.decision.opens_case
        assert judgement.decision.priority in URGENT
    case = state.cases.get(judgement.case_id)
    if is_last and what is not Judged.DUPLICATE:
        assert case is not None, f"{what} by no case"
        assert case.is_open
        assert case.priority in URGENT


def check_repeats(stepped: Stepped) -> None:
    """One case per event of the world, however often and by however many ways it is told."""
    judgements = stepped.record.judgements
    if judgements and all(each.judged in CHECKED for each in judgements):
        assert not stepped.settled
        assert [type(effect).__name__ for effect in stepped.effects] == ["Reply"]
        assert not [note for note in stepped.record.notes if note.what == "case.opened"]


def check_authority(play: Playbook) -> None:
    """requirements 4.9: one Alert a case, none of level 0, and none about a fault."""
    for case in play.station.state.cases.values():
        alerts = [each.alert for each in (case.authority.messages if case.authority else ())]
        assert len([alert for alert in alerts if alert.msg_type is MsgType.ALERT]) <= 1, f"{case.id} was reported twice"
        if alerts and case.category in FAULTS:
            assert any(one.signal.category not in FAULTS for one in case.signals) or case.dispatches, (
                f"{case.id} is a fault, and an authority was told"
            )
        assert not any(info.parameter("avs-level") == "0" for alert in alerts[:1] for info in alert.infos)


def test_every_sort_of_fact_in_any_order() -> None:
    Machine.told.clear()
    run_state_machine_as_test(Machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS))
    never = {kind.__name__ for kind in get_args(AnyFact)} - {kind.__name__ for kind in Machine.told}
    assert not never, f"no order of things told these: {sorted(never)}"


def test_the_code_tables_hold_every_category_a_panel_can_send() -> None:
    """What `any_contact_id` and `any_sia` draw from."""
    told = {code.category for table in (STANDARD.sia, STANDARD.contact_id) for code in table.values()}
    assert told == set(Category)
