"""Verifying a caller from the command line.

One rule: a word is never an argument: arguments stand in the shell's history and in the list of processes. It is typed
without echo, or read as one line from a pipe.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from arcd.cli.completion import site_ids
from arcd.cli.failures import UsageError
from arcd.cli.invocation import Invocation
from arcd.cli.output import render_granted

WORD_CHARS_MAX = 100  # as arcd.credentials has it, which would take argon2 along into every start of arcctl


def verify(
    call: Invocation,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Site id, like K-1.", autocompletion=site_ids)],
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="Contact id, as `sites show` lists them.")],
    call_back: Annotated[
        bool, typer.Option("--call-back", help="You called back the registered number; no word is asked for.")
    ] = False,
    with_word: Annotated[bool, typer.Option("--word", help="With --call-back: ask for the word as well.")] = False,
) -> None:
    """Check the word a caller says, or record a call-back. It counts for 10 minutes; 3 wrong words lock it for 15."""
    call.out.show(checked(call, site, contact, word=not call_back or with_word, called_back=call_back), render_granted)


def checked(call: Invocation, site: str, contact: str, *, word: bool, called_back: bool = False) -> Mapping[str, Any]:
    body: dict[str, object] = {"site_id": site, "contact_id": contact, "called_back": called_back}
    if word:
        body["word"] = read_word(contact)
    answer: Mapping[str, Any] = call.daemon.post("/v1/identity-checks", body)
    return answer


def read_word(contact: str) -> str:
    if sys.stdin.isatty():
        import getpass

        word = getpass.getpass(f"The word {contact} says (not shown): ")
    else:
        word = sys.stdin.readline(WORD_CHARS_MAX + 2).rstrip("\r\n")
    if not word.strip() or len(word) > WORD_CHARS_MAX:
        raise UsageError(f"the word has 1 to {WORD_CHARS_MAX} characters; type it, or pipe it in as one line")
    return word
