"""Running a coroutine that waits for nothing, outside any loop.

One rule: one that does wait is a mistake of the caller's, and said so at once.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value  # type: ignore[no-any-return]  # – a coroutine's value, as its type says
    coroutine.close()
    raise AssertionError("it waits for something, and there is no loop")
