"""How often one source may do something, in bounded memory and with time as an argument.

One rule: a fixed window per key; when there are more keys than are remembered, the oldest window is forgotten, which
errs towards letting people in. For fairness, not for secrecy: guessing is prevented by the length of the tokens.
"""

from __future__ import annotations

from collections import OrderedDict

NS = 1_000_000_000


class RateLimit:
    def __init__(self, *, count_max: int, period_s: float, keys_max: int) -> None:
        self._count_max = count_max
        self._period_ns = int(period_s * NS)
        self._keys_max = keys_max
        self._windows: OrderedDict[str, tuple[int, int]] = OrderedDict()  # key → window's start, count

    def admits(self, key: str, now: int) -> bool:
        """Counts one more; False when the window is full."""
        started, count = self._windows.get(key, (now, 0))
        if not 0 <= now - started < self._period_ns:  # also when the clock was set back
            started, count = now, 0
        if started == now and count == 0:
            self._windows.pop(key, None)  # a new window goes to the end of the queue
        self._windows[key] = (started, min(count + 1, self._count_max + 1))
        while len(self._windows) > self._keys_max:
            self._windows.popitem(last=False)
        return count < self._count_max
