"""What the machine knows of points on a bus changes with the frame that reports it, and with nothing else."""

from __future__ import annotations

from arcd.core.facts import FrameReceived, SiteImported
from arcd.core.field import Point
from arcd.core.field_levels import keys_of, level_key, lost_key
from arcd.core.site import Account, Site, System
from protocols.codec import Kind, Origin, Received
from protocols.made_signals import made_signal
from protocols.modbus_points import PointSpec, Table
from protocols.signals import Qualifier, Scheme
from tests.playbook import OPERATOR, Playbook, Telling
from tests.sites import LOOK, a_site, plan, rules

SPEC = PointSpec(table=Table.DISCRETE_INPUT, address=0)
RULES = rules(plan("look", LOOK), {"BA": "look"})


def a_site_on_a_bus(*points: str) -> Site:
    told = tuple(Point(id=point, device="plc", spec=SPEC, code="BA") for point in points)
    return a_site(systems=(System(id="building", kind="technical", accounts=(Account(number="2001"),), points=told),))


def reported(point: str, qualifier: Qualifier, *, account: str = "2001") -> Telling:
    signal = made_signal(scheme=Scheme.SIA, code="BA", qualifier=qualifier)
    return lambda now: FrameReceived(
        at=now,
        trace="t",
        gateway="modbus",
        peer="plc",
        received=Received(
            protocol="modbus",
            kind=Kind.SIGNALS,
            token="edge",
            origin=Origin(account=account),
            session_account=account,
            signals=(signal,),
            fingerprint=f"{point}{now}",
        ),
        levels={level_key("S-1", point): qualifier is Qualifier.NEW},
    )


def test_a_level_comes_and_goes_with_its_signal() -> None:
    play = Playbook(sites=[a_site_on_a_bus("door")], sources=RULES)
    play >> reported("door", Qualifier.NEW) << ...
    assert play.station.state.levels.get("S-1/door") is True
    play >> reported("door", Qualifier.RESTORE) << ...
    assert "S-1/door" not in play.station.state.levels
    play.end()


def test_a_repeat_within_the_retry_horizon_is_an_edge_of_its_own() -> None:
    play = Playbook(sites=[a_site_on_a_bus("door")], sources=RULES)
    for qualifier in (Qualifier.NEW, Qualifier.RESTORE, Qualifier.NEW):
        play.now += 1
        play >> reported("door", qualifier) << ...
    judged = [judgement.judged.value for _, step in play.history for judgement in step.record.judgements]
    assert "duplicate" not in judged
    play.end()


def test_a_point_that_leaves_the_site_base_is_forgotten() -> None:
    play = Playbook(sites=[a_site_on_a_bus("door", "gate")], sources=RULES)
    play >> reported("door", Qualifier.NEW) << ...
    play >> reported("gate", Qualifier.NEW) << ...
    play >> (lambda now: SiteImported(at=now, site=a_site_on_a_bus("gate"), actor=OPERATOR)) << ...
    assert list(play.station.state.levels) == ["S-1/gate"]
    play.end()


def test_every_system_has_its_own_fault_of_a_device() -> None:
    assert keys_of(a_site_on_a_bus("door")) == {"S-1/door", lost_key("S-1", "building", "plc")}
    assert keys_of(None) == frozenset()
