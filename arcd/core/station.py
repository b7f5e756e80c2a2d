"""The machine: one method changes it, facts in, effects out.

One rule: `step` either succeeds whole or leaves no trace. Replaying the same facts with the same sequence numbers gives
the same state and the same effects; that is what restores, simulations and dry runs rest on.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from arcd.core import due, intake, keychange, outcomes, own_facts, site_changes
from arcd.core.account import AccountState
from arcd.core.audit import keeping
from arcd.core.case import casebook, claims, dispatch, engine, sla, steps
from arcd.core.case.authority import answering as authority_answers
from arcd.core.case.authority import following
from arcd.core.case.model import Case
from arcd.core.deadlines import Deadlines
from arcd.core.directory import Directory, Entry
from arcd.core.effects import AnyEffect, Reply
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
    ForwardAcknowledged,
    ForwardSwitchRequested,
    FrameMalformed,
    FrameReceived,
    GuardAnswered,
    HoldRequested,
    IdentityChecked,
    JournalRestored,
    JournalVerified,
    KeyChangeRequested,
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
from arcd.core.forwarding import following as forwarding
from arcd.core.identity import checking
from arcd.core.line_service import following as lines
from arcd.core.line_service import informing
from arcd.core.receiver_lines import watching as receiver_lines
from arcd.core.record import StepRecord
from arcd.core.relays import switching
from arcd.core.schedules import changing
from arcd.core.state import Machine, RulesInForce, State
from arcd.core.supervision import faults
from arcd.core.supervision import stepping as supervision
from arcd.core.supervision.looking import look
from arcd.core.supervision.paths import find_path
from arcd.core.supervision.substitution import is_other
from arcd.core.supervision.watch import Watch
from arcd.core.turn import NS, Turn
from protocols.codec import Kind, Protection, Received, ReplyKind, Speaker
from rules.engine import RuleSet
from rules.loader import load

# Requests about a case: a refusal belongs to the case's story as well.
CASE_REQUESTS = (CaseMoveRequested, CaseStepRequested, CaseNoted, ClaimRenewRequested, SlaClockRequested)


class Stepped(Struct, frozen=True, gc=False, kw_only=True):
    """What one step gives to the journal and to the world."""

    record: StepRecord
    subject: str
    refs: tuple[str, ...]
    reply: Reply | None  # to the one who sent the frame
    others: tuple[AnyEffect, ...]  # all the effects but that
    settled: tuple[str, ...]  # durable effects that need not be kept in the outbox any longer
    cases: tuple[Case, ...]  # as they stand after this step

    @property
    def effects(self) -> tuple[AnyEffect, ...]:
        return self.record.effects


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

    def take_changed(self) -> list[tuple[str, str, object]]:
        """What changed since the last call, for a checkpoint: (table, key, value or None when it is gone)."""
        tables = self.state.tables().values()
        return [(table.name, key, value) for table in tables for key, value in table.take_changed()]

    # ------------------------------------------------------------------------------------------------------- time

    def next_deadline(self) -> tuple[int, str] | None:
        """(instant, key) of the earliest deadline: the shell sleeps until then and posts `DeadlineReached`."""
        return self.deadlines.next_due()

    # -------------------------------------------------------------------------------------------------- heartbeats

    def heartbeat(self, received: Received, at: int, gateway: str = "", peer: str = "") -> Reply | None:
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
        if entry.account.offered_key is not None and keychange.is_taken(entry, received):
            return None
        if entry.paths:
            path = find_path(entry.paths, received.origin, gateway)
            if path is not None:
                known = self.state.path_marks.get(path.key)
                if known is not None and is_other(known, path, received.origin, peer):
                    return None
                if not self._is_echo(path.key, received, entry, at):
                    self.watch.hear(path.key, at)
        else:
            self._heard[entry.key] = at
        return Reply(reply=keychange.reply_of(entry, received, ReplyKind.ACK))

    def _is_echo(self, path: str, received: Received, entry: Entry, at: int) -> bool:
        if received.protection is not Protection.ENCRYPTED or received.clock_skew_s is None:
            return False
        sent_s = round(at / NS + received.clock_skew_s)
        return self.watch.echoes.is_echo(path, sent_s, at // NS - int(entry.account.window_past_s) - 1)

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
            if self.state.cases.touched:
                following.keep_up(turn)
                informing.keep_up(turn)
            claims.keep_up(turn, fact)
        except BaseException:
            self.state.revert()
            self._rebuild_indexes()
            raise
        cases: tuple[Case, ...] = ()
        if self.state.cases.touched:
            changed = map(self.state.cases.get, self.state.changed_keys(self.state.cases))
            cases = tuple(case for case in changed if case is not None)
        supervision.follow(self.watch, turn, fact)
        # Reported, waiting for its next attempt, or withdrawn: in all three cases the outbox need not hold it.
        settled: tuple[str, ...] = ()
        if self.state.pending.touched:
            settled = tuple(
                key
                for key in self.state.changed_keys(self.state.pending)
                if (pending := self.state.pending.get(key)) is None or pending.waiting
            )
        self.state.keep()
        refs, effects = tuple(turn.refs), tuple(turn.effects)
        reply, others = _parted(effects)
        return Stepped(
            record=StepRecord(
                fact=fact,
                judgements=tuple(turn.judgements),
                notes=tuple(turn.notes),
                effects=effects,
            ),
            subject=refs[0] if refs else "centre",
            refs=refs[1:],
            reply=reply,
            others=others,
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
                due.on_deadline(turn, fact.key, fact.due)
            case EffectReported():
                outcomes.on_effect(turn, fact)
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
            case KeyChangeRequested():
                keychange.request(turn, fact)
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
            case ForwardAcknowledged():
                forwarding.acknowledged(turn, fact)
            case ForwardSwitchRequested():
                forwarding.switch(turn, fact)
            case Started() | Stopped() | ClockStepped() | DaemonTroubled() | JournalRestored() | StepFailed():
                own_facts.on_machine(turn, fact)
            case RulesLoaded():
                self._load_rules(turn, fact)
            case CentreImported():
                self.state.centre.put("centre", fact.centre)
                turn.grant("centre")
            case SiteImported() | SiteRemoved():
                site_changes.on_site(turn, fact)
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

    def _on_heard(self, fact: AccountsHeard) -> None:
        for key, at in fact.heard.items():
            account = self.state.accounts.get(key) or AccountState()
            if at > account.last_heard:
                self.state.accounts.put(key, replace(account, last_heard=at))


def compiled(sources: dict[str, str]) -> RuleSet:
    """Rules that were checked before they became a fact."""
    loaded = load(sources)
    assert loaded.ruleset is not None, "rules enter the journal only when they load"
    return loaded.ruleset


def _parted(effects: tuple[AnyEffect, ...]) -> tuple[Reply | None, tuple[AnyEffect, ...]]:
    """The reply to the one who sent the frame, and all the others. Most frames ask for nothing but their reply."""
    if len(effects) == 1 and isinstance(effects[0], Reply):
        return effects[0], ()
    reply = next((each for each in effects if isinstance(each, Reply)), None)
    return reply, tuple(each for each in effects if not isinstance(each, Reply))
