"""Plays the shift from its first sentence to its last, and hands over what is left to look at.

One rule: time passes only as the loop lets it; nothing is skipped and nobody waits.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec import Struct

from arcd import runtime
from arcd.clock import VirtualClock
from arcd.core.case.model import Case
from arcd.store import Entry
from tests.shift.centre import HERE, Centre, site_base
from tests.shift.script import NS, Happening, Script, read_shift
from tests.shift.table import written_out
from tests.virtual_time import run

# The sleeper looks at the clocks every second because somebody may set them. Here nobody can.
WAKE_S = 60.0


class Played(Struct, frozen=True):
    centre: Centre
    script: Script
    entries: list[Entry]
    cases: list[Case]
    table: str


def play(directory: Path) -> Played:
    begins, ends, happenings = read_shift(HERE / "shift.yaml")
    clock = VirtualClock(round(begins.timestamp()) * NS)
    centre = Centre(site_base(directory), clock)
    script = Script(centre, begins)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runtime, "WAKE_S_MAX", WAKE_S)
        return run(_play(script, happenings, round(ends.timestamp()) * NS), clock)


async def _play(script: Script, happenings: list[Happening], ends: int) -> Played:
    centre = script.centre
    async with centre.open():
        for happening in happenings:
            await _until(centre, happening.at)
            await script.perform(happening)
        await _until(centre, ends)
    await centre.store.open()
    entries = [entry async for entry in centre.store.entries()]
    played = Played(centre, script, entries, await centre.cases(), await written_out(centre))
    await centre.store.close()
    return played


async def _until(centre: Centre, at: int) -> None:
    left_s = (at - centre.clock.now()) / NS
    if left_s > 0:
        await asyncio.sleep(left_s)
    await centre.runtime.drained()
