"""Deadlines as data: readable keys, absolute instants, one table and a heap over it.

One rule: setting a key again replaces it, so a repeated signal cannot stack timers. The shell sleeps once until
`next_due`; nothing else in the daemon keeps time. A deadline that fired must be taken away or set anew in that step.

Keys in use: `case/<id>/clock/<clock>/<n>`, `case/<id>/step/<step>`, `case/<id>/offer/<offer>`,
`case/<id>/sla/<what>/<step>`, `case/<id>/authority/resend|phone|again`, `case/<id>/welfare/<offer>`,
`case/<id>/resume`, `case/<id>/claim`, `case/<id>/forget`, `flag/<id>/start|warn|end|remind`,
`report/<flag>/forget`, `effect/<id>/retry`,
`site/<id>/pending/<entry>.<index>`, `site/<id>/unrestored`, `site/<id>/runaway/<entry>`,
`case/<id>/steady`, `notice/<operator>/settle`, `notice/<id>/told|forget`, `notice/arrangements/open`,
`schedule/<site>/<system>/<area>`, `testdue/<site>/<system>`, `settle/<id>`,
`receiver_line/<name>/silence|back`, `forward/<output>/end`,
`storm/<id>/tally|item|split|forget`.
"""

from __future__ import annotations

import heapq

from arcd.core.state import State

# Owners whose deadlines lie so many seconds after something that happened. Flags and schedules name instants.
_COUNTING = frozenset({"case", "effect", "site", "report", "testdue", "notice", "receiver_line", "settle", "storm"})


class Deadlines:
    def __init__(self, state: State) -> None:
        self._table = state.deadlines
        self._heap: list[tuple[int, str]] = []
        self._owned: dict[str, set[str]] = {}  # "case/C17" → its keys, so that closing a case need not search
        self.rebuild()

    def rebuild(self) -> None:
        """After a restore or a reverted step. Heap and owners are only indexes: the table is the truth."""
        self._heap = [(due, key) for key, due in self._table.items()]
        heapq.heapify(self._heap)
        self._owned = {}
        for key in self._table:
            self._owned.setdefault(_owner(key), set()).add(key)

    def set(self, key: str, due: int) -> None:
        if self._table.get(key) != due:
            self._table.put(key, due)
            heapq.heappush(self._heap, (due, key))
            self._owned.setdefault(_owner(key), set()).add(key)
            if len(self._heap) > 64 + 4 * len(self._table):
                self.rebuild()

    def clear(self, key: str) -> None:
        if key in self._table:
            self._table.drop(key)
            owner = _owner(key)
            keys = self._owned[owner]
            keys.discard(key)
            if not keys:
                del self._owned[owner]

    def clear_all(self, owner: str) -> None:
        """Take away every deadline of one matter ("case/C17")."""
        for key in sorted(self._owned.get(owner, ())):
            self.clear(key)

    def of(self, owner: str) -> list[str]:
        return sorted(self._owned.get(owner, ()))

    def shift(self, by: int) -> None:
        """The wall clock was set by so many ns: what counts time from an occurrence goes on counting as before.

        Instants that a person or a calendar names (a flag's end, opening hours, the end of a parking) stay.
        """
        for key, due in list(self._table.items()):
            if counts_time(key):
                self.set(key, due + by)

    def due_of(self, key: str) -> int | None:
        return self._table.get(key)

    def next_due(self) -> tuple[int, str] | None:
        """The earliest deadline, or None."""
        while self._heap:
            due, key = self._heap[0]
            if self._table.get(key) == due:
                return due, key
            heapq.heappop(self._heap)
        return None


def counts_time(key: str) -> bool:
    owner, _, rest = key.partition("/")
    return owner in _COUNTING and not rest.endswith("/resume")


def _owner(key: str) -> str:
    kind, _, rest = key.partition("/")
    return f"{kind}/{rest.partition('/')[0]}"
