"""A line under test: its gateway running, what it posted, what the far end got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arcd.clock import VirtualClock
from arcd.core.facts.receiver_lines import LineLost, LineRestored
from arcd.gateways import Gateway
from arcd.gateways.line import Line
from arcd.metrics import Metrics
from tests.arcd.gateways.far_receiver import LineOfText
from tests.arcd.gateways.inbox import Inbox


def a_line(inbox: Inbox, *, name: str = "here", receiver: str | None = None) -> Line:
    return Line(
        name=name,
        protocol="text",
        new_codec=LineOfText,
        intake=inbox,
        clock=VirtualClock(),
        metrics=Metrics(version="test", protocols=["text"], channels=[]),
        receiver=receiver,
    )


@asynccontextmanager
async def running(*gateways: Gateway) -> AsyncIterator[None]:
    for gateway in gateways:
        await gateway.start()
    async with asyncio.TaskGroup() as tasks:
        runs = [tasks.create_task(gateway.run()) for gateway in gateways]
        try:
            yield
        finally:
            for gateway in gateways:
                await gateway.stop_taking()
                await gateway.close()
            await asyncio.sleep(0.01)  # transports report their end
            for run in runs:
                run.cancel()


def said(inbox: Inbox) -> list[str]:
    """What was said about ports, in order: "absent", "open"."""
    return [
        fact.fault.value if isinstance(fact, LineLost) else "open"
        for fact in inbox.facts
        if isinstance(fact, LineLost | LineRestored)
    ]
