"""arcctl: everything that is typed. One file per group of verbs; each verb is a function with its own help.

One rule: starting costs nothing that a verb does not need, so heavy imports stand inside the verbs, and nothing here
decides: the daemon does, or the pure functions of `rules`, `protocols` and `arcd.store.verify`.
"""

from __future__ import annotations

import sys

# httpx has a command line of its own, and reads rich and pygments in with it: a seventh of what a verb costs. It does
# without where that cannot be imported, which None says.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from arcd.cli.application import app, main  # noqa: E402

__all__ = ["app", "main"]
