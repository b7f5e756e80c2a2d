"""A panel's key is changed while it is in service: offered, taken, concluded, withdrawn, not taken."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arcd.core.facts import SUPERVISOR, Actor, KeyChangeRequested
from arcd.core.keychange import OFFERED_S, PREVIOUS_S
from arcd.core.site import Account, SealedKey, Site, System
from protocols.codec import ReplyKind, WireProfile
from protocols.secrets import WireKey
from tests.arcd.core.conftest import Play
from tests.playbook import After, Panel, Playbook
from tests.sites import KEY, SEALED, a_site

BOSS = Actor(id="os:boss", roles=(SUPERVISOR,))
NEW = WireKey(bytes(16))
SEALED_NEW = SealedKey(nonce="new", ciphertext="new")
OFFERING = WireProfile(key=KEY, offered_key=NEW)


def site(*, keyed: bool = True, dialect: str = "dc09-2026") -> Site:
    account = Account(number="1001", key=SEALED if keyed else None, dialect=dialect)
    return a_site(systems=(System(id="intrusion", kind="intrusion", accounts=(account,)),))


def asked(key: SealedKey | None = SEALED_NEW, *, account: str = "1001", actor: Actor = BOSS) -> KeyChangeRequested:
    return KeyChangeRequested(at=0, site_id="S-1", account=account, actor=actor, key=key)


def account(play: Playbook) -> Account:
    return play.station.state.sites["S-1"].systems[0].accounts[0]


def old(play: Playbook) -> Panel:
    """The panel as it is: under the old key, read by a receiver that offers the new one."""
    return Panel(key=KEY, profile=OFFERING)


def changed() -> Panel:
    """The panel that has taken the new key."""
    panel = Panel(key=NEW, profile=OFFERING)
    panel.sequence = 500
    return panel


def test_a_key_is_offered_with_every_answer_until_the_panel_uses_it(playbook: Play) -> None:
    play = playbook(sites=[site()])
    play >> asked()
    (
        play
        << """
        key.offered account=1001 by=os:boss
        profiles S-1
        granted 1001
        """
    )
    panel = old(play)
    for _ in range(2):
        play >> panel.sia("OP", zone="1")
        (
            play
            << """
            logged routed x/op log P5
            reply rsp
            """
        )
    play >> changed().sia("OP", zone="1")
    (
        play
        << """
        logged routed x/op log P5
        key.changed account=1001
        reply ack
        profiles S-1
        """
    )
    assert account(play) == Account(
        number="1001", key=SEALED_NEW, previous_key=SEALED, changed_from=SEALED, dialect="dc09-2026"
    )
    play >> After(PREVIOUS_S)
    play << ...
    play >> After(1)
    play << ...
    assert account(play).previous_key is None
    assert account(play).changed_from == SEALED, "an import that names it must not bring it back"


def test_link_tests_carry_the_offer_and_conclude_the_change(playbook: Play) -> None:
    play = playbook(sites=[site()])
    play >> asked()
    play << ...
    panel, station = old(play), play.station
    panel.null()(play.now)
    reply = station.heartbeat(panel.frame(play.now), play.now)
    assert reply is not None
    assert reply.reply is ReplyKind.RSP
    taken = changed()
    tell = taken.null()
    tell(play.now)
    assert station.heartbeat(taken.frame(play.now), play.now) is None, "it changes the account, so that it is stepped"
    play >> taken.again()
    play << ...
    assert account(play).key == SEALED_NEW
    assert station.heartbeat(taken.frame(play.now), play.now) is not None


def test_an_offer_that_nobody_takes_ends_and_is_put_before_a_person(playbook: Play) -> None:
    play = playbook(sites=[site()])
    play >> asked()
    play << ...
    play >> After(OFFERED_S + 1)
    play << ...
    assert account(play) == Account(number="1001", key=SEALED, dialect="dc09-2026")
    assert [case.signals[0].signal.code for case in play.station.state.cases.values()] == ["key_not_taken"]


def test_an_offer_can_be_withdrawn(playbook: Play) -> None:
    play = playbook(sites=[site()])
    play >> asked(None)
    assert refusal(play) == "key.offered"
    play >> asked()
    play << ...
    play >> asked(None)
    play << ...
    assert account(play).offered_key is None
    play >> After(OFFERED_S + 1)
    play << ...
    assert not list(play.station.state.cases.values())


def refusal(play: Playbook) -> str:
    play << ...
    (answer,) = [effect for effect in play.stepped.effects if hasattr(effect, "rule")]
    assert not answer.granted
    return answer.rule


@pytest.mark.parametrize(
    ("place", "request_", "rule"),
    [
        (site(), asked(actor=replace(BOSS, roles=())), "key.supervisor"),
        (site(), asked(account="7"), "key.account"),
        (site(keyed=False), asked(), "key.plain"),
        (site(dialect=""), asked(), "key.dialect"),
        (site(dialect="ajax"), asked(), "key.dialect"),
    ],
)
def test_what_is_refused(playbook: Play, place: Site, request_: KeyChangeRequested, rule: str) -> None:
    play = playbook(sites=[place])
    play >> request_
    assert refusal(play) == rule
    assert account(play).offered_key is None


def test_a_frame_under_the_previous_key_or_anothers_is_offered_nothing(playbook: Play) -> None:
    play = playbook(sites=[site()])
    play >> asked()
    play << ...
    play >> Panel(key=NEW, profile=WireProfile(key=KEY, previous_key=NEW)).sia("OP", zone="1")
    play << ...
    assert [effect.reply for effect in play.stepped.effects if hasattr(effect, "reply")] == [ReplyKind.ACK]


def test_a_number_that_another_panel_has_too_keeps_its_key(playbook: Play) -> None:
    """A frame is opened by its number alone: with a key of its own, one of the two could not be read any more."""

    def at(site_id: str, receiver: str) -> Site:
        account = Account(number="1001", receiver=receiver, key=SEALED, dialect="dc09-2026")
        return a_site(site_id, systems=(System(id="intrusion", kind="intrusion", accounts=(account,)),))

    play = playbook(sites=[at("S-1", "1"), at("S-2", "2")])
    play >> asked()
    assert refusal(play) == "key.shared"
    assert account(play).offered_key is None
