"""What must hold after every step of the machine, whatever happened. Playbooks and simulations ask this every time.

One rule: stated over the whole state, without knowing which fact came. A sentence here is a promise of the design.
"""

from __future__ import annotations

from arcd.core.account import NEWEST_MAX, RECENT_MAX
from arcd.core.case.dispatch import ENDED
from arcd.core.case.model import NOTES_MAX, SIGNALS_FIRST_MAX, SIGNALS_LAST_MAX, Case, DispatchStatus, OfferStatus
from arcd.core.effects import Answer, DurableEffect, Reply
from arcd.core.facts import (
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
    FlagEndRequested,
    FlagNoticed,
    FlagStartRequested,
    ForwardSwitchRequested,
    FrameReceived,
    GuardAnswered,
    IdentityChecked,
    OperatorAnswered,
    PartyInformed,
    RelayRequested,
    RulesLoaded,
    ScheduleChangeRequested,
    SignalPromoted,
    SiteImported,
    SiteRemoved,
    SlaClockRequested,
)
from arcd.core.flags.model import HELD_FIRST_MAX, HELD_LAST_MAX
from arcd.core.siterun import TRIGGERS_MAX
from arcd.core.state import State
from arcd.core.station import Station, Stepped
from arcd.core.storm.model import Phase
from protocols.codec import ReplyKind

REQUESTS = (
    AuthorityAnswered, AuthorityCalled, AuthorityRequested, AuthorityUnreadable, CaseMoveRequested, CaseNoted,
    CaseOpenRequested, CaseStepRequested, CentreImported, ClaimRenewRequested, FlagEndRequested, FlagNoticed,
    FlagStartRequested, ForwardSwitchRequested, GuardAnswered, IdentityChecked, OperatorAnswered, PartyInformed,
    RelayRequested, RulesLoaded,
    ScheduleChangeRequested, SignalPromoted,
    SiteImported, SiteRemoved, SlaClockRequested,
)  # fmt: skip


class Outbox:
    """What the store would hold: asked for and not settled."""

    def __init__(self) -> None:
        self.rows: dict[str, DurableEffect] = {}

    def follow(self, stepped: Stepped) -> None:
        for effect_id in stepped.settled:
            self.rows.pop(effect_id, None)
        for effect in stepped.effects:
            if isinstance(effect, DurableEffect):
                self.rows[effect.id] = effect


def check_step(stepped: Stepped) -> None:
    """Every frame has one reply, every signal a judgement, every request one answer."""
    fact, record = stepped.record.fact, stepped.record
    replies = [effect for effect in record.effects if isinstance(effect, Reply)]
    answers = [effect for effect in record.effects if isinstance(effect, Answer)]
    if isinstance(fact, FrameReceived):
        assert len(replies) == 1, "one reply a frame"
        judged = {judgement.index for judgement in record.judgements}
        missing = [index for index in range(len(fact.received.signals)) if index not in judged]
        assert not missing, f"signals {missing} have no judgement"
        if replies[0].reply is ReplyKind.ACK and fact.received.signals:
            assert record.judgements, "acknowledged, and nothing was decided"
    else:
        assert not replies, "a reply to nobody"
    if isinstance(fact, REQUESTS):
        assert len(answers) == 1, "one answer a request"


def check_state(station: Station, outbox: Outbox) -> None:
    state = station.state
    for case in state.cases.values():
        check_case(station, case)
    _check_indexes(station)
    waiting = {key: pending.effect for key, pending in state.pending.items() if not pending.waiting}
    assert waiting == outbox.rows, "the outbox and the state disagree on what is under way"
    for account in state.accounts.values():
        assert len(account.recent) <= NEWEST_MAX
        assert len(account.older) <= RECENT_MAX
    for run in state.siteruns.values():
        assert len(run.triggers) <= TRIGGERS_MAX
    _check_waiting(station)


