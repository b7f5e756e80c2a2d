"""One serial line at 115200 baud, saturated, beside DC-09 at the benchmark's rate: who delays or loses what?

    python -m tests.bench.lines [--seconds S]

Each row is a real daemon with an empty journal: DC-09 alone, the line alone, both. What was sent on the line and what
was acknowledged to DC-09 is counted in the journal on disk. Compare rows of one run: the load shares the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pty
import sqlite3
import subprocess
import sys
import tempfile
import tty
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.bench.line_load import ACCOUNT_FIRST, ACCOUNTS
from tests.bench.rows import ACCOUNTS as DC09_ACCOUNTS
from tests.bench.rows import Measured, Order, Row, account_of
from tests.e2e.installations import centre, site
from tests.process import ROOT, Installation, until

BAUD = 115_200
WARM_UP_S = 1.5
DELAY_MS_MAX = 100.0  # at p99, on both
LINE = "receiver"


class Found(Struct, frozen=True, kw_only=True):
    dc09: Measured | None
    line: Measured | None
    dc09_durable: int
    line_durable: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lines", description="A saturated line beside DC-09.")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="measured time of a row")
    parser.add_argument("--connections", type=int, default=50, choices=(1, 50, 500), help="of DC-09")
    options = parser.parse_args()
    print(f"{os.cpu_count()} processors shared by daemon and load, load average before {os.getloadavg()[0]:.1f}")
    print(f"{'':34} {'sent/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'sent':>8} {'durable':>8}")
    within = True
    with tempfile.TemporaryDirectory(prefix="arcd-lines-") as name:
        for number, (with_dc09, how) in enumerate(
            ((True, ""), (False, "waits"), (True, "waits"), (False, "rushes"), (True, "rushes"))
        ):
            place = Path(name) / str(number)
            place.mkdir()
            found = measure(place, options.seconds, options.connections if with_dc09 else 0, how)
            within &= _print(found, how, alone=not (with_dc09 and how))
    verdict = "within" if within else "NOT WITHIN"
    print(f"every signal is on disk, and p99 of each beside the other is {verdict} {DELAY_MS_MAX:g} ms")
    return 0 if within else 1


def measure(directory: Path, seconds: float, connections: int, how: str) -> Found:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    port = os.ttyname(slave)
    sites = [site(f"K-{number}", account_of(number)) for number in range(DC09_ACCOUNTS)]
    sites += [site(f"L-{number}", str(ACCOUNT_FIRST + number)) for number in range(ACCOUNTS)]
    line = {"name": LINE, "dialect": "surgard", "heartbeat_s": 0, "serial": {"port": port, "mode": f"{BAUD} 8N1"}}
    installation = Installation(
        directory,
        centre=centre([]),
        sites=sites,
        settings={"lines": [line], "log": {"level": "info"}},
        fresh=True,
    )
    with installation.running() as _:
        until("the port is open", lambda: "line.open" in installation.said())
        os.close(slave)
        dc09, receiver = None, None
        if connections:
            order = Order(
                row=Row(transport="tcp", is_keyed=False, connections=connections), port=installation.dc09_port,
                warm_up_s=WARM_UP_S, measure_s=seconds,
            )  # fmt: skip
            dc09 = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            assert dc09.stdin is not None
            dc09.stdin.write(msgspec.json.encode(order))
            dc09.stdin.close()
        if how:
            receiver = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.line_load", str(master), str(BAUD), str(seconds), how],
                cwd=ROOT, stdout=subprocess.PIPE, pass_fds=[master],
            )  # fmt: skip
        measured = [_result(process) for process in (dc09, receiver)]
    os.close(master)
    return Found(
        dc09=measured[0],
        line=measured[1],
        dc09_durable=_durable(installation.journal, "dc09-tcp"),
        line_durable=_durable(installation.journal, LINE),
    )


def _result(process: subprocess.Popen[bytes] | None) -> Measured | None:
    if process is None:
        return None
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait() == 0
    return msgspec.json.decode(said, type=Measured)


def _durable(journal: Path, gateway: str) -> int:
    with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
        question = "SELECT count(*) FROM payload WHERE instr(CAST(body AS TEXT), ?) > 0"
        return int(connection.execute(question, (f'"gateway":"{gateway}"',)).fetchone()[0])


def _print(found: Found, how: str, *, alone: bool) -> bool:
    within = True
    for name, measured, durable in (
        (f"DC-09 {'alone' if alone else f'beside a line that {how}'}", found.dc09, found.dc09_durable),
        (f"line that {how} {'alone' if alone else 'beside DC-09'}", found.line, found.line_durable),
    ):
        if measured is None:
            continue
        assert durable >= measured.acknowledged_ever, f"{name}: {measured.acknowledged_ever} sent, {durable} on disk"
        within &= alone or measured.p99_ms <= DELAY_MS_MAX  # alone it delays nobody: a row to compare with
        print(
            f"{name:34} {measured.per_second:8,.0f} {measured.p50_ms:8.2f} {measured.p99_ms:8.2f} "
            f"{measured.max_ms:8.2f} {measured.acknowledged_ever:8,} {durable:8,}",
            flush=True,
        )
    return within


if __name__ == "__main__":
    sys.exit(main())
