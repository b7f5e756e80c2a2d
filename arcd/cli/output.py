"""What a verb prints: text and tables for people, one JSON document for programs.

One rule: nothing a panel or a person sent reaches the terminal as a command to it. Control characters are shown as
`\\x1b`, never obeyed, and colours come from meaning, only on a terminal, never from the text itself.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from arcd.cli.failures import CliError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

# C0, DEL, C1, line and paragraph separators, and the characters that turn the writing direction around:
# a zone named with them could rewrite the lines above it on an operator's screen.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_UNPRINTED_WIDTH = 10_000  # a pipe has no width: rows are never cut or folded

GOOD, BAD, WARNING, QUIET, STRONG = "green", "bold red", "yellow", "bright_black", "bold"
PRIORITY_STYLES = {"P0": "bold white on red", "P1": "bold red", "P2": "yellow", "P3": "cyan", "P4": "", "P5": QUIET}


def printable(text: object, *, keep_lines: bool = False) -> str:
    """Any text as one that only shows itself."""
    allowed = "\n" if keep_lines else ""
    return _CONTROL.sub(lambda found: found[0] if found[0] in allowed and found[0] else _escape(found[0]), str(text))


def _escape(char: str) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char) or (
        f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
    )


def to_json(value: object, *, indent: int | None = 2) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # JSON escapes C0 itself; the rest of what a terminal might obey is escaped in JSON's own way.
    return _CONTROL.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def prepare_streams() -> None:
    """What a terminal's encoding cannot say is escaped; a stream that was closed takes everything."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 – until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _writing() -> Iterator[None]:
    """A full disk behind `> FILE` ends the verb with a sentence; a reader that has left (`| head`) ends it in typer."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still held back is written once more when the process ends.
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise CliError(f"the output cannot be written: {error.strerror}") from error


class Output:
    """Standard output for results, standard error for everything else."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._consoles: dict[str, Console] = {}

    def show(self, value: Any, render: Callable[[Output, Any], None]) -> None:
        """The result of a verb: `value` itself for programs, rendered for people."""
        if self.as_json:
            with _writing():
                sys.stdout.write(to_json(value) + "\n")
        else:
            render(self, value)

    def show_line(self, value: Any, render: Callable[[Output, Any], None]) -> None:
        """One of an endless row of results: NDJSON for programs. Flushed, because somebody waits for it."""
        if self.as_json:
            with _writing():
                sys.stdout.write(to_json(value, indent=None) + "\n")
        else:
            render(self, value)
        self.flush()

    def flush(self) -> None:
        with _writing():
            sys.stdout.flush()

    def line(self, *parts: str | Text) -> None:
        """One line from texts (made printable) and `styled` parts."""
        self.print(self.joined(*parts))

    def joined(self, *parts: str | Text) -> Text:
        from rich.text import Text

        return Text.assemble(*(part if isinstance(part, Text) else Text(printable(part)) for part in parts))

    def styled(self, text: object, style: str) -> Text:
        from rich.text import Text

        return Text(printable(text), style=style)

    def block(self, text: str, *, indent: int = 2) -> None:
        """A text of several lines, kept as it was written."""
        from rich.text import Text

        for line in printable(text, keep_lines=True).split("\n"):
            self.print(Text(" " * indent + line))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, empty: str = "") -> None:
        from rich.table import Column, Table
        from rich.text import Text

        # On a narrow terminal cells are folded and never cut, and the first not even folded: it is what is typed next.
        first, *others = columns
        made = (Column(first, no_wrap=True, overflow="fold"), *(Column(other, overflow="fold") for other in others))
        table = Table(*made, box=None, pad_edge=False, header_style=QUIET, padding=(0, 2, 0, 0))
        for row in rows:
            table.add_row(*(cell if isinstance(cell, Text) else Text(printable(cell)) for cell in row))
        if table.row_count or not empty:
            self.print(table)
        else:
            self.line(self.styled(empty, QUIET))

    def error(self, message: str, advice: str = "") -> None:
        text = self.joined(self.styled("error: ", BAD), message, f" {advice}" if advice else "")
        self._print(sys.stderr, text)

    def remark(self, message: str) -> None:
        """Something worth knowing that is not the result."""
        self._print(sys.stderr, self.joined(message))

    def print(self, renderable: RenderableType) -> None:
        self._print(sys.stdout, renderable)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """A bar on standard error for work that takes its time: call it with (done, whole). Silent when not watched."""
        if not sys.stderr.isatty():
            yield lambda done, whole: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console(sys.stderr), transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, whole: bar.update(task, completed=done, total=whole)

    def _print(self, stream: TextIO, renderable: RenderableType) -> None:
        console = self._console(stream)
        with _writing():
            if stream.isatty():
                console.print(renderable, soft_wrap=not _is_table(renderable))
                return
            with console.capture() as captured:
                console.print(renderable, soft_wrap=not _is_table(renderable))
            for line in captured.get().splitlines():
                stream.write(line.rstrip() + "\n")

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        name = "stderr" if stream is sys.stderr else "stdout"
        if name not in self._consoles:
            watched = stream.isatty()
            self._consoles[name] = Console(
                file=stream,
                force_terminal=watched,
                no_color=None if watched else True,
                width=None if watched else _UNPRINTED_WIDTH,
                markup=False,
                highlight=False,
                emoji=False,
            )
        return self._consoles[name]


def _is_table(renderable: object) -> bool:
    from rich.table import Table

    return isinstance(renderable, Table)


def render_granted(out: Output, answer: Mapping[str, Any]) -> None:
    message = f": {answer['message']}" if answer.get("message") else ""
    out.line(out.styled("done", GOOD), f" {answer['subject']}" if answer.get("subject") else "", message)
