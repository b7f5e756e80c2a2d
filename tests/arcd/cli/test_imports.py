from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arcd.cli.imports import placed, render_import
from arcd.cli.output import Output


def report(**changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "granted": True, "applied": True, "dry_run": False, "problems": [], "more_problems": 0, "added": [],
        "changed": [], "removed": [], "unchanged": 0, "digest": "",
    }  # fmt: skip
    return {**empty, **changes}


PROBLEM = {"file": "a.yaml", "line": 3, "column": 1, "severity": "warning", "message": "hm", "advice": ""}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "in force: no difference\n"),
        ({"digest": "0123456789abcdef"}, "in force: no difference; digest 0123456789ab\n"),
        ({"problems": [PROBLEM]}, "a.yaml:3:1: warning: hm\nin force: no difference\n"),
        (
            {"granted": False, "problems": [{**PROBLEM, "severity": "error"}]},
            "a.yaml:3:1: error: hm\nnothing was changed: 1 error\n",
        ),
        (
            {"granted": False, "problems": [{**PROBLEM, "severity": "error"}], "more_problems": 7},
            "a.yaml:3:1: error: hm\nand 7 more problems\nnothing was changed: 8 errors\n",
        ),
        ({"granted": False, "applied": False}, "nothing to change: the same is already in force\n"),
    ],
)
def test_what_an_import_did(capsys: pytest.CaptureFixture[str], changes: dict[str, Any], told: str) -> None:
    render_import(Output(as_json=False), report(**changes))
    assert capsys.readouterr().out == told


def test_problems_point_at_files_as_seen_from_here(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").touch()
    assert placed(PROBLEM, tmp_path)["file"] == str(tmp_path / "a.yaml")
    assert placed({**PROBLEM, "file": "packs/shipped.yaml"}, tmp_path)["file"] == "packs/shipped.yaml"
    assert placed(PROBLEM, None)["file"] == "a.yaml"
