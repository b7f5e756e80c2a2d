"""Link tests that were recorded and are sent again: proof of life that proves nothing.

DC-09 protects a link test from being recorded only by its time window, and a window of a quarter of an hour, as some
panels' clocks need it, would let whoever cut the line play it alive for as long. So of every path the panel's own
seconds are remembered that its encrypted link tests were stamped with: one that comes twice is answered, like any
retransmission, and counts for nothing.

One rule: this is no state. After a restart it begins anew; what could be replayed then is at most one window old.
"""

from __future__ import annotations

from typing import Final

# Seconds remembered of one path: a window of a quarter of an hour, and a link test every two seconds.
SECONDS_MAX: Final = 512


class Echoes:
    def __init__(self) -> None:
        self._seconds: dict[str, tuple[int, ...]] = {}  # by path, oldest first

    def is_echo(self, path: str, sent_s: int, oldest_s: int) -> bool:
        """Whether this second was heard on the path before; else it is remembered.

        `oldest_s`: what the panel stamped earlier than this is outside its window by now.
        """
        seconds = self._seconds.get(path, ())
        if sent_s in seconds:
            return True
        kept = (
            tuple(second for second in seconds if second >= oldest_s) if seconds and seconds[0] < oldest_s else seconds
        )
        self._seconds[path] = (*kept[-SECONDS_MAX + 1 :], sent_s)
        return False

    def forget(self, path: str) -> None:
        self._seconds.pop(path, None)
