"""CAP 1.2 messages through a directory that both sides see: `outbox/` is what we say, `inbox/` what comes back.

One rule: a file is there whole or not at all. Ours is written beside, synced and renamed; its name is the message's
identifier, so sending again changes nothing. Theirs is taken once it stands in `inbox/` under a name ending in `.xml`,
and is moved to `taken/` or, when it is no message, to `refused/`: nothing is deleted.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from arcd.core.effects import DurableEffect, SendAlert
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.own_thread import OwnThread
from protocols.cap.reader import MESSAGE_BYTES_MAX
from protocols.cap.writer import write

OUTBOX, INBOX, TAKEN, REFUSED = "outbox", "inbox", "taken", "refused"
TOTAL_S = 15.0  # for one message; it may be a network share
LOOK_S = 1.0  # how often the inbox is looked into
FILES_MAX = 100  # taken in one look; the rest waits for the next

# Bytes of an answer → whether it was a message of use.
Take = Callable[[bytes], Awaitable[bool]]


class CapFileEffector:
    """ValueError when the directory cannot be used: better at the start than in the first emergency."""

    def __init__(self, directory: Path, *, total_s: float = TOTAL_S) -> None:
        self._directory = directory
        self._total_s = total_s
        self._thread = OwnThread("CAP out")
        try:
            for name in (OUTBOX, INBOX, TAKEN, REFUSED):
                (directory / name).mkdir(mode=0o770, parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"{directory} cannot be used for CAP files: {os.strerror(error.errno or 0)}") from None

    @property
    def name(self) -> str:
        return "cap_file"

    @property
    def handles(self) -> tuple[type, ...]:
        return (SendAlert,)

    async def perform(self, effect: DurableEffect) -> Performed:
        assert isinstance(effect, SendAlert)
        try:
            async with asyncio.timeout(self._total_s):
                await self._thread.do(partial(self._put, effect.message.identifier, write(effect.message)))
        except TimeoutError:
            return Performed(outcome=EffectOutcome.FAILED, detail="the directory does not answer in time")
        except OSError as error:
            return Performed(outcome=EffectOutcome.FAILED, detail=os.strerror(error.errno or 0))
        return Performed(outcome=EffectOutcome.DELIVERED, detail="written")

    async def close(self) -> None:
        """Nothing is kept open between messages."""

    def _put(self, identifier: str, content: bytes) -> None:
        outbox = self._directory / OUTBOX
        # An identifier holds no space, comma, < or &, but may hold a slash.
        final = outbox / f"{identifier.replace('/', '_')}.xml"
        if final.exists():
            return
        beside = final.with_suffix(".part")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(final)
        descriptor = os.open(outbox, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class CapInbox:
    """Watches for the answers, for as long as `run` runs."""

    def __init__(self, directory: Path, take: Take, *, look_s: float = LOOK_S) -> None:
        self._directory = directory
        self._take = take
        self._look_s = look_s
        self._stuck: set[str] = set()
        self._thread = OwnThread("CAP in")

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._look_s)

    async def look(self) -> int:
        """Take what is there, oldest name first; how many files that were."""
        names = [name for name in await self._thread.do(self._waiting) if name not in self._stuck]
        for name in names:
            content = await self._thread.do(partial(self._read, name))
            if content is not None:
                is_taken = await self._take(content)
                if not await self._thread.do(partial(self._move, name, TAKEN if is_taken else REFUSED)):
                    self._stuck.add(name)  # told once; it would be told every second otherwise
        return len(names)

    def _waiting(self) -> list[str]:
        try:
            found = sorted(path.name for path in (self._directory / INBOX).iterdir() if path.suffix == ".xml")
        except OSError:
            return []
        return found[:FILES_MAX]

    def _read(self, name: str) -> bytes | None:
        """One byte more than a message may have is enough to know that it is too large. None: it is gone again."""
        try:
            with (self._directory / INBOX / name).open("rb") as file:
                return file.read(MESSAGE_BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        except OSError:
            return b""  # there, and not to be read: no message of use, and somebody has to know

    def _move(self, name: str, where: str) -> bool:
        try:
            (self._directory / INBOX / name).rename(self._directory / where / name)
        except OSError:
            return False
        return True
