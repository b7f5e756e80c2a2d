"""What came of an import of site base or rules, as the API tells it.

One rule: with any error nothing was changed, and the answer is a refusal that lists every problem with its place.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi.responses import JSONResponse
from pydantic import Field

from arcd.api.answers import Responses, View
from arcd.api.desk import ImportReport
from rules.problems import Problem, Severity

# Ten thousand sites with zones and people are about 20 MB of YAML; larger bases are imported in parts.
IMPORT_BYTES_MAX = 32 * 1024 * 1024
IMPORT_FILES_MAX = 20_000
PATH_CHARS_MAX = 500
PROBLEMS_MAX = 500

Files = Annotated[
    dict[Annotated[str, Field(max_length=PATH_CHARS_MAX)], str],
    Field(max_length=IMPORT_FILES_MAX, description="Path → text of the file"),
]


class ProblemView(View):
    file: str
    line: int
    column: int
    severity: Severity
    message: str
    advice: str


class Imported(View):
    """`rule` is set where it was refused; `problems` may hold warnings where it was not."""

    granted: bool
    rule: str = ""
    message: str
    applied: bool
    problems: list[ProblemView]
    more_problems: int = 0
    added: list[str]
    changed: list[str]
    removed: list[str]
    unchanged: int
    digest: str = ""


IMPORT_ERRORS: Responses = {409: {"model": Imported, "description": "Refused as a whole; nothing was changed"}}


def imported(report: ImportReport, rule: str, *, dry_run: bool) -> JSONResponse:
    errors = [problem for problem in report.problems if problem.severity is Severity.ERROR]
    is_granted = not errors and (report.applied or dry_run)
    view = Imported(
        granted=is_granted,
        rule="" if is_granted else rule,
        message=_message(report, errors, dry_run=dry_run),
        applied=report.applied,
        problems=[
            ProblemView(
                file=problem.file,
                line=problem.line,
                column=problem.column,
                severity=problem.severity,
                message=problem.message,
                advice=problem.advice,
            )
            for problem in report.problems[:PROBLEMS_MAX]
        ],
        more_problems=max(0, len(report.problems) - PROBLEMS_MAX),
        added=list(report.added),
        changed=list(report.changed),
        removed=list(report.removed),
        unchanged=report.unchanged,
        digest=report.digest,
    )
    return JSONResponse(view.model_dump(mode="json"), HTTPStatus.OK if is_granted else HTTPStatus.CONFLICT)


def _message(report: ImportReport, errors: list[Problem], *, dry_run: bool) -> str:
    if errors:
        return f"Nothing was changed: {len(errors)} error{'s' if len(errors) > 1 else ''}, the first at {errors[0]}"
    counts = (
        f"{len(report.added)} added, {len(report.changed)} changed, {len(report.removed)} removed, "
        f"{report.unchanged} unchanged"
    )
    if dry_run:
        return f"A dry run, nothing was changed: {counts}."
    return f"In force: {counts}." if report.applied else "Nothing was changed."
