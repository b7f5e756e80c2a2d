"""Coverage-guided search: `python -m tests.fuzz [--seconds 60] [TARGET …]`. Needs atheris (`make fuzz` installs it).

One process for each target, one after the other. What raises is written to `fuzz-findings/TARGET-…`; the inputs that
reach new code are kept under `--corpus` (default: var/fuzz, not in the repository). Exit code 1 for any finding.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import INPUT_BYTES_MAX, TARGETS, seeds

SEARCH = "--search-in-this-process"  # then the target and libFuzzer's own arguments
MEMORY_MB_MAX = 1024
INPUT_SECONDS_MAX = 10


def main() -> int:
    if sys.argv[1:2] == [SEARCH]:
        return _search(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} [all]")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, default=Path("var/fuzz"))
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    asked = parser.parse_args()
    unknown = sorted(set(asked.targets) - set(TARGETS))
    if unknown:
        parser.error(f"there is no target {unknown[0]}; there are {', '.join(TARGETS)}")
    failed = [name for name in asked.targets or TARGETS if not _run(name, asked)]
    print("no findings" if not failed else f"findings in {', '.join(failed)}: see {asked.findings}/")
    return 1 if failed else 0


def _run(name: str, asked: argparse.Namespace) -> bool:
    corpus = asked.corpus / name
    corpus.mkdir(parents=True, exist_ok=True)
    asked.findings.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number:02d}").write_bytes(seed)
    command = [
        sys.executable, "-m", "tests.fuzz", SEARCH, name, str(corpus),
        f"-max_total_time={asked.seconds}", f"-max_len={INPUT_BYTES_MAX}", f"-timeout={INPUT_SECONDS_MAX}",
        f"-rss_limit_mb={MEMORY_MB_MAX}", f"-artifact_prefix={asked.findings}/{name}-", "-print_final_stats=1",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    figures = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
    covered = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", done.stderr)
    reached = f"{covered[-1][0]} edges, corpus {covered[-1][2]}" if covered else "nothing"
    executed = int(figures.get("number_of_executed_units", 0))
    outcome = "ok" if done.returncode == 0 else "FOUND"
    print(f"{name:24} {outcome:6} {executed:>10,} executions  {reached}", flush=True)
    if done.returncode:
        print("\n".join(done.stderr.splitlines()[-40:]), flush=True)
    return done.returncode == 0


def _search(name: str, arguments: list[str]) -> int:
    import atheris

    # Only our own code is watched; it has to be imported anew under the instrumentation.
    for module in [module for module in sys.modules if module.split(".")[0] in ("protocols", "tests")]:
        if module != "tests":
            del sys.modules[module]
    with atheris.instrument_imports(include=["protocols"]):
        watched = importlib.import_module("tests.fuzz.targets")

    atheris.Setup([sys.argv[0], *arguments], watched.TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
