"""Forwarding over DC-09 to a centre behind real sockets: ACK, NAK, DUH, silence, hang-ups, lost datagrams.

Time passes only when neither side has anything to do, so that only a silence is one.
"""

from __future__ import annotations

import asyncio
import os
import ssl

import pytest
import trustme

from arcd.forwarding.dc09_output import Dc09Output, Numbers
from arcd.forwarding.dc09_wires import DATAGRAM_TRIES_MAX, TcpWire, UdpWire, Wire
from arcd.forwarding.feed import Outgoing
from protocols import contact_id, sia
from protocols.codec import Origin, Protection, ReplyKind
from protocols.content import opaque_signal
from protocols.secrets import WireKey
from protocols.signals import Qualifier, Signal
from tests.arcd.forwarding.far_centre import CLOSE, DROP, FarCentre
from tests.patience import in_time, until
from tests.ports import own_port
from tests.virtual_time import over_loopback, running_clock

KEY = WireKey(bytes(range(16)))
AT = 1_767_225_600_000_000_000  # 2026-01-01


def to(wire: Wire, *, key: WireKey | None = None, link_test_s: float = 0.0) -> Dc09Output:
    return Dc09Output(
        wire=wire, numbers=Numbers(receiver="2", accounts={"1001": "A001"}, link_account="A001"), key=key,
        clock=running_clock(), pad=os.urandom, reply_within_s=1.0, link_test_s=link_test_s, is_on=lambda: True,
        again_s=(0.01, 0.02),
    )  # fmt: skip


def out(signal: Signal | None = None, seq: int = 17) -> Outgoing:
    signal = signal or sia.signal("BA", area="1", zone="3")
    return Outgoing(seq=seq, index=0, at=AT, origin=Origin(account="1001", line="5"), signal=signal)


async def sent(output: Dc09Output, outgoing: Outgoing) -> str:
    return await in_time(output.send(outgoing))


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "AES"])
@over_loopback
async def test_a_signal_arrives_as_it_came_under_the_number_that_the_far_end_knows(key: WireKey | None) -> None:
    signals = [
        sia.signal("BA", area="1", zone="3", text="Takaovi"),
        contact_id.signal("130", Qualifier.RESTORE, area="01", address="015"),
        opaque_signal("SIA-PUL", "1234 31"),
    ]
    async with FarCentre(key).on_tcp() as centre:
        output = to(TcpWire("127.0.0.1", centre.port), key=key)
        for seq, signal in enumerate(signals):
            assert await sent(output, out(signal, seq)) == ""
        output.close()
    for received, signal in zip(centre.taken, signals, strict=True):
        assert (received.origin.account, received.origin.receiver, received.origin.line) == ("A001", "2", "5")
        assert received.protection is (Protection.PLAIN if key is None else Protection.ENCRYPTED)
        (got,) = received.signals
        assert (got.code, got.qualifier, got.area, got.zone, got.text) == (
            signal.code, signal.qualifier, signal.area, signal.zone, signal.text,
        )  # fmt: skip
        assert got.occurred_at == AT, "when it was told, not when it was forwarded"


@over_loopback
async def test_a_hang_up_and_a_silence_are_tried_again_with_the_same_number() -> None:
    async with FarCentre().on_tcp() as centre:
        centre.script = [CLOSE, DROP, ReplyKind.ACK]
        output = to(TcpWire("127.0.0.1", centre.port))
        assert await sent(output, out()) == ""
        assert len(centre.taken) == 1
        assert centre.raw[0] == centre.raw[1] == centre.raw[2], "plain: the same bytes"
        assert output.is_up
        assert await sent(output, out(seq=17)) == ""
        assert centre.taken[0].fingerprint == centre.taken[1].fingerprint, "sent again after a crash: a retransmission"
        assert await sent(output, out(seq=18)) == ""
        assert centre.taken[2].fingerprint != centre.taken[1].fingerprint
        output.close()


@over_loopback
async def test_what_is_refused_is_tried_a_few_times_and_then_said() -> None:
    async with FarCentre().on_tcp() as centre:
        output = to(TcpWire("127.0.0.1", centre.port))
        centre.script = [ReplyKind.DUH, ReplyKind.NAK, ReplyKind.ACK]
        assert await sent(output, out()) == ""
        centre.script = [ReplyKind.DUH] * 9
        assert await sent(output, out(seq=18)) == "the other centre answered DUH 5 times"
        assert len(centre.script) == 4
        output.close()


@over_loopback
async def test_another_clock_is_followed_as_its_nak_says() -> None:
    async with FarCentre(KEY, ahead_s=600).on_tcp() as centre:
        output = to(TcpWire("127.0.0.1", centre.port), key=KEY)
        assert await sent(output, out()) == ""
        assert len(centre.raw) == 2
        output.close()


@over_loopback
async def test_nobody_there_and_then_somebody() -> None:
    centre = FarCentre()
    with own_port() as centre.port:
        output = to(TcpWire("127.0.0.1", centre.port))
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(sent(output, out()))
            await until(lambda: not output.is_up)
            assert "refused" in output.detail.casefold()
            async with centre.on_tcp():
                assert await sending == ""
                output.close()
    assert centre.zones == ["3"]


@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "AES"])
@over_loopback
async def test_lost_datagrams_are_sent_again(key: WireKey | None) -> None:
    async with FarCentre(key).on_udp() as centre:
        centre.script = [DROP] * (DATAGRAM_TRIES_MAX - 1)
        output = to(UdpWire("127.0.0.1", centre.port), key=key)
        assert await sent(output, out()) == ""
        assert len(set(centre.raw)) == 1, "the same bytes"
        assert output.attempts == 1
        output.close()


@over_loopback
async def test_a_reply_to_something_else_is_none() -> None:
    async with FarCentre().on_udp() as centre:
        output = to(UdpWire("127.0.0.1", centre.port))
        late = centre.codec(datagram=True)
        ordinary = centre.answer

        def answer(codec: object, data: bytes) -> bytes | None:
            got = ordinary(late, data)
            return got.replace(b"A001", b"B002") if got and len(centre.raw) == 1 else got

        centre.answer = answer  # type: ignore[method-assign]  # – a far end that errs once
        assert await sent(output, out()) == ""
        assert len(centre.raw) == 2
        output.close()


@over_loopback
async def test_link_tests_show_a_dead_line_before_an_alarm_needs_it() -> None:
    async with FarCentre().on_tcp() as centre:
        output = to(TcpWire("127.0.0.1", centre.port), link_test_s=2.0)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(output.run())
            await asyncio.sleep(1.5)
            assert (output.detail, centre.link_tests) == ("answered ACK", 1)
            await asyncio.sleep(3)
            assert centre.link_tests == 2
            running.cancel()
        output.close()


@over_loopback
async def test_over_tls_to_a_centre_that_can_prove_who_it_is_and_to_no_other() -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("night.example.org").configure_cert(theirs)
    ours, wrong = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(ours)
    stranger.configure_trust(wrong)
    async with FarCentre().on_tcp(theirs) as centre:
        for context, name in ((wrong, "night.example.org"), (ours, "day.example.org")):
            output = to(TcpWire("127.0.0.1", centre.port, tls=context, tls_name=name))
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(sent(output, out()))
                await until(lambda output=output: not output.is_up)
                sending.cancel()
            assert output.detail.startswith("its certificate: ")
            output.close()
        output = to(TcpWire("127.0.0.1", centre.port, tls=ours, tls_name="night.example.org"))
        assert await sent(output, out()) == ""
        output.close()
    assert centre.zones == ["3"]
