"""A desk at which a watched line has failed."""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.effects import SendMail
from arcd.core.facts import (
    DAEMON,
    CentreImported,
    DeadlineReached,
    EffectOutcome,
    EffectReported,
    PathsHeardAgain,
    PathsSilent,
    SiteImported,
)
from arcd.core.station import Stepped
from tests.arcd.api.desk import CENTRE, FakeDesk
from tests.arcd.core.line_service.scene import OPERATORS, a_fire_site

NS = 10**9
LINE = "S-1/fire/mobile"


async def watched(desk: FakeDesk) -> FakeDesk:
    centre = replace(CENTRE, transmission_operators=OPERATORS)
    await desk.take(CentreImported(at=desk.now(), centre=centre, actor=DAEMON))
    await desk.take(SiteImported(at=desk.now(), site=a_fire_site(), actor=DAEMON))
    return desk


async def fails(desk: FakeDesk, *, tells: bool = True) -> list[Stepped]:
    """Nothing is heard of it for 175 seconds; the operator's mail arrives."""
    heard_at = desk.now()
    desk.clock.advance(145)
    steps = [await desk.take(PathsSilent(at=desk.now(), silent={LINE: heard_at}))]
    steps += await passes(desk, 40)
    mails = [each for step in steps for each in step.effects if isinstance(each, SendMail)]
    for mail in mails if tells else ():
        steps.append(await desk.take(EffectReported(at=desk.now(), effect_id=mail.id, outcome=EffectOutcome.DELIVERED)))
    return steps


async def comes_back(desk: FakeDesk) -> None:
    await desk.take(PathsHeardAgain(at=desk.now(), heard={LINE: desk.now()}))


async def passes(desk: FakeDesk, seconds: float) -> list[Stepped]:
    until = desk.now() + round(seconds * NS)
    steps = []
    while (due := desk._station.next_deadline()) is not None and due[0] <= until:
        desk.clock.advance(max(0.0, (due[0] - desk.now()) / NS))
        steps.append(await desk.take(DeadlineReached(at=desk.now(), key=due[1], due=due[0])))
    desk.clock.advance((until - desk.now()) / NS)
    return steps
