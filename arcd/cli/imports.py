"""What an import of rules or of the site base did, would do, or was refused for.

One rule: an import that the daemon refuses has changed nothing, and says so with every problem's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arcd.cli.failures import FindingError, RefusedError
from arcd.cli.invocation import Invocation
from arcd.cli.output import BAD, GOOD, QUIET, STRONG, WARNING, Output

SIGNS = (("added", "+", GOOD), ("changed", "~", WARNING), ("removed", "-", BAD))


def import_files(call: Invocation, path: str, body: Mapping[str, object], directory: Path | None) -> None:
    """POST an import and show its outcome; FindingError when it was refused.

    What is already in force is refused without a problem: nothing is wrong with it.
    """
    try:
        report = call.daemon.post(path, body)
    except RefusedError as error:
        if "problems" not in error.answer:
            raise
        report = dict(error.answer)
    problems = [placed(problem, directory) for problem in report["problems"]]
    call.out.show({**report, "problems": problems, "dry_run": body["dry_run"]}, render_import)
    if not report["granted"] and report["problems"]:
        raise FindingError("")


def placed(problem: Mapping[str, Any], directory: Path | None) -> dict[str, Any]:
    """The problem with its file as it is found from here, so that an editor can jump to it."""
    own = None if directory is None else directory / problem["file"]
    return {**problem, "file": str(own) if own is not None and own.is_file() else problem["file"]}


def render_problems(out: Output, problems: list[dict[str, Any]]) -> None:
    for problem in problems:
        place = f"{problem['file']}:{problem['line']}:{problem['column']}: "
        severity = out.styled(problem["severity"], BAD if problem["severity"] == "error" else WARNING)
        advice = f" — {problem['advice']}" if problem.get("advice") else ""
        out.line(out.styled(place, STRONG), severity, f": {problem['message']}{advice}")


def render_import(out: Output, report: Mapping[str, Any]) -> None:
    render_problems(out, report["problems"])
    if report.get("more_problems"):
        out.line(out.styled(f"and {report['more_problems']} more problems", BAD))
    for word, sign, style in SIGNS:
        for name in report[word]:
            out.line(out.styled(f"{sign} {name}", style))
    counts = [f"{len(report[word])} {word}" for word, _, _ in SIGNS if report[word]]
    told = ", ".join(counts + ([f"{report['unchanged']} unchanged"] if report["unchanged"] else [])) or "no difference"
    digest = f"; digest {report['digest'][:12]}" if report["digest"] else ""
    if not report["granted"] and not report["problems"]:
        out.line(out.styled("nothing to change: ", QUIET), "the same is already in force", digest)
    elif not report["granted"]:
        errors = sum(problem["severity"] == "error" for problem in report["problems"]) + report.get("more_problems", 0)
        out.line(out.styled("nothing was changed", BAD), f": {errors} error{'' if errors == 1 else 's'}")
    elif report["dry_run"]:
        out.line(out.styled("dry run, nothing was changed: ", QUIET), told, digest)
    else:
        out.line(out.styled("in force: ", GOOD), told, digest)
