"""Is it us? The rate at which all paths together are heard, and what it says about our own connection.

    nothing at all for twice the longest gap of ten minutes, or
    less than half of the ten-minute mean in one reporting interval    ⇒ our uplink is down; no path is to blame

One rule: counted over all paths and never per path, so that ten thousand silent premises are first of all one silent
receiver (requirements 4.4, "self first"). It knows no path and judges none.
"""

from __future__ import annotations

from collections import deque

NS = 1_000_000_000
BUCKET_S = 10.0
MEAN_S = 600.0  # requirements 4.4: the 10-minute mean
LOSS = 0.5  # below this part of it
# Fewer paths than this can well fall silent together without us.
PATHS_MIN = 20
# Half of a smaller number may be missing by chance.
HEARTBEATS_MIN = 50.0
GAP_S_MIN = 5.0  # no pause between two frames shorter than this means anything
# With frames coming again, but not as many as before, it is no longer only us: faults are looked at again.
HELD_S_MAX = 900.0
SURE_S = 10.0  # of frames coming again


class OwnLink:
    def __init__(self) -> None:
        self._began_at = 0
        self._last_at = 0  # any frame
        self._count = 0  # in the bucket under way
        self._gap_ns = 0  # longest in it
        self._bucket_at = 0
        self._buckets: deque[tuple[int, int]] = deque(maxlen=int(MEAN_S / BUCKET_S))  # (frames, longest gap)
        self._reference: float | None = None  # frames a second before the loss
        self.lost_at = 0  # 0: it is up
        self._again_at = 0

    def begin(self, at: int) -> None:
        self._began_at = self._last_at = self._bucket_at = at
        self._count = self._gap_ns = 0
        self._buckets.clear()

    def shift(self, step_ns: int) -> None:
        self._began_at += step_ns
        self._last_at += step_ns
        self._bucket_at += step_ns
        self.lost_at = self.lost_at and self.lost_at + step_ns
        self._again_at = self._again_at and self._again_at + step_ns

    def hear(self, at: int) -> None:
        self._count += 1
        gap_ns = at - self._last_at
        if gap_ns > self._gap_ns:
            self._gap_ns = gap_ns
        self._last_at = at

    @property
    def rate(self) -> float | None:
        """Frames a second over what is known of the last ten minutes; None before two buckets are full."""
        if len(self._buckets) < 2:
            return None
        return sum(count for count, _ in self._buckets) / (len(self._buckets) * BUCKET_S)

    def look(self, now: int, *, paths: int, interval_s: float, shortest_s: float, part: float = 1.0) -> str | None:
        """ "lost", "back", or None for no change; to be asked about once a second.

        `paths`: how many speak often enough to say anything; `interval_s`: the longest between two of their frames;
        `shortest_s`: the shortest silence any of them is allowed; `part`: how many of them are not known to be down.
        """
        if self.lost_at:
            return self._look_for_return(now)
        if paths >= PATHS_MIN and (self._is_mute(now, interval_s, shortest_s) or self._is_thin(interval_s, part)):
            self.lost_at, self._again_at = now, 0
            self._reference = self.rate
            return "lost"
        self._roll(now)
        return None

    def _roll(self, now: int) -> None:
        while now - self._bucket_at >= BUCKET_S * NS:
            self._buckets.append((self._count, self._gap_ns))
            self._count = self._gap_ns = 0
            self._bucket_at += int(BUCKET_S * NS)
            if now - self._bucket_at > MEAN_S * NS:
                self._bucket_at = now  # nobody has looked for that long

    def _is_mute(self, now: int, interval_s: float, shortest_s: float) -> bool:
        # Panels poll in a rhythm, and its pauses are known once it has been heard whole. Before that, a pause that
        # comes in every interval would each time be a loss, and each time all paths would get their time anew.
        heard = self._last_at > self._began_at and now - self._began_at > int(interval_s * NS)
        longest_ns = max((gap_ns for _, gap_ns in self._buckets), default=0)
        limit_ns = max(int(GAP_S_MIN * NS), 2 * max(longest_ns, self._gap_ns)) if heard else int(shortest_s * NS / 2)
        return now - self._last_at > limit_ns

    def _is_thin(self, interval_s: float, part: float) -> bool:
        """In whole buckets: the last ones that fill a reporting interval against those before them."""
        width = max(1, int(-(-interval_s // BUCKET_S)))
        before = list(self._buckets)[:-width]
        if len(before) < 2 * width:
            return False
        expected = sum(count for count, _ in before) / len(before) * width * part
        lately = sum(count for count, _ in list(self._buckets)[-width:])
        return expected >= HEARTBEATS_MIN and lately < LOSS * expected

    def _look_for_return(self, now: int) -> str | None:
        if self._last_at <= self.lost_at:
            return None  # not a single frame: it is still us
        if not self._again_at or now - self._last_at > GAP_S_MIN * NS + SURE_S * NS:
            self._again_at, self._bucket_at, self._count = now, now, 0
            return None
        passed_s = (now - self._again_at) / NS
        if passed_s < SURE_S:
            return None
        wanted = LOSS * (self._reference or 0.0)
        if self._count / passed_s < wanted and now - self.lost_at < HELD_S_MAX * NS:
            if passed_s >= 3 * SURE_S:
                self._again_at, self._bucket_at, self._count = now, now, 0
            return None
        self.lost_at = 0
        self.begin(now)
        return "back"
