"""Where copies of signed checkpoints go: a directory (another machine's mount), a web server, a mailbox.

One rule: a place tries once and says what happened, like an effector; trying again is the courier's. The same
checkpoint put twice is the same file, the same body, the same message.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from arcd.core.effects import SendMail
from arcd.core.facts import EffectOutcome
from arcd.effectors import Effector, Performed
from arcd.effectors.http_attempt import HttpAttempt
from arcd.own_thread import OwnThread
from arcd.store import SignedNote

HEADERS: Final[Mapping[str, str]] = {"Content-Type": "text/plain; charset=utf-8"}
CONNECT_S: Final = 5.0
READ_S: Final = 10.0
TOTAL_S: Final = 15.0
_READ_ONLY: Final = ": under systemd, name it in ReadWritePaths= (arcd-directories.conf)"
_FILE_MODE: Final = 0o644  # nothing in a checkpoint is secret
_NS: Final = 1_000_000_000


class Place(Protocol):
    @property
    def name(self) -> str:
        """For status and troubles: "directory-1"."""
        ...

    @property
    def kind(self) -> str:
        """For metrics: "directory", "url", "mail"."""
        ...

    @property
    def interval_s(self) -> float:
        """No more often than this; 0: every checkpoint."""
        ...

    async def put(self, note: SignedNote) -> Performed:
        """One attempt within the place's own time limit. Never raises for the other side's faults."""
        ...

    async def close(self) -> None: ...


class DirectoryPlace:
    """A file for each checkpoint, in a directory for each day. The directory itself is never made: where a mount is
    missing, a copy on the same disk would be none."""

    kind = "directory"
    interval_s = 0.0

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self._directory = directory
        self._thread = OwnThread(f"checkpoints {name}")

    async def put(self, note: SignedNote) -> Performed:
        try:
            async with asyncio.timeout(TOTAL_S):
                await self._thread.do(partial(self._write, note))
        except TimeoutError:
            return Performed(outcome=EffectOutcome.FAILED, detail="the directory does not answer in time")
        except OSError as error:
            advice = _READ_ONLY if error.errno == errno.EROFS else ""
            return Performed(outcome=EffectOutcome.FAILED, detail=os.strerror(error.errno or 0) + advice)
        return Performed(outcome=EffectOutcome.DELIVERED, detail="written")

    def _write(self, note: SignedNote) -> None:
        day = self._directory / f"{datetime.fromtimestamp(note.at // _NS, UTC):%Y-%m-%d}"
        with contextlib.suppress(FileExistsError):
            day.mkdir()
        path = day / f"checkpoint-{note.size:012d}.note"
        if path.exists() and path.read_bytes() == note.text.encode():
            return
        if path.exists():  # the journal was restored from a backup and has gone another way: both are evidence
            path = path.with_stem(f"{path.stem}-{note.at}")
        being_written = path.with_suffix(".tmp")
        descriptor = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(note.text)
            file.flush()
            os.fsync(file.fileno())
        being_written.rename(path)
        descriptor = os.open(day, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    async def close(self) -> None:
        """Nothing is kept open."""


class UrlPlace:
    """A POST of the note as text. It is signed in itself, so the post needs no signature of its own."""

    kind = "url"
    interval_s = 0.0

    def __init__(self, name: str, url: str, *, ca_file: Path | None = None) -> None:
        self.name = name
        self._url = url
        self._attempt = HttpAttempt(ca_file=ca_file, connect_s=CONNECT_S, read_s=READ_S, total_s=TOTAL_S)

    async def put(self, note: SignedNote) -> Performed:
        return await self._attempt.post(self._url, note.text.encode(), dict(HEADERS))

    async def close(self) -> None:
        await self._attempt.close()


class MailPlace:
    """A message with the note as its body, sent by the centre's mail channel."""

    kind = "mail"

    def __init__(self, name: str, to: str, mail: Effector, *, interval_s: float) -> None:
        self.name = name
        self.interval_s = interval_s
        self._to = to
        self._mail = mail

    async def put(self, note: SignedNote) -> Performed:
        origin = note.text.partition("\n")[0]
        return await self._mail.perform(
            SendMail(
                id=f"checkpoint-{note.size}",
                to=(self._to,),
                subject=f"Checkpoint of {origin}: {note.size} entries",
                body=note.text,
            )
        )

    async def close(self) -> None:
        """The channel is the daemon's."""


class MemoryPlace:
    """The twin for tests: keeps what it is given while `outcome` is DELIVERED."""

    kind = "directory"

    def __init__(self, name: str = "memory", *, interval_s: float = 0.0) -> None:
        self.name = name
        self.interval_s = interval_s
        self.outcome = EffectOutcome.DELIVERED
        self.kept: list[SignedNote] = []

    async def put(self, note: SignedNote) -> Performed:
        if self.outcome is EffectOutcome.DELIVERED:
            self.kept.append(note)
        return Performed(outcome=self.outcome, detail=self.outcome.value)

    async def close(self) -> None:
        """Nothing is kept open."""
