from __future__ import annotations

import json

import pytest

from arcd.api.desk import ImportReport
from arcd.api.imports import PROBLEMS_MAX, imported
from rules.problems import Problem, Severity

WARNING = Problem(file="a.yaml", severity=Severity.WARNING, message="look")
ERROR = Problem(file="b.yaml", message="bad")


@pytest.mark.parametrize(
    ("report", "dry_run", "status", "message"),
    [
        (ImportReport(applied=True, changed=("K-1",)), False, 200, "In force: 0 added, 1 changed"),
        (
            ImportReport(applied=False, changed=("K-1",)),
            True,
            200,
            "A dry run, nothing was changed: 0 added, 1 changed",
        ),
        (ImportReport(applied=True, problems=(WARNING,)), False, 200, "In force"),
        (
            ImportReport(applied=False, problems=(WARNING, ERROR)),
            False,
            409,
            "Nothing was changed: 1 error, the first at b.yaml",
        ),
        (ImportReport(applied=False, problems=(ERROR, ERROR)), True, 409, "Nothing was changed: 2 errors"),
        (ImportReport(applied=False), False, 409, "Nothing was changed."),
    ],
)
def test_an_import_is_told_as_it_went(report: ImportReport, dry_run: bool, status: int, message: str) -> None:
    answer = imported(report, "x.import", dry_run=dry_run)
    told = json.loads(bytes(answer.body))
    assert answer.status_code == status
    assert told["message"].startswith(message)
    assert told["granted"] is (status == 200)
    assert told["rule"] == ("" if status == 200 else "x.import")


def test_problems_are_limited_and_the_rest_is_counted() -> None:
    report = ImportReport(applied=False, problems=(ERROR,) * (PROBLEMS_MAX + 7))
    told = json.loads(bytes(imported(report, "x", dry_run=False).body))
    assert (len(told["problems"]), told["more_problems"]) == (PROBLEMS_MAX, 7)
