"""How far an output has come, folded into facts.

One rule: the cursor passes an entry when everything in it has been acknowledged, and is written down at most once a
second; after a crash the far end may hear that second again, and misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from arcd.clock import Clock
from arcd.core.facts import ForwardAcknowledged

FOLD_S = 1.0
# Entries with nothing for the output: written down by themselves only now and then, because the fact is an entry too.
PASSED_MAX = 5_000
REFUSED_MAX = 100  # entries named in one fact
DETAIL_CHARS_MAX = 200


class Cursor:
    def __init__(self, output: str, after: int, *, post: Callable[[ForwardAcknowledged], None], clock: Clock) -> None:
        self.seq = after
        self._output = output
        self._post = post
        self._clock = clock
        self._posted = after
        self._has_news = False
        self._refused: list[int] = []
        self._detail = ""

    def pass_over(self, seq: int) -> None:
        """Nothing in it was ours."""
        self.seq = seq

    def acknowledge(self, seq: int) -> None:
        self.seq = seq
        self._has_news = True

    def refuse(self, seq: int, detail: str) -> None:
        """Part of this entry will not be taken; `acknowledge` follows."""
        if len(self._refused) < REFUSED_MAX and seq not in self._refused:
            self._refused.append(seq)
        self._detail = detail[:DETAIL_CHARS_MAX]

    def flush(self) -> None:
        if self._has_news or self.seq - self._posted >= PASSED_MAX:
            self._post(
                ForwardAcknowledged(
                    at=self._clock.now(), output=self._output, seq=self.seq, refused=tuple(self._refused),
                    detail=self._detail,
                )
            )  # fmt: skip
            self._posted, self._has_news = self.seq, False
            self._refused, self._detail = [], ""

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FOLD_S)
            self.flush()
