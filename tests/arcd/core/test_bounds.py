"""Memory is bounded by configuration, not by what a panel or a person says, however long it goes on."""

from __future__ import annotations

import msgspec
import pytest

from arcd.core.facts import AnyFact, FlagKind, FlagStartRequested, FrameMalformed, Scope
from arcd.core.site import Conditioning
from arcd.core.siterun import AREAS_MAX
from arcd.core.station import Station
from protocols.codec import Malformed
from protocols.signals import Category
from tests.playbook import NS, OPERATOR, Panel, Playbook, Telling
from tests.sites import a_site

FRAMES = 1_500
# What one row of state may come to, as JSON: a few hundred signals at most, of some three hundred bytes each.
ROW_BYTES_MAX = 160_000


def largest_rows(station: Station) -> dict[str, int]:
    tables = ("account", "siterun", "case", "flag", "open_by_site")
    dump = station.state.dump()
    return {table: max((len(body) for body in dump[table].values()), default=0) for table in tables}


def flood(play: Playbook, tellings: list[Telling], *, each_s: float = 0.5) -> None:
    """Straight into the machine, deadlines left alone: only what the facts cause is looked at."""
    seq = play.history[-1][0]
    for telling in tellings:
        play.now += round(each_s * NS)
        seq += 1
        play.station.step(telling(play.now), seq)


@pytest.mark.parametrize("conditioned", [False, True])
@pytest.mark.parametrize("code", ["BA", "BR", "OP", "CL", "HA", "TA", "RP", "ZZ"])
def test_a_panel_that_names_ever_new_zones_and_areas(code: str, conditioned: bool) -> None:
    conditioning = Conditioning() if conditioned else None
    play = Playbook(sites=[a_site(conditioning=conditioning)])
    panel = Panel()
    tellings = [
        panel.sia(code, zone=f"{number % 1000}", area=f"{number}", sequence=number % 10_000) for number in range(FRAMES)
    ]
    flood(play, tellings)
    assert {table: size for table, size in largest_rows(play.station).items() if size > ROW_BYTES_MAX} == {}
    assert len(play.station.state.cases) < 20
    assert all(len(run.armed) <= AREAS_MAX for run in play.station.state.siteruns.values())


def test_a_site_on_test_that_names_ever_new_zones() -> None:
    play = Playbook()
    until = play.now + 7200 * NS
    asked = FlagStartRequested(
        at=play.now, kind=FlagKind.ON_TEST, site_id="S-1", scope=Scope(categories=(Category.INTRUSION,)), until=until,
        reason="service", actor=OPERATOR, verified_how="operator",
    )  # fmt: skip
    panel = Panel()
    flood(play, [lambda now: msgspec.structs.replace(asked, at=now)])
    flood(play, [panel.sia("BA", zone=f"{number}", sequence=number) for number in range(FRAMES)])
    assert largest_rows(play.station)["flag"] < ROW_BYTES_MAX


def test_noise_from_ever_new_hosts() -> None:
    play = Playbook()

    def noise(number: int) -> Telling:
        malformed = Malformed(protocol="dc09", reason="crc", detail="", raw=b"?")
        peer = f"10.0.{number >> 8}.{number & 255}:1"

        def tell(now: int) -> AnyFact:
            return FrameMalformed(at=now, trace="t", gateway="g", peer=peer, malformed=malformed)

        return tell

    flood(play, [noise(number) for number in range(FRAMES)])
    assert len(play.station.state.cases) <= 21
    assert {table: size for table, size in largest_rows(play.station).items() if size > ROW_BYTES_MAX} == {}


def test_strangers_leave_no_account_behind() -> None:
    play = Playbook()
    flood(play, [Panel(f"{number:05d}").sia("BA", zone="1") for number in range(300)])
    assert len(play.station.state.accounts) == 0
    assert len(play.station.state.siteruns) == 0
