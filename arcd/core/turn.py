"""One fact's workspace: what the parts of the machine share while they digest it.

One rule: it lives for one step. Ids are the journal sequence number plus a counter, so a replay gives the same ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from arcd.core.case.continuing import Continuation
from arcd.core.deadlines import Deadlines
from arcd.core.directory import Directory
from arcd.core.effects import Answer, AnyEffect
from arcd.core.record import Judgement, Note
from arcd.core.site import Centre
from arcd.core.state import State
from arcd.core.supervision.paths import SupervisedPath
from rules.engine import RuleSet

NS = 1_000_000_000


class Turn:
    def __init__(
        self, *, seq: int, at: int, state: State, deadlines: Deadlines, directory: Directory, rules: RuleSet
    ) -> None:
        self.seq = seq
        self.at = at
        self.state = state
        self.deadlines = deadlines
        self.directory = directory
        self.rules = rules
        self.effects: list[AnyEffect] = []
        self.judgements: list[Judgement] = []
        self.notes: list[Note] = []
        self.refs: dict[str, None] = {}
        self.agenda: list[Continuation] = []
        self.heard_path = ""  # the path that a genuine frame came over
        self.clock_step = 0  # ns the wall clock was set forward
        self.paths_before: tuple[SupervisedPath, ...] = ()  # of the site that was imported anew, or removed
        self._ids = 0

    def new_id(self, prefix: str) -> str:
        """ "C17" for the first id of entry 17, "C17.2" for the second."""
        self._ids += 1
        return f"{prefix}{self.seq}" if self._ids == 1 else f"{prefix}{self.seq}.{self._ids}"

    def after(self, seconds: float) -> int:
        return self.at + int(seconds * NS)

    def note(self, what: str, subject: str = "", /, **detail: str | int | float | bool | None) -> None:
        self.notes.append(Note(what=what, subject=subject, detail=detail))
        if subject:
            self.refs[f"case/{subject}" if subject.startswith("C") else f"flag/{subject}"] = None

    def grant(self, subject: str = "", message: str = "") -> None:
        self.effects.append(Answer(granted=True, subject=subject, message=message))

    def refuse(self, rule: str, message: str) -> None:
        """Nothing is changed; the one who asked is told which rule refused it and what would be accepted."""
        self.effects.append(Answer(granted=False, rule=rule, message=message))
        self.note("refused", "", rule=rule, message=message)

    @property
    def centre(self) -> Centre:
        return self.state.centre.get("centre") or Centre()


def text_in(texts: Mapping[str, str], language: str) -> str:
    """A text in the asked language, else English, else whatever there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def zone_info(name: str) -> ZoneInfo:
    return ZoneInfo(name)
