"""When every path was last heard, kept so that looking costs by what falls silent and not by what there is.

Paths that are allowed the same silence stand in one line, the one heard longest ago first. A frame moves its path to
the end; a look takes from the front what is too old and stops at the first that is not. What does not fit a line (a
limit that was changed, a path just back) waits in a heap until its next frame.

One rule: this is no state. It is rebuilt from it and from time itself; what it finds becomes a fact (`PathsSilent`,
`PathsHeardAgain`), and only a fact changes anything. It follows the table of faults, never runs ahead of it.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping

from arcd.core.supervision.echoes import Echoes
from arcd.core.supervision.model import PathFault
from arcd.core.supervision.ownlink import OwnLink
from arcd.core.supervision.paths import SupervisedPath

NS = 1_000_000_000
# Paths that are allowed no longer silence speak often enough to show whether it is our own link.
QUICK_S = 300.0
# So much of its limit is used up, and a path counts as late.
LATE_PART = 2 / 3
# Silent paths in one fact: a step must not keep alarms waiting.
SILENT_MAX = 500
# A fact about them that could not be digested: they come again.
AGAIN_S = 60.0
# requirements 4.4, recovery: two consecutive heartbeats, or 60 s in which it was heard.
BACK_HEARTBEATS = 2
BACK_S = 60.0
# Paths allowed a longer silence have their instants kept one by one, once in a part of that silence; for all others
# one instant per limit is kept. 120,000 of the latter cost the journal some bytes, not megabytes.
EXACT_ABOVE_S = 3600.0
EXACT_PARTS = 10


class _Slot:
    """A path as it is watched. `line` is None while it is down, or waits in the heap."""

    __slots__ = (
        "again_at",
        "base",
        "beats",
        "category",
        "heard",
        "interval_s",
        "is_down",
        "is_explained",
        "is_settling",
        "kept",
        "key",
        "limit_ns",
        "line",
    )

    def __init__(self, key: str, category: str, limit_ns: int, base: int, interval_s: float) -> None:
        self.key = key
        self.category = category
        self.limit_ns = limit_ns
        self.base = base  # its limit runs from here
        self.heard = 0  # 0: never
        self.kept = 0  # what the journal knows of `heard`, where it is kept one by one
        self.line: OrderedDict[_Slot, None] | None = None
        self.is_down = False
        self.is_settling = False
        self.is_explained = False
        self.beats = 0  # since it is down
        self.again_at = 0
        self.interval_s = interval_s  # between its frames; 0: it speaks too seldom to say anything of our own link


class Watch:
    def __init__(self) -> None:
        self._slots: dict[str, _Slot] = {}
        self._lines: dict[int, OrderedDict[_Slot, None]] = {}  # by limit, ns
        self._apart: list[tuple[int, int, _Slot, int]] = []  # (due, number, slot, base): stale once the base moved
        self._number = 0
        self._speaking: OrderedDict[_Slot, int] = OrderedDict()  # down and heard again, since when
        self._back: dict[str, None] = {}
        self._back_at = 0
        self._sizes: Counter[str] = Counter()  # by category
        self._down: Counter[str] = Counter()
        self._explained = 0  # paths that speak often, and are known to be down
        self._unheard: Counter[str] = Counter()  # of them, those that were never heard
        self._intervals: Counter[float] = Counter()  # of paths that speak often
        self._from = 0  # nobody is silent earlier than a limit after this
        self.own_link = OwnLink()
        self.echoes = Echoes()

    def __len__(self) -> int:
        return len(self._slots)

    # -------------------------------------------------------------------------------------------------- what is watched

    def begin(self, at: int) -> None:
        """We are ready, or were not ourselves until now: every path gets one whole limit from here."""
        self._from = at
        self.own_link.begin(at)

    def put(self, path: SupervisedPath, at: int, *, heard: int = 0, fault: PathFault | None = None) -> None:
        """Watch it from now on; one that is watched already goes on with the limit it has now."""
        limit_ns = round(path.limits().silent_s * NS)
        slot = self._slots.get(path.key)
        if slot is None:
            interval_s = path.path.interval_s or limit_ns / NS / 2
            category = path.system.category or ""
            slot = _Slot(path.key, category, limit_ns, heard or at, interval_s if limit_ns <= QUICK_S * NS else 0.0)
            self._slots[path.key] = slot
            self._sizes[category] += 1
            self._unheard[category] += not heard
            self._intervals[slot.interval_s] += 1
            slot.heard = slot.kept = heard
            if fault is not None:
                self._take_down(slot, fault)
            else:
                # Nobody is silent before `begin` or this import, so these stand in the right order behind the others.
                self._line_up(slot)
        elif slot.limit_ns != limit_ns:
            slot.limit_ns = limit_ns
            if not slot.is_down:
                self._set_apart(slot, slot.base)

    def remove(self, key: str) -> None:
        self.echoes.forget(key)
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._leave(slot)
            self._sizes[slot.category] -= 1
            self._down[slot.category] -= slot.is_down
            self._explained -= slot.is_explained
            self._unheard[slot.category] -= not slot.heard and not slot.is_down
            self._intervals[slot.interval_s] -= 1
            if not self._intervals[slot.interval_s]:
                del self._intervals[slot.interval_s]
            slot.base = -1  # what waits in the heap is stale
            slot.is_down = True

    def limit(self, key: str, silent_s: float, since: int) -> None:
        """Another silence is allowed. A shorter one counts from `since` at the earliest: its reason began there."""
        slot = self._slots.get(key)
        limit_ns = round(silent_s * NS)
        if slot is None or slot.limit_ns == limit_ns:
            return
        base = max(slot.base, since) if limit_ns < slot.limit_ns else slot.heard or slot.base
        slot.limit_ns = limit_ns
        if not slot.is_down:
            self._leave(slot)
            self._set_apart(slot, base)

    def follow(self, key: str, fault: PathFault | None) -> None:
        """The table of faults says something else of it now."""
        slot = self._slots.get(key)
        if slot is None:
            return
        if fault is not None:
            self._take_down(slot, fault)
        elif slot.is_down:
            self._leave(slot)
            slot.is_down = False
            self._explained -= slot.is_explained
            slot.is_explained = False
            self._down[slot.category] -= 1
            self._set_apart(slot, slot.heard or slot.base)

    def shift(self, step_ns: int) -> None:
        """The wall clock was set: durations stay what they are."""
        for slot in self._slots.values():
            slot.base += step_ns
            slot.heard = slot.heard and slot.heard + step_ns
            slot.kept = 0
            slot.again_at = slot.again_at and slot.again_at + step_ns
        self._apart = [(due + step_ns, number, slot, base + step_ns) for due, number, slot, base in self._apart]
        for slot in self._speaking:
            self._speaking[slot] += step_ns
        self.own_link.shift(step_ns)

    def _take_down(self, slot: _Slot, fault: PathFault) -> None:
        if not slot.is_down:
            self._leave(slot)
            slot.is_down = True
            self._down[slot.category] += 1
            slot.beats = 0
            self._unheard[slot.category] -= not slot.heard
            slot.heard = fault.since  # the fact that decided knew it exactly; after a restart we may not
        self._explained -= slot.is_explained
        slot.is_settling = not fault.confirmed_at
        slot.is_explained = bool(fault.confirmed_at and slot.interval_s)
        self._explained += slot.is_explained

    def _leave(self, slot: _Slot) -> None:
        if slot.line is not None:
            del slot.line[slot]
            slot.line = None
        self._speaking.pop(slot, None)
        self._back.pop(slot.key, None)

    def _set_apart(self, slot: _Slot, base: int, due: int | None = None) -> None:
        """Until its next frame: its place in the line would be somewhere in the middle."""
        if slot.line is not None:
            del slot.line[slot]
            slot.line = None
        slot.base = base
        self._number += 1
        due = max(base, self._from) + slot.limit_ns if due is None else due
        heapq.heappush(self._apart, (due, self._number, slot, base))

    # -------------------------------------------------------------------------------------- for judging our own link

    @property
    def quick_paths(self) -> int:
        """Paths that speak often enough to say something of our own link."""
        return sum(count for interval_s, count in self._intervals.items() if interval_s)

    @property
    def expected_part(self) -> float:
        """So much of what was heard before can be heard still: the rest is known to be down."""
        return 1.0 - self._explained / max(1, self.quick_paths)

    @property
    def interval_s(self) -> float:
        """The longest between two frames of one of them."""
        return max(self._intervals, default=0.0)

    @property
    def shortest_s(self) -> float:
        """The shortest silence that any path is allowed."""
        return min((limit_ns for limit_ns, line in self._lines.items() if line), default=0) / NS or QUICK_S

    # ------------------------------------------------------------------------------------------------------- a frame

    def hear(self, key: str, at: int) -> None:
        """A genuine frame on this path."""
        slot = self._slots.get(key)
        if slot is None:
            return
        self.own_link.hear(at)
        if not slot.heard:
            self._unheard[slot.category] -= 1
        slot.heard = at
        line = slot.line
        if line is not None:
            slot.base = at
            line.move_to_end(slot)
        elif slot.is_down:
            self._hear_again(slot, at)
        else:
            slot.base = at
            self._line_up(slot)

    def _line_up(self, slot: _Slot) -> None:
        line = self._lines.get(slot.limit_ns)
        if line is None:
            line = self._lines[slot.limit_ns] = OrderedDict()
        line[slot] = None
        slot.line = line

    def _hear_again(self, slot: _Slot, at: int) -> None:
        if slot.beats and at - slot.again_at > slot.limit_ns:
            slot.beats = 0  # not consecutive
            self._speaking.pop(slot, None)
        slot.beats += 1
        slot.again_at = at
        if slot.is_settling or slot.beats >= BACK_HEARTBEATS:
            self._back[slot.key] = None
            self._back_at = at
            self._speaking.pop(slot, None)
        else:
            self._speaking.setdefault(slot, at)

    # ------------------------------------------------------------------------------------------------------- looking

    def next_look(self) -> int | None:
        """When something may be found that is not there now; earlier frames may have changed that by then."""
        dues = [max(next(iter(line)).base, self._from) + limit_ns for limit_ns, line in self._lines.items() if line]
        if self._apart:
            dues.append(self._apart[0][0])
        if self._speaking:
            dues.append(next(iter(self._speaking.values())) + int(BACK_S * NS))
        if self._back:
            dues.append(self._back_at + 1)
        return min(dues, default=None)

    def take_silent(self, now: int) -> dict[str, int]:
        """Paths whose limit has passed, at most SILENT_MAX of them → when each was last heard, or has been expected."""
        found: list[_Slot] = []
        for limit_ns, line in self._lines.items():
            oldest = now - limit_ns
            if self._from > oldest:
                continue
            for slot in line:
                if slot.base > oldest or len(found) >= SILENT_MAX:
                    break
                found.append(slot)
        found += self._due_apart(now, SILENT_MAX - len(found))
        silent = {slot.key: slot.heard or slot.base for slot in found}
        again = now + int(AGAIN_S * NS)
        for slot in found:
            self._set_apart(slot, slot.base, again)
        return silent

    def _due_apart(self, now: int, count_max: int) -> list[_Slot]:
        found: list[_Slot] = []
        while self._apart and self._apart[0][0] <= now and len(found) < count_max:
            _, _, slot, base = heapq.heappop(self._apart)
            if slot.line is not None or slot.is_down or slot.base != base:
                continue  # it has spoken, or is down
            due = max(base, self._from) + slot.limit_ns
            if due > now:
                self._set_apart(slot, base, due)
            else:
                found.append(slot)
        return found

    def take_back(self, now: int) -> dict[str, int]:
        """Paths that were down and can be believed again → when each was last heard."""
        patient = now - int(BACK_S * NS)
        while self._speaking:
            slot, since = next(iter(self._speaking.items()))
            if since > patient:
                break
            del self._speaking[slot]
            if now - slot.heard <= slot.limit_ns:
                self._back[slot.key] = None
            else:
                slot.beats = 0
        back, self._back = list(self._back)[:SILENT_MAX], dict.fromkeys(list(self._back)[SILENT_MAX:])
        return {key: self._slots[key].heard for key in back}

    # ---------------------------------------------------------------------------------------------- what is known of it

    def heard_at(self, key: str) -> int:
        """0: never."""
        slot = self._slots.get(key)
        return slot.heard if slot is not None else 0

    def counts(self, now: int) -> dict[tuple[str, str], int]:
        """(category, "up" | "late" | "failed" | "unknown") → paths. Costs by what is late or down, like a look."""
        late: Counter[str] = Counter()
        for limit_ns, line in self._lines.items():
            oldest = now - int(limit_ns * LATE_PART)
            for slot in line:
                if slot.base > oldest:
                    break
                late[slot.category] += slot.heard != 0
        counts: dict[tuple[str, str], int] = {}
        for category, size in self._sizes.items():
            failed, unknown = self._down[category], self._unheard[category]
            counts[category, "late"], counts[category, "failed"] = late[category], failed
            counts[category, "unknown"] = unknown
            counts[category, "up"] = size - late[category] - failed - unknown
        return counts

    def take_floors(self) -> dict[str, int]:
        """Limit in seconds → all of it that is up was heard since then; of those that are not kept one by one."""
        floors = {
            f"{limit_ns / NS:g}": next(iter(line)).base
            for limit_ns, line in self._lines.items()
            if line and limit_ns <= EXACT_ABOVE_S * NS
        }
        for _, _, slot, base in self._apart:
            if slot.line is None and not slot.is_down and slot.base == base and slot.limit_ns <= EXACT_ABOVE_S * NS:
                name = f"{slot.limit_ns / NS:g}"
                floors[name] = min(floors.get(name, base), slot.heard or base)
        return floors

    def take_exact(self) -> dict[str, int]:
        """Paths that speak seldom and have done so since the journal was last told, once in a part of their limit."""
        told: dict[str, int] = {}
        for limit_ns, line in self._lines.items():
            if limit_ns <= EXACT_ABOVE_S * NS:
                continue
            part_ns = limit_ns // EXACT_PARTS
            for slot in reversed(line):
                if slot.kept >= slot.heard and slot.kept:
                    break
                if slot.heard - slot.kept >= part_ns:
                    told[slot.key] = slot.kept = slot.heard
        return told

    def rebuild(
        self,
        paths: Iterable[SupervisedPath],
        faults: Mapping[str, PathFault],
        heard: Mapping[str, int],
        floors: Mapping[str, int],
    ) -> None:
        """From the state, before the tail of the journal is stepped through."""
        for path in paths:
            limits = path.limits()
            known = heard.get(path.key) or floors.get(f"{round(limits.silent_s * NS) / NS:g}", 0)
            self.put(path, 0, heard=known, fault=faults.get(path.key))
