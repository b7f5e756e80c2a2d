"""Ways a verb ends other than well: each is one sentence for a person, one object for a program, one exit code.

One rule: the sentence says what to do next and repeats no secret. Anything that is not one of these is a mistake in the
program and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXIT_OK = 0
EXIT_FINDING = 1  # the daemon refused, a check found something, a panel was not acknowledged
EXIT_USAGE = 2  # the command line is wrong (typer uses the same)
EXIT_UNREACHABLE = 3  # the daemon cannot be asked


class CliError(Exception):
    """A verb cannot go on."""

    exit_code = EXIT_FINDING
    kind = "failed"

    def __init__(self, message: str, *, rule: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule

    def plain(self) -> dict[str, object]:
        """As `--json` prints it."""
        error = {"kind": self.kind, "message": self.message}
        if self.rule:
            error["rule"] = self.rule
        return {"error": error}


class FindingError(CliError):
    """The work was done and its outcome is bad news that has already been shown."""

    kind = "finding"


class RefusedError(CliError):
    """The daemon understood and said no; `rule` names what refused it, `answer` is all it said."""

    kind = "refused"

    def __init__(self, message: str, *, rule: str = "", answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, rule=rule)
        self.answer = answer or {}


class NotFoundError(CliError):
    kind = "not_found"


class UsageError(CliError):
    """Asked for in a way that cannot be done; the daemon's own 422 included."""

    exit_code = EXIT_USAGE
    kind = "usage"


class UnreachableError(CliError):
    exit_code = EXIT_UNREACHABLE
    kind = "unreachable"
