"""The machine: one method changes it, facts in, effects out.

One rule: `step` either succeeds whole or leaves no trace. Replaying the same facts with the same sequence numbers gives
the same state and the same effects; that is what restores, simulations and dry runs rest on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from arcd.core import clock_steps, delivery, field_levels, intake, own_troubles, replays, troubles
from arcd.core.account import AccountState
from arcd.core.audit import keeping
from arcd.core.case import casebook, claims, dispatch, engine, sla, steps
from arcd.core.case.authority import answering as authority_answers
from arcd.core.case.authority import following
from arcd.core.case.authority import notifying as authority
from arcd.core.case.model import Case
from arcd.core.conditioning import pipeline as conditioning
from arcd.core.deadlines import Deadlines
from arcd.core.directory import Directory
from arcd.core.effects import AnyEffect, ProfilesChanged, Reply, SendAlert, SendMail, SwitchRelay
from arcd.core.facts import (
    AccountsHeard,
    AnyFact,
    AuditKeyChanged,
    AuthorityAnswered,
    AuthorityCalled,
    AuthorityRequested,
    AuthorityUnreadable,
    CaseMoveRequested,
    CaseNoted,
    CaseOpenRequested,
    CaseStepRequested,
    CentreImported,
    ClaimRenewRequested,
    ClockStepped,
    DaemonTroubled,
    DeadlineReached,
    EffectReported,
    ErasureRequested,
    FlagEndRequested,
    FlagNoticed,
    FlagStartRequested,
    FrameMalformed,
    FrameReceived,
    GuardAnswered,
    HoldRequested,
    IdentityChecked,
    JournalRestored,
    JournalVerified,
    LineLost,
    LineRestored,
    LinesHeard,
    OperatorAnswered,
    PartyInformed,
    PathsHeardAgain,
    PathsSilent,
    PruneRequested,
    RelayRequested,
    RulesLoaded,
    ScheduleChangeRequested,
    SegmentSealed,
    SensitiveRead,
    SignalPromoted,
    SiteImported,
    SiteRemoved,
    SlaClockRequested,
    Started,
    StepFailed,
    Stopped,
)
from arcd.core.flags import ending, notices, placing
from arcd.core.identity import checking
from arcd.core.lines import following as lines
from arcd.core.lines import informing
from arcd.core.receiver_lines import watching as receiver_lines
from arcd.core.record import StepRecord
from arcd.core.relays import switching
from arcd.core.schedules import changing, watching
from arcd.core.state import Machine, RulesInForce, State
from arcd.core.supervision import faults
from arcd.core.supervision import stepping as supervision
from arcd.core.supervision.looking import look
from arcd.core.supervision.paths import find_path
from arcd.core.supervision.watch import Watch
from arcd.core.turn import NS, Turn
from protocols.codec import Kind, Received, ReplyKind, Speaker
from rules.engine import RuleSet
from rules.loader import load

# A wall clock that moves more than this against the monotonic one is put before a person (requirements 5, clock:
# warn above 1 s; the DC-09 window is only -40/+20 s wide).
CLOCK_STEP_WARN_S = 1.0
# A deadline whose step failed comes again: it still means something, and it must not stop every other one meanwhile.
FAILED_DEADLINE_AGAIN_S = 60.0

# Requests about a case: a refusal belongs to the case's story as well.
CASE_REQUESTS = (CaseMoveRequested, CaseStepRequested, CaseNoted, ClaimRenewRequested, SlaClockRequested)


class Stepped(Struct, frozen=True, kw_only=True):
    """What one step gives to the journal and to the world."""

    record: StepRecord
    subject: str
    refs: tuple[str, ...]
    effects: tuple[AnyEffect, ...]
    settled: tuple[str, ...]  # durable effects that need not be kept in the outbox any longer
    cases: tuple[Case, ...]  # as they stand after this step


class Station:
    def __init__(self) -> None:
        self.state = State()
        self.deadlines = Deadlines(self.state)
        self.directory = Directory(())
        self._rules: RuleSet | None = None
        self._expected: RuleSet | None = None
        self._heard: dict[str, int] = {}  # proof of life not yet in a fact
        self.watch = Watch()
        self._lines_heard: dict[str, int] = {}

    @property
    def rules(self) -> RuleSet:
        assert self._rules is not None, "the first fact of a journal loads the rules"
        return self._rules

    @property
    def has_rules(self) -> bool:
        return self._rules is not None

    def expect(self, rules: RuleSet) -> None:
        """The compiled form of sources whose `RulesLoaded` comes next: compiling takes longer than alarms can wait."""
        self._expected = rules

    # ---------------------------------------------------------------------------------------------------- restore

    def restore(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Take (table, key, JSON) rows of a checkpoint; then step the journal's tail through `step`."""
        tables = self.state.tables()
        for table, key, body in rows:
            tables[table].load(key, body)
        self._rebuild_indexes()
        supervision.rebuild(self.watch, self.directory, self.state)

    def _rebuild_indexes(self) -> None:
        self.deadlines.rebuild()
        self.directory = Directory(self.state.sites.values())
        in_force = self.state.rules.get("rules")
        if in_force is not None and (self._rules is None or self._rules.digest != in_force.digest):
            # None: this version refuses what an older one took. Nothing is decided until rules are loaded anew.
            self._rules = load(in_force.sources).ruleset

    def take_changes(self) -> list[tuple[str, str, bytes | None]]:
        """What changed since the last call, for a checkpoint: (table, key, JSON or None when it is gone)."""
        return [(table.name, key, body) for table in self.state.tables().values() for key, body in table.take_changes()]

    # ------------------------------------------------------------------------------------------------------- time

    def next_deadline(self) -> tuple[int, str] | None:
        """(instant, key) of the earliest deadline: the shell sleeps until then and posts `DeadlineReached`."""
        return self.deadlines.next_due()

    # -------------------------------------------------------------------------------------------------- heartbeats

    def heartbeat(self, received: Received, at: int, gateway: str = "") -> Reply | None:
        """Answer a genuine link test of a known account at once: it changes nothing that must be journalled now.

        None: it has to go through `step` (unknown account, not genuine, no rules yet).
        """
        if received.kind is not Kind.LINK_TEST or received.problem is not None or received.signals:
            return None  # a link test that brings content says more than that the path lives
        if received.speaker is Speaker.RECEIVER:
            return Reply(reply=ReplyKind.ACK)
        entry = self.directory.find(received.origin)
        if entry is None or intake.genuine(received, entry).problem is not None:
            return None
        if entry.paths:
            path = find_path(entry.paths, received.origin, gateway)
            if path is not None:
                self.watch.hear(path.key, at)
        else:
            self._heard[entry.key] = at
        return Reply(reply=ReplyKind.ACK)

    def take_heard(self) -> dict[str, int]:
        """Proof of life gathered since the last call, for an `AccountsHeard` fact."""
        heard, self._heard = self._heard, {}
        return heard

    def look(self, now: int) -> list[AnyFact]:
        """What time has done to supervised paths, for the shell to post. To be asked about once a second."""
        return look(self.watch, now)

    def hear_line(self, line: str, at: int) -> bool:
        """A valid message came over a receiver line. True: it was silent, and the journal should know at once."""
        self._lines_heard[line] = at
        state = self.state.receiver_lines.get(line)
        return state is not None and state.silent_since != 0

    def line_heard_at(self, line: str) -> int:
        """Also what is in no fact yet; 0: never."""
        state = self.state.receiver_lines.get(line)
        return max(self._lines_heard.get(line, 0), 0 if state is None else state.last_heard)

    def take_lines_heard(self) -> dict[str, int]:
        """As `take_heard`, for a `LinesHeard` fact."""
        heard, self._lines_heard = self._lines_heard, {}
        return heard

    # -------------------------------------------------------------------------------------------------------- step

    def step(self, fact: AnyFact, seq: int) -> Stepped:
        """Digest one fact. Raises only for a defect of ours, and then the state is as it was before."""
        rules = self._compiled(fact) if isinstance(fact, RulesLoaded) else self.rules
        turn = Turn(
            seq=seq, at=fact.at, state=self.state, deadlines=self.deadlines, directory=self.directory, rules=rules
        )
        if isinstance(fact, CASE_REQUESTS) and fact.case_id in self.state.cases:
            turn.refs[f"case/{fact.case_id}"] = None
        try:
            self._dispatch(turn, fact)
            engine.go_on(turn)
            following.keep_up(turn)
            informing.keep_up(turn)
            claims.keep_up(turn, fact)
        except BaseException:
            self.state.revert()
            self._rebuild_indexes()
            raise
        changed = map(self.state.cases.get, self.state.changed_keys(self.state.cases))
        cases = tuple(case for case in changed if case is not None)
        supervision.follow(self.watch, turn, fact)
        # Reported, waiting for its next attempt, or withdrawn: in all three cases the outbox need not hold it.
        settled = tuple(
            key
            for key in self.state.changed_keys(self.state.pending)
            if (pending := self.state.pending.get(key)) is None or pending.waiting
        )
        self.state.keep()
        refs = tuple(turn.refs)
        return Stepped(
            record=StepRecord(
                fact=fact,
                judgements=tuple(turn.judgements),
                notes=tuple(turn.notes),
                effects=tuple(turn.effects),
            ),
            subject=refs[0] if refs else "centre",
            refs=refs[1:],
            effects=tuple(turn.effects),
            settled=settled,
            cases=cases,
        )

    def _compiled(self, fact: RulesLoaded) -> RuleSet:
        expected, self._expected = self._expected, None
        return expected if expected is not None and expected.sources == fact.sources else compiled(fact.sources)

    def _load_rules(self, turn: Turn, fact: RulesLoaded) -> None:
        """Atomic; refused where a case that people may still move would have no state to be in, and no clock."""
        for case in self.state.cases.values():
            case_type = turn.rules.case_types.get(case.type)
            if case_type is None or case.state not in case_type.states:
                what = f"no case type {case.type}" if case_type is None else f"no state {case.state} of {case.type}"
                advice = "keep it until the case has been closed for a day"
                return turn.refuse("rules.case_type", f"These rules have {what}, and {case.id} is in it; {advice}.")
        self._rules = turn.rules
        self.state.rules.put("rules", RulesInForce(digest=turn.rules.digest, sources=dict(fact.sources)))
        turn.note("rules.loaded", digest=fact.digest, by=fact.actor.id)
        return turn.grant("rules")

    def _dispatch(self, turn: Turn, fact: AnyFact) -> None:
        match fact:
            case FrameReceived():
                machine = self.state.machine.get("machine") or Machine()
                intake.receive(turn, fact, machine.reply_policy)
            case FrameMalformed():
                intake.malformed(turn, fact)
            case DeadlineReached():
                self._on_deadline(turn, fact.key, fact.due)
            case EffectReported():
                self._on_effect(turn, fact)
            case RelayRequested():
                switching.request(turn, fact)
            case GuardAnswered():
                dispatch.answer(turn, fact)
            case CaseMoveRequested():
                engine.request_move(turn, fact)
            case CaseStepRequested():
                steps.request(turn, fact)
            case AuthorityRequested():
                authority_answers.request(turn, fact)
            case AuthorityCalled():
                authority_answers.called(turn, fact)
            case AuthorityAnswered():
                authority_answers.answered(turn, fact)
            case AuthorityUnreadable():
                authority_answers.unreadable(turn, fact)
            case ClaimRenewRequested():
                claims.request(turn, fact)
            case SlaClockRequested():
                sla.request(turn, fact)
            case CaseNoted():
                casebook.add_note(turn, fact)
            case CaseOpenRequested():
                engine.request_open(turn, fact)
            case PartyInformed():
                informing.request(turn, fact)
            case OperatorAnswered():
                lines.answer(turn, fact)
            case FlagStartRequested():
                placing.start(turn, fact)
            case FlagEndRequested():
                ending.end(turn, fact)
            case FlagNoticed():
                notices.record(turn, fact)
            case ScheduleChangeRequested():
                changing.change(turn, fact)
            case SignalPromoted():
                intake.promote(turn, fact)
            case IdentityChecked():
                checking.check(turn, fact)
            case AccountsHeard():
                self._on_heard(fact)
                supervision.on_heard(turn, fact)
            case PathsSilent():
                faults.on_silent(turn, fact)
            case PathsHeardAgain():
                faults.on_heard_again(turn, fact)
            case LineLost():
                receiver_lines.lost(turn, fact)
            case LineRestored():
                receiver_lines.restored(turn, fact)
            case LinesHeard():
                receiver_lines.heard(turn, fact.heard)
            case Started() | Stopped() | ClockStepped() | DaemonTroubled() | JournalRestored() | StepFailed():
                self._on_machine(turn, fact)
            case RulesLoaded():
                self._load_rules(turn, fact)
            case CentreImported():
                self.state.centre.put("centre", fact.centre)
                turn.grant("centre")
            case SiteImported() | SiteRemoved():
                self._on_site(turn, fact)
            case (
                AuditKeyChanged()
                | SegmentSealed()
                | PruneRequested()
                | ErasureRequested()
                | HoldRequested()
                | SensitiveRead()
                | JournalVerified()
            ):
                keeping.keep(turn, fact)

    # ------------------------------------------------------------------------------------------- facts of the machine

    def _on_machine(
        self, turn: Turn, fact: Started | Stopped | ClockStepped | DaemonTroubled | JournalRestored | StepFailed
    ) -> None:
        machine = self.state.machine.get("machine") or Machine()
        match fact:
            case Started():
                boot_at = fact.at - fact.boottime
                if fact.boot_id and fact.boot_id == machine.boot_id:
                    self._on_clock_step(turn, boot_at - machine.boot_at)
                self.state.machine.put(
                    "machine",
                    replace(
                        machine,
                        started_at=fact.at,
                        stopped_cleanly=False,
                        reply_policy=fact.reply_policy,
                        escalation=fact.escalation,
                        boot_id=fact.boot_id,
                        boot_at=boot_at,
                    ),
                )
                supervision.on_own_fault(turn)
                receiver_lines.on_start(turn, fact.lines)
                if not fact.clean:
                    troubles.raise_trouble(turn, "restarted_unclean", entry=None, about="self", text=fact.version)
            case Stopped():
                self.state.machine.put("machine", replace(machine, stopped_cleanly=True))
            case ClockStepped():
                step = round(fact.step_s * NS)
                self.state.machine.put("machine", replace(machine, boot_at=machine.boot_at + step))
                self._on_clock_step(turn, step)
            case DaemonTroubled():
                if fact.code in supervision.OWN_FAULTS and not fact.cleared:
                    supervision.on_own_fault(turn)
                own_troubles.on_troubled(turn, fact)
            case JournalRestored():
                text = f"{fact.backup}, {datetime.fromtimestamp(fact.head_at / NS, UTC):%Y-%m-%d %H:%M:%S} UTC"
                troubles.raise_trouble(turn, "journal_restored", entry=None, about="self", text=text)
            case StepFailed():
                if fact.failed_kind == "deadline_reached":
                    key = msgspec.json.decode(fact.failed_fact, type=DeadlineReached).key
                    turn.deadlines.set(key, turn.after(FAILED_DEADLINE_AGAIN_S))
                text = f"{fact.failed_kind}: {fact.error}"
                troubles.raise_trouble(turn, "undecided", entry=None, about=fact.failed_kind, text=text)

    def _on_clock_step(self, turn: Turn, step: int) -> None:
        """`step`: ns the wall clock was set forward, while we ran or while we were down."""
        if abs(step) > int(CLOCK_STEP_WARN_S * NS):
            clock_steps.follow(turn, step)
            turn.clock_step = step
            supervision.on_own_fault(turn)
            receiver_lines.shift(turn, step)
            troubles.raise_trouble(turn, "clock_stepped", entry=None, about="self", text=f"{step / NS:+.3f} s")

    def _on_heard(self, fact: AccountsHeard) -> None:
        for key, at in fact.heard.items():
            account = self.state.accounts.get(key) or AccountState()
            if at > account.last_heard:
                self.state.accounts.put(key, replace(account, last_heard=at))

    def _on_site(self, turn: Turn, fact: SiteImported | SiteRemoved) -> None:
        if isinstance(fact, SiteImported):
            site_id = fact.site.id
            previous = self.state.sites.get(site_id)
            turn.paths_before = self.directory.paths_of_site(site_id)
            self.state.sites.put(site_id, fact.site)
            self.directory.put(fact.site)
            watching.on_site(turn, previous, fact.site, site_id)
            lines.on_site(turn, previous, fact.site, site_id)
            field_levels.on_site(turn, previous, fact.site)
            switching.on_site(turn, previous, fact.site)
        else:
            site_id = fact.site_id
            if site_id not in self.state.sites:
                return turn.refuse("site.unknown", f"No site {site_id}.")
            if self.state.open_by_site.get(site_id):
                return turn.refuse("site.open_cases", f"{site_id} has open cases; close them first.")
            if conditioning.is_waiting(turn, site_id):
                return turn.refuse("site.pending", f"A signal of {site_id} still waits to be decided; try again later.")
            for entry in self.directory.of_site(site_id):
                self.state.accounts.drop(entry.key)
                replays.forget(self.state, entry.key)
            turn.paths_before = self.directory.paths_of_site(site_id)
            conditioning.forget(turn, site_id)
            watching.on_site(turn, self.state.sites[site_id], None, site_id)
            lines.on_site(turn, self.state.sites[site_id], None, site_id)
            field_levels.on_site(turn, self.state.sites[site_id], None)
            switching.on_site(turn, self.state.sites[site_id], None)
            self.state.sites.drop(site_id)
            self.directory.remove(site_id)
        supervision.on_site(turn, site_id)
        turn.refs[f"site/{site_id}"] = None
        turn.effects.append(ProfilesChanged(site_id=site_id))
        return turn.grant(site_id)

    def _on_effect(self, turn: Turn, fact: EffectReported) -> None:
        settled = delivery.record_outcome(turn, fact)
        if settled is None:
            return
        effect, outcome = settled
        if isinstance(effect, SendMail) and effect.notice_id:
            return lines.on_mail_settled(turn, effect, outcome)
        if isinstance(effect, SwitchRelay):
            return switching.on_settled(turn, effect, fact)
        case = self.state.cases.get(effect.case_id)
        if case is None or not case.is_open:
            return
        if isinstance(effect, SendAlert):
            casebook.save(turn, authority.on_effect_settled(turn, case, effect, outcome))
        elif effect.offer_id:
            casebook.save(turn, dispatch.on_effect_settled(turn, case, effect, outcome))
        elif outcome is not outcome.DELIVERED:
            casebook.message_failed(turn, case)

    # ------------------------------------------------------------------------------------------------------- deadlines

    def _on_deadline(self, turn: Turn, key: str, due: int) -> None:
        if self.deadlines.due_of(key) != due:
            return  # taken away or moved between the shell's look and its post
        self.deadlines.clear(key)
        owner, name, *rest = key.split("/")
        if owner == "effect":
            delivery.try_again(turn, name)
        elif owner == "site":
            conditioning.on_deadline(turn, name, rest)
        elif owner == "flag":
            ending.on_deadline(turn, name, rest[0])
        elif owner in ("schedule", "testdue"):
            watching.on_deadline(turn, owner, name, rest, due)
        elif owner == "report":
            ending.forget(turn, name)
        elif owner == "notice":
            lines.on_deadline(turn, name, rest[0])
        elif owner in ("settle", "storm"):
            supervision.on_deadline(turn, owner, name, rest)
        elif owner == "receiver_line":
            receiver_lines.on_deadline(turn, name)
        else:
            assert owner == "case", key
            self._on_case_deadline(turn, name, rest)

    def _on_case_deadline(self, turn: Turn, case_id: str, rest: list[str]) -> None:
        case = self.state.cases[case_id]
        turn.refs[f"case/{case_id}"] = None
        match rest:
            case ["clock", clock, target]:
                casebook.on_clock(turn, case, clock, int(target))
            case ["step", step_id]:
                casebook.save(turn, steps.on_timeout(turn, case, step_id))
            case ["offer", offer_id]:
                casebook.save(turn, dispatch.on_offer_timeout(turn, case, offer_id))
            case ["sla", what]:
                casebook.save(turn, sla.on_deadline(turn, case, what))
            case ["authority", what]:
                casebook.save(turn, authority.on_deadline(turn, case, what))
            case ["claim"]:
                claims.on_deadline(turn, case)
            case ["steady"]:
                lines.on_case_deadline(turn, case)
            case ["welfare"]:
                casebook.save(turn, dispatch.on_welfare(turn, case))
            case ["resume"]:
                engine.resume(turn, case)
            case ["forget"]:
                self.state.cases.drop(case_id)
            case _:
                raise AssertionError(f"nobody set a deadline like case/{case_id}/{'/'.join(rest)}")


def compiled(sources: dict[str, str]) -> RuleSet:
    """Rules that were checked before they became a fact."""
    loaded = load(sources)
    assert loaded.ruleset is not None, "rules enter the journal only when they load"
    return loaded.ruleset
