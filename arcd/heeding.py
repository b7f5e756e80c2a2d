"""A request to stop that a library has lost.

One rule: whoever awaits a library that waits with `asyncio.wait_for` heeds a stop with this. Before Python 3.12 that
function forgets a cancellation that comes in the same turn of the loop as what it waits for (gh-86296), and whoever
asked for the stop would wait for ever. Only where nothing is lost by it: what has been done is told all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def heeding_a_stop() -> Iterator[None]:
    """CancelledError at the end of the block when a cancellation has come in it, also where none arrived."""
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError
