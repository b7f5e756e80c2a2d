"""The pictures that a backup's journal names: copied beside it, and put back, each checked against its name.

One rule: the copy of the journal decides which pictures belong to it. They were on stable storage before the entry
that names them, so whatever the copied journal names is either there, or gone by its retention time, or a loss that is
told by name. A picture's name holds its SHA-256; nothing is taken for it that has another. A loss never stops the rest.

    journal-….sqlite      journal-….sqlite.media/SHA256SUMS      …/<class>/<two digits>/<digest>.<extension>

Pictures that the newest backup beside it has already are linked to those: each directory is whole by itself.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

from arcd.media import DAY_S, NS, PLACE, RETENTION, SWEEP_S, places_in, read_retention
from arcd.store import StoreError
from arcd.store.backup import sync
from arcd.store.failure import explained
from arcd.store.file import hand_over
from arcd.store.offline import connected

SUMS: Final = "SHA256SUMS"  # as sha256sum -c reads it
_LINE: Final = re.compile(rb"([0-9a-f]{64})  (" + PLACE + rb")\n")
_LINE_BYTES_MAX: Final = 256
_AT_ONCE: Final = 1 << 20

Progress = Callable[[int, int], None]
"""Pictures done, of how many."""


class Mention(Struct, frozen=True):
    seq: int  # the newest entry that names it
    at: int


class Loss(Struct, frozen=True, kw_only=True):
    place: str
    seq: int
    why: str  # "missing", "not what its name says", or the system's words


class Kept(Struct, frozen=True, kw_only=True):
    """`expired`: named by the journal, and gone by the retention time of their class."""

    pictures: int = 0
    size_bytes: int = 0
    linked: int = 0  # of them, with the backup before
    expired: int = 0
    lost: tuple[Loss, ...] = ()


def media_of(backup: Path) -> Path:
    return backup.with_name(backup.name + ".media")


def named(journal: Path) -> dict[str, Mention]:
    """Every picture that a journal's entries name, by its place in the media directory."""
    found: dict[str, Mention] = {}
    question = (
        "SELECT e.seq, e.at, p.body FROM payload AS p JOIN entry AS e ON e.seq = p.seq"
        " WHERE instr(p.body, CAST('\"media:' AS BLOB)) ORDER BY e.seq"
    )
    with explained(journal), closing(connected(journal)) as connection:
        for seq, at, body in connection.execute(question):
            found |= dict.fromkeys(places_in(body), Mention(seq, at))
    return found


