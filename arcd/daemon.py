"""The composition root: what the daemon is made of, and its life from start to stop.

One rule: nothing is started half-way. Everything that can be wrong (settings, keys, store, rules, site base, addresses)
is found before the first panel is answered, and said in a sentence that tells the administrator what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import structlog

from arcd import __version__
from arcd.administration import Administration, has_errors
from arcd.api.admin import admin_app
from arcd.api.authority import take_answer
from arcd.api.desk import Busy, ImportReport, LineHealth, Listener, Status
from arcd.api.guard import guard_app
from arcd.api.serving import serve_app
from arcd.channels import make_auditor, make_effectors, make_escalation
from arcd.checks import Check
from arcd.clock import Clock, SystemClock
from arcd.core.case.authority.policy import Connector
from arcd.core.directory import local_time
from arcd.core.effects import Answer
from arcd.core.facts import Actor, AnyFact, JournalRestored, KeyChangeRequested, Started, Stopped
from arcd.core.state import State
from arcd.core.station import Station
from arcd.credentials import CredentialError, Kek, Keyring, KeySafe, load_kek
from arcd.dialects import ESPA
from arcd.effectors.pager import PagerEffector
from arcd.effectors.relay import RelayEffector
from arcd.field_map import FieldMap
from arcd.field_receiving import make_field_gateways, make_intake_gateways, make_lines
from arcd.gateways import Gateway
from arcd.gateways.espa import EspaGateway
from arcd.gateways.kept_open import KeptOpenGateway
from arcd.gateways.line import Line
from arcd.gateways.line_tcp import LineServerGateway
from arcd.gateways.listeners import Listening
from arcd.gateways.tcp import TcpGateway
from arcd.guard_links import LinkSigner
from arcd.health import create_health_app
from arcd.listener_watch import ListenerWatch
from arcd.listening import Sockets, take_sockets
from arcd.metrics import Metrics
from arcd.observing import Observing
from arcd.outgoing import Outputs
from arcd.receiving import lines_set_up, make_gateways
from arcd.restoring import forget_marker, read_marker
from arcd.rule_changes import RuleChanges
from arcd.runtime import Runtime, RuntimeLimits
from arcd.self_watch import SelfWatch
from arcd.settings import Settings
from arcd.sitebase import is_there
from arcd.start_error import StartError
from arcd.store import Entry, Store
from arcd.store.sqlite import SqliteStore
from arcd.systemd import Notifier, Progress, Watchdog, watchdog_interval_s
from arcd.tls_certificate import TlsCertificate
from protocols.secrets import WireKey
from rules.engine import RuleSet

log = structlog.get_logger(__name__)

NS = 1_000_000_000
# How long a part of the loop may show no sign of life before the watchdog is no longer fed.
PROGRESS_LIMITS_S = {"time": 10.0, "commit": 30.0}
LOOK_AROUND_S = 1.0  # gauges, disk, loop lag
DRAIN_S = 15.0  # below TimeoutStopSec of the unit
ADMINISTRATOR = Actor(id="daemon", name="at start")


class Daemon:
    """Everything put together. Implements `arcd.api.desk.Desk`."""

    def __init__(self, settings: Settings, *, clock: Clock | None = None, store: Store | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self._kek = _kek(settings)
        self.links = LinkSigner.under(self._kek, settings.api.guard_base_url)
        self._escalation = make_escalation(settings, self.clock)
        self._lines = make_lines(settings)
        outputs = [RelayEffector(lines=self._lines, now=self.clock.now)] if self._lines.lines else []
        effectors = [
            *make_effectors(settings, self.links, self.clock),
            *self._escalation.effectors,
            *outputs,
            *self._pager(),
        ]
        self.metrics = Metrics(
            version=__version__,
            protocols=sorted({"dc09", *(line.dialect for line in settings.lines)}),
            channels=[effector.name for effector in effectors],
            outputs=[output.name for output in settings.outputs],
        )
        self.progress = Progress(PROGRESS_LIMITS_S, monotonic_s=self.clock.monotonic_s)
        self.station = Station()
        self._keyring = Keyring(self._kek)
        self._field = FieldMap()
        self._store = store or SqliteStore(settings.store.path)
        self._observing = Observing(
            metrics=self.metrics, progress=self.progress, state=self.station.state, watch=self.station.watch
        )
        self.runtime = Runtime(
            station=self.station,
            store=self._store,
            clock=self.clock,
            effectors=effectors,
            profiles_changed=self._profiles_changed,
            observer=self._observing,
            limits=RuntimeLimits(
                queue_depth_max=settings.limits.queue_depth_max,
                batch_max=settings.limits.batch_max,
                checkpoint_interval_s=settings.store.checkpoint_interval_s,
            ),
        )
        self._certificate = None if settings.dc09.tls is None else TlsCertificate(settings.dc09.tls)
        self.audit = make_auditor(
            settings, runtime=self.runtime, metrics=self.metrics, clock=self.clock, effectors=effectors
        )
        self.outputs = Outputs(settings.outputs, runtime=self.runtime, clock=self.clock, metrics=self.metrics)
        self._listener_watch = ListenerWatch(post=self.runtime.post, clock=self.clock, metrics=self.metrics)
        self._self_watch = SelfWatch(
            runtime=self.runtime,
            observing=self._observing,
            metrics=self.metrics,
            progress=self.progress,
            clock=self.clock,
            store=settings.store,
            certificate=self._certificate,
            others=lambda: chain(
                self.audit.checkpoints.readings(), self.outputs.readings(), self._listener_watch.readings()
            ),
        )
        self._administration = Administration(runtime=self.runtime, kek=self._kek)
        self._rule_changes = RuleChanges(runtime=self.runtime, metrics=self.metrics, directory=settings.rules.overlay)
        self._gateways: list[Gateway] = []
        self._listeners: list[Listener] = []
        self._started_at = 0
        self._last_entry_at: int | None = None
        self._restored_head = ""
        self._stopping = asyncio.Event()

    def _pager(self) -> list[PagerEffector]:
        names = [line.name for line in self.settings.lines if line.dialect == ESPA]
        if not names:
            return []
        return [
            PagerEffector(names, lambda: {each.name: each for each in self._gateways if isinstance(each, EspaGateway)})
        ]

    # ------------------------------------------------------------------------------------------------------- its life

    async def serve(self, notifier: Notifier) -> None:
        """Run until `stop` is called or a signal asks for it. StartError, StoreError, ListenError end it at once."""
        async with contextlib.AsyncExitStack() as at_the_end:
            sockets = take_sockets(self.settings)
            at_the_end.callback(sockets.close)
            # Also when the start or a commit fails: the store's threads would keep a failed process from ending.
            at_the_end.push_async_callback(self.runtime.close)
            at_the_end.push_async_callback(self.audit.checkpoints.close)
            await self._restore()
            async with asyncio.TaskGroup() as tasks:
                loop_task = tasks.create_task(self.runtime.run(), name="runtime")
                await self._first_facts()
                async with self._listening(sockets):
                    watch = tasks.create_task(self._self_watch.run(), name="self watch")
                    feeding = tasks.create_task(_feed(notifier, self.progress), name="watchdog")
                    runs = [tasks.create_task(gateway.run(), name=gateway.name) for gateway in self._gateways]
                    runs.append(tasks.create_task(self._listener_watch.run(), name="listeners"))
                    inbox = self._escalation.inbox(self._take_answer)
                    if inbox is not None:
                        runs.append(tasks.create_task(inbox.run(), name="authority's answers"))
                    runs.append(tasks.create_task(self.audit.run(), name="audit"))
                    self.outputs.begin(sockets.outputs)
                    runs.append(tasks.create_task(self.outputs.run(), name="outputs"))
                    self._say_ready(notifier)
                    await self._stopping.wait()
                    notifier.stopping("stopping")
                    await self._drain()
                self.runtime.finish()
                await loop_task
                for task in (*runs, watch, feeding):
                    task.cancel()
            await self.runtime.checkpoint()
            await self.audit.checkpoints.finish()

    def stop(self) -> None:
        self._stopping.set()

    def stop_on_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload_certificate)

    def reload_certificate(self) -> None:
        """SIGHUP: connections that come from now on see the new certificate, those that stand go on."""
        if self._certificate is None or not self._certificate.reload():
            return
        for gateway in self._gateways:
            if isinstance(gateway, TcpGateway) and gateway.tls_context is not None:
                gateway.tls_context = self._certificate.context

    async def _restore(self) -> None:
        self._last_entry_at = await self.runtime.restore()
        self._restored_head = (await self._store.head()).hash.hex()
        try:
            for site in self.state.sites.values():
                self._keyring.update_site(site)
                self._field.update_site(site)
        except CredentialError as error:
            raise StartError(f"{error}") from None

    async def _first_facts(self) -> None:
        """Rules first, because nothing is decided without them; then that we have started; then the site base."""
        machine = self.state.machine.get("machine")
        clean = machine is None or machine.stopped_cleanly
        directory = self.settings.site_base.directory
        is_first_import = not self.state.sites and is_there(directory)
        if is_first_import:
            await self._import_first_sites(directory, dry_run=True)  # a wrong one must leave no entry behind
        await self._load_first_rules()
        self._started_at = self.clock.now()
        self.runtime.post(
            Started(
                at=self._started_at,
                version=__version__,
                down_since=self._last_entry_at,
                clean=clean,
                reply_policy=self.settings.reply.policy(),
                escalation=self.settings.escalation.policy(),
                boot_id=self.clock.boot_id,
                boottime=round(self.clock.monotonic_s() * NS),
                lines=lines_set_up(self.settings),
            )
        )
        restored = read_marker(self.settings.store.path)
        if restored is not None and restored.head_hash == self._restored_head:
            self.runtime.post(
                JournalRestored(
                    at=self.clock.now(),
                    backup=restored.backup,
                    head_at=restored.head_at,
                    by=restored.by,
                    restored_at=restored.at,
                )
            )
        await self.audit.begin()
        await self.runtime.drained()
        forget_marker(self.settings.store.path)
        if is_first_import:
            await self._import_first_sites(directory, dry_run=False)
        # The first question about a holiday loads the calendars of every country; no first alarm should wait for that.
        local_time("Europe/Helsinki", self._started_at)
        self.metrics.started(self._started_at)

    async def _import_first_sites(self, directory: Path, *, dry_run: bool) -> None:
        report = await self._administration.import_directory(
            directory, ADMINISTRATOR, dry_run=dry_run, remove_missing=False
        )
        if has_errors(report.problems):
            raise StartError("\n".join(str(problem) for problem in report.problems))
        for problem in report.problems if dry_run else ():
            log.warning("site_base.problem", problem=str(problem))

    async def _load_first_rules(self) -> None:
        report = await self._rule_changes.at_start()
        for problem in report.problems:
            log.warning("rules.problem", problem=str(problem))
        if report.applied:
            return
        if not self.station.has_rules:
            raise StartError("\n".join(str(problem) for problem in report.problems))
        # The good set goes on; the bad one is in the log and in `arcctl rules check`.
        log.error("rules.refused", in_force=self.station.rules.digest)

    async def _drain(self) -> None:
        """SIGTERM: take nothing new, commit and answer what was taken, say goodbye in the journal."""
        for gateway in self._gateways:
            await gateway.stop_taking()
        self.runtime.flush_heard()
        self.audit.reads.finish()
        self.outputs.finish()
        self.runtime.post(Stopped(at=self.clock.now(), reason="asked to stop"))
        try:
            async with asyncio.timeout(DRAIN_S):
                await self.runtime.drained()
        except TimeoutError:
            log.error("stop.not_drained", waiting=self.runtime.depth)
        await asyncio.sleep(0)  # let the transports write the last replies
        for gateway in self._gateways:
            await gateway.close()

    def _say_ready(self, notifier: Notifier) -> None:
        self.runtime.supervise()
        # Rules and site base stay for good, as code does (`arcd.__main__`): the collector need not walk through them
        # again with alarms waiting.
        gc.collect()
        gc.freeze()
        state = self.state
        log.info(
            "ready",
            sites=len(state.sites),
            open_cases=sum(case.is_open for case in state.cases.values()),
            journal=self.runtime.committed_seq,
            listeners=[listener.address for listener in self._listeners],
        )
        notifier.ready(f"{len(state.sites)} sites, journal at {self.runtime.committed_seq}")

    # ------------------------------------------------------------------------------------------------------ listeners

    @contextlib.asynccontextmanager
    async def _listening(self, sockets: Sockets) -> AsyncIterator[None]:
        """People first, panels last: when the first frame is answered, everything behind it stands."""
        async with contextlib.AsyncExitStack() as stack:
            apps = [
                ("admin", admin_app(self, supervisor_group=self.settings.api.supervisor_group), sockets.admin),
                ("guard", guard_app(self, self._escalation.answers), sockets.guard),
                ("health", create_health_app(self.metrics, self.progress, self._checks), sockets.health),
            ]
            stops = []
            for name, app, listener in apps:
                if listener is not None:
                    served = await stack.enter_async_context(serve_app(app, listener))
                    self._listeners.append(Listener(name=name, address=served.address))
                    stops.append(served.stop)
            self._gateways = make_gateways(
                self.settings, sockets, self._keyring.profile, self.runtime, self.clock, self.metrics, self._certificate
            )
            self._gateways += make_field_gateways(
                self.settings, sockets, self._field, self._lines, self.station, self.runtime, self.clock, self.metrics
            )
            self._gateways += make_intake_gateways(
                self.settings, sockets, self._field, self._kek, self.runtime, self.clock, self.metrics,
                self.audit.eraser.held_pictures,
            )  # fmt: skip
            for gateway in self._gateways:
                await gateway.start()
                if isinstance(gateway, Listening):
                    self._listener_watch.watch(gateway.listeners)
                if isinstance(gateway, KeptOpenGateway):
                    continue  # it listens nowhere, and has a line of its own in `arcctl status`
                self._listeners += [Listener(name=gateway.name, address=address) for address in gateway.addresses]
            for stop in stops:
                stack.callback(stop)  # all at once: each takes a moment, in which nobody would be heard
            yield

    def _profiles_changed(self, site_id: str) -> None:
        site = self.state.sites.get(site_id)
        if site is None:
            self._keyring.remove_site(site_id)
            self._field.remove_site(site_id)
        else:
            self._keyring.update_site(site)
            self._field.update_site(site)

    # ----------------------------------------------------------------------------------------------- watching ourselves

    def _checks(self) -> Sequence[Check]:
        overdue = self.progress.overdue()
        rules = self.station.rules.digest[:12] if self.station.has_rules else "none"
        is_signed, signing = self.audit.checkpoints.told(self.runtime.committed_seq)
        return (
            Check(name="store", ok="commit" not in overdue, detail=f"journal at {self.runtime.committed_seq}"),
            Check(name="loop", ok="time" not in overdue, detail="turning" if "time" not in overdue else "stalled"),
            Check(name="intake", ok=self.runtime.has_room, detail=f"{self.runtime.depth} steps wait for their commit"),
            Check(name="rules", ok=self.station.has_rules, detail=rules),
            Check(name="receiving", ok=bool(self._gateways), detail=f"{len(self._gateways)} gateways"),
            Check(name="audit", ok=is_signed, detail=signing),
            *self._self_watch.checks(),
        )

    # ------------------------------------------------------------------------------------------------------- the desk

    @property
    def state(self) -> State:
        return self.station.state

    @property
    def rules(self) -> RuleSet:
        return self.station.rules

    @property
    def store(self) -> Store:
        return self._store

    def now(self) -> int:
        return self.clock.now()

    def heard_at(self, path_key: str) -> int:
        return self.station.watch.heard_at(path_key)

    async def ask(self, fact: AnyFact) -> Answer:
        if not self.runtime.has_room:
            raise Busy
        return await self.runtime.ask(fact)

    async def import_sites(
        self, files: Mapping[str, str], actor: Actor, *, dry_run: bool, remove_missing: bool
    ) -> ImportReport:
        return await self._administration.import_sites(files, actor, dry_run=dry_run, remove_missing=remove_missing)

    async def change_key(self, site_id: str, account: str, key: WireKey | None, actor: Actor) -> Answer:
        sealed = None if key is None else KeySafe(self._kek).seal(key, account)
        return await self.ask(
            KeyChangeRequested(at=self.now(), site_id=site_id, account=account, actor=actor, key=sealed)
        )

    async def load_rules(self, overlays: Mapping[str, str] | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        return await self._rule_changes.load(overlays, actor, dry_run=dry_run)

    async def roll_back_rules(self, digest: str | None, actor: Actor, *, dry_run: bool) -> ImportReport:
        return await self._rule_changes.roll_back(digest, actor, dry_run=dry_run)

    async def _take_answer(self, body: bytes) -> bool:
        """An authority's answer that came as a file: it can wait for room, and its sender sees where it went."""
        await self.runtime.room()
        return (await take_answer(self, Connector.CAP_FILE.value, body)).granted

    def follow(self, after: int) -> AsyncIterator[Entry]:
        return self.runtime.follow(after)

    def receiver_line(self, name: str) -> Line | None:
        lines = (each.line for each in self._gateways if isinstance(each, KeptOpenGateway | LineServerGateway))
        return next((line for line in lines if line.name == name), None)

    def status(self) -> Status:
        cases_open: dict[str, int] = {}
        for case in self.state.cases.values():
            if case.is_open:
                cases_open[case.priority.value] = cases_open.get(case.priority.value, 0) + 1
        return Status(
            version=__version__,
            started_at=self._started_at,
            now=self.clock.now(),
            journal_seq=self.runtime.committed_seq,
            rules_digest=self.station.rules.digest,
            sites=len(self.state.sites),
            accounts=sum(len(system.accounts) for site in self.state.sites.values() for system in site.systems),
            cases_open=dict(sorted(cases_open.items())),
            flags=len(self.state.flags),
            outbox=self.runtime.outbox_depth(),
            queue_depth=self.runtime.depth,
            listeners=tuple(self._listeners),
            checks=tuple(self._checks()),
            outputs=self.outputs.healths(),
            lines=tuple(
                LineHealth(
                    name=name,
                    dialect=line.set_up.dialect,
                    where=line.set_up.where,
                    state=line.said,
                    since=line.fault_since or line.silent_since,
                    last_heard=self.station.line_heard_at(name),
                )
                for name, line in self.state.receiver_lines.items()
            ),
        )


def _kek(settings: Settings) -> Kek:
    try:
        return load_kek(file=settings.kek.file)
    except CredentialError as error:
        raise StartError(f"{error}") from None


async def _feed(notifier: Notifier, progress: Progress) -> None:
    interval_s = watchdog_interval_s()
    if interval_s is not None:
        await Watchdog(notifier, progress).run(interval_s)
