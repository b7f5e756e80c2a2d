"""Pictures that came with signals: kept as files beside the journal, named by their content.

One rule: the journal names a picture by its SHA-256 and never depends on it: a signal whose picture could not be kept
is a signal all the same, and says so. The directory is bounded; what is older than its retention class allows goes,
unless an entry that a legal hold is on names it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import threading
from collections.abc import Callable, Container, Mapping
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

log = structlog.get_logger(__name__)

NS = 1_000_000_000
DAY_S = 86_400
SWEEP_S = 3600.0
RETENTION = "retention.json"
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/bmp": "bmp"}
_RETENTION_BYTES_MAX = 65_536
# As the address of a picture stands in a signal. What leads elsewhere is nobody's picture.
PLACE = rb"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9]{1,8}"
_NAMED = re.compile(rb'"media:(' + PLACE + rb')"')
_CLASS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Kept(Struct, frozen=True, kw_only=True):
    """`place` is relative to the media directory; "" when it was not kept, and `why` says it."""

    sha256: str
    type: str
    size_bytes: int
    retention: str
    place: str = ""
    why: str = ""

    def as_text(self) -> str:
        state = f"kept as {self.place}" if self.place else f"not kept: {self.why}"
        return f"sha256:{self.sha256} {self.type} {self.size_bytes} bytes, {state}"


class MediaStore:
    """Its methods block on the disk: call them beside the event loop."""

    def __init__(
        self, directory: Path, *, bytes_max: int, retention_days: Mapping[str, int], now: Callable[[], int]
    ) -> None:
        self._directory = directory
        self._bytes_max = bytes_max
        self._days = dict(retention_days)
        self._now = now
        self._lock = threading.Lock()  # several threads keep and sweep
        self._bytes = sum(path.stat().st_size for path in self._files())
        self._tell_retention()

    @property
    def size_bytes(self) -> int:
        return self._bytes

    def keep(self, data: bytes, content_type: str, retention: str) -> Kept:
        """On stable storage before it returns. The same picture twice is one file."""
        digest = hashlib.sha256(data).hexdigest()
        kept = Kept(sha256=digest, type=content_type, size_bytes=len(data), retention=retention)
        if retention not in self._days or not _CLASS.fullmatch(retention):
            return _not_kept(kept, f"no retention class {retention} in the settings")
        place = f"{retention}/{digest[:2]}/{digest}.{EXTENSIONS.get(content_type, 'bin')}"
        with self._lock:
            return self._kept(data, kept, place)

    def _kept(self, data: bytes, kept: Kept, place: str) -> Kept:
        path = self._directory / place
        if path.exists():
            os.utime(path)  # its time begins anew
            return _at(kept, place)
        if self._bytes + len(data) > self._bytes_max:
            return _not_kept(kept, "the media directory is full")
        try:
            _write(path, data)
        except OSError as error:
            log.error("media.not_kept", error=os.strerror(error.errno or 0))
            return _not_kept(kept, "the disk refused it")
        self._bytes += len(data)
        return _at(kept, place)

    def sweep(self, held: Container[str] = frozenset()) -> int:
        """Remove what is older than its class allows; how many. `held`: places that a legal hold is on."""
        with self._lock:
            return self._removed(held)

    def _removed(self, held: Container[str]) -> int:
        removed = 0
        for path in self._files():
            place = path.relative_to(self._directory)
            days = self._days.get(place.parts[0])
            stat = path.stat()
            if days is not None and str(place) not in held and self._now() - stat.st_mtime_ns > days * DAY_S * NS:
                path.unlink()
                self._bytes -= stat.st_size
                removed += 1
        if removed:
            log.info("media.swept", removed=removed)
        return removed

    def _tell_retention(self) -> None:
        """For whoever copies the directory without the settings: a picture that is gone by its time is no loss."""
        with contextlib.suppress(OSError):  # keeping a picture will meet the same, and say it
            _write(self._directory / RETENTION, msgspec.json.encode(self._days))

    def _files(self) -> list[Path]:
        return [path for path in self._directory.glob("*/*/*") if path.is_file() and not path.is_symlink()]


def read_retention(directory: Path) -> dict[str, int]:
    """Class → days, as the daemon that keeps pictures there last had it; empty when it never said."""
    try:
        with (directory / RETENTION).open("rb") as file:
            return msgspec.json.decode(file.read(_RETENTION_BYTES_MAX), type=dict[str, int])
    except (OSError, msgspec.DecodeError):
        return {}


def places_in(payload: bytes) -> list[str]:
    """Pictures that an entry's payload names, as places in the media directory."""
    return [
        place.decode() for place in _NAMED.findall(payload) if place.split(b"/")[2].startswith(place.split(b"/")[1])
    ]


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _at(kept: Kept, place: str) -> Kept:
    return Kept(sha256=kept.sha256, type=kept.type, size_bytes=kept.size_bytes, retention=kept.retention, place=place)


def _not_kept(kept: Kept, why: str) -> Kept:
    return Kept(sha256=kept.sha256, type=kept.type, size_bytes=kept.size_bytes, retention=kept.retention, why=why)
