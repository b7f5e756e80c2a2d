"""`arcd`: what systemd runs. Reads the settings, starts the daemon, ends with a sentence when it cannot.

Exit status: 0 stopped as asked, 1 cannot start or cannot go on, 2 wrong usage or settings.

One rule: settings are judged before the daemon is even loaded, so that a mistake in them is said at once.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from arcd import __version__
from arcd.clock import Clock, SystemClock
from arcd.credentials import CredentialError
from arcd.demo import prepare_demo
from arcd.log import set_up_log
from arcd.settings import Settings, SettingsProblems, load_settings
from arcd.start_error import StartError
from arcd.store import GivenUpError, StoreError
from arcd.systemd import Notifier

if TYPE_CHECKING:
    from arcd.daemon import Daemon

CONFIG = Path("/etc/arcd/arcd.yaml")
# The store's thread and the loop share the interpreter. With Python's default of 5 ms the thread would wait that long
# for every statement while the loop is busy.
SWITCH_INTERVAL_S = 0.0005
# A signal makes some forty objects that live until their commit. Python's default of 700 looks through the young ones
# every dozen signals and through everything often enough to stop the loop for 60 ms; with these, and what stands at
# the start left out (`Daemon`), the machine's own work is a fifth cheaper.
GC_THRESHOLDS = (20_000, 20, 20)

DEMO = """
arcd demo: five sites, everything on loopback, state under ./var/
  send an alarm      .venv/bin/arcctl panel send --account 1001 --code BA --zone 3
  see the case       .venv/bin/arcctl cases
  what happened      .venv/bin/arcctl journal show
  play the guard     .venv/bin/arcctl guard listen
"""

EXIT_CANNOT = 1
EXIT_USAGE = 2


def main(argv: list[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    config = arguments.config or (CONFIG if CONFIG.exists() else None)
    settings = load_settings(config)
    if isinstance(settings, SettingsProblems):
        print(settings, file=sys.stderr)  # noqa: T201 – before there is a log
        return EXIT_USAGE
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.disable()  # imports leave objects that stay: looking through them again and again is a sixth of the start
    from arcd.api.serving import ListenError
    from arcd.daemon import Daemon

    gc.freeze()  # and once more when all is ready would keep panels that have just connected waiting for a tenth
    gc.enable()
    gc.set_threshold(*GC_THRESHOLDS)
    clock = SystemClock()
    set_up_log(settings.log.format, settings.log.level, now=clock.now)
    try:
        if arguments.demo:
            prepare_demo(settings)
        uvloop.run(_serve(Daemon, settings, clock, demo=arguments.demo))
    except* (StartError, ListenError, StoreError, CredentialError) as failures:
        for failure in _leaves(failures):
            if isinstance(failure, GivenUpError):
                continue  # what it comes of is among the others
            print(f"arcd: {failure}", file=sys.stderr)  # noqa: T201 – the sentence the administrator needs
        status = EXIT_CANNOT
    else:
        status = 0
    return status


async def _serve(daemon_class: type[Daemon], settings: Settings, clock: Clock, *, demo: bool) -> None:
    daemon = daemon_class(settings, clock=clock)
    daemon.stop_on_signals()
    if demo:
        print(DEMO, flush=True)  # noqa: T201
    await daemon.serve(Notifier.from_environment())


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _leaves(each)
        else:
            yield each


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="arcd", description="The daemon of an alarm receiving centre.")
    parser.add_argument("--config", type=Path, help=f"settings file (default: {CONFIG} if it exists)")
    parser.add_argument("--demo", action="store_true", help="make missing demo secrets and say how to send an alarm")
    parser.add_argument("--version", action="version", version=f"arcd {__version__}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