def check_case(station: Station, case: Case) -> None:
    due = station.deadlines.of(f"case/{case.id}")
    if case.is_open:
        assert due or case.owner, f"{case.id} is open, and has neither a deadline nor an owner"
    else:
        assert due == [f"case/{case.id}/forget"], f"{case.id} is closed, and still due: {due}"
        for dispatch in case.dispatches:
            assert dispatch.status in ENDED, f"{case.id} is closed, and a guard is on the way"
    assert len(case.signals) <= SIGNALS_FIRST_MAX + SIGNALS_LAST_MAX
    assert len(case.notes) <= NOTES_MAX
    for dispatch in case.dispatches:
        accepted = [offer.guard_id for offer in dispatch.offers if offer.status is OfferStatus.ACCEPTED]
        assert len(accepted) <= 1, f"{accepted} hold one job"
        if dispatch.guard_id and dispatch.status is not DispatchStatus.CANCELLED:
            assert accepted == [dispatch.guard_id]
        open_offers = [offer for offer in dispatch.offers if offer.status is OfferStatus.OPEN]
        assert len(open_offers) <= 1, "two guards are asked at once"
        if dispatch.status is DispatchStatus.OFFERED:
            assert open_offers, f"{case.id}: offered to nobody"


def _check_waiting(station: Station) -> None:
    """A signal that waits has a deadline, and nothing else has one of that kind."""
    due = {key: at for key, at in station.state.deadlines.items() if key.startswith("site/") and "/pending/" in key}
    waiting = {
        f"site/{site_id}/pending/{pending.seq}.{pending.index}": pending.due
        for site_id, run in station.state.siteruns.items()
        for pending in run.pending
    }
    assert waiting == due


def _check_indexes(station: Station) -> None:
    state = station.state
    for fold_key, case_id in state.folds.items():
        case = state.cases.get(case_id)
        assert case is not None, fold_key
        assert case.is_open, f"{fold_key} still leads to {case_id}, which is closed"
    listed: dict[str, set[str]] = {}
    for case in state.cases.values():
        if case.is_open and case.site_id:
            listed.setdefault(case.site_id, set()).add(case.id)
    assert {site_id: set(case_ids) for site_id, case_ids in state.open_by_site.items()} == listed
    for key in state.deadlines:
        kind, name, *_ = key.split("/")
        tables = {"case": state.cases, "flag": state.flags, "report": state.flag_reports, "effect": state.pending}
        if kind in tables:
            assert name in tables[kind], f"deadline {key} of nothing"  # type: ignore[operator]
    by_site: dict[str, list[str]] = {}
    for flag in state.flags.values():
        assert flag.until in {due for key, due in state.deadlines.items() if key == f"flag/{flag.id}/end"}, flag.id
        by_site.setdefault(flag.site_id, []).append(flag.id)
        assert len(flag.first) <= HELD_FIRST_MAX
        assert len(flag.last) <= HELD_LAST_MAX
        assert len(flag.standing) <= TRIGGERS_MAX
    assert {site_id: sorted(flag_ids) for site_id, flag_ids in state.flags_by_site.items()} == {
        site_id: sorted(flag_ids) for site_id, flag_ids in by_site.items()
    }
    _check_paths(station)
    heap_first = station.next_deadline()
    assert heap_first == min(((due, key) for key, due in state.deadlines.items()), default=None)


def _check_paths(station: Station) -> None:
    """Whatever is silent is about to be told, told, or counted in a storm; and a storm has an end."""
    state = station.state
    settling = {key for keys in state.settling.values() for key in keys}
    for name in state.settling:
        assert f"settle/{name}" in state.deadlines, f"{name} settles for ever"
    for key, fault in state.path_faults.items():
        system_key = key.rpartition("/")[0]
        assert fault.confirmed_at or key in settling, f"{key} is silent, and nobody will say so"
        cut_off = state.ats_faults.get(system_key)
        told = fault.is_signalled or (cut_off is not None and cut_off.is_signalled)
        assert not fault.confirmed_at or told or fault.storm, f"{key} is down, and nobody was told"
        assert not fault.storm or state.storm_children[key].node == fault.storm
    for system_key, cut_off in state.ats_faults.items():
        for path in station.directory.paths_of_system(system_key):
            assert path.key in state.path_faults, f"{system_key} is cut off, and {path.key} is up"
        assert cut_off.is_signalled or cut_off.storm, f"{system_key} is cut off, and nobody was told"
    for storm in state.storms.values():
        due = station.deadlines.of(f"storm/{storm.id}")
        assert due, f"{storm.node} storms for ever"
        children = [child for child in state.storm_children.values() if child.node == storm.node]
        assert storm.phase is Phase.QUIET or len(children) <= storm.children
        assert storm.phase is Phase.QUIET or storm.back <= storm.children
    for child in state.storm_children.values():
        assert child.node in state.storms


def same_state(left: State, right: State) -> None:
    """Compared table by table, so that a difference names its row."""
    ours, theirs = left.dump(), right.dump()
    for table, rows in ours.items():
        assert rows == theirs[table], f"table {table}"
