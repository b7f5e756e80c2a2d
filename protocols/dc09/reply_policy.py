"""Which reply a received frame gets: one table, one row per condition.

One rule: no row answers ACK where anything about the frame is in doubt, because a panel forgets what was acknowledged
(protocols.md 1.5). ACK here means "may be acknowledged": the core sends it only after the commit.
Bytes that were no frame (bad CRC, wrong length, noise) never reach this table: they are Malformed, are never answered,
and the panel repeats.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from protocols.codec import Kind, Problem, Received, ReplyKind, Speaker

CLOCK_SKEW: Final = "clock_skew"  # the remark on a plain frame whose time is outside the account's window


class Condition(StrEnum):
    RECEIVER = "receiver"
    RELAYED_UNKNOWN_ACCOUNT = "relayed_unknown_account"
    UNKNOWN_ACCOUNT = "unknown_account"
    PLAINTEXT_REFUSED = "plaintext_refused"
    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    OUTSIDE_WINDOW = "outside_window"
    REPLAYED = "replayed"
    SKEWED = "skewed"
    LINK_TEST = "link_test"
    OPAQUE = "opaque"
    SIGNALS = "signals"


class Row(NamedTuple):
    reply: ReplyKind
    reason: str
    source: str
    option: str | None = None  # the field of ReplyPolicy that may say otherwise
    allowed: tuple[ReplyKind, ...] = ()  # what that field may say


_REFUSALS: Final = (ReplyKind.DUH, ReplyKind.NAK, ReplyKind.NONE)

REPLIES: Final[dict[Condition, Row]] = {
    Condition.RECEIVER: Row(
        ReplyKind.ACK, "a receiver about itself: no account is needed to take it", "Sur-Gard MLR2, Bosch MX8000 8.x"
    ),
    Condition.RELAYED_UNKNOWN_ACCOUNT: Row(
        ReplyKind.ACK,
        "kept and raised; the panel has been told already, and a refused message stops the receiver's whole queue",
        "Sur-Gard MLR2-E: a NAKed message is repeated up to 25 times before anything behind it",
    ),
    Condition.UNKNOWN_ACCOUNT: Row(
        ReplyKind.DUH,
        "an ACK would discard an alarm that nobody works on; DUH shows the installer at once that it is missing",
        "pysiaalarm NAK, mikkel-esp DUH or silence; standard text not available",
        "unknown_account",
        _REFUSALS,
    ),
    Condition.PLAINTEXT_REFUSED: Row(
        ReplyKind.DUH,
        "the account has a key, so a plain frame may be anybody's; NAK would offer the time for nothing",
        "ioBroker.sia, Swissdotnet and mikkel-esp refuse it",
        "plaintext_of_keyed_account",
        _REFUSALS,
    ),
    Condition.NO_KEY: Row(ReplyKind.NAK, "nothing in it can be trusted", "pysiaalarm tests, ioBroker.sia"),
    Condition.WRONG_KEY: Row(ReplyKind.NAK, "nothing in it can be trusted", "pysiaalarm tests, ioBroker.sia"),
    Condition.OUTSIDE_WINDOW: Row(
        ReplyKind.NAK, "NAK bears our time: the panel sets its clock by it and sends again", "DC-09-2013 5.5.3.2"
    ),
    Condition.REPLAYED: Row(
        ReplyKind.NAK,
        "an honest panel sends again under a fresh timestamp and pad, a recording cannot",
        "EN 50136-1 substitution protection; DC-09-2013 5.5.3.2 for what NAK makes a panel do",
    ),
    Condition.SKEWED: Row(
        ReplyKind.ACK,
        "panel clocks drift, and a refused plain alarm is a lost one; the skew is shown instead",
        "protocols.md 6, clock rule; the window applies to encrypted messages, DC-09-2013 5.5.3.2",
        "skewed_plaintext",
        (ReplyKind.ACK, ReplyKind.NAK),
    ),
    Condition.LINK_TEST: Row(ReplyKind.ACK, "a link test shall be acknowledged", "DC-09-2013 5.5.2.1"),
    Condition.OPAQUE: Row(
        ReplyKind.ACK,
        "it is kept whole and put before a person; DUH makes some panels report the receiver as lost",
        "home-assistant/core #88474",
        "opaque",
        (ReplyKind.ACK, ReplyKind.DUH),
    ),
    Condition.SIGNALS: Row(
        ReplyKind.ACK,
        "understood, event codes in no table included: those are signals of unknown category",
        "DC-09-2013 5.5.3.1; home-assistant/core #88474",
    ),
}


class ReplyPolicy(Struct, frozen=True, kw_only=True):
    """What an installation may choose. ValueError for a choice that the table does not allow."""

    unknown_account: ReplyKind = ReplyKind.DUH
    plaintext_of_keyed_account: ReplyKind = ReplyKind.DUH
    skewed_plaintext: ReplyKind = ReplyKind.ACK
    opaque: ReplyKind = ReplyKind.ACK

    def __post_init__(self) -> None:
        for row in REPLIES.values():
            if row.option is not None and getattr(self, row.option) not in row.allowed:
                choices = ", ".join(row.allowed)
                raise ValueError(f"reply policy {row.option}: choose one of {choices}")


def condition_of(received: Received, *, account_known: bool) -> Condition:
    """The first that applies. An account nobody knows comes first: its other problems (no key) follow from that."""
    if received.speaker is Speaker.RECEIVER:
        return Condition.RECEIVER
    if not account_known:
        relayed = received.speaker is Speaker.RELAY
        return Condition.RELAYED_UNKNOWN_ACCOUNT if relayed else Condition.UNKNOWN_ACCOUNT
    if received.problem is not None:
        return _PROBLEMS[received.problem]
    if CLOCK_SKEW in received.remarks:
        return Condition.SKEWED
    return _KINDS[received.kind]


def reply_for(received: Received, *, account_known: bool, policy: ReplyPolicy) -> ReplyKind:
    condition = condition_of(received, account_known=account_known)
    row = REPLIES[condition]
    if row.option is None:
        return row.reply
    chosen: ReplyKind = getattr(policy, row.option)
    if condition is Condition.SKEWED and chosen is ReplyKind.ACK:
        # A late clock does not make an opaque frame less opaque.
        return policy.opaque if received.kind is Kind.OPAQUE else ReplyKind.ACK
    return chosen


_PROBLEMS: Final = {
    Problem.PLAINTEXT_REFUSED: Condition.PLAINTEXT_REFUSED,
    Problem.NO_KEY: Condition.NO_KEY,
    Problem.WRONG_KEY: Condition.WRONG_KEY,
    Problem.OUTSIDE_WINDOW: Condition.OUTSIDE_WINDOW,
    Problem.REPLAYED: Condition.REPLAYED,
}
_KINDS: Final = {
    Kind.SIGNALS: Condition.SIGNALS,
    Kind.LINK_TEST: Condition.LINK_TEST,
    Kind.OPAQUE: Condition.OPAQUE,
}
