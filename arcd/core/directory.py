"""Finding the account behind a frame, and the unchanging half of what rules may ask.

One rule: an index over the site table and nothing more; it can be thrown away and built again from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from arcd.core.account import RETRY_HORIZON_S, account_key
from arcd.core.calendars import is_holiday
from arcd.core.field import REPEAT_S
from arcd.core.site import Account, Site, System, Zone, zone_view
from arcd.core.supervision.paths import SupervisedPath, paths_of
from protocols.codec import Origin
from protocols.signals import bare_address
from rules.model import SiteView, ZoneView

NS = 1_000_000_000


class Entry(Struct, frozen=True, kw_only=True):
    """An account and where it belongs."""

    key: str
    site: Site
    site_view: SiteView
    system: System
    account: Account
    zones: dict[str, tuple[Zone, ZoneView]]  # by number without leading zeros
    paths: tuple[SupervisedPath, ...] = ()  # of its system
    is_anywhere: bool = False  # it names neither receiver nor line
    horizon_s: float = RETRY_HORIZON_S  # for so long a frame is remembered


class LocalTime(Struct, frozen=True, kw_only=True):
    weekday: int
    minute: int
    is_holiday: bool


class Directory:
    def __init__(self, sites: Iterable[Site]) -> None:
        self._by_number: dict[str, list[Entry]] = {}
        self._by_site: dict[str, list[Entry]] = {}
        self.paths: dict[str, SupervisedPath] = {}  # by key
        self.node_sizes: Counter[str] = Counter()  # supervised paths that depend on a node
        self._by_system: dict[str, tuple[SupervisedPath, ...]] = {}
        for site in sites:
            self.put(site)

    def put(self, site: Site) -> None:
        self.remove(site.id)
        view = site.view()
        entries = []
        for system in site.systems:
            paths = paths_of(site, system)
            self._put_paths(paths)
            zones = {bare_address(zone.number): (zone, zone_view(zone)) for zone in system.zones}
            for account in system.accounts:
                key = account_key(account.number, account.receiver, account.line)
                entries.append(
                    Entry(
                        key=key, site=site, site_view=view, system=system, account=account, zones=zones, paths=paths,
                        is_anywhere=account.receiver is None and account.line is None,
                        horizon_s=_horizon_s(system, account),
                    )
                )  # fmt: skip
        self._by_site[site.id] = entries
        for entry in entries:
            self._by_number.setdefault(entry.account.number.upper(), []).append(entry)

    def _put_paths(self, paths: tuple[SupervisedPath, ...]) -> None:
        for path in paths:
            self.paths[path.key] = path
            self.node_sizes.update(path.own_nodes())
            self._by_system[path.system_key] = paths

    def remove(self, site_id: str) -> None:
        for path in self.paths_of_site(site_id):
            del self.paths[path.key]
            self.node_sizes.subtract(path.own_nodes())
            self._by_system.pop(path.system_key, None)
        for entry in self._by_site.pop(site_id, ()):
            number = entry.account.number.upper()
            rest = [other for other in self._by_number[number] if other is not entry]
            if rest:
                self._by_number[number] = rest
            else:
                del self._by_number[number]

    def find(self, origin: Origin) -> Entry | None:
        """The account as sent, leading zeros and all; an entry that names receiver or line wins over the others."""
        candidates = self._by_number.get(origin.account.upper())
        if candidates is None:
            return None
        if len(candidates) == 1 and candidates[0].is_anywhere:
            return candidates[0]
        best: Entry | None = None
        best_score = -1
        for entry in candidates:
            score = _namespace_match(entry.account, origin)
            if score > best_score:
                best, best_score = entry, score
        return best

    def of_number(self, number: str) -> list[Entry]:
        """Every account of that number, whatever receiver and line it names."""
        return self._by_number.get(number.upper(), [])

    def of_site(self, site_id: str) -> list[Entry]:
        return self._by_site.get(site_id, [])

    def paths_of_system(self, system_key: str) -> tuple[SupervisedPath, ...]:
        """ "<site>/<system>" → its supervised paths."""
        return self._by_system.get(system_key, ())

    def paths_of_site(self, site_id: str) -> tuple[SupervisedPath, ...]:
        systems = {entry.system.id: entry.paths for entry in self.of_site(site_id)}
        return tuple(path for paths in systems.values() for path in paths)


def _horizon_s(system: System, account: Account) -> float:
    """A recording of an encrypted frame is accepted as long as the account's time window says; remember it as long."""
    named_s = REPEAT_S if system.sources else 0.0
    return max(RETRY_HORIZON_S, account.window_past_s + account.window_future_s, named_s)


def _namespace_match(account: Account, origin: Origin) -> int:
    """-1 when the namespace differs, else how much of it the entry names."""
    score = 0
    for named, sent in ((account.receiver, origin.receiver), (account.line, origin.line)):
        if named is None:
            continue
        if bare_address(named).upper() != bare_address(sent).upper():
            return -1
        score += 1
    return score


@lru_cache(maxsize=4096)
def _local_time_of_minute(timezone: str, minute: int) -> LocalTime:
    local = datetime.fromtimestamp(minute * 60, UTC).astimezone(ZoneInfo(timezone))
    return LocalTime(
        weekday=local.weekday(),
        minute=local.hour * 60 + local.minute,
        is_holiday=is_holiday(local.date()),
    )


def local_time(timezone: str, at: int) -> LocalTime:
    """The site's wall clock at an instant (ns UTC)."""
    return _local_time_of_minute(timezone, at // (60 * NS))
