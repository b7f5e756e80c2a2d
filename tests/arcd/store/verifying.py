"""A journal verified by one process and with helpers: what is found must be the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from arcd.store.evidence import Copy
from arcd.store.ranges import Helpers
from arcd.store.verify import Verdict, verify_file, verify_with
from protocols.tlog.note import VerifierKey


def verified(
    path: Path,
    *,
    copies: Sequence[Copy] = (),
    keys: Sequence[VerifierKey] = (),
    progress: Callable[[int, int], None] | None = None,
    is_raw: bool = False,
) -> Verdict:
    """`is_raw`: the file itself is damaged, below its tables. Then what it seems to hold depends on how it is read."""
    alone = verify_file(path, copies=copies, keys=keys, progress=progress)
    with ThreadPoolExecutor(2) as pool:
        helped = verify_with(Helpers(pool, 2, span=2, entries_min=0), path, copies=copies, keys=keys)
    if is_raw:
        assert helped.ok == alone.ok, (helped, alone)
    else:
        assert helped == alone
    return alone
