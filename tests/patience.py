"""Waiting for what the kernel, another thread or another process brings.

One rule: a test waits for the very thing that it asserts, and only a hang is given up. How fast the machine is decides
nothing: the limit costs nothing while everything works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 120.0
# Loopback brings most things within a few turns of the loop. What takes longer comes from a thread or a timer, and
# asking in every turn would keep the processor from it.
_TURNS = 200
_PAUSE_S = 0.001


async def in_time(awaited: Awaitable[T]) -> T:
    """TimeoutError: it hangs."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaited


async def until(holds: Callable[[], object]) -> None:
    """TimeoutError: it never came to that."""
    async with asyncio.timeout(PATIENCE_S):
        turns = 0
        while not holds():
            turns += 1
            await asyncio.sleep(0 if turns < _TURNS else _PAUSE_S)
