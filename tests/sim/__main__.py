"""`python -m tests.sim`: one seed as a story, or very many with their progress.

    python -m tests.sim --seed 4711 [--world "bad lines"]
    python -m tests.sim --seeds 100000 [--from 0] [--world …] [--workers 2]

One rule: a failure is printed, remembered in regressions.txt, and ends the search with exit status 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.sim.plots import plot_of, plots
from tests.sim.running import Run, SimulationError, play, remember, uncollected

CHUNK = 25
SHOWN_OF_A_KIND = 3


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="play this one and tell its story")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first of them")
    parser.add_argument("--world", default="", help=f"one of: {', '.join(plot.name for plot in plots())}")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first failure")
    chosen = parser.parse_args()
    try:
        plot_of(0, chosen.world)
    except ValueError as error:
        parser.error(str(error))
    if chosen.seed is not None:
        return _tell(chosen.seed, chosen.world)
    return _search(chosen.first, chosen.seeds, chosen.world, chosen.workers, chosen.keep_going)


def _tell(seed: int, world: str) -> int:
    try:
        run = play(seed, name=world, teller=lambda at_s, text: print(f"{at_s:12.3f}  {text}"))
    except SimulationError as failure:
        print(failure)
        return 1
    print(
        f"seed {seed} holds in “{run.world}”: {run.entries} entries, {run.lives} lives, {run.hours:.1f} h, {run.head}"
    )
    return 0


def _play_many(told: tuple[int, int, str]) -> tuple[list[Run], list[tuple[int, str, str, str]]]:
    first, count, world = told
    runs, failures = [], []
    with uncollected():
        for seed in range(first, first + count):
            try:
                runs.append(play(seed, name=world))
            except SimulationError as failure:
                remember(failure)
                failures.append((seed, failure.world_name, str(failure.error)[:160], str(failure)))
    return runs, failures


def _search(first: int, count: int, world: str, workers: int, keep_going: bool) -> int:
    began_s = time.monotonic()
    tasks = [(at, min(CHUNK, first + count - at), world) for at in range(first, first + count, CHUNK)]
    done, hours, entries, lives, failed = 0, 0.0, 0, 0, Counter[str]()
    with multiprocessing.Pool(workers) as pool:
        for runs, failures in pool.imap_unordered(_play_many, tasks):
            done += len(runs) + len(failures)
            hours += sum(run.hours for run in runs)
            entries += sum(run.entries for run in runs)
            lives += sum(run.lives for run in runs)
            rate = done / (time.monotonic() - began_s)
            if sys.stderr.isatty() or done % 1000 < CHUNK:
                print(f"{done}/{count} seeds, {hours:,.0f} virtual hours, {rate:.0f} seeds/s", file=sys.stderr)
            for seed, name, error, text in failures:
                failed[error[:24]] += 1
                if not keep_going or failed[error[:24]] <= SHOWN_OF_A_KIND:
                    print(text if not keep_going else f"seed {seed} in “{name}”: {error}")
            if failed and not keep_going:
                return 1
    seconds = time.monotonic() - began_s
    print(
        f"{done} seeds in {seconds:.0f} s ({done / seconds:.0f}/s): {hours:,.0f} virtual hours, {entries:,} entries, "
        f"{lives:,} lives of the daemon, {sum(failed.values())} failures"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
