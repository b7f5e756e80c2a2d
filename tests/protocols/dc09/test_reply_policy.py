from __future__ import annotations

import pytest
from msgspec.structs import replace

from protocols.codec import Kind, Origin, Problem, Received, ReplyKind, Speaker
from protocols.dc09.reply_policy import REPLIES, Condition, ReplyPolicy, condition_of, reply_for

ACK, NAK, DUH, NONE = ReplyKind.ACK, ReplyKind.NAK, ReplyKind.DUH, ReplyKind.NONE


def received(kind: Kind = Kind.SIGNALS, problem: Problem | None = None, *remarks: str) -> Received:
    return Received(
        protocol="dc09",
        kind=kind,
        token="SIA-DCS",
        origin=Origin(account="1"),
        session_account="1",
        problem=problem,
        remarks=remarks,
    )


SAMPLES = {
    Condition.RECEIVER: replace(received(), speaker=Speaker.RECEIVER),
    Condition.RELAYED_UNKNOWN_ACCOUNT: replace(received(), speaker=Speaker.RELAY),
    Condition.UNKNOWN_ACCOUNT: received(),
    Condition.PLAINTEXT_REFUSED: received(Kind.SIGNALS, Problem.PLAINTEXT_REFUSED),
    Condition.NO_KEY: received(Kind.OPAQUE, Problem.NO_KEY),
    Condition.WRONG_KEY: received(Kind.LINK_TEST, Problem.WRONG_KEY),
    Condition.OUTSIDE_WINDOW: received(Kind.SIGNALS, Problem.OUTSIDE_WINDOW, "clock_skew"),
    Condition.REPLAYED: received(Kind.SIGNALS, Problem.REPLAYED),
    Condition.SKEWED: received(Kind.SIGNALS, None, "clock_skew"),
    Condition.LINK_TEST: received(Kind.LINK_TEST),
    Condition.OPAQUE: received(Kind.OPAQUE),
    Condition.SIGNALS: received(),
}
DEFAULTS = {
    Condition.RECEIVER: ACK,
    Condition.RELAYED_UNKNOWN_ACCOUNT: ACK,
    Condition.UNKNOWN_ACCOUNT: DUH,
    Condition.PLAINTEXT_REFUSED: DUH,
    Condition.NO_KEY: NAK,
    Condition.WRONG_KEY: NAK,
    Condition.OUTSIDE_WINDOW: NAK,
    Condition.REPLAYED: NAK,
    Condition.SKEWED: ACK,
    Condition.LINK_TEST: ACK,
    Condition.OPAQUE: ACK,
    Condition.SIGNALS: ACK,
}


@pytest.mark.parametrize("condition", Condition)
def test_every_row(condition: Condition) -> None:
    known = condition not in (Condition.UNKNOWN_ACCOUNT, Condition.RELAYED_UNKNOWN_ACCOUNT)
    sample, row = SAMPLES[condition], REPLIES[condition]
    assert condition_of(sample, account_known=known) is condition
    assert reply_for(sample, account_known=known, policy=ReplyPolicy()) is DEFAULTS[condition] is row.reply
    assert row.reason
    assert row.source
    assert (row.option is None) == (row.allowed == ())
    for reply in row.allowed:
        assert row.option is not None
        policy = ReplyPolicy(**{row.option: reply})
        assert reply_for(sample, account_known=known, policy=policy) is reply
    for reply in set(ReplyKind) - set(row.allowed) if row.option is not None else ():
        with pytest.raises(ValueError, match=f"reply policy {row.option}: choose one of"):
            ReplyPolicy(**{str(row.option): reply})


@pytest.mark.parametrize("problem", Problem)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", Kind)
def test_no_ack_where_anything_is_in_doubt(problem: Problem, known: bool, kind: Kind) -> None:
    lenient = ReplyPolicy(unknown_account=NONE, plaintext_of_keyed_account=NONE)
    for policy in (ReplyPolicy(), lenient):
        assert reply_for(received(kind, problem), account_known=known, policy=policy) is not ACK
        assert reply_for(received(kind), account_known=False, policy=policy) is not ACK


def test_an_unknown_account_comes_before_its_missing_key() -> None:
    sample = received(Kind.OPAQUE, Problem.NO_KEY)
    assert condition_of(sample, account_known=False) is Condition.UNKNOWN_ACCOUNT


def test_a_late_clock_does_not_hide_that_a_frame_is_opaque() -> None:
    sample = received(Kind.OPAQUE, None, "clock_skew")
    assert reply_for(sample, account_known=True, policy=ReplyPolicy(opaque=DUH)) is DUH
    assert reply_for(sample, account_known=True, policy=ReplyPolicy()) is ACK
    assert reply_for(sample, account_known=True, policy=ReplyPolicy(opaque=DUH, skewed_plaintext=NAK)) is NAK
