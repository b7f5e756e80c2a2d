from __future__ import annotations

import io
import json
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.cli.failures import CliError
from arcd.cli.output import Output, prepare_streams, printable, to_json

NASTY = "ovi\x1b[2J\x07\x9b31m\u202e\u2066\x7f\r"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_nothing_printable_can_command_a_terminal(text: str) -> None:
    shown = printable(text, keep_lines=True)
    assert not any((ord(char) < 0x20 and char != "\n") or 0x7F <= ord(char) <= 0x9F for char in shown)
    assert "\n" not in printable(text)


def test_control_characters_are_shown_not_obeyed() -> None:
    assert printable(NASTY) == "ovi\\x1b[2J\\x07\\x9b31m\\u202e\\u2066\\x7f\\r"
    assert printable("a\nb\tc") == "a\\nb\\tc"
    assert printable("a\nb", keep_lines=True) == "a\nb"
    assert printable("Myymälä – ”Åland”") == "Myymälä – ”Åland”"


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=3), max_leaves=10))
def test_json_says_the_same_and_commands_nothing(value: object) -> None:
    text = to_json(value)
    assert json.loads(text) == value
    assert not any((ord(char) < 0x20 and char != "\n") or 0x7F <= ord(char) <= 0x9F for char in text)
    assert "\n" not in to_json(value, indent=None)


def test_on_a_narrow_terminal_nothing_of_a_row_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Least of all what stands first: that is what has to be typed to work on the row."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stdout", screen := Terminal())
    row = ("C12345", "P1", "01.12.2026 03:40:17", "handling", "K-1001 Kioski", "Murtohälytys", "1", "os:päivystäjä")
    Output(as_json=False).table(("case", "pri", "opened", "state", "site", "title", "signals", "in hand"), [row])
    shown = re.sub("\x1b\\[[0-9;]*m", "", screen.getvalue())
    assert "C12345" in shown
    assert "…" not in shown


@pytest.mark.parametrize("as_json", [True, False])
def test_a_full_disk_behind_the_output_is_a_sentence(monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    def told(out: Output) -> None:
        out.show(["x" * 100_000], lambda out, value: out.line(value[0]))
        out.flush()

    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(CliError, match="the output cannot be written: No space left on device"):
            told(Output(as_json=as_json))


def test_what_an_encoding_cannot_say_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(sys, "stderr", None)
    prepare_streams()
    Output(as_json=False).line("Lämpö → \udcff")
    Output(as_json=False).error("nobody hears it")
    sys.stdout.flush()
    sys.stderr.close()
    assert raw.getvalue() == b"L\\xe4mp\\xf6 \\u2192 \\udcff\n"


def test_a_pipe_gets_no_colours_no_folding_and_no_trailing_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=False)
    out.table(("one", "two"), [(out.styled("a" * 300, "bold red"), "b"), ("c", "")])
    out.line("x", out.styled("[red]y[/red] :smile:", "green"))
    told = capsys.readouterr().out
    assert told == f"one{' ' * 299}two\n{'a' * 300}  b\nc\nx[red]y[/red] :smile:\n"


def test_colours_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    out = Output(as_json=False)
    out.line(out.styled("bad\x1b[1A", "bold red"))
    assert terminal.getvalue() == "\x1b[1;31mbad\\x1b[1A\x1b[0m\n"


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).table(("one",), [], empty="no cases")
    assert capsys.readouterr().out == "no cases\n"


def test_texts_of_several_lines_keep_them(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).block("first\nsecond\x1b[2J", indent=4)
    assert capsys.readouterr().out == "    first\n    second\\x1b[2J\n"


def test_show_is_for_programs_or_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).show({"ä": 1}, lambda out, value: out.line("never"))
    Output(as_json=False).show({"ä": 1}, lambda out, value: out.line("people"))
    Output(as_json=True).show_line({"ä": [1]}, lambda out, value: out.line("never"))
    assert capsys.readouterr().out == '{\n  "ä": 1\n}\npeople\n{"ä": [1]}\n'


def test_errors_and_remarks_stay_out_of_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=False)
    out.error("no daemon", "(start it)")
    out.remark("there are more")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: no daemon (start it)\nthere are more\n"


def test_progress_is_silent_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Output(as_json=False).progress("verifying") as report:
        report(1, 2)
    assert capsys.readouterr() == ("", "")


def test_progress_is_drawn_on_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Output(as_json=True).progress("verifying") as report:
        report(1, 2)
    assert "verifying" in terminal.getvalue()
