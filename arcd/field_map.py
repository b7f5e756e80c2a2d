"""Devices and tokens → the points and sources of the site base, kept in step with it.

One rule: an index and nothing more; what it is made from is the machine's own site table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from arcd.core.field import Point, Source
from arcd.core.field_levels import level_key, lost_key
from arcd.core.site import Account, Site, System
from protocols.codec import Origin


class WiredPoint(Struct, frozen=True, kw_only=True):
    """A point, the account it speaks under, and its places in the table of levels."""

    site_id: str
    system_id: str
    origin: Origin
    point: Point
    key: str
    lost_key: str


class KnownSource(Struct, frozen=True, kw_only=True):
    site_id: str
    origin: Origin
    source: Source


class FieldMap:
    def __init__(self) -> None:
        self._points: dict[str, dict[str, tuple[WiredPoint, ...]]] = {}  # device → site → points
        self._sources: dict[str, KnownSource] = {}  # by digest of the token
        self._digests: dict[str, tuple[str, ...]] = {}  # of a site
        self._devices: dict[str, frozenset[str]] = {}  # of a site

    def update_site(self, site: Site) -> None:
        self.remove_site(site.id)
        points: dict[str, list[WiredPoint]] = {}
        sources = {}
        for system in site.systems:
            for point in system.points:
                points.setdefault(point.device, []).append(_wired(site, system, point))
            for source in system.sources:
                account = next(each for each in system.accounts if each.number == source.account)
                sources[source.digest] = KnownSource(site_id=site.id, origin=_origin(account), source=source)
        for device, wired in points.items():
            self._points.setdefault(device, {})[site.id] = tuple(wired)
        self._sources |= sources
        self._devices[site.id] = frozenset(points)
        self._digests[site.id] = tuple(sources)

    def remove_site(self, site_id: str) -> None:
        for device in self._devices.pop(site_id, ()):
            del self._points[device][site_id]
        for digest in self._digests.pop(site_id, ()):
            if digest in self._sources and self._sources[digest].site_id == site_id:
                del self._sources[digest]

    def points_of(self, device: str) -> tuple[WiredPoint, ...]:
        by_site: Mapping[str, Iterable[WiredPoint]] = self._points.get(device, {})
        return tuple(point for site_id in sorted(by_site) for point in by_site[site_id])

    def devices(self) -> tuple[str, ...]:
        """Every device that a point of the site base names."""
        return tuple(sorted(device for device, by_site in self._points.items() if by_site))

    def source_of(self, digest: str) -> KnownSource | None:
        return self._sources.get(digest)


def _wired(site: Site, system: System, point: Point) -> WiredPoint:
    return WiredPoint(
        site_id=site.id,
        system_id=system.id,
        origin=_origin(system.accounts[0]),
        point=point,
        key=level_key(site.id, point.id),
        lost_key=lost_key(site.id, system.id, point.device),
    )


def _origin(account: Account) -> Origin:
    return Origin(account=account.number, receiver=account.receiver, line=account.line)
