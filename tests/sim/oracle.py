"""What must hold, whatever happens: style list K (1)-(8), and the promises of the design.

A second machine, the follower, is told every durable entry and nothing else. It must decide as the first one did, and
after a restart both must be the same: so every entry is a replay.

One rule: what is right is said from the truth of the world and from what an outsider can have: the journal, replies,
and what guards were told. A sentence here names the promise that was broken.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from arcd.core.account import RETRY_HORIZON_S
from arcd.core.case.model import Case, OfferStatus
from arcd.core.effects import Answer, DurableEffect
from arcd.core.facts import DAEMON, DaemonTroubled, FrameReceived, GuardAnswer, PathsSilent, RulesLoaded, StepFailed
from arcd.core.record import Judged as Fate
from arcd.core.record import Judgement, StepRecord
from arcd.core.station import Station
from arcd.core.supervision.ownlink import HELD_S_MAX
from arcd.store import Batch
from arcd.store.memory import MemoryStore
from protocols.signals import Category
from rules.model import Priority
from tests.arcd.core.invariants import Outbox, check_case, check_state, check_step
from tests.sim.driving import drive
from tests.sim.records import check_called_off, check_chain, states_differ
from tests.sim.scene import NS, SITE_OF, WATCHED_REPORT_S, compiled, new_station
from tests.sim.truth import ALARM, LIFE, RESTORE, ROUTINE, TROUBLE, Happening, Judged, Message

if TYPE_CHECKING:
    from tests.sim.process import Process
    from tests.sim.world import World

_NOT_TAKEN = frozenset({Fate.DUPLICATE, Fate.REFUSED})
# What may become of a signal of each sort, once it was taken.
FATES = {
    LIFE: {Fate.OPENED, Fate.JOINED, Fate.COPY, Fate.HELD},
    ALARM: {Fate.OPENED, Fate.JOINED, Fate.COPY, Fate.HELD, Fate.PENDING, Fate.FOLDED, Fate.SWINGER},
    TROUBLE: {Fate.OPENED, Fate.JOINED, Fate.COPY, Fate.HELD, Fate.PENDING, Fate.FOLDED, Fate.SWINGER},
    RESTORE: {Fate.RESTORED, Fate.LOGGED, Fate.COPY, Fate.HELD, Fate.JOINED},
    ROUTINE: {Fate.LOGGED, Fate.COPY, Fate.HELD, Fate.JOINED, Fate.OPENED},
}
# A case of these may end by itself when its fault does (requirements 4.4); any other only by a person's hand.
SETTLING = frozenset({Category.TROUBLE, Category.SUPERVISION})
# requirements 4.5, the slowest first target; and what disks, restarts and full disks may add to any wait.
UNSEEN_S, SLACK_S, SYNC_S = 180.0, 300.0, 20.0
# A loss of our own link that others' silence has to be told from; until a path that is back is believed.
LINK_S, BACK_S = 60.0, 180.0
CLOCK_S = 5.0  # between what is looked at and what is committed
NAMED = {"HA": True, "FA": True, "MA": False}  # by the flags of this world that name life safety at all


class Oracle:
    def __init__(self, world: World, store: MemoryStore) -> None:
        self.world = world
        self.follower: Station = new_station()
        scene = drive(store.open())
        self.follower.restore((row.table, row.key, row.body) for row in scene.rows if row.body is not None)
        drive(store.close())
        self.entries = 0
        self.last_seq = 0
        self._link_judged_at = 0  # true time at which it last said that its own link is lost, or back
        self._reopened: set[str] = set()
        self._decoder = msgspec.json.Decoder(StepRecord)
        self._messages: list[Message] = []
        self._by_seq: dict[int, tuple[Message, int]] = {}  # entry → what it brought, and true time
        self._offered: dict[str, int] = {}  # offer → true time at which it was on record
        self._unseen: dict[str, int] = {}  # alarm that nobody has acknowledged → likewise
        self._explained: set[int] = set()
        self._tests: dict[str, list[bool]] = defaultdict(list)  # site → of each test asked for: names it life safety?
        self._touched: set[str] = set()  # cases a person has had in hand
        self._cancelled: set[str] = set()
        self._holders: dict[tuple[str, str, int], str] = {}  # job → offer of the guard who has it
        self._accepted: dict[str, set[str]] = defaultdict(set)  # case → offers that a guard was granted

    # -------------------------------------------------------------------------------------------- what the world tells

    def happened(self, message: Message) -> None:
        self._messages.append(message)

    def acknowledged(self, message: Message) -> None:
        """(1) ACKed ⇒ journalled; (2) journalled ⇒ decided."""
        assert message.judged, (
            f"{message.account} number {message.sequence} was acknowledged, and is not in the journal"
        )
        assert any(each.judgement.judged is not Fate.REFUSED for each in message.judged), "acknowledged, and refused"
        message.acknowledged_at = self.world.time

    def told(self, seq: int) -> None:
        """What somebody is told was done is on record."""
        assert 0 < seq <= self.last_seq, "somebody was told that it is done, and it is not in the journal"

    def left(self, effect: DurableEffect) -> None:
        """Nothing reaches the world that is not on record."""
        assert effect.id in self.follower.state.pending, f"{effect.id} left, and the journal does not know of it"

    def test_asked(self, site_id: str, *, names_life: bool) -> None:
        self._tests[site_id].append(names_life)

    def person_acted(self, case_id: str) -> None:
        self._touched.add(case_id)

    def guard_answered(self, guard_id: str, offer_id: str, answer: GuardAnswer, told: Answer | None) -> None:
        """(3) One guard to a job: as the guards themselves were told."""
        if told is None or not (told.granted or told.rule == "offer.accepted"):
            return
        case = self.follower.state.cases.get(offer_id.partition("-")[0])
        dispatch = case.dispatch_of_offer(offer_id) if case is not None else None
        assert case is not None, f"{guard_id} was told yes about {offer_id}, of which the journal knows nothing"
        assert dispatch is not None, offer_id
        job = (case.id, dispatch.step_id, dispatch.decided_at)
        if answer is GuardAnswer.ACCEPT:
            holder = self._holders.setdefault(job, offer_id)
            assert holder == offer_id, f"{holder} and {offer_id} both hold the job of {case.id}"
            self._accepted[case.id].add(offer_id)

    # --------------------------------------------------------------------------------------------- what becomes durable

    def take(self, batch: Batch, store: MemoryStore) -> None:
        for record in batch.records:
            self._follow(record.seq, record.payload)
        state = self.follower.state
        waiting = {key for key, pending in state.pending.items() if not pending.waiting}
        assert waiting == store._outbox.keys(), "the outbox and the state disagree on what is under way"
        self.check_times()

    def check_times(self) -> None:
        """(4) in true time: whatever is made of the daemon's clock, nobody waits much longer than was said."""
        now, cases = self.world.time, self.follower.state.cases
        for offer_id, since in self._offered.items():
            timeout_s = cases[offer_id.partition("-")[0]].dispatch_of_offer(offer_id).offer_timeout_s  # type: ignore[union-attr]
            assert now - since <= (timeout_s + SLACK_S) * NS, f"{offer_id} has been open for {(now - since) / NS:.0f} s"
        for case_id, since in self._unseen.items():
            is_called = cases[case_id].attention > 0
            assert is_called or now - since <= (UNSEEN_S + SLACK_S) * NS, f"{case_id} waits, and nobody was called"

    def _watch_times(self, case: Case) -> None:
        now = self.world.time
        for dispatch in case.dispatches:
            for offer in dispatch.offers:
                if offer.status is OfferStatus.OPEN and case.is_open:
                    self._offered.setdefault(offer.id, now)
                    continue
                since = self._offered.pop(offer.id, None)
                if since is not None and offer.status is OfferStatus.TIMED_OUT:
                    had_s = (now - since) / NS
                    assert had_s >= dispatch.offer_timeout_s - SYNC_S, f"{offer.id} timed out after {had_s:.1f} s"
        if case.is_open and case.type == "alarm" and case.acknowledged_at is None and not case.owner:
            self._unseen.setdefault(case.id, now)
        else:
            self._unseen.pop(case.id, None)

    def _follow(self, seq: int, payload: bytes) -> None:
        record = self._decoder.decode(payload)
        assert not isinstance(record.fact, StepFailed), f"the machine could not digest a fact: {record.fact}"
        if isinstance(record.fact, RulesLoaded):
            self.follower.expect(compiled())
        followed = self.follower.step(record.fact, seq)
        if isinstance(record.fact, DaemonTroubled) and record.fact.code == "uplink_lost":
            self._link_judged_at = self.world.time
        elif isinstance(record.fact, PathsSilent):
            self._check_blamed(record.fact)
        self.entries += 1
        self.last_seq = seq
        assert msgspec.json.encode(followed.record) == payload, f"a replay decides otherwise on entry {seq}"
        check_step(followed)
        for case in followed.cases:
            check_case(self.follower, case)
            _check_offers(self.follower, case)
            self._watch_times(case)
            if case.acknowledged_at is not None and case.acknowledged_by != DAEMON.id:
                self._touched.add(case.id)
        for note in record.notes:
            if note.what == "case.moved" and note.detail["move"] == "reopen":
                self._reopened.add(note.subject)
            elif note.what == "case.moved" and note.detail["by"] == DAEMON.id:
                self._check_closed_by_itself(note.subject)
            elif note.what == "signal.explained":
                self._explained.add(int(note.detail["entry"] or 0))
            elif note.what == "dispatch.cancelled" and note.detail["guard"]:
                check_called_off(record, str(note.detail["guard"]))
            elif note.what == "guard.decline":  # on record: whether the guard has heard so or not
                self._given_back(str(note.detail["offer"]))
            elif note.what == "case.cancelled_by_user":
                self._cancelled.add(note.subject)
        self._judge(seq, record)

    def _given_back(self, offer_id: str) -> None:
        self._holders = {job: offer for job, offer in self._holders.items() if offer != offer_id}
        for offers in self._accepted.values():
            offers.discard(offer_id)

    def _check_closed_by_itself(self, case_id: str) -> None:
        """(5), and requirements 4.4: alarms never close because a detector is quiet again."""
        case = self.follower.state.cases[case_id]
        if case.is_open or case.category in SETTLING:
            return
        is_cancelled = case.id in self._cancelled and case.category is Category.INTRUSION
        assert is_cancelled, f"{case.id} ({case.category}) closed by itself: {case.disposition}"

    # ----------------------------------------------------------------------------------------------- judging judgements

    def _judge(self, seq: int, record: StepRecord) -> None:
        fact = record.fact
        message = None
        if isinstance(fact, FrameReceived):
            received = fact.received
            panel = self.world.panels.get(received.session_account)
            if panel is not None and received.sequence is not None:
                message = panel.messages.get(int(received.sequence))
            if message is not None and (received.problem is None and received.signals[0].code != message.code):
                message = None  # damaged on the way in a manner that its checksum did not show
            if message is not None:
                self._by_seq[seq] = message, self.world.time
        for judgement in record.judgements:
            if not judgement.seq and judgement.index > 0:
                continue  # of what the frame made the machine say itself: each of ours brings one signal
            found = self._by_seq.get(judgement.seq or seq)
            if found is None or (judgement.decision is not None and judgement.because in _TROUBLES):
                continue
            self._judge_one(found[0], Judged(seq=judgement.seq or seq, at=found[1], judgement=judgement))

    def _judge_one(self, message: Message, judged: Judged) -> None:
        judgement, happening = judged.judgement, message.happening
        self._check_repeat(message, judged)
        message.judged.append(judged)
        if judgement.judged in _NOT_TAKEN:
            return
        told = f"{message.data} of {message.account} (entry {judged.seq}) was {judgement.judged}: {judgement.because}"
        assert judgement.judged in FATES[happening.sort], told
        if judgement.judged is Fate.HELD:
            tests = self._tests[happening.site_id]
            assert tests, f"{told}, and nobody tests there"
            assert happening.sort != LIFE or (NAMED[happening.code] and any(tests)), f"{told}, and no test names it"
        elif judgement.judged in (Fate.FOLDED, Fate.SWINGER):
            assert self._is_often(happening), f"{told}, and it came alone"
        elif judgement.judged in (Fate.OPENED, Fate.JOINED) and happening.sort in (LIFE, ALARM):
            case = self.follower.state.cases.get(judgement.case_id)
            assert case is not None, told
            assert case.is_open or case.id in self._cancelled, f"{told}, and {case.id} is closed"
            assert happening.sort != LIFE or case.priority in (Priority.P0, Priority.P1), f"{told} as {case.priority}"

    def _is_often(self, happening: Happening) -> bool:
        return any(
            (each.happening.site_id, each.happening.zone) == (happening.site_id, happening.zone)
            for each in self._messages
            if each.happening is not happening
        )

    def _check_repeat(self, message: Message, judged: Judged) -> None:
        """(3) One case per event of the world, however often and by however many ways it is told."""
        judgement = judged.judgement
        if judgement.judged in _NOT_TAKEN or judgement.seq:
            return
        told = f"{message.data} of {message.account} number {message.sequence}"
        for before in message.judged:
            if before.judgement.judged in _NOT_TAKEN or before.seq == judged.seq:
                continue
            apart_s = (judged.at - before.at) / NS
            if apart_s <= RETRY_HORIZON_S - SYNC_S and not self._is_over(message, before.judgement):
                raise AssertionError(f"{told} was taken twice, {apart_s:.1f} s apart: {judgement.judged}")
        if judgement.judged is Fate.OPENED:
            self._check_copies(message, judged, told)
            self._check_alone(judgement.case_id, told)

    def _check_copies(self, message: Message, judged: Judged, told: str) -> None:
        window_s = SITE_OF[message.account].conditioning.second_path_s
        for other in message.happening.messages:
            opened = [each for each in other.judged if each.judgement.judged is Fate.OPENED]
            for before in opened if other is not message else ():
                is_near = abs(judged.at - before.at) / NS <= min(window_s, RETRY_HORIZON_S)
                case = self.follower.state.cases.get(before.judgement.case_id)
                if is_near and case is not None and case.is_open and not message.happening.is_of_burst:
                    raise AssertionError(f"{told} opened a case beside {case.id}, which is about the same event")

    def _check_alone(self, case_id: str, told: str) -> None:
        """One case per site and group while it is open (requirements 4.1)."""
        cases = self.follower.state.cases
        opened = cases[case_id]
        for other in cases.values():
            if other.is_open and other.fold_key == opened.fold_key and other.id not in (case_id, *self._reopened):
                raise AssertionError(f"{told} opened {case_id} beside {other.id}, which is about the same")

    def _is_over(self, message: Message, judgement: Judgement) -> bool:
        """A matter of life whose case is closed, or which a test held that is over: nobody could tell a second press
        of a panel that never changes its sequence number, and one too many does less harm."""
        case = self.follower.state.cases.get(judgement.case_id)
        is_closed = case is not None and not case.is_open
        return message.happening.sort == LIFE and (is_closed or judgement.judged is Fate.HELD)

    # ------------------------------------------------------------------------------------------------------ at restarts

    def restored(self, process: Process) -> None:
        """(6) What a restart begins with is what the journal says, and what was to be done is still to be done."""
        differing = states_differ(process.runtime.station.state, self.follower.state)
        assert not differing, f"restored, and other than the journal says: {differing}"
        assert process.runtime.station.next_deadline() == self.follower.next_deadline(), "a deadline was forgotten"
        queued = {effect.id for channel in process.runtime._channels.values() for effect in channel._waiting}
        assert queued == process.store._outbox.keys(), "an effect was forgotten over the restart"

    def check_paths(self) -> None:
        """R-17: a silence is told within its reporting time, and nobody is blamed who can be heard."""
        world, process = self.world, self.world.process
        now, network = world.time, world.network
        if not process.is_up or network.is_down or process.runtime.station.watch.own_link.lost_at:
            return  # it believes that it is itself, and has said so
        ours = max(process.began_at, network.came_up_at, world.clock_set_at)
        # Having thought of itself first, it gives every path its whole time anew (requirements 4.4), but not for ever.
        since = max(ours, self._link_judged_at)
        steady_s = (now - since) / NS
        faults = process.runtime.station.state.path_faults
        for panel in world.panels.values():
            key = f"{panel.site.id}/panel/ip"
            told_s, silent_s = ((now - max(panel.heard_at, begun)) / NS for begun in (since, ours))
            if panel.is_cut and (
                told_s > WATCHED_REPORT_S + LINK_S or silent_s > HELD_S_MAX + WATCHED_REPORT_S + LINK_S
            ):
                assert key in faults, f"{key} has been silent for {silent_s:.0f} s, and nobody knows"
            changed_s = (now - panel.changed_at) / NS
            if not panel.is_cut and min(changed_s, steady_s) > WATCHED_REPORT_S + BACK_S:
                assert key not in faults, f"{key} is blamed, and has been heard for {changed_s:.0f} s"

    def _check_blamed(self, fact: PathsSilent) -> None:
        """Having thought of itself, it blames nobody before they have had their whole time."""
        for key in fact.silent:
            had_s = (self.world.time - self._link_judged_at) / NS
            whole_s = self.follower.directory.paths[key].limits().silent_s
            assert had_s >= whole_s - CLOCK_S, f"{key} is blamed {had_s:.0f} s after its own link was"

    # ---------------------------------------------------------------------------------------------------------- the end

    def probed(self, happening: Happening) -> None:
        """Liveness: a fresh alarm still passes."""
        (message,) = happening.messages
        assert message.acknowledged_at is not None, "a fresh alarm is not acknowledged any more"
        case_id = message.judged[-1].judgement.case_id
        assert message.judged[-1].judgement.judged is Fate.OPENED, f"a fresh alarm was {message.judged[-1].judgement}"
        assert len(self._accepted[case_id]) == 1, f"a fresh alarm has {self._accepted[case_id] or 'no guard'}"

    def final(self) -> None:
        process = self.world.process
        differing = states_differ(process.runtime.station.state, self.follower.state)
        assert not differing, f"the live machine is other than its journal says: {differing}"
        check_chain(process.store)
        outbox = Outbox()
        outbox.rows = {key: each.effect for key, each in self.follower.state.pending.items() if not each.waiting}
        check_state(self.follower, outbox)
        for message in self._messages:
            self._check_conserved(message)

    def _check_conserved(self, message: Message) -> None:
        """An acknowledged alarm is an obligation: one guard on the way, or a person who has it in hand."""
        told = f"{message.data} of {message.account} number {message.sequence}"
        assert message.acknowledged_at is not None, f"{told} was never acknowledged"
        taken = _taken(message)
        if not taken and any(_taken(each) and _is_same_but_for_header(each, message) for each in self._messages):
            return  # which may be a recording of that one
        assert taken, f"{told} was acknowledged, and nothing was decided on it"
        if message.happening.sort not in (ALARM, LIFE):
            return
        last = taken[-1].judgement
        if last.judged in (Fate.HELD, Fate.SWINGER) or (
            last.judged is Fate.PENDING and taken[-1].seq in self._explained
        ):
            return
        if last.judged is Fate.COPY and not last.case_id:
            return  # of one that waited, was held or was folded: that one is looked at for itself
        case_id = last.case_id
        assert case_id, f"{told} came to nothing: {last.judged} {last.because}"
        is_handled = case_id in self._touched or case_id in self._cancelled or len(self._accepted[case_id]) == 1
        assert is_handled, f"{told}: nobody was sent for {case_id}, and nobody has seen it"


def _taken(message: Message) -> list[Judged]:
    return [each for each in message.judged if each.judgement.judged not in _NOT_TAKEN]


def _is_same_but_for_header(one: Message, other: Message) -> bool:
    """Said the same in the same second by the panel's clock. A receiver cannot tell it from a recording of the one."""
    said = other.account, other.data, other.extended, other.sealed
    return bool(other.sealed) and (one.account, one.data, one.extended, one.sealed) == said


# Judgements about a trouble that a frame raised, not about the signal it brought.
_TROUBLES = frozenset({"plaintext_refused", "wrong_key", "replayed", "no_key", "outside_window"})


def _check_offers(station: Station, case: Case) -> None:
    for dispatch in case.dispatches:
        for offer in dispatch.offers:
            if offer.status is OfferStatus.OPEN and case.is_open:
                key = f"case/{case.id}/offer/{offer.id}"
                assert station.deadlines.due_of(key) is not None, f"{offer.id} waits for an answer without an end"
