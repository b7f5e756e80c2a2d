"""`python -m tests.bench.supervision`: 120,000 supervised paths in one daemon, real heartbeats over UDP for a minute.

    python -m tests.bench.supervision [--seconds S] [--quick] [--directory DIR]

100,000 paths speak every 90 s, 20,000 every 20 s, each at its own moment; some of the latter fall silent. What must
hold: every one of those is reported within its category's reporting time and not before its silence is allowed to be
called one, and nobody else is. Printed: what a heartbeat costs, what a path weighs, what the journal takes, and that
looking costs by what has fallen silent and not by what there is.

One rule: the daemon is the real process on the real store; it is given its sites through its journal, because reading
120,000 systems from YAML is not what is measured here.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import msgspec

from arcd.clock import SystemClock
from arcd.core.facts import DAEMON, CentreImported, RulesLoaded, SiteImported, Stopped
from arcd.core.record import StepRecord
from arcd.core.site import Account, Centre, Reporting, Site, System, TransmissionPath
from arcd.core.station import Station
from arcd.core.supervision.limits import limits_of
from arcd.core.supervision.paths import paths_of
from arcd.core.supervision.watch import SILENT_MAX, Watch
from arcd.runtime import Runtime
from arcd.store.sqlite import SqliteStore
from rules import shipped
from tests.bench.heartbeats import Order, Panels, Sent
from tests.e2e.installations import centre as written_centre
from tests.e2e.installations import site as written_site
from tests.process import ROOT, Daemon, Installation
from tests.shift.centre import Unwatched
from tests.sites import a_centre

NS = 1_000_000_000
SYSTEMS_PER_SITE = 100
SILENT = 60  # of the quick ones: fewer than make a storm
SILENT_FROM_S = 2.0
SLOW, QUICK = ("A", 90.0, "SP4"), ("B", 20.0, "SP5")
READ_AGAIN_S = 0.2


def main() -> int:
    options = _options()
    slow, quick = (10_000, 2_000) if options.quick else (100_000, 20_000)
    print(f"{slow:,} paths at {SLOW[1]:.0f} s ({SLOW[2]}), {quick:,} at {QUICK[1]:.0f} s ({QUICK[2]})")
    print(f"{os.cpu_count()} processors shared by daemon and load, load average before {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory(prefix="arcd-bench-", dir=options.directory) as name:
        failed = _served(Path(name), slow, quick, options.seconds)
    _looking(slow + quick)
    return failed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.supervision")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="of heartbeats")
    parser.add_argument("--quick", action="store_true", help="a tenth of the paths")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="where the journal lies")
    return parser.parse_args()


# ------------------------------------------------------------------------------------------------------------ the scene


def _sites(prefix: str, count: int, interval_s: float, category: str) -> list[Site]:
    # One missed heartbeat of the quick ones is a fault, so that faults fall due within the minute.
    reporting = Reporting(missed=1) if prefix == QUICK[0] else Reporting()
    path = TransmissionPath(id="ip", interval_s=interval_s)
    return [
        Site(
            id=f"{prefix}-{first}",
            name=f"Site {prefix}-{first}",
            systems=tuple(
                System(
                    id=f"s{number}", kind="intrusion", accounts=(Account(number=f"{prefix}{number}"),),
                    category=category, paths=(path,), reporting=reporting,
                )
                for number in range(first, min(first + SYSTEMS_PER_SITE, count))
            ),
        )
        for first in range(0, count, SYSTEMS_PER_SITE)
    ]  # fmt: skip


async def _fill(journal: Path, slow: int, quick: int) -> None:
    """A journal whose last run has said goodbye, with the sites in force."""
    runtime = Runtime(
        station=Station(), store=SqliteStore(journal), clock=SystemClock(), effectors=(),
        profiles_changed=lambda _: None, observer=Unwatched(),
    )  # fmt: skip
    await runtime.restore()
    now = runtime.clock.now()
    async with asyncio.TaskGroup() as tasks:
        loop_task = tasks.create_task(runtime.run())
        runtime.post(RulesLoaded(at=now, digest="", sources=shipped.sources(), actor=DAEMON))
        centre: Centre = a_centre()
        runtime.post(CentreImported(at=now, centre=centre, actor=DAEMON))
        for site in (*_sites(SLOW[0], slow, *SLOW[1:]), *_sites(QUICK[0], quick, *QUICK[1:])):
            runtime.post(SiteImported(at=now, site=site, actor=DAEMON))
        runtime.post(Stopped(at=now, reason="asked to stop"))
        await runtime.drained()
        runtime.finish()
        await loop_task
    await runtime.checkpoint()
    await runtime.close()


# ---------------------------------------------------------------------------------------------------------- the minute


def _served(directory: Path, slow: int, quick: int, seconds: float) -> int:
    installation = Installation(directory, centre=written_centre([]), sites=[written_site("K-1", "1")], fresh=True)
    asyncio.run(_fill(installation.journal, slow, quick))
    started_s = time.monotonic()
    with installation.running() as daemon:
        ready_s = time.monotonic() - started_s
        idle = sum(daemon.processor_s())
        sent = _send(installation.dc09_port, slow, quick, seconds)
        used_s = sum(daemon.processor_s()) - idle
        resident_kib = _resident_kib(daemon)
    print(f"ready after {ready_s:.1f} s; {sent.heartbeats:,} heartbeats in {seconds:.0f} s "
          f"({sent.heartbeats / seconds:,.0f}/s), {sent.acknowledged:,} acknowledged, {sent.repeats} repeated, "
          f"{sent.given_up} given up; the load itself was late by {sent.late_ms_max:.0f} ms at most")  # fmt: skip
    print(
        f"processor {used_s:.1f} s, all of it together: {1e6 * used_s / max(1, sent.acknowledged):.0f} µs a heartbeat"
    )
    each = 1024 * resident_kib / (slow + quick)
    print(f"resident {resident_kib / 1024:.0f} MiB: {each:.0f} B a path, with its site, system, account and the daemon")
    return _judge(installation.journal, sent, seconds)


def _send(port: int, slow: int, quick: int, seconds: float) -> Sent:
    groups = [
        Panels(prefix=SLOW[0], count=slow, interval_s=SLOW[1]),
        Panels(prefix=QUICK[0], count=quick, interval_s=QUICK[1], silent=SILENT, silent_from_s=SILENT_FROM_S),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.heartbeats"],
        input=msgspec.json.encode(Order(port=port, seconds=seconds, groups=groups)),
        stdout=subprocess.PIPE, cwd=ROOT, check=True,
    )  # fmt: skip
    return msgspec.json.decode(done.stdout, type=Sent)


def _resident_kib(daemon: Daemon) -> int:
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _judge(journal: Path, sent: Sent, seconds: float) -> int:
    """0 when every silent path was reported in time and nobody else was."""
    heard_bytes: list[int] = []
    delays: list[float] = []
    blamed: set[str] = set()
    decoder = msgspec.json.Decoder(StepRecord)
    with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
        for kind, body in connection.execute(
            "SELECT kind, body FROM entry JOIN payload USING (seq) WHERE kind IN "
            "('accounts_heard', 'deadline_reached', 'paths_silent') ORDER BY seq"
        ):
            if kind == "accounts_heard":
                heard_bytes.append(len(body))
            for note in decoder.decode(body).notes:
                if note.what == "path.reported":
                    delays.append(float(note.detail["delay_s"] or 0.0))
                if note.what == "ats.failed":
                    blamed.add(str(note.detail["system"])[1:])
    expected = {str(number) for number in range(SILENT)}
    path = TransmissionPath(id="ip", interval_s=QUICK[1])
    limits = limits_of(System(id="s", kind="intrusion", category=QUICK[2], reporting=Reporting(missed=1)), path)
    early = sum(each < limits.silent_s for each in delays)
    late = sum(each > limits.reporting_s for each in delays)
    wrong, missing = len(blamed - expected), len(expected - blamed)
    print(f"\nsilent {SILENT}, reported {len(delays)}, {min(delays, default=0):.2f} to {max(delays, default=0):.2f} s "
          f"after they were last heard; allowed: {limits.silent_s:.1f} to {limits.reporting_s:.0f} s")  # fmt: skip
    print(f"false faults {wrong}, missing {missing}, early {early}, late {late}")
    each = sum(heard_bytes) / max(1, len(heard_bytes))
    print(f"last-heard times in the journal: {each:.0f} B an entry, {each * 120 / 1024:.0f} KiB an hour for all paths "
          f"together ({len(heard_bytes)} entries in {seconds:.0f} s)")  # fmt: skip
    return 1 if wrong or missing or early or late else 0


# -------------------------------------------------------------------------------------------------------------- looking


def _looking(paths: int) -> None:
    """One look at so many paths, with so many of them silent."""
    silents = (0, 10, 100, SILENT_MAX)
    print(f"\n{'looking, µs':>18} " + "".join(f"{silent:>10} silent" for silent in silents))
    for count in (paths // 100, paths // 10, paths):
        row = "".join(f"{_look_us(count, silent):17.1f}" for silent in silents)
        print(f"{count:>12,} paths {row}")
    gc.collect()
    before_kib = _own_resident_kib()
    watch = _watch(paths)
    own = 1024 * (_own_resident_kib() - before_kib) / paths
    print(f"\nthe watch itself: {own:.0f} B a path; {_hear_us(watch, paths):.2f} µs to note a heartbeat in it")


def _watch(count: int) -> Watch:
    watch = Watch()
    for site in _sites(SLOW[0], count, *SLOW[1:]):
        for system in site.systems:
            for path in paths_of(site, system):
                watch.put(path, 0)
                watch.hear(path.key, NS)
    return watch


def _look_us(count: int, silent: int) -> float:
    watch = _watch(count)
    for number in range(silent, count):
        watch.hear(f"A-{number // SYSTEMS_PER_SITE * SYSTEMS_PER_SITE}/s{number}/ip", 20 * NS)
    began = time.perf_counter()
    found = watch.take_silent(150 * NS)  # 145 s of silence are allowed, and those who spoke at 1 s are late
    passed = time.perf_counter() - began
    assert len(found) == silent
    return passed * 1e6


def _hear_us(watch: Watch, count: int) -> float:
    keys = [f"A-{number // SYSTEMS_PER_SITE * SYSTEMS_PER_SITE}/s{number}/ip" for number in range(count)]
    began = time.perf_counter()
    for number, key in enumerate(keys):
        watch.hear(key, 2 * NS + number)
    return (time.perf_counter() - began) * 1e6 / count


def _own_resident_kib() -> int:
    text = Path("/proc/self/statm").read_text().split()
    return int(text[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


if __name__ == "__main__":
    sys.exit(main())
