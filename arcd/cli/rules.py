"""arcctl rules: check, try and explain what people wrote, and give it to the daemon.

One rule: checking, testing and explaining need no daemon and change nothing; only `reload` and `rollback` do, and a bad
set leaves the running one in force. Each further verb has a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcd.cli.failures import FindingError
from arcd.cli.imports import import_files, placed, render_problems
from arcd.cli.invocation import Invocation, group, verb
from arcd.cli.output import BAD, GOOD, PRIORITY_STYLES, QUIET, STRONG, Output

if TYPE_CHECKING:
    from rules.engine import RuleSet
    from rules.loader import Loaded
    from rules.problems import Problem

app = group("Routing packs, response plans and case types: check, try, compare, put into force, go back.")

Directory = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="Your own rules, laid over the shipped ones.", show_default=False)
]


@verb(app, "check", examples=("arcctl rules check", "arcctl rules check /etc/arcd/rules"))
def check(call: Invocation, directory: Directory = None) -> None:
    """Check the shipped rules with your own laid over them, without a daemon.

    Every mistake is told with file, line and column and what to write instead. Exit code 1 when there is an error.
    """
    loaded = _load(directory)
    value = {
        "ok": loaded.ruleset is not None,
        "problems": [_plain(problem, directory) for problem in loaded.problems],
        **(_summary(loaded.ruleset) if loaded.ruleset is not None else {}),
    }
    call.out.show(value, _render_check)
    if loaded.ruleset is None:
        raise FindingError("")


@verb(app, "test", examples=("arcctl rules test", "arcctl rules test /etc/arcd/rules --json"))
def run_tests(call: Invocation, directory: Directory = None) -> None:
    """Run the tests that stand inside the packs, without a daemon. Exit code 1 when one fails."""
    from rules import packtest

    ruleset = usable_rules(call, directory)
    results = packtest.run(ruleset)
    failed = sum(not result.passed for result in results)
    value = {
        "ok": failed == 0,
        "passed": len(results) - failed,
        "failed": failed,
        "tests": [
            {
                "pack": result.pack,
                "name": result.name,
                "file": result.file,
                "line": result.line,
                "passed": result.passed,
                "differences": list(result.differences),
            }
            for result in results
        ],
    }
    call.out.show(value, _render_tests)
    if failed:
        raise FindingError("")


@verb(app, "show", examples=("arcctl rules show",))
def show(call: Invocation) -> None:
    """Show the rule set the daemon is running: digest, packs, plans and case types."""
    call.out.show(call.daemon.get("/v1/rules", lang=call.language), _render_rules)


@verb(app, "reload", examples=("arcctl rules reload --dry-run", "arcctl rules reload /etc/arcd/rules"))
def reload(
    call: Invocation,
    directory: Directory = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Put rules into force in the running daemon, all at once or not at all.

    Without DIR the daemon reads its own rules directory again; with DIR it gets these files instead.
    """
    from arcd.cli.source_files import read_directory

    body: dict[str, object] = {"dry_run": dry_run}
    if directory is not None:
        body["files"] = read_directory(directory)
    import_files(call, "/v1/rules/reload", body, directory)


def _load(directory: Path | None) -> Loaded:
    from arcd.cli.source_files import read_directory
    from rules import loader, shipped

    overlays = {} if directory is None else read_directory(directory)
    return loader.load({**shipped.sources(), **overlays})


def usable(call: Invocation, directory: Path | None) -> Loaded:
    loaded = _load(directory)
    if loaded.ruleset is None:
        problems = [_plain(problem, directory) for problem in loaded.problems]
        call.out.show({"ok": False, "problems": problems}, lambda out, value: render_problems(out, value["problems"]))
        raise FindingError("the rules have errors; correct them first")
    return loaded


def usable_rules(call: Invocation, directory: Path | None) -> RuleSet:
    ruleset = usable(call, directory).ruleset
    assert ruleset is not None, "usable rules have a rule set"
    return ruleset


def _plain(problem: Problem, directory: Path | None) -> dict[str, object]:
    told = {name: getattr(problem, name) for name in ("file", "line", "column", "message", "advice")}
    return placed({**told, "severity": problem.severity.value}, directory)


def _summary(ruleset: RuleSet) -> dict[str, object]:
    return {
        "digest": ruleset.digest,
        "packs": [pack.name for pack in ruleset.packs],
        "plans": sorted(ruleset.plans),
        "case_types": sorted(ruleset.case_types),
        "tests": len(ruleset.tests),
    }


def _render_check(out: Output, value: Mapping[str, Any]) -> None:
    render_problems(out, value["problems"])
    if not value["ok"]:
        errors = sum(problem["severity"] == "error" for problem in value["problems"])
        out.line(out.styled(f"{errors} error{'s' if errors != 1 else ''}", BAD), "; these rules cannot be used")
        return
    counts = f"{len(value['packs'])} packs, {len(value['plans'])} plans, {len(value['case_types'])} case types"
    out.line(out.styled("ok", GOOD), f": {counts}, {value['tests']} tests; digest {value['digest'][:12]}")


def _render_tests(out: Output, value: Mapping[str, Any]) -> None:
    for result in value["tests"]:
        if not result["passed"]:
            place = f"{result['file']}:{result['line']}: "
            out.line(out.styled(place, STRONG), out.styled("failed", BAD), f": {result['pack']}: {result['name']}")
            for difference in result["differences"]:
                out.line(f"    {difference}")
    if value["failed"]:
        out.line(out.styled(f"{value['failed']} failed", BAD), f", {value['passed']} passed")
    else:
        out.line(out.styled(f"{value['passed']} passed", GOOD))


def _render_rules(out: Output, value: Mapping[str, Any]) -> None:
    out.line("digest ", out.styled(value["digest"], STRONG))
    out.line(out.styled("packs, in precedence: ", QUIET), ", ".join(value["packs"]))
    out.table(
        ("plan", "version", "priority", "opens", "title"),
        [
            (
                out.styled(plan["name"], STRONG),
                str(plan["version"]),
                out.styled(plan["priority"], PRIORITY_STYLES.get(plan["priority"], "")),
                plan["case_type"] if plan["opens_case"] else "no case",
                plan["title"],
            )
            for plan in value["plans"]
        ],
    )
    for case_type in value["case_types"]:
        states, moves = ", ".join(case_type["states"]), ", ".join(case_type["moves"])
        out.line(out.styled(case_type["name"], STRONG), f" v{case_type['version']} {case_type['title']}")
        out.line(out.styled("  states ", QUIET), states, out.styled("  moves ", QUIET), moves)
