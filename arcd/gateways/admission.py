"""Who gets a place, and how much of the machine a source may have before it has said anything genuine.

One rule: a flood harms the one who sends it. A connection is a stranger until it brings a genuine frame of a configured
account. Strangers never displace anybody but strangers, and among those first the ones of the source that brings them.
What a plain account's number is worth, this is worth: it keeps out noise, not somebody who knows the site base.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

# Of all places, so many may be taken by strangers: the rest waits for panels. One part in this many.
STRANGERS_PART = 2
# A source with as many strangers as this makes room for its next one itself.
STRANGERS_FAIR_MAX = 64
# Frames of strangers that one source may have waiting for their commit at once; whoever has more waits to be read.
STRANGER_FRAMES_MAX = 64


G = TypeVar("G")


class Guest(Protocol):
    """A connection that has a place or asks for one."""

    @property
    def source(self) -> str:
        """Its address without the port."""
        ...

    def turn_out(self) -> None:
        """Its place is another's now."""
        ...


class Admission:
    def __init__(self, *, places_max: int, per_source_max: int, refused: Callable[[str], None]) -> None:
        self.guests: set[Guest] = set()
        self._places_max = places_max
        self._per_source_max = per_source_max
        self._strangers_max = max(1, places_max // STRANGERS_PART)
        self._refused = refused
        self._by_source: dict[str, int] = {}
        self._strangers: dict[Guest, None] = {}  # oldest first
        self._strangers_of: dict[str, dict[Guest, None]] = {}

    def admit(self, guest: Guest, *, is_known: bool) -> bool:
        """`is_known`: trusted before its first frame. False, and the limit counted, when there is no place."""
        own = self._strangers_of.get(guest.source, {})
        if self._by_source.get(guest.source, 0) >= self._per_source_max and not self._turn_out_first(own):
            self._refused("connections_per_source")
            return False
        is_full = len(self.guests) >= self._places_max
        is_crowded = not is_known and len(self._strangers) >= self._strangers_max
        if is_full or is_crowded:
            own = self._strangers_of.get(guest.source, {})
            crowd = own if len(own) >= STRANGERS_FAIR_MAX else self._strangers
            if not self._turn_out_first(crowd):
                self._refused("connections")
                return False
        self.guests.add(guest)
        self._by_source[guest.source] = self._by_source.get(guest.source, 0) + 1
        if not is_known:
            self._strangers[guest] = None
            self._strangers_of.setdefault(guest.source, {})[guest] = None
        return True

    def recognise(self, guest: Guest) -> None:
        """It has brought a genuine frame: it keeps its place until it leaves."""
        if guest in self._strangers:
            del self._strangers[guest]
            own = self._strangers_of[guest.source]
            del own[guest]
            if not own:
                del self._strangers_of[guest.source]

    def dismiss(self, guest: Guest) -> bool:
        """It has left. False when it had no place any more."""
        if guest not in self.guests:
            return False
        self.guests.discard(guest)
        self.recognise(guest)
        left = self._by_source[guest.source] - 1
        if left:
            self._by_source[guest.source] = left
        else:
            del self._by_source[guest.source]
        return True

    def _turn_out_first(self, crowd: dict[Guest, None]) -> bool:
        oldest = next(iter(crowd), None)
        if oldest is None:
            return False
        self._refused("strangers")
        oldest.turn_out()
        assert oldest not in self.guests, "who is turned out has left"
        return True


class Shares(Generic[G]):
    """How many frames of each source wait for their commit, so that no source can fill the machine alone.

    `go_on` is called for one that waited, outside of whatever freed its place.
    """

    def __init__(self, frames_max: int, go_on: Callable[[G], None]) -> None:
        self._frames_max = frames_max
        self._go_on = go_on
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, dict[G, None]] = {}  # first come, first served

    def has_room(self, source: str) -> bool:
        return self._taken.get(source, 0) < self._frames_max

    def take(self, source: str) -> None:
        self._taken[source] = self._taken.get(source, 0) + 1

    def give_back(self, source: str, frames: int = 1) -> None:
        left = self._taken.get(source, 0) - frames
        assert left >= 0
        if left:
            self._taken[source] = left
        else:
            self._taken.pop(source, None)
        self.wake(source)

    def wait(self, source: str, guest: G) -> None:
        self._waiting.setdefault(source, {})[guest] = None

    def forget(self, source: str, guest: G, frames: int) -> None:
        """The guest is gone, or no stranger any more: its frames are not the source's."""
        waiting = self._waiting.get(source, {})
        waiting.pop(guest, None)
        if not waiting:
            self._waiting.pop(source, None)
        self.give_back(source, frames)

    def wake(self, source: str) -> None:
        """Whoever has waited longest may go on, if there is room."""
        waiting = self._waiting.get(source)
        if waiting is None or not self.has_room(source):
            return
        guest = next(iter(waiting))
        del waiting[guest]
        if not waiting:
            del self._waiting[source]
        self._go_on(guest)
