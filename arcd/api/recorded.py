"""Reads of personal and sensitive data over the API: who, of what, and why if they say so (`?why=`).

One rule: a route that shows a site, a case, or anything of them awaits `read` before its answer leaves. Which routes
show nothing of the kind, and why, is in `tests/arcd/api/test_recorded.py`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from arcd.api.answers import UnusableError
from arcd.api.asking import Asker, TheDesk
from arcd.api.desk import Desk
from arcd.core.audit.holding import EVERYTHING
from arcd.core.audit.keeping import REASON_CHARS_MAX
from arcd.core.facts import Actor


class Record:
    def __init__(self, desk: Desk, actor: Actor, why: str = "") -> None:
        self._desk = desk
        self._actor = actor
        self._why = why

    async def read(self, what: str, subject: str = EVERYTHING) -> None:
        """`subject`: "case/C12", "site/K-1"; a list is of the whole centre. Returns when the answer may leave."""
        if "\0" in subject:  # in no id, and nothing that the journal could find again
            raise UnusableError("An id with a NUL character in it is nobody's.")
        await self._desk.audit.reads.read(self._actor, what, subject, self._why)

    async def read_list(self, what: str, site_id: str | None) -> None:
        await self.read(what, f"site/{site_id}" if site_id else EVERYTHING)


Why = Annotated[str, Query(max_length=REASON_CHARS_MAX, description="Why this is read; goes into the journal")]


async def record_of(desk: TheDesk, actor: Asker, why: Why = "") -> Record:
    return Record(desk, actor, why.strip())


OnRecord = Annotated[Record, Depends(record_of)]