def save(journal: Path, media: Path, *, at: int, progress: Progress | None = None) -> Kept | None:
    """Copy what the journal's copy at `journal` names from the media directory to its place beside it.

    `at`: now, ns UTC. None: the journal names no picture. StoreError when there is no room, or the place is taken; then
    nothing is left of the copy.
    """
    wanted = named(journal)
    if not wanted:
        return None
    target = media_of(journal)
    if target.exists():
        raise StoreError(f"{target} exists; a backup replaces nothing: name another file, or move that one away")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    with explained(target):
        try:
            partial.mkdir(mode=0o700)
            kept = _saved(wanted, media, partial, _newest_beside(target), at, progress)
            partial.rename(target)
            sync(target.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return kept


def put_back(backup: Path, journal: Path, media: Path, *, at: int, progress: Progress | None = None) -> Kept | None:
    """Put the pictures that the restored `journal` names back from beside `backup`, whose copies they are.

    A picture that is there already and is what its name says stays, and so does every other one. `at`: now, ns UTC.
    None: the backup has no pictures.
    """
    source = media_of(backup)
    if not (source / SUMS).is_file():
        return None
    saved, days, wanted = set(_sums(source)), read_retention(source), named(journal)
    lost: list[Loss] = []
    pictures = size_bytes = expired = 0
    with explained(media):
        if not media.is_dir():
            media.mkdir(mode=0o700, parents=True)
            hand_over(media, media.parent)
        for done, (place, mention) in enumerate(wanted.items(), 1):
            why = _UNSAVED
            if place in saved:
                is_there = _digest_of(media / place) == _digest_in(place)
                why = "" if is_there else _copy(source / place, media / place, _digest_in(place))
            if why == _UNSAVED and _is_expired(place, mention, days, at):
                expired += 1
            elif why:
                lost.append(Loss(place=place, seq=mention.seq, why=why))
            else:
                pictures += 1
                size_bytes += (media / place).stat().st_size
            if progress is not None:
                progress(done, len(wanted))
        for file in (media / place for place in wanted if (media / place).exists()):
            for path in (file, *list(file.parents)[:2]):
                hand_over(path, media)
        _sync_directories(media, wanted)
    return Kept(pictures=pictures, size_bytes=size_bytes, expired=expired, lost=tuple(lost))


def check(backup: Path) -> None:
    """StoreError, before anything is changed, when a backup was made without the pictures that its journal names.

    Also when the list of them cannot be read.
    """
    if (media_of(backup) / SUMS).is_file():
        for _ in _sums(media_of(backup)):
            pass
    elif count := len(named(backup)):
        what = "1 picture" if count == 1 else f"{count} pictures"
        raise StoreError(
            f"the journal in {backup.name} names {what}, and {media_of(backup)} is not there: put it back beside the "
            "backup, or restore --without-media"
        )


def remove(backup: Path) -> None:
    shutil.rmtree(media_of(backup), ignore_errors=True)


# ------------------------------------------------------------------------------------------------------ one by one


def _saved(
    wanted: dict[str, Mention], media: Path, partial: Path, before: Path | None, at: int, progress: Progress | None
) -> Kept:
    days = read_retention(media)
    lost: list[Loss] = []
    pictures = size_bytes = linked = expired = 0
    with (partial / SUMS).open("xb") as sums:
        for done, place in enumerate(sorted(wanted), 1):
            digest, mention = _digest_in(place), wanted[place]
            is_linked = before is not None and _link(before / place, media / place, partial / place, digest)
            why = "" if is_linked else _copy(media / place, partial / place, digest)
            if why == _MISSING and _is_expired(place, mention, days, at):
                expired += 1
            elif why:
                lost.append(Loss(place=place, seq=mention.seq, why=why))
            else:
                sums.write(f"{digest}  {place}\n".encode())
                pictures += 1
                linked += is_linked
                size_bytes += (partial / place).stat().st_size
            if progress is not None:
                progress(done, len(wanted))
        sums.flush()
        os.fsync(sums.fileno())
    with suppress(FileNotFoundError):
        shutil.copyfile(media / RETENTION, partial / RETENTION)
        sync(partial / RETENTION)
    _sync_directories(partial, wanted)
    return Kept(pictures=pictures, size_bytes=size_bytes, linked=linked, expired=expired, lost=tuple(lost))


_MISSING: Final = "missing"
_UNSAVED: Final = "not in the backup"
_CHANGED: Final = "not what its name says"


def _copy(source: Path, target: Path, digest: str) -> str:
    """Empty, or why there is no such picture. What counts is what can be read again at its new place.

    OSError is the target's: a picture that cannot be read is a loss, a disk that takes nothing is a failure.
    """
    try:
        reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return _MISSING
    except OSError as error:
        return os.strerror(error.errno or 0)
    with open(reading, "rb") as file:
        told = os.fstat(reading)
        if not stat.S_ISREG(told.st_mode):
            return _CHANGED
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        try:
            why = _written(file, partial)
            if not why and _digest_of(partial) != digest:
                why = _CHANGED
            if not why:
                os.utime(partial, ns=(told.st_atime_ns, told.st_mtime_ns))  # its retention time counts from there
                partial.replace(target)
            return why
        finally:
            partial.unlink(missing_ok=True)


def _written(file: BinaryIO, partial: Path) -> str:
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as writing:
        while True:
            try:
                data = file.read(_AT_ONCE)
            except OSError as error:
                return os.strerror(error.errno or 0)
            if not data:
                break
            writing.write(data)
        writing.flush()
        os.fsync(writing.fileno())
    return ""


def _link(before: Path, source: Path, target: Path, digest: str) -> bool:
    """Where both are on one file system and the older copy is still what its name says."""
    if before.is_symlink() or _digest_of(before) != digest:
        return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(before, target, follow_symlinks=False)
    except OSError:
        return False
    with suppress(OSError):  # the same picture again begins its retention time anew
        told = source.lstat()
        os.utime(target, ns=(told.st_atime_ns, max(told.st_mtime_ns, target.stat().st_mtime_ns)))
    return True


def _digest_of(path: Path) -> str:
    """ "": it cannot be read, or is no file."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _digest_in(place: str) -> str:
    return place.rpartition("/")[2].partition(".")[0]


def _is_expired(place: str, mention: Mention, days: dict[str, int], at: int) -> bool:
    """Its class's time is over: it was kept just before the entry was made, and is looked for once in `SWEEP_S`."""
    kept_days = days.get(place.partition("/")[0])
    return kept_days is not None and at - mention.at > round((kept_days * DAY_S - SWEEP_S) * NS)


def _sums(source: Path) -> Iterator[str]:
    """Places of what a backup holds. StoreError when its list has been changed."""
    path = source / SUMS
    with explained(path), path.open("rb") as file:
        number = 0
        while line := file.readline(_LINE_BYTES_MAX):
            number += 1
            found = _LINE.fullmatch(line)
            if found is None or _digest_in(found[2].decode()) != found[1].decode():
                raise StoreError(f"{path}, line {number}, is no line of a list of pictures; take another backup")
            yield found[2].decode()


def _newest_beside(target: Path) -> Path | None:
    others = [path for path in target.parent.glob("*.media") if (path / SUMS).is_file() and not path.is_symlink()]
    return max(others, key=lambda path: (path / SUMS).stat().st_mtime_ns, default=None)


def _sync_directories(root: Path, places: dict[str, Mention]) -> None:
    directories = {root} | {parent for place in places for parent in list((root / place).parents)[:2]}
    for directory in directories:
        with suppress(FileNotFoundError):
            sync(directory)
