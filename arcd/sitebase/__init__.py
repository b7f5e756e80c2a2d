"""The site base directory → the core's values, or every problem in it: centre.yaml and sites/*.yaml.

One rule: all or nothing. As long as one error stands, nothing is imported, and all errors are told at once with file,
line and what to write instead. Keys and code words leave this package sealed and hashed only; no problem repeats them.

The files: `schema` says what may be written, `checks` what fits together, `sealing` makes the core's values.
Putting the result into force is a fact (`SiteImported`) and belongs to the daemon.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from arcd.core.site import Centre, Site
from arcd.credentials import Kek, Urandom
from arcd.sitebase.checks import Written, check_centre, check_sites
from arcd.sitebase.schema import CentreForm, SitesForm
from arcd.sitebase.sealing import Sealer
from rules.problems import Problem, Severity, by_place
from rules.schema_errors import problems_of
from rules.yaml_source import Limits, Node, read

FILES_MAX = 20_000
SITES_MAX = 50_000
FILE_LIMITS = Limits(text_chars_max=16 << 20, nodes_max=2_000_000)

FormT = TypeVar("FormT", bound=BaseModel)

_SECRET_FIELD = re.compile(r"\b(?:previous_)?key\s*:|\b(?:code|duress)_word\s*:|\btoken\s*:")


class SiteBase(Struct, frozen=True, kw_only=True):
    centre: Centre
    sites: tuple[Site, ...]


class Changes(Struct, frozen=True, kw_only=True):
    """What an import would change: the facts to post are made from this."""

    centre: Centre | None  # None: unchanged
    sites: tuple[Site, ...]
    removed: tuple[str, ...]


class Loaded(Struct, frozen=True, kw_only=True):
    """`sitebase` is None as long as there are errors; `problems` may hold warnings beside a site base."""

    sitebase: SiteBase | None
    problems: tuple[Problem, ...] = ()


def load_sitebase(
    directory: Path,
    *,
    kek: Kek,
    urandom: Urandom = os.urandom,
    previous: Mapping[str, Site] | None = None,
    previous_centre: Centre | None = None,
    allow_plain_http: bool = False,
) -> Loaded:
    """`previous` is what is in force: secrets that have not changed keep their sealed form.

    Hashes code words (20 to 40 ms each): call it beside the event loop, not in it.
    """
    reading = _Reading(directory, allow_plain_http=allow_plain_http)
    sealer = Sealer(kek=kek, urandom=urandom, directory=directory)
    reading.read()
    if reading.centre is not None:
        reading.problems += check_centre(*reading.centre)
    centre = reading.centre[0] if reading.centre else None
    reading.problems += check_sites(reading.sites, centre, sealer)
    problems = tuple(sorted(set(reading.problems), key=by_place))
    if centre is None or any(problem.severity is Severity.ERROR for problem in problems):
        return Loaded(sitebase=None, problems=problems)
    before = previous or {}
    sites = tuple(sealer.site(written.site, before.get(written.site.id)) for written in reading.sites)
    sitebase = SiteBase(centre=sealer.centre(centre, previous_centre), sites=sites)
    return Loaded(sitebase=sitebase, problems=problems)


def changes(sitebase: SiteBase, *, previous: Mapping[str, Site], previous_centre: Centre | None) -> Changes:
    kept = {site.id for site in sitebase.sites}
    return Changes(
        centre=sitebase.centre if sitebase.centre != previous_centre else None,
        sites=tuple(site for site in sitebase.sites if previous.get(site.id) != site),
        removed=tuple(sorted(site_id for site_id in previous if site_id not in kept)),
    )


def is_there(path: Path) -> bool:
    """Something may be there, as far as we are allowed to look: what is in the way is said by who reads it."""
    try:
        path.stat()
    except FileNotFoundError:
        return path.is_symlink()
    except OSError:
        return True
    return True


class _Reading:
    """The files of one directory, read and checked one by one."""

    def __init__(self, directory: Path, *, allow_plain_http: bool) -> None:
        self.directory = directory
        self.problems: list[Problem] = []
        self.centre: tuple[CentreForm, Node] | None = None
        self.sites: list[Written] = []
        self._context = {"allow_plain_http": allow_plain_http}

    def read(self) -> None:
        path = self.directory / "centre.yaml"
        if not is_there(path):
            self._refuse(path, "there is no such file", "a site base is a directory with centre.yaml and sites/*.yaml")
        elif (centre := self._form(path, CentreForm)) is not None:
            self.centre = centre
        for path in self._site_files():
            form = self._form(path, SitesForm)
            if form is not None:
                sites, root = form
                self.sites += (Written(site, root, ("sites", index)) for index, site in enumerate(sites.sites))
        if len(self.sites) > SITES_MAX:
            self._refuse(self.directory, f"more than {SITES_MAX} sites", "split the site base between two daemons")

    def _site_files(self) -> Iterator[Path]:
        directory = self.directory / "sites"
        try:
            paths = sorted(directory.iterdir())
        except OSError as error:
            if not isinstance(error, FileNotFoundError) or directory.is_symlink():  # a centre may have no site yet
                self._refuse(directory, *_unreadable(error))
            return
        if len(paths) > FILES_MAX:
            self._refuse(directory, f"more than {FILES_MAX} files", "put several sites into one file")
            return
        for path in paths:
            if path.suffix == ".yaml" and (_is_file(path) or not path.name.startswith(".")):
                yield path  # also what is no file: that its sites are missing must not go unnoticed
            elif path.suffix in (".yml", ".YAML", ".YML"):
                self._refuse(path, "this file would not be read", "name it *.yaml")
            elif not path.name.startswith(".") and path.is_dir() and any(path.rglob("*.yaml")):
                self._refuse(path, "the files in this directory would not be read", "put them into sites/ itself")

    def _form(self, path: Path, model: type[FormT]) -> tuple[FormT, Node] | None:
        text = self._text(path)
        if text is None:
            return None
        document = read(text, str(path), FILE_LIMITS)
        self.problems += (_without_secrets(problem, text) for problem in document.problems)
        if document.root is None:
            return None
        try:
            return model.model_validate(document.plain(), context=self._context), document.root
        except ValidationError as error:
            self.problems += problems_of(error, document.root, model)
            return None

    def _text(self, path: Path) -> str | None:
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # to read a pipe would be to wait for it
                self._refuse(path, "this is no file", "put the file there, or remove what is there")
                return None
            text = path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            self._refuse(path, *_unreadable(error))
        except UnicodeDecodeError:
            self._refuse(path, "this is not UTF-8 text", "save the file as UTF-8")
        else:
            if any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
                return text
            self._refuse(path, "the file is empty", "begin with sites: (centre.yaml: with name:), or remove the file")
        return None

    def _refuse(self, path: Path, message: str, advice: str) -> None:
        self.problems.append(Problem(file=str(path), message=message, advice=advice))


def _unreadable(error: OSError) -> tuple[str, str]:
    return f"cannot be read: {os.strerror(error.errno or 0)}", "check its owner and mode, and those of its directory"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a directory that may be listed and not entered
        return False


def _without_secrets(problem: Problem, text: str) -> Problem:
    """What the YAML reader says may quote an unquoted secret ("*word refers to no anchor")."""
    near = text.splitlines()[max(problem.line - 2, 0) : problem.line]
    if not any(_SECRET_FIELD.search(line) for line in near) or " was already given on line " in problem.message:
        return problem
    return Problem(
        file=problem.file,
        line=problem.line,
        column=problem.column,
        message="this is not YAML: a secret is written here in a way that cannot be read",
        advice="put the secret in quotes",
    )
