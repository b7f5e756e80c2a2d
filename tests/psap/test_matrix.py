"""The whole way over real sockets: alarm, case, signed CAP, emergency centre, signed answer, what the operator sees.

One row per manner of the emergency centre's machine. Waiting is short here; what waits how long is settled in
`tests/arcd/core/case/authority`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from arcd.api.authority import AnswerCheck
from arcd.api.authority_view import AuthorityView, authority_view
from arcd.api.guard import guard_app
from arcd.api.serving import listen_tcp, serve_app
from arcd.core.case.authority.model import AuthorityStatus
from arcd.core.case.authority.policy import Connector, EscalationPolicy
from arcd.core.effects import Answer, SendAlert
from arcd.core.facts import (
    AnyFact,
    AuthorityAction,
    AuthorityRequested,
    CentreImported,
    DeadlineReached,
    EffectReported,
    RulesLoaded,
    SiteImported,
    Started,
)
from arcd.core.state import State
from arcd.core.station import Station, Stepped
from arcd.effectors.cap_http import CapHttpEffector
from arcd.guard_links import LinkSigner
from protocols.cap.message import MsgType
from protocols.cap.writer import write
from tests.arcd.core.case.authority.scene import AUTOMATIC, a_told_site
from tests.patience import PATIENCE_S
from tests.playbook import NS, OPERATOR, START, Panel
from tests.psap.simulator import REASONS, SECRET, Psap, psap
from tests.sites import a_centre, plan, rules

S = AuthorityStatus
SILENT_S = 0.3  # of one attempt at a line that says nothing
POLICY = EscalationPolicy(
    connector=Connector.CAP_HTTP, sender="arc.example", addressee="psap.example", actual=True, actual_sites=("*",)
)


@dataclass
class Centre:
    """The machine with its CAP effector and the guards' listener, and time that is told."""

    station: Station
    effector: CapHttpEffector
    now_ns: int = START
    seq: int = 0

    @property
    def state(self) -> State:
        return self.station.state

    links = LinkSigner(bytes(32), "https://guard.example.org")

    def now(self) -> int:
        return self.now_ns

    async def ask(self, fact: AnyFact) -> Answer:
        stepped = await self.take(fact)
        return next(effect for effect in stepped.effects if isinstance(effect, Answer))

    async def take(self, fact: AnyFact) -> Stepped:
        """Step, and perform what leaves for the authority, as the runtime would after the commit."""
        self.seq += 1
        stepped = self.station.step(fact, self.seq)
        for effect in stepped.effects:
            if isinstance(effect, SendAlert):
                performed = await self.effector.perform(effect)
                await self.take(
                    EffectReported(
                        at=self.now(), effect_id=effect.id, outcome=performed.outcome, detail=performed.detail
                    )
                )
        return stepped

    async def pass_time(self, seconds: float) -> None:
        until = self.now_ns + int(seconds * NS)
        while (due := self.station.next_deadline()) is not None and due[0] <= until:
            self.now_ns = max(self.now_ns, due[0])
            await self.take(DeadlineReached(at=self.now_ns, key=due[1], due=due[0]))
        self.now_ns = until

    @property
    def case_id(self) -> str:
        return next(case.id for case in self.state.cases.values() if case.authority is not None)

    def seen(self) -> AuthorityView:
        """What the operator sees."""
        return authority_view(self.state, self.state.cases[self.case_id], "en")


@asynccontextmanager
async def scene(manner: str) -> AsyncIterator[tuple[Centre, Psap]]:
    clock = [START]
    async with psap(lambda: clock[0], manner) as far_end:
        total_s = SILENT_S if manner == "silent_line" else PATIENCE_S
        effector = CapHttpEffector(url=far_end.url, secret=SECRET, now=lambda: clock[0], total_s=total_s)
        centre = Centre(Station(), effector)
        far_end.now = centre.now
        app = guard_app(centre, AnswerCheck(SECRET))  # type: ignore[arg-type]  # – all of the desk that it asks for
        async with serve_app(app, listen_tcp("127.0.0.1", 0)) as served:
            far_end.post_to = f"http://127.0.0.1:{served.port}"
            sources = rules(plan("urgent", AUTOMATIC, priority="P0"))
            for fact in (
                RulesLoaded(at=START, digest="", sources=sources, actor=OPERATOR),
                Started(at=START, version="test", escalation=POLICY),
                CentreImported(at=START, centre=a_centre(), actor=OPERATOR),
                SiteImported(at=START, site=a_told_site(), actor=OPERATOR),
            ):
                await centre.take(fact)
            await centre.take(Panel().sia("HA", zone="3")(START))
            yield centre, far_end
        await effector.close()


