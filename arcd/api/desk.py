"""What the HTTP API needs of the daemon, and nothing more.

One rule: requests go in as facts through `ask` and are answered after the commit; everything else here only reads.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from arcd.checks import Check
from arcd.core.effects import Answer
from arcd.core.facts import Actor, AnyFact
from arcd.core.state import State
from arcd.forwarding.courier import Health
from arcd.guard_links import LinkSigner
from arcd.store import Entry, Store
from protocols.secrets import WireKey
from rules.engine import RuleSet
from rules.problems import Problem

if TYPE_CHECKING:
    from arcd.auditing.auditor import Auditor
    from arcd.gateways.line import Line


class Listener(Struct, frozen=True, kw_only=True):
    name: str  # "dc09-tcp"
    address: str  # "127.0.0.1:9999/tcp"


class LineHealth(Struct, frozen=True, kw_only=True):
    """A receiver line, as the core sees it."""

    name: str
    dialect: str
    where: str
    state: str  # "well", "silent", or the port's fault: "absent", "busy", …
    since: int  # of the fault; 0 while it is well
    last_heard: int  # 0: never


class Status(Struct, frozen=True, kw_only=True):
    version: str
    started_at: int
    now: int
    journal_seq: int
    rules_digest: str
    sites: int
    accounts: int
    cases_open: Mapping[str, int]  # priority → count
    flags: int
    outbox: Mapping[str, int]  # effector → waiting
    queue_depth: int
    listeners: tuple[Listener, ...]
    checks: tuple[Check, ...]
    lines: tuple[LineHealth, ...] = ()
    outputs: tuple[Health, ...] = ()


class ImportReport(Struct, frozen=True, kw_only=True):
    """Outcome of an import of site base or rules; with any error nothing was changed."""

    applied: bool
    problems: tuple[Problem, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    digest: str = ""  # rules only


class Desk(Protocol):
    @property
    def state(self) -> State:
        """Live state. Read it without awaiting in between; never change it."""
        ...

    @property
    def rules(self) -> RuleSet: ...

    @property
    def store(self) -> Store: ...

    @property
    def links(self) -> LinkSigner: ...

    @property
    def audit(self) -> Auditor: ...

    def now(self) -> int: ...

    def heard_at(self, path_key: str) -> int:
        """When a supervised path was last heard, ns UTC; 0: never."""
        ...

    def status(self) -> Status: ...

    def receiver_line(self, name: str) -> Line | None:
        """A line of this run, to look on while it works."""
        ...

    async def ask(self, fact: AnyFact) -> Answer:
        """Give a request to the machine; the answer comes after the commit. Raises `Busy` when the queue is full."""
        ...

    async def import_sites(
        self, files: Mapping[str, str], actor: Actor, *, dry_run: bool, remove_missing: bool
    ) -> ImportReport: ...

    async def change_key(self, site_id: str, account: str, key: WireKey | None, actor: Actor) -> Answer:
        """Offer an account's panel a new key, which is sealed before it goes anywhere; None: withdraw the one offered.

        Busy when the machine is full.
        """
        ...

    async def load_rules(self, overlays: Mapping[str, str] | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        """Shipped rules plus overlays (None: read the rules directory again); a bad set leaves the good one running."""
        ...

    async def roll_back_rules(self, digest: str | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        """Rules that were in force before, by the beginning of their digest; None: those before the present ones."""
        ...

    def follow(self, after: int) -> AsyncIterator[Entry]:
        """Committed entries from `after` on, then each new one as it is committed, until the reader goes away."""
        ...


class Busy(Exception):  # noqa: N818 – not an error of the program: the intake is full, ask again
    """The machine's queue is full."""
