"""Panels on both transports, with and without encryption: our own dialler, and one that nobody here wrote."""

from __future__ import annotations

from itertools import count

import pytest
from my_dc09_spt.dc09_spt import dc09_spt

from arcd.core.facts import FrameReceived
from arcd.core.record import StepRecord
from protocols.codec import Kind, Protection
from protocols.signals import Signal
from tests.e2e.conftest import Centre
from tests.e2e.installations import FOREIGN_KEYED, FOREIGN_PLAIN, KEY, KEYED, PLAIN

_zones = count(10)  # a zone of its own for every message, to find it by

TRANSPORTS = pytest.mark.parametrize("transport", ["TCP", "UDP"])
ACCOUNTS = pytest.mark.parametrize("is_keyed", [False, True], ids=["plain", "aes"])


def frames(centre: Centre) -> list[tuple[StepRecord, FrameReceived]]:
    records = centre.installation.records()
    return [(record, record.fact) for _, record in records if isinstance(record.fact, FrameReceived)]


def journalled(centre: Centre, account: str, zone: str) -> tuple[Signal, Protection, str]:
    """The one signal of this account and zone, how it came and where it led."""
    found = [
        (signal, fact.received.protection, judgement.case_id)
        for record, fact in frames(centre)
        if fact.received.origin.account == account
        for signal, judgement in zip(fact.received.signals, record.judgements, strict=True)
        if signal.zone == zone
    ]
    assert len(found) == 1, f"{account} zone {zone}: {len(found)} in the journal\n{centre.installation.said()}"
    return found[0]


@TRANSPORTS
@ACCOUNTS
def test_our_own_dialler(centre: Centre, transport: str, is_keyed: bool) -> None:
    account, zone = KEYED if is_keyed else PLAIN, str(next(_zones))
    options = ["--key", KEY.hex()] if is_keyed else []
    options += ["--udp"] if transport == "UDP" else []
    sent = centre.installation.arcctl(
        "panel", "send", "--account", account, "--code", "BA", "--zone", zone, "--sequence", zone, "--retries", "0",
        "--port", str(centre.installation.dc09_port), *options, "--json",
    )  # fmt: skip
    assert sent.code == 0, sent.out + sent.err
    assert sent.json()["acknowledged"] == 1
    signal, protection, case_id = journalled(centre, account, zone)
    assert (signal.code, protection) == ("BA", Protection.ENCRYPTED if is_keyed else Protection.PLAIN)
    shown = centre.installation.arcctl("case", "show", case_id, "--json").json()
    assert shown["site_id"] == ("K-2" if is_keyed else "K-1")


@TRANSPORTS
@ACCOUNTS
def test_a_dialler_that_nobody_here_wrote(centre: Centre, transport: str, is_keyed: bool) -> None:
    account, zone = FOREIGN_KEYED if is_keyed else FOREIGN_PLAIN, next(_zones)
    spt = foreign(centre, account, transport, KEY if is_keyed else None)
    spt.msg_nr = zone  # sequence numbers of one account must not repeat between the tests
    spt.send_msg("SIA-DCS", {"code": "BA", "zone": zone})  # raises when it is not acknowledged
    assert spt.isConnected()
    signal, protection, case_id = journalled(centre, account, str(zone))
    assert (signal.code, protection) == ("BA", Protection.ENCRYPTED if is_keyed else Protection.PLAIN)
    shown = centre.installation.arcctl("case", "show", case_id, "--json").json()
    assert (shown["site_id"], shown["plan"]["name"]) == ("K-4" if is_keyed else "K-3", "intrusion")


@TRANSPORTS
@ACCOUNTS
def test_contact_id_from_the_other_dialler(centre: Centre, transport: str, is_keyed: bool) -> None:
    account, zone = FOREIGN_KEYED if is_keyed else FOREIGN_PLAIN, next(_zones)
    spt = foreign(centre, account, transport, KEY if is_keyed else None)
    spt.msg_nr = zone
    spt.send_msg("ADM-CID", {"code": 130, "q": 1, "zone": zone})
    signal, _, _ = journalled(centre, account, f"{zone:03}")
    assert signal.code == "130"


@TRANSPORTS
@ACCOUNTS
def test_its_link_tests_are_answered_and_leave_no_entry(centre: Centre, transport: str, is_keyed: bool) -> None:
    account = FOREIGN_KEYED if is_keyed else FOREIGN_PLAIN
    spt = foreign(centre, account, transport, KEY if is_keyed else None)
    assert spt.transfer_msg(0, "NULL", "]", spt.tpaths["main"]["primary"]["path"])
    kinds = {fact.received.kind for _, fact in frames(centre)}
    assert Kind.LINK_TEST not in kinds


@pytest.mark.parametrize(
    ("account", "key", "reply"),
    [(KEYED, bytes(16), "nak"), (KEYED, None, "duh"), ("4040", None, "duh")],
    ids=["wrong key", "no key", "nobody's account"],
)
@TRANSPORTS
def test_what_is_not_genuine_is_never_acknowledged(
    centre: Centre, transport: str, account: str, key: bytes | None, reply: str
) -> None:
    options = [] if key is None else ["--key", key.hex()]
    options += ["--udp"] if transport == "UDP" else []
    sent = centre.installation.arcctl(
        "panel", "send", "--account", account, "--code", "BA", "--zone", str(next(_zones)), "--retries", "0",
        "--port", str(centre.installation.dc09_port), *options, "--json",
    )  # fmt: skip
    assert sent.code == 1, sent.out + sent.err
    [message] = sent.json()["messages"]
    assert (sent.json()["acknowledged"], message["reply"]) == (0, reply)


def foreign(centre: Centre, account: str, transport: str, key: bytes | None) -> dc09_spt:
    spt = dc09_spt(account)
    spt.set_path(
        "main", "primary", "127.0.0.1", centre.installation.dc09_port, account=account, key=key, type=transport
    )
    return spt
