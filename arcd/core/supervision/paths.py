"""Which path a frame came over, and what a path depends on.

One rule: an index over the site base and nothing more. A frame belongs to the path that names most of what it bears;
one that fits no path of its system is no proof of life for any.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.site import Centre, PathKind, Site, System, TransmissionPath
from arcd.core.supervision.limits import Limits, limits_of
from protocols.codec import Origin
from protocols.signals import bare_address

DAEMON = "daemon"  # the root of what everything depends on
# A system with a category and no paths has this one.
ONLY_PATH = TransmissionPath(id="path")


class SupervisedPath(Struct, frozen=True, kw_only=True):
    """A path and where it belongs."""

    key: str  # "<site>/<system>/<path>": ids hold no slash
    system_key: str
    site_id: str
    system: System
    path: TransmissionPath
    takes_all: bool  # names nothing: every frame of the system fits

    @property
    def operator(self) -> str:
        return self.path.operator or self.system.transmission_operator

    @property
    def is_primary(self) -> bool:
        return self.path.kind is PathKind.PRIMARY

    def limits(self, *, is_alone: bool = False) -> Limits:
        return limits_of(self.system, self.path, is_alone=is_alone)

    def own_nodes(self) -> tuple[str, ...]:
        """What it depends on as far as the site base says; the uplink is the centre's to know (`nodes_of`)."""
        nodes = [DAEMON]
        if self.path.gateway:
            nodes.append(f"listener:{self.path.gateway}")
        if self.operator:
            nodes.append(f"operator:{self.operator}")
        if self.path.network:
            nodes.append(f"network:{self.operator}:{self.path.network}")
        return tuple(nodes)


def paths_of(site: Site, system: System) -> tuple[SupervisedPath, ...]:
    if system.category is None or not system.accounts:
        return ()
    return tuple(
        SupervisedPath(
            key=f"{site.id}/{system.id}/{path.id}",
            system_key=f"{site.id}/{system.id}",
            site_id=site.id,
            system=system,
            path=path,
            takes_all=path.account is path.receiver is path.line is path.gateway is None,
        )
        for path in (system.paths or (ONLY_PATH,))
    )


def find_path(paths: tuple[SupervisedPath, ...], origin: Origin, gateway: str) -> SupervisedPath | None:
    """Of the paths of the frame's own system the one that names most of what it bears; None where none fits."""
    if len(paths) == 1 and paths[0].takes_all:
        return paths[0]
    best, best_score = None, -1
    for each in paths:
        score = _score(each.path, origin, gateway)
        if score > best_score:
            best, best_score = each, score
    return best


def _score(path: TransmissionPath, origin: Origin, gateway: str) -> int:
    """-1 where the frame is not of this path."""
    score = 0
    if path.gateway is not None:
        if path.gateway != gateway:
            return -1
        score += 1
    if path.account is not None:
        if path.account.upper() != origin.account.upper():
            return -1
        score += 1
    for named, sent in ((path.receiver, origin.receiver), (path.line, origin.line)):
        if named is not None:
            if bare_address(named).upper() != bare_address(sent).upper():
                return -1
            score += 1
    return score


def nodes_of(path: SupervisedPath, centre: Centre) -> tuple[str, ...]:
    """Root first (requirements 4.4: daemon, listener, uplink, transmission operator, network)."""
    nodes = list(path.own_nodes())
    gateway = path.path.gateway
    uplink = next((each.id for each in centre.uplinks if gateway in each.gateways), None) if gateway else None
    if uplink is not None:
        nodes.insert(2, f"uplink:{uplink}")
    return tuple(nodes)
