"""What every verb has in common: `--json`, `--socket`, `--lang`, `--why`, an example in its help, and an orderly end.

One rule: a verb is a plain function of an `Invocation` and its own options; how it fails is a `CliError`, and what that
means for the terminal and the exit code is decided here, once.
"""

from __future__ import annotations

import functools
import inspect
import locale
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from arcd.cli.failures import CliError, FindingError, UsageError
from arcd.cli.output import Output, to_json

if TYPE_CHECKING:
    from arcd.cli.client import Daemon

P = ParamSpec("P")

LANGUAGES = ("fi", "sv", "en")
# Bytes of a command line that are no UTF-8 are halves of surrogate pairs in Python, which it will not encode again.
_HALF_A_PAIR = "surrogates not allowed"

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, for programs.")]
SOCKET_HELP = "The daemon's socket [ARCD_SOCKET, ./var/arcd.sock, /run/arcd/arcd.sock]."
Socket = Annotated[Path | None, typer.Option("--socket", metavar="PATH", help=SOCKET_HELP)]
Language = Annotated[
    str | None, typer.Option("--lang", metavar="fi|sv|en", help="Language of texts that come from plans and cases.")
]
Why = Annotated[
    str | None, typer.Option("--why", metavar="TEXT", help="Why you read this; goes into the journal beside your name.")
]

_COMMON = {"as_json": (AsJson, False), "socket": (Socket, None), "language": (Language, None), "why": (Why, None)}


class Invocation:
    def __init__(self, *, as_json: bool, socket: Path | None, language: str, why: str = "") -> None:
        self.out = Output(as_json=as_json)
        self.as_json = as_json
        self.language = language
        self._socket = socket
        self.why = why
        self._daemon: Daemon | None = None

    @property
    def is_daemon_named(self) -> bool:
        """Somebody said which daemon is meant: a file that happens to lie here is not asked instead."""
        return self._socket is not None or "ARCD_SOCKET" in os.environ

    @property
    def daemon(self) -> Daemon:
        if self._daemon is None:
            from arcd.cli.client import Daemon, default_socket

            self._daemon = Daemon(self._socket or default_socket(), why=self.why)
        return self._daemon

    def close(self) -> None:
        if self._daemon is not None:
            self._daemon.close()


def spoken_language(asked: str | None) -> str:
    """The language asked for, else the locale's, else English."""
    if asked is not None and asked not in LANGUAGES:
        raise UsageError(f"no texts in {asked!r}; --lang is fi, sv or en")
    named = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    spoken = asked or locale.normalize(named)[:2]
    return spoken if spoken in LANGUAGES else "en"


def verb(
    app: typer.Typer, name: str, *, examples: tuple[str, ...]
) -> Callable[[Callable[Concatenate[Invocation, P], None]], Callable[Concatenate[Invocation, P], None]]:
    """Register a function as a verb. Its docstring is the help; `examples` stand below it and are tried by a test."""

    def register(function: Callable[Concatenate[Invocation, P], None]) -> Callable[Concatenate[Invocation, P], None]:
        # \b keeps the line breaks of what follows (click).
        epilog = "\b\nExamples:\n" + "\n".join(f"  {example}" for example in examples)
        app.command(name, epilog=epilog)(_command(function))
        return function

    return register


def _command(function: Callable[Concatenate[Invocation, P], None]) -> Callable[..., None]:
    """The function as typer sees it: without its `Invocation`, with the common options behind its own."""

    @functools.wraps(function)
    def command(**options: Any) -> None:  # typer passes everything by name
        common = {name: options.pop(name) for name in _COMMON}
        above = options.pop("context").find_root().params  # `arcctl --json cases` is as good as `arcctl cases --json`
        _run(function, {name: value or above.get(name) for name, value in common.items()}, options)

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    context = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shared = [
        inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for option, (annotation, default) in _COMMON.items()
    ]
    parameters = [context, *(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own), *shared]
    command.__dict__["__signature__"] = inspect.Signature(parameters)
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del command.__dict__["__wrapped__"]  # its annotations are the function's, not these
    return command


def _run(function: Callable[..., None], common: dict[str, Any], options: dict[str, Any]) -> None:
    try:
        invocation = Invocation(
            as_json=bool(common["as_json"]),
            socket=common["socket"],
            language=spoken_language(common["language"]),
            why=common["why"] or "",
        )
        try:
            function(invocation, **options)
            invocation.out.flush()
        except UnicodeEncodeError as error:
            if error.reason != _HALF_A_PAIR:
                raise
            # It is not repeated: a code word may be typed so as well.
            raise UsageError("this holds a text, or the name of a file, that is not UTF-8; write it anew") from error
        finally:
            invocation.close()
    except CliError as error:
        _report(error, as_json=bool(common["as_json"]))
        raise typer.Exit(error.exit_code) from error


def _report(error: CliError, *, as_json: bool) -> None:
    if isinstance(error, FindingError):
        if error.message:
            Output(as_json=as_json).remark(error.message)
        return
    if as_json:
        sys.stdout.write(to_json(error.plain()) + "\n")
    Output(as_json=as_json).error(error.message, f"({error.rule})" if error.rule else "")


def group(help_text: str) -> typer.Typer:
    """An empty group of verbs. Plain help: it is read through pipes and pagers, and starts in a third of the time."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,  # a pretty traceback would show local variables, keys among them
        add_completion=False,
    )
