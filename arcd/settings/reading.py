"""From a YAML file and the environment to settings, or to problems that name the line or the variable."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from arcd.settings.contradictions import contradictions
from arcd.settings.whole import ENVIRONMENT_DELIMITER, ENVIRONMENT_PREFIX, Settings
from rules.problems import Problem, by_place, write_instead
from rules.schema_errors import fields_at, problems_of
from rules.yaml_source import Node, read

_OPTIONAL = frozenset({"mail", "webhook"})
_LISTS = frozenset({"lines", "outputs"})


class SettingsProblems(Struct, frozen=True):
    """Why the daemon does not start. `str()` is what the administrator reads."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "\n".join(_readable(problem) for problem in self.problems)


def _readable(problem: Problem) -> str:
    # A variable has no lines.
    return (
        str(problem).replace(f"{problem.file}:1:1:", f"{problem.file}:", 1) if problem.file[:1] == "$" else str(problem)
    )


def load_settings(path: Path | None) -> Settings | SettingsProblems:
    """The file (None: defaults) with the environment over it. Relative paths count from the working directory."""
    root = _read_file(path)
    if isinstance(root, SettingsProblems):
        return root
    plain = root.plain()
    assert isinstance(plain, dict)
    # A section whose lines are all commented out is one with the defaults.
    plain = {name: _without_lines(name) if value is None else value for name, value in plain.items()}
    unknown = tuple(_unknown_variables(os.environ))
    _lay_environment_over(root, EnvSettingsSource(Settings)())
    try:
        settings = Settings(**plain)
    except ValidationError as error:
        return SettingsProblems(tuple(sorted((*problems_of(error, root, Settings), *unknown), key=by_place)))
    found = (*unknown, *contradictions(settings, root))
    return SettingsProblems(tuple(sorted(found, key=by_place))) if found else settings


def _without_lines(name: str) -> Any:
    return None if name in _OPTIONAL else () if name in _LISTS else {}


def _read_file(path: Path | None) -> Node | SettingsProblems:
    file = "defaults" if path is None else str(path)
    text = ""
    if path is not None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            what, advice = "it is not UTF-8 text", "save the file as UTF-8"
            if isinstance(error, OSError):
                what = os.strerror(error.errno or 0)
                advice = "name the file with --config, or copy config/arcd.yaml there"
            return SettingsProblems((Problem(file=file, message=f"cannot read the settings: {what}", advice=advice),))
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return Node(file, 1, 1, {})
    document = read(text, file)
    if document.root is None or document.problems:
        return SettingsProblems(document.problems)
    if not isinstance(document.root.value, dict):
        return SettingsProblems(
            (document.root.problem((), "the settings must be a mapping", "write store: and so on"),)
        )
    return document.root


def _lay_environment_over(root: Node, values: Mapping[str, Any], name: str = ENVIRONMENT_PREFIX) -> None:
    """So that a problem with a value from the environment names the variable, as one from the file names its line."""
    assert isinstance(root.value, dict)
    for key, value in values.items():
        variable = f"{name}{key.upper()}"
        node = root.value.get(key)
        if not isinstance(value, Mapping):
            root.value[key] = Node(f"${variable}", 1, 1, str(value))
        else:
            if node is None or not isinstance(node.value, dict):
                root.value[key] = Node(f"${variable}{ENVIRONMENT_DELIMITER}…", 1, 1, {})
            _lay_environment_over(root.value[key], value, f"{variable}{ENVIRONMENT_DELIMITER}")
        root.key_marks.setdefault(key, (1, 1))


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[Problem]:
    """`ARCD_STROE__PATH` would otherwise be passed over in silence. Other programs' ARCD_… without `__` are theirs."""
    names = fields_at(Settings, ())
    sections = {f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in names}
    for variable in environ:
        section, delimiter, _ = variable.upper().partition(ENVIRONMENT_DELIMITER)
        if delimiter and section.startswith(ENVIRONMENT_PREFIX) and section not in sections:
            name = section.removeprefix(ENVIRONMENT_PREFIX).casefold()
            advice = write_instead(name, names) or f"sections: {', '.join(names)}"
            yield Problem(file=f"${variable}", message=f"there is no section {name}", advice=advice)
