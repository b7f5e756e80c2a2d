"""Every kind of fact and effect in the vocabulary has words for a person."""

from __future__ import annotations

import typing
from typing import Any

import msgspec
import pytest

from arcd.api.redaction import readable
from arcd.cli.fact_text import FACTS, describe_fact
from arcd.core.facts import (
    AccountsHeard,
    Actor,
    AnyFact,
    AuditKeyChanged,
    AuthorityAction,
    AuthorityAnswered,
    AuthorityCalled,
    AuthorityRequested,
    AuthorityUnreadable,
    CallAnswer,
    CaseMoveRequested,
    CaseNoted,
    CaseOpenRequested,
    CaseStepRequested,
    CentreImported,
    ClaimRenewRequested,
    ClockStepped,
    DaemonTroubled,
    DeadlineReached,
    EffectOutcome,
    EffectReported,
    ErasureRequested,
    Fact,
    FlagEndRequested,
    FlagKind,
    FlagNoticed,
    FlagStartRequested,
    ForwardAcknowledged,
    ForwardSwitchRequested,
    FrameMalformed,
    FrameReceived,
    GuardAnswer,
    GuardAnswered,
    HoldRequested,
    IdentityChecked,
    IdentityOutcome,
    JournalRestored,
    JournalVerified,
    KeyChangeRequested,
    LineFault,
    LineLost,
    LineRestored,
    LinesHeard,
    NoticeKind,
    OperatorAnswered,
    PartyInformed,
    PathsHeardAgain,
    PathsSilent,
    PruneRequested,
    RelayAction,
    RelayRequested,
    RulesLoaded,
    ScheduleChangeRequested,
    Scope,
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
from arcd.core.site import Centre, Hours, SealedKey, Site
from protocols.cap.message import Alert, MsgType, Status
from protocols.cap.message import Scope as CapScope
from protocols.codec import Kind, Malformed, Origin, Problem, Protection, Received, Speaker
from protocols.signals import Category, Qualifier, Scheme, Signal

AT = 1_795_396_327_123_456_789  # 2026-11-23T01:12:07Z
WHO = Actor(id="os:matti", name="Matti")
ALERT = Alert(
    identifier="a-1",
    sender="erc",
    sent="2026-11-23T03:12:07+02:00",
    status=Status.TEST,
    msg_type=MsgType.ACK,
    scope=CapScope.PRIVATE,
    note="taken",
)
SIGNAL = Signal(
    scheme=Scheme.SIA,
    code="BA",
    category=Category.INTRUSION,
    qualifier=Qualifier.NEW,
    area="1",
    zone="3",
    text="HALL",
    occurred_at=AT,
    media=("http://example.invalid/1",),
    extra=(("id", "19"),),
)
FRAME = Received(
    protocol="dc09",
    kind=Kind.SIGNALS,
    token="SIA-DCS",
    origin=Origin(account="1001", receiver="2", line="0"),
    session_account="2001",
    sequence="0012",
    signals=(SIGNAL,),
    protection=Protection.ENCRYPTED,
    problem=Problem.OUTSIDE_WINDOW,
    clock_skew_s=-61.2,
    remarks=("decimal_length",),
    raw=b"\n1234\x00",
)

FACTS_TOLD: list[tuple[Fact, tuple[str, ...]]] = [
    (
        FrameReceived(at=AT, trace="t", gateway="dc09-tcp", peer="192.0.2.7:41234", received=FRAME),
        (
            "sequence 0012, account 1001 receiver 2 line 0, sent for 2001, AES, panel's clock -61 s, "
            "from 192.0.2.7:41234 by dc09-tcp",
            "NOT TO BE TRUSTED: outside window",
            "BA Burglary Alarm: intrusion, new, area 1, zone 3, “HALL”, happened 2026-11-23 03:12:07.123 EET "
            "(01:12:07.123Z), media http://example.invalid/1, id 19",
            "tolerated: decimal_length",
            "raw \n1234\x00",
        ),
    ),
    (
        FrameMalformed(
            at=AT,
            trace="t",
            gateway="dc09-udp",
            peer="p",
            malformed=Malformed(protocol="dc09", reason="crc", detail="said 1234", raw=b"\nxx"),
            count=7,
        ),
        ("dc09 bytes that are no frame (crc: said 1234), 7 times, from p by dc09-udp", "raw \nxx"),
    ),
    (AccountsHeard(at=AT, heard={"1001": AT, "1002": AT}), ("2 accounts heard from",)),
    (
        AccountsHeard(at=AT, heard={}, paths={"S/fire/ip": AT}, floors={"145": AT}),
        ("1 path that speak seldom", "silent for 145 s, and is up, heard since 2026-11-23 03:12:07"),
    ),
    (
        PathsSilent(at=AT, silent={f"S/{number}/ip": AT for number in range(23)}),
        ("23 paths silent", "S/0/ip last heard 2026-11-23 03:12:07", "and 3 more"),
    ),
    (PathsHeardAgain(at=AT, heard={"S/fire/ip": AT}), ("1 path heard again", "S/fire/ip last heard")),
    (
        LineLost(at=AT, line="surgard-1", fault=LineFault.ABSENT, detail="No such file"),
        ("line surgard-1 IS LOST (absent): No such file",),
    ),
    (LineRestored(at=AT, line="surgard-1"), ("line surgard-1 is open",)),
    (LinesHeard(at=AT, heard={"b": AT, "a": AT}), ("heard from 2 lines: a, b",)),
    (Started(at=AT, version="0.1.0"), ("arcd 0.1.0 started for the first time",)),
    (Started(at=AT, version="0.1.0", down_since=AT, clean=False), ("WITHOUT A GOODBYE 2026-11-23 03:12:07",)),
    (Stopped(at=AT, reason="asked to"), ("arcd stopped: asked to",)),
    (ClockStepped(at=AT, step_s=-3600.0), ("set back by 1h",)),
    (DeadlineReached(at=AT, key="case/C1/step/x", due=AT), ("time is up for case/C1/step/x, due 2026-11-23 03:12:07",)),
    (
        StepFailed(at=AT, failed_kind="case_noted", failed_fact='{"fact":"case_noted"}', error="KeyError at x:1"),
        ("a case_noted COULD NOT BE DIGESTED: KeyError at x:1", "it said {'fact': 'case_noted'}"),
    ),
    (DaemonTroubled(at=AT, code="disk_low", detail="1 GB"), ("trouble of the daemon itself: disk_low: 1 GB",)),
    (DaemonTroubled(at=AT, code="disk_low", detail="9 GB", cleared=True), ("trouble is over: disk_low",)),
    (AuditKeyChanged(at=AT, verifier="x+1+y", note="n"), ("checkpoints are signed by x+1+y from here on",)),
    (AuditKeyChanged(at=AT, verifier="x+1+y", note="n", vouched=False), ("WITHOUT THE SIGNATURE",)),
    (
        SegmentSealed(at=AT, through=9, hash="aa", peaks=(), actor=WHO, reason="year's end", sealed_at=AT),
        ("seals the journal up to entry 9: year's end",),
    ),
    (
        PruneRequested(at=AT, through=9, actor=WHO, reason="7 years", payloads=0, entries_after=AT),
        ("asks to give up the entries up to 9: 7 years",),
    ),
    (
        ErasureRequested(at=AT, what="case/C1", seqs=(3, 7), actor=WHO, reason="asked to"),
        ("asks to erase the content of 2 (entries 3 to 7), case/C1: asked to",),
    ),
    (
        HoldRequested(at=AT, action="place", subject="site/K-1", actor=WHO, reason="police"),
        ("asks for a legal hold on site/K-1: police",),
    ),
    (
        HoldRequested(at=AT, action="lift", subject="site/K-1", actor=WHO, reason="over"),
        ("asks to lift the legal hold on site/K-1: over",),
    ),
    (
        SensitiveRead(at=AT, what="journal", subject="case/C1", actor=WHO, count=4, since=AT),
        ("has read journal of case/C1 4 times since",),
    ),
    (
        SensitiveRead(
            at=AT, what="export", subject="case/C1", actor=WHO, reason="5560/R/1", recipient="police"
        ),
        ("has read export of case/C1", "for police: 5560/R/1"),
    ),
    (
        SensitiveRead(at=AT, what="backup", subject="centre", actor=WHO, recipient="/backup/j.sqlite"),
        ("has read backup of centre", "for /backup/j.sqlite"),
    ),
    (
        SensitiveRead(at=AT, what="case", subject="case/C1", actor=WHO, count=2, since=AT, ahead=1, reason="2026/17"),
        (
            "has read case of case/C1 2 times since",
            "1 of them answered before the disk had taken the record",
            "why: 2026/17",
        ),
    ),
    (
        JournalVerified(at=AT, actor=WHO, head_seq=9, head_hash="aa", entries=9, signed_seq=8),
        ("has verified the journal up to entry 9, signed up to 8: intact",),
    ),
    (
        JournalVerified(at=AT, actor=WHO, head_seq=9, head_hash="aa", entries=9, findings=("entry 3: changed",)),
        ("NOT INTACT, 1 findings", "entry 3: changed"),
    ),
    (
        JournalRestored(at=AT, backup="b.sqlite", head_at=AT, by="os:matti", restored_at=AT),
        ("os:matti RESTORED THE JOURNAL from b.sqlite, which ends 2026-11-23 03:12:07",),
    ),
    (
        RulesLoaded(at=AT, digest="0123456789abcdef", sources={"a.yaml": ""}, actor=WHO),
        ("os:matti (Matti) put rules 0123456789ab into force (1 file)",),
    ),
    (CentreImported(at=AT, centre=Centre(), actor=WHO), ("imported the centre: 0 guards, 0 contacts",)),
    (SiteImported(at=AT, site=Site(id="K-1", name="Kioski"), actor=WHO), ("imported site K-1 Kioski: 0 systems",)),
    (SiteRemoved(at=AT, site_id="K-1", actor=WHO), ("removed site K-1",)),
    (
        KeyChangeRequested(
            at=AT, site_id="K-1", account="1001", actor=WHO, key=SealedKey(nonce="n", ciphertext="c")
        ),
        ("asked to offer a new key to account 1001 of K-1",),
    ),
    (
        KeyChangeRequested(at=AT, site_id="K-1", account="1001", actor=WHO),
        ("asked to withdraw the key offered to account 1001 of K-1",),
    ),
    (
        ScheduleChangeRequested(
            at=AT,
            site_id="K-1",
            system_id="panel",
            area="1",
            actor=WHO,
            from_day="2026-12-23",
            until_day="2026-12-24",
            hours=Hours(opens=8 * 60, closes=26 * 60 + 30),
            reason="Christmas",
            requested_by="anna",
        ),
        (
            "asked for other hours of K-1 panel area 1, on the word of anna",
            "2026-12-23 to 2026-12-24: opens 08:00, closes 02:30; Christmas",
        ),
    ),
    (
        ScheduleChangeRequested(at=AT, site_id="K-1", system_id="panel", area="1", actor=WHO, withdraws="S1"),
        ("asked to take back change S1 of K-1 panel area 1",),
    ),
    (
        FlagStartRequested(
            at=AT,
            kind=FlagKind.ON_TEST,
            site_id="K-1",
            scope=Scope(zones=("3",)),
            until=AT,
            reason="yearly",
            actor=WHO,
            requested_by="anna",
            verified_how="code_word",
        ),
        ("put K-1 under on test until 2026-11-23 03:12:07", "on the word of anna (code word)", "zones 3: yearly"),
    ),
    (FlagEndRequested(at=AT, flag_id="F1", reason="done", actor=WHO), ("asked to end F1: done",)),
    (
        OperatorAnswered(
            at=AT, notice_id="N8", actor=WHO, ticket="INC-4711", answer="fibre cut", repair_expected_at=AT
        ),
        ("recorded the transmission operator's answer to N8, ticket INC-4711, repair expected", "fibre cut"),
    ),
    (
        PartyInformed(
            at=AT, case_id="C7", actor=WHO, how="phone", name="Insurer", is_over=True, reference="88", told_at=AT
        ),
        ("told Insurer that C7 is over by phone at 2026-11-23 03:12:07", "reference 88"),
    ),
    (
        FlagNoticed(at=AT, flag_id="F1", kind=NoticeKind.START, to="112", actor=WHO, reference="R7", told_at=AT),
        ("told 112 about F1 (start) at 2026-11-23 03:12:07", "reference R7"),
    ),
    (
        SignalPromoted(at=AT, site_id="K-1", signal_seq=9, reason="real", actor=WHO, index=1),
        ("made the held signal 2 of entry 9 at K-1 live: real",),
    ),
    (
        IdentityChecked(
            at=AT, site_id="K-1", contact_id="anna", outcome=IdentityOutcome.PASSED, level=1, actor=WHO
        ),
        ("checked the identity of anna of K-1: passed, level 1",),
    ),
    (
        CaseOpenRequested(
            at=AT, case_type="service_request", site_id="", title="Lamp", priority="P4", actor=WHO, form={"a": "b"}
        ),
        ("asked to open a service_request at the centre, P4: Lamp", "a: b"),
    ),
    (ClaimRenewRequested(at=AT, case_id="C1", actor=WHO), ("kept the claim on C1",)),
    (ClaimRenewRequested(at=AT, case_id="C1", actor=WHO, hold_s=600.0), ("kept the claim on C1 for 10min",)),
    (
        SlaClockRequested(at=AT, case_id="C1", action="pause", actor=WHO, reason="no_access", note="No key."),
        ("asked to pause the arrival clock of C1: no access", "No key."),
    ),
    (SlaClockRequested(at=AT, case_id="C1", action="resume", actor=WHO), ("asked to resume the arrival clock of C1",)),
    (
        CaseMoveRequested(at=AT, case_id="C1", move="park", actor=WHO, form={"reason": "x"}),
        ("asked to park C1", "reason: x"),
    ),
    (CaseNoted(at=AT, case_id="C1", text="one\ntwo", actor=WHO), ("noted on C1:", "one", "two")),
    (
        CaseStepRequested(at=AT, case_id="C1", step_id="call", action="done", actor=WHO, outcome="busy", note="n"),
        ("said done (busy) to step call of C1: n",),
    ),
    (
        AuthorityRequested(at=AT, case_id="C1", action=AuthorityAction.LEVEL, actor=WHO, reason="seen", level=3),
        ("asked for the authority on C1: level 3", "reason: seen"),
    ),
    (
        AuthorityCalled(
            at=AT,
            case_id="C1",
            authority="Hätäkeskus",
            number="112",
            called_at=AT,
            answer=CallAnswer.NO_ANSWER,
            actor=WHO,
            reference="R7",
        ),
        ("called Hätäkeskus (112) for C1, 2026-11-23 03:12:07", "no answer, reference R7"),
    ),
    (
        AuthorityAnswered(at=AT, source="cap_http", message=ALERT),
        ("the authority's machine (cap_http) sent Test Ack a-1 about nothing", "taken"),
    ),
    (
        AuthorityUnreadable(at=AT, source="cap_file", reason="xml", detail="line 1", raw=b"<x"),
        ("NOBODY CAN READ: xml: line 1", "raw <x"),
    ),
    (
        EffectReported(at=AT, effect_id="E1", outcome=EffectOutcome.FAILED, detail="HTTP 503"),
        ("E1 has failed: HTTP 503",),
    ),
    (
        RelayRequested(
            at=AT,
            site_id="K-1",
            relay_id="gate",
            action=RelayAction.PULSE,
            reason="Avain hukassa",
            actor=WHO,
            case_id="C1",
            requested_by="helmi",
        ),
        ("asked to pulse gate of K-1, on the word of helmi, for C1: Avain hukassa",),
    ),
    (
        ForwardAcknowledged(at=AT, output="automation", seq=17, refused=(15,), detail="no form for it"),
        ("output automation: done up to entry 17", "NOT TAKEN: 15: no form for it"),
    ),
    (
        ForwardSwitchRequested(at=AT, output="night", on=True, until=AT, actor=WHO, reason="Sairastapaus"),
        ("asked to switch output night on until 2026-11-23 03:12:07", "Sairastapaus"),
    ),
    (
        GuardAnswered(
            at=AT, offer_id="C1-1", answer=GuardAnswer.EN_ROUTE, actor=WHO, eta_s=720.0, report={"findings": "door"}
        ),
        ("answered offer C1-1: en route, there in 12min", "findings: door"),
    ),
]  # fmt: skip


def as_told(fact: Fact) -> dict[str, Any]:
    """As the API gives it."""
    plain = readable(msgspec.json.encode(fact))
    assert isinstance(plain, dict)
    return plain


def tag_of(kind: type[Fact]) -> str:
    return str(kind.__struct_config__.tag)


def test_every_kind_has_words() -> None:
    kinds = {tag_of(kind) for kind in typing.get_args(AnyFact)}
    assert set(FACTS) == kinds
    assert {tag_of(type(fact)) for fact, _ in FACTS_TOLD} == kinds, "and an example below"


@pytest.mark.usefixtures("helsinki")
@pytest.mark.parametrize(("fact", "wanted"), FACTS_TOLD, ids=lambda value: type(value).__name__)
def test_what_each_kind_says(fact: Fact, wanted: tuple[str, ...]) -> None:
    told = "\n".join(describe_fact(as_told(fact)))
    for words in wanted:
        assert words in told


def test_a_code_in_no_table_and_a_kind_of_tomorrow() -> None:
    signal = msgspec.structs.replace(SIGNAL, code="QQ")
    frame = msgspec.structs.replace(FRAME, signals=(signal,))
    told = describe_fact(as_told(FrameReceived(at=AT, trace="t", gateway="g", peer="p", received=frame)))
    assert any(line.startswith("QQ (code in no table)") for line in told)
    assert describe_fact({"fact": "moon_landed", "where": "north"}) == ["moon_landed: where north"]


def test_what_a_receiver_says_of_itself_names_no_account() -> None:
    status = Received(
        protocol="surgard",
        kind=Kind.LINK_TEST,
        token="heartbeat",
        origin=Origin(account="", receiver="01", line="1"),
        session_account="",
        speaker=Speaker.RECEIVER,
    )
    told = describe_fact(as_told(FrameReceived(at=AT, trace="t", gateway="line-1", peer="p", received=status)))
    assert told == ["surgard heartbeat, the receiver itself, receiver 01 line 1, plain, from p by line-1"]
