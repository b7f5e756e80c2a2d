from __future__ import annotations

import typing

import msgspec
import pytest

from arcd.api.redaction import readable
from arcd.cli.journal_text import JUDGED_STYLES, REPLY_STYLES, details, render_entry
from arcd.cli.output import Output
from arcd.core.effects import (
    Answer,
    AnyEffect,
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
from arcd.core.facts import AnyFact, Stopped
from arcd.core.record import Judged, Judgement, Note, StepRecord
from protocols.cap.message import Alert, MsgType, Scope, Status
from protocols.codec import ReplyKind
from rules.model import Decision, Priority, Reason

AT = "2026-11-23T01:12:07.123456Z"
ALERT = Alert(
    identifier="arcd-C1-1",
    sender="arcd",
    sent=AT,
    status=Status.TEST,
    msg_type=MsgType.ALERT,
    scope=Scope.PRIVATE,
    note="said twice",
)
EFFECTS: tuple[AnyEffect, ...] = (
    Reply(reply=ReplyKind.ACK),
    Answer(granted=False, rule="R-62", message="Say why.", subject="C1"),
    Answer(granted=True, subject="C2"),
    ProfilesChanged(site_id="K-1"),
    ErasePayloads(seqs=(3, 7)),
    PruneEntries(through=9, hash="aa", peaks=()),
    SendMail(id="E1", to=("a@example.invalid", "b@example.invalid"), subject="Alarm\x1b[2J", body="…", attempt=2),
    SendPage(id="E5", address="550", text="C9 P1 Murtohälytys", attempt=2),
    SendAlert(id="E3", message=ALERT, case_id="C1"),
    SwitchRelay(id="E4", site_id="K-1", relay_id="gate", device="plc", coil=3, on=True, expires_at=0, pulse_s=3.0),
    PostWebhook(id="E2", url="https://user:pw@guards.example.invalid/hook?token=x", topic="dispatch.offer", payload={}),
)
DECISION = Decision(
    route="intrusion/confirmed",
    plan="intrusion",
    priority=Priority.P1,
    reason=Reason.ROUTED,
    rules_digest="0123456789abcdef",
)


def told(
    capsys: pytest.CaptureFixture[str],
    *,
    fact: AnyFact = Stopped(at=0, reason="asked to"),
    judgements: tuple[Judgement, ...] = (),
    notes: tuple[Note, ...] = (),
    effects: tuple[AnyEffect, ...] = (),
) -> list[str]:
    record = readable(msgspec.json.encode(StepRecord(fact=fact, judgements=judgements, notes=notes, effects=effects)))
    entry = {"seq": 12, "at": AT, "kind": "stopped", "subject": "case/C1", "erased": False, "record": record}
    render_entry(Output(as_json=False), entry)
    return capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("helsinki")
def test_when_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys) == [
        "#12  2026-11-23 03:12:07.123 EET (01:12:07.123Z)  stopped  case/C1",
        "    arcd stopped: asked to",
    ]


def test_judgements_tell_the_rule_and_the_decision(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(
        capsys,
        judgements=(
            Judgement(index=0, judged=Judged.OPENED, because="routed", case_id="C12", decision=DECISION),
            Judgement(
                index=1,
                judged=Judged.HELD,
                flag_id="F3",
                seq=7,
                decision=msgspec.structs.replace(DECISION, opens_case=False, rules_digest=""),
            ),
        ),
    )
    assert lines[2:] == [
        "    → opened C12: routed",
        "      route intrusion/confirmed → plan intrusion, P1 (routed, rules 0123456789ab)",
        "    → signal 2 of entry 7 held F3",
        "      route intrusion/confirmed → plan intrusion, P1, opens no case (routed)",
    ]


@pytest.mark.usefixtures("helsinki")
def test_notes_tell_their_details(capsys: pytest.CaptureFixture[str]) -> None:
    note = Note(
        what="sla.breach",
        subject="C12",
        detail={"guard": "g1", "sla_s": 1800.0, "automatic": True, "none": None, "until": 1_795_396_327_123_456_789},
    )
    assert told(capsys, notes=(note,))[2] == (
        "    · sla.breach C12  guard g1, sla 30min, automatic yes, until 2026-11-23 03:12:07.123 EET (01:12:07.123Z)"
    )


def test_effects_tell_whom_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, effects=EFFECTS)[2:] == [
        "    ⇒ reply ACK",
        "    ⇒ refused by R-62 C1: Say why.",
        "    ⇒ granted C2",
        "    ⇒ receiver keys and accounts of K-1 are taken over",
        "    ⇒ the content of 2 entries is erased",
        "    ⇒ the entries up to 9 are given up",
        "    ⇒ mail E1 (attempt 2) to a@example.invalid, b@example.invalid: “Alarm\\x1b[2J”",
        "    ⇒ page E5 (attempt 2) to 550: “C9 P1 Murtohälytys”",
        "    ⇒ CAP E3 Test Alert arcd-C1-1 to the authority: said twice",
        "    ⇒ relay E4: K-1 gate on for 3 s",
        "    ⇒ webhook E2 dispatch.offer to https://guards.example.invalid/hook",
    ]


def test_every_effect_reply_and_judgement_is_known() -> None:
    assert {type(effect) for effect in EFFECTS} == set(typing.get_args(AnyEffect))
    assert set(JUDGED_STYLES) == {judged.value for judged in Judged}
    assert set(REPLY_STYLES) == {reply.value for reply in ReplyKind}


def test_an_effect_of_tomorrow_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    entry = {
        "seq": 1,
        "at": AT,
        "kind": "stopped",
        "subject": "",
        "record": {"fact": {"fact": "stopped", "reason": "x"}, "effects": [{"effect": "ring_bell", "times": 3}]},
    }
    render_entry(Output(as_json=False), entry)
    assert "    ⇒ ring_bell effect ring_bell, times 3" in capsys.readouterr().out


def test_an_erased_entry_still_stands(capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"seq": 1, "at": AT, "kind": "case_noted", "subject": "case/C1", "erased": True, "record": None}
    render_entry(Output(as_json=False), entry)
    assert "erased; the chain still proves" in capsys.readouterr().out


def test_details_leave_out_what_is_empty() -> None:
    assert details({"a": "", "b": None, "c": 0, "d": False}) == "c 0, d no"