async def test_accept() -> None:
    async with scene("accept") as (centre, far_end):
        assert centre.seen().status is S.SENT
        await far_end.look()
        seen = centre.seen()
    assert (seen.status, seen.reference, seen.call_now) == (S.ACCEPTED, "2026-1187", False)
    assert [answer.status_code for answer in far_end.answered] == [200]


@pytest.mark.parametrize("reason", REASONS)
async def test_reject(reason: str) -> None:
    async with scene(f"reject:{reason}") as (centre, far_end):
        await far_end.look()
        seen = centre.seen()
    assert (seen.status, seen.rejected_because, seen.call_now) == (S.REJECTED, reason, True)
    assert seen.status_text == "CALL BY PHONE NOW"
    assert seen.script[0].startswith("This is the alarm receiving centre")


async def test_silent() -> None:
    async with scene("silent") as (centre, far_end):
        await far_end.look()
        await centre.pass_time(59.9)
        await far_end.look()
        assert (centre.seen().call_now, far_end.repeats, len(far_end.taken)) == (False, 1, 1)
        await centre.pass_time(0.1)
        seen = centre.seen()
    assert (seen.status, seen.call_now) == (S.NO_ANSWER, True)
    assert seen.phone[-1].because == "the authority's system does not answer"


async def test_slow() -> None:
    """The answer comes when the call has been asked for: it settles it."""
    async with scene("silent") as (centre, far_end):
        await centre.pass_time(61)
        assert centre.seen().call_now
        far_end.manner = "slow"
        await far_end.look()
        seen = centre.seen()
    assert (seen.status, seen.call_now, seen.reference) == (S.ACCEPTED, False, "2026-1187")
    assert far_end.repeats == 1


async def test_duplicate() -> None:
    async with scene("duplicate") as (centre, far_end):
        await far_end.look()
        seen = centre.seen()
    assert (seen.status, len(seen.news)) == (S.ACCEPTED, 1)
    assert [answer.status_code for answer in far_end.answered] == [200, 200]
    assert far_end.answered[1].json()["message"] == "already known"


async def test_out_of_order() -> None:
    async with scene("out_of_order") as (centre, far_end):
        await far_end.look()
        seen = centre.seen()
    assert seen.status is S.ACCEPTED
    assert [(news.kind, news.status) for news in seen.news] == [
        ("update", "arrived"),
        ("update", "dispatched"),
        ("accepted", ""),
    ]


async def test_malformed() -> None:
    async with scene("malformed") as (centre, far_end):
        attention = centre.state.cases[centre.case_id].attention
        await far_end.look()
        assert centre.state.cases[centre.case_id].attention > attention
        assert far_end.answered[0].status_code == 422
        assert far_end.answered[0].json()["message"] == (
            "This is no CAP 1.2 message we can use: not well-formed at line 1."
        )
        await centre.pass_time(60)
        assert centre.seen().call_now


@pytest.mark.parametrize("manner", ["reset", "silent_line"])
async def test_a_broken_line(manner: str) -> None:
    async with scene(manner) as (centre, far_end):
        await centre.pass_time(60)
        seen = centre.seen()
    assert (seen.status, seen.call_now) == (S.NO_ANSWER, True)
    assert len({post.headers["idempotency-key"] for post in far_end.far_end.posts}) == 1, "one message, however often"
    assert len(far_end.far_end.posts) > 1


async def test_news_and_the_end_both_ways() -> None:
    async with scene("accept") as (centre, far_end):
        await far_end.look()
        first = far_end.taken[0]
        await far_end.post(far_end.reply(first, MsgType.UPDATE, "Key-holder's time?", psap_status="question"))
        for action, words in ((AuthorityAction.UPDATE, "In ten minutes"), (AuthorityAction.CANCEL, "Mistake")):
            await centre.ask(
                AuthorityRequested(
                    at=centre.now(), case_id=centre.case_id, action=action, actor=OPERATOR, reason=words, text=words
                )
            )
        await far_end.look()
        seen = centre.seen()
    assert [alert.msg_type for alert in far_end.taken] == [MsgType.ALERT, MsgType.UPDATE, MsgType.CANCEL]
    assert all(first.reference in alert.references for alert in far_end.taken[1:])
    assert seen.status is S.CANCELLED
    assert [message.answer for message in seen.messages] == ["accepted", "accepted", "accepted"]


async def test_a_stranger_is_not_believed() -> None:
    async with scene("silent") as (centre, far_end):
        await far_end.look()
        body = write(far_end.reply(far_end.taken[0], MsgType.ACK, "ACCEPTED;cfs=1"))
        answer = await far_end.post_bytes(body, secret=b"somebody else's secret")
        assert (answer.status_code, answer.json()["rule"]) == (401, "signature")
        assert centre.seen().status is S.SENT
