from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.yaml_source import Limits, plain_scalar, read


def problems(text: str, limits: Limits = Limits()) -> list[str]:
    return [str(problem) for problem in read(text, "f.yaml", limits).problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), ("-7", -7), ("0", 0), ("03", "03"), ("007", "007"), ("0x10", "0x10"), ("1_000", "1_000"),
        ("1.5", 1.5), ("1.5e3", 1500.0), (".5", ".5"), ("1e3", "1e3"), (".inf", ".inf"),
        ("true", True), ("False", False), ("no", "no"), ("on", "on"), ("yes", "yes"),
        ("", None), ("~", None), ("null", None), ("03:12", "03:12"), ("2025-01-01", "2025-01-01"), ("9" * 30, "9" * 30),
    ],
)  # fmt: skip
def test_unquoted_scalars_are_yaml_1_2(text: str, value: object) -> None:
    read_value = plain_scalar(text)
    assert read_value == value
    assert type(read_value) is type(value)


def test_quotes_and_the_str_tag_keep_text() -> None:
    assert read("a: '3'\nb: \"true\"\nc: !!str 3\nd: |\n  3\n", "f").plain() == {
        "a": "3",
        "b": "true",
        "c": "3",
        "d": "3\n",
    }


def test_values_know_their_lines() -> None:
    document = read("a:\n  - x: 1\n  - x: 2\n    y: [p, q]\n", "f.yaml")
    root = document.root
    assert root is not None
    assert document.line(["a", 1, "x"]) == 3
    assert document.line(["a", 1, "y", 1]) == 4
    assert document.line(["a", 1, "nothing here"]) == 3
    assert str(root.problem(["a", 1, "y"], "m", "do")) == "f.yaml:4:8: error: m — do"
    assert str(root.problem(["a", 1, "y"], "m", at_key=True)) == "f.yaml:4:5: error: m"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: error: a was already given on line 1"),
        ("a: [1\n", "f.yaml:2:1: error: this is not YAML:"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: error: this is not YAML: a tab stands where the line is indented"),
        ("a:\n  b: 1\n \tc: 1\n", "f.yaml:3:2: error: this is not YAML: a tab stands where the line is indented"),
        ("a: b: c\n", "f.yaml:1:5: error: this is not YAML:"),
        ("", "f.yaml:1:1: error: the file is empty"),
        ("# only a comment\n", "f.yaml:1:1: error: the file is empty"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: error: a second document begins here"),
        ("a: !!python/object:os.system x\n", "f.yaml:1:4: error: the tag tag:yaml.org,2002:python/object:os.system"),
        ("a: !mine [1]\n", "f.yaml:1:4: error: the tag !mine is not read here"),
        ("a: *nowhere\n", "f.yaml:1:4: error: *nowhere refers to no complete anchor"),
        ("a: &x [*x]\n", "f.yaml:1:8: error: *x refers to no complete anchor"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "f.yaml:3:3: error: merge keys (<<) are not read"),
        ("[a]: 1\n", "f.yaml:1:1: error: a key must be a name or a number"),
        ("true: 1\n", "f.yaml:1:1: error: a key must be a name or a number"),
        ("a: \x01\n", "f.yaml:1:1: error: this is not YAML"),
        ("a: \ud800\n", "f.yaml:1:1: error: this is not YAML"),
    ],
)
def test_what_is_refused(text: str, expected: str) -> None:
    found = problems(text)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_every_duplicate_is_reported_and_the_first_value_kept() -> None:
    document = read("a: 1\na: [2, 3]\nb: 4\nb: {c: 5}\n", "f")
    assert [problem.line for problem in document.problems] == [2, 4]
    assert document.plain() == {"a": 1, "b": 4}


def test_aliases_are_values() -> None:
    assert read("a: &x [1, {b: 2}]\nc: *x\nd: [*x]\n", "f").plain() == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": [[1, {"b": 2}]],
    }


def test_a_small_file_cannot_unfold_into_a_large_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]" for i in range(1, 9)]
    document = read("\n".join(lines), "f.yaml")
    assert document.root is None
    assert "more than 50000 values in one file" in str(document.problems[-1])


def test_aliases_cannot_nest_past_the_depth_limit() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [[[*a{i - 1}]]]" for i in range(1, 30)]
    assert "nested deeper than 32 levels through *a" in problems("\n".join(lines))[-1]


@pytest.mark.parametrize(
    ("limits", "text", "expected"),
    [
        (Limits(text_chars_max=4), "abcde", "longer than 4 characters"),
        (Limits(nodes_max=3), "[1, 2, 3, 4]", "more than 3 values"),
        (Limits(depth_max=3), "[[[[1]]]]", "nested deeper than 3 levels"),
    ],
)
def test_limits(limits: Limits, text: str, expected: str) -> None:
    document = read(text, "f.yaml", limits)
    assert document.root is None
    assert expected in str(document.problems[0])


def test_exactly_at_the_limits_is_read() -> None:
    assert read("abcd", "f", Limits(text_chars_max=4)).plain() == "abcd"
    assert read("[1, 2, 3]", "f", Limits(nodes_max=4)).plain() == [1, 2, 3]
    assert read("[[[1]]]", "f", Limits(depth_max=3)).plain() == [[[1]]]


def test_problems_are_bounded() -> None:
    document = read("a: 1\n" * 200, "f", Limits(problems_max=10))
    assert len(document.problems) == 10
    assert document.root is None


def test_very_deep_text_ends_without_recursion() -> None:
    assert "nested deeper" in problems("[" * 100_000)[0]


@given(st.text(max_size=200) | st.text(alphabet="ab:-[]{}&*!|>'\"#\n ,?%@<", max_size=60))
def test_any_text_is_data_or_problems(text: str) -> None:
    document = read(text, "f")
    assert (document.root is not None) or document.problems
    document.plain()


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**17), 10**17)
        | st.text(st.characters(max_codepoint=0x2FFF), max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=20,
    )
)
def test_what_json_writes_is_read_back(value: object) -> None:
    """Up to U+2FFF: beyond the basic plane JSON escapes as surrogate pairs, which are no YAML."""
    assert read(json.dumps(value), "f").plain() == value
