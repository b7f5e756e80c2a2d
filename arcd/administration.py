"""Taking in the site base that administrators wrote: from texts to facts.

One rule: everything is read and checked before the first fact is posted. With any error nothing is changed, and what
was in force stays in force.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from arcd.api.desk import ImportReport
from arcd.core.facts import Actor, CentreImported, SiteImported, SiteRemoved
from arcd.credentials import Kek
from arcd.runtime import Runtime
from arcd.sitebase import Loaded, changes, load_sitebase
from rules.problems import Problem, Severity

FILES_MAX = 2_000
FILE_BYTES_MAX = 4 * 1024 * 1024


class Administration:
    def __init__(self, *, runtime: Runtime, kek: Kek) -> None:
        self._runtime = runtime
        self._kek = kek

    async def import_sites(
        self, files: Mapping[str, str], actor: Actor, *, dry_run: bool, remove_missing: bool
    ) -> ImportReport:
        """The files of a site base by relative path."""
        problem = _files_problem(files)
        if problem is not None:
            return ImportReport(applied=False, problems=(problem,))
        with tempfile.TemporaryDirectory(prefix="arcd-site-base-") as directory:
            await asyncio.to_thread(_write_files, Path(directory), files)
            return await self.import_directory(
                Path(directory), actor, dry_run=dry_run, remove_missing=remove_missing, shown_as=""
            )

    async def import_directory(
        self, directory: Path, actor: Actor, *, dry_run: bool, remove_missing: bool, shown_as: str | None = None
    ) -> ImportReport:
        state = self._runtime.station.state
        before = dict(state.sites.items())
        loaded: Loaded = await asyncio.to_thread(
            load_sitebase, directory, kek=self._kek, previous=before, previous_centre=state.centre.get("centre")
        )
        problems = loaded.problems if shown_as is None else tuple(_shown(each, directory) for each in loaded.problems)
        if loaded.sitebase is None:
            return ImportReport(applied=False, problems=problems)
        change = changes(loaded.sitebase, previous=before, previous_centre=state.centre.get("centre"))
        removed = change.removed if remove_missing else ()
        blocked = [site_id for site_id in removed if state.open_by_site.get(site_id)]
        if blocked:
            advice = "close them first, or import without removing"
            found = Problem(file="site base", message=f"{blocked[0]} has open cases", advice=advice)
            return ImportReport(applied=False, problems=(*problems, found))
        report = ImportReport(
            applied=not dry_run,
            problems=problems,
            added=tuple(site.id for site in change.sites if site.id not in before),
            changed=(
                *(["centre"] if change.centre is not None else []),
                *(site.id for site in change.sites if site.id in before),
            ),
            removed=removed,
            unchanged=len(loaded.sitebase.sites) - len(change.sites),
        )
        if dry_run:
            return report
        now = self._runtime.clock.now
        if change.centre is not None:
            await self._runtime.ask(CentreImported(at=now(), centre=change.centre, actor=actor))
        for site in change.sites:
            await self._runtime.ask(SiteImported(at=now(), site=site, actor=actor))
        for site_id in removed:
            await self._runtime.ask(SiteRemoved(at=now(), site_id=site_id, actor=actor))
        return report


def _files_problem(files: Mapping[str, str]) -> Problem | None:
    if len(files) > FILES_MAX:
        return Problem(file="site base", message=f"more than {FILES_MAX} files", advice="put several sites in a file")
    for name, text in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            return Problem(file=name, message="the path leaves the site base", advice="name it relative to the base")
        if len(text.encode()) > FILE_BYTES_MAX:
            return Problem(file=name, message=f"more than {FILE_BYTES_MAX} bytes", advice="split the file")
    return None


def _write_files(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _shown(problem: Problem, directory: Path) -> Problem:
    """Problems name files as the administrator knows them, not where they were laid out for reading."""
    return replace(problem, file=problem.file.removeprefix(f"{directory}/"))


def has_errors(problems: tuple[Problem, ...]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)
