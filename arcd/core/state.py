"""Everything the machine remembers, as tables of frozen values.

One rule: state changes only through `Table.put` and `Table.drop`. They remember what stood there before, so that a
step that fails leaves no trace, and which keys changed, so that a checkpoint writes only those. Values are replaced,
never edited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from arcd.core.account import AccountState, Sent
from arcd.core.audit.model import Audit, Hold
from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.case.model import Case, ClockCalls
from arcd.core.effects import PendingEffect
from arcd.core.flags.model import Flag, FlagReport, FlagSeries
from arcd.core.forwarding.model import ForwardState
from arcd.core.identity.model import ContactChecks
from arcd.core.line_service.history import LineHistory
from arcd.core.line_service.model import NoticeLine, OperatorNotice
from arcd.core.receiver_lines.model import LineState
from arcd.core.relays.model import RelayRun
from arcd.core.schedules.model import AreaRun
from arcd.core.site import Centre, Site
from arcd.core.siterun import SiteRates, SiteRun
from arcd.core.storm.model import Candidate, Child, Storm
from arcd.core.supervision.model import AtsFault, Marks, PathChange, PathFault
from protocols.dc09.reply_policy import ReplyPolicy

V = TypeVar("V")


class Table(Generic[V]):
    """key → frozen value, with undo for the step under way and dirty keys for the next checkpoint."""

    def __init__(self, name: str, value_type: Any, undo: list[tuple[Table[Any], str, object]]) -> None:
        self.name = name
        self._rows: dict[str, V] = {}
        self._dirty: set[str] = set()
        self.touched: dict[str, None] = {}  # put or dropped by the step under way, in that order
        self._undo = undo
        self._decoder = msgspec.json.Decoder(value_type)
        # The rows' own method: a step looks up some fifteen values, and a call in between costs as much as the look.
        self.get: Callable[[str], V | None] = self._rows.get

    def __getitem__(self, key: str) -> V:
        return self._rows[key]

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def values(self) -> Iterable[V]:
        return self._rows.values()

    def items(self) -> Iterable[tuple[str, V]]:
        return self._rows.items()

    def put(self, key: str, value: V) -> None:
        self._undo.append((self, key, self._rows.get(key)))
        self._rows[key] = value
        self._dirty.add(key)
        self.touched[key] = None

    def drop(self, key: str) -> None:
        if key in self._rows:
            self._undo.append((self, key, self._rows.pop(key)))
            self._dirty.add(key)
            self.touched[key] = None

    def revert(self, key: str, value: Any) -> None:
        """Used by `State.revert` only."""
        if value is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = value

    def load(self, key: str, body: bytes) -> None:
        self._rows[key] = self._decoder.decode(body)

    def take_changed(self) -> list[tuple[str, V | None]]:
        """Changed keys since the last call with their values (None: gone), in key order so that it is reproducible."""
        changed = [(key, self._rows.get(key)) for key in sorted(self._dirty)]
        self._dirty.clear()
        return changed


class RulesInForce(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    sources: dict[str, str]


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Singletons about the machine itself."""

    started_at: int = 0
    stopped_cleanly: bool = True
    reply_policy: ReplyPolicy = ReplyPolicy()
    escalation: EscalationPolicy = EscalationPolicy()
    boot_id: str = ""
    boot_at: int = 0  # the instant that boot began, by the wall clock as it was last set


