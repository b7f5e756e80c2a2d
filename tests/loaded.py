"""Everything that `arcd` and `arcctl` load, loaded: what `tests.forked` forks from. Runs nothing.

`arcd.__main__` is not here: it is run as a program, under the name `__main__`.
"""

from __future__ import annotations

import gc
from importlib import import_module

MODULES = (
    "aiosmtpd.controller",
    "arcd.api.serving",
    "arcd.cli.client",
    "arcd.cli.dialling",
    "arcd.cli.simulated_protocols",
    "arcd.daemon",
    "arcd.demo",
    "arcd.store.offline",
    "holidays.countries",
    "rich.console",
    "rich.progress",
    "rich.table",
    "uvloop",
)

gc.disable()
for name in MODULES:
    import_module(name)
gc.freeze()  # a collection in a child would copy every page of it
gc.enable()
