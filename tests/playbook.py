"""Transcripts for the machine: `>>` a fact happened, `<<` exactly what must come out, nothing more.

    play = Playbook(sites=[a_site()])
    play >> panel.sia("BA", zone="3")
    play << '''
        opened C10 routed x/ba look P2
        case.opened C10 type=alarm …
        reply ack
        '''
    play >> After(30)

One line of text per judgement, note and effect, in that order; `-- +30 KEY` heads what a deadline caused. Time passes
only by `After`, or by `Due`, which takes one deadline. Every step is held to `invariants`; `end` replays the whole
journal and restores it from checkpoints, and every way must come to the same state and the same effects.

One rule: it runs the real machine. What it shows is all that the machine gave.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from textwrap import dedent
from types import EllipsisType

import msgspec
from msgspec import Struct

from arcd.core.case.model import Case
from arcd.core.effects import (
    Answer,
    AnyEffect,
    DurableEffect,
    ErasePayloads,
    PostWebhook,
    ProfilesChanged,
    PruneEntries,
    Reply,
    SendAlert,
    SendMail,
    SendPage,
    SwitchRelay,
)
from arcd.core.facts import (
    Actor,
    AnyFact,
    CaseMoveRequested,
    CaseStepRequested,
    CentreImported,
    ClaimRenewRequested,
    DeadlineReached,
    EffectOutcome,
    EffectReported,
    FrameReceived,
    GuardAnswer,
    GuardAnswered,
    RulesLoaded,
    SiteImported,
    Started,
)
from arcd.core.record import Judgement, Note
from arcd.core.site import Centre, Site
from arcd.core.station import Station, Stepped
from protocols.codec import Received, WireProfile
from protocols.dc09 import Dc09Codec, Dialler
from protocols.dc09.frame import encode_frame
from protocols.secrets import WireKey
from tests.arcd.core.invariants import Outbox, check_state, check_step, same_state
from tests.sites import KEY, a_centre, a_site, rules

NS = 1_000_000_000
START = 1_772_625_600 * NS  # Wednesday 2026-03-04 12:00 UTC, 14:00 in Helsinki
FIRST_SEQ = 10  # what a playbook tells first is entry 10; what comes before sets the scene

OPERATOR = Actor(id="os:matti")
COLLEAGUE = Actor(id="os:maija")

Telling = Callable[[int], AnyFact]


class After(Struct, frozen=True):
    """So many seconds pass; every deadline on the way is reached at its instant."""

    seconds: float


class Due(Struct, frozen=True):
    """Time passes until the next deadline, which must be this one."""

    key: str


class PlaybookError(AssertionError):
    """The machine said something else than the transcript."""


class Playbook:
    def __init__(
        self,
        *,
        sites: Sequence[Site] | None = None,
        centre: Centre | None = None,
        sources: Mapping[str, str] | None = None,
        now: int = START,
    ) -> None:
        self.station = Station()
        self.now = now
        self.history: list[tuple[int, Stepped]] = []
        self._start = now
        self._seq = 0
        self._outbox = Outbox()
        self._outstanding: list[str] = []
        self._set_the_scene([a_site()] if sites is None else sites, centre or a_centre(), sources or rules())

    def _set_the_scene(self, sites: Sequence[Site], centre: Centre, sources: Mapping[str, str]) -> None:
        actor = Actor(id="daemon")
        scene: list[AnyFact] = [
            RulesLoaded(at=self.now, digest="", sources=dict(sources), actor=actor),
            Started(at=self.now, version="test"),
            CentreImported(at=self.now, centre=centre, actor=actor),
            *(SiteImported(at=self.now, site=site, actor=actor) for site in sites),
        ]
        assert len(scene) < FIRST_SEQ, "a smaller scene will do"
        for fact in scene:
            self._step(fact)
        self._seq = FIRST_SEQ - 1
        self._outstanding.clear()

    # --------------------------------------------------------------------------------------------------- the transcript

    def __rshift__(self, happened: AnyFact | Telling | After | Due) -> Playbook:
        self.nothing_more()
        match happened:
            case After(seconds=seconds):
                self._advance_to(self.now + round(seconds * NS))
            case Due(key=key):
                due = self.station.next_deadline()
                if due is None or due[1] != key:
                    raise PlaybookError(f"the next deadline is {due and due[1]}, not {key}")
                self._reach(*due)
            case _ if callable(happened):
                self._step(happened(self.now))
            case _:
                self._step(msgspec.structs.replace(happened, at=self.now))
        return self

    def __lshift__(self, expected: str | EllipsisType) -> Playbook:
        """`...` lets whatever came out stand unread; "" says that nothing may have come out."""
        got, self._outstanding = self._outstanding, []
        if isinstance(expected, str):
            wanted = [line.strip() for line in dedent(expected).splitlines() if line.strip()]
            if got != wanted:
                raise PlaybookError(_difference(wanted, got))
        return self

    def nothing_more(self) -> None:
        if self._outstanding:
            raise PlaybookError("nobody expected\n" + "\n".join(f"+ {line}" for line in self._outstanding))

    def end(self) -> None:
        """Nothing is left unread, and the journal tells the same story again, from the start and from a checkpoint."""
        self.nothing_more()
        replay(self.history, self.station)

    # ------------------------------------------------------------------------------------------------------- reading it

    def case(self, case_id: str = "C10") -> Case:
        return self.station.state.cases[case_id]

    @property
    def effects(self) -> tuple[AnyEffect, ...]:
        """Those of the last step, whole."""
        return self.history[-1][1].effects

    @property
    def stepped(self) -> Stepped:
        return self.history[-1][1]

    def deadlines(self) -> dict[str, float]:
        """key → seconds from now."""
        return {key: (due - self.now) / NS for key, due in sorted(self.station.state.deadlines.items())}

    # ------------------------------------------------------------------------------------------------------- its engine

    def _advance_to(self, at: int) -> None:
        seen: int | None = None  # a look that found nothing to say
        while True:
            due, look = self.station.next_deadline(), self.station.watch.next_look()
            if look is not None and look != seen and look <= at and (due is None or look < due[0]):
                seen = None if self._look(max(look, self.now)) else look
            elif due is not None and due[0] <= at:
                self._reach(*due)
            else:
                break
        self.now = at

    def _look(self, at: int) -> bool:
        """What time has done to supervised paths; whether it has done anything."""
        self.now = at
        facts = self.station.look(at)
        for fact in facts:
            self._outstanding.append(f"-- +{(at - self._start) / NS:g} {fact.__struct_config__.tag}")
            self._step(fact)
        return bool(facts)

    def _reach(self, due: int, key: str) -> None:
        self.now = max(self.now, due)
        self._outstanding.append(f"-- +{(self.now - self._start) / NS:g} {key}")
        self._step(DeadlineReached(at=self.now, key=key, due=due))
        assert self.station.next_deadline() != (due, key), f"{key} fired and is still due"

    def _step(self, fact: AnyFact) -> None:
        self._seq += 1
        stepped = self.station.step(fact, self._seq)
        self.history.append((self._seq, stepped))
        self._outstanding += lines_of(stepped)
        self._outbox.follow(stepped)
        check_step(stepped)
        check_state(self.station, self._outbox)


def replay(history: Sequence[tuple[int, Stepped]], live: Station) -> None:
    """Replaying the facts gives the same effects and the same state; so does a checkpoint with the tail behind it."""
    again, rows = Station(), dict[tuple[str, str], bytes]()
    middle = len(history) // 2
    for position, (seq, stepped) in enumerate(history):
        if position == middle:
            for table, key, value in again.take_changed():
                if value is not None:
                    rows[table, key] = msgspec.json.encode(value)
        assert again.step(stepped.record.fact, seq) == stepped, f"entry {seq} is told differently the second time"
    same_state(live.state, again.state)
    restored = Station()
    restored.restore((table, key, body) for (table, key), body in rows.items())
    for seq, stepped in history[middle:]:
        assert restored.step(stepped.record.fact, seq) == stepped, f"entry {seq} after a restore"
    same_state(live.state, restored.state)
    assert restored.next_deadline() == live.next_deadline()


# ------------------------------------------------------------------------------------------------------------ as text


def lines_of(stepped: Stepped) -> list[str]:
    record = stepped.record
    refused = [effect for effect in record.effects if isinstance(effect, Answer) and not effect.granted]
    notes = [note for note in record.notes if not (note.what == "refused" and refused)]  # the answer says the same
    return [
        *(_judgement_line(judgement) for judgement in record.judgements),
        *(_note_line(note) for note in notes),
        *(_effect_line(effect) for effect in record.effects),
    ]


def _judgement_line(judgement: Judgement) -> str:
    parts = [judgement.judged.value, judgement.case_id, judgement.flag_id, judgement.because]
    if judgement.decision is not None:
        parts += [judgement.decision.route, judgement.decision.plan, judgement.decision.priority.value]
    if judgement.index:
        parts.append(f"#{judgement.index}")
    return " ".join(part for part in parts if part)


def _note_line(note: Note) -> str:
    detail = [f"{name}={_plain(value)}" for name, value in note.detail.items() if value not in (None, "")]
    return " ".join(part for part in (note.what, note.subject, *detail) if part)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _effect_line(effect: AnyEffect) -> str:
    match effect:
        case Reply():
            return f"reply {effect.reply.value}"
        case Answer():
            if effect.granted:
                return f"granted {effect.subject}".strip()
            return f"refused {effect.rule}: {effect.message}"
        case ProfilesChanged():
            return f"profiles {effect.site_id}"
        case ErasePayloads():
            return f"erase {', '.join(map(str, effect.seqs))} {', '.join(effect.cases)}".strip()
        case PruneEntries():
            return f"prune to {effect.through}"
        case SendPage():
            return f"page {effect.id}{_attempt(effect)} to {effect.address}: {effect.text}"
        case SendMail():
            return f"mail {effect.id}{_attempt(effect)} to {', '.join(effect.to)}: {effect.subject}"
        case SendAlert():
            message = effect.message
            return f"cap {effect.id}{_attempt(effect)} {message.status} {message.msg_type} {message.identifier[-26:]}"
        case SwitchRelay():
            pulse = f" for {effect.pulse_s:g} s" if effect.pulse_s else ""
            return f"relay {effect.id} {effect.site_id}/{effect.relay_id} {'on' if effect.on else 'off'}{pulse}"
        case PostWebhook():
            return f"post {effect.id}{_attempt(effect)} to {effect.url}: {effect.topic}"


def _attempt(effect: DurableEffect) -> str:
    return f" (attempt {effect.attempt})" if effect.attempt > 1 else ""


def _difference(wanted: Sequence[str], got: Sequence[str]) -> str:
    compared = difflib.unified_diff(wanted, got, "expected", "got", lineterm="", n=50)
    return "the transcript differs\n" + "\n".join(compared)


# ------------------------------------------------------------------------------------------------------------ who tells


class Panel:
    """A DC-09 panel on the machine's other side: real frames, real decoding, replies left to the machine."""

    def __init__(
        self,
        account: str = "1001",
        *,
        header: str | None = None,
        key: WireKey | None = None,
        profile: WireProfile | None = None,
        gateway: str = "dc09-tcp",
        peer: str = "192.0.2.7:41234",
    ) -> None:
        self.account = account
        self.sequence = 0
        self._dialler = Dialler(account=header or account, key=key)
        self._profile = profile or WireProfile(key=key)
        self._gateway = gateway
        self._peer = peer
        self._last = b""

    def sia(
        self,
        code: str,
        *,
        zone: str = "",
        area: str = "1",
        sequence: int | None = None,
        clock_s: float = 0.0,
        timed: bool = True,
    ) -> Telling:
        """One frame; codes joined by "/" travel together. `clock_s`: how far the panel's clock is off."""
        events = "/".join(f"{each}{zone}" for each in code.split("/"))
        return self.message("SIA-DCS", f"#{self.account}|Nri{area}/{events}", sequence, clock_s, timed=timed)

    def null(self, *, data: str = "") -> Telling:
        return self.message("NULL", data, None, 0.0)

    def message(
        self, token: str, data: str, sequence: int | None = None, clock_s: float = 0.0, *, timed: bool = True
    ) -> Telling:
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence

        def tell(now: int) -> AnyFact:
            at = now + round(clock_s * NS) if timed else None
            self._last = self._dialler.message(token, data, sequence=sequence, now=at, pad=bytes)
            return self._received(now)

        return tell

    def again(self) -> Telling:
        """The same bytes once more: a retransmission, or a recording."""
        return self._received

    def rewritten(self, old: bytes, new: bytes) -> Telling:
        """The last frame with another header, CRC and all, as whoever has recorded it may write it."""

        def tell(now: int) -> AnyFact:
            body = self._last[9:-1]
            assert old in body
            self._last = encode_frame(body.replace(old, new, 1))
            return self._received(now)

        return tell

    def frame(self, now: int) -> Received:
        """The last message as the codec reads it at this instant."""
        codec = Dc09Codec(lambda _: self._profile, pad=bytes)
        (item,) = codec.receive_data(self._last, now)
        assert isinstance(item, Received)
        return item

    def _received(self, now: int) -> AnyFact:
        return FrameReceived(at=now, trace="t", gateway=self._gateway, peer=self._peer, received=self.frame(now))


