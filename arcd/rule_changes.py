"""Taking changed rules into force, whole or not at all: from the rules directory, from a person, from the journal.

One rule: a set is loaded, its own tests are run and it is compared with the one in force before anything happens; all
that beside the loop, so that alarms need not wait. What is refused is logged and counted, and changes nothing.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from pathlib import Path

import structlog
from msgspec import Struct

from arcd.api.desk import ImportReport
from arcd.core.facts import Actor, RulesLoaded
from arcd.metrics import Metrics
from arcd.rules_history import earlier, rules_history, sources_of
from arcd.runtime import Runtime
from arcd.yaml_files import yaml_files
from rules import packtest, shipped
from rules.difference import Differences, compare
from rules.engine import RuleSet, digest_of
from rules.loader import Loaded, load
from rules.problems import Problem, Severity

log = structlog.get_logger(__name__)

_SHIPPED_TEST = "mend the route; or, if the change is meant, remove this shipped test in an overlay and append your own"
AT_START = Actor(id="daemon", name="at start")


class OverlayError(Exception):
    """The rules directory, or a file in it, cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Examined(Struct, frozen=True, kw_only=True):
    """`rules` is None where they may not be taken; the problems then say why."""

    rules: RuleSet | None
    problems: tuple[Problem, ...]
    differences: Differences = Differences()


class RuleChanges:
    def __init__(self, *, runtime: Runtime, metrics: Metrics, directory: Path | None) -> None:
        self._runtime = runtime
        self._metrics = metrics
        self._directory = directory

    async def at_start(self) -> ImportReport:
        """Take the shipped rules and the directory, if they are news.

        A set that a person chose since (by a rollback, or given from elsewhere) stands until the directory changes.
        """
        station = self._runtime.station
        try:
            sources = {**shipped.sources(), **read_overlay(self._directory)}
        except OverlayError as error:
            return self._refused((error.problem,), AT_START, dry_run=False)
        digest = digest_of(sources)
        if station.has_rules:
            history = await rules_history(self._runtime.store)
            if history and history[-1].directory_digest == digest != station.rules.digest:
                log.warning("rules.chosen_by_hand", by=history[-1].actor.id, in_force=station.rules.digest)
                return ImportReport(applied=True, digest=station.rules.digest)
        return await self._take(sources, AT_START, directory_digest=digest, dry_run=False)

    async def load(self, overlays: Mapping[str, str] | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        """Shipped rules plus overlays; None: plus the rules directory, read again."""
        try:
            own = await asyncio.to_thread(read_overlay, self._directory)
        except OverlayError as error:
            if overlays is None:
                return self._refused((error.problem,), actor, dry_run=dry_run)
            directory_digest = ""
        else:
            directory_digest = digest_of({**shipped.sources(), **own})
            overlays = own if overlays is None else overlays
        sources = {**shipped.sources(), **overlays}
        return await self._take(sources, actor, directory_digest=directory_digest, dry_run=dry_run)

    async def roll_back(self, digest: str | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        """Rules that have been in force before, whole as they were; without a digest those before the present ones.

        NoSuchRulesError when there are none.
        """
        store = self._runtime.store
        found = earlier(await rules_history(store), digest)
        sources = await sources_of(store, found.seq)
        try:
            own = await asyncio.to_thread(read_overlay, self._directory)
        except OverlayError:
            directory_digest = ""
        else:
            directory_digest = digest_of({**shipped.sources(), **own})
        return await self._take(sources, actor, directory_digest=directory_digest, dry_run=dry_run)

    async def _take(
        self, sources: dict[str, str], actor: Actor, *, directory_digest: str, dry_run: bool
    ) -> ImportReport:
        station = self._runtime.station
        in_force = station.rules.sources if station.has_rules else None
        examined = await asyncio.to_thread(examine, sources, in_force)
        rules, differences = examined.rules, examined.differences
        if rules is None:
            return self._refused(examined.problems, actor, dry_run=dry_run)
        report = ImportReport(
            applied=not dry_run,
            problems=examined.problems,
            added=tuple(map(str, differences.added)),
            changed=tuple(map(str, differences.changed)),
            removed=tuple(map(str, differences.removed)),
            digest=rules.digest,
        )
        if dry_run or (station.has_rules and station.rules.digest == rules.digest):
            return report
        station.expect(rules)
        answer = await self._runtime.ask(
            RulesLoaded(
                at=self._runtime.clock.now(),
                digest=rules.digest,
                sources=sources,
                actor=actor,
                directory_digest=directory_digest,
            )
        )
        if not answer.granted:
            return self._refused((Problem(file="rules", message=answer.message),), actor, dry_run=dry_run)
        return report

    def _refused(self, problems: tuple[Problem, ...], actor: Actor, *, dry_run: bool) -> ImportReport:
        if not dry_run:
            self._metrics.rules_loaded(taken=False)
            errors = [problem for problem in problems if problem.severity is Severity.ERROR]
            log.warning("rules.refused", by=actor.id, errors=len(errors), first=str(errors[0]))
        return ImportReport(applied=False, problems=problems)


def examine(sources: Mapping[str, str], in_force: Mapping[str, str] | None = None) -> Examined:
    """A set that fails the tests in its own packs is a bad set."""
    loaded = load(sources)
    if loaded.ruleset is None:
        return Examined(rules=None, problems=loaded.problems)
    shipped_files = {name for name, text in shipped.sources().items() if sources.get(name) == text}
    failed = [result for result in packtest.run(loaded.ruleset) if not result.passed]
    if failed:
        problems = tuple(
            Problem(
                file=result.file,
                line=result.line,
                message=f"the test {result.name!r} fails: {'; '.join(result.differences)}",
                advice=_SHIPPED_TEST if result.file in shipped_files else "mend the route or the test",
            )
            for result in failed
        )
        return Examined(rules=None, problems=(*loaded.problems, *problems))
    return Examined(rules=loaded.ruleset, problems=loaded.problems, differences=_differences(in_force, loaded))


def _differences(in_force: Mapping[str, str] | None, loaded: Loaded) -> Differences:
    before = load(in_force) if in_force is not None else None
    return compare(before, loaded) if before is not None and before.ruleset is not None else Differences()


def read_overlay(directory: Path | None) -> dict[str, str]:
    """Files of the rules directory by relative path, hidden ones passed over. OverlayError names what is unreadable."""
    if directory is None:
        return {}
    try:
        if not directory.is_dir():
            raise OverlayError(
                Problem(
                    file=str(directory),
                    message="the rules directory does not exist",
                    advice="make it, or take rules.overlay out of the settings",
                )
            )
        paths = yaml_files(directory)
    except OSError as error:
        raise _unreadable(str(error.filename or directory), error) from None
    overlays: dict[str, str] = {}
    for path in paths:
        relative = path.relative_to(directory).as_posix()
        try:
            overlays[relative] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            problem = Problem(file=relative, message="this file is not UTF-8 text", advice="save it as UTF-8")
            raise OverlayError(problem) from None
        except OSError as error:
            raise _unreadable(relative, error) from None
    return overlays


def _unreadable(file: str, error: OSError) -> OverlayError:
    advice = "let arcd read it" if error.errno in (errno.EACCES, errno.EPERM) else "put it right, or remove it"
    return OverlayError(Problem(file=file, message=f"this cannot be read: {error.strerror}", advice=advice))
