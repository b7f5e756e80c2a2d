"""What is wrong with something a person wrote, where, and what to write instead.

One rule: a problem names file, line and column, and its advice can be followed without reading the source code.
Problems are values; nothing here raises.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

CHOICES_LISTED_MAX = 16  # longer lists are no advice


class Severity(StrEnum):
    ERROR = "error"  # the rule set is not taken into use
    WARNING = "warning"  # it is, and somebody should look


class Problem(Struct, frozen=True, kw_only=True):
    file: str
    line: int = 1
    column: int = 1
    severity: Severity = Severity.ERROR
    message: str
    advice: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message}"
        return f"{text} — {self.advice}" if self.advice else text


def by_place(problem: Problem) -> tuple[str, int, int, str]:
    return (problem.file, problem.line, problem.column, problem.message)


def write_instead(word: str, names: Iterable[str]) -> str:
    """Advice for a name that does not exist: the nearest one, else all of them when they are few."""
    known = sorted(set(names))
    near = difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}? write {near[0]} instead"
    if known and len(known) <= CHOICES_LISTED_MAX:
        return f"write one of {', '.join(known)} instead"
    return ""
