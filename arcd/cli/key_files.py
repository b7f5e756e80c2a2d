"""Puts receiver keys and tokens that are kept in files of their own into the texts of a site base before they are sent.

One rule: the daemon reads texts only, so what a `key_file:` names is read here, by the person who may read it. Only
those few characters of a text change; every line stays where it was, so that the daemon's problems point at the file
as it is on disk. A key is never shown and no error repeats it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from arcd.cli.failures import CliError
from arcd.credentials import CredentialError, read_credential
from protocols.secrets import WireKey

TOKEN = "token_file"  # noqa: S105 – the name of a field
# arcd.sitebase.schema.AccountForm, arcd.sitebase.field_schema.SourceForm
FIELDS = {"key_file": "key", "previous_key_file": "previous_key", TOKEN: "token"}

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def with_keys(text: str, file: str, directory: Path) -> str:
    """The text with `key: "…"` in place of every `key_file: …`. Relative paths start at `directory`."""
    if not any(field in text for field in FIELDS):
        return text
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return text  # the daemon tells where it is wrong, together with everything else
    parts, done = [], 0
    for key_node, value_node in sorted(_key_files(root), key=lambda pair: pair[0].start_mark.index):
        place = f"{directory / file}:{value_node.start_mark.line + 1}"
        start, end = key_node.start_mark.index, value_node.end_mark.index
        if start < done:
            continue  # an alias leads to the same lines again
        if "\n" in text[start:end]:
            raise CliError(f"{place}: write {key_node.value}: and the path on one line")
        parts += [
            text[done:start],
            f"{FIELDS[key_node.value]}: {json.dumps(_content(key_node.value, value_node.value, directory, place))}",
        ]
        done = end
    return "".join([*parts, text[done:]])


def _key_files(root: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.ScalarNode]]:
    seen: set[int] = set()
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and key.value in FIELDS:
                    yield key, value
                waiting.append(value)


def _content(field: str, name: str, directory: Path, place: str) -> str:
    path = directory / name
    try:
        content = read_credential(path.name, file=path).decode("ascii").strip()
        if field != TOKEN:  # what a token must be like is said by the daemon, which does not repeat it
            WireKey.parse(content)
    except CredentialError as error:
        raise CliError(f"{place}: {error}") from None
    except ValueError:
        wanted = "token; write letters and digits" if field == TOKEN else "receiver key; write 32, 48 or 64 hex digits"
        raise CliError(f"{place}: {path} holds no {wanted} into it") from None
    return content
