"""`make bench`: acknowledged and durable signals per second and their latency, beside the ceiling of this machine.

    python -m tests.bench [--quick] [--json FILE] [--only WORDS] [--seconds S] [--profile FILE]

Every row is a real daemon with an empty journal and a load generator in a process of its own; both share the machine.
An acknowledged signal is counted only when the journal on disk has it afterwards. Figures of two runs compare only on
an idle machine; within one run the ratio to the echo of the same frames does.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.bench.ceiling import syncs_per_second
from tests.bench.rows import ACCOUNTS, KEY, Measured, Order, Row, account_of, rows
from tests.e2e.installations import centre, site
from tests.process import ROOT, Installation, free_ports

WARM_UP_S = 1.5
MEASURE_S = 5.0
QUICK_S = 1.5


class Result(Struct, frozen=True, kw_only=True):
    name: str
    connections: int
    window: int
    measured: Measured
    bytes_per_signal: float = 0.0  # of journal file and log
    # Processor time of the daemon per acknowledged signal. Other work on the machine hardly changes it.
    loop_us: float = 0.0
    store_us: float = 0.0


class Report(Struct, frozen=True, kw_only=True):
    python: str
    machine: str
    processors: int
    load_before: float
    syncs_per_second: float
    measure_s: float
    results: list[Result]


def main() -> int:
    options = _options()
    measure_s = QUICK_S if options.quick else options.seconds
    chosen = [
        row for row in rows(quick=options.quick) if all(word in row.name.split() for word in options.only.split())
    ]
    chosen = [row for row in chosen if not options.connections or row.connections == options.connections]
    with tempfile.TemporaryDirectory(prefix="arcd-bench-", dir=options.directory) as name:
        directory = Path(name)
        report = Report(
            python=platform.python_version(),
            machine=platform.machine(),
            processors=os.cpu_count() or 1,
            load_before=os.getloadavg()[0],
            syncs_per_second=syncs_per_second(directory),
            measure_s=measure_s,
            results=[],
        )
        _print_head(report)
        for number, row in enumerate(chosen):
            place = directory / str(number)
            place.mkdir()
            result = _echoed(row, measure_s) if row.is_echo else _served(row, place, measure_s, options.profile)
            report.results.append(result)
            _print_result(result)
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Benchmark of the whole daemon.")
    parser.add_argument("--quick", action="store_true", help="50 connections only, shorter")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", default="", metavar="WORDS", help="rows whose name has all these words: 'tcp plain'")
    parser.add_argument("--connections", type=int, default=0, metavar="N", help="rows with so many connections only")
    parser.add_argument("--seconds", type=float, default=MEASURE_S, metavar="S", help="measured time of a row")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="where the journals lie: the disk to measure")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="run the daemon under cProfile, for pstats")
    return parser.parse_args()


def _served(row: Row, directory: Path, measure_s: float, profile: Path | None) -> Result:
    key = KEY if row.is_keyed else None
    sites = [site(f"K-{number}", account_of(number), key=key) for number in range(ACCOUNTS)]
    installation = Installation(
        directory, centre=centre([]), sites=sites, settings={"log": {"level": "info"}}, fresh=True
    )
    python = ("-m", "cProfile", "-o", str(profile.absolute())) if profile is not None else ()
    with installation.running(python=python) as daemon:
        before = daemon.processor_s()
        measured = _load(Order(row=row, port=installation.dc09_port, warm_up_s=WARM_UP_S, measure_s=measure_s))
        used = [after - start for after, start in zip(daemon.processor_s(), before, strict=True)]
        size = sum(path.stat().st_size for path in directory.glob("journal.sqlite*"))
    durable = _signals_in(installation.journal)
    assert measured.refused == 0, "the daemon refused frames of the benchmark"
    assert durable >= measured.acknowledged_ever, f"{measured.acknowledged_ever} acknowledged, {durable} on disk"
    each_us = [1e6 * seconds / max(1, measured.acknowledged_ever) for seconds in used]
    return Result(
        name=row.name,
        connections=row.connections,
        window=row.window,
        measured=measured,
        bytes_per_signal=size / max(1, durable),
        loop_us=each_us[0],
        store_us=each_us[1],
    )


def _echoed(row: Row, measure_s: float) -> Result:
    [port] = free_ports(1)
    with _echo_server(port):
        measured = _load(Order(row=row, port=port, warm_up_s=WARM_UP_S, measure_s=measure_s))
    return Result(name=row.name, connections=row.connections, window=row.window, measured=measured)


@contextlib.contextmanager
def _echo_server(port: int) -> Iterator[None]:
    server = subprocess.Popen([sys.executable, "-m", "tests.bench.ceiling", str(port)], cwd=ROOT)
    try:
        for _ in range(200):
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield
    finally:
        server.kill()
        server.wait()


def _load(order: Order) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=msgspec.json.encode(order),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Measured)


def _signals_in(journal: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM entry WHERE kind = 'frame_received'").fetchone()[0])


def _print_head(report: Report) -> None:
    print(
        f"Python {report.python} on {report.machine}, {report.processors} processors shared by daemon and load, load "
        f"average before {report.load_before:.1f}; the disk syncs {report.syncs_per_second:,.0f} pages/s one by one\n"
    )
    print(f"{'':22} {'conns':>5} {'window':>6} {'signals/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} "
          f"{'repeats':>7} {'B/signal':>8} {'loop µs':>8} {'store µs':>8}")  # fmt: skip


def _print_result(result: Result) -> None:
    found = result.measured
    print(
        f"{result.name:22} {result.connections:5} {result.window:6} {found.per_second:10,.0f} {found.p50_ms:8.2f} "
        f"{found.p99_ms:8.2f} {found.max_ms:8.2f} {found.repeats:7} {result.bytes_per_signal:8,.0f} "
        f"{result.loop_us:8.0f} {result.store_us:8.0f}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