class State:
    """All tables. Their names are the checkpoint's; renaming one is a migration."""

    def __init__(self) -> None:
        self._undo: list[tuple[Table[Any], str, object]] = []
        self.machine: Table[Machine] = self._table("machine", Machine)
        self.rules: Table[RulesInForce] = self._table("rules", RulesInForce)
        self.centre: Table[Centre] = self._table("centre", Centre)
        self.sites: Table[Site] = self._table("site", Site)
        self.siteruns: Table[SiteRun] = self._table("siterun", SiteRun)
        self.rates: Table[SiteRates] = self._table("rate", SiteRates)
        self.area_runs: Table[AreaRun] = self._table("area_run", AreaRun)
        self.accounts: Table[AccountState] = self._table("account", AccountState)
        self.sent: Table[Sent] = self._table("sent", Sent)  # by account key, see `replays`
        self.sent_in_second: Table[dict[str, int]] = self._table("sent_in_second", dict[str, int])
        self.path_faults: Table[PathFault] = self._table("path_fault", PathFault)  # of paths that are not up
        self.ats_faults: Table[AtsFault] = self._table("ats_fault", AtsFault)
        self.settling: Table[tuple[str, ...]] = self._table("settling", tuple[str, ...])  # keys of path_faults
        self.storms: Table[Storm] = self._table("storm", Storm)  # by node
        self.storm_children: Table[Child] = self._table("storm_child", Child)
        self.storm_candidates: Table[Candidate] = self._table("storm_candidate", Candidate)
        self.path_marks: Table[Marks] = self._table("path_mark", Marks)
        self.path_heard: Table[int] = self._table("path_heard", int)  # of paths that speak seldom
        self.path_floors: Table[int] = self._table("path_floor", int)  # limit → all of it that is up was heard since
        self.flags: Table[Flag] = self._table("flag", Flag)
        self.flags_by_site: Table[tuple[str, ...]] = self._table("flags_by_site", tuple[str, ...])
        self.flag_reports: Table[FlagReport] = self._table("flag_report", FlagReport)  # of those that have ended
        self.flag_series: Table[FlagSeries] = self._table("flag_series", FlagSeries)
        self.contact_checks: Table[ContactChecks] = self._table("contact_checks", ContactChecks)
        self.silent_calls: Table[int] = self._table("silent_calls", int)  # per contact: attempts in a row, no answer
        self.cases: Table[Case] = self._table("case", Case)
        self.clock_calls: Table[ClockCalls] = self._table("clock_calls", ClockCalls)  # "<case type>/<clock>"
        self.folds: Table[str] = self._table("fold", str)  # fold key → the open case that later signals join
        self.open_by_site: Table[tuple[str, ...]] = self._table("open_by_site", tuple[str, ...])
        self.levels: Table[bool] = self._table("level", bool)  # points on a bus that are active; the others are absent
        self.operator_notices: Table[OperatorNotice] = self._table("operator_notice", OperatorNotice)
        self.line_notices: Table[str] = self._table("line_notice", str)  # a line that is down → its notice, or WAITING
        self.lines_waiting: Table[NoticeLine] = self._table("line_waiting", NoticeLine)
        self.arrangements_due: Table[PathChange] = self._table("arrangement_due", PathChange)  # "<site>/<system>"
        self.line_watched: Table[int] = self._table("line_watched", int)  # "<site>/<system>" → since when
        self.line_histories: Table[LineHistory] = self._table("line_history", LineHistory)
        self.relays: Table[RelayRun] = self._table("relay", RelayRun)  # that are on, under way, or nobody knows
        self.receiver_lines: Table[LineState] = self._table("receiver_line", LineState)
        self.forwards: Table[ForwardState] = self._table("forward", ForwardState)  # by output
        self.deadlines: Table[int] = self._table("deadline", int)
        self.pending: Table[PendingEffect] = self._table("pending", PendingEffect)
        self.audit: Table[Audit] = self._table("audit", Audit)
        self.holds: Table[Hold] = self._table("hold", Hold)  # subject → legal hold

    def _table(self, name: str, value_type: Any) -> Table[Any]:
        return Table(name, value_type, self._undo)

    def tables(self) -> dict[str, Table[Any]]:
        return {table.name: table for table in vars(self).values() if isinstance(table, Table)}

    def keep(self) -> None:
        """The step succeeded: what it changed stands."""
        for table, _, _ in self._undo:
            table.touched.clear()
        self._undo.clear()

    def revert(self) -> None:
        """The step failed: everything it changed is as it was."""
        for table, key, value in reversed(self._undo):
            table.revert(key, value)
            table.touched.clear()
        self._undo.clear()

    def changed_keys(self, table: Table[Any]) -> list[str]:
        """Keys of one table that the step under way has put or dropped."""
        return list(table.touched)

    def dump(self) -> dict[str, dict[str, bytes]]:
        """All of it, for comparing two states: replaying the journal must give the live state."""
        encode = msgspec.json.encode
        return {name: {key: encode(value) for key, value in table.items()} for name, table in self.tables().items()}
