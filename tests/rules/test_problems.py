from __future__ import annotations

from rules.problems import Problem, Severity, by_place, write_instead


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem(
        file="packs/x.yaml", line=12, column=5, message="unknown category fir", advice="write fire instead"
    )
    assert str(problem) == "packs/x.yaml:12:5: error: unknown category fir — write fire instead"
    bare = Problem(file="f", severity=Severity.WARNING, message="m")
    assert str(bare) == "f:1:1: warning: m"


def test_advice_names_the_nearest_or_the_few() -> None:
    assert write_instead("intrusoin", ["intrusion", "fire"]) == "did you mean intrusion? write intrusion instead"
    assert write_instead("zzz", ["b", "a"]) == "write one of a, b instead"
    assert write_instead("zzz", [f"n{i}" for i in range(17)]) == ""
    assert write_instead("zzz", []) == ""


def test_problems_sort_by_file_then_line() -> None:
    places = [("b", 1), ("a", 10), ("a", 2)]
    ordered = sorted((Problem(file=file, line=line, message="m") for file, line in places), key=by_place)
    assert [(problem.file, problem.line) for problem in ordered] == [("a", 2), ("a", 10), ("b", 1)]
