from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from arcd.cli.failures import (
    EXIT_FINDING,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
    CliError,
    FindingError,
    NotFoundError,
    RefusedError,
    UnreachableError,
    UsageError,
)
from arcd.cli.invocation import Invocation, group, spoken_language, verb


def app_that(error: BaseException | None) -> typer.Typer:
    app = group("For this test.")

    @verb(app, "one", examples=("arcctl one x",))
    def one(call: Invocation, word: str, loud: bool = False) -> None:
        """Do one thing."""
        if error is not None:
            raise error
        call.out.show({"word": word, "loud": loud, "lang": call.language}, lambda out, value: out.line(value["word"]))

    @verb(app, "two", examples=("arcctl two",))
    def two(call: Invocation) -> None:
        """Do another."""

    return app


def test_a_verb_takes_its_own_options_and_the_common_ones() -> None:
    ran = CliRunner().invoke(app_that(None), ["one", "x", "--loud", "--json", "--lang", "fi"])
    assert ran.stdout == '{\n  "word": "x",\n  "loud": true,\n  "lang": "fi"\n}\n'
    ran = CliRunner().invoke(app_that(None), ["one", "x"])
    assert ran.stdout == "x\n"


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (CliError("It failed."), EXIT_FINDING, "error: It failed.\n"),
        (RefusedError("Say why.", rule="flag.reason"), EXIT_FINDING, "error: Say why. (flag.reason)\n"),
        (NotFoundError("No C9."), EXIT_FINDING, "error: No C9.\n"),
        (UsageError("Write 2h."), EXIT_USAGE, "error: Write 2h.\n"),
        (UnreachableError("Start it."), EXIT_UNREACHABLE, "error: Start it.\n"),
        (FindingError(""), EXIT_FINDING, ""),
        (FindingError("correct them"), EXIT_FINDING, "correct them\n"),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(error: CliError, code: int, told: str) -> None:
    ran = CliRunner().invoke(app_that(error), ["one", "x"])
    assert (ran.exit_code, ran.stdout, ran.stderr) == (code, "", told)


def test_a_mistake_in_the_program_keeps_its_traceback() -> None:
    ran = CliRunner().invoke(app_that(ZeroDivisionError()), ["one", "x"])
    assert isinstance(ran.exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        (None, {}, "en"),
        (None, {"LANG": "fi_FI.UTF-8"}, "fi"),
        (None, {"LANG": "fi_FI.UTF-8", "LC_MESSAGES": "sv_FI"}, "sv"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "de_DE"}, "en"),
        ("sv", {"LANG": "fi_FI.UTF-8"}, "sv"),
    ],
)
def test_the_language_of_texts(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, environment: dict[str, str], language: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert spoken_language(asked) == language
    with pytest.raises(UsageError, match="fi, sv or en"):
        spoken_language("de")