def keyed_panel(account: str = "1001", *, window_past_s: float = 40.0, window_future_s: float = 20.0) -> Panel:
    profile = WireProfile(key=KEY, window_past_s=window_past_s, window_future_s=window_future_s)
    return Panel(account, key=KEY, profile=profile)


def move(
    name: str, *, case_id: str = "C10", actor: Actor = OPERATOR, form: Mapping[str, str] | None = None
) -> CaseMoveRequested:
    return CaseMoveRequested(at=0, case_id=case_id, move=name, actor=actor, form=dict(form or {}))


def step(
    step_id: str, action: str, outcome: str = "", *, case_id: str = "C10", note: str = "", seen_version: int = 0
) -> CaseStepRequested:
    return CaseStepRequested(
        at=0,
        case_id=case_id,
        step_id=step_id,
        action=action,
        actor=OPERATOR,
        outcome=outcome,
        note=note,
        seen_version=seen_version,
    )


def held(hold_s: float = 1800.0, *, case_id: str = "C10", actor: Actor = OPERATOR) -> ClaimRenewRequested:
    """The owner is on the telephone: the claim stands so long without another word."""
    return ClaimRenewRequested(at=0, case_id=case_id, actor=actor, hold_s=hold_s)


def guard(
    offer_id: str, answer: GuardAnswer, *, eta_s: float | None = None, report: Mapping[str, str] | None = None
) -> GuardAnswered:
    return GuardAnswered(
        at=0, offer_id=offer_id, answer=answer, actor=Actor(id="guard"), eta_s=eta_s, report=dict(report or {})
    )


def outcome(effect_id: str, what: EffectOutcome, detail: str = "") -> EffectReported:
    return EffectReported(at=0, effect_id=effect_id, outcome=what, detail=detail)


def delivered(effect_ids: Iterable[str]) -> Iterator[EffectReported]:
    return (outcome(effect_id, EffectOutcome.DELIVERED) for effect_id in effect_ids)


CLOSING = {"disposition": "user_error", "note": "Helmi was early."}
